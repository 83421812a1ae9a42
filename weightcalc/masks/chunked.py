"""
Counts arrays that are stored in chunks, box by box: HDF5 and Zarr.

A box is made of whole chunks, so that each is decoded once. What may be read of an array is
judged by its header, before any chunk is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import LimitError
from ..files.limits import COUNTER_BYTES, MOST_CHUNKS, MOST_PASSES, check_held, check_masks
from .arrays import Header, boxes, steps_within
from .channels import ChannelCounter, channel_axis
from .options import ReadOptions
from .shapes import (
    bytes_of,
    bytes_of_counter,
    check_values,
    mask_counter,
    mask_of,
    refuse_channels,
    stack_of,
)
from .value_counts import ValueCounts

_BOX_BYTES = 4 << 20  # where chunks are smaller
_BYTES_OF_CHANNELS = 64 << 20  # of a box that holds all channels of its pixels
_CHUNKS_AT_ONCE = 4096  # for each of which the libraries make objects

Box = tuple[slice, ...]


class Chunked(NamedTuple):
    """
    An array of which boxes can be read.

    Attributes
    ----------
    header : Header
        Its type and shape.
    chunks : tuple of int
        Lengths of a chunk along the axes; 1 where it is not stored in chunks.
    read : callable
        The values of a box, as an ndarray of its shape.
    is_whole : bool
        Whether it is not stored in chunks, so that any box is as quick to read.
    """

    header: Header
    chunks: tuple[int, ...]
    read: Callable[[Box], np.ndarray]
    is_whole: bool = False


def count_chunked(array: Chunked, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the masks of an array, as `read_npy` counts those of a file.

    Raises
    ------
    DecodeError
        If its shape or values are not those of masks, or its chunks are too large.
    """
    header = array.header
    check_values(header, options)
    if not array.is_whole:
        _check_chunks(array, options)
    if options.by_channels:
        yield from _count_channels(array, options)
        return
    stack = stack_of(header, options)
    yield from refuse_channels(_count_stack(array, stack, options), stack, options)


