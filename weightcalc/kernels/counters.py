"""
Loops over pixels: a checking face over two twins, one compiled and one in NumPy.

Both count bit patterns: a value of 1 to 8 bytes is the little-endian integer of
its bytes. What a pattern means (big-endian, signed, a colour) is worked out at
the end, when only the few different values of a mask are left.
"""

from __future__ import annotations

import os
from itertools import compress, islice
from typing import TYPE_CHECKING

from ..errors import DamagedError, ValuesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from .buffers import Bytes

COMPILED = not os.environ.get("WEIGHTCALC_PURE_PYTHON")
if COMPILED:
    try:
        from ._kernels import count_rows, count_values
    except ImportError:
        if os.environ.get("WEIGHTCALC_REQUIRE_COMPILED"):
            raise
        COMPILED = False
if not COMPILED:
    from .numpy_twin import count_rows, count_values

MOST_VALUES = 1 << 16  # more different values than this are no classes
_ZEROS = bytes(8 * 256)
_PIECE = 15 << 14  # bytes that stay in the cache; whole values of any width


class ValueCounter:
    """
    The number of times that each value occurs, added up piece by piece.

    Parameters
    ----------
    width : int
        Bytes of a value: 1, 2, 3, 4, 6 or 8.
    order : str
        "little" or "big": the order of these bytes.
    signed : bool
        Whether the value is a two's complement.
    on_piece : callable, optional
        Called with this counter after each piece; may raise DecodeError to end the counting.

    Attributes
    ----------
    numbers : memoryview of int64, or dict of int to int
        Pattern to number of times.
    """

    def __init__(
        self,
        width: int,
        order: Literal["little", "big"] = "little",
        *,
        signed: bool = False,
        on_piece: Callable[[ValueCounter], object] | None = None,
    ) -> None:
        if width not in (1, 2, 3, 4, 6, 8):
            raise TypeError(f"cannot count values of {width} bytes")
        self.width = width
        self._order = order
        self._signed = signed
        self._on_piece = on_piece
        table = bytearray(8 * 256**width if width <= 2 else 0)
        self.numbers: Bytes = memoryview(table).cast("q") if width <= 2 else {}

    @property
    def largest(self) -> int:
        """Largest value that so many bytes can hold."""
        return (1 << (8 * self.width - self._signed)) - 1

    def add(self, data: Bytes) -> None:
        """
        Count the values whose bytes are `data`.

        Raises
        ------
        DecodeError
            If there are more than 65,536 different ones by now.
        """
        values = memoryview(data).cast("B")
        if len(values) % self.width:
            raise TypeError(f"{len(values)} bytes are no whole values of {self.width} bytes")
        for start in range(0, len(values), _PIECE):
            count_values(values[start : start + _PIECE], self.width, self.numbers)
            self.check_values()

    def check_values(self) -> None:
        """Raise DecodeError if `on_piece` does, or there are more than 65,536 different values."""
        if self._on_piece is not None:
            self._on_piece(self)
        if self.width > 2 and len(self.numbers) > MOST_VALUES:
            raise ValuesError(f"more than {MOST_VALUES} different values: not a mask")

    def values_after(self, number: int) -> Iterator[int]:
        """The values of 3 bytes or more in the order found, without the first `number`."""
        return map(self._meaning, islice(self.numbers, number, None))

    def counts(self) -> dict[int, int]:
        """Value to number of times; values that do not occur are left out."""
        found = self._in_table() if self.width <= 2 else self.numbers
        if self.width == 1 and not self._signed:
            return found
        return {self._meaning(pattern): number for pattern, number in found.items()}

    def _in_table(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(self.numbers), 256):
            block = self.numbers[start : start + 256]
            if block.tobytes() != _ZEROS:  # as most of the 65,536 are
                found.update(compress(enumerate(numbers := block.tolist(), start), numbers))
        return found

    def _meaning(self, pattern: int) -> int:
        raw = pattern.to_bytes(self.width, "little")
        return int.from_bytes(raw, self._order, signed=self._signed)


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

    Attributes
    ----------
    bytes, last : ValueCounter
        All bytes, and the last one of each row.
    """

    def __init__(self, depth: int, width: int) -> None:
        self._depth = depth
        self._row_bytes = (width * depth + 7) // 8
        self._padding = self._row_bytes * 8 // depth - width
        self.bytes = ValueCounter(1)
        self.last = ValueCounter(1)

    def add(self, rows: Bytes) -> None:
        """Count the samples of whole rows."""
        self.bytes.add(rows)
        if self._padding:
            self.last.add(bytes(memoryview(rows)[self._row_bytes - 1 :: self._row_bytes]))

    def counts(self) -> dict[int, int]:
        """Sample to number of times."""
        found: dict[int, int] = {}
        for byte, number in self.bytes.counts().items():
            self._add_samples(found, byte, 8 // self._depth, number)
        for byte, number in self.last.counts().items():
            self._add_samples(found, byte, self._padding, -number)
        return {value: number for value, number in found.items() if number}

    def _add_samples(self, found: dict[int, int], byte: int, samples: int, number: int) -> None:
        """Add `number` for each of the lowest `samples` samples of a byte."""
        for _ in range(samples):
            value = byte & ((1 << self._depth) - 1)
            found[value] = found.get(value, 0) + number
            byte >>= self._depth


class RowCounter:
    """
    Counts the pixels of PNG rows, whose filters it undoes, a piece of rows at a time.

    Parameters
    ----------
    row_bytes : int
        Bytes of a row, without the filter type before it.
    counter : ValueCounter
        Gets the pixels. What "left" means to the filters is the width of its values.
    last : ValueCounter, optional
        Gets the last byte of each row too.
    """

    def __init__(
        self, row_bytes: int, counter: ValueCounter, last: ValueCounter | None = None
    ) -> None:
        self._row_bytes = row_bytes
        self._counter = counter
        self._last = last.numbers if last else b""
        self._above = bytearray(row_bytes)
        self._num_rows = 0

    def add(self, rows: Bytes) -> None:
        """
        Count the pixels of whole rows, each preceded by its filter type.

        Raises
        ------
        DecodeError
            If a filter type is above 4, or there are more than 65,536 different pixels by now.
        """
        counter, size = self._counter, self._row_bytes + 1
        bad = count_rows(rows, counter.width, self._above, counter.numbers, self._last)
        if bad >= 0:
            kind = memoryview(rows)[bad * size]
            raise DamagedError(f"row {self._num_rows + bad} has filter type {kind}, above 4")
        self._num_rows += len(rows) // size
        counter.check_values()
