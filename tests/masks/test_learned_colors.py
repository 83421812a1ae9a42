"""Colours without a class list: what is learned, and what is no class though it has a colour."""

import numpy as np
import pytest

from weightcalc.errors import MaskError, PhotographError
from weightcalc.masks.file import count_file
from weightcalc.masks.options import ReadOptions

ROAD, CAR, TREE, VOID = [128, 64, 128], [0, 0, 142], [0, 100, 0], [0, 0, 0]
MIDDLE = [64, 32, 135]  # halfway from road to car


def many_colors(*numbers):
    """A row of a colour for each number."""
    return [[[n >> 8, n & 255, 9] for n in numbers]]


def colored(save_mask, folder, number, pick):
    """Save so many masks of 40 x 50 pixels, each with a stripe of colours that `pick` gives."""
    for n in range(number):
        rows = np.zeros((40, 50, 3), np.uint8)
        rows[20:] = ROAD
        for place, color in enumerate(pick(n)):
            rows[0, place] = color
        save_mask(rows, f"{folder}/{n}.png")


def test_colors_without_a_list(counted, save_mask):
    """Without a class list each colour is a class named after it, in the order found."""
    masks = [save_mask([[CAR, ROAD]], "a.png"), save_mask([[TREE, ROAD, VOID]], "b.png")]
    pixels, ignored = counted(*masks, "--encoding", "color")
    assert list(pixels.items()) == [("#00008e", 1), ("#804080", 2), ("#000000", 1), ("#006400", 1)]
    assert ignored == {}


def test_many_masks_of_many_colors(counted, refused, save_mask):
    """More than 512 colours of a set without a class list are no classes."""
    masks = [save_mask(many_colors(*range(n, n + 256)), f"{n}.png") for n in range(0, 512, 256)]
    pixels, _ = counted(*masks, "--encoding", "color")
    assert (len(pixels), set(pixels.values())) == (512, {1})
    one_more = save_mask(many_colors(512), "more.png")
    said = refused(*masks, one_more, "--encoding", "color")
    assert "more than 512 different colours" in said


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "npy"])
def test_one_color_too_many(save_mask, ending):
    """The 257th colour of a mask is refused, be it that of one pixel."""
    rows = many_colors(*range(256), *[0] * 9000)
    (mask,) = count_file(save_mask(rows, f"a.{ending}"), ReadOptions("color"))
    assert len(mask.values) == 256
    name = save_mask(many_colors(*range(257), *[0] * 9000), f"b.{ending}")
    with pytest.raises(MaskError, match="more than 256 different colours") as caught:
        count_file(name, ReadOptions("color"))
    assert caught.value.kind is PhotographError


def test_blended_edges(save_mask):
    """Where a list tells classes, 300 colours are edges if 256 of them hold 90 % of the pixels."""
    options = ReadOptions("color", blended=True)
    # 300 pixels of 300 colours, and 99 more of the first: 256 colours hold 355 of 399
    with pytest.raises(MaskError, match="more than 256 different colours"):
        count_file(save_mask(many_colors(*range(300), *[0] * 99)), options)
    # and 200 more: 456 of 500
    (mask,) = count_file(save_mask(many_colors(*range(300), *[0] * 200)), options)
    assert len(mask.values) == 300


@pytest.mark.parametrize("rows", [slice(None), slice(None, None, -1)])
def test_blended_edges_wherever_they_are(save_mask, rows):
    """What few colours hold is judged by all pixels, not by those that come first."""
    values = np.zeros((1500, 100, 3), np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (20, 100, 3), np.uint8)
    values[:20] = noise
    mask = save_mask(values[rows])
    (counted,) = count_file(mask, ReadOptions("color", blended=True))
    assert counted.values[0] >= 1480 * 100
    with pytest.raises(MaskError, match="a photograph"):
        count_file(mask, ReadOptions("color"))


def test_a_slip_of_colour_is_named(weightcalc, save_mask, tmp_path):
    """A few pixels of a colour near that of a class, in one mask of several, are said."""
    off = (ROAD[0], ROAD[1], ROAD[2] + 1)
    colored(save_mask, "m", 5, lambda n: [off] if n == 3 else [])
    result = weightcalc("weights", tmp_path / "m", "--encoding", "color", "--layout", "named")
    assert result.exit_code == 0
    [line] = [line for line in result.stderr.splitlines() if "#804081" in line]
    assert "m/3.png" in line
    assert "#804080" in line
    assert "1 pixel " in line


@pytest.mark.parametrize(
    "pick",
    [
        lambda n: [(128, 64, 129)],  # in all masks: a class of near colour
        lambda n: [(0, 0, 142)] if n == 3 else [],  # a rare class, of no near colour
    ],
)
def test_rare_colours_are_no_slips(weightcalc, save_mask, tmp_path, pick):
    """A colour that several masks have, or that is like no other, is a class."""
    colored(save_mask, "m", 5, pick)
    result = weightcalc("weights", tmp_path / "m", "--encoding", "color", "--layout", "named")
    assert len(result.json) == 3
    assert "slip" not in result.stderr


@pytest.mark.parametrize(("number", "exit_code"), [(5, 0), (30, 2)])
def test_ids_of_segments_are_no_colours(weightcalc, save_mask, tmp_path, number, exit_code):
    """Ids of COCO panoptic, of which each mask has its own, are said, and refused above 512."""
    colored(save_mask, "m", number, lambda n: [(n, k, 49) for k in range(20)])
    result = weightcalc("weights", tmp_path / "m", "--encoding", "color", "--layout", "named")
    assert result.exit_code == exit_code
    assert "COCO panoptic" in result.stderr
    assert "weightcalc help formats" in result.stderr


def test_many_colours_of_classes_are_no_segments(weightcalc, save_mask, tmp_path):
    """A palette of 150 colours, as ADE20K has, is none of segments where masks share it."""
    colored(save_mask, "m", 8, lambda n: [(k, 2 * k % 256, 99) for k in range(n, n + 143)][:50])
    result = weightcalc("weights", tmp_path / "m", "--encoding", "color", "--layout", "named")
    assert result.exit_code == 0
    assert "panoptic" not in result.stderr
