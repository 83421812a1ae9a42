"""Masks of any library are counted as NumPy arrays of the same values are."""

import numpy as np
import pytest
from PIL import Image
from support.frameworks import framework

from weightcalc import ClassCounts, LabelError, LabelMap

ROWS = [[0, 0, 1], [2, 1, 0]]
PIXELS = [3, 2, 1]


class Tensor:
    """What NumPy can read, and nothing else: no shape, no length, no items."""

    def __init__(self, rows):
        self._rows = rows

    def __array__(self, dtype=None, copy=None):
        """Give the values, as libraries of tensors do."""
        return np.array(self._rows, dtype)


def palette_image(rows):
    """An image whose indices are the values, with colours of their own."""
    image = Image.fromarray(np.array(rows, np.uint8))
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    return image


def grey_image(rows):
    """An image whose samples are the values."""
    return Image.fromarray(np.array(rows, np.uint8))


@pytest.mark.parametrize("of", [np.array, Tensor, palette_image, grey_image, list])
def test_mask(of):
    """A mask counts whatever holds it."""
    counts = ClassCounts()
    counts.add_mask(of(ROWS))
    assert counts.pixels == PIXELS


@pytest.mark.parametrize("of", [np.array, Tensor, palette_image, grey_image, list])
def test_list_of_masks(of):
    """A list of masks of one size is a batch."""
    counts = ClassCounts()
    counts.add_batch([of(ROWS), of(ROWS)])
    assert (counts.pixels, counts.num_masks) == ([6, 4, 2], 2)


@pytest.mark.parametrize("of", [np.array, Tensor, list])
def test_one_hot_batch(of):
    """A batch of one-hot vectors is told by its values, whatever holds them."""
    counts = ClassCounts()
    counts.add_batch(of(np.eye(3)[[ROWS]].tolist()))
    assert (counts.pixels, counts.num_masks) == (PIXELS, 1)


def test_image_of_one_bit():
    """An image of mode 1 has the classes 0 and 1."""
    counts = ClassCounts()
    counts.add_mask(grey_image([[0, 255, 255]]).convert("1"))
    assert counts.pixels == [1, 2]


@pytest.mark.frameworks
def test_pytorch():
    """Tensors of PyTorch, and batches of them, as a DataLoader gives them."""
    torch = framework("torch")
    counts = ClassCounts()
    counts.add_mask(torch.tensor(ROWS))
    counts.add_batch(torch.tensor([ROWS, ROWS], dtype=torch.uint8))
    counts.add_batch([torch.tensor(ROWS)])
    assert counts.pixels == [4 * n for n in PIXELS]


@pytest.mark.parametrize("mask", [grey_image(ROWS).convert("RGB"), [0, 1], 5])
def test_wrong_shape(mask):
    """What has not two axes is no mask."""
    with pytest.raises(LabelError, match="2 axes"):
        ClassCounts().add_mask(mask)


def test_masked_array():
    """Values that are masked out are no pixels of a class, and are not counted as one."""
    masked = np.ma.masked_equal(ROWS, 2)
    counts = ClassCounts(LabelMap(2, ignore=[255]))
    with pytest.raises(LabelError, match="masked out") as refusal:
        counts.add_mask(masked)
    assert "filled(255)" in refusal.value.hint
    counts.add_mask(masked.filled(255))
    assert (counts.pixels, counts.ignored_pixels) == ([3, 2], 1)


def test_nothing_is_masked():
    """A masked array that masks nothing out is an array."""
    counts = ClassCounts()
    counts.add_mask(np.ma.array(ROWS))
    assert counts.pixels == PIXELS
