"""
Loops over pixels: a checking face over two twins, one in NumPy and one compiled.

Both count bit patterns: a value of 1 to 8 bytes is the little-endian integer of
its bytes. What a pattern means (big-endian, signed, a colour) is worked out at
the end, when only the few different values of a mask are left.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import numpy as np

from .errors import DecodeError

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import DTypeLike, NDArray

    Bytes: TypeAlias = Any  # what has the buffer protocol, which Python 3.11 cannot say

_PLAIN = tuple(np.dtype(f"<u{width}") for width in (1, 2, 4, 8))  # patterns are values
MOST_VALUES = 1 << 16  # more different values than this are no classes
_PIECE = 15 << 14  # bytes that stay in the cache; whole values of any width


class ValueCounter:
    """
    The number of times that each value occurs, added up piece by piece.

    Parameters
    ----------
    dtype : dtype-like
        Integers or booleans of any byte order; or void of 2, 3, 4, 6 or 8 bytes: pixels of
        several samples, whose value is the big-endian integer of their bytes.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.kind == "b":
            self.dtype = np.dtype(np.uint8)  # other bytes than 0 and 1 must not pass for 1
        self._width = self.dtype.itemsize
        if self.dtype.kind not in "uibV" or self._width not in (1, 2, 3, 4, 6, 8):
            raise TypeError(f"cannot count values of type {self.dtype}")
        self._small = np.zeros(256**self._width if self._width <= 2 else 0, np.int64)
        self._large: dict[int, int] = {}

    def add(self, data: Bytes) -> None:
        """
        Count the values whose bytes are `data`.

        Raises
        ------
        DecodeError
            If there are more than 65,536 different ones by now.
        """
        values = memoryview(data).cast("B")
        if len(values) % self._width:
            raise TypeError(f"{len(values)} bytes are no whole values of {self._width} bytes")
        for start in range(0, len(values), _PIECE):
            piece = values[start : start + _PIECE]
            if self._width <= 2:
                _count_small(piece, self._width, self._small)
            else:
                _count_large(piece, self._width, self._large)
                if len(self._large) > MOST_VALUES:
                    raise DecodeError(f"more than {MOST_VALUES} different values: not a mask")

    def counts(self) -> dict[int, int]:
        """Value to number of times; values that do not occur are left out."""
        if self._width <= 2:
            patterns = np.flatnonzero(self._small)
            found = dict(zip(patterns.tolist(), self._small[patterns].tolist(), strict=True))
        else:
            found = self._large
        return dict(zip(self._meaning(list(found)), found.values(), strict=True))

    def _meaning(self, patterns: list[int]) -> list[int]:
        if self.dtype in _PLAIN:
            return patterns
        raw = b"".join(pattern.to_bytes(self._width, "little") for pattern in patterns)
        if self.dtype.kind == "V":
            pixels = range(0, len(raw), self._width)
            return [int.from_bytes(raw[p : p + self._width], "big") for p in pixels]
        meaning: list[int] = np.frombuffer(raw, self.dtype).tolist()
        return meaning


