"""
What is done to the bytes of strips and tiles of TIFF, undone: LZW, and differences of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import DamagedError
from .counters import COMPILED

if COMPILED:
    from ._kernels import add_up_pixels, unpack_lzw
else:
    from .numpy_twin import add_up_pixels, unpack_lzw

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_OF_BYTE = 1 << 12  # bytes that a byte of LZW becomes, as a code takes more than one


def decode_lzw(data: bytes, size: int) -> bytes:
    """
    Decode LZW as TIFF 6.0 has it.

    Parameters
    ----------
    data : bytes
        A whole strip or tile, as it is stored.
    size : int
        Bytes that it decodes to. What follows them is not looked at.

    Returns
    -------
    bytes
        Fewer than `size` if the data ends before.

    Raises
    ------
    DamagedError
        If a code among them has no meaning.
    """
    decoded, wrong = unpack_lzw(data, min(size, _MOST_OF_BYTE * len(data)))
    if wrong >= 0:
        raise DamagedError(f"its LZW code {wrong} after {len(decoded)} bytes has no meaning")
    return decoded


def undo_differences(
    rows: NDArray[np.uint8], sample: np.dtype[np.generic], samples: int
) -> NDArray[np.uint8]:
    """
    Add to each pixel of rows the one before it.

    Parameters
    ----------
    rows : ndarray of uint8, shape (rows, bytes of a row)
        Whole pixels.
    sample : dtype
        Of 1, 2, 4 or 8 bytes, in the order of the file. Sums wrap around, as those of unsigned
        integers do, whatever the bits mean.
    samples : int
        Samples of a pixel, each of which is added to its own kind.

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    is_big = sample.str.startswith(">")
    sums = add_up_pixels(rows, rows.shape[1], sample.itemsize, samples, is_big)
    return np.frombuffer(sums, np.uint8).reshape(rows.shape)
