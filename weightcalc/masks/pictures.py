"""
The pixels of a mask in their places, for the few that are not only counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Block(NamedTuple):
    """
    Some pixels of a picture.

    Attributes
    ----------
    row, column : int
        Where its upper left pixel is.
    values : ndarray of int or bool, shape (rows, columns)
        It may be overwritten when the next block is made.
    """

    row: int
    column: int
    values: np.ndarray


class Picture(NamedTuple):
    """
    The pixels of a file, a block at a time.

    Attributes
    ----------
    width, height : int
        The slices of a volume, and the masks of a stack, stand one below the other.
    blocks : iterator of Block
        Each pixel once.
    axes : str
        Where the axes of a volume lead, such as "RAS"; "" where the file does not say it.
    """

    width: int
    height: int
    blocks: Iterator[Block]
    axes: str = ""


def unpacked(rows: np.ndarray, bits: int, width: int) -> np.ndarray:
    """
    The samples of rows that hold several of them in a byte, the first in its high bits.

    Parameters
    ----------
    rows : ndarray of uint8, shape (rows, bytes)
    bits : int
        1, 2 or 4 of a sample.
    width : int
        Samples of a row, whose last byte may have more.

    Returns
    -------
    ndarray of uint8, shape (rows, width)
    """
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    samples = rows[:, :, None] >> shifts & ((1 << bits) - 1)
    return samples.reshape(len(rows), -1)[:, :width]


def values_of_samples(samples: np.ndarray, encoding: str) -> np.ndarray:
    """
    The values of pixels as `samples.values_of_pixels` has them, without its checks.

    Parameters
    ----------
    samples : ndarray of uint8 or uint16, shape (rows, columns, samples)
    encoding : str
        "color" packs red, green and blue to ``0xRRGGBB``; any other takes the first sample.

    Returns
    -------
    ndarray of int, shape (rows, columns)
    """
    if encoding != "color" or samples.shape[2] < 3:
        return samples[..., 0]
    colors = samples[..., :3].astype(np.uint32)
    if samples.dtype.itemsize == 2:
        colors //= 257
    packed: np.ndarray = colors[..., 0] << 16 | colors[..., 1] << 8 | colors[..., 2]
    return packed
