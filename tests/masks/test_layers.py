"""Scenes: the union of the files of each class, as NumPy makes it of the same arrays."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from support.png_writer import GREY, GREY_ALPHA, KINDS, RGBA, SAMPLES, write_png

from weightcalc import MaskError, ReadOptions
from weightcalc.errors import LossyError, ShapeError, UnsupportedError, ValuesError
from weightcalc.masks.layers import count_scene
from weightcalc.sources.scenes import Scene

RANDOM = np.random.default_rng(7)
HAIR, SKIN, BOTH = RANDOM.random((3, 21, 37)) < [[[0.2]], [[0.5]], [[0.9]]]


@pytest.fixture
def count(tmp_path):
    """A function that writes files, bytes by their names, and counts them as one scene."""

    def count(layers, rest=None, **options):
        for name, data in (pair for files in layers.values() for pair in files.items()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
        scene = Scene("s", tuple((c, tuple(files)) for c, files in layers.items()), rest)
        return count_scene(scene, ReadOptions(**options), str(tmp_path))

    return count


def png(mask, color=GREY, depth=8, on=None, off=0, **options):
    """A PNG file of a mask, whose pixels are `on` and `off`."""
    samples = SAMPLES[color]
    top = (1 << depth) - 1
    on = top if on is None else on
    alpha = (top,) if color in (GREY_ALPHA, RGBA) else ()

    def pixel(value):
        return value if samples == 1 else (value,) * (samples - len(alpha)) + alpha

    return write_png(
        [[pixel(on if v else off) for v in row] for row in mask], color, depth, **options
    )


def npy(array):
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tiff(array, **options):
    """A TIFF file by tifffile."""
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def nifti(array, steps=(1, 1, 1, 1)):
    """A NIfTI file of a volume, whose axes lead where the signs of `steps` say."""
    nibabel = pytest.importorskip("nibabel")
    return nibabel.Nifti1Image(array, np.diag(steps)).to_bytes()


def image(array, format_, **options):
    """A file by Pillow."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(array).save(file, format_, **options)
    return file.getvalue()


def bytes_of(mask):
    """A mask of 0 and 255."""
    return np.where(mask, 255, 0).astype(np.uint8)


FORMATS = {
    "png": png,
    "npy": npy,
    "tif": lambda mask: tiff(mask.astype(np.uint16)),
    "tiff": lambda mask: tiff(bytes_of(mask), tile=(16, 16), compression="zlib"),
    "nii": lambda mask: nifti(mask.astype(np.int16)),
    "bmp": lambda mask: image(bytes_of(mask), "BMP"),
    "webp": lambda mask: image(bytes_of(mask), "WEBP", lossless=True),
}


@pytest.mark.parametrize("ending", FORMATS)
def test_union_of_files(count, ending):
    """Files of one class are united: a pixel that several of them hold counts once."""
    files = {f"{n}.{ending}": FORMATS[ending](mask) for n, mask in enumerate((HAIR, SKIN))}
    found = count({3: files})
    assert found.values == {3: np.count_nonzero(HAIR | SKIN)}
    assert (found.pixels, found.overlapping) == (HAIR.size, True)


@pytest.mark.parametrize(
    "shape", [(40, 61), (5, 6, 17), (3, 1, 9, 20), (70_000, 9), (1, 30), (30,)]
)
@pytest.mark.parametrize("size", [np.uint8, np.int64])
def test_arrays_in_fortran_order(count, shape, size):
    """Arrays in Fortran order are united with others as NumPy does."""
    random = np.random.default_rng(7)
    arrays = [(random.random(shape) < share).astype(size) for share in (0.2, 0.3, 0.1)]
    files = {
        "a.npy": npy(np.asfortranarray(arrays[0])),
        "b.npy": npy(arrays[1]),
        "c.npy": npy(np.asfortranarray(arrays[2])),
    }
    found = count({0: files}, rest=1)
    inside = np.count_nonzero(arrays[0] | arrays[1] | arrays[2])
    assert found.values == {0: inside, 1: arrays[0].size - inside}


