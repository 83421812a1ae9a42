"""HDF5 and MATLAB 7.3 files: one array in its chunks, and no other file opened for it."""

from __future__ import annotations

import io
import struct
import sys
import zipfile

import numpy as np
import pytest

from weightcalc import MaskError, MissingExtraError, ReadOptions, count_file
from weightcalc.masks import chunked

h5py = pytest.importorskip("h5py", reason="h5py is not installed")

# Of 2 x 3 pixels: three of 0, two of 1, one of 2.
LABEL = np.array([[0, 0, 1], [0, 1, 2]], np.uint8)
COUNTS = {0: 3, 1: 2, 2: 1}


@pytest.fixture
def build(tmp_path):
    """A function that makes an HDF5 file by a function of the open file, and returns its name."""

    def build(make, name="mask.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            make(file)
        return str(tmp_path / name)

    return build


def refused(name, array=None):
    """The error of counting a file, which must be refused."""
    with pytest.raises(MaskError) as caught:
        count_file(name, ReadOptions(array=array))
    return caught.value


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "i4", "u8", "f4", "f8", "?"])
@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": (2, 2)},
        {"chunks": (1, 2), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (2, 2), "compression": "lzf"},
    ],
)
@pytest.mark.parametrize("name", ["mask.h5", "mask.hdf5", "MASK.H5"])
def test_storage(build, dtype, storage, name):
    """Values of any type count as they are, however they are stored."""
    values = LABEL.astype(dtype)
    (mask,) = count_file(build(lambda file: file.create_dataset("y", data=values, **storage), name))
    assert mask.values == (COUNTS if dtype != "?" else {0: 3, 1: 3})
    assert (mask.pixels, mask.kind) == (6, "array")


def test_pixels_that_were_never_written(build):
    """Chunks that a file leaves out hold its fill value."""

    def make(file):
        file.create_dataset("y", (4, 4), "u1", chunks=(2, 2), fillvalue=7)[:2, :2] = 1

    assert count_file(build(make))[0].values == {1: 4, 7: 12}


@pytest.mark.parametrize("name", ["masks/train/y", "/masks/train/y", "masks/train"])
def test_array_by_name(build, name):
    """An array is named by its path, and a group stands for the only array in it."""

    def make(file):
        file["masks/train/y"] = LABEL
        file["image"] = np.zeros((2, 3), np.float32)

    path = build(make)
    assert count_file(path, ReadOptions(array=name))[0].values == COUNTS
    error = refused(path)
    assert "2 arrays, image (2, 3) float32, masks/train/y (2, 3) uint8" in str(error)
    assert "--array NAME" in error.hint
    assert "no array called masks/train/x" in str(refused(path, "masks/train/x"))
    assert "no array called image/y" in str(refused(path, "image/y"))
    assert "no name of an array" in str(refused(path, "masks/../image"))


def test_links(build, tmp_path):
    """Links within a file are named by what they lead to; those to other files are refused."""
    build(lambda file: file.create_dataset("y", data=LABEL), "other.h5")

    def make(file):
        file["y"] = LABEL
        file["soft"] = h5py.SoftLink("/y")
        file["hard"] = file["y"]
        file["loop"] = file["/"]
        file["far/away"] = h5py.ExternalLink("other.h5", "y")

    name = build(make)
    assert count_file(name, ReadOptions(array="y"))[0].values == COUNTS
    assert count_file(name, ReadOptions(array="loop/loop/hard"))[0].values == COUNTS
    assert "--array y" in refused(name, "soft").hint
    assert "link to another file, other.h5" in str(refused(name, "far/away"))
    assert "far/away (a link to another file)" in str(refused(name))
    assert "link to another file" in str(
        refused(
            build(lambda f: f.update({"z": h5py.ExternalLink("other.h5", "y")}) or None, "b.h5")
        )
    )


def test_pixels_in_other_files(build, tmp_path):
    """Virtual arrays and external storage are refused by name."""
    source = build(lambda file: file.create_dataset("y", data=LABEL), "other.h5")

    def virtual(file):
        layout = h5py.VirtualLayout((2, 3), "u1")
        layout[:] = h5py.VirtualSource(source, "y", (2, 3))
        file.create_virtual_dataset("y", layout)

    error = refused(build(virtual))
    assert "its array y is a virtual data set" in str(error)
    assert "h5repack" in error.hint
    outside = (str(tmp_path / "raw.bin"), 0, 6)
    raw = build(lambda file: file.create_dataset("y", (2, 3), "u1", external=[outside]))
    assert "its array y is in external storage" in str(refused(raw))


def test_filters(build):
    """Filters that are plug-ins, or may lose something, are refused by name and number."""

    def plugin(file):
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk((2, 3))
        created.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((2, 3))
        h5py.h5d.create(file.id, b"y", h5py.h5t.NATIVE_UINT8, space, created)

    error = refused(build(plugin))
    assert "compressed by Blosc (filter 32001), a plug-in" in str(error)
    assert "h5repack" in error.hint
    scaled = build(lambda file: file.create_dataset("y", data=LABEL, scaleoffset=0, chunks=True))
    assert "scale-offset, which may be lossy (filter 6)" in str(refused(scaled))


