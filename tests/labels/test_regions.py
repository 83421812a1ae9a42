"""Regions: class lists whose classes share values, as nnU-Net has them."""

import json

import numpy as np
import pytest

from weightcalc import LabelError, LabelMap
from weightcalc.labels.class_list import read_class_list

BRATS = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing": 3}
ROW = [0, 0, 0, 0, 1, 1, 2, 3]  # 4 background, 4 whole tumor, 2 tumor core, 1 enhancing


@pytest.fixture
def save_list(tmp_path):
    """A function that saves the labels of a dataset.json and returns its name."""

    def save(labels):
        path = tmp_path / "dataset.json"
        path.write_text(json.dumps({"labels": labels, "regions_class_order": [1, 2, 3]}))
        return str(path)

    return save


@pytest.fixture
def count(weightcalc, save_mask, save_list):
    """A function that counts one row of values: pixels by class, and the document."""

    def run(row, *options, labels=BRATS):
        result = weightcalc("count", save_mask([row]), "-c", save_list(labels), *options)
        assert result.exit_code == 0, result.stderr
        return {c["name"]: c["pixels"] for c in result.json["classes"]}, result.json

    return run


def test_regions_overlap(count):
    """A pixel counts in each region of its value, and once in all pixels."""
    pixels, document = count(ROW)
    assert pixels == {"background": 4, "whole tumor": 4, "tumor core": 2, "enhancing": 1}
    assert (document["pixels"], document["ignored_pixels"], document["masks"]) == (8, 0, 1)
    assert [entry["masks"] for entry in document["classes"]] == [1, 1, 1, 1]
    assert [entry["mask_pixels"] for entry in document["classes"]] == [8, 8, 8, 8]


def test_regions_without_overlap(count):
    """Regions that share no value join the values of a class; ids are positions in the list."""
    pixels, document = count([0, 5, 6, 9], labels={"bg": 0, "organ": [5, 6], "vessel": 9})
    assert pixels == {"bg": 1, "organ": 2, "vessel": 1}
    assert document["source"]["options"] == {"regions": {"0": [0], "5": [1], "6": [1], "9": [2]}}


@pytest.mark.parametrize("weights_method", ["balanced", "pos-weight", "median-frequency", "enet"])
def test_the_same_as_multilabel(weightcalc, save_mask, save_list, weights_method):
    """Weights of regions are those of the multilabel mask that has a channel for each of them."""
    row = np.array(ROW)
    channels = np.stack([row == 0, row >= 1, row >= 2, row == 3], axis=-1)
    multilabel = save_mask(channels[None], "channels.npy")
    expected = weightcalc("weights", multilabel, "--encoding", "multilabel", "-m", weights_method)
    found = weightcalc("weights", save_mask([ROW]), "-c", save_list(BRATS), "-m", weights_method)
    assert found.exit_code == expected.exit_code == 0, found.stderr + expected.stderr
    assert found.json == expected.json


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("balanced", [0.5, 0.5, 1, 2]),  # 8 / (4 n)
        ("pos-weight", [1, 1, 3, 7]),  # (8 - n) / n
        ("median-frequency", [0.75, 0.75, 1.5, 3]),  # f = [1/2, 1/2, 1/4, 1/8], median 3/8
    ],
)
def test_weights(weightcalc, save_mask, save_list, method, expected):
    """Formulas divide by the pixels of the masks, each once, as for multilabel masks."""
    found = weightcalc("weights", save_mask([ROW]), "-c", save_list(BRATS), "-m", method)
    assert found.json == expected


def test_ignore_is_no_class(count):
    """The value of "ignore" is in no region and in no sum of pixels."""
    pixels, document = count([0, 1, 2, 3, 4, 4], labels=BRATS | {"ignore": 4})
    assert pixels == {"background": 1, "whole tumor": 3, "tumor core": 2, "enhancing": 1}
    assert document["ignored"] == [{"value": 4, "pixels": 2, "masks": 1}]
    assert document["ignored_pixels"] == 2


