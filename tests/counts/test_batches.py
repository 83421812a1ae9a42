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
    with pytest.raises(LabelError, match=r"3 channels .* 2 classes"):
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


@pytest.mark.parametrize("size", [None, 3, 64])
def test_channels_first_are_refused(size):
    """Channels before rows and columns are no classes, and the hint puts them last."""
    batch = np.zeros((10, 3, 64, 48), dtype=np.uint8)
    batch[:, 2, :8] = 1  # 10 x 8 x 48 pixels
    counts = ClassCounts(LabelMap(size))
    with pytest.raises(LabelError) as caught:
        counts.add_batch(batch, overlapping=True)
    assert str(batch.shape) in str(caught.value)
    assert "numpy.moveaxis(batch, 1, -1)" in str(caught.value)
    assert counts == ClassCounts(LabelMap(size))
    right = ClassCounts(LabelMap(3))
    right.add_batch(np.moveaxis(batch, 1, -1), overlapping=True)
    assert right.pixels == [0, 0, 3840]


def test_one_hot_channels_first_are_refused():
    """One-hot vectors along the second axis are not taken for masks of soft channels."""
    batch = np.moveaxis(np.eye(3)[np.zeros((2, 64, 48), int)], -1, 1)
    for labels in (LabelMap(), LabelMap(3)):
        with pytest.raises(LabelError) as caught:
            ClassCounts(labels).add_batch(batch)
        assert "numpy.moveaxis(batch, 1, -1)" in str(caught.value)


def test_many_channels_last():
    """As many channels as classes are right, whatever the size; and so are ignored ones besides."""
    counts = ClassCounts(LabelMap(150))
    counts.add_batch(np.ones((1, 4, 40, 150), int), overlapping=True)
    assert counts.pixels == [160] * 150
    ignoring = ClassCounts(LabelMap(2, ignore=[2]))
    ignoring.add_batch(np.eye(3)[LABELS])
    assert (ignoring.pixels, ignoring.ignored_pixels) == ([7, 1], 12)


VOLUME = np.arange(32 * 32 * 8).reshape(32, 32, 8) % 3 // 2


def test_volume_as_a_mask():
    """A volume is refused as a mask by a hint that works: the same pixels in two axes."""
    counts = ClassCounts()
    with pytest.raises(LabelError) as caught:
        counts.add_mask(VOLUME)
    assert "mask.reshape(-1, mask.shape[-1])" in str(caught.value)
    counts.add_mask(VOLUME.reshape(-1, VOLUME.shape[-1]))
    assert (counts.num_masks, counts.pixels) == (
        1,
        [5462, 2730],
    )  # 8192 // 3 values of 2 in 0..8191


@pytest.mark.parametrize("shape", [(2, 1, 32, 32, 8), (2, 32, 32, 8)])
def test_batch_of_volumes(shape):
    """A batch of volumes is refused by a hint that works."""
    batch = np.array([VOLUME, VOLUME]).reshape(shape)
    counts = ClassCounts()
    with pytest.raises(LabelError) as caught:
        counts.add_batch(batch)
    assert "batch.reshape(len(batch), -1, batch.shape[-1])" in str(caught.value)
    counts.add_batch(batch.reshape(len(batch), -1, batch.shape[-1]))
    assert (counts.num_masks, counts.pixels) == (2, [10924, 5460])


def test_batch_of_volumes_with_channels():
    """Channels of volumes, first or last, are counted as the hint says."""
    first = np.zeros((2, 3, 32, 32, 8), int)
    first[:, 1, 0] = 1  # 2 x 32 x 8 voxels
    with pytest.raises(LabelError) as caught:
        ClassCounts().add_batch(first, overlapping=True)
    assert "batch.reshape(len(batch), -1, *batch.shape[-2:])" in str(caught.value)
    assert "numpy.moveaxis(batch, 1, -1)" in str(caught.value)
    last = np.moveaxis(first, 1, -1)
    counts = ClassCounts()
    counts.add_batch(last.reshape(len(last), -1, *last.shape[-2:]), overlapping=True)
    assert counts.pixels == [0, 512, 0]