def test_bomb(build):
    """A chunk that inflates to more than its pixels is refused before it does."""
    import zlib

    bomb = zlib.compress(bytes(400 << 20))

    def make(file):
        dataset = file.create_dataset(
            "y", (1 << 10, 1 << 10), "u1", chunks=(1 << 10, 1 << 10), compression="gzip"
        )
        dataset.id.write_direct_chunk((0, 0), bomb)

    assert "inflates to more than 1048576 bytes" in str(refused(build(make)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: file.create_group("a"), "it holds no arrays"),
        (lambda file: file.create_dataset("y", data="road"), "are no labels"),
        (lambda file: file.create_dataset("y", data=3), "a single number is no mask"),
        (lambda file: file.create_dataset("y", data=h5py.Empty("u1")), "has no pixels"),
        (lambda file: file.create_dataset("y", (0, 3), "u1"), "has no pixels"),
        (lambda file: file.create_dataset("y", (2,), h5py.vlen_dtype(np.uint8)), "are no labels"),
        (lambda file: file.create_dataset("y", (2,), [("a", "u1")]), "are no labels"),
        (lambda file: file.create_dataset("y", (2, 2), "f4", fillvalue=0.5), "not a whole number"),
        (lambda file: file.create_dataset("y", (1 << 15, 1 << 16), "u1", chunks=(1 << 15, 1 << 16)),
         "must be held whole"),
    ],
)  # fmt: skip
def test_no_masks(build, make, message):
    """What is no mask is refused with the reason."""
    assert message in str(refused(build(make)))


def test_damage(build, tmp_path):
    """A file that is cut, or a chunk that is damaged, is an error and never a count."""
    values = np.random.default_rng(1).integers(0, 3, (64, 64), np.uint8)
    name = build(lambda f: f.create_dataset("y", data=values, chunks=(8, 64), compression="gzip"))
    data = (tmp_path / "mask.h5").read_bytes()
    (tmp_path / "mask.h5").write_bytes(data[:-100])
    assert issubclass(refused(name).kind, ValueError)
    with h5py.File(io.BytesIO(data), "r") as file:
        place = file["y"].id.get_chunk_info(3).byte_offset
    (tmp_path / "mask.h5").write_bytes(data[: place + 20] + bytes(8) + data[place + 28 :])
    assert "h5py" not in str(refused(name))
    (tmp_path / "mask.h5").write_bytes(b"no HDF5 file at all")
    assert "it begins with" in str(refused(name))


def test_in_an_archive(build, tmp_path):
    """An HDF5 file that an archive holds counts as one on disk does."""
    name = build(lambda file: file.create_dataset("y", data=LABEL, chunks=(1, 3)))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(name, "mask.h5")
    assert count_file(f"zip://mask.h5::{tmp_path / 'a.zip'}")[0].values == COUNTS


@pytest.mark.parametrize("size", [512, 1024, 2048, 1 << 20])
def test_user_block(tmp_path, size):
    """A block of another program may stand before the HDF5 file, of any size that is a power of 2."""
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=size) as file:
        file["y"] = LABEL
    assert count_file(str(tmp_path / "a.h5"))[0].values == COUNTS


def test_matlab(tmp_path):
    """A MATLAB 7.3 file is HDF5 behind a header; text and what # marks are no arrays."""
    path = tmp_path / "mask.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["label"] = LABEL.T.astype(np.float64)
        file["label"].attrs["MATLAB_class"] = np.bytes_("double")
        file["author"] = np.array([[104], [105]], np.uint16)
        file["author"].attrs["MATLAB_class"] = np.bytes_("char")
        file["#refs#/a"] = np.zeros((2, 2))
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<HH", 512, 0x4D49)
    path.write_bytes(head.ljust(512, b"\0") + path.read_bytes()[512:])
    assert count_file(str(path))[0].values == COUNTS


def test_empty_matlab_array(build):
    """An empty array of MATLAB, which keeps its shape in place of pixels, has no pixels."""

    def make(file):
        file["label"] = np.zeros(2, np.uint64)
        file["label"].attrs["MATLAB_empty"] = np.uint8(1)

    assert "has no pixels" in str(refused(build(make, "mask.mat")))


def test_without_h5py(build, monkeypatch, weightcalc):
    """Without h5py the extra that brings it is named."""
    name = build(lambda file: file.create_dataset("y", data=LABEL))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"weightcalc\[hdf5\]"):
        count_file(name)
    result = weightcalc("weights", name)
    assert result.exit_code == 2
    assert "weightcalc[hdf5]" in result.stderr


def test_masks_of_a_compressed_chunk(build, monkeypatch):
    """A chunk of more masks than are counted at once is right to the last of them."""
    monkeypatch.setattr(chunked, "COUNTER_BYTES", 3 * 100 * 4)
    values = np.arange(20, dtype=np.int32).reshape(20, 1, 1).repeat(2, 1).repeat(2, 2)
    name = build(
        lambda file: file.create_dataset("y", data=values, chunks=(20, 2, 2), compression=4)
    )
    masks = count_file(name, ReadOptions("index"))
    assert [mask.values for mask in masks] == [{n: 4} for n in range(20)]
