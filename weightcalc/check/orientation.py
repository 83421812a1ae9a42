"""
How EXIF says that an image is to be turned, from its header alone.

Segments that say something else are skipped, so that a photograph costs a few small reads.
Nothing here raises on odd bytes: a header that makes no sense says nothing.
"""

from __future__ import annotations

from contextlib import closing
from io import BufferedReader, BytesIO
from typing import BinaryIO, Literal

from ..masks.png_header import SIGNATURE
from ..sources.opening import open_mask

UPRIGHT = 1
_TAG = 274
_TURNED = range(2, 9)  # 0 and all above 8 mean nothing, and viewers take them for 1
_EXIF = b"Exif\0\0"
_MOST_STEPS = 4096  # segments, chunks or entries that are looked at
_MOST_BYTES = 1 << 16  # of EXIF data
_MOST_SKIPPED = 1 << 20  # bytes of a stream that cannot be sought
_BUFFER = 4096
_LONE = {0x01, *range(0xD0, 0xD8)}  # markers of JPEG without a length
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1


def orientation_of(name: str) -> int:
    """
    The orientation of an image by EXIF, or by the tag of TIFF: 1 to 8; 1 where nothing is said.

    Raises
    ------
    MaskError, DecodeError, OSError
        If it cannot be opened or read.
    """
    with closing(open_mask(name)) as file:
        stream = BufferedReader(file, _BUFFER)  # type: ignore[type-var]
        head = stream.peek(12)[:12]
        said = UPRIGHT
        if head.startswith(b"\xff\xd8"):
            said = _of_jpeg(stream)
        elif head.startswith(SIGNATURE):
            said = _of_png(stream)
        elif head.startswith(b"RIFF") and head[8:] == b"WEBP":
            said = _of_webp(stream)
        elif head.startswith((b"II*\0", b"MM\0*")):
            said = _of_tiff(stream)
        return said if said in _TURNED else UPRIGHT


def _of_jpeg(file: BinaryIO) -> int:
    file.read(2)
    for _ in range(_MOST_STEPS):
        if file.read(1) != b"\xff":
            break
        marker = 0xFF
        while marker == 0xFF:  # any number of fill bytes
            marker = int.from_bytes(file.read(1), "big")
        if marker in (0, _SCAN, _END):
            break
        if marker in _LONE:
            continue
        size = int.from_bytes(file.read(2), "big") - 2
        body = file.read(len(_EXIF)) if marker == _APP1 and size > len(_EXIF) else b""
        if body == _EXIF:
            return _of_exif(file.read(size - len(body)))
        if not _skip(file, size - len(body)):
            break
    return UPRIGHT


def _of_png(file: BinaryIO) -> int:
    file.read(len(SIGNATURE))
    for _ in range(_MOST_STEPS):
        head = file.read(8)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"eXIf":
            return _of_exif(file.read(min(size, _MOST_BYTES)))
        if kind in (b"", b"IDAT", b"IEND") or not _skip(file, size + 4):
            break
    return UPRIGHT


def _of_webp(file: BinaryIO) -> int:
    file.read(12)
    for _ in range(_MOST_STEPS):
        head = file.read(8)
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind == b"EXIF":
            return _of_exif(file.read(min(size, _MOST_BYTES)))
        if not kind or not _skip(file, size + size % 2):
            break
    return UPRIGHT


def _of_exif(data: bytes) -> int:
    return _of_tiff(BytesIO(data.removeprefix(_EXIF)))


def _of_tiff(file: BinaryIO) -> int:
    """What the first directory of a TIFF says, which is what EXIF data is."""
    head = file.read(8)
    order: Literal["little", "big"] = "little" if head.startswith(b"II") else "big"
    if not _skip(file, int.from_bytes(head[4:], order) - len(head)):
        return UPRIGHT
    for _ in range(min(int.from_bytes(file.read(2), order), _MOST_STEPS)):
        entry = file.read(12)
        if int.from_bytes(entry[:2], order) == _TAG:
            is_long = int.from_bytes(entry[2:4], order) == 4
            return int.from_bytes(entry[8 : 12 if is_long else 10], order)
    return UPRIGHT


def _skip(file: BinaryIO, size: int) -> bool:
    """Go forward, by reading where a stream cannot be sought; False where that is too far."""
    if size < 0:
        return False
    if file.seekable():
        file.seek(size, 1)
        return True
    return size <= _MOST_SKIPPED and len(file.read(size)) == size