def _check_chunks(array: Chunked, options: ReadOptions) -> None:
    """Refuse chunks that are too large, as each is decoded whole, and too many of them."""
    shape, chunks = array.header.shape, _chunks_by(array, options)
    size = math.prod(chunks) * array.header.dtype.itemsize
    check_held("a chunk", size, "save the array with smaller chunks")
    number = math.prod(-(-length // chunk) for length, chunk in zip(shape, chunks, strict=True))
    if number > MOST_CHUNKS:
        raise LimitError(f"it has {number} chunks, more than {MOST_CHUNKS}").with_hint(
            "save the array with larger chunks"
        )


def _chunks_by(array: Chunked, options: ReadOptions) -> list[int]:
    """Lengths of chunks; of colours the samples of a pixel belong together."""
    chunks = list(array.chunks)
    if options.encoding == "color" and chunks:
        chunks[-1] = max(chunks[-1], array.header.shape[-1])
    return chunks


def _count_stack(array: Chunked, stack: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    """Count masks along the first axis that is not 1 long, those of a chunk together."""
    shape, chunks = array.header.shape, _chunks_by(array, options)
    num_masks = stack.shape[0] if len(stack.shape) == 3 else 1
    axis = shape.index(num_masks) if num_masks > 1 else None
    most = max(1, COUNTER_BYTES // bytes_of_counter(stack))
    for masks, parts in _groups(array, chunks, axis, most):
        counters = [mask_counter(stack.dtype, options) for _ in masks]
        for _, block in parts:
            values = np.ascontiguousarray(block)
            if options.encoding == "color":
                values = values.view(stack.dtype)
            for counter, mask in zip(counters, values.reshape(len(counters), -1), strict=True):
                counter.add(bytes_of(mask))
        yield from (mask_of(counter, stack, options) for counter in counters)


def _count_channels(array: Chunked, options: ReadOptions) -> Iterator[ValueCounts]:
    header, chunks = array.header, list(array.chunks)
    channels = channel_axis(header, options)
    stacked = 0 if len(header.shape) == 4 and channels > 0 else None
    check_masks(1 if stacked is None else header.shape[stacked])
    mask_shape = tuple(
        size for axis, size in enumerate(header.shape) if axis not in (stacked, channels)
    )
    num_channels = header.shape[channels]
    if math.prod(chunks) // chunks[channels] * num_channels * 8 <= _BYTES_OF_CHANNELS:
        chunks[channels] = num_channels
    most = max(1, COUNTER_BYTES // math.prod(mask_shape))
    for masks, parts in _groups(array, chunks, stacked, most):
        counters = [ChannelCounter(mask_shape, num_channels, options) for _ in masks]
        for box, values_of_box in parts:
            block = np.moveaxis(values_of_box, channels, -1)
            place = tuple(s for axis, s in enumerate(box) if axis not in (stacked, channels))
            for number, counter in enumerate(counters):
                values = block if stacked is None else block[number]
                counter.add(values, box[channels].start, place)
        yield from (counter.counts() for counter in counters)


def _groups(
    array: Chunked, chunks: Sequence[int], axis: int | None, most: int
) -> Iterator[tuple[range, Iterator[tuple[Box, np.ndarray]]]]:
    """
    Masks that share chunks along an axis, at most so many, and the boxes of values that hold them.

    The axis is None for an array that is one mask.
    """
    shape = array.header.shape
    values = _BOX_BYTES // array.header.dtype.itemsize
    if not array.is_whole:
        values = min(values, _CHUNKS_AT_ONCE * math.prod(chunks))
    if axis is None:
        yield (
            range(1),
            ((box, array.read(box)) for box in boxes(shape, steps_within(shape, chunks, values))),
        )
        return
    chunk = min(chunks[axis], shape[axis])
    mask = math.prod(shape) // shape[axis]
    step = max(1, min(values // (mask * chunk), most // chunk)) * chunk
    for first in range(0, shape[axis], step):
        length = min(step, shape[axis] - first)
        part = (*shape[:axis], length, *shape[axis + 1 :])
        steps = steps_within(part, (*chunks[:axis], length, *chunks[axis + 1 :]), values)
        places = [_moved(box, axis, first) for box in boxes(part, steps)]
        _check_repeats(len(places), -(-length // most))
        read = _reading_each_once(array)
        for begin in range(first, first + length, most):
            masks = range(begin, min(begin + most, first + length))
            yield masks, (_within(box, read(box), axis, masks) for box in places)


def _check_repeats(num_boxes: int, repeats: int) -> None:
    """Refuse chunks that would be decoded over and over, as they hold parts of too many masks."""
    if num_boxes > 1 and repeats > MOST_PASSES:
        raise LimitError(
            f"each of its chunks holds parts of so many masks that it had to be decoded {repeats} times"
        ).with_hint("save the array with chunks of whole masks")


def _reading_each_once(array: Chunked) -> Callable[[Box], np.ndarray]:
    """A reader of boxes that holds the last one, which may be wanted for several groups of masks."""
    held: dict[int, tuple[Box, np.ndarray]] = {}

    def read(box: Box) -> np.ndarray:
        if 0 not in held or held[0][0] != box:
            held.clear()  # before the next one is read
            held[0] = box, array.read(box)
        return held[0][1]

    return read


def _within(box: Box, values: np.ndarray, axis: int, masks: range) -> tuple[Box, np.ndarray]:
    """The part of a box that is of these masks."""
    start, stop = masks[0], masks[-1] + 1
    offset = box[axis].start
    part = (slice(None),) * axis + (slice(start - offset, stop - offset),)
    return (*box[:axis], slice(start, stop), *box[axis + 1 :]), values[part]


def _moved(box: Box, axis: int, offset: int) -> Box:
    start, stop = box[axis].start, box[axis].stop
    return (*box[:axis], slice(start + offset, stop + offset), *box[axis + 1 :])
