"""
Counts arrays in pieces: .npy and .npz of NumPy, never mapped or unpickled, and .label.

The header of .npy is taken apart here, by a pattern that knows three keys and nothing
else. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ..errors import ColorError, DamagedError, LimitError, ShapeError, UnsupportedError, ValuesError
from ..kernels.counters import ValueCounter
from ..kernels.ndarrays import counter_of, whole_numbers
from ..sources.guard import guarded, third_party
from .arrays import PIECE, Header, pieces
from .channels import read_channels
from .options import ReadOptions, check_size
from .pictures import Block, Picture
from .samples import pixel_counter, values_of_pixels
from .value_counts import ValueCounts

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_MOST_AXES = 32  # that every NumPy can have
_ITEM = re.compile(
    r"""\s*(?P<quote>['"])(?P<key>\w+)(?P=quote)\s*:\s*"""
    r"""(?P<value>'[^']*'|"[^"]*"|True|False|\([\d\sL,]*\))\s*(?P<end>,?\s*\}|,)"""
)
_DTYPE = re.compile(r"[<>|=](?:[ui][1248]|b1|f[248])")


def read_npy(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count a .npy file.

    By index its shape is (H, W) or (N,), one mask, or (N, H, W), N masks, and axes of length
    1 beside these are no axes; by colour it has a last axis of 3 or 4 more; by channels
    (one-hot, multilabel) an axis of C channels.

    Raises
    ------
    DecodeError
        If it is damaged, holds no whole numbers, or may be read in two ways.
    """
    header = _read_header(file)
    if math.prod(header.shape) == 0:
        raise ShapeError(f"an array of shape {header.shape} has no pixels")
    if math.prod(header.shape) * header.dtype.itemsize > options.max_bytes:
        raise LimitError(
            f"an array of shape {header.shape} is larger than {options.max_bytes} bytes"
        ).with_hint("--max-bytes, if the file is what it should be")
    if options.encoding in ("one-hot", "multilabel"):
        yield from read_channels(file, header, options)
        return
    if options.encoding == "color":
        header = _as_pixels(header)
    if not header.shape:
        raise ShapeError("a single number is no mask")
    header = header._replace(shape=_without_ones(header.shape))
    _check_shape(header, options)
    masks = _count_stack(file, header, options)
    if len(header.shape) == 3 and options.encoding == "auto":
        masks = _refuse_channels(masks, header)
    yield from masks


def picture_of_npy(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The values of a .npy file that has been counted by index.

    Raises
    ------
    DecodeError
        If it is damaged, or in Fortran order.
    """
    header = _read_header(file)
    shape = _without_ones(header.shape)
    if header.fortran:
        raise ShapeError("an array in Fortran order cannot be united with others").with_hint(
            "save it with numpy.ascontiguousarray"
        )
    return Picture(shape[-1], math.prod(shape[:-1]), _blocks(file, header, shape[-1]))


def _blocks(file: BinaryIO, header: Header, width: int) -> Iterator[Block]:
    row = 0
    for values in pieces(file, header.dtype, math.prod(header.shape), width):
        rows = whole_numbers(values).reshape(-1, width)
        yield Block(row, 0, rows)
        row += len(rows)


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


def read_npz(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count a .npz file of one array, from the open archive.

    Raises
    ------
    DecodeError
        As `read_npy`; and if there is not just one array in it.
    """
    with third_party("zipfile"):
        archive = zipfile.ZipFile(file)
    with archive:
        members = archive.infolist()
        if len(members) != 1:
            raise UnsupportedError(f"it holds {len(members)} arrays; a mask file holds one")
        if members[0].flag_bits & 1:
            raise UnsupportedError("its array is encrypted")
        if members[0].file_size > options.max_bytes:
            raise LimitError(
                f"its array has {members[0].file_size} bytes, more than {options.max_bytes}"
            ).with_hint("--max-bytes, if the file is what it should be")
        with third_party("zipfile"):
            member = archive.open(members[0])
        with member:
            yield from read_npy(guarded(member, "zipfile"), options)


def _read_header(file: BinaryIO) -> Header:
    start = _read(file, 8)
    if start[:6] != _MAGIC:
        raise UnsupportedError("not a .npy file: it does not begin as one")
    if start[6] not in (1, 2, 3) or start[7] != 0:
        raise UnsupportedError(f"its format version {start[6]}.{start[7]} is unknown")
    length = int.from_bytes(_read(file, 2 if start[6] == 1 else 4), "little")
    if length > _LONGEST_HEADER:
        raise DamagedError(f"its header claims {length} bytes")
    return _parse_header(_read(file, length).decode("latin-1"))


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise DamagedError("it ends inside its header")
    return data


def _parse_header(text: str) -> Header:
    text = text.strip()
    fields: dict[str, str] = {}
    position, end = 1, ","
    while end == "," and (item := _ITEM.match(text, position)):
        fields[item["key"]] = item["value"]
        position, end = item.end(), item["end"]
    whole = text.startswith("{") and end.endswith("}") and position == len(text)
    if not whole or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise DamagedError("its header is no description of one plain array")
    if fields["fortran_order"] not in ("True", "False") or not fields["shape"].startswith("("):
        raise DamagedError("its header has a wrong fortran_order or shape")
    return Header(
        _parse_dtype(fields["descr"]),
        _parse_shape(fields["shape"]),
        fields["fortran_order"] == "True",
    )


def _parse_dtype(text: str) -> np.dtype[np.generic]:
    name = text[1:-1]
    if name in ("O", "|O"):
        raise ValuesError("it holds pickled Python objects, which are never loaded")
    if not _DTYPE.fullmatch(name):
        raise ValuesError(f"values of type {name!r} are no labels")
    return np.dtype(name)


def _parse_shape(text: str) -> tuple[int, ...]:
    axes = [axis.strip().removesuffix("L") for axis in text[1:-1].split(",")]
    if not axes[-1]:
        axes.pop()
    if not all(re.fullmatch(r"\d{1,20}", axis) for axis in axes):
        raise DamagedError(f"its shape {text[:40]} is none")
    return tuple(map(int, axes))


def _check_shape(header: Header, options: ReadOptions) -> None:
    shape = header.shape
    if len(shape) > 3:
        raise ShapeError(
            f"an array of shape {shape} is no mask (H, W) and no stack of them (N, H, W)"
        ).with_hint(_channel_hint(shape))
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


def _refuse_channels(masks: Iterator[ValueCounts], header: Header) -> Iterator[ValueCounts]:
    """Pass masks on once a value other than 0 and 1 shows that they are no channels."""
    held = []
    for mask in masks:
        held.append(mask)
        if not mask.values.keys() <= {0, 1}:
            yield from held
            yield from masks
            return
    raise _channels_or_masks(header, "it holds only 0 and 1")


def _count_stack(file: BinaryIO, header: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    is_stack = len(header.shape) == 3
    num_masks = header.shape[0] if is_stack else 1
    pixels = header.shape[-1] * header.shape[-2]
    count = _count_interleaved if is_stack and header.fortran else _count_in_turn
    notes: tuple[str, ...] = ()
    if header.dtype.kind == "f":
        notes = ("its floats are all whole numbers",)
    for number, counter in enumerate(count(file, header.dtype, num_masks, pixels, options), 1):
        if number == num_masks and file.read(1):
            notes += ("bytes follow its array",)
        values = counter.counts()
        if header.dtype.kind == "b" and max(values) > 1:
            raise DamagedError(f"it holds byte {max(values)} where booleans are 0 and 1")
        largest = 255
        if options.encoding == "color":
            values = values_of_pixels(values, header.dtype.itemsize, 8, options.encoding)
        else:
            largest = counter.largest
        yield ValueCounts(values, pixels, "array", largest, notes=notes)


def _count_in_turn(
    file: BinaryIO,
    dtype: np.dtype[np.generic],
    num_masks: int,
    pixels: int,
    options: ReadOptions,
) -> Iterator[ValueCounter]:
    for _ in range(num_masks):
        counter = _counter_of(dtype, options)
        for values in pieces(file, dtype, pixels, 1):
            counter.add(_bytes_of(values))
        yield counter


def _count_interleaved(
    file: BinaryIO,
    dtype: np.dtype[np.generic],
    num_masks: int,
    pixels: int,
    options: ReadOptions,
) -> Iterator[ValueCounter]:
    """Count masks whose pixels take turns, as in a stack in Fortran order."""
    if num_masks * dtype.itemsize > PIECE:
        raise LimitError(
            f"{num_masks} masks in Fortran order cannot be told apart in little memory"
        ).with_hint("save the array with numpy.ascontiguousarray")
    counters = [_counter_of(dtype, options) for _ in range(num_masks)]
    for values in pieces(file, dtype, pixels * num_masks, num_masks):
        for counter, column in zip(counters, values.reshape(-1, num_masks).T, strict=True):
            counter.add(_bytes_of(column))
    yield from counters


def _counter_of(dtype: np.dtype[np.generic], options: ReadOptions) -> ValueCounter:
    return pixel_counter(dtype.itemsize, 8, options) if dtype.kind == "V" else counter_of(dtype)


def _bytes_of(values: np.ndarray) -> np.ndarray:
    numbers = values if values.dtype.kind == "V" else whole_numbers(values)
    return np.ascontiguousarray(numbers).view(np.uint8)
