"""Arrays in memory are counted as masks: what fits, and what is refused."""

import numpy as np
import pytest

from weightcalc import (
    ClassCounts,
    LabelError,
    LabelMap,
    WeightcalcError,
    compute_class_weights,
)


@pytest.mark.parametrize("dtype", ["uint8", "int64", ">u2", "float32", "bool"])
def test_add_mask(dtype):
    """`add_mask` takes whole numbers of any type, in any memory order."""
    mask = np.array([[0, 1, 1], [0, 0, 1]]).astype(dtype)
    for array in (mask, mask.T, mask[:, ::-1], np.asfortranarray(mask)):
        counts = ClassCounts()
        counts.add_mask(array)
        assert (counts.pixels, counts.num_pixels) == ([3, 3], 6)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([0, 1], "2 axes"),
        ([[[0, 1]]], "2 axes"),
        ([[0, 7, 7]], r"value 7 \(2 pixels\)"),
        ([[0, 0.5]], "0.5"),
        ([[0, np.nan]], "nan"),
        ([["road"]], "type"),
    ],
)
def test_add_mask_refuses(mask, message):
    """What is no mask is refused, and nothing of it is counted."""
    counts = ClassCounts(LabelMap(3))
    with pytest.raises(WeightcalcError, match=message):
        counts.add_mask(np.array(mask))
    assert counts == ClassCounts(LabelMap(3))


# Two masks of 2 x 5: 2 of class 0, 1 of class 1 and 7 of class 2; 5 of class 0 and 5 of class 2.
LABELS = np.array([[[0, 0, 1, 2, 2], [2] * 5], [[0] * 5, [2] * 5]])


@pytest.mark.parametrize(
    "batch", [LABELS, LABELS[..., None], np.eye(3)[LABELS], np.eye(3, dtype=bool)[LABELS]]
)
def test_add_batch(batch):
    """Index masks, with or without a last axis, and one-hot masks count alike."""
    counts = ClassCounts(LabelMap(3))
    counts.add_batch(batch)
    assert counts.columns() == ([7, 1, 12], [2, 1, 2], [20, 10, 20], [20, 10, 20])
    # total pixels over class pixels: 2 * 2 * 5 / [7, 1, 12]
    weights = compute_class_weights(counts, "inverse-frequency")
    np.testing.assert_allclose(weights, [20 / 7, 20, 5 / 3], rtol=1e-14)


def test_one_hot_without_a_one():
    """An all-zero pixel of a one-hot mask is ignored, in a batch of one channel too."""
    counts = ClassCounts()
    counts.add_batch(np.array([[[[0, 1], [0, 0], [0, 1]]] * 2]), one_hot=True)
    assert (counts.pixels, counts.ignored_pixels, counts.ignored) == ([0, 4], 2, {None: [2, 1]})
    single = ClassCounts()
    single.add_batch(np.array([[[[1], [0], [1]]]]), one_hot=True)
    assert (single.pixels, single.ignored_pixels) == ([2], 1)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([[[[1, 1], [0, 1]], [[0, 1]] * 2]], "one_hot=True"),
        ([[[[0, 2], [0, 1]], [[0, 1]] * 2]], "one_hot=True"),
        ([[[0, 1], [1, 0]]], "one_hot=False"),
        ([[0, 1]], "axes"),
        ([[[[[0]]]]], "axes"),
    ],
)
def test_add_batch_refuses(batch, message):
    """A batch that is neither index nor one-hot masks is refused."""
    with pytest.raises(WeightcalcError, match=message):
        ClassCounts().add_batch(np.array(batch))


def test_one_hot_channel_outside_the_classes():
    """A one-hot channel without a class is an error, like a value without one."""
    with pytest.raises(LabelError, match="value 2"):
        ClassCounts(LabelMap(2)).add_batch(np.eye(3)[LABELS])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([[[[1, 1]], [[0, 1]]]], "2 ones"),
        ([[[[0, 2]], [[0, 1]]]], "0 and 1"),
        ([[[[0, 0.5]], [[0, 1]]]], "0 and 1"),
    ],
)
def test_add_one_hot_batch_refuses(batch, message):
    """What is said to be one-hot and is not is refused."""
    with pytest.raises(WeightcalcError, match=message):
        ClassCounts().add_batch(np.array(batch), one_hot=True)


def test_add_batch_of_one_channel():
    """Four binary masks with the channel first, (4, 1, 32, 32), are index masks of two classes."""
    counts = ClassCounts()
    counts.add_batch(np.tile(np.arange(32) < 8, (4, 1, 32, 1)).astype(np.uint8))
    assert (counts.num_masks, counts.pixels) == (4, [3072, 1024])


def test_add_overlapping_batch():
    """Channels that may overlap are classes whose pixels count once in all, also where all are 0."""
    counts = ClassCounts()
    counts.add_batch(np.array([[[[1, 1], [0, 1], [0, 0]]]]), overlapping=True)
    assert (counts.pixels, counts.num_pixels, counts.ignored_pixels) == ([1, 2], 3, 0)
