"""
Counts arrays that are stored in chunks, box by box: HDF5 and Zarr.

A box is made of whole chunks, so that each is decoded once. What may be read of an array is
judged by its header, before any chunk is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..errors import LimitError
from .arrays import Header, boxes, steps_within
from .channels import ChannelCounter, channel_axis
from .options import ReadOptions
from .shapes import bytes_of, check_values, mask_counter, mask_of, refuse_channels, stack_of
from .value_counts import ValueCounts

_PIECE = 4 << 20  # bytes of a box, where chunks are smaller
LARGEST_CHUNK = 1 << 30  # bytes, when decoded
_LARGEST_PIXELS = 64 << 20  # bytes of a box that holds all channels of its pixels
_TABLES = 64 << 20  # bytes for the counters of masks that share chunks

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
    """

    header: Header
    chunks: tuple[int, ...]
    read: Callable[[Box], np.ndarray]


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
    size = math.prod(map(min, array.chunks, header.shape)) * header.dtype.itemsize
    if size > LARGEST_CHUNK:
        raise LimitError(
            f"a chunk of {size} bytes must be held whole: more than {LARGEST_CHUNK}"
        ).with_hint("save the array with smaller chunks")
    if options.by_channels:
        yield from _count_channels(array, options)
        return
    stack = stack_of(header, options)
    yield from refuse_channels(_count_stack(array, stack, options), stack, options)


def _count_stack(array: Chunked, stack: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    """Count masks along the first axis that is not 1 long, those of a chunk together."""
    shape, chunks = array.header.shape, list(array.chunks)
    num_masks = stack.shape[0] if len(stack.shape) == 3 else 1
    axis = shape.index(num_masks) if num_masks > 1 else None
    if options.encoding == "color":
        chunks[-1] = shape[-1]  # the samples of a pixel belong together
    most = max(1, _TABLES // (8 * 256 ** min(2, stack.dtype.itemsize)))
    for masks, parts in _groups(array.header, chunks, axis, most):
        counters = [mask_counter(stack.dtype, options) for _ in masks]
        for box in parts:
            values = np.ascontiguousarray(array.read(box))
            if options.encoding == "color":
                values = values.view(stack.dtype)
            for counter, mask in zip(counters, values.reshape(len(counters), -1), strict=True):
                counter.add(bytes_of(mask))
        yield from (mask_of(counter, stack, options) for counter in counters)


def _count_channels(array: Chunked, options: ReadOptions) -> Iterator[ValueCounts]:
    header, chunks = array.header, list(array.chunks)
    channels = channel_axis(header, options)
    stacked = 0 if len(header.shape) == 4 and channels > 0 else None
    mask_shape = tuple(
        size for axis, size in enumerate(header.shape) if axis not in (stacked, channels)
    )
    num_channels = header.shape[channels]
    if math.prod(chunks) // chunks[channels] * num_channels * 8 <= _LARGEST_PIXELS:
        chunks[channels] = num_channels
    most = max(1, _TABLES // math.prod(mask_shape))
    for masks, parts in _groups(header, chunks, stacked, most):
        counters = [ChannelCounter(mask_shape, num_channels, options) for _ in masks]
        for box in parts:
            block = np.moveaxis(array.read(box), channels, -1)
            place = tuple(s for axis, s in enumerate(box) if axis not in (stacked, channels))
            for number, counter in enumerate(counters):
                values = block if stacked is None else block[number]
                counter.add(values, box[channels].start, place)
        yield from (counter.counts() for counter in counters)


def _groups(
    header: Header, chunks: list[int], axis: int | None, most: int
) -> Iterator[tuple[range, Iterator[Box]]]:
    """
    Masks that share chunks along an axis, at most so many, and the boxes that hold them.

    The axis is None for an array that is one mask.
    """
    shape = header.shape
    values = _PIECE // header.dtype.itemsize
    if axis is None:
        yield range(1), boxes(shape, steps_within(shape, chunks, values))
        return
    mask = math.prod(shape) // shape[axis]
    step = min(max(1, values // (mask * chunks[axis])) * chunks[axis], most)
    for first in range(0, shape[axis], step):
        masks = range(first, min(first + step, shape[axis]))
        part = (*shape[:axis], len(masks), *shape[axis + 1 :])
        steps = steps_within(part, (*chunks[:axis], len(masks), *chunks[axis + 1 :]), values)
        yield masks, (_moved(box, axis, first) for box in boxes(part, steps))


def _moved(box: Box, axis: int, offset: int) -> Box:
    start, stop = box[axis].start, box[axis].stop
    return (*box[:axis], slice(start + offset, stop + offset), *box[axis + 1 :])
