"""
What the tags of a TIFF page say, and which pages can be counted.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import (
    ColorError,
    DamagedError,
    LossyError,
    UnsupportedError,
    ValuesError,
)
from ..files.limits import check_bytes, check_row
from ..sources.guard import Foreign, third_party
from .options import ReadOptions, check_size
from .pillow import check_fax, parse_nodata
from .tiff_segments import is_readable

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_GREYS = (0, 1, 4)
MIN_IS_WHITE, _RGB, PALETTE = 0, 2, 3  # photometric interpretations
_PLANAR = 2
# What tags of one number are where a directory lacks them.
_DEFAULTS = {256: 0, 257: 0, 258: 1, 259: 1, 262: 1, 266: 1, 277: 1, 278: 0, 284: 1, 317: 1,
             322: 0, 323: 0, 339: 1}  # fmt: skip
DIFFERENCES, FLOAT_DIFFERENCES = 2, 3  # predictors
_REDUCED, TRANSPARENCY = 1, 4  # bits of NewSubfileType
NOT_FULL = _REDUCED | TRANSPARENCY
GDAL_NODATA, _LERC = 42113, 34887
_SIGNS = {1: "u", 2: "i", 3: "f", 4: "u"}  # by sample format
_LEAST_BITS = {1: 1, 2: 8, 3: 16, 4: 1}  # fewer are read in more than one way, or by nobody
_SAMPLE_NAMES = {2: "grey+alpha", 3: "RGB", 4: "RGBA"}
_PREDICTABLE = {5, 8, 32946, 50013, 34925, 34926, 50000}  # LZW, Deflate, LZMA and Zstandard
_LOSSY = {6, 7, 33003, 33004, 33005, 33007, 34712, 34887, 34892, 50001, 50002}


@contextmanager
def silent() -> Iterator[None]:
    """Keep tifffile from logging to standard error what is odd about a file."""
    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def check_description(tiff: TiffFile) -> None:
    """
    Refuse a stack whose masks follow each other behind one directory.

    Raises
    ------
    UnsupportedError
    """
    with third_party("tifffile"):
        page = tiff.pages.first
        if len(tiff.pages) > 1 or not (page.is_imagej or page.is_shaped):
            return
        described = max((math.prod(series.shape) for series in tiff.series), default=0)
        stored = math.prod(page.shape)
    if described > stored:
        raise UnsupportedError(
            f"its description speaks of {described} samples, its only directory of {stored}"
        ).with_hint("save the stack with a directory for each image")


class TiffImage(NamedTuple):
    """What the directory of a page says of its pixels."""

    width: int
    height: int
    samples: int
    bits: int
    stored: np.dtype[np.generic]  # a sample in the file; bytes for fewer than 8 bits
    photometric: int
    planar: bool
    compression: int
    predictor: int
    reverse: bool
    tile: tuple[int, int]  # width and height of a segment

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of a segment."""
        return (self.tile[0] * (1 if self.planar else self.samples) * self.bits + 7) // 8

    @property
    def kind(self) -> str:
        """Mode of the image, as that of PNG and of Pillow is called."""
        if self.photometric == PALETTE:
            return "palette"
        if self.stored.kind == "f":
            return "float"
        name = _SAMPLE_NAMES.get(self.samples, "grey")
        return name if self.bits <= 8 else f"{self.bits}-bit {name}"

    def grid(self) -> tuple[int, int]:
        """Segments in a row of them, and rows of segments."""
        return -(-self.width // self.tile[0]), -(-self.height // self.tile[1])


def image_of(page: TiffPage, byte_order: str) -> TiffImage:
    """
    What the tags of a page say, in whole numbers.

    Raises
    ------
    DecodeError
        If they are damaged, or its samples are no labels.
    """
    with third_party("tifffile"):  # which may read the values only now
        stated = tuple(
            (code, page.tags.valueof(code, 0)) for code in _DEFAULTS if code in page.tags
        )
    return _image_of(stated, byte_order)


@lru_cache(maxsize=64)  # the pages of a stack mostly say the same
def _image_of(stated: tuple[tuple[int, Foreign], ...], byte_order: str) -> TiffImage:
    tags = {code: _whole_number(code, value) for code, value in (*_DEFAULTS.items(), *stated)}
    width, height, bits = tags[256], tags[257], tags[258]
    samples, sample_format = tags[277], tags[339]
    is_known = bits in (1, 2, 4, 8, 16, 32, 64) and sample_format in _SIGNS
    if not is_known or bits < _LEAST_BITS[sample_format]:
        raise ValuesError(f"samples of {bits} bits in format {sample_format} are no labels")
    has_tiles = any(code == 322 for code, _ in stated)
    tile = (tags[322], tags[323]) if has_tiles else (width, min(tags[278] or height, height))
    return TiffImage(
        width, height, samples, bits,
        np.dtype(f"{byte_order}{_SIGNS[sample_format]}{bits // 8}" if bits >= 8 else "u1"),
        tags[262], tags[284] == _PLANAR and samples > 1, tags[259], tags[317],
        tags[266] == 2, tile,
    )  # fmt: skip


def _whole_number(code: int, value: Foreign) -> int:
    if isinstance(value, tuple):
        if len(set(value)) != 1:
            raise DamagedError(f"its tag {code} differs from sample to sample: {value[:4]}")
        value = value[0]
    if not isinstance(value, int | float) or not float(value).is_integer():
        raise DamagedError(f"its tag {code} is no whole number: {str(value)[:40]!r}")
    return int(value)


def nodata_of(page: TiffPage) -> float | None:
    """The nodata value that GDAL declares."""
    with third_party("tifffile"):
        stated = page.tags.valueof(GDAL_NODATA, "")
    return parse_nodata(stated)


def palette_of(page: TiffPage) -> bytes:
    """Red, green and blue of each index, a byte each."""
    with third_party("tifffile"):  # the tag may be of any type and length
        colors = np.array(page.tags.valueof(320, ()), np.int64).reshape(3, -1).T
    if colors.size and colors.max() > 255:  # else some writer took 8 bits for the 16 of TIFF
        colors >>= 8
    return colors.astype(np.uint8).tobytes()


def check_compression(image: TiffImage, options: ReadOptions) -> None:
    """
    Refuse compressions that change samples, or whose decoders fill in what they cannot read.

    Raises
    ------
    LossyError, UnsupportedError
    """
    check_fax(image.compression)
    if image.compression == _LERC:
        raise LossyError("it is compressed as LERC, which may be lossy, and is not read").with_hint(
            "save it with LZW or DEFLATE, such as gdal_translate -co COMPRESS=LZW"
        )
    if image.compression in _LOSSY and not options.allow_lossy:
        raise LossyError(
            f"its compression ({image.compression}) is lossy or may be: "
            "between two classes it invents values of a third"
        ).with_hint("--allow-lossy to count it all the same, --exclude if it is no mask")


def check_page(page: TiffPage, image: TiffImage, options: ReadOptions) -> None:
    """
    Refuse a page that is no mask, is beyond the limits, or is stored in an unknown way.

    Raises
    ------
    DecodeError
    """
    check_size(image.width, image.height, options)
    grey = image.samples in (1, 2) and image.photometric in _GREYS
    color = image.samples in (3, 4) and image.photometric == _RGB
    if not (grey or color or (image.samples == 1 and image.photometric == PALETTE)):
        kind = ColorError if image.samples > 1 else UnsupportedError
        raise kind(
            f"{image.samples} samples a pixel of photometric interpretation "
            f"{image.photometric} are no mask"
        )
    if image.samples > 1 and (image.stored.kind != "u" or image.bits not in (8, 16)):
        raise ColorError(f"{image.samples} samples of {image.bits} bits a pixel are no mask")
    _check_segments(page, image, options)


def check_channels(page: TiffPage, image: TiffImage, options: ReadOptions) -> None:
    """
    Refuse a page whose bands are no channels, as `check_page` does one that is no mask.

    Raises
    ------
    DecodeError
    """
    check_size(image.width, image.height, options)
    if image.photometric not in (*_GREYS, _RGB) or (image.samples > 1 and image.bits < 8):
        raise UnsupportedError(
            f"{image.samples} samples of {image.bits} bits a pixel, of photometric interpretation "
            f"{image.photometric}, are no channels"
        )
    _check_segments(page, image, options)


def _check_segments(page: TiffPage, image: TiffImage, options: ReadOptions) -> None:
    """Check what says how the samples of a page are stored."""
    with third_party("tifffile"):
        is_volume = page.imagedepth > 1
    if min(image.tile) < 1 or is_volume:
        raise DamagedError(f"its segments have a size of {image.tile[0]} x {image.tile[1]}")
    check_row(image.row_bytes)
    total = image.width * image.height * image.samples * image.bits // 8
    check_bytes("its image", total, options.max_bytes)
    if image.predictor not in (1, DIFFERENCES, FLOAT_DIFFERENCES):
        raise UnsupportedError(f"its predictor {image.predictor} is unknown")
    floats = image.predictor == FLOAT_DIFFERENCES
    if image.predictor != 1 and (image.bits < 8 or (floats and image.stored.kind != "f")):
        raise UnsupportedError(f"predictor {image.predictor} on such samples is not supported")
    if image.predictor != 1 and image.compression not in _PREDICTABLE:
        raise UnsupportedError(
            f"predictor {image.predictor} with compression {image.compression} is read in two ways: "
            "some programs take no notice of it"
        ).with_hint("save it with LZW or DEFLATE, or without a predictor")
    if not is_readable(image.compression):
        raise UnsupportedError(f"its compression ({image.compression}) is unknown").with_hint(
            "pip install imagecodecs, which may know it"
        )