def test_an_array_in_fortran_order_that_is_too_high(count):
    """Columns that would have to be held in much memory are refused, with what helps."""
    head = {"descr": "<i8", "fortran_order": True, "shape": (1 << 21, 9)}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, head)
    data = file.getvalue() + (1).to_bytes(8, "little") * (9 << 21)
    with pytest.raises(MaskError, match=r"a\.npy") as caught:
        count({0: {"a.npy": data, "b.npy": data}})
    assert "ascontiguousarray" in caught.value.hint


@pytest.mark.parametrize("ending", FORMATS)
def test_rest(count, ending):
    """Classes overlap as they do, and the rest is what no file covers."""
    write = FORMATS[ending]
    found = count({0: {f"a.{ending}": write(HAIR)}, 1: {f"b.{ending}": write(SKIN)}}, rest=2)
    assert found.values == {
        0: np.count_nonzero(HAIR),
        1: np.count_nonzero(SKIN),
        2: np.count_nonzero(~(HAIR | SKIN)),
    }


def test_instances(count):
    """One class and its rest are parts of the whole, which do not overlap."""
    found = count({1: {"1.png": png(HAIR), "2.png": png(SKIN)}}, rest=0)
    assert found.values == {
        0: np.count_nonzero(~(HAIR | SKIN)),
        1: np.count_nonzero(HAIR | SKIN),
    }
    assert not found.overlapping


def test_one_file_a_class(count):
    """Without a rest, files of one class each are only counted; empty ones hold no class."""
    found = count(
        {0: {"a.png": png(HAIR)}, 2: {"b.npz": npz(SKIN)}, 4: {"c.png": png(HAIR & False)}}
    )
    assert found.values == {0: np.count_nonzero(HAIR), 2: np.count_nonzero(SKIN)}


def npz(array):
    """A .npz file."""
    file = io.BytesIO()
    np.savez(file, array)
    return file.getvalue()


def test_formats_mix(count):
    """The files of a scene may be of several formats."""
    files = {f"a.{ending}": write(mask) for (ending, write), mask in zip(
        [("png", png), ("npy", npy), ("tiff", FORMATS["tiff"])], (HAIR, SKIN, BOTH), strict=True
    )}  # fmt: skip
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN | BOTH)}


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color", "depth"), KINDS)
def test_kinds_of_png(count, color, depth, interlaced):
    """PNG of any mode and depth, all filters, interlaced or not, are united."""
    options = {"filters": (0, 1, 2, 3, 4), "interlaced": interlaced}
    files = {f"{n}.png": png(m, color, depth, **options) for n, m in enumerate((HAIR, SKIN))}
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN)}


def test_colours(count):
    """A colour on black is in the class; --foreground may name it."""
    red = np.where(HAIR[..., None], (255, 0, 0), 0).astype(np.uint8)
    green = np.where(SKIN[..., None], (0, 255, 0), 0).astype(np.uint8)
    files = {"a.png": image(red, "PNG"), "b.tif": tiff(green, photometric="rgb")}
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN)}
    found = count({0: files}, foreground=(0xFF0000, 0xFF0000))
    assert found.values == {0: np.count_nonzero(HAIR)}


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", ">u2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(21, 37), (21, 37, 1), (1, 21, 37), (7, 3, 37), (777,)])
def test_arrays(count, dtype, shape):
    """Arrays of any type and shape are united; a stack is one layer."""
    files = {f"{n}.npy": npy(m.reshape(shape).astype(dtype)) for n, m in enumerate((HAIR, SKIN))}
    found = count({0: files})
    assert (found.values, found.pixels) == ({0: np.count_nonzero(HAIR | SKIN)}, HAIR.size)


@pytest.mark.parametrize("shape", [(21, 37), (37, 7, 3), (3, 37, 7), (37, 21, 1, 1)])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_volumes(count, shape, dtype):
    """Voxels are united by their places, whatever the axes."""
    files = {f"{n}.nii": nifti(m.reshape(shape).astype(dtype)) for n, m in enumerate((HAIR, SKIN))}
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN)}


