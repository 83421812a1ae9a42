"""Headers that ask for 2**40 of everything: each is refused by name, in little memory."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from support.processes import run_bounded

GIANT = 1 << 40
PEAK = 400  # MB

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)


def sparse(*parts: bytes, size: int = GIANT) -> Callable[[Path], None]:
    """A writer of a file that begins so, and goes on with zeros that take no place."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(b"".join(parts))
            file.truncate(size)

    return write


def ending(tail: bytes) -> Callable[[Path], None]:
    """A writer of a file of zeros that ends so."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.seek(GIANT)
            file.write(tail)

    return write


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    crc = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + crc


def png(width: int, height: int, interlaced: int = 0, *, tail: bytes = b"") -> bytes:
    """The beginning of a grey PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + tail


def bmp(width: int, height: int, *, header: int = 40, colors: int = 0, runs: int = 0) -> bytes:
    """The beginning of a BMP of 8 bits."""
    return (
        b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078)
        + struct.pack("<IiiHHIIiiII", header, width, height, 1, 8, runs, 0, 0, 0, colors, 0)
    )  # fmt: skip


def tiff(changed: dict[int, tuple[int, int, int]]) -> bytes:
    """A BigTIFF of 4 x 4 pixels, of whose tags some are others: type, number, value."""
    tags = {
        256: (4, 1, 4), 257: (4, 1, 4), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (16, 1, 8), 277: (3, 1, 1), 278: (4, 1, 4), 279: (16, 1, 16), **changed,
    }  # fmt: skip
    entries = b"".join(struct.pack("<HHQQ", code, *tags[code]) for code in sorted(tags))
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 64).ljust(60, b"\0")
    return head + struct.pack("<Q", len(tags)) + entries + bytes(8)


def npy(shape: str, *, version: int = 1, length: int | None = None) -> bytes:
    """The beginning of a .npy file."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text


def nifti2(*shape: int, offset: int = 544, kind: int = 2) -> bytes:
    """The header of a NIfTI-2 volume."""
    axes = struct.pack("<8q", len(shape), *shape, *[1] * (7 - len(shape)))
    head = struct.pack("<i8sHH", 540, b"n+2\0\r\n\x1a\n", kind, 8) + axes
    return (head + bytes(168 - len(head)) + struct.pack("<q", offset)).ljust(544, b"\0")


def tar(name: str, kind: bytes, size: int) -> bytes:
    """A header of tar, and a plain member behind it."""
    info, member = tarfile.TarInfo(name), tarfile.TarInfo("b.png")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + member.tobuf() + bytes(1024)


def zip_of(name: str, data: bytes, claimed: int) -> bytes:
    """A ZIP of one deflated member that claims to be larger."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    entry = held.getvalue()
    at = entry.rindex(b"PK\1\2")
    return entry[: at + 24] + struct.pack("<I", claimed) + entry[at + 28 :]


END_OF_ZIP64 = (
    struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, GIANT, GIANT, GIANT, 0)
    + struct.pack("<4sIQI", b"PK\6\7", 0, GIANT, 1)
    + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
)


def zarr(**changed: object) -> Callable[[Path], None]:
    """A Zarr of format 2, of whose document some entries are others."""
    document = {
        "zarr_format": 2, "shape": [4, 4], "chunks": [4, 4], "dtype": "|u1", "compressor": None,
        "fill_value": 0, "order": "C", "filters": None, **changed,
    }  # fmt: skip

    def write(path: Path) -> None:
        path.mkdir()
        (path / ".zarray").write_text(json.dumps(document))

    return write


def huge_document(path: Path) -> None:
    """A Zarr whose document is 2**40 bytes long."""
    path.mkdir()
    sparse(b"{")(path / "zarr.json")


