"""
Arrays read from a file piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    file: BinaryIO, dtype: np.dtype[np.generic], num_values: int, group: int
) -> Iterator[np.ndarray]:
    """
    The next values of a file, in arrays of whole groups; each overwrites the one before.

    Raises
    ------
    DecodeError
        If the file ends before them.
    """
    unit = group * dtype.itemsize
    missing = num_values * dtype.itemsize
    buffer = memoryview(bytearray(min(max(1, PIECE // unit) * unit, missing)))
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
