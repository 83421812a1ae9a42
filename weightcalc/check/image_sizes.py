"""
Finds the image of a mask by its stem, and reads the sizes of both from their headers.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import closing
from functools import lru_cache
from typing import BinaryIO

from ..errors import MaskError
from ..files.bounded import open_regular
from ..masks.png_chunks import SIGNATURE
from ..sources.listing import list_files
from ..sources.names import path_in
from ..sources.opening import open_mask

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".ppm", ".jp2")
_NOT_IMAGES = (".npy", ".npz", ".nii", ".nii.gz", ".label")
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM", "JPEG2000")
_FRAMES, _EXIF = {0xC0, 0xC1, 0xC2}, 0xE1  # markers of JPEG
_HEAD = 1024
_JFIF = b"\xff\xd8\xff\xe0"
_ORIENTATION = 274  # EXIF: from 5 on the picture is shown on its side


class Images:
    """
    The images of a folder by their stems.

    Parameters
    ----------
    folder : str
        Or whatever else `list_files` takes.
    masks : collection of str
        Names that are no images, though the folder may hold them.
    mask_ending, image_ending : str
        What ends the stems of masks and of images and is not compared.
    scenes : bool
        Whether masks are scenes, whose names have no endings.

    Raises
    ------
    SourceError
        If the folder cannot be read.
    """

    def __init__(
        self,
        folder: str,
        masks: Collection[str],
        mask_ending: str = "",
        image_ending: str = "",
        *,
        scenes: bool = False,
    ) -> None:
        self.folder = folder
        self._stem_of_mask = _last_part if scenes else _stem
        self._mask_ending = mask_ending
        self._found: set[str] = set()
        self._last: tuple[str, str | None] = "", None  # each rule asks again
        self._names: dict[str, list[str]] = {}
        own = set(map(_place, masks))
        for name in list_files([folder], SUFFIXES).names:
            stem = _stem(name)
            if _place(name) not in own and stem.endswith(image_ending):
                self._names.setdefault(stem.removesuffix(image_ending), []).append(name)

    def find(self, mask: str) -> str | None:
        """The image of a mask; of several the one whose folders agree best."""
        if mask != self._last[0]:
            names = self._names.get(self._stem_of_mask(mask).removesuffix(self._mask_ending), [])
            best = max(names, key=lambda name: _agreement(name, mask)) if names[1:] else None
            self._last = mask, best or next(iter(names), None)
            self._found.update(filter(None, self._last[1:]))
        return self._last[1]

    def without_mask(self) -> list[str]:
        """Images that were found for no mask."""
        names = (name for group in self._names.values() for name in group)
        return sorted(name for name in names if name not in self._found)


def _place(name: str) -> str:
    """What a file is called however its folder is spelled."""
    if "://" in name:
        return name
    folder, base = os.path.split(name)
    return os.path.join(_real_folder(folder), base)


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _last_part(name: str) -> str:
    return os.path.basename(path_in(name) if "://" in name else name)


def _stem(name: str) -> str:
    base = _last_part(name)
    stem = base.rpartition(".")[0] or base
    return stem.removesuffix(".nii") if base.lower().endswith(".nii.gz") else stem


def _agreement(image: str, mask: str) -> int:
    """How many folders, from the inside out, have the same name."""
    folders = [os.path.dirname(path_in(name)).split(os.sep)[::-1] for name in (image, mask)]
    same = 0
    for a, b in zip(*folders, strict=False):
        if a != b:
            break
        same += 1
    return same


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
    except Exception as error:  # decoders raise what they like
        raise MaskError(name, "its header cannot be read") from error


def _head(name: str) -> bytes:
    """The first bytes of a file, which is not waited for if it is a FIFO."""
    if "://" in name:
        with closing(open_mask(name)) as file:
            return file.read(_HEAD)
    with open_regular(name) as regular:
        return regular.read(_HEAD)


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