def hdf5(shape: tuple[int, ...], chunks: tuple[int, ...] | None) -> Callable[[Path], None]:
    """A HDF5 file of an array of which nothing is stored."""

    def write(path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file.create_dataset("a", shape, "u1", chunks=chunks)

    return write


WIDE = (1 << 31) - 1
MASKS: dict[str, tuple[str, Callable[[Path], None] | bytes]] = {
    "png size": ("a.png", png(WIDE, WIDE)),
    "png interlaced": ("a.png", png(WIDE, 8, 1)),
    "png chunk": ("a.png", sparse(png(4, 4, tail=struct.pack(">I4s", WIDE, b"IDAT")))),
    "png palette": ("a.png", sparse(png(4, 4, tail=struct.pack(">I4s", WIDE, b"PLTE")))),
    "bmp size": ("a.bmp", sparse(bmp(WIDE, WIDE))),
    "bmp row": ("a.bmp", sparse(bmp(WIDE, 4))),
    "bmp header": ("a.bmp", sparse(bmp(4, 4, header=WIDE))),
    "bmp colours": ("a.bmp", sparse(bmp(4, 4, colors=WIDE))),
    "bmp runs": ("a.bmp", sparse(bmp(WIDE, 4, runs=1))),
    "gif size": ("a.gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
                 + b",\0\0\0\0\xff\xff\xff\xff\0\x08" + b"\0;"),
    "webp canvas": ("a.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff" * 6),
    "webp lossless": ("a.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8L\xff\xff\xff\x7f\x2f" + b"\xff" * 9),
    "jpeg size": ("a.jpg", b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xd9"),
    "tiff size": ("a.tif", sparse(tiff({256: (16, 1, GIANT), 257: (16, 1, GIANT)}))),
    "tiff row": ("a.tif", sparse(tiff({256: (16, 1, GIANT >> 8)}))),
    "tiff strip": ("a.tif", sparse(tiff({259: (3, 1, 8), 279: (16, 1, GIANT)}))),
    "tiff tile": ("a.tif", sparse(tiff({322: (4, 1, WIDE), 323: (4, 1, WIDE)}))),
    "tiff offsets": ("a.tif", sparse(tiff({273: (16, 1 << 27, 1024)}))),
    "tiff byte counts": ("a.tif", sparse(tiff({279: (16, 1 << 27, 1024)}))),
    "tiff palette": ("a.tif", sparse(tiff({262: (3, 1, 3), 320: (3, 1 << 29, 1024)}))),
    "tiff description": ("a.tif", sparse(tiff({270: (2, 1 << 30, 1024)}))),
    "tiff nodata": ("a.tif", sparse(tiff({42113: (2, 1 << 30, 1024)}))),
    "tiff bits": ("a.tif", sparse(tiff({258: (3, 1 << 29, 1024)}))),
    "tiff samples": ("a.tif", sparse(tiff({277: (4, 1, WIDE)}))),
    "tiff tags": ("a.tif", sparse(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", struct.pack("<Q", GIANT))),
    "npy shape": ("a.npy", sparse(npy(f"({GIANT}, {GIANT})"))),
    "npy vector": ("a.npy", sparse(npy(f"({GIANT},)"))),
    "npy stack": ("a.npy", sparse(npy(f"({GIANT >> 20}, 1024, 1024)"))),
    "npy masks": ("a.npy", sparse(npy(f"({1 << 30}, 2, 7)"))),
    "npy header": ("a.npy", sparse(npy("(4, 4)", version=2, length=0xFFFFFFFF))),
    "npy axes": ("a.npy", npy("(" + "1, " * 3000 + ")")),
    "npz member": ("a.npz", zip_of("a.npy", npy(f"({GIANT},)"), WIDE)),
    "npz directory": ("a.npz", ending(END_OF_ZIP64)),
    "zip member": ("a.zip", zip_of("a.png", png(WIDE, WIDE), WIDE)),
    "zip directory": ("a.zip", ending(END_OF_ZIP64)),
    "zarr.zip directory": ("a.zarr.zip", ending(END_OF_ZIP64)),
    "tar member": ("a.tar", sparse(tar("a.png", tarfile.REGTYPE, GIANT))),
    "tar name": ("a.tar", sparse(tar("a", tarfile.GNUTYPE_LONGNAME, GIANT), size=GIANT << 1)),
    "tar link": ("a.tar", sparse(tar("a", tarfile.GNUTYPE_LONGLINK, GIANT), size=GIANT << 1)),
    "tar pax": ("a.tar", sparse(tar("a", tarfile.XHDTYPE, GIANT), size=GIANT << 1)),
    "tar pax for all": ("a.tar", sparse(tar("a", tarfile.XGLTYPE, GIANT), size=GIANT << 1)),
    "nifti size": ("a.nii", sparse(nifti2(GIANT, GIANT))),
    "nifti first axis": ("a.nii", sparse(nifti2(GIANT, 1))),
    "nifti offset": ("a.nii", sparse(nifti2(4, 4, offset=GIANT - 8))),
    "nifti gzipped": ("a.nii.gz", gzip.compress(nifti2(GIANT >> 7, 1) + bytes(1 << 20))),
    "label": ("a.label", sparse()),
    "hdf5 size": ("a.h5", hdf5((GIANT, GIANT), None)),
    "hdf5 chunk": ("a.h5", hdf5((1 << 17, 1 << 16), (1 << 16, (1 << 16) - 1))),
    "hdf5 chunks": ("a.h5", hdf5((1 << 33, 1), (1, 1))),
    "hdf5 masks": ("a.h5", hdf5((1 << 30, 2, 7), None)),
    "zarr size": ("a.zarr", zarr(shape=[GIANT, GIANT])),
    "zarr chunk": ("a.zarr", zarr(shape=[1 << 33, 1], chunks=[GIANT, GIANT])),
    "zarr chunks": ("a.zarr", zarr(shape=[1 << 33, 1], chunks=[1, 1])),
    "zarr axes": ("a.zarr", zarr(shape=[1] * 100_000, chunks=[1] * 100_000)),
    "zarr document": ("a.zarr", huge_document),
}  # fmt: skip
USUAL = {"png size", "bmp size", "tiff offsets", "npy shape", "npz directory", "tar name", "label"}


def write(content: Callable[[Path], None] | bytes, path: Path) -> None:
    """Write a file of a table."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)


@pytest.mark.parametrize(
    "name",
    [name if name in USUAL else pytest.param(name, marks=pytest.mark.long) for name in MASKS],
)
def test_masks(name, tmp_path, environment):
    """A mask whose header asks for more than there can be is refused by name, in 400 MB."""
    base, content = MASKS[name]
    write(content, tmp_path / base)
    code, stderr = run_bounded(
        "count", "--allow-lossy", "-qj1", tmp_path / base, "-o", tmp_path / "counts.json",
        environment=environment, megabytes=PEAK,
    )  # fmt: skip
    assert code == 2
    assert base in stderr
    assert not (tmp_path / "counts.json").exists()


DEEP = b"[" * 5_000_000
LISTS = {
    "counts": (["weights"], "a.json"),
    "class list": (["count", "{masks}", "-c"], "a.json"),
    "class list in YAML": (["count", "{masks}", "-c"], "a.yaml"),
    "class list as text": (["count", "{masks}", "-c"], "a.txt"),
    "class list as table": (["count", "{masks}", "-c"], "a.csv"),
    "map": (["count", "{masks}", "--map"], "a.json"),
    "list": (["count", "--files-from"], "a.txt"),
    "weights": (["explain", "{counts}"], "a.json"),
    "settings": (["check", "{masks}"], "pyproject.toml"),
}


@pytest.mark.parametrize(
    "name", ["counts", *(pytest.param(n, marks=pytest.mark.long) for n in [*LISTS][1:])]
)
@pytest.mark.parametrize("content", [sparse(), DEEP], ids=["long", "deep"])
def test_small_files(name, content, tmp_path, environment, save_mask):
    """A list, a counts file and the like of 2**40 bytes or of deep nesting is refused by name."""
    words, base = LISTS[name]
    write(content, tmp_path / base)
    mask = save_mask([[0, 1]])
    (tmp_path / "counts.json").write_text("{}")
    places = {"masks": mask, "counts": str(tmp_path / "counts.json")}
    given = [word.format(**places) for word in words]
    given += [tmp_path / base] * (name != "settings")  # which are those of the working directory
    code, stderr = run_bounded(*given, environment=environment, cwd=tmp_path, megabytes=PEAK)
    assert code == 2
    assert base in stderr or "line 1 of the list" in stderr
