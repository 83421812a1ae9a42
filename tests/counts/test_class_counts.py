"""Class counts: exact, added up in any order, and kept in files that are checked when read."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

from weightcalc import (
    ClassCounts,
    CountsError,
    LabelMap,
    __version__,
    compute_class_weights,
    read_counts,
    write_counts,
)

# 6 road, 2 sky; 2 road, 2 car, 2 ignored.
A = [0, 0, 0, 0, 0, 0, 1, 1]
B = [0, 0, 2, 2, 255, 255]
NAMES = ["road", "sky", "car"]
GOLDEN = Path(__file__).parents[1] / "data" / "counts-1.json"


def counts_of(*masks, **labels):
    """Counts of masks, each a list of values."""
    counts = ClassCounts(LabelMap(**labels))
    for values in masks:
        counts.add_mask(np.array([values]))
    return counts


@pytest.fixture
def masks(save_mask, tmp_path, monkeypatch):
    """The folder "masks" of A and B, in the current folder."""
    save_mask([A], "masks/a.png")
    save_mask([B], "masks/b.png")
    monkeypatch.chdir(tmp_path)
    return "masks"


@pytest.fixture
def save_counts(tmp_path):
    """A function that saves counts and returns the name of the file."""

    def save(counts, name):
        write_counts(counts, str(tmp_path / name))
        return str(tmp_path / name)

    return save


def test_columns():
    """The counts of two masks, by hand."""
    counts = counts_of(A, B, class_names=NAMES, ignore=[255])
    assert counts.pixels == [8, 2, 2]
    assert counts.masks == [2, 1, 1]
    assert counts.mask_pixels == [14, 8, 6]  # ignored pixels included
    assert counts.labelled_mask_pixels == [12, 8, 4]
    assert (counts.num_masks, counts.num_pixels, counts.ignored_pixels) == (2, 14, 2)
    assert counts.labelled_pixels == 12
    assert counts.ignored == {255: [2, 1]}


def test_golden_file_is_read():
    """A counts file of the first format is read for ever."""
    counts = read_counts(str(GOLDEN))
    assert counts.class_names == NAMES
    assert counts.columns() == ([8, 2, 2], [2, 1, 1], [14, 8, 6], [12, 8, 4])
    assert (counts.num_masks, counts.num_pixels, counts.ignored_pixels) == (2, 14, 2)
    assert counts.ignored == {255: [2, 1]}
    assert counts.sources == ["masks"]
    assert not counts.inferred
    # f = [8/14, 2/8, 2/6], median 1/3
    np.testing.assert_allclose(compute_class_weights(counts), [7 / 12, 4 / 3, 1], rtol=1e-14)


def test_golden_file_is_written(weightcalc, masks):
    """Counting the masks of the golden file writes it, byte for byte."""
    Path("names.txt").write_text("\n".join(NAMES))
    result = weightcalc("count", masks, "-c", "names.txt", "--ignore-index", 255)
    expected = GOLDEN.read_text().replace('"version": "0.1.0"', f'"version": "{__version__}"')
    assert result.stdout.decode() == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # two inferred: the longer list
        (counts_of([0, 1]), counts_of([0, 0, 2]), [3, 1, 1]),
        # a declared one wins if nothing lies outside it
        (counts_of([0, 1]), counts_of([0, 2], num_classes=4), [2, 1, 1, 0]),
        (counts_of([0, 1]), counts_of([1], class_names=["a", "b"]), [1, 2]),
        (counts_of([0, 3]), counts_of([0], num_classes=3), "value 3 .*3 classes"),
        # two declared ones are the same list or an error
        (counts_of([0], num_classes=2), counts_of([1], num_classes=2), [1, 1]),
        (counts_of([0], num_classes=2), counts_of([0], num_classes=3), "2 classes.*3 classes"),
        (counts_of([0], class_names=["a"]), counts_of([0], class_names=["a"]), [2]),
        (counts_of([0], class_names=["a"]), counts_of([0], class_names=["b"]), r"\(a.*\(b"),
        (counts_of([0, 1], ignore=[1]), counts_of([0, 1]), "options"),
        (ClassCounts(), counts_of([0, 1]), [1, 1]),
    ],
)
def test_addition(one, other, expected):
    """Inferred and declared classes add up as the design says, in either order."""
    for a, b in [(one, other), (other, one)]:
        if isinstance(expected, str):
            with pytest.raises(CountsError, match=expected if a is one else None):
                a + b
        else:
            assert (a + b).pixels == expected
            assert a + b == b + a


def test_addition_of_everything(save_counts):
    """The sum of the counts of masks is what counting them together gives, names included."""
    labels = {"class_names": NAMES, "ignore": [255]}
    together = counts_of(A, B, A, **labels)
    parts = [counts_of(A, **labels), counts_of(B, **labels), counts_of(A, **labels)]
    assert parts[0] + parts[1] + parts[2] == together
    saved = [read_counts(save_counts(part, f"{i}.json")) for i, part in enumerate(parts)]
    assert saved[0] + (saved[1] + saved[2]) == together


def test_sums_of_saved_counts_add_up_again(weightcalc, masks):
    """A counts file of summed counts files can be added to the files it was made of."""
    for name in ("a", "b"):
        args = [f"masks/{name}.png", "--ignore-index", 255, "-o", f"{name}.json"]
        assert weightcalc("count", *args).exit_code == 0
    assert weightcalc("count", "a.json", "b.json", "-o", "ab.json").exit_code == 0
    result = weightcalc("count", "ab.json", "b.json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [entry["pixels"] for entry in result.json["classes"]] == [10, 2, 4]
    assert result.json["source"]["options"] == {"ignore_index": [255]}


@pytest.mark.parametrize("ignored", [[], ["--ignore-index", "255"]])
def test_classes_declared_after_counting(weightcalc, masks, ignored):
    """-n and -c name the classes of inferred counts, whatever was ignored when they were made."""
    Path("names.json").write_text('["road", "sky", "car", "bus"]')
    weightcalc("count", "masks/a.png", *ignored, "-o", "a.json")
    numbered = weightcalc("weights", "a.json", "-m", "balanced", "-n", 4)
    assert (numbered.exit_code, numbered.stdout) == (0, b"[0.6666666666666666, 2.0, 0.0, 0.0]\n")
    named = weightcalc("weights", "a.json", "-c", "names.json", "--layout", "named")
    assert list(named.json) == ["road", "sky", "car", "bus"]


def test_integers_of_any_size(weightcalc, save_counts):
    """Beyond 2**63 counts stay exact when saved, read, added and weighed."""
    document = json.loads(GOLDEN.read_text())
    big = 2**70 + 1
    for entry, pixels in zip(document["classes"], [3 * big, big, 0], strict=True):
        entry |= {"pixels": pixels, "mask_pixels": 4 * big, "labelled_mask_pixels": 4 * big}
        entry["masks"] = int(pixels > 0)
    document |= {"masks": 1, "pixels": 4 * big, "ignored_pixels": 0}
    path = save_counts(counts_of(A), "big.json")
    Path(path).write_text(json.dumps(document))
    total = read_counts(path) + read_counts(path)
    saved = save_counts(total, "total.json")
    assert read_counts(saved).pixels == [6 * 2**70 + 6, 2 * 2**70 + 2, 0]
    assert str(2**71 + 2) in Path(saved).read_text()
    # 4 / [3, 1], with the third class absent
    result = weightcalc("weights", saved, "-m", "inverse-frequency")
    assert result.stdout == b"[1.3333333333333333, 4.0, 0.0]\n"


def change(*path, to):
    """The golden document with one entry changed, or removed where `to` is ...."""
    document = copy.deepcopy(json.loads(GOLDEN.read_text()))
    place = document
    for key in path[:-1]:
        place = place[key]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(document)


ROAD, SKY = ("classes", 0), ("classes", 1)
WRONG_COUNTS = {
    "float": (change("pixels", to=14.0), "14.0"),
    "float in a class": (change(*ROAD, "pixels", to=8.0), "8.0"),
    "bool": (change("masks", to=True), "True"),
    "bool in a class": (change(*SKY, "masks", to=True), "True"),
    "text": (change("masks", to="2"), "'2'"),
    "null": (change("masks", to=None), "None"),
    "not a number": (change("masks", to=float("nan")), "nan"),
    "negative": (change("pixels", to=-14), "negative"),
    "beyond all sets": (
        change("pixels", to=2**128),
        "340282366920938463463374607431768211456 is ab",
    ),
    "negative in a class": (change(*ROAD, "pixels", to=-8), "negative"),
    "no pixels": (change("pixels", to=...), "pixels"),
    "no ignored": (change("ignored", to=...), "ignored"),
    "no classes": (change("classes", to=...), "classes"),
    "no mask_pixels": (change(*ROAD, "mask_pixels", to=...), "mask_pixels"),
    "no name": (change(*ROAD, "name", to=...), "name"),
    "empty classes": (change("classes", to=[]), "no classes"),
    "classes are numbers": (change("classes", to=[1, 2]), "counts file"),
    "classes are an object": (change("classes", to={"0": 1}), "counts file"),
    "format of the future": (change("format", to="weightcalc-counts/2"), "weightcalc-counts/1"),
    "no format": (change("format", to=...), "weightcalc-counts/1"),
    "gap in the ids": (change(*SKY, "index", to=2), "numbered"),
    "float for an id": (change(*SKY, "index", to=1.0), "1.0"),
    "bool for an id": (change(*SKY, "index", to=True), "True"),
    "number for a name": (change(*SKY, "name", to=7), "7"),
    "float for a value": (change("ignored", 0, "value", to=255.0), "255.0"),
    "source is a list": (change("source", to=[]), "counts file"),
    "options are text": (change("source", "options", to="all"), "counts file"),
    "more of a class than its masks hold": (change(*SKY, "pixels", to=9), "class 1 contradict"),
    "more masks of a class than masks": (change(*SKY, "masks", to=3), "class 1 contradict"),
    "pixels without a mask": (change(*SKY, "masks", to=0), "class 1 contradict"),
    "a mask without pixels": (change(*SKY, "pixels", to=0), "class 1 contradict"),
    "all ignored": (change("ignored_pixels", to=8), "class 0 contradict"),
    "more labelled than all": (change(*SKY, "labelled_mask_pixels", to=9), "class 1 contradict"),
    "larger than all masks": (change(*ROAD, "mask_pixels", to=15), "class 0 contradict"),
    "more ignored than all": (change("ignored_pixels", to=15), "ignored"),
    "weights": ("[0.5, 1.0]", "weightcalc-counts/1"),
    "a word": ('"counts"', "weightcalc-counts/1"),
    "nothing": ("", "not JSON"),
    "half of it": (GOLDEN.read_text()[:200], "not JSON"),
    "deep nesting": ("[" * 200_000, "not JSON"),
    "deep nesting inside": (change("source", to="@").replace('"@"', "[" * 99_999), "not JSON"),
    "other bytes": ("\udcff\udcfe", "not JSON"),
    "a number of 5000 digits": (change("pixels", to=1).replace("1,", "9" * 5000 + ","), "digits"),
}


@pytest.mark.parametrize(("text", "named"), WRONG_COUNTS.values(), ids=WRONG_COUNTS)
def test_wrong_counts_file(weightcalc, tmp_path, text, named):
    """A file that is no whole counts file is refused with its name and what is wrong."""
    path = tmp_path / "wrong.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    result = weightcalc("weights", path)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert result.stderr.startswith(f"error: {path}: ")
    assert re.search(named, result.stderr)


def test_counts_file_too_large(weightcalc, tmp_path):
    """A file larger than counts can be is refused before it fills the memory."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    result = weightcalc("weights", path)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "larger than 64 MiB" in result.stderr


