"""Archives that lie: sizes of zip64, names that climb, sparse and pax headers of tar."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from support.png_writer import write_png

from weightcalc import MaskError, SourceError, count_file
from weightcalc.sources.archives import list_members

MASK = write_png([[1, 2, 2]])
SIZE = len(MASK)
HALF, WHOLE = 0xFFFFFFFF, (1 << 64) - 1


def zip64(directory=SIZE, header=SIZE, extra=True):
    """A zip file of one stored mask whose sizes stand in fields of zip64: those of its directory,
    and those in front of the member."""

    def field(size):
        return struct.pack("<HHQQ", 1, 16, size, size) if extra else b""

    crc = struct.pack("<L", zlib.crc32(MASK))
    head = struct.pack("<HHHHH", 45, 0, 0, 0, 0x21) + crc + struct.pack("<LL", HALF, HALF)
    local = (
        b"PK\3\4" + head + struct.pack("<HH", 5, len(field(0))) + b"a.png" + field(header) + MASK
    )
    entry = b"PK\1\2" + struct.pack("<H", 45) + head + struct.pack("<HH", 5, len(field(0)))
    entry += struct.pack("<HHHLL", 0, 0, 0, 0, 0) + b"a.png" + field(directory)
    end = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


def refused(path):
    """Whether an archive, or the mask in it, is refused by its name."""
    try:
        count_file(list_members(path, [".png"]).names[0])
    except (SourceError, MaskError) as error:
        return path in str(error)
    return False


def test_zip64(tmp_path):
    """Sizes of zip64 that are right are read."""
    path = str(tmp_path / "m.zip")
    (tmp_path / "m.zip").write_bytes(zip64())
    assert count_file(list_members(path, [".png"]).names[0])[0].values == {1: 1, 2: 2}


@pytest.mark.parametrize(
    "sizes",
    [{"directory": 1 << 40}, {"directory": WHOLE}, {"directory": 1 << 63}, {"directory": 3}, {"extra": False}],
)  # fmt: skip
def test_zip64_that_lies(tmp_path, sizes):
    """Sizes of zip64 that the file cannot hold are refused by name."""
    path = str(tmp_path / "m.zip")
    (tmp_path / "m.zip").write_bytes(zip64(**sizes))
    assert refused(path)


def tar_of(form=tarfile.PAX_FORMAT, pax=None, **fields):
    """A tar file of one mask, whose header has other fields."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        info = tarfile.TarInfo("a.png")
        info.size = len(MASK)
        info.pax_headers = pax or {}
        for field, value in fields.items():
            setattr(info, field, value)
        archive.addfile(info, io.BytesIO(MASK))
    return file.getvalue()


@pytest.mark.parametrize(
    "pax",
    [
        {"size": "99999999999999"},
        {"size": "-1"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)},
        {"GNU.sparse.map": "0,1,1099511627776,1", "GNU.sparse.size": str(1 << 41)},
        {"GNU.sparse.size": str(1 << 60), "GNU.sparse.numblocks": "1"},
    ],
)
def test_pax_headers_that_lie(tmp_path, pax):
    """Sizes and holes of pax headers that the file cannot hold are refused by name."""
    (tmp_path / "m.tar").write_bytes(tar_of(pax=pax))
    assert refused(str(tmp_path / "m.tar"))


def test_sparse_header(tmp_path):
    """A sparse file of GNU, whatever holes it claims, is refused by name."""
    data = bytearray(tar_of(tarfile.GNU_FORMAT, type=tarfile.GNUTYPE_SPARSE))
    data[483:495] = b"77777777777\0"  # its real size
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    (tmp_path / "m.tar").write_bytes(data)
    assert refused(str(tmp_path / "m.tar"))


@pytest.mark.parametrize("name", ["../../../up.png", "/etc/up.png", "a/../../../up.png"])
def test_pax_names_that_climb(tmp_path, monkeypatch, name):
    """A name in a pax header is a label: the mask counts, and nothing is written."""
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    (tmp_path / "in/m.tar").write_bytes(tar_of(pax={"path": name}))
    assert count_file(list_members("m.tar", [".png"]).names[0])[0].values == {1: 1, 2: 2}
    assert (os.listdir(tmp_path), os.listdir()) == (["in"], ["m.tar"])


def test_a_zip_behind_another_file(tmp_path):
    """A zip file behind other bytes, as programs that unpack themselves are, counts as such."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", MASK)
    (tmp_path / "m.zip").write_bytes(b"#!/bin/sh\n" * 100 + file.getvalue())
    name = list_members(str(tmp_path / "m.zip"), [".png"]).names[0]
    assert count_file(name)[0].values == {1: 1, 2: 2}


def longer_than_said(name, data, more):
    """A zip file whose member inflates to more than its size, of which alone its checksum is."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(data + more) + packed.flush()
    fields = struct.pack(
        "<HHHHHLLLHH", 20, 0, 8, 0, 0x21, zlib.crc32(data), len(body), len(data), len(name), 0
    )
    local = b"PK\3\4" + fields + name + body
    entry = b"PK\1\2" + struct.pack("<H", 20) + fields + bytes(14) + name
    return local + entry + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry), len(local), 0)  # fmt: skip


def npy(rows):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, np.array(rows, np.uint8))
    return file.getvalue()


@pytest.mark.parametrize("more", [b"", b"x", bytes(100_000)], ids=["right", "a byte", "many"])
def test_members_longer_than_they_say(tmp_path, more):
    """A member that inflates to more than its size is refused, also where its beginning is right."""
    (tmp_path / "m.zip").write_bytes(longer_than_said(b"a.png", MASK, more))
    assert refused(str(tmp_path / "m.zip")) == bool(more)


def test_arrays_longer_than_they_say(tmp_path):
    """The array of a .npz is refused in the same way."""
    path = tmp_path / "m.npz"
    path.write_bytes(longer_than_said(b"arr_0.npy", npy([[1, 2, 2]]), b""))
    assert count_file(str(path))[0].values == {1: 1, 2: 2}
    path.write_bytes(longer_than_said(b"arr_0.npy", npy([[1, 2, 2]]), b"\1"))
    with pytest.raises(MaskError, match=r"m\.npz"):
        count_file(str(path))
