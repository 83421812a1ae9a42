"""
Reads the sizes of masks and of images from their headers.
"""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

from ..errors import MaskError
from ..masks.png_chunks import SIGNATURE
from ..sources.names import open_file
from ..sources.opening import open_mask

_NOT_IMAGES = (".npy", ".npz", ".nii", ".nii.gz", ".label")
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM", "JPEG2000")
_FRAMES, _EXIF = {0xC0, 0xC1, 0xC2}, 0xE1  # markers of JPEG
_HEAD = 1024
_JFIF = b"\xff\xd8\xff\xe0"
_ORIENTATION = 274  # EXIF: from 5 on the picture is shown on its side


def size_of(name: str) -> tuple[int, int, bool] | None:
    """
    Width and height of an image, and whether EXIF turns it on its side; None for arrays.

    Raises
    ------
    MaskError
        If it cannot be read.
    """
    if name.lower().endswith(_NOT_IMAGES):
        return None
    try:
        head = _head(name)
        if head.startswith(SIGNATURE) and len(head) > 24:
            return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"), False
        if head.startswith(_JFIF) and (size := _size_of_jpeg(head)) is not None:
            return *size, False
        with closing(open_mask(name)) as file:
            return _size_by_pillow(file)
    except MaskError:
        raise
    except Exception as error:  # decoders raise what they like
        raise MaskError(name, "its header cannot be read") from error


def _head(name: str) -> bytes:
    """The first bytes of a file, which is not waited for if it is a FIFO."""
    if "://" in name:
        with closing(open_mask(name)) as file:
            return file.read(_HEAD)
    with open_file(name) as file:
        return file.read(_HEAD)


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    """What the frame header says, if it lies in these bytes and no EXIF does before it."""
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker in _FRAMES:
            height, width = head[position + 5 : position + 7], head[position + 7 : position + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker == _EXIF:
            break
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
    return None


def _size_by_pillow(file: BinaryIO) -> tuple[int, int, bool]:
    from PIL import Image

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # only the header is read
    try:
        file.seek(0)
        with Image.open(file, formats=_FORMATS) as image:
            orientation = image.getexif().get(_ORIENTATION, 1) if "exif" in image.info else 1
            return *image.size, orientation >= 5
    finally:
        Image.MAX_IMAGE_PIXELS = before