@pytest.mark.parametrize(
    "options", [["--ignore-index", "1"], ["--map", "1:0"], ["--reduce-zero-label"]]
)
@pytest.mark.parametrize("command", ["count", "weights"])
def test_label_options_come_too_late(weightcalc, masks, command, options):
    """Options for raw values are a usage error on a counts file, also beside masks."""
    sources = [str(GOLDEN), "masks"]
    for given in (sources, sources[:1]):
        result = weightcalc(command, *given, *options)
        assert (result.exit_code, result.stdout) == (2, b"")
        assert str(GOLDEN) in result.stderr
        assert "--ignore-index, --map and --reduce-zero-label" in result.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_same_bytes(weightcalc, masks, save_mask, jobs):
    """The order of the sources and the number of processes leave no trace."""
    save_mask([[3, 3]], "masks/c.png")
    names = ["masks/a.png", "masks/b.png", "masks/c.png"]
    first = weightcalc("count", *names, "--ignore-index", 255, "-j", 1)
    other = weightcalc("count", *reversed(names), "--ignore-index", 255, "-j", jobs)
    assert first.exit_code == 0
    assert first.stdout == other.stdout
    assert first.json["source"]["names"] == names


def test_counts_files_add_up(weightcalc, masks):
    """Counting counts files, or one of them beside a mask, is counting all masks."""
    weightcalc("count", "masks/a.png", "-n", 3, "-o", "a.json")
    weightcalc("count", "masks/a.png", "-n", 3, "-o", "again.json")
    both = weightcalc("count", "a.json", "again.json").json
    assert (both["masks"], both["pixels"]) == (2, 16)
    assert [entry["pixels"] for entry in both["classes"]] == [12, 4, 0]
    beside = weightcalc("count", "a.json", "masks/a.png", "-n", 3).json
    assert {**beside, "source": None} == {**both, "source": None}


