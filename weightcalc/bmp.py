"""
Counts uncompressed BMP masks row by row, by their indices or colours.

Pillow takes some BMP files whose palette is grey for another depth than they have,
so their samples are read here; only run-length compressed ones are left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from .counts import ValueCounts
from .encodings import ReadOptions, check_size, colors_of_indices, values_of_pixels
from .errors import DecodeError
from .kernels import PackedCounter, ValueCounter

_PIECE = 1 << 18  # bytes of rows read at a time
_LARGEST_ROW = 64 << 20
_DEPTHS = (1, 4, 8, 24, 32)


class Header(NamedTuple):
    """What the headers of a BMP file say; `palette` is red, green and blue of each index."""

    width: int
    height: int
    depth: int
    compressed: bool
    offset: int
    palette: bytes

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, which are a multiple of 4."""
        return (self.width * self.depth + 31) // 32 * 4


def count_bmp(file: BinaryIO, options: ReadOptions) -> ValueCounts | None:
    """
    Count a BMP mask; None for one that is compressed.

    Raises
    ------
    DecodeError
        If the file is damaged or no mask.
    """
    header, notes = _read_header(file)
    check_size(header.width, header.height, options)
    if header.compressed:
        file.seek(0)
        return None
    if header.row_bytes > _LARGEST_ROW:
        raise DecodeError(f"a row of {header.row_bytes} bytes is longer than {_LARGEST_ROW}")
    file.seek(header.offset)
    values = (_count_indices if header.depth <= 8 else _count_pixels)(file, header)
    if header.depth > 8:
        values = values_of_pixels(values, 3, 8, options.encoding)
    elif options.encoding == "color":
        values = colors_of_indices(values, header.palette)
    elif max(values) >= len(header.palette) // 3:
        notes.append(f"index {max(values)} lies past its palette")
    kind = "palette" if header.depth <= 8 else "RGB"
    return ValueCounts(values, header.width * header.height, kind, notes=tuple(notes))


def _read_header(file: BinaryIO) -> tuple[Header, list[str]]:
    start = file.read(18)
    if len(start) < 18:
        raise DecodeError("it ends inside its header")
    _, file_size, _, offset, size = struct.unpack("<2sIIII", start)
    if size not in (12, 40, 52, 56, 64, 108, 124):
        raise DecodeError(f"a BMP header of {size} bytes is unknown")
    body = file.read(size - 4)
    if len(body) < size - 4:
        raise DecodeError("it ends inside its header")
    if size == 12:
        width, height, planes, depth = struct.unpack("<HHHH", body)
        compression, num_colors, entry = 0, 0, 3
    else:
        width, height, planes, depth, compression = struct.unpack_from("<iiHHI", body)
        num_colors, entry = struct.unpack_from("<I", body, 28)[0], 4
    if planes != 1 or depth not in _DEPTHS or compression not in (0, 1, 2, 3):
        raise DecodeError(f"BMP of {depth} bits and compression {compression} is no mask")
    palette = _read_palette(file, depth, num_colors, entry)
    if offset < file.tell():
        raise DecodeError(f"its pixels begin at byte {offset}, inside its header")
    notes = [] if file_size in (0, file.seek(0, 2)) else ["its header states another file size"]
    return Header(width, abs(height), depth, compression != 0, offset, palette), notes


def _read_palette(file: BinaryIO, depth: int, num_colors: int, entry: int) -> bytes:
    if depth > 8:
        return b""
    if num_colors > 1 << depth:
        raise DecodeError(f"a palette of {num_colors} colours is too large for {depth} bits")
    wanted = (num_colors or 1 << depth) * entry
    raw = file.read(wanted)
    if len(raw) < wanted:
        raise DecodeError("it ends inside its palette")
    return b"".join(raw[i : i + 3][::-1] for i in range(0, wanted, entry))


def _rows(file: BinaryIO, header: Header, used: int) -> Iterator[np.ndarray]:
    """The first `used` bytes of all rows, shape (rows, used), in pieces."""
    at_once = max(1, _PIECE // header.row_bytes)
    for first in range(0, header.height, at_once):
        wanted = min(at_once, header.height - first)
        data = file.read(wanted * header.row_bytes)
        if len(data) < wanted * header.row_bytes:
            whole = first + len(data) // header.row_bytes
            raise DecodeError(f"its pixels end after {whole} of {header.height} rows")
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


def _count_pixels(file: BinaryIO, header: Header) -> dict[int, int]:
    """Packed colours; the file has blue, green, red, and in 32 bits a byte without meaning."""
    counter = ValueCounter(3, "big")
    for rows in _rows(file, header, header.width * header.depth // 8):
        pixels = rows.reshape(-1, header.depth // 8)
        counter.add(np.ascontiguousarray(pixels[:, 2::-1]).reshape(-1))
    return counter.counts()