@pytest.mark.parametrize(
    ("row", "options", "expected"),
    [
        ([0, 3, 4], ["--map", "4:enhancing"], [1, 1, 1, 2]),  # as said: of one class
        ([0, 3, 4], ["--map", "*:background"], [2, 1, 1, 1]),  # of what the list names not
        ([0, 1, 2, 3], ["--map", "2-3:1"], [1, 3, 0, 0]),
        ([0, 1, 2, 3], ["--map", "background:whole tumor"], [0, 4, 2, 1]),
        ([0, 1, 2, 3], ["--ignore-index", "2"], [1, 2, 1, 1]),
    ],
)
def test_options_come_first(count, row, options, expected):
    """What an option says of a value comes before the regions of the list."""
    pixels, _ = count(row, *options)
    assert list(pixels.values()) == expected


def test_ignored_regions(count):
    """A region keeps its place as ignored where each of its values is."""
    _, document = count([0, 1, 2, 3], "--ignore-index", "3")
    ignored = [entry["name"] for entry in document["classes"] if entry.get("ignored")]
    assert ignored == ["enhancing"]


def test_one_value_each(save_list):
    """Lists of one value are plain ids, as nnU-Net reads them."""
    found = read_class_list(save_list({"background": 0, "liver": [2]}))
    assert (found.names, found.regions) == (["background", None, "liver"], {})


def test_regions_of_yaml(tmp_path):
    """Regions of three values are no colours in YAML either, whose numbers are read as texts."""
    pytest.importorskip("yaml")
    (tmp_path / "c.yaml").write_text("labels: {a: [1, 2, 3], b: [4, 5, 6]}")
    found = read_class_list(str(tmp_path / "c.yaml"))
    assert (found.colors, found.regions[4]) == (None, (1,))


def test_names_of_one_value(save_list):
    """A name stands for a value where no other region shares it."""
    found = read_class_list(save_list({"bg": 0, "all": [1, 2], "one": 2, "other": 7}))
    assert found.values_of_names() == {"bg": 0, "other": 7}


def test_unlisted_value(weightcalc, save_mask, save_list):
    """A value of no region is refused, with the values that the list names."""
    result = weightcalc("count", save_mask([[0, 1, 7]]), "-c", save_list(BRATS))
    assert result.exit_code == 2
    assert "value 7 (1 pixel" in result.stderr
    assert "the class list names the values 0, 1, 2, 3" in result.stderr


@pytest.mark.parametrize(
    "options", [["--encoding", "multilabel"], ["--reduce-zero-label"], ["-n", "3"]]
)
def test_options_that_contradict(weightcalc, save_mask, save_list, options):
    """Channels that may overlap cannot be joined, values of regions not be renumbered."""
    result = weightcalc("count", save_mask([[0, 1]]), "-c", save_list(BRATS), *options)
    assert (result.exit_code, result.stdout) == (2, b"")


@pytest.mark.parametrize(
    "labels",
    [
        {"bg": 0, "none": []},
        {"bg": 0, "twice": [1, 1]},
        {"bg": 0, "words": ["a", 1]},
        {"bg": 0, "nested": [[1], 2]},
        {"bg": 0, "a": [1, 2], "ignore": 2},
    ],
)
def test_refused_lists(save_list, labels):
    """A region has values, each once, and none of them is ignored."""
    with pytest.raises(LabelError, match=r"dataset\.json"):
        read_class_list(save_list(labels))


def test_label_map():
    """From Python, a value may be mapped to several classes."""
    labels = LabelMap(regions={0: [0], 1: [1], 2: [1, 2]})
    assert labels.num_classes == 3
    assert labels.classify({0: 5, 1: 3, 2: 4}, 255).classes == {0: 5, 1: 7, 2: 4}


def test_shards_add_up(weightcalc, save_mask, save_list, tmp_path):
    """Counts of regions add up, as those of the whole set."""
    listed = save_list(BRATS)
    names = [save_mask([ROW], "a.png"), save_mask([[0, 3]], "b.png")]
    for name in names:
        assert weightcalc("count", name, "-c", listed, "-o", f"{name}.json").exit_code == 0
    total = weightcalc("count", *(f"{name}.json" for name in names)).json
    assert total["classes"] == weightcalc("count", *names, "-c", listed).json["classes"]
    assert total["pixels"] == 10
