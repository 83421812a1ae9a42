"""Values that are no class ids: what they look like, and that the options offered are right."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest

from weightcalc.counts.value_patterns import are_measured, is_black_and_white, stretch_of

VOC_GREYS = [14, 38, 57, 89, 94, 113, 128, 132, 147]  # of colours by BT.601, cut


@pytest.fixture
def hint(weightcalc, save_mask):
    """A function that saves a mask, is refused its weights, and gives the hint and all that is said."""

    def run(rows, *options, name="a.png", dtype=np.uint8):
        result = weightcalc("weights", save_mask(rows, name, dtype), *options)
        assert (result.exit_code, result.stdout) == (2, b"")
        return re.search("hint: (.*)", result.stderr)[1], result.stderr

    return run


@pytest.fixture
def pixels(weightcalc, tmp_path):
    """A function that counts a mask with options, and gives the pixels of each class."""

    def run(*options, name="a.png"):
        result = weightcalc("count", tmp_path / name, *options)
        return [entry["pixels"] for entry in result.json["classes"]]

    return run


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 60, 120, 180], [1, 2, 3]),
        ([0, 127, 254], [1, 2]),
        ([0, 127, 255], [1, 2]),
        ([0, 128, 255], [1, 2]),
        ([0, 85, 170, 255], [1, 2, 3]),
        ([0, 64, 128, 191, 255], [1, 2, 3, 4]),
        ([0, 64, 128, 192, 255], [1, 2, 3, 4]),
        ([0, 36, 73, 109, 146, 182, 219, 255], [1, 2, 3, 4, 5, 6, 7]),
        ([0, 12, 24, 48, 60], [1, 2, 4, 5]),
        ([0, 1, 2, 3], []),
        ([0, 100], []),
        ([0, 3, 100, 255], []),
        ([0, 20, 200], []),
        ([-2, 0, 100, 200], []),
        ([0, 1, 2, 4, 255], []),
    ],
)
def test_stretch(values, classes):
    """Values that are evenly spaced are class ids, multiplied; few of many levels are not."""
    assert list(stretch_of(values).values()) == classes


@pytest.mark.parametrize("step", [60, 85, 127])
def test_stretched_ids_count_with_the_options_offered(hint, pixels, step):
    """The options offered for stretched ids count each as the class that it was."""
    said, _ = hint([[0, 0, 0, step, step, 2 * step]])
    options = shlex.split(said.partition(" if they are")[0])
    assert options == ["--map", f"{step}:1", "--map", f"{2 * step}:2"]
    assert pixels(*options) == [3, 2, 1]


def test_a_list_that_has_the_classes_names_them(hint, tmp_path):
    """Stretched ids are called so where a class list names as many classes, not where fewer."""
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    (tmp_path / "two.txt").write_text("a\nb\n")
    assert hint([[0, 100, 200]], "-c", tmp_path / "three.txt")[0].startswith("--map 100:1 --map")
    assert "--map 200:2" not in hint([[0, 100, 200]], "-c", tmp_path / "two.txt")[0]


def test_small_stretched_ids_are_a_warning(weightcalc, save_mask):
    """Stretched ids below 64 count by their numbers, which a warning questions."""
    result = weightcalc("count", save_mask([[0, 20, 40, 60]]))
    assert len(result.json["classes"]) == 61
    assert "--map 20:1 --map 40:2 --map 60:3" in result.stderr
    said = weightcalc("count", save_mask([[0, 20, 40, 60]]), "-n", 61).stderr
    assert "--map 20:1" not in said


def test_another_foreground(hint, pixels):
    """One value besides 0 that is no small number is a foreground."""
    said, _ = hint([[0, 0, 0, 100]])
    assert said.startswith("--map 100:1 ")
    assert pixels("--map", "100:1") == [3, 1]


def test_a_palette_turned_to_grey(hint, pixels):
    """Greys of the VOC palette are called so; by hand, 0.299 x 128 = 38.3 is class 1."""
    said, text = hint([[0, *VOC_GREYS]])
    assert "voc" in text
    options = shlex.split(said.partition(" if they are")[0])
    assert options[options.index("38:1") - 1] == "--map"
    assert {"14:4", "113:3"} < {*options}  # 14.6 is of (0, 0, 128), 113.4 of (128, 128, 0)
    assert sum(pixels(*options)) == 1 + len(VOC_GREYS)


def test_a_palette_whose_greys_are_shared(hint):
    """Rounded, classes 1 and 16 of VOC are both 38 (38.3 and 37.6): no --map can part them."""
    said, text = hint([[0, 15, 38, 52, 57, 75, 90, 94, 113]])
    assert "classes 1, 16 both are 38" in text
    assert "--map" not in said


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_blurred_black_and_white(hint, pixels, options):
    """Masks of 0 to 7 and 248 to 255 with few values between are parted at 128."""
    said, _ = hint([[0] * 40 + [1, 3, 5, 90, 200, 249, 252] + [255] * 40], *options)
    offered = shlex.split(said.partition(" if they are")[0])
    assert offered == ["--map", "128-255:1", "--map", "*:0"]
    assert pixels(*offered) == [44, 43]


@pytest.mark.parametrize(
    ("counts", "is_one"),
    [
        ({0: 90, 1: 5, 249: 1, 253: 1, 254: 5, 255: 90}, True),
        ({0: 90, 1: 9, 2: 9, 254: 9, 255: 90}, False),  # ids, and two that are ignored
        ({0: 90, 1: 5, 2: 5, 255: 90}, False),  # ids, and what is ignored
        ({0: 50, 100: 50, 254: 1, 255: 20}, False),
    ],
)
def test_black_and_white(counts, is_one):
    """Ids beside 255 are no blurred masks, and neither is what has many pixels between."""
    assert is_black_and_white(counts) == is_one


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (range(-1000, 2000, 7), True),  # CT
        (range(1, 500), True),  # numbers of cells
        (range(0, 60000, 100), True),  # a photograph of 16 bits
        ([c * 1000 + n for c in range(24, 34) for n in range(60)], False),
        ([c * 256 + n for c in range(1, 60) for n in range(40)], False),
        (range(150), False),
        ([-1, *range(150)], False),
    ],
)
def test_measured_values(values, found):
    """Hundreds of values without the form of instance ids are no labels."""
    assert are_measured([*values]) == found


def test_intensities_are_called_so(hint):
    """A CT of int16 is an image, and no option is offered that counts it."""
    said, text = hint([[*range(-1000, 2000, 3)]], name="a.npy", dtype=np.int16)
    assert "intensities" in text
    assert "instance" not in text
    assert "--map" not in said
    assert "-n " not in said


def test_numbers_of_objects_can_be_joined(hint, pixels):
    """Numbers of cells are offered as one class, beside the background."""
    said, _ = hint([[0, 0, 0, *range(1, 400)]], name="a.npy", dtype=np.uint16)
    offered = re.search(r"(--map \S+ --map \S+) if they are objects", said)[1]
    assert pixels(*shlex.split(offered), name="a.npy") == [3, 399]


def test_few_values_of_large_numbers(hint, pixels):
    """Land covers of 10, 20 to 95 and 100 can be numbered in their order."""
    said, _ = hint([[10, 20, 30, 30, 95, 100]])
    offered = re.match(r"((--map \S+ )+)if the 5 values are numbered", said)[1]
    assert pixels(*shlex.split(offered)) == [1, 1, 2, 1, 1]


def test_ids_of_few_instances(hint, pixels):
    """Instances of Vistas, 256 x class + number, are called so where few of them are seen."""
    ids = [6 * 256, 6 * 256 + 2, 7 * 256 + 1, *(n * 256 + n % 4 for n in range(9, 20))]
    said, text = hint([[0, *ids]], name="a.npy", dtype=np.uint16)
    assert "instance ids (class x 256 + number)" in text
    assert "--map 1536-1791:CLASS" in said
    offered = ["--map", "1536-1791:1", "--map", "*:0"]
    assert pixels(*offered, name="a.npy") == [len(ids) - 1, 2]


def test_soft_masks(hint, pixels):
    """Alphas of matting are intensities, which are parted at 128 if they are masks of one class."""
    said, text = hint([[0, 0, *range(256), 255]])
    assert "intensities" in text
    offered = re.search(r"(--map 128\S+ --map \S+) if they are soft masks", said)[1]
    assert pixels(*shlex.split(offered)) == [130, 129]


def test_binary_masks_of_two_kinds(weightcalc, save_mask, tmp_path):
    """Where some binary masks hold 1 and others 255, both are offered as one class; not where one holds both."""
    save_mask([[0, 0, 1]], "m/a.png")
    save_mask([[0, 255, 255]], "m/b.png")
    said = weightcalc("weights", tmp_path / "m").stderr
    offered = re.search("hint: (--map .*) if both", said)[1]
    counted = weightcalc("count", tmp_path / "m", *offered.split()).json["classes"]
    assert [entry["pixels"] for entry in counted] == [3, 3]
    save_mask([[0, 1, 255]], "m/c.png")
    assert "--map 255:1" not in weightcalc("weights", tmp_path / "m").stderr


def test_a_folder_for_each_class(weightcalc, save_mask, tmp_path):
    """Folders that hold binary masks of the same names are offered as classes before they are pooled."""
    for word in ("road", "roof"):
        for scene in ("1", "2"):
            save_mask([[0, 255]], f"m/{word}/{scene}.png")
    said = weightcalc("weights", tmp_path / "m").stderr
    offered = re.search("hint: --layers '(.+?)' if each folder", said)[1]
    counted = weightcalc("count", tmp_path / "m", "--layers", offered).json
    assert counted["masks"] == 2
    assert [entry["name"] for entry in counted["classes"]] == ["road", "roof"]


@pytest.mark.parametrize("folders", [("train", "val"), ("case1", "case2")])
def test_folders_that_are_no_classes(weightcalc, save_mask, tmp_path, folders):
    """Splits and numbered cases are not offered as classes."""
    for folder in folders:
        for scene in ("1", "2"):
            save_mask([[0, 255]], f"m/{folder}/{scene}.png")
    assert "{class}" not in weightcalc("weights", tmp_path / "m").stderr
