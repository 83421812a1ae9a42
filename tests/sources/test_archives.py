"""Masks inside zip and tar archives are counted there, and odd archives are refused whole."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.png_writer import write_png

import weightcalc as package
from weightcalc import MaskError, SourceError, count_file, list_masks
from weightcalc.masks.formats import READERS
from weightcalc.sources import archives
from weightcalc.sources.listing import list_files
from weightcalc.sources.names import split_name

A = write_png([[0, 0, 1], [1, 1, 2]])  # 2, 3 and 1 pixels
B = write_png([[2, 2, 2, 2]])
TWO = {"b/B.png": B, "a.png": A}
KINDS = ["zip", "tar", "tar.gz", "tgz"]
PACKAGE = Path(package.__file__).parent


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A function that packs members into an archive in an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def make(name, members):
        if name.endswith("zip"):
            with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, data in members.items():
                    archive.writestr(member, data)
        else:
            with tarfile.open(name, "w:gz" if name.endswith("gz") else "w") as archive:
                for member, data in members.items():
                    archive.addfile(header(member, data), io.BytesIO(data))
        return name

    return make


def header(member, data=b"", **fields):
    """The header of a tar member."""
    info = tarfile.TarInfo(member)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_a_folder(pack, weightcalc, kind, jobs):
    """Members are counted like files, by one process or several."""
    done = weightcalc("count", pack(f"m.{kind}", TWO), "-j", jobs)
    assert done.exit_code == 0, done.stderr
    assert done.json["masks"] == 2
    assert [entry["pixels"] for entry in done.json["classes"]] == [2, 3, 5]


@pytest.mark.parametrize("kind", KINDS)
def test_names(pack, kind):
    """A name holds the member and its archive; only gzipped tars keep the order inside."""
    scheme = "zip" if kind == "zip" else "tar"
    names = list_masks(pack(f"m.{kind}", TWO))
    expected = [f"{scheme}://a.png::m.{kind}", f"{scheme}://b/B.png::m.{kind}"]
    assert names == (expected if kind in ("zip", "tar") else expected[::-1])
    assert split_name(names[0].replace("::", "::x::"))[1] == f"m.{kind}"
    assert count_file(names[0])[0].pixels in (4, 6)


def test_left_out(pack):
    """Folders, hidden members, those of macOS, other endings and inner archives are no masks."""
    inner = Path(pack("inner.zip", TWO)).read_bytes()
    members = {
        "x/": b"", "./x/a.PNG": A, ".git/a.png": A, "__MACOSX/._a.png": A, "x/._a.png": A,
        "inner.zip": inner, "notes.txt": b"",
    }  # fmt: skip
    listing = list_files([pack("m.zip", members)], READERS)
    assert listing.names == ["zip://./x/a.PNG::m.zip"]
    assert (listing.hidden, listing.other) == (3, 2)


def test_only_named_archives_are_opened(pack, weightcalc):
    """An archive that a folder holds is no mask; one that is named or matched is a source."""
    os.mkdir("m")
    pack("m/m.zip", TWO)
    done = weightcalc("count", "m")
    assert done.exit_code == 2
    assert "1 files that are no masks" in done.stderr
    assert "hint: name the archive, if it holds the masks: m/m.zip" in done.stderr
    assert weightcalc("count", "m/*.zip").json["masks"] == 2


def test_choosing_members(pack, weightcalc):
    """--include and --exclude go by the paths inside, and a single member can be named."""
    pack("m.zip", TWO)
    assert weightcalc("count", "m.zip", "--include", "b/*").json["pixels"] == 4
    assert weightcalc("count", "m.zip", "--exclude", "B.png").json["pixels"] == 6
    assert weightcalc("count", "zip://a.png::m.zip").json["pixels"] == 6
    assert "no such member" in weightcalc("count", "zip://c.png::m.zip").stderr


def test_two_kinds_inside(pack):
    """Two pictures of each scene are refused inside an archive too."""
    members = {f"{n}_{kind}.png": A for n in range(4) for kind in ("labelIds", "color")}
    with pytest.raises(SourceError, match="two kinds of masks"):
        list_masks(pack("m.tar", members))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../../up.png", "/root.png", "c:\\x.png", "new\nline::error.png"])
def test_hostile_names_are_labels(pack, weightcalc, kind, name):
    """A member of any name is counted, and nothing is written outside of the archive."""
    before = set(os.listdir("..")) | set(os.listdir("/"))
    done = weightcalc("count", pack(f"m.{kind}", {name: A}), "--per-mask", "lines")
    assert done.json["masks"] == 1
    assert set(os.listdir("..")) | set(os.listdir("/")) == before
    assert sorted(os.listdir(".")) == ["lines", f"m.{kind}"]


def test_gzipped_tar_is_read_forwards(pack, weightcalc, monkeypatch):
    """Counting a gzipped tar inflates it twice, once to list and once to count."""
    pack("m.tgz", {f"{n % 7}{n}.png": A for n in range(50)})
    rewinds = []
    real = gzip.GzipFile.rewind
    monkeypatch.setattr(gzip.GzipFile, "rewind", lambda self: rewinds.append(1) or real(self))
    reader = gzip._GzipReader
    whole = reader._rewind
    monkeypatch.setattr(reader, "_rewind", lambda self: rewinds.append(1) or whole(self))
    assert weightcalc("count", "m.tgz", "-j1").json["masks"] == 50
    assert len(rewinds) == 1


def test_large_members(pack, weightcalc, tmp_path):
    """Members above 4 MiB are counted to the last byte, and their checksum is looked at."""
    values = np.zeros((3000, 2000), np.uint8)
    values[-1, -1] = 7
    np.save("m.npy", values)
    data = (tmp_path / "m.npy").read_bytes()
    for kind in KINDS:
        pixels = weightcalc("count", pack(f"m.{kind}", {"m.npy": data})).json["classes"]
        assert (pixels[0]["pixels"], pixels[7]["pixels"]) == (5_999_999, 1)
    archive = bytearray((tmp_path / "m.zip").read_bytes())
    archive[archive.index(b"PK\1\2") + 16] ^= 1  # the CRC in the directory
    archive[14] ^= 1  # and in front of the member
    (tmp_path / "m.zip").write_bytes(archive)
    assert "Bad CRC-32" in weightcalc("count", "m.zip").stderr


def zip_with(**fields):
    """A zip file of one mask whose directory says something else."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", A)
        for field, value in fields.items():
            setattr(archive.infolist()[0], field, value)
    return file.getvalue()


