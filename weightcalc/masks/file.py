"""
Counts the masks of one file by its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from io import BufferedReader, BytesIO
from typing import BinaryIO, TypeVar

from ..errors import DecodeError, LimitError, MaskError
from ..files.limits import check_masks
from ..sources.names import is_url, is_zarr, split_name, state_of_folder
from ..sources.opening import open_mask, spooled
from .formats import read_folder, read_masks, suffix_of
from .options import DEFAULTS, ReadOptions
from .png_plain import count_plain, count_plain_bytes
from .value_counts import ValueCounts

_READ_AT_ONCE = 4 << 20  # a file up to this size is read by one call
_BUFFER = 1 << 20
_ATTEMPTS = 2  # to read a mask that changes meanwhile
_CHANGES = "it changes while it is read: being written?"
T = TypeVar("T")


def count_file(name: str | os.PathLike[str], options: ReadOptions = DEFAULTS) -> list[ValueCounts]:
    """
    Count the values of the masks in one file; a file that changes meanwhile is read again.

    Returns
    -------
    list of ValueCounts
        One for each mask: a stack and a TIFF of several pages have more than one.

    Raises
    ------
    MaskError
        If the file cannot be read, or is being written.
    MissingExtraError
        If its format needs a package that is not installed.
    """
    path = os.fspath(name)
    is_local = "://" not in path
    if is_local and path[-4:].lower() == ".png" and (plain := count_plain(path, options)):
        return [plain]
    if is_local and os.path.isdir(path) and is_zarr(path):
        return _count_folder(path, options)

    def count(file: BinaryIO) -> list[ValueCounts]:
        is_held = not is_local and suffix_of(path) == ".png"
        plain = _count_held(file, options) if is_held else None
        return [plain] if plain else _together(read_masks(path, file, options))

    return read_file(path, count, options)


def _count_folder(path: str, options: ReadOptions) -> list[ValueCounts]:
    try:
        for _ in range(_ATTEMPTS):
            before = state_of_folder(path)
            problem: DecodeError | OSError | None = None
            masks: list[ValueCounts] = []
            try:
                masks = _together(read_folder(path, options))
            except (DecodeError, OSError) as error:
                problem = error
            if before == state_of_folder(path):
                break
        else:
            raise MaskError(path, _CHANGES)
        if problem is not None:
            raise problem
        return masks
    except (DecodeError, MemoryError, OSError) as error:
        raise _named(path, error) from error


def _together(masks: Iterable[ValueCounts]) -> list[ValueCounts]:
    """The masks of a file: all are held until the last one is found to be right."""
    found, numbers = [], 0
    for mask in masks:
        found.append(mask)
        numbers += len(mask.values)
        check_masks(len(found), numbers)
    return found


def read_file(
    name: str, read: Callable[[BinaryIO], T], options: ReadOptions, *, attempts: int = _ATTEMPTS
) -> T:
    """
    Open a mask, and do with it what must be done in one piece.

    Parameters
    ----------
    name : str
    read : callable
        Gets the file, which is at its beginning and can be sought.
    options : ReadOptions
    attempts : int
        How often to begin again if the file changes meanwhile.

    Raises
    ------
    MaskError
        If the file cannot be read, or is being written.
    MissingExtraError
        If its format needs a package that is not installed.
    """
    try:
        if is_url(name) or split_name(name) is not None:
            return _read_stream(name, read, options.max_bytes)
        return _read_local(name, read, attempts)
    except (DecodeError, MemoryError, OSError) as error:
        raise _named(name, error) from error


def _read_local(name: str, read: Callable[[BinaryIO], T], attempts: int) -> T:
    for _ in range(attempts):
        with open_mask(name) as file:
            before = os.fstat(file.fileno())
            stream = _buffered(file, before.st_size)
            problem: Exception | None = None
            try:
                found = read(stream)
            except (DecodeError, OSError) as error:
                problem = error
            if _state(before) == _state(os.fstat(file.fileno())):
                break
    else:
        raise MaskError(name, _CHANGES)
    if problem is not None:
        raise problem
    return found


def _read_stream(name: str, read: Callable[[BinaryIO], T], max_bytes: int) -> T:
    """Read a member of an archive or a remote file, whose size and state nobody knows."""
    with open_mask(name) as file, _held(file, max_bytes) as stream:
        found = read(stream)
        while stream.read(_BUFFER):  # the checksum comes after the last byte
            pass
    return found


def _count_held(stream: BinaryIO, options: ReadOptions) -> ValueCounts | None:
    if not isinstance(stream, BytesIO):
        return None
    with stream.getbuffer() as data:
        return count_plain_bytes(data, options)


def _held(file: BinaryIO, limit: int) -> BinaryIO:
    """A stream that can be sought: small ones are held in memory."""
    if isinstance(file, BytesIO):
        return file
    stream = BufferedReader(file, _BUFFER)  # type: ignore[type-var]
    start = stream.read(_READ_AT_ONCE + 1)
    if len(start) <= _READ_AT_ONCE:
        return BytesIO(start)
    if not stream.seekable():
        return spooled(stream, limit, start)
    stream.seek(0)
    return stream


def _buffered(file: BinaryIO, size: int) -> BinaryIO:
    if size > _READ_AT_ONCE:
        return BufferedReader(file, _BUFFER)  # type: ignore[type-var]
    data = file.read(size + 1)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more  # a file system over a network may give less than is asked for
    return BytesIO(data)


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _named(name: str, error: DecodeError | MemoryError | OSError) -> MaskError:
    """The error of a mask whose name is known; what else our own code raises is a bug."""
    if isinstance(error, DecodeError):
        return MaskError.of(name, error)
    if isinstance(error, MemoryError):
        return MaskError(name, "not enough memory to decode it", LimitError)
    return MaskError(name, error.strerror or str(error))  # of the system: the disk, for example
