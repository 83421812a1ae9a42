"""
Which masks an array of some shape holds, by index or by colour; what is ambiguous is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..errors import ColorError, DamagedError, ShapeError, ValuesError
from ..files.limits import check_bytes, check_masks
from ..kernels.counters import MOST_VALUES, ValueCounter
from ..kernels.ndarrays import counter_of, whole_numbers
from .arrays import Header
from .options import ReadOptions, check_size
from .samples import pixel_counter, values_of_pixels
from .value_counts import ValueCounts

_MOST_AXES = 32  # that every NumPy can have


def check_values(header: Header, options: ReadOptions) -> None:
    """
    Refuse an array without values, with too many of them, or of a type that is no number.

    Raises
    ------
    DecodeError
    """
    if header.dtype.kind not in "uibf" or header.dtype.itemsize > 8:
        raise ValuesError(f"values of type {header.dtype} are no labels")
    if math.prod(header.shape) == 0:
        raise ShapeError(f"an array of shape {header.shape} has no pixels")
    size = math.prod(header.shape) * header.dtype.itemsize
    check_bytes(f"its array of shape {header.shape}", size, options.max_bytes)


def stack_of(header: Header, options: ReadOptions) -> Header:
    """
    The masks of an array by index or by colour, as an array (H, W) or (N, H, W) of pixels.

    Raises
    ------
    DecodeError
        If the shape is none of masks, or may mean two things.
    """
    if options.encoding == "color":
        header = _as_pixels(header)
    if not header.shape:
        raise ShapeError("a single number is no mask")
    header = header._replace(shape=_without_ones(header.shape))
    _check_shape(header, options)
    return header


def refuse_channels(
    masks: Iterator[ValueCounts], stack: Header, options: ReadOptions
) -> Iterator[ValueCounts]:
    """
    Pass masks on once a value other than 0 and 1 shows that they are no channels.

    Raises
    ------
    ShapeError
        If there is none, and nobody said that they are index masks.
    """
    held = []
    if len(stack.shape) != 3 or options.encoding != "auto":
        yield from masks
        return
    for mask in masks:
        held.append(mask)
        if not mask.values.keys() <= {0, 1}:
            yield from held
            yield from masks
            return
    raise _channels_or_masks(stack, "it holds only 0 and 1")


def bytes_of(values: np.ndarray) -> np.ndarray:
    """The bytes of values or pixels, as the counter of their type wants them."""
    numbers = values if values.dtype.kind == "V" else whole_numbers(values)
    return np.ascontiguousarray(numbers).view(np.uint8)


def mask_counter(dtype: np.dtype[np.generic], options: ReadOptions) -> ValueCounter:
    """A counter of the values or pixels of a mask, which refuses photographs early."""
    return pixel_counter(dtype.itemsize, 8, options) if dtype.kind == "V" else counter_of(dtype)


def bytes_of_counter(stack: Header) -> int:
    """What the counter of a mask may take: a table, or an entry for each value that it has."""
    if stack.dtype.itemsize <= 2 and stack.dtype.kind != "f":  # which are counted as int64
        return int(8 * 256**stack.dtype.itemsize)
    return 100 * min(MOST_VALUES, stack.shape[-1] * stack.shape[-2])


def mask_of(counter: ValueCounter, stack: Header, options: ReadOptions) -> ValueCounts:
    """
    One mask of a stack, from the counter of its values.

    Raises
    ------
    DecodeError
        If a boolean is neither 0 nor 1, or pixels have no colours.
    """
    values, largest = counter.counts(), counter.largest
    if stack.dtype.kind == "b" and max(values) > 1:
        raise DamagedError(f"it holds byte {max(values)} where booleans are 0 and 1")
    if options.encoding == "color":
        values, largest = values_of_pixels(values, stack.dtype.itemsize, 8, options), 255
    notes = ("its floats are all whole numbers",) if stack.dtype.kind == "f" else ()
    pixels = stack.shape[-1] * stack.shape[-2]
    return ValueCounts(values, pixels, "array", largest, notes=notes)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """
    The shape of masks without axes of length 1 that say nothing.

    (H, W, 1) and (1, H, W) are one mask, (N, 1, H, W) and (N, H, W, 1) are N masks, a vector
    is one mask of a row; (N, 1, W) stays as it is.
    """
    axes = list(shape)
    while 3 < len(axes) <= _MOST_AXES and 1 in axes:
        del axes[len(axes) - 1 - axes[::-1].index(1)]
    if len(axes) == 3 and axes[2] == 1:
        axes.pop()
    return tuple([1] * (2 - len(axes)) + axes)


def _check_shape(header: Header, options: ReadOptions) -> None:
    shape = header.shape
    if len(shape) > 3:
        raise ShapeError(
            f"an array of shape {shape} is no mask (H, W) and no stack of them (N, H, W)"
        ).with_hint(_channel_hint(shape))
    if len(shape) == 3:
        check_masks(shape[0])
    check_size(shape[-1], shape[-2], options)
    if options.encoding == "auto" and len(shape) == 3 and shape[2] <= 4:
        raise _channels_or_masks(header, f"its last axis has {shape[2]} entries")


def _as_pixels(header: Header) -> Header:
    """An array of bytes with samples of colour along its last axis, as an array of pixels."""
    samples = header.shape[-1] if header.shape else 0
    if samples not in (3, 4) or header.dtype.str not in ("|u1", "|i1") or header.fortran:
        raise ColorError(
            f"an array of shape {header.shape} and type {header.dtype} has no colours: "
            "it wants uint8 and a last axis of 3 or 4"
        ).with_hint("--encoding index for arrays of class ids")
    return Header(np.dtype(f"V{samples}"), header.shape[:-1], False)


def _channel_hint(shape: tuple[int, ...]) -> str:
    """The option for channels along the shortest axis that can hold them."""
    last, first = len(shape) - 1, len(shape) - 3
    axis = min((last, first, 0), key=lambda a: shape[a])
    said = "" if axis == last else f" --channel-axis {axis}"
    return (
        f"--encoding one-hot{said} if the {shape[axis]} entries of axis {axis} are classes, "
        f"--encoding multilabel{said} if these may overlap"
    )


def _channels_or_masks(header: Header, why: str) -> ShapeError:
    shape = header.shape
    color = header.dtype.str in ("|u1", "|i1") and shape[2] in (3, 4) and not header.fortran
    colors = "--encoding color if its last axis holds colours, " * color
    return ShapeError(f"an array of shape {shape} may be masks or channels: {why}").with_hint(
        f"{colors}{_channel_hint(shape)}, --encoding index if it holds {shape[0]} masks of class ids"
    )
