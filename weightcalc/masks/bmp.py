"""
Counts BMP masks row by row or run by run, by their indices or colours.

Pillow takes some BMP files whose palette is grey for another depth than they have,
drops empty rows of run-length compressed ones and cuts runs that are too long, so
they are read here; only those with bit masks for their colours are left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import DamagedError, UnsupportedError
from ..files.limits import check_row
from ..kernels.counters import PackedCounter, ValueCounter
from .options import ReadOptions, check_size
from .samples import colors_in_use, colors_of_indices, pixel_counter, values_of_pixels
from .value_counts import ValueCounts

_PIECE = 1 << 18  # bytes of rows read at a time
_DEPTHS = {0: (1, 4, 8, 24, 32), 1: (8,), 2: (4,), 3: (32,)}  # of each compression
_BIT_MASKS = 3
_END_OF_RUNS = b"\0\1"


class Header(NamedTuple):
    """What the headers of a BMP file say; `palette` is red, green and blue of each index."""

    width: int
    height: int
    depth: int
    compression: int
    offset: int
    palette: bytes

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, which are a multiple of 4."""
        return (self.width * self.depth + 31) // 32 * 4


def count_bmp(file: BinaryIO, options: ReadOptions) -> ValueCounts | None:
    """
    Count a BMP mask; None for one with bit masks.

    Raises
    ------
    DecodeError
        If the file is damaged or no mask.
    """
    header, notes = _read_header(file)
    check_size(header.width, header.height, options)
    if header.compression == _BIT_MASKS:
        file.seek(0)
        return None
    file.seek(header.offset)
    if header.compression:
        values = _count_runs(file, header, notes)
    else:
        values = (
            _count_indices(file, header)
            if header.depth <= 8
            else _count_pixels(file, header, options)
        )
    if header.depth > 8:
        values = values_of_pixels(values, 3, 8, options)
    elif options.encoding == "color":
        values = colors_of_indices(values, header.palette)
    elif max(values) >= len(header.palette) // 3:
        notes.append(f"index {max(values)} lies past its palette")
    kind = "palette" if header.depth <= 8 else "RGB"
    by_index = header.depth <= 8 and options.encoding != "color"
    colors = colors_in_use(values, header.palette) if by_index else None
    return ValueCounts(
        values, header.width * header.height, kind, notes=tuple(notes), colors=colors
    )


def _read_header(file: BinaryIO) -> tuple[Header, list[str]]:
    start = file.read(18)
    if len(start) < 18:
        raise DamagedError("it ends inside its header")
    _, file_size, _, offset, size = struct.unpack("<2sIIII", start)
    if size not in (12, 40, 52, 56, 64, 108, 124):
        raise UnsupportedError(f"a BMP header of {size} bytes is unknown")
    body = file.read(size - 4)
    if len(body) < size - 4:
        raise DamagedError("it ends inside its header")
    if size == 12:
        width, height, planes, depth = struct.unpack("<HHHH", body)
        compression, num_colors, entry = 0, 0, 3
    else:
        width, height, planes, depth, compression = struct.unpack_from("<iiHHI", body)
        num_colors, entry = struct.unpack_from("<I", body, 28)[0], 4
    if planes != 1 or depth not in _DEPTHS.get(compression, ()):
        raise UnsupportedError(f"BMP of {depth} bits and compression {compression} is no mask")
    palette = _read_palette(file, depth, num_colors, entry)
    if offset < file.tell():
        raise DamagedError(f"its pixels begin at byte {offset}, inside its header")
    notes = [] if file_size in (0, file.seek(0, 2)) else ["its header states another file size"]
    return Header(width, abs(height), depth, compression, offset, palette), notes


def _read_palette(file: BinaryIO, depth: int, num_colors: int, entry: int) -> bytes:
    if depth > 8:
        return b""
    if num_colors > 1 << depth:
        raise DamagedError(f"a palette of {num_colors} colours is too large for {depth} bits")
    wanted = (num_colors or 1 << depth) * entry
    raw = file.read(wanted)
    if len(raw) < wanted:
        raise DamagedError("it ends inside its palette")
    return b"".join(raw[i : i + 3][::-1] for i in range(0, wanted, entry))


def _rows(file: BinaryIO, header: Header, used: int) -> Iterator[np.ndarray]:
    """The first `used` bytes of all rows, shape (rows, used), in pieces."""
    check_row(header.row_bytes)
    at_once = max(1, _PIECE // header.row_bytes)
    for first in range(0, header.height, at_once):
        wanted = min(at_once, header.height - first)
        data = file.read(wanted * header.row_bytes)
        if len(data) < wanted * header.row_bytes:
            whole = first + len(data) // header.row_bytes
            raise DamagedError(f"its pixels end after {whole} of {header.height} rows")
        rows = np.frombuffer(data, np.uint8).reshape(wanted, header.row_bytes)
        yield np.ascontiguousarray(rows[:, :used])


def _count_indices(file: BinaryIO, header: Header) -> dict[int, int]:
    if header.depth == 8:
        counter: ValueCounter | PackedCounter = ValueCounter(1)
    else:
        counter = PackedCounter(header.depth, header.width)
    for rows in _rows(file, header, (header.width * header.depth + 7) // 8):
        counter.add(rows.reshape(-1))
    return counter.counts()


def _count_pixels(file: BinaryIO, header: Header, options: ReadOptions) -> dict[int, int]:
    """Packed colours; the file has blue, green, red, and in 32 bits a byte without meaning."""
    counter = pixel_counter(3, 8, options)
    for rows in _rows(file, header, header.width * header.depth // 8):
        pixels = rows.reshape(-1, header.depth // 8)
        counter.add(np.ascontiguousarray(pixels[:, 2::-1]).reshape(-1))
    return counter.counts()


def _count_runs(file: BinaryIO, header: Header, notes: list[str]) -> dict[int, int]:
    """Indices of runs; pixels that are jumped over are 0, as other readers have them."""
    width, height = header.width, header.height
    counts = [0] * 256
    x = y = 0
    while (command := file.read(2)) != _END_OF_RUNS and len(command) == 2:
        number, argument = command
        if number or argument > 2:
            x += _count_run(file, header.depth, command, counts)
        elif argument == 2:
            right, up = _exactly(file, 2)
            x, y = x + right, y + up
        else:
            x, y = 0, y + 1
        if x > width or y > height or (y == height and x):
            raise DamagedError(f"in row {y} of {height} its runs leave the image")
    if command != _END_OF_RUNS:
        notes.append("the end mark of its runs is missing")
    if y < height - 1 or (y < height and x < width and command != _END_OF_RUNS):
        raise DamagedError(f"its runs end after {y} of {height} rows")
    if skipped := width * height - sum(counts):
        notes.append(f"{skipped} pixels that its runs jump over are counted as index 0")
        counts[0] += skipped
    return {index: number for index, number in enumerate(counts) if number}


def _count_run(file: BinaryIO, depth: int, command: bytes, counts: list[int]) -> int:
    """Count the pixels of a run, or of a stretch of single ones, and give their number."""
    number, argument = command
    if depth == 8:
        if number:
            counts[argument] += number
        else:
            for index in _exactly(file, argument + argument % 2)[:argument]:
                counts[index] += 1
    elif number:
        counts[argument >> 4] += (number + 1) // 2
        counts[argument & 15] += number // 2
    else:
        pairs = _exactly(file, (argument + 3) // 4 * 2)
        for index in [half for pair in pairs for half in (pair >> 4, pair & 15)][:argument]:
            counts[index] += 1
    return number or argument


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise DamagedError("it ends inside a run")
    return data
