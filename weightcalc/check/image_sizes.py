"""
Reads the sizes of masks and of images from their headers.
"""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

from ..errors import MaskError
from ..masks.formats import ARRAYS, suffix_of
from ..masks.png_header import SIGNATURE
from ..sources.guard import is_bug
from ..sources.names import open_file
from ..sources.opening import open_mask

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM", "JPEG2000")
_FRAMES = {0xC0, 0xC1, 0xC2}  # markers of JPEG
_HEAD = 1024
_JFIF = b"\xff\xd8\xff\xe0"


def size_of(name: str) -> tuple[int, int] | None:
    """
    Width and height of an image as it is stored, whatever EXIF says; None for arrays.

    Raises
    ------
    MaskError
        If it cannot be read.
    """
    if suffix_of(name) in ARRAYS:
        return None
    try:
        head = _head(name)
        if head.startswith(SIGNATURE) and len(head) > 24:
            return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        if head.startswith(_JFIF) and (size := _size_of_jpeg(head)) is not None:
            return size
        with closing(open_mask(name)) as file:
            return _size_by_pillow(file)
    except MaskError:
        raise
    except Exception as error:  # decoders raise what they like
        if is_bug(error):
            raise
        raise MaskError(name, "its header cannot be read") from error


def _head(name: str) -> bytes:
    """The first bytes of a file, which is not waited for if it is a FIFO."""
    if "://" in name:
        with closing(open_mask(name)) as file:
            return file.read(_HEAD)
    with open_file(name) as file:
        return file.read(_HEAD)


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    """What the frame header says, if it lies in these bytes."""
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker in _FRAMES:
            height, width = head[position + 5 : position + 7], head[position + 7 : position + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
    return None


def _size_by_pillow(file: BinaryIO) -> tuple[int, int]:
    from PIL import Image

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # only the header is read
    try:
        file.seek(0)
        with Image.open(file, formats=_FORMATS) as image:
            return image.size
    finally:
        Image.MAX_IMAGE_PIXELS = before
