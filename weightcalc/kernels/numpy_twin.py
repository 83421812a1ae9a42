"""
The loops over pixels in NumPy, for machines where the compiled ones could not be built.

The same functions as in `_kernels.c`, with the same arguments. That of LZW is plain Python.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .buffers import Bytes


_SAMPLE = 8192  # values that tell whether there are long runs
_LZW_CLEAR, _LZW_END = 256, 257
_LZW_STRINGS = [bytes([byte]) for byte in range(256)] + [b"", b""]


def count_values(values: Bytes, width: int, numbers: Bytes) -> None:
    """
    Add up values of `width` bytes.

    Parameters
    ----------
    numbers : buffer of int64, shape (256**width,); or dict of int to int above 2 bytes
        Pattern to number of times.
    """
    if width <= 2:
        table = np.frombuffer(numbers, np.int64)
        table += _number_of_each(np.frombuffer(values, f"<u{width}"), len(table))
        return
    raw = np.frombuffer(values, np.uint8)
    starts = _starts_of_wide(raw, width)
    wide = 4 if width <= 4 else 8
    padded = np.zeros((len(starts), wide), np.uint8)
    padded[:, :width] = raw.reshape(-1, width)[starts]
    firsts = padded.view(f"<u{wide}").reshape(-1)
    found, inverse = np.unique(firsts, return_inverse=True)
    sums = np.bincount(inverse, np.diff(starts, append=len(raw) // width)).astype(np.int64)
    for value, number in zip(found.tolist(), sums.tolist(), strict=True):
        numbers[value] = numbers.get(value, 0) + number


def _number_of_each(array: NDArray[np.unsignedinteger], size: int) -> NDArray[np.int64]:
    sample = array[:_SAMPLE]
    if len(_run_starts(sample)) > len(sample) // 8:  # no long runs: look at each value
        return np.bincount(array, minlength=size)
    starts = _run_starts(array)
    # The floats of bincount are exact: a piece has far less than 2**53 pixels.
    lengths = np.diff(starts, append=len(array))
    return np.bincount(array[starts], lengths, size).astype(np.int64)


def _run_starts(array: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.flatnonzero(array[1:] != array[:-1]) + 1])


def _starts_of_wide(raw: NDArray[np.uint8], width: int) -> NDArray[np.int64]:
    """Where runs of equal values begin, by the bytes that differ from those a value before."""
    if width in (4, 8):
        return _run_starts(raw.view(f"<u{width}"))
    differing = np.flatnonzero(raw[width:] != raw[:-width]) // width + 1
    return np.concatenate([[0], differing[np.diff(differing, prepend=0) > 0]])


def count_rows(rows: Bytes, width: int, above: bytearray, numbers: Bytes, last: Bytes) -> int:
    """
    Undo the filters of PNG rows, and add up their pixels.

    Parameters
    ----------
    rows : bytes-like
        Whole rows, each preceded by its filter type.
    width : int
        Bytes of a pixel.
    above : bytearray
        The row above, replaced by the last row.
    numbers
        As in `count_values`.
    last : buffer of int64, shape (256,), or empty
        Gets the last byte of each row.

    Returns
    -------
    int
        The first row of a filter type above 4, or -1.
    """
    filtered = np.frombuffer(rows, np.uint8).reshape(-1, len(above) + 1)
    bad = np.flatnonzero(filtered[:, 0] > 4)
    if len(bad):
        return int(bad[0])
    if not len(filtered):
        return -1
    pixels = undo_filters(filtered, width, above)
    count_values(pixels, width, numbers)
    if len(last):
        count_values(np.ascontiguousarray(pixels[:, -1]), 1, last)
    return -1


def undo_filters(filtered: NDArray[np.uint8], width: int, above: bytearray) -> NDArray[np.uint8]:
    """
    Undo the filters of PNG rows.

    Parameters
    ----------
    filtered : ndarray of uint8, shape (rows, 1 + bytes of a row)
        At least one row, each preceded by its filter type, which is at most 4.
    width : int
        Bytes of a pixel.
    above : bytearray
        The row above, replaced by the last row.

    Returns
    -------
    ndarray of uint8, shape (rows, bytes of a row)
    """
    pixels = np.empty((len(filtered), len(above)), np.uint8)
    if filtered[:, 0].any():
        for phase in range(width):
            _undo_phase(filtered, phase, width, above, pixels)
    else:
        pixels[:] = filtered[:, 1:]
    above[:] = pixels[-1].tobytes()
    return pixels


def _undo_phase(
    filtered: NDArray[np.uint8], phase: int, step: int, above: bytearray, target: NDArray[np.uint8]
) -> None:
    """
    Undo the filters of every `step`-th byte, which refer to no other bytes.

    Average and Paeth go from byte to byte, for which NumPy has no words, so the
    decoder of Pillow does it: it is handed a grey image of these bytes, headed by
    the row above.
    """
    from PIL import Image

    columns = filtered[:, 1 + phase :: step]
    height, width = columns.shape
    rows = np.zeros((height + 1, width + 1), np.uint8)
    rows[0, 1:] = np.frombuffer(above, np.uint8)[phase::step]
    rows[1:, 0] = filtered[:, 0]
    rows[1:, 1:] = columns
    stream = zlib.compress(rows.tobytes(), 0)
    image = Image.frombytes("L", (width, height + 1), stream, "zip", "L", 0)
    target[:, phase::step] = np.asarray(image)[1:]


def unpack_lzw(data: Bytes, size: int) -> tuple[bytes, int]:
    """
    Decode LZW as TIFF 6.0 has it, up to `size` bytes.

    A loop over codes, not over bytes: the runs of a mask make it fast enough.

    Returns
    -------
    bytes, int
        What was decoded, and the code without meaning that ended it, or -1.
    """
    table, width, before = _LZW_STRINGS.copy(), 9, b""
    parts: list[bytes] = []
    bits = number = done = 0
    for byte in data:
        bits = bits << 8 | byte
        number += 8
        if number < width:
            continue
        number -= width
        code = bits >> number
        bits &= (1 << number) - 1
        if code == _LZW_CLEAR:
            table, width, before = _LZW_STRINGS.copy(), 9, b""
            continue
        if code == _LZW_END or done >= size:
            break
        entry = table[code] if code < len(table) else before + before[:1]
        if not entry or code > len(table) or len(table) > 4096:
            return b"".join(parts), code
        if before:
            table.append(before + entry[:1])
            width = min(12, (len(table) + 1).bit_length())  # one early, as TIFF wants it
        parts.append(entry)
        done += len(entry)
        before = entry
    return b"".join(parts)[:size], -1


def add_up_pixels(rows: Bytes, size: int, width: int, samples: int, is_big: bool) -> bytes:
    """
    Add to each pixel of rows the one before it; sums wrap around.

    Parameters
    ----------
    rows : bytes-like
        Whole rows, of `size` bytes each.
    width : int
        Bytes of a sample, of which a pixel has `samples`.
    is_big : bool
        Whether the first byte of a sample is the highest.
    """
    stored = np.dtype(f"{'>' if is_big else '<'}u{width}")
    pixels = np.frombuffer(rows, stored).reshape(-1, size // (width * samples), samples)
    sums = np.cumsum(pixels, axis=1, dtype=stored.newbyteorder("="))
    return sums.astype(stored, copy=False).tobytes()
