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
from typing import IO, BinaryIO

import numpy as np

from ..errors import (
    DamagedError,
    DecodeError,
    LimitError,
    UnsupportedError,
    ValuesError,
)
from ..kernels.counters import ValueCounter
from ..kernels.ndarrays import whole_numbers
from ..sources.guard import guarded, third_party
from .arrays import PIECE, Header, pieces
from .channels import read_channels
from .containers import Entry, chosen
from .options import ReadOptions
from .pictures import Block, Picture
from .shapes import bytes_of, check_values, mask_counter, mask_of, refuse_channels, stack_of
from .value_counts import ValueCounts

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_MOST_ARRAYS = 10_000  # of a .npz file
_COLUMNS = 8  # that are united at once: a byte of bits
_LARGEST_COLUMNS = 1 << 26  # bytes of so many columns
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
    header = _read_header(file)
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
    with third_party("zipfile"):
        archive = zipfile.ZipFile(file)
    with archive, _member(archive, options) as member:
        yield from read_npy(guarded(member, "zipfile"), options)


def _member(archive: zipfile.ZipFile, options: ReadOptions) -> IO[bytes]:
    """The array that is the mask, opened."""
    members = archive.infolist()
    if len(members) == 1 and options.array is None:
        return _open(archive, members[0], options.max_bytes)
    if len(members) > _MOST_ARRAYS:
        raise LimitError(f"it holds {len(members)} arrays, more than {_MOST_ARRAYS}")
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
    if member.file_size > max_bytes:
        raise LimitError(
            f"its array has {member.file_size} bytes, more than {max_bytes}"
        ).with_hint("--max-bytes, if the file is what it should be")
    with third_party("zipfile"):
        return archive.open(member)


def _kind(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> str:
    """Shape and type of an array, for a message."""
    try:
        with _open(archive, member, max_bytes) as file:
            header = _read_header(guarded(file, "zipfile"))
    except DecodeError as error:
        return f"({error})"
    return f"{header.shape} {header.dtype}"


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


def _count_stack(file: BinaryIO, header: Header, options: ReadOptions) -> Iterator[ValueCounts]:
    is_stack = len(header.shape) == 3
    num_masks = header.shape[0] if is_stack else 1
    pixels = header.shape[-1] * header.shape[-2]
    count = _count_interleaved if is_stack and header.fortran else _count_in_turn
    for number, counter in enumerate(count(file, header.dtype, num_masks, pixels, options), 1):
        mask = mask_of(counter, header, options)
        if number == num_masks and file.read(1):
            mask = mask._replace(notes=(*mask.notes, "bytes follow its array"))
        yield mask


def _count_in_turn(
    file: BinaryIO,
    dtype: np.dtype[np.generic],
    num_masks: int,
    pixels: int,
    options: ReadOptions,
) -> Iterator[ValueCounter]:
    for _ in range(num_masks):
        counter = mask_counter(dtype, options)
        for values in pieces(file, dtype, pixels, 1):
            counter.add(bytes_of(values))
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
    counters = [mask_counter(dtype, options) for _ in range(num_masks)]
    for values in pieces(file, dtype, pixels * num_masks, num_masks):
        for counter, column in zip(counters, values.reshape(-1, num_masks).T, strict=True):
            counter.add(bytes_of(column))
    yield from counters