class PackedCounter:
    """
    The number of times that each sample of 1, 2 or 4 bits occurs, in rows of whole bytes.

    Counts bytes, and takes the samples that pad the rows off again.

    Parameters
    ----------
    depth : int
        Bits of a sample.
    width : int
        Samples of a row; the rest of its last byte is padding.
    """

    def __init__(self, depth: int, width: int) -> None:
        self._depth = depth
        self._row_bytes = (width * depth + 7) // 8
        self._padding = self._row_bytes * 8 // depth - width
        self._bytes = ValueCounter(np.uint8)
        self._last = ValueCounter(np.uint8)

    def add(self, rows: Bytes) -> None:
        """Count the samples of whole rows."""
        self._bytes.add(rows)
        if self._padding:
            self._last.add(bytes(memoryview(rows)[self._row_bytes - 1 :: self._row_bytes]))

    def counts(self) -> dict[int, int]:
        """Sample to number of times."""
        found: dict[int, int] = {}
        for byte, number in self._bytes.counts().items():
            self._add_samples(found, byte, 8 // self._depth, number)
        for byte, number in self._last.counts().items():
            self._add_samples(found, byte, self._padding, -number)
        return {value: number for value, number in found.items() if number}

    def _add_samples(self, found: dict[int, int], byte: int, samples: int, number: int) -> None:
        """Add `number` for each of the lowest `samples` samples of a byte."""
        for _ in range(samples):
            value = byte & ((1 << self._depth) - 1)
            found[value] = found.get(value, 0) + number
            byte >>= self._depth


class RowFilter:
    """
    Undoes the filters of the rows of a PNG image, a piece of rows at a time.

    Parameters
    ----------
    row_bytes : int
        Bytes of a row, without the filter type before it.
    step : int
        Bytes of a pixel, at least 1: what "left" means to the filters.
    """

    def __init__(self, row_bytes: int, step: int) -> None:
        self._row_bytes = row_bytes
        self._step = step
        self._above = bytearray(row_bytes)
        self._out = bytearray()
        self._num_rows = 0

    def undo(self, rows: Bytes) -> memoryview:
        """
        The bytes of whole rows, each preceded by its filter type in `rows`.

        The result is overwritten by the next call.

        Raises
        ------
        DecodeError
            If a filter type is above 4.
        """
        num_rows, rest = divmod(memoryview(rows).nbytes, self._row_bytes + 1)
        if rest:
            raise TypeError(f"{rest} bytes are no whole row of {self._row_bytes}")
        size = num_rows * self._row_bytes
        if len(self._out) < size:
            self._out = bytearray(size)
        out = memoryview(self._out)[:size]
        bad = _undo_filters(rows, self._row_bytes, self._step, self._above, out)
        if bad >= 0:
            kind = memoryview(rows)[bad * (self._row_bytes + 1)]
            raise DecodeError(f"row {self._num_rows + bad} has filter type {kind}, above 4")
        self._num_rows += num_rows
        return out


def count_array(array: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count the values of an array.

    Parameters
    ----------
    array : ndarray of int, bool, or whole float numbers, any shape

    Returns
    -------
    counts : dict of int to int
        Value to number of times.
    largest : int
        Largest value that the type can hold.

    Raises
    ------
    DecodeError
        If the type holds no integers, or a float is not a whole number.
    """
    flat = whole_numbers(array.ravel(order="K"))
    counter = ValueCounter(flat.dtype)
    counter.add(flat.view(np.uint8))
    return counter.counts(), largest_of(flat.dtype)


def count_one_hot(vectors: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count one-hot vectors.

    Parameters
    ----------
    vectors : ndarray of 0 and 1, shape (N, C)

    Returns
    -------
    counts : dict of int to int
        Channel to number of vectors in which it is the one; 0 included.
    unlabelled : int
        Number of vectors without a one.

    Raises
    ------
    DecodeError
        If there is another value than 0 and 1, or two ones in a vector.
    """
    ones = _ones(vectors)
    per_vector = np.count_nonzero(ones, axis=1)
    if np.any(per_vector > 1):
        most = int(per_vector.max())
        raise DecodeError(f"{most} ones in a pixel of a one-hot mask").with_hint(
            "--encoding multilabel, where classes may overlap"
        )
    return _sums(ones), int(np.count_nonzero(per_vector == 0))


def count_ones(vectors: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count the ones of each channel, which may overlap.

    Parameters
    ----------
    vectors : ndarray of 0 and 1, shape (N, C)

    Returns
    -------
    counts : dict of int to int
        Channel to number of ones.
    unlabelled : int
        Always 0: a vector without a one is a negative of every class.

    Raises
    ------
    DecodeError
        If there is another value than 0 and 1.
    """
    return _sums(_ones(vectors)), 0


def _ones(vectors: NDArray[np.generic]) -> NDArray[np.bool_]:
    ones = vectors != 0
    others = vectors[ones & (vectors != 1)]
    if len(others):
        raise DecodeError(f"value {others[0]} in a mask of channels, which hold 0 and 1").with_hint(
            "--encoding index for arrays of class ids"
        )
    return ones


def _sums(ones: NDArray[np.bool_]) -> dict[int, int]:
    sums = np.count_nonzero(ones, axis=0).tolist()
    return {channel: number for channel, number in enumerate(sums) if number}


def whole_numbers(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """
    Turn an array of floats into int64, if all are whole; leave integers as they are.

    Raises
    ------
    DecodeError
        If a float is not a whole number, or the type is neither.
    """
    if array.dtype.kind in "uib":
        return array
    if array.dtype.kind != "f":
        raise DecodeError(f"values of type {array.dtype} are no labels")
    with np.errstate(invalid="ignore", over="ignore"):
        whole = np.isfinite(array) & (array == np.rint(array)) & (np.abs(array) < 2.0**53)
    if not whole.all():
        odd = array[~whole][0]
        raise DecodeError(f"value {odd} is not a whole number, so not a label")
    return array.astype(np.int64)


def largest_of(dtype: np.dtype[np.generic]) -> int:
    """Largest value of an integer or boolean type."""
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype.str).max)


def _numpy_count_small(values: Bytes, width: int, counts: NDArray[np.int64]) -> None:
    array = np.frombuffer(values, f"<u{width}")
    starts = _run_starts(array)
    if len(starts) > len(array) // 8:  # no long runs: look at each value
        counts += np.bincount(array, minlength=len(counts))
        return
    # The floats of bincount are exact: a piece has far less than 2**53 pixels.
    lengths = np.diff(starts, append=len(array))
    counts += np.bincount(array[starts], lengths, len(counts)).astype(np.int64)


def _numpy_count_large(values: Bytes, width: int, counts: dict[int, int]) -> None:
    raw = np.frombuffer(values, np.uint8).reshape(-1, width)
    wide = 4 if width <= 4 else 8
    padded = np.zeros((len(raw), wide), np.uint8)
    padded[:, :width] = raw
    array = padded.view(f"<u{wide}").reshape(-1)
    starts = _run_starts(array)
    found, inverse = np.unique(array[starts], return_inverse=True)
    sums = np.bincount(inverse, np.diff(starts, append=len(array))).astype(np.int64)
    for value, number in zip(found.tolist(), sums.tolist(), strict=True):
        counts[value] = counts.get(value, 0) + number


def _run_starts(array: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.flatnonzero(array[1:] != array[:-1]) + 1])


def _numpy_undo_filters(
    rows: Bytes, row_bytes: int, step: int, above: bytearray, out: memoryview
) -> int:
    filtered = np.frombuffer(rows, np.uint8).reshape(-1, row_bytes + 1)
    bad = np.flatnonzero(filtered[:, 0] > 4)
    if len(bad):
        return int(bad[0])
    target = np.frombuffer(out, np.uint8).reshape(-1, row_bytes)
    if not len(filtered):
        return -1
    if filtered[:, 0].any():
        for phase in range(step):
            _undo_phase(filtered, phase, step, above, target)
    else:
        target[:] = filtered[:, 1:]
    above[:] = target[-1].tobytes()
    return -1


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
    stream = zlib.compress(rows.tobytes(), level=0)
    image = Image.frombytes("L", (width, height + 1), stream, "zip", "L", 0)
    target[:, phase::step] = np.asarray(image)[1:]


_count_small = _numpy_count_small
_count_large = _numpy_count_large
_undo_filters = _numpy_undo_filters
COMPILED = False

if not os.environ.get("WEIGHTCALC_PURE_PYTHON"):
    try:
        from ._kernels import count_large as _count_large
        from ._kernels import count_small as _count_small
        from ._kernels import undo_filters as _undo_filters

        COMPILED = True
    except ImportError:
        if os.environ.get("WEIGHTCALC_REQUIRE_COMPILED"):
            raise
