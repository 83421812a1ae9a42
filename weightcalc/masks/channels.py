"""
Arrays in pieces, and those whose channels are classes: one-hot and multilabel masks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ..errors import DamagedError, LimitError, ShapeError, ValuesError
from ..kernels.ndarrays import count_one_hot, count_ones
from .arrays import Header, pieces
from .options import ReadOptions, check_size
from .value_counts import ValueCounts

_LARGEST_PLANE = 1 << 28  # pixels of a mask whose channels follow each other
_MOST_CHANNELS = 1 << 12


def read_channels(file: BinaryIO, header: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count an array of shape (H, W, C) or (N, H, W, C), or with another channel axis.

    Raises
    ------
    DecodeError
        If a channel holds something else than 0 and 1, or the shape does not fit.
    """
    channels, first = _channel_axis(header, options)
    size = math.prod(header.shape[-3:]) // channels
    height = header.shape[-3] if not first else header.shape[-2]
    check_size(size // height, height, options)
    count = _count_planes if first else _count_vectors
    for _ in range(header.shape[0] if len(header.shape) == 4 else 1):
        values, unlabelled = count(file, header.dtype, size, channels, options.encoding)
        yield ValueCounts(
            values, size, options.encoding, unlabelled=unlabelled, num_channels=channels,
            overlapping=options.encoding == "multilabel",
        )  # fmt: skip
    if file.read(1):
        raise DamagedError("bytes follow its array")


def _channel_axis(header: Header, options: ReadOptions) -> tuple[int, bool]:
    """Number of channels, and whether they come before the rows of a mask."""
    num_axes = len(header.shape)
    if num_axes not in (3, 4) or header.fortran:
        order = " in Fortran order" if header.fortran else ""
        raise ShapeError(
            f"an array of shape {header.shape}{order} is not (H, W, C) or (N, H, W, C)"
        )
    last, before = num_axes - 1, num_axes - 3
    axis = last if options.channel_axis is None else options.channel_axis % num_axes
    if axis not in (last, before):
        raise ShapeError(f"axis {axis} of an array of shape {header.shape} is no channel axis")
    channels = header.shape[axis]
    if channels > _MOST_CHANNELS:
        raise ShapeError(f"{channels} channels are more than {_MOST_CHANNELS}").with_hint(
            "--channel-axis says which axis holds the channels"
        )
    return channels, axis == before


def _count_vectors(
    file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int, encoding: str
) -> tuple[dict[int, int], int]:
    count = count_one_hot if encoding == "one-hot" else count_ones
    sums: dict[int, int] = {}
    unlabelled = 0
    for values in pieces(file, dtype, size * channels, channels):
        found, without = count(values.reshape(-1, channels))
        unlabelled += without
        for channel, number in found.items():
            sums[channel] = sums.get(channel, 0) + number
    return sums, unlabelled


def _count_planes(
    file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int, encoding: str
) -> tuple[dict[int, int], int]:
    """Count channels that follow each other, remembering for one-hot which pixels had a one."""
    one_hot = encoding == "one-hot"
    if one_hot and size > _LARGEST_PLANE:
        raise LimitError(f"{size} pixels with channels first are more than {_LARGEST_PLANE}")
    taken = np.zeros(size if one_hot else 0, bool)
    sums: dict[int, int] = {}
    for channel in range(channels):
        start = 0
        for values in pieces(file, dtype, size, 1):
            found, _ = count_ones(values.reshape(-1, 1))
            sums[channel] = sums.get(channel, 0) + found.get(0, 0)
            if one_hot:
                _take(taken[start : start + len(values)], values != 0)
                start += len(values)
    unlabelled = size - int(np.count_nonzero(taken)) if one_hot else 0
    return {channel: number for channel, number in sums.items() if number}, unlabelled


def _take(taken: np.ndarray, ones: np.ndarray) -> None:
    if np.any(taken & ones):
        raise ValuesError("two ones in a pixel of a one-hot mask").with_hint(
            "--encoding multilabel, where classes may overlap"
        )
    taken |= ones
