"""Sets in which scenes stand several times, and those that only look so."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import product

import pytest

from weightcalc import SourceError
from weightcalc.sources.kinds import check_one_kind


def scenes(stems, *endings):
    """The names of several pictures of each scene."""
    return sorted(f"m/{stem}{ending}" for stem, ending in product(stems, endings))


STEMS = ["aachen_000_019", "aachen_001_019", "bonn-2", "z"]


@pytest.mark.parametrize(
    "names",
    [
        scenes(STEMS, "_labelIds.png", "_labelTrainIds.png"),
        scenes(STEMS, "_gtFine_labelIds.png", "_gtFine_color.png", "_gtFine_instanceIds.png"),
        scenes(STEMS[:1], "_labelIds.png", "_labelTrainIds.png"),
        scenes(STEMS[:1], "_gtFine_labelIds.png", "_gtFine_color.png"),
        scenes(STEMS, ".png", ".npy"),
        scenes(range(1, 13), ".png", "_color.png"),
    ],
)
def test_two_kinds_of_one_scene(names):
    """Endings that are known, and formats, are refused; the hint leaves one picture of a scene."""
    with pytest.raises(SourceError, match="two kinds of masks of the same scenes") as caught:
        check_one_kind(names)
    choices = re.findall(r"--(include|exclude) '(.+?)'", caught.value.hint)
    assert choices
    for option, glob in choices:
        kept = [name for name in names if fnmatchcase(name, glob) == (option == "include")]
        assert 1 <= len(kept) <= len({re.sub(r"[._-][A-Za-z].*", "", name[2:]) for name in names})


@pytest.mark.parametrize(
    ("endings", "chosen"),
    [
        (["_labelIds", "_labelTrainIds", "_color"], ["_labelTrainIds", "_labelIds"]),
        (["_labelIds", "_instanceIds"], ["_labelIds"]),
        (["_color", "_labelIds"], ["_labelIds"]),
        (["_color", "_instanceIds"], ["_color"]),
        (["_semantic", "_instance"], ["_semantic"]),
        (["_panoptic", "_seg"], ["_seg"]),
    ],
)
def test_what_is_chosen(endings, chosen):
    """Only masks of classes are offered where known endings tell them from instances and colours."""
    with pytest.raises(SourceError) as caught:
        check_one_kind(scenes(STEMS, *(f"{ending}.png" for ending in endings)))
    options = re.findall(r"--(?:include|exclude) '.+?'", caught.value.hint)
    assert options == [f"--include '*{ending}.png'" for ending in chosen]


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["m/a.png"],
        scenes(STEMS, ".png"),
        scenes(STEMS, "_L.png"),
        scenes(STEMS, "_1.png", "_2.png", "_3.png"),
        scenes(STEMS, *(f"_{letter}.png" for letter in "abcdefg")),
        scenes(STEMS, "_x1y1.png", "_x2y1.png"),
        scenes(STEMS, "-north.tif", "-south.tif"),
        scenes(["left_cat", "left_dog"], ".png"),
        ["m/sky_a.png", "m/sky_b.png"],
        ["m/train/a.png", "m/val/a.png"],
        [*scenes(STEMS, ".png"), "m/z_L.png"],
    ],
)
def test_one_kind(names):
    """Numbers, one ending, and endings that nobody knows are not refused for their names."""
    check_one_kind(names)


def test_include_overrides_the_kinds(tree, weightcalc):
    """Two kinds in a folder are refused until --include chooses; '*' chooses all."""
    tree(*scenes(STEMS, "_labelIds.png", "_labelTrainIds.png"))
    done = weightcalc("count", "m")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "_labelIds.png" in done.stderr
    assert "--include" in done.stderr
    assert weightcalc("count", "m", "--include", "*_labelIds.png").json["masks"] == 4
    assert weightcalc("count", "m", "--include", "*").json["masks"] == 8