@pytest.mark.parametrize("jobs", [1, 2])
def test_per_mask(weightcalc, masks, save_mask, jobs):
    """--per-mask writes a JSON line a mask in order of names, the masks of a stack numbered."""
    stack = np.zeros((9, 5, 5), int)
    stack[7, 0] = [0, 3, 2, 255, 3]
    save_mask(stack, "masks/c.npy")
    more = [f"masks/d{i:02}.png" for i in range(20)]  # more batches than are under way at once
    for name in more:
        save_mask([[0]], name)
    args = [*reversed(more), "masks/c.npy", "masks/b.png", "masks/a.png", "--encoding", "index"]
    args += ["--ignore-index", 255, "-j", jobs, "--per-mask", "lines.jsonl"]
    assert weightcalc("count", *args).exit_code == 0
    lines = [json.loads(line) for line in Path("lines.jsonl").read_text().splitlines()]
    names = ["masks/a.png", "masks/b.png", *(f"masks/c.npy[{i}]" for i in range(9)), *more]
    assert [line["mask"] for line in lines] == names
    assert lines[0] == {"mask": "masks/a.png", "pixels": {"0": 6, "1": 2}, "ignored": 0}
    assert lines[1] == {"mask": "masks/b.png", "pixels": {"0": 2, "2": 2}, "ignored": 2}
    assert lines[9] == {"mask": names[9], "pixels": {"0": 21, "2": 1, "3": 2}, "ignored": 1}
