"""
The samples of a page of TIFF, segment by segment: strips and tiles, one after another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..errors import DamagedError, DecodeError
from ..kernels.segments import undo_differences
from .pictures import unpacked
from .tiff_pages import DIFFERENCES, FLOAT_DIFFERENCES, TiffImage
from .tiff_segments import check_places, open_segment

if TYPE_CHECKING:
    from tifffile import TiffPage

_PIECE = 1 << 20  # bytes of rows at a time
_SIZES = {279, 325}  # tags: bytes of strips, and of tiles


def placed_rows(
    page: TiffPage,
    image: TiffImage,
    file: BinaryIO,
    nodata: float | None,
    numbers: Iterable[int] | None = None,
) -> Iterator[tuple[int, int, np.ndarray]]:
    """
    Rows of segments without padding, and the row and the column where they begin.

    All segments are read, or those of `numbers`.

    A segment that the file leaves out, whose place and size are 0, holds the nodata value, or 0
    where none is declared, as GDAL reads it.
    """
    across, down = image.grid()
    planes = image.samples if image.planar else 1
    starts, sizes = _stored_places(page, image)
    for number in range(across * down) if numbers is None else numbers:
        y, x = divmod(number, across)
        columns, height = _extent(image, number)
        parts = [
            _segment(file, starts[i], sizes[i], image, height, i)
            if starts[i] or sizes[i]
            else _empty_segment(image, height, nodata)
            for i in range(number, across * down * planes, across * down)
        ]
        row = y * image.tile[1]
        for rows in zip(*parts, strict=True):
            samples = rows[0] if planes == 1 else np.concatenate(rows, axis=2)
            yield row, x * image.tile[0], samples[:, :columns]
            row += len(samples)


def places_of(page: TiffPage, image: TiffImage) -> Iterator[tuple[int, ...]]:
    """
    Of each segment what its samples depend on: the columns and rows that count, and where it is
    stored, for each plane of samples.
    """
    across, down = image.grid()
    starts, sizes = _stored_places(page, image)
    planes = image.samples if image.planar else 1
    for number in range(across * down):
        parts = slice(number, across * down * planes, across * down)
        yield *_extent(image, number), *starts[parts], *sizes[parts]


def _stored_places(page: TiffPage, image: TiffImage) -> tuple[Sequence[int], Sequence[int]]:
    """Where the segments of a page begin in the file, and how many bytes they have."""
    across, down = image.grid()
    expected = across * down * (image.samples if image.planar else 1)
    starts, sizes = page.dataoffsets, page.databytecounts
    if not _SIZES.intersection(page.tags.keys()):  # which tifffile would guess
        raise DamagedError("it does not say how many bytes its strips or tiles have")
    check_places(starts, sizes)
    if min(len(starts), len(sizes)) < expected:
        raise DamagedError(f"it has {min(len(starts), len(sizes))} of {expected} strips or tiles")
    return starts, sizes


def _extent(image: TiffImage, number: int) -> tuple[int, int]:
    """Columns and rows of a segment that are not padding."""
    y, x = divmod(number, image.grid()[0])
    columns = min(image.tile[0], image.width - x * image.tile[0])
    return columns, min(image.tile[1], image.height - y * image.tile[1])


def _segment(
    file: BinaryIO, start: int, stored: int, image: TiffImage, height: int, index: int
) -> Iterator[np.ndarray]:
    """The first rows of a strip or a tile, a piece of them at a time."""
    size = image.tile[1] * image.row_bytes
    try:
        segment = open_segment(file, start, stored, size, image.compression, reverse=image.reverse)
        at_once = max(1, _PIECE // image.row_bytes)
        for first in range(0, height, at_once):
            number = min(at_once, height - first)
            data = np.frombuffer(segment.read(number * image.row_bytes), np.uint8)
            yield _samples(data.reshape(number, -1), image)
        segment.finish()
    except DecodeError as error:
        named = type(error)(f"strip or tile {index}: {error}")
        raise named.with_hint(error.hint) from error


def _empty_segment(image: TiffImage, height: int, nodata: float | None) -> Iterator[np.ndarray]:
    """The rows of a segment that is left out."""
    depth = 1 if image.planar else image.samples
    with np.errstate(invalid="ignore", over="ignore"):
        value = np.array(0 if nodata is None else nodata).astype(image.stored)
    if nodata is not None and not math.isnan(nodata) and float(value) != nodata:
        value = np.zeros((), image.stored)  # the type of the samples cannot hold it
    at_once = max(1, _PIECE // image.row_bytes)
    for first in range(0, height, at_once):
        yield np.full((min(at_once, height - first), image.tile[0], depth), value)


def _samples(rows: np.ndarray, image: TiffImage) -> np.ndarray:
    """Rows of bytes as samples of shape (rows, columns, samples of a pixel)."""
    if image.bits < 8:
        return unpacked(rows, image.bits, image.tile[0])[..., None]
    depth = 1 if image.planar else image.samples
    shape = (len(rows), image.tile[0], depth)
    if image.predictor == DIFFERENCES:
        rows = undo_differences(rows, image.stored, depth)
    if image.predictor == FLOAT_DIFFERENCES:
        sums = undo_differences(rows, rows.dtype, depth)
        planes = sums.reshape(len(rows), image.stored.itemsize, -1)
        floats = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{image.stored.itemsize}")
        return floats.reshape(shape)
    return rows.view(image.stored).reshape(shape)
