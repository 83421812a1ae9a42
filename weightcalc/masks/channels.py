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
    Count an array whose channels are classes.

    Its shape is (H, W, C), (N, H, W, C) for N masks, or (N, C), a mask of N pixels. With
    another channel axis it is (C, H, W), (N, C, H, W), (C, N), or (C, D, H, W), one volume.

    Raises
    ------
    DecodeError
        If a channel holds something else than 0 and 1, or the shape does not fit.
    """
    axis = _channel_axis(header, options)
    channels, num_axes = header.shape[axis], len(header.shape)
    num_masks = header.shape[0] if num_axes == 4 and axis > 0 else 1
    size = math.prod(header.shape) // channels // num_masks
    check_size(size, 1, options)
    count = _count_vectors if axis == num_axes - 1 else _count_planes
    for _ in range(num_masks):
        values, unlabelled = count(file, header.dtype, size, channels, options)
        yield ValueCounts(
            values, size, options.encoding, unlabelled=unlabelled, num_channels=channels,
            overlapping=options.encoding == "multilabel",
        )  # fmt: skip
    if file.read(1):
        raise DamagedError("bytes follow its array")


def _channel_axis(header: Header, options: ReadOptions) -> int:
    num_axes = len(header.shape)
    if num_axes not in (2, 3, 4) or header.fortran:
        order = " in Fortran order" if header.fortran else ""
        raise ShapeError(
            f"an array of shape {header.shape}{order} is not (H, W, C), (N, H, W, C) or (N, C)"
        ).with_hint("save it as numpy.ascontiguousarray in one of these shapes")
    last = num_axes - 1
    axis = last if options.channel_axis is None else options.channel_axis
    axes = {0, last, max(0, num_axes - 3)}  # of (C, ...), (..., C) and (N, C, H, W)
    if not -num_axes <= axis < num_axes or axis % num_axes not in axes:
        shown = ", ".join(map(str, sorted(axes)))
        raise ShapeError(
            f"axis {axis} of an array of shape {header.shape} is no channel axis: it can be {shown}"
        ).with_hint(f"--channel-axis {last}, or another of these")
    axis %= num_axes
    if header.shape[axis] > _MOST_CHANNELS:
        raise ShapeError(f"{header.shape[axis]} channels are more than {_MOST_CHANNELS}").with_hint(
            "--channel-axis says which axis holds the channels"
        )
    return axis


def _ones_of(values: np.ndarray, options: ReadOptions) -> np.ndarray:
    """The values, or where --foreground says which they are, whether they are in the channel."""
    if options.foreground is None:
        return values
    low, high = options.foreground
    return (values >= low) & (values <= high)


def _count_vectors(
    file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int, options: ReadOptions
) -> tuple[dict[int, int], int]:
    count = count_one_hot if options.encoding == "one-hot" else count_ones
    sums: dict[int, int] = {}
    unlabelled = 0
    for values in pieces(file, dtype, size * channels, channels):
        found, without = count(_ones_of(values, options).reshape(-1, channels))
        unlabelled += without
        for channel, number in found.items():
            sums[channel] = sums.get(channel, 0) + number
    return sums, unlabelled


def _count_planes(
    file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int, options: ReadOptions
) -> tuple[dict[int, int], int]:
    """Count channels that follow each other, remembering for one-hot which pixels had a one."""
    one_hot = options.encoding == "one-hot"
    if one_hot and size > _LARGEST_PLANE:
        raise LimitError(f"{size} pixels with channels first are more than {_LARGEST_PLANE}")
    taken = np.zeros(size if one_hot else 0, bool)
    sums: dict[int, int] = {}
    for channel in range(channels):
        start = 0
        for values in pieces(file, dtype, size, 1):
            ones = _ones_of(values, options)
            found, _ = count_ones(ones.reshape(-1, 1))
            sums[channel] = sums.get(channel, 0) + found.get(0, 0)
            if one_hot:
                _take(taken[start : start + len(values)], ones != 0)
                start += len(values)
    unlabelled = size - int(np.count_nonzero(taken)) if one_hot else 0
    return {channel: number for channel, number in sums.items() if number}, unlabelled


def _take(taken: np.ndarray, ones: np.ndarray) -> None:
    if np.any(taken & ones):
        raise ValuesError("two ones in a pixel of a one-hot mask").with_hint(
            "--encoding multilabel, where classes may overlap"
        )
    taken |= ones
