"""Masks with a channel for each class: one-hot and multilabel."""

import numpy as np
import pytest

# (H, W) = (2, 3): three pixels of 0, one of 1, one of 2, and one without a class.
ONE_HOT = np.array([[[1, 0, 0], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 1], [0, 0, 0]]])
LAST, FIRST = ONE_HOT, ONE_HOT.transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("array", "options", "masks"),
    [
        (LAST, [], 1),
        (np.stack([LAST, LAST]), [], 2),
        (np.stack([LAST, LAST]), ["--channel-axis", "3"], 2),
        (np.stack([FIRST, FIRST]), ["--channel-axis", "1"], 2),
        (FIRST, ["--channel-axis", "0"], 1),
        (FIRST, ["--channel-axis", "-3"], 1),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.int64, np.float32])
@pytest.mark.parametrize("ending", [".npy", ".npz"])
def test_one_hot(counted, tmp_path, array, options, masks, dtype, ending):
    """One-hot channels are classes wherever their axis is; pixels without a one are ignored."""
    save = np.save if ending == ".npy" else np.savez
    save(tmp_path / f"mask{ending}", array.astype(dtype))
    found = counted(tmp_path / f"mask{ending}", "--encoding", "one-hot", *options)
    assert found == ({0: 3 * masks, 1: masks, 2: masks}, {None: masks})


@pytest.mark.parametrize("encoding", ["one-hot", "multilabel"])
@pytest.mark.parametrize("axis", ["-1", "0"])
@pytest.mark.parametrize("value", [2, 255, -1, 0.5, np.nan])
def test_no_ones(refused, save_mask, encoding, axis, value):
    """A channel of other values than 0 and 1 is refused."""
    mask = save_mask([[[value, 0], [0, 1]]] * 2, "m.npy", np.float32)
    said = refused(mask, "--encoding", encoding, "--channel-axis", axis)
    assert "m.npy: " in said
    assert "0 and 1" in said


@pytest.mark.parametrize("axis", ["-1", "0"])
def test_two_ones(refused, save_mask, axis):
    """Two ones in a pixel of a one-hot mask are refused, and multilabel is offered."""
    mask = save_mask([[[1, 1], [1, 1]], [[1, 1], [1, 0]]], "m.npy")
    said = refused(mask, "--encoding", "one-hot", "--channel-axis", axis)
    assert "ones in a pixel of a one-hot mask" in said
    assert "--encoding multilabel" in said


@pytest.mark.parametrize("encoding", ["one-hot", "multilabel"])
def test_image_has_no_channels(refused, save_mask, encoding):
    """An image is not read as channels."""
    said = refused(save_mask([[0, 1]]), "--encoding", encoding)
    assert f"an image has no channels to read as {encoding}" in said


def test_axis_of_no_channels(refused, save_mask):
    """The rows or columns of a mask are no channels, and indices have none at all."""
    mask = save_mask(LAST, "m.npy")
    said = refused(mask, "--encoding", "one-hot", "--channel-axis", "1")
    assert "axis 1 of an array of shape (2, 3, 3) is no channel axis" in said
    assert "--channel-axis goes with" in refused(mask, "--channel-axis", "1")


# (H, W) = (2, 2). Channel 0 in two pixels, 1 in one of them too, 2 nowhere; two pixels of none.
OVERLAPS = [[[1, 1, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("axis", [0, -1])
def test_multilabel(weightcalc, counted, save_mask, axis):
    """Channels may overlap, and a pixel of none is a negative of every class."""
    mask = save_mask(np.moveaxis(np.array(OVERLAPS), -1, axis), "m.npy")
    options = (mask, "--encoding", "multilabel", "--channel-axis", axis, "-n", "3")
    assert counted(*options) == ({0: 2, 1: 1, 2: 0}, {})
    # (N - n) / n with N of 4: (4 - 2) / 2 and (4 - 1) / 1; no pixel of class 2
    weights = weightcalc("weights", *options, "-m", "pos-weight", "--absent", "zero").json
    assert weights == [1.0, 3.0, 0.0]


def test_ignored_channel(weightcalc, save_mask):
    """An ignored channel takes no pixel away from the others."""
    mask = save_mask(OVERLAPS, "m.npy")
    options = ("--encoding", "multilabel", "--ignore-index", "0", "-n", "2", "--map", "2:0")
    result = weightcalc("count", mask, *options)
    assert result.exit_code == 0, result.stderr
    assert [entry["pixels"] for entry in result.json["classes"]] == [0, 1]
    weights = weightcalc("weights", mask, *options, "-m", "pos-weight").json
    assert weights == [0.0, 3.0]  # (4 - 1) / 1


def test_two_channels_of_one_class(refused, save_mask):
    """Channels that may overlap cannot be added up to one class."""
    mask = save_mask(OVERLAPS, "m.npy")
    options = ("--map", "0:0", "--map", "1:0")
    said = refused(mask, "--encoding", "multilabel", *options)
    assert "two channels of a multilabel mask cannot be one class" in said
