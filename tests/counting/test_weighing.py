"""`class_weights`: what the command line does, in one call, and with the same refusals."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from weightcalc import (
    LabelError,
    MasksError,
    OutputError,
    SourceError,
    WeightError,
    class_weights,
    count_masks,
)

# 8 road, 2 sky, 2 car in one mask: balanced 12 / (3 * [8, 2, 2])
ROW, BALANCED = [0] * 8 + [1, 1, 2, 2], [0.5, 2.0, 2.0]


@pytest.fixture(autouse=True)
def folder(save_mask, tmp_path, monkeypatch):
    """The current folder: one mask of three classes, beside a list of their names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("road\nsky\ncar\n")
    save_mask([ROW], "masks/a.png")
    return tmp_path


@pytest.mark.parametrize(
    "sources",
    [
        "masks",
        "masks/",
        Path("masks"),
        "masks/a.png",
        "masks/*.png",
        ["masks/a.png"],
        [Path("masks/a.png")],
        (Path("masks"), "masks/a.png"),
        iter(["masks/a.png"]),
        {"masks/a.png"},
    ],
    ids=lambda sources: type(sources).__name__,
)
def test_sources(sources):
    """A folder, a file, a glob, or several of them, as text or path: each mask counts once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a mask that is named twice
        weights = class_weights(sources, "balanced")
    assert weights.dtype == np.float64
    np.testing.assert_array_equal(weights, BALANCED)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"method": "enet", "c": 1.1}, ["-m", "enet", "-p", "c=1.1"]),
        ({"num_classes": 4}, ["-n", "4"]),
        ({"num_classes": np.int64(3), "ignore": 0}, ["-n", "3", "--ignore-index", "0"]),
        ({"num_classes": 3, "ignore": [0, "1"]}, ["-n3", "--ignore-index=0", "--ignore-index=1"]),
        ({"classes": "names.txt", "zero": ["sky"]}, ["-c", "names.txt", "--zero", "sky"]),
        ({"classes": Path("names.txt"), "zero": 1}, ["-c", "names.txt", "--zero", "1"]),
        ({"mapping": {1: 1, 2: 1}}, ["--map", "1:1", "--map", "2:1"]),
        ({"normalize": "mean", "clip": (0.1, 2)}, ["--normalize", "mean", "--clip", "0.1:2"]),
        ({"method": "balanced", "unit": "masks"}, ["-m", "balanced", "-p", "unit=masks"]),
        ({"include": ["a*"], "encoding": "index"}, ["--include", "a*", "--encoding", "index"]),
        ({"absent": "max", "num_classes": 4}, ["--absent", "max", "-n", "4"]),
        ({"num_workers": 2, "denominator": "all"}, ["-j", "2", "--denominator", "all"]),
    ],
    ids=str,
)
def test_same_as_the_command(weightcalc, options, words):
    """Options give the floats that the command gives for the same words, to the last bit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = class_weights("masks", **options)
    assert weights.tolist() == weightcalc("weights", "masks", *words).json


def test_counts_file(weightcalc):
    """Counts files are sources here too."""
    weightcalc("count", "masks", "-o", "c.json")
    assert class_weights("c.json", "balanced").tolist() == BALANCED


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.float16, float])
def test_dtype(dtype):
    """The result has the floating-point type that is asked for."""
    assert class_weights("masks", "balanced", dtype=dtype).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("sources", "options", "error"),
    [
        ("mask", {}, SourceError),
        ([], {}, SourceError),
        ("names.txt", {"method": "uniform"}, MasksError),
        ("masks", {"num_classes": 2}, LabelError),
        ("masks", {"method": "medain"}, WeightError),
        ("masks", {"beta": 0.9}, WeightError),
        ("masks", {"zero": [0], "num_classes": 3, "ignore": 0}, WeightError),
        ("masks", {"classes": "cityscape"}, LabelError),
        ("masks", {"encoding": "colour"}, ValueError),
        ("masks", {"on_error": "ignore"}, ValueError),
        ("masks", {"num_workers": 0}, ValueError),
        ("masks", {"include": "b*"}, SourceError),
        ("masks", {"dtype": int}, TypeError),
        ("masks", {"num_classes": 2.5}, TypeError),
        ("masks", {"layers": "{class}.png"}, SourceError),
        (".", {"layers": "{scene}/{class}.png"}, OutputError),
        ("masks", {"layers": "{scene}.png", "ignore": 255}, SourceError),
        ("masks", {"layers": "{scene}.png", "num_classes": 2}, SourceError),
        ("masks", {"rest": "sky"}, SourceError),
        ("masks", {"foreground": 255}, SourceError),
        (np.zeros((2, 2), np.uint8), {}, TypeError),
        ([np.zeros((2, 2), np.uint8)], {}, TypeError),
        (b"masks", {}, TypeError),
    ],
    ids=str,
)
def test_refused(sources, options, error):
    """What the command refuses is refused by the same type of error, with its hint."""
    with pytest.raises(error):
        class_weights(sources, **options)