def zip_twice(name, offset=None):
    """A zip file whose directory lists a mask twice, the second time under a name."""
    data = zip_with()
    start = data.index(b"PK\1\2")
    entry, end = data[start:-22], data[-22:]
    second = entry[:46].replace(entry[42:46], struct.pack("<L", 0)) + name + entry[51:]
    ending = end[:8] + struct.pack("<HHLL", 2, 2, len(entry + second), start) + end[20:]
    return data[:start] + entry + second + ending


def tar_with(*members, end=True):
    """A tar file of headers, each with its data."""
    blocks = [
        info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512) for info, data in members
    ]
    return b"".join(blocks) + bytes(1024 if end else 0)


MASK = (header("a.png", A), A)
ODD = {
    "twice.zip": (zip_twice(b"a.png"), "shares bytes|there twice"),
    "overlap.zip": (zip_twice(b"b.png"), "shares bytes"),
    "encrypted.zip": (zip_with(flag_bits=1), "encrypted"),
    "link.zip": (zip_with(external_attr=(stat.S_IFLNK | 0o777) << 16), "link"),
    "far.zip": (zip_with(header_offset=1 << 63), "begins behind its directory"),
    "method.zip": (zip_with(compress_type=99), "unknown method 99"),
    "ratio.zip": (zip_with(file_size=1 << 30), f"{1 << 30} bytes"),
    "text.zip": (b"text", "not a readable archive"),
    "cut.zip": (zip_with()[:-30], "not a readable archive"),
    "twice.tar": (tar_with(MASK, MASK), "there twice"),
    "same.tar": (tar_with(MASK, (header("./a.png", A), A)), "there twice"),
    "link.tar": (tar_with((header("a.png", type=tarfile.SYMTYPE, linkname="x"), b"")), "link"),
    "hard.tar": (tar_with((header("a.png", type=tarfile.LNKTYPE, linkname="x"), b"")), "link"),
    "fifo.tar": (tar_with((header("a.png", type=tarfile.FIFOTYPE), b"")), "device"),
    "cut.tar": (tar_with(MASK)[:520], "end of data|cut"),
    "no-end.tar": (tar_with(MASK, end=False), "cut or broken"),
    "broken.tar": (tar_with(MASK) + b"", ""),
    "text.tar": (b"text" * 300, "not a readable archive"),
    "empty.tar": (b"", "not a readable archive"),
    "cut.tgz": (gzip.compress(tar_with(MASK))[:-9], "not a readable archive"),
    "crc.tgz": (gzip.compress(tar_with(MASK))[:-8] + bytes(8), "CRC"),
    "junk.tgz": (gzip.compress(tar_with(MASK)) + b"junk", "not a readable archive"),
}
second = tar_with(MASK, (header("b.png", B), B))
ODD["broken.tar"] = (second.replace(b"b.png\0", b"c.png\0"), "cut or broken")