def test_pages(count):
    """The pages of a TIFF are one layer."""
    files = {
        f"{n}.tif": tiff(bytes_of(m.reshape(3, 7, 37)), photometric="minisblack")
        for n, m in enumerate((HAIR, SKIN))
    }
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN)}


@pytest.mark.parametrize("options", [
    {"photometric": "miniswhite"},
    {"photometric": "minisblack", "compression": "zlib"},
])  # fmt: skip
@pytest.mark.parametrize("extra", [True, False])
def test_kinds_of_tiff(count, monkeypatch, options, extra):
    """TIFF of any kind is united, with the extra `tiff` and without it; stored samples count."""
    files = {f"{n}.tif": tiff(bytes_of(mask), **options) for n, mask in enumerate((HAIR, SKIN))}
    files["2.tif"] = image(HAIR, "TIFF")  # of one bit
    if not extra:
        monkeypatch.setitem(sys.modules, "tifffile", None)
    assert count({0: files}).values == {0: np.count_nonzero(HAIR | SKIN)}


def test_nan(count):
    """NaN is a value too: where it is beside another, --foreground says which is the class."""
    floats = np.where(HAIR, 1.0, np.nan)
    files = {"a.npy": npy(floats), "b.npy": npy(floats)}
    with pytest.raises(MaskError) as caught:
        count({0: files})
    assert "nan" in caught.value.reason
    assert count({0: files}, foreground=(1, 1)).values == {0: np.count_nonzero(HAIR)}


def test_volumes_of_another_orientation(count):
    """Voxels of volumes that are mirrored have other places, so that they cannot be united."""
    volume = HAIR.reshape(3, 7, 37).astype(np.uint8)
    files = {"a.nii": nifti(volume), "b.nii": nifti(volume, (-1, 1, 1, 1))}
    with pytest.raises(MaskError) as caught:
        count({0: files})
    assert (caught.value.mask, caught.value.kind) == ("b.nii", ShapeError)


def test_volume_and_array_have_the_same_places(count):
    """A volume of axes x, y, z is the array of axes z, y, x."""
    volume = HAIR.reshape(3, 7, 37)
    files = {"a.npy": npy(volume), "b.nii": nifti(volume.T.astype(np.uint8))}
    assert count({0: files}).values == {0: np.count_nonzero(HAIR)}


@pytest.mark.parametrize("on", [1, 7, 200, 255])
def test_the_only_other_value_is_the_class(count, on):
    """Without --foreground, a file holds its class where it is not 0."""
    assert count({0: {"a.png": png(HAIR, on=on)}}).values == {0: np.count_nonzero(HAIR)}
    full = png(HAIR | True, on=on)
    assert count({0: {"b.png": full, "c.png": full}}).values == {0: HAIR.size}


def test_foreground(count):
    """--foreground says which values are in the class: one, a range, or 0 where 255 is not."""
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    files = {"a.npy": npy(grey), "b.npy": npy(grey[::-1])}
    for low, high in [(7, 7), (128, 255), (0, 0)]:
        inside = (grey >= low) & (grey <= high)
        both = inside | inside[::-1]
        assert count({0: files}, foreground=(low, high)).values == {0: np.count_nonzero(both)}
        one = {0: {"a.npy": npy(grey)}}
        assert count(one, foreground=(low, high)).values == {0: np.count_nonzero(inside)}


@pytest.mark.parametrize("names", [["a.png"], ["a.png", "b.png"]])
def test_several_values_are_refused(count, names):
    """A file of several values is refused by its name, with --foreground."""
    data = write_png([[0, 1, 255]])
    with pytest.raises(MaskError) as caught:
        count({0: dict.fromkeys(names, data)})
    assert (caught.value.mask, caught.value.kind) == ("a.png", ValuesError)
    assert "--foreground" in caught.value.hint