@pytest.mark.parametrize("option", ["channel_axis", "array", "reduce_zero_label"])
def test_options_of_count(option):
    """An option that only commands have is refused with the way by a counts file."""
    with pytest.raises(WeightError, match="weightcalc count") as caught:
        class_weights("masks", **{option: "x"})
    assert f"--{option.replace('_', '-')}" in str(caught.value)


def test_names_as_a_list():
    """Names of classes in a list are refused with the way by a file."""
    with pytest.raises(TypeError, match=r"names\.txt"):
        class_weights("masks", classes=["a", "b", "c"])


def test_binary_masks(save_mask):
    """Masks of 0 and 255 are refused until a mapping says what 255 is, as by the command."""
    save_mask([[0, 0, 0, 255]], "binary/a.png")
    with pytest.raises(LabelError) as refusal:
        class_weights("binary")
    assert "--map 255:1" in refusal.value.hint
    weights = class_weights("binary", "inverse-frequency", mapping={255: 1})
    np.testing.assert_allclose(weights, [4 / 3, 4])


@pytest.mark.parametrize("foreground", [None, 200, "128-255"])
def test_layers(save_mask, weightcalc, foreground):
    """Files of one class each are weighed in one call, with what no file covers as a class."""
    held = 255 if foreground is None else 200
    save_mask([[held, held, 0, 0, 0, 0, 0, 0]], "scenes/a/sky.png")
    save_mask([[0, 0, held, 0, 0, 0, 0, 0]], "scenes/a/car.png")
    weights = class_weights(
        "scenes", "inverse-frequency", layers="{scene}/{class}.png", classes="names.txt",
        rest="road", foreground=foreground,
    )  # fmt: skip
    np.testing.assert_allclose(weights, [8 / 5, 8 / 2, 8 / 1])


def test_colours_without_order(save_mask):
    """Colours that no list orders give no list of weights."""
    save_mask([[[0, 0, 0], [255, 0, 0]]], "colours/a.png")
    with pytest.raises(OutputError, match="no order"):
        class_weights("colours", encoding="color")


def test_labels_too_late_for_counts(weightcalc):
    """Values to ignore come too late for a counts file, here as for the command."""
    weightcalc("count", "masks", "-o", "c.json")
    assert weightcalc("weights", "c.json", "--ignore-index", "0").exit_code == 2
    with pytest.raises(LabelError, match="counts file"):
        class_weights("c.json", ignore=0)


def test_warnings():
    """What the command warns of is a UserWarning that points at the caller; nothing is printed."""
    with pytest.warns(UserWarning, match="no mask holds class 3") as caught:
        weights = class_weights("masks", "balanced", num_classes=4)
    assert weights.tolist() == [*BALANCED, 0.0]
    assert [os.path.basename(w.filename) for w in caught] == ["test_weighing.py"]


def test_nothing_is_printed(capfd):
    """A library is silent."""
    class_weights("masks")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("masks", ["masks/", Path("masks")])
def test_count_masks_takes_a_list(masks):
    """A single name is no list: the error has the call that is right, which works."""
    with pytest.raises(TypeError, match=r"count_masks\(list_masks\('masks/?'\)\)") as refusal:
        count_masks(masks)
    call = str(refusal.value).partition(": ")[2]
    names = {"count_masks": count_masks, "list_masks": __import__("weightcalc").list_masks}
    assert eval(call, names).pixels == [8, 2, 2]
