"""
Counts PNG masks from the compressed rows, without making an image: the careful path, for all
that `png_plain` leaves to it.

Strict where a fault could change a count and tolerant elsewhere: CRCs of critical
chunks, the Adler-32 and the number of rows must be right; what follows the pixels
may be missing or odd, which is noted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import DamagedError
from ..files.limits import check_bytes, check_row
from ..kernels.counters import PackedCounter, RowCounter
from .options import ReadOptions, check_image, check_size
from .png_chunks import Chunks
from .png_header import Header
from .png_values import mask_of
from .samples import pixel_counter
from .value_counts import ValueCounts

_MOST_EXTRA = 64 << 10  # inflated bytes after the last row that are still only odd
_PIECE = 1 << 19  # bytes of rows at a time: they stay in the cache until they are counted


def count_png(file: BinaryIO, options: ReadOptions) -> ValueCounts:
    """
    Count the raw samples of a PNG mask.

    Parameters
    ----------
    file : binary file
        Read from its beginning to its end, in pieces.

    Returns
    -------
    ValueCounts
        Indices of a palette image, samples of a grey one, never scaled. Memory
        depends on the length of a row, not on the number of rows.

    Raises
    ------
    DecodeError
        If the file is damaged where it matters, or its pixels are no labels.
    """
    check_image(options)
    chunks = Chunks(file)
    header = chunks.read_header()
    check_size(header.width, header.height, options)
    _check_bytes(header, options)
    stream = _Inflater(chunks.bodies())
    pixels = _count_passes(header, stream, options)
    stream.finish(chunks.notes)
    chunks.finish()
    return mask_of(header, pixels, chunks.palette, chunks.notes, options)


def read_passes(
    file: BinaryIO, options: ReadOptions
) -> tuple[Header, Iterator[tuple[int, Iterator[bytes | bytearray]]]]:
    """
    The header of a PNG mask, and its passes one after the other: one, or those of Adam7.

    Returns
    -------
    header : Header
    passes : iterator of (int, iterator of bytes)
        Width of a pass, and its rows in pieces of whole rows, as they are filtered.

    Raises
    ------
    DecodeError
        If the file is damaged.
    """
    chunks = Chunks(file)
    header = chunks.read_header()
    check_size(header.width, header.height, options)
    _check_bytes(header, options)
    stream = _Inflater(chunks.bodies())
    return header, (
        (width, _rows(stream, header.row_bytes(width), height)) for width, height in header.passes()
    )


def _check_bytes(header: Header, options: ReadOptions) -> None:
    check_row(header.row_bytes(header.width))
    total = sum((header.row_bytes(w) + 1) * h for w, h in header.passes())
    check_bytes("its image", total, options.max_bytes)


def _count_passes(header: Header, stream: _Inflater, options: ReadOptions) -> dict[int, int]:
    if header.depth < 8:
        return _count_packed(header, stream)
    counter = pixel_counter(header.num_samples, header.depth, options)
    for width, height in header.passes():
        row_bytes = header.row_bytes(width)
        _count_rows(stream, row_bytes, height, RowCounter(row_bytes, counter))
    return counter.counts()


def _count_packed(header: Header, stream: _Inflater) -> dict[int, int]:
    found: dict[int, int] = {}
    for width, height in header.passes():
        row_bytes = header.row_bytes(width)
        counter = PackedCounter(header.depth, width)
        _count_rows(stream, row_bytes, height, RowCounter(row_bytes, counter.bytes, counter.last))
        for value, number in counter.counts().items():
            found[value] = found.get(value, 0) + number
    return found


def _count_rows(stream: _Inflater, row_bytes: int, height: int, counter: RowCounter) -> None:
    for data in _rows(stream, row_bytes, height):
        counter.add(data)


def _rows(stream: _Inflater, row_bytes: int, height: int) -> Iterator[bytes | bytearray]:
    """Filtered rows, a piece of whole ones at a time."""
    rows_at_once = max(1, _PIECE // (row_bytes + 1))
    for first in range(0, height, rows_at_once):
        wanted = min(rows_at_once, height - first) * (row_bytes + 1)
        data = stream.read(wanted)
        if len(data) < wanted:
            whole = first + len(data) // (row_bytes + 1)
            raise DamagedError(f"its pixels end after {whole} of {height} rows")
        yield data


class _Inflater:
    """The rows that the bodies of IDAT inflate to, in pieces of any size."""

    def __init__(self, bodies: Iterator[memoryview]) -> None:
        self._bodies = bodies
        self._input: memoryview | bytes = b""
        self._zlib = zlib.decompressobj()

    def read(self, size: int) -> bytes | bytearray:
        """The next `size` bytes; fewer where the stream ends."""
        data = self._inflate(size)
        if len(data) == size:
            return data
        joined = bytearray(data)
        while len(joined) < size and self._refill():
            joined += self._inflate(size - len(joined))
        return joined

    def _inflate(self, size: int) -> bytes:
        try:
            data: bytes = self._zlib.decompress(self._input, size)
        except zlib.error as error:
            raise DamagedError(f"its compressed data is damaged: {error}") from error
        self._input = self._zlib.unconsumed_tail
        return data

    def _refill(self) -> bool:
        if self._zlib.eof:
            return False
        if not self._input:
            self._input = next(self._bodies, b"")
        return bool(self._input)

    def finish(self, notes: list[str]) -> None:
        """Check that the stream ends here, with its checksum, and that no more follows."""
        extra = len(self.read(_MOST_EXTRA + 1))
        if extra > _MOST_EXTRA:
            raise DamagedError(f"more than {_MOST_EXTRA} bytes follow its last row")
        if not self._zlib.eof:
            raise DamagedError("its compressed data ends before the checksum (Adler-32)")
        if extra:
            notes.append(f"{extra} bytes follow its last row")
        unused = len(self._zlib.unused_data) + sum(len(body) for body in self._bodies)
        if unused:
            notes.append(f"{unused} bytes follow its compressed data")
