"""
The pixels of PNG masks in their places; `png` counts them without making them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

import numpy as np

from ..files.limits import check_held
from ..kernels.numpy_twin import undo_filters
from .options import ReadOptions
from .pictures import Block, Picture, unpacked, values_of_samples
from .png import read_passes
from .png_header import Header

_Passes: TypeAlias = Iterator[tuple[int, Iterator[bytes | bytearray]]]


def picture_of_png(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The pixels of a PNG mask that has been counted.

    Raises
    ------
    DecodeError
        If the file is damaged, or interlaced and very large.
    """
    header, passes = read_passes(file, options)
    blocks = _interlaced if header.interlaced else _in_rows
    return Picture(header.width, header.height, blocks(header, passes, options.encoding))


def _in_rows(header: Header, passes: _Passes, encoding: str) -> Iterator[Block]:
    for width, pieces in passes:
        row = 0
        for values in _rows(header, width, pieces, encoding):
            yield Block(row, 0, values)
            row += len(values)


def _interlaced(header: Header, passes: _Passes, encoding: str) -> Iterator[Block]:
    size = 4 * header.width * header.height
    check_held("an interlaced PNG", size, "save it without interlacing")
    whole = np.zeros((header.height, header.width), np.uint32)
    for (x, y, dx, dy), (width, pieces) in zip(header.places(), passes, strict=True):
        rows = list(_rows(header, width, pieces, encoding))
        whole[y::dy, x::dx] = np.concatenate(rows)
    yield Block(0, 0, whole)


def _rows(
    header: Header, width: int, pieces: Iterator[bytes | bytearray], encoding: str
) -> Iterator[np.ndarray]:
    """Values of whole rows, shape (rows, width)."""
    row_bytes = header.row_bytes(width)
    step = max(1, header.num_samples * header.depth // 8)
    above = bytearray(row_bytes)
    for piece in pieces:
        rows = undo_filters(np.frombuffer(piece, np.uint8).reshape(-1, row_bytes + 1), step, above)
        yield values_of_samples(_samples(rows, header, width), encoding)


def _samples(rows: np.ndarray, header: Header, width: int) -> np.ndarray:
    """Rows of bytes as samples of shape (rows, width, samples of a pixel)."""
    if header.depth < 8:
        return unpacked(rows, header.depth, width)[..., None]
    return rows.view(f">u{header.depth // 8}").reshape(len(rows), width, header.num_samples)
