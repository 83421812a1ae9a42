"""
Counts arrays of NumPy in pieces, .npy and .npz; they are never mapped or unpickled.

The header of .npy is taken apart here, by a pattern that knows three keys and nothing
else. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

import numpy as np

from ..errors import (
    DamagedError,
    DecodeError,
    LimitError,
    UnsupportedError,
    ValuesError,
)
from ..files.limits import COUNTER_BYTES, MOST_ARRAYS, MOST_PASSES, check_bytes
from ..kernels.counters import ValueCounter
from ..kernels.ndarrays import whole_numbers
from ..sources.guard import guarded, third_party
from ..sources.zips import METHODS, method_of, open_stream, open_zip
from .arrays import Header, pieces
from .channels import read_channels
from .containers import Entry, chosen
from .options import ReadOptions
from .pictures import Block, Picture
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

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_TOGETHER = 32 << 20  # bytes of masks whose pixels take turns
_COLUMNS = 8  # that are united at once: a byte of bits
_LARGEST_COLUMNS = 1 << 26  # bytes of so many columns
_ITEM = re.compile(
    r"""(?a)[ \n\t]*(?P<quote>['"])(?P<key>\w+)(?P=quote)[ \n\t]*:[ \n\t]*"""
    r"""(?P<value>'[^']*'|"[^"]*"|True|False|\([\d \n\tL,]*\))[ \n\t]*(?P<end>,?[ \n\t]*\}|,)"""
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
    header = read_header(file)
    check_values(header, options)
    if options.by_channels:
        yield from read_channels(file, header, options)
        return
    stack = stack_of(header, options)
    yield from refuse_channels(_count_stack(file, stack, options), stack, options)


def picture_of_npy(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The values of a .npy file that has been counted by index.

    Raises
    ------
    DecodeError
        If it is damaged, or in Fortran order and too high.
    """
    header = read_header(file)
    shape = stack_of(header, options).shape
    height = math.prod(shape[:-1])
    if header.fortran and len(shape) > 1:
        return Picture(shape[-1], height, _columns(file, header, shape))
    return Picture(shape[-1], height, _blocks(file, header, shape[-1]))


def _columns(file: BinaryIO, header: Header, shape: tuple[int, ...]) -> Iterator[Block]:
    """Blocks of columns, which an array in Fortran order holds one after the other."""
    height = math.prod(shape[:-1])
    group = min(_COLUMNS, shape[-1]) * height
    if group * header.dtype.itemsize > _LARGEST_COLUMNS:
        raise LimitError(
            f"an array in Fortran order of {height} rows cannot be united in little memory"
        ).with_hint("save the array with numpy.ascontiguousarray")
    column = 0
    for values in pieces(file, header.dtype, math.prod(shape), group):
        turned = whole_numbers(values).reshape(-1, *reversed(shape[:-1])).T
        block = turned.reshape(height, -1)
        yield Block(0, column, block)
        column += block.shape[1]


def _blocks(file: BinaryIO, header: Header, width: int) -> Iterator[Block]:
    row = 0
    for values in pieces(file, header.dtype, math.prod(header.shape), width):
        rows = whole_numbers(values).reshape(-1, width)
        yield Block(row, 0, rows)
        row += len(rows)


def read_npz(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count one array of a .npz file, from the open archive.

    Raises
    ------
    DecodeError
        As `read_npy`; and if it holds several arrays and nobody says which is the mask.
    """
    archive = open_zip(file, MOST_ARRAYS)
    with archive, _member(archive, options) as member:
        yield from read_npy(guarded(member, "zipfile"), options)


def _member(archive: zipfile.ZipFile, options: ReadOptions) -> IO[bytes]:
    """The array that is the mask, opened."""
    members = archive.infolist()
    if len(members) == 1 and options.array is None:
        return _open(archive, members[0], options.max_bytes)
    names = [member.filename.removesuffix(".npy") for member in members]
    if options.array is not None and names.count(options.array) == 1:
        name = options.array
    else:
        kinds = (_kind(archive, member, options.max_bytes) for member in members)
        name = chosen([Entry(*each) for each in zip(names, kinds, strict=True)], options.array)
    return _open(archive, members[names.index(name)], options.max_bytes)


def _open(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> IO[bytes]:
    if member.flag_bits & 1:
        raise UnsupportedError("its array is encrypted")
    if member.compress_type not in METHODS:
        raise UnsupportedError(
            f"its array is compressed by {method_of(member)}, which is not read"
        ).with_hint("save it with numpy.savez_compressed")
    check_bytes("its array", member.file_size, max_bytes)
    with third_party("zipfile"):
        return open_stream(archive, member)


def _kind(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> str:
    """Shape and type of an array, for a message."""
    try:
        with _open(archive, member, max_bytes) as file:
            header = read_header(guarded(file, "zipfile"))
    except DecodeError as error:
        return f"({error})"
    return f"{header.shape} {header.dtype}"


def read_header(file: BinaryIO) -> Header:
    """
    The type and shape of the array of a .npy file, which begins after it; nothing is executed.

    Raises
    ------
    DecodeError
        If there is none, or it is not that of plain numbers.
    """
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
    text = text.strip(" \n")
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
    is_tuple = len(axes) > 1 or not axes[0]  # "(24)" is a number
    if not axes[-1]:
        axes.pop()
    if not (is_tuple and all(re.fullmatch(r"0|[1-9]\d{0,19}", axis) for axis in axes)):
        raise DamagedError(f"its shape {text[:40]} is none")
    return tuple(map(int, axes))


def _count_stack(file: BinaryIO, header: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    is_stack = len(header.shape) == 3
    num_masks = header.shape[0] if is_stack else 1
    if is_stack and header.fortran:
        counters = _count_interleaved(file, header, options)
    else:
        counters = _count_in_turn(file, header, options)
    for number, counter in enumerate(counters, 1):
        mask = mask_of(counter, header, options)
        if number == num_masks and file.read(1):
            mask = mask._replace(notes=(*mask.notes, "bytes follow its array"))
        yield mask


def _count_in_turn(file: BinaryIO, stack: Header, options: ReadOptions) -> Iterator[ValueCounter]:
    pixels = stack.shape[-1] * stack.shape[-2]
    for _ in range(math.prod(stack.shape[:-2])):
        counter = mask_counter(stack.dtype, options)
        for values in pieces(file, stack.dtype, pixels, 1):
            counter.add(bytes_of(values))
        yield counter


def _count_interleaved(
    file: BinaryIO,
    stack: Header,
    options: ReadOptions,
) -> Iterator[ValueCounter]:
    """Count masks whose pixels take turns, as in a stack in Fortran order."""
    num_masks = stack.shape[0]
    most = max(1, COUNTER_BYTES // bytes_of_counter(stack))
    if math.prod(stack.shape) * stack.dtype.itemsize <= _TOGETHER:
        most = num_masks  # in a single piece, so that each counter is done with at once
    if num_masks > most * MOST_PASSES:
        raise LimitError(
            f"{num_masks} masks in Fortran order cannot be told apart in little memory"
        ).with_hint("save the array with numpy.ascontiguousarray")
    start = file.tell()
    for first in range(0, num_masks, most):
        file.seek(start)
        yield from _count_columns(file, stack, slice(first, first + most), options)


def _count_columns(
    file: BinaryIO, stack: Header, masks: slice, options: ReadOptions
) -> Iterator[ValueCounter]:
    """Count some of the masks whose pixels take turns, in one pass over all of them."""
    num_masks = stack.shape[0]
    counters: list[ValueCounter] = []
    for values in pieces(file, stack.dtype, math.prod(stack.shape), num_masks, _TOGETHER):
        columns = np.ascontiguousarray(values.reshape(-1, num_masks).T[masks])
        if columns.shape[1] * num_masks == math.prod(stack.shape):
            yield from (_count_column(column, stack, options) for column in columns)
            return
        counters = counters or [mask_counter(stack.dtype, options) for _ in columns]
        for counter, column in zip(counters, columns, strict=True):
            counter.add(bytes_of(column))
    yield from counters


def _count_column(column: np.ndarray, stack: Header, options: ReadOptions) -> ValueCounter:
    counter = mask_counter(stack.dtype, options)
    counter.add(bytes_of(column))
    return counter
