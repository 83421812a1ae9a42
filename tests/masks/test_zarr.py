"""Zarr, version 2 and 3, in folders and ZIP archives: one array, in its chunks."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from weightcalc import MaskError, MissingExtraError, ReadOptions, count_file, list_masks
from weightcalc.masks import file, formats

zarr = pytest.importorskip("zarr", reason="zarr is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of zarr, about what is not yet standard

# Of 2 x 3 pixels: three of 0, two of 1, one of 2.
LABEL = np.array([[0, 0, 1], [0, 1, 2]], np.uint8)
COUNTS = {0: 3, 1: 2, 2: 1}


@pytest.fixture
def save(tmp_path):
    """A function that saves arrays by name as a Zarr, and returns the name of its folder."""

    def save(arrays, name="mask.zarr", version=3, attributes=None, **options):
        root = zarr.open_group(tmp_path / name, mode="w", zarr_format=version)
        for path, values in arrays.items():
            root.create_array(path, data=values, **options)
        for path, value in (attributes or {}).items():
            zarr.open(tmp_path / name, path=path, mode="r+").attrs.update(value)
        return str(tmp_path / name)

    return save


def zipped(folder, name="mask.zarr.zip", below=""):
    """The name of a ZIP archive of a folder."""
    path = os.path.join(os.path.dirname(folder), name)
    with zipfile.ZipFile(path, "w") as archive:
        for here, _, files in os.walk(folder):
            for file in files:
                full = os.path.join(here, file)
                archive.write(full, below + os.path.relpath(full, folder))
    return path


def refused(name, array=None):
    """The error of counting a Zarr, which must be refused."""
    with pytest.raises(MaskError) as caught:
        count_file(name, ReadOptions(array=array))
    return caught.value


COMPRESSORS = [
    None,
    "auto",
    {2: "numcodecs.Zlib", 3: "GzipCodec"},
    {2: "numcodecs.Blosc", 3: "BloscCodec"},
    {2: "numcodecs.LZ4", 3: "ZstdCodec"},
]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("compressors", COMPRESSORS, ids=str)
@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "i8", "f4", "?"])
def test_storage(save, version, compressors, dtype):
    """Values of any type count as they are, in both versions, in a folder and in an archive."""
    if isinstance(compressors, dict):
        module, _, kind = compressors[version].rpartition(".")
        compressors = getattr(__import__(module) if module else zarr.codecs, kind)()
    values = LABEL.astype(dtype)
    name = save({"y": values}, version=version, chunks=(1, 2), compressors=compressors)
    for form in (name, zipped(name), zipped(name, "b.zarr.zip", "mask.zarr/")):
        (mask,) = count_file(form)
        assert mask.values == (COUNTS if dtype != "?" else {0: 3, 1: 3})
        assert (mask.pixels, mask.kind) == (6, "array")


def test_shards(save):
    """Chunks that are packed into shards count as others do."""
    values = np.random.default_rng(2).integers(0, 3, (50, 70), np.uint8)
    name = save({"y": values}, chunks=(8, 8), shards=(16, 32))
    found, numbers = np.unique(values, return_counts=True)
    expected = dict(zip(found.tolist(), numbers.tolist(), strict=True))
    assert count_file(name)[0].values == count_file(zipped(name))[0].values == expected


@pytest.mark.parametrize("version", [2, 3])
def test_chunks_that_are_left_out(save, version):
    """Chunks without a file hold the fill value."""
    name = save({"y": np.full((4, 4), 7, np.uint8)}, version=version, chunks=(2, 2), fill_value=5)
    os.remove(f"{name}/y/0.1" if version == 2 else f"{name}/y/c/0/1")
    assert count_file(name)[0].values == {7: 12, 5: 4}


@pytest.mark.parametrize("version", [2, 3])
def test_array_by_name(save, version):
    """An array is named by its path, and a group stands for the only array in it."""
    name = save({"masks/train": LABEL, "image": np.zeros((4, 5), np.float32)}, version=version)
    for array in ("masks/train", "/masks/train/", "masks"):
        assert count_file(name, ReadOptions(array=array))[0].values == COUNTS
    error = refused(name)
    kind = {2: "<f4", 3: "float32"}[version]
    assert f"2 arrays, image (4, 5) {kind}, masks/train (2, 3) " in str(error)
    assert "--array NAME" in error.hint
    assert "no array called label" in str(refused(name, "label"))
    assert "no name of an array" in str(refused(name, "../mask.zarr/image"))


@pytest.mark.parametrize("version", [2, 3])
def test_levels_of_ome_zarr(save, version):
    """Of the resolutions of an image only the first is an array, wherever its labels are."""
    levels = [{"multiscales": [{"datasets": [{"path": str(n)} for n in range(3)]}]}]
    attributes = levels[0] if version == 2 else {"ome": levels[0]}
    label = np.tile(LABEL, 2)[None, None, None]  # time, channel, z, y, x
    arrays = {f"labels/cells/{n}": label[..., n:] for n in range(3)}
    name = save(arrays, version=version, attributes={"labels/cells": attributes})
    assert [mask.values for mask in count_file(name)] == [{0: 6, 1: 4, 2: 2}]
    image = {str(n): np.zeros((1, 3, 1, 9, 9), np.uint16) for n in range(3)}
    name = save(
        arrays | image, version=version, attributes={"": attributes, "labels/cells": attributes}
    )
    assert "2 arrays, 0 (1, 3, 1, 9, 9) " in str(refused(name))
    assert count_file(name, ReadOptions(array="labels/cells"))[0].values == {0: 6, 1: 4, 2: 2}
    # A lower level counts where it is named.
    (low,) = count_file(name, ReadOptions(array="labels/cells/1"))
    assert low.pixels == 10


def test_listing(save, tmp_path):
    """A Zarr is a mask, and no folder that is walked; so is one that is named itself."""
    name = save({"y": LABEL}, "sub/a.zarr")
    other = save({"y": LABEL}, "sub/without_ending")
    archive = zipped(name, "b.zarr.zip")
    (tmp_path / "sub" / "without_ending" / "y" / "extra.png").write_bytes(b"x")
    assert list_masks(str(tmp_path)) == sorted([name, other, archive])
    assert list_masks(name) == [name]
    assert list_masks(f"{name}/y") == [f"{name}/y"]
    assert list_masks(str(tmp_path / "*" / "*.zarr")) == [name]
    assert count_file(f"{name}/y")[0].values == COUNTS


def test_set(save, weightcalc, tmp_path):
    """A folder of Zarrs counts like any set of masks, in one process and in several."""
    for number in range(3):
        save({"label": LABEL, "image": LABEL * 9}, f"set/{number}.zarr")
    for more in ((), ("-j", 2), ("--cache", tmp_path / "cache.db")):
        options = ("--array", "label", *more)
        # 18 pixels over 9, 6 and 3
        weights = weightcalc("weights", tmp_path / "set", *options, "-m", "inverse-frequency")
        assert weights.json == [2.0, 3.0, 6.0], weights.stderr
    # One chunk changed; the folder did not.
    save({"label": LABEL * 0, "image": LABEL}, "set/0.zarr")
    assert weightcalc("count", tmp_path / "set", *options).json["classes"][0]["pixels"] == 12


def test_the_cache_keeps_a_folder(save, weightcalc, tmp_path):
    """A Zarr in a folder is counted once, until one of its chunks changes or is gone."""
    options = ("--cache", tmp_path / "cache.db", "-v")
    name = save({"y": LABEL}, chunks=(1, 3))
    chunk = next(Path(name).rglob("y/c/1/0"))
    for folder, _, files in os.walk(name):
        for path in (folder, *(os.path.join(folder, base) for base in files)):
            os.utime(path, (10**9, 10**9))
    seen = []
    for change in (lambda: None, lambda: None, chunk.unlink, lambda: None):
        change()
        result = weightcalc("count", name, *options)
        hits = re.search(r"(\d+) of them from the cache", result.stderr)[1]
        seen.append((hits, result.json["classes"][0]["pixels"]))
    assert [pixels for _, pixels in seen] == [3, 3, 5, 5]
    assert [hits for hits, _ in seen] == ["0", "1", "0", "1"]


def test_a_folder_that_changes_while_it_is_read(save, monkeypatch):
    """A Zarr whose chunks change while it is read is read again, and refused where they go on."""
    name = save({"y": LABEL}, chunks=(1, 3))
    changes = [2]

    def read(path, options):
        found = list(formats.read_folder(path, options))
        if changes:
            Path(path, "y", f"extra{changes.pop()}").write_bytes(b"x")
        return found

    monkeypatch.setattr(file, "read_folder", read)
    assert count_file(name)[0].values == COUNTS
    changes += [1, 0]
    assert "changes while it is read" in str(refused(name))


def edited(name, path, change):
    """Change a JSON document in a Zarr."""
    with open(f"{name}/{path}") as file:
        document = json.load(file)
    change(document)
    with open(f"{name}/{path}", "w") as file:
        json.dump(document, file)


def test_codecs(save):
    """Codecs that are not known are refused by name, before any is loaded."""
    name = save({"y": LABEL}, version=2)
    edited(name, "y/.zarray", lambda meta: meta.update(compressor={"id": "jpeg2k"}))
    error = refused(name)
    assert "its array y is stored by the codec jpeg2k" in str(error)
    assert "blosc" in error.hint
    edited(name, "y/.zarray", lambda meta: meta.update(filters=[{"id": "pickle"}]))
    assert "codec pickle" in str(refused(name))
    name = save({"y": LABEL}, "b.zarr")
    edited(name, "y/zarr.json", lambda meta: meta["codecs"].append({"name": "evil"}))
    assert "codec evil" in str(refused(name))


def test_links(save, tmp_path):
    """A link that leads out of the folder is refused, as is one in the place of a document."""
    name = save({"y": LABEL}, chunks=(2, 3))
    shutil.move(f"{name}/y/c/0/0", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", f"{name}/y/c/0/0")
    error = refused(name)
    assert "y/c/0/0 is a link out of its folder" in str(error)
    assert "copy" in error.hint


@pytest.mark.parametrize("codec", ["blosc", "zstd", "gzip", "lz4", "zlib"])
def test_bombs(save, codec):
    """A chunk that says, or turns out, to be larger than its pixels is refused undecoded."""
    import numcodecs

    kind = {"blosc": "Blosc", "zstd": "Zstd", "gzip": "GZip", "lz4": "LZ4", "zlib": "Zlib"}[codec]
    compressor = getattr(numcodecs, kind)()
    name = save({"y": LABEL}, version=2, chunks=(2, 3), compressors=compressor)
    assert count_file(name)[0].values == COUNTS
    with open(f"{name}/y/0.0", "wb") as file:
        file.write(compressor.encode(bytes(64 << 20)))
    assert "chunk y/0.0 decodes to more than its pixels" in str(refused(name))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "cannot be decoded"),
        (lambda path: path.write_bytes(bytes(9)), "cannot be decoded"),
        (lambda path: path.write_bytes(bytes(3 << 20)), "more than"),
    ],
)
def test_damaged_chunk(save, damage, message, tmp_path):
    """A chunk that is cut, changed or grown is an error and never a count."""
    name = save({"y": LABEL}, chunks=(2, 3))
    damage(tmp_path / "mask.zarr/y/c/0/0")
    assert message in str(refused(name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON document"),
        ("[" * 100_000, "no JSON document"),
        ('{"node_type": "array", "zarr_format": 3}', "cannot be decoded"),
        ('{"node_type": "array", "zarr_format": 3, "shape": "large"}', "cannot be decoded"),
    ],
)
def test_damaged_document(save, tmp_path, text, message):
    """A document that is none is an error that names it."""
    name = save({"y": LABEL})
    (tmp_path / "mask.zarr/y/zarr.json").write_text(text)
    assert message in str(refused(name, "y"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array(["road"]), "are no labels"),
        (np.zeros((2, 2), complex), "are no labels"),
        (np.full((2, 2), 0.5), "not a whole number"),
        (np.zeros((0, 2), np.uint8), "has no pixels"),
        (np.zeros((), np.uint8), "a single number is no mask"),
    ],
)
def test_no_masks(save, values, message):
    """What is no mask is refused with the reason."""
    assert message in str(refused(save({"y": values})))


def test_no_zarr(tmp_path, save):
    """A folder or a file that is no Zarr, and a Zarr without arrays, are refused."""
    (tmp_path / "a.zarr").mkdir()
    assert "it holds no arrays" in str(refused(str(tmp_path / "a.zarr")))
    (tmp_path / "b.zarr").write_bytes(b"no archive")
    assert "cannot be decoded" in str(refused(str(tmp_path / "b.zarr")))


def test_large_chunk(save):
    """A chunk that is larger than what may be held is refused before it is read."""
    name = save({"y": LABEL}, version=2)
    edited(
        name, "y/.zarray", lambda m: m.update(shape=[1 << 16, 1 << 15], chunks=[1 << 16, 1 << 15])
    )
    assert "must be held whole" in str(refused(name))


def test_without_zarr(save, monkeypatch, weightcalc):
    """Without zarr the extra that brings it is named."""
    name = save({"y": LABEL})
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(MissingExtraError, match=r"weightcalc\[zarr\]"):
        count_file(name)
    assert "weightcalc[zarr]" in weightcalc("weights", name).stderr


@pytest.mark.parametrize("sharded", [False, True])
def test_bombs_behind_other_codecs(save, sharded, tmp_path):
    """A checksum after the compressor, or a shard around it, does not hide how large a chunk is."""
    from zarr.codecs import Crc32cCodec, GzipCodec

    options = {"compressors": [GzipCodec(), Crc32cCodec()], "chunks": (2, 3)}
    options |= {"shards": (2, 3)} if sharded else {}
    name = save({"y": LABEL}, **options)
    assert count_file(name)[0].values == COUNTS
    data = gzip.compress(bytes(64 << 20)) + bytes(4)
    if sharded:
        data += struct.pack("<QQ", 0, len(data)) + bytes(4)
    (tmp_path / "mask.zarr/y/c/0/0").write_bytes(data)
    assert "decodes to more than its pixels" in str(refused(name))


def test_bomb_of_unknown_size(save, tmp_path):
    """A Zstandard frame that does not say its size is judged by its blocks: here RLE ones."""
    from zarr.codecs import ZstdCodec

    name = save({"y": LABEL}, compressors=[ZstdCodec()], chunks=(2, 3))
    size = 128 << 10
    block = (size << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (size << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + block * 500 + last
    (tmp_path / "mask.zarr/y/c/0/0").write_bytes(frame)
    assert "decodes to more than its pixels" in str(refused(name))


def test_compressed_twice(save):
    """Two compressors in a row would hide a bomb in a bomb."""
    from zarr.codecs import GzipCodec, ZstdCodec

    name = save({"y": LABEL}, compressors=[GzipCodec(), ZstdCodec()], chunks=(2, 3))
    assert "compressed twice" in str(refused(name))


def test_a_name_of_very_many_parts(save, tmp_path):
    """Each part of a name in an archive is a folder, of which no honest file has hundreds."""
    path = zipped(save({"y": LABEL}))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/" * 30000 + "b", b"")
    assert "more than 64 parts" in str(refused(path))