def test_an_image_among_layers(count):
    """A file of grey values, few of which are black or white, is to be left out."""
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with pytest.raises(MaskError) as caught:
        count({0: {"a.npy": npy(grey)}})
    assert "--exclude a.npy" in caught.value.hint
    assert "--foreground" not in caught.value.hint
    blurred = np.where(grey < 100, 0, np.where(grey > 150, 255, grey))
    with pytest.raises(MaskError) as caught:
        count({0: {"a.npy": npy(blurred.astype(np.uint8))}})
    assert "--foreground" in caught.value.hint


@pytest.mark.parametrize(("value", "notes"), [(1, 1), (255, 0), (0, 0)])
def test_a_file_without_the_foreground(count, value, notes):
    """A binary file of another value than --foreground is said; an empty one is not."""
    mask = count({0: {"a.npy": npy(np.array([[0, value]], np.uint8))}}, foreground=(255, 255))
    assert len(mask.notes) == notes


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"a.png": png(HAIR), "b.png": png(HAIR[1:])}, ShapeError),
        ({"a.png": png(HAIR), "b.png": png(HAIR.T)}, ShapeError),
        ({"a.png": png(HAIR), "b.npz": npz(HAIR)}, UnsupportedError),
        ({"a.png": png(HAIR), "b.jpg": image(bytes_of(HAIR), "JPEG")}, LossyError),
        ({"a.png": png(HAIR), "b.label": bytes(4 * HAIR.size - 4) + b"\1\0\0\0"}, UnsupportedError),
    ],
)
def test_files_that_cannot_be_united(count, files, kind):
    """Files of another size, and of formats whose pixels have no places, are refused by name."""
    with pytest.raises(MaskError) as caught:
        count({0: files})
    assert caught.value.kind is kind
    assert caught.value.mask == list(files)[1]


@pytest.mark.parametrize("ending", ["png", "npy", "tif", "nii"])
def test_damage(count, ending):
    """A cut file is refused by its name, as any mask is."""
    write = FORMATS[ending]
    with pytest.raises(MaskError) as caught:
        count({0: {f"a.{ending}": write(HAIR), f"b.{ending}": write(SKIN)[:-20]}})
    assert caught.value.mask == f"b.{ending}"


def test_hdf5_is_not_united(count):
    """The array of an HDF5 file is counted as a layer, but not united with others."""
    h5py = pytest.importorskip("h5py")
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root["mask"] = bytes_of(HAIR)
    assert count({0: {"b.h5": file.getvalue()}}).values == {0: np.count_nonzero(HAIR)}
    with pytest.raises(MaskError) as caught:
        count({0: {"a.png": png(HAIR), "b.h5": file.getvalue()}})
    assert (caught.value.mask, caught.value.kind) == ("b.h5", UnsupportedError)


def test_zarr_in_a_folder(tmp_path):
    """A Zarr in a folder is refused by its name: it is no file."""
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(MaskError) as caught:
        count_scene(Scene("s", ((0, ("b.zarr",)),)), ReadOptions(), str(tmp_path))
    assert (caught.value.mask, caught.value.kind) == ("b.zarr", UnsupportedError)


def test_missing_file(count):
    """A file that is gone is refused by its name."""
    with pytest.raises(MaskError, match=r"a\.png"):
        count_scene(Scene("s", ((0, ("a.png",)),)), ReadOptions(), "")


def test_notes(count):
    """What is odd about a file is said of the file."""
    found = count({0: {"a.png": image(bytes_of(HAIR), "BMP"), "b.png": png(HAIR)}})
    assert [note.partition(":")[0] for note in found.notes] == ["a.png"]


def test_large_picture_in_pieces(count):
    """A picture of many pieces has its rows in their places."""
    tall = RANDOM.random((2, 3000, 700)) < 0.01
    files = {f"{n}.png": image(bytes_of(mask), "PNG") for n, mask in enumerate(tall)}
    assert count({0: files}).values == {0: np.count_nonzero(tall[0] | tall[1])}
    wide = {f"{n}.npy": npy(mask) for n, mask in enumerate(tall)}
    assert count({0: wide}).values == {0: np.count_nonzero(tall[0] | tall[1])}
