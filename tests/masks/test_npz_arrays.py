"""One array of several: which is counted, and what is said of the others."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from weightcalc import MaskError, ReadOptions, count_file

# Of 2 x 3 pixels: three of 0, two of 1, one of 2.
LABEL = np.array([[0, 0, 1], [0, 1, 2]], np.uint8)


@pytest.fixture
def save_arrays(tmp_path):
    """A function that saves arrays as an .npz file and returns its name."""

    def save(**arrays):
        np.savez(tmp_path / "case.npz", **arrays)
        return str(tmp_path / "case.npz")

    return save


def test_array_of_several(save_arrays):
    """The array that --array names is counted, whatever else the file holds."""
    name = save_arrays(image=np.random.default_rng(0).random((2, 3)), label=LABEL)
    (mask,) = count_file(name, ReadOptions(array="label"))
    assert (mask.values, mask.pixels) == ({0: 3, 1: 2, 2: 1}, 6)


@pytest.mark.parametrize("array", [None, "lable"])
def test_several_arrays(save_arrays, array):
    """Without a name, or with a wrong one, all arrays are named with their shapes and types."""
    name = save_arrays(image=np.zeros((4, 5), np.float32), label=LABEL)
    with pytest.raises(MaskError, match=r"image \(4, 5\) float32, label \(2, 3\) uint8") as caught:
        count_file(name, ReadOptions(array=array))
    assert ("--array label" if array else "--array NAME") in caught.value.hint


def test_name_of_the_only_array(save_arrays):
    """A name must fit also where there is only one array."""
    name = save_arrays(label=LABEL)
    assert count_file(name, ReadOptions(array="label"))[0].pixels == 6
    with pytest.raises(MaskError, match="no array called mask"):
        count_file(name, ReadOptions(array="mask"))


def test_many_arrays(save_arrays):
    """A message names 20 arrays and says how many more there are."""
    name = save_arrays(**{f"a{n:02}": LABEL for n in range(23)})
    with pytest.raises(MaskError, match=r"it holds 23 arrays, a00 .* and 3 more") as caught:
        count_file(name)
    assert "a20" not in str(caught.value)


def test_arrays_of_objects(save_arrays):
    """Pickled objects among the arrays are named as such, and never loaded."""
    name = save_arrays(meta=np.array({"a": 1}, object), label=LABEL)
    with pytest.raises(MaskError, match=r"meta \(it holds pickled Python objects"):
        count_file(name)
    assert count_file(name, ReadOptions(array="label"))[0].pixels == 6


def test_two_arrays_of_one_name(tmp_path):
    """A name that two arrays have chooses none of them."""
    np.savez(tmp_path / "m.npz", label=LABEL)
    with (
        zipfile.ZipFile(tmp_path / "m.npz", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("label.npy", archive.read("label.npy"))
    with pytest.raises(MaskError, match="two arrays called label"):
        count_file(str(tmp_path / "m.npz"), ReadOptions(array="label"))


def test_array_of_an_image(save_mask):
    """Images have no names of arrays."""
    for name in (save_mask([[0, 1]]), save_mask([[0, 1]], "m.npy")):
        with pytest.raises(MaskError, match="no arrays with names"):
            count_file(name, ReadOptions(array="label"))
