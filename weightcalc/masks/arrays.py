"""
Arrays read from a file piece by piece.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import DamagedError

PIECE = 1 << 20  # bytes read at a time


class Header(NamedTuple):
    """What an array is: its dtype, its shape, and whether its first axis runs fastest."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    fortran: bool


def pieces(
    file: BinaryIO, dtype: np.dtype[np.generic], num_values: int, group: int, size: int = PIECE
) -> Iterator[np.ndarray]:
    """
    The next values of a file, in arrays of whole groups; each overwrites the one before.

    Parameters
    ----------
    file : binary file
    dtype : dtype
    num_values : int
        How many there are.
    group : int
        Values that belong together.
    size : int
        Bytes of an array, if a group has not more.

    Raises
    ------
    DecodeError
        If the file ends before them.
    """
    unit = group * dtype.itemsize
    missing = num_values * dtype.itemsize
    buffer = memoryview(bytearray(min(max(1, size // unit) * unit, missing)))
    while missing:
        piece = buffer[: min(len(buffer), missing)]
        filled = 0
        while filled < len(piece):
            got = file.readinto(piece[filled:])  # type: ignore[attr-defined]
            if not got:
                raise DamagedError(f"its array ends {missing - filled} bytes too early")
            filled += got
        missing -= filled
        yield np.frombuffer(piece, dtype)


def boxes(shape: Sequence[int], steps: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """
    The boxes that an array is cut into, the last axis fastest.

    Parameters
    ----------
    shape, steps : sequence of int
        Lengths of the axes of the array, and of a box; those at the end may be shorter.
    """
    starts = (range(0, size, step) for size, step in zip(shape, steps, strict=True))
    for first in itertools.product(*starts):
        ends = zip(first, steps, shape, strict=True)
        yield tuple(slice(start, min(start + step, size)) for start, step, size in ends)


def steps_within(shape: Sequence[int], chunks: Sequence[int], most: int) -> tuple[int, ...]:
    """
    Lengths of a box of whole chunks that holds at most so many values, or else a single chunk.

    Parameters
    ----------
    shape, chunks : sequence of int
        Lengths of the axes of the array, and of a chunk. The last axis is the fastest.
    most : int
        Values of a box.
    """
    steps = [min(size, chunk) for size, chunk in zip(shape, chunks, strict=True)]
    for axis in reversed(range(len(steps))):
        steps[axis] *= max(1, most // math.prod(steps))
        if steps[axis] < shape[axis]:
            break
        steps[axis] = shape[axis]
    return tuple(steps)