@pytest.mark.parametrize("name", ODD)
def test_odd_archives_are_refused(tmp_path, weightcalc, name):
    """What is wrong with an archive is an error that names it before a mask is counted."""
    data, message = ODD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message) as caught:
        list_masks(str(path))
    assert name in str(caught.value)
    done = weightcalc("count", path, "--on-error", "skip")
    assert (done.exit_code, done.stdout) == (2, b"")


def test_a_bug_in_listing(tmp_path, monkeypatch):
    """A fault of our own code is not a damaged archive."""
    (tmp_path / "m.zip").write_bytes(zip_with())
    monkeypatch.setattr(archives, "_is_hidden", None)
    with pytest.raises(TypeError, match="not callable"):
        list_masks(str(tmp_path / "m.zip"))


def test_what_is_no_mask_may_be_odd(tmp_path):
    """A link that no mask is named like is left out like any other member."""
    path = tmp_path / "m.tar"
    path.write_bytes(tar_with(MASK, (header("latest", type=tarfile.SYMTYPE, linkname="x"), b"")))
    assert len(list_masks(str(path))) == 1


def test_sizes_that_lie(tmp_path):
    """A member that is shorter than its archive says is an error of that mask."""
    path = tmp_path / "m.zip"
    path.write_bytes(zip_with(file_size=len(A) + 5))
    (name,) = list_masks(str(path))
    with pytest.raises(MaskError, match=rf"after {len(A)} of {len(A) + 5} bytes"):
        count_file(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zip://b.png::m.zip", "no such member"),
        ("tar://b.png::m.tar", "no such member"),
        ("zip://a.png::gone.zip", "No such file"),
    ],
)
def test_members_that_are_not_there(pack, name, reason):
    """A member that cannot be opened is an error of that mask."""
    for kind in ("zip", "tar"):
        pack(f"m.{kind}", {"a.png": A})
    with pytest.raises(MaskError, match=reason) as caught:
        count_file(name)
    assert caught.value.mask == name


def test_an_archive_that_changes_is_opened_again(pack):
    """The open archive is that of the last name only as long as its file is the same."""
    pack("m.zip", {"a.png": A})
    assert count_file("zip://a.png::m.zip")[0].pixels == 6
    os.remove("m.zip")
    pack("m.zip", {"a.png": B, "b.png": A})
    assert count_file("zip://a.png::m.zip")[0].pixels == 4


def test_an_archive_is_no_output(pack, weightcalc):
    """The archive whose members are counted is never written over."""
    pack("m.zip", TWO)
    done = weightcalc("count", "m.zip", "--per-mask", "m.zip")
    assert done.exit_code == 2
    assert "would be overwritten" in done.stderr


def test_a_fifo_is_no_archive(tmp_path):
    """A FIFO named like an archive is refused at once, not waited for."""
    os.mkfifo(tmp_path / "m.zip")
    with pytest.raises(SourceError, match="not a regular file"):
        list_masks(str(tmp_path / "m.zip"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_archive_is_left_open(pack, kind):
    """The archive that is held for its next member is closed where its thread or the run ends."""
    pack(f"m.{kind}", TWO)
    code = (
        "import threading, weightcalc\n"
        f"masks = weightcalc.list_masks('m.{kind}')\n"
        "thread = threading.Thread(target=weightcalc.count_masks, args=(masks,))\n"
        "thread.start()\n"
        "thread.join()\n"
        "weightcalc.count_masks(masks)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", code],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
