"""
Masks whose channels are classes, one-hot and multilabel: counted block by block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ..errors import DamagedError, LimitError, ShapeError, ValuesError
from ..files.limits import MOST_CHANNELS, check_held, check_masks
from ..kernels.ndarrays import count_one_hot, count_ones
from .arrays import Header, pieces
from .options import ReadOptions, check_size
from .value_counts import ValueCounts

Place = tuple[slice, ...] | slice


class ChannelCounter:
    """
    The number of pixels of each channel of one mask, added up block by block.

    Parameters
    ----------
    shape : tuple of int
        The axes of the mask without that of the channels.
    channels : int
        How many channels a pixel has.
    options : ReadOptions
        Whether channels may overlap, and what is in a class.

    Raises
    ------
    LimitError
        If there are more channels than a mask can have.
    """

    def __init__(self, shape: tuple[int, ...], channels: int, options: ReadOptions) -> None:
        check_size(math.prod(shape), 1, options)
        if channels > MOST_CHANNELS:
            raise LimitError(f"{channels} channels are more than {MOST_CHANNELS}").with_hint(
                "--channel-axis says which axis of an array holds the channels"
            )
        self._shape = shape
        self._channels = channels
        self._options = options
        self._sums: dict[int, int] = {}
        self._unlabelled = 0
        self._taken: np.ndarray | None = None

    def add(self, block: np.ndarray, first: int, place: Place) -> None:
        """
        Count a block of pixels.

        Parameters
        ----------
        block : ndarray, shape (..., number of channels)
            All channels of its pixels, or some that follow each other.
        first : int
            The first of these channels.
        place : index of an ndarray
            Where the pixels lie in the mask, for blocks that have not all channels.

        Raises
        ------
        DecodeError
            If a channel holds something else than 0 and 1, or channels overlap that must not.
        """
        one_hot = self._options.encoding == "one-hot"
        ones = _ones_of(block, self._options)
        count = count_one_hot if one_hot else count_ones
        found, without = count(ones.reshape(-1, ones.shape[-1]))
        for channel, number in found.items():
            self._sums[first + channel] = self._sums.get(first + channel, 0) + number
        if one_hot and ones.shape[-1] < self._channels:
            self._take((ones != 0).any(axis=-1), place)
        else:
            self._unlabelled += without

    def _take(self, ones: np.ndarray, place: Place) -> None:
        """Remember which pixels had a one, and refuse a second one."""
        size = math.prod(self._shape)
        check_held("a mask with channels first", 4 * size, "save it with its channels last")
        if self._taken is None:
            self._taken = np.zeros(self._shape, bool)
        taken = self._taken[place]
        if np.any(taken & ones):
            raise ValuesError("two ones in a pixel of a one-hot mask").with_hint(
                "--encoding multilabel, where classes may overlap"
            )
        taken |= ones

    def counts(self) -> ValueCounts:
        """What the mask holds."""
        size, taken = math.prod(self._shape), self._taken
        unlabelled = self._unlabelled
        if taken is not None:
            unlabelled = size - int(np.count_nonzero(taken))
        return ValueCounts(
            self._sums, size, self._options.encoding, unlabelled=unlabelled,
            num_channels=self._channels, overlapping=self._options.encoding == "multilabel",
        )  # fmt: skip


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
    axis = channel_axis(header, options)
    channels, num_axes = header.shape[axis], len(header.shape)
    num_masks = header.shape[0] if num_axes == 4 and axis > 0 else 1
    check_masks(num_masks)
    size = math.prod(header.shape) // channels // num_masks
    add = _add_vectors if axis == num_axes - 1 else _add_planes
    for _ in range(num_masks):
        counter = ChannelCounter((size,), channels, options)
        add(counter, file, header.dtype, size, channels)
        yield counter.counts()
    if file.read(1):
        raise DamagedError("bytes follow its array")


def channel_axis(header: Header, options: ReadOptions) -> int:
    """
    The axis of the channels of an array, counted from the first.

    Raises
    ------
    ShapeError
        If its shape is none that has channels, or not along that axis.
    """
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
    return axis % num_axes


def _ones_of(values: np.ndarray, options: ReadOptions) -> np.ndarray:
    """The values, or where --foreground says which they are, whether they are in the channel."""
    if options.foreground is None:
        return values
    low, high = options.foreground
    return (values >= low) & (values <= high)


def _add_vectors(
    counter: ChannelCounter, file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int
) -> None:
    for values in pieces(file, dtype, size * channels, channels):
        counter.add(values.reshape(-1, channels), 0, ())


def _add_planes(
    counter: ChannelCounter, file: BinaryIO, dtype: np.dtype[np.generic], size: int, channels: int
) -> None:
    for channel in range(channels):
        start = 0
        for values in pieces(file, dtype, size, 1):
            counter.add(values[:, None], channel, slice(start, start + len(values)))
            start += len(values)
