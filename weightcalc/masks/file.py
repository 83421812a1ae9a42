"""
Counts the masks of one file by its name.
"""

from __future__ import annotations

import os
from io import BufferedReader, BytesIO
from typing import BinaryIO

from ..errors import DecodeError, LimitError, MaskError
from ..sources.names import is_url, split_name
from ..sources.opening import open_mask, spooled
from .formats import read_masks, suffix_of
from .options import DEFAULTS, ReadOptions
from .png import count_plain, count_plain_bytes
from .value_counts import ValueCounts

_READ_AT_ONCE = 4 << 20  # a file up to this size is read by one call


_BUFFER = 1 << 20


def count_file(name: str, options: ReadOptions = DEFAULTS) -> list[ValueCounts]:
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
    try:
        if "://" in name and (is_url(name) or split_name(name) is not None):
            return _count_stream(name, options)
        plain = count_plain(name, options) if name[-4:].lower() == ".png" else None
        return [plain] if plain else _count_local(name, options)
    except (DecodeError, MemoryError, OSError) as error:
        raise _named(name, error) from error


def _count_local(name: str, options: ReadOptions) -> list[ValueCounts]:
    for _ in range(2):
        with open_mask(name) as file:
            before = os.fstat(file.fileno())
            stream = _buffered(file, before.st_size)
            problem: Exception | None = None
            try:
                masks = list(read_masks(name, stream, options))
            except (DecodeError, OSError) as error:
                problem = error
            if _state(before) == _state(os.fstat(file.fileno())):
                break
    else:
        raise MaskError(name, "it changes while it is read: being written?")
    if problem is not None:
        raise problem
    return masks


def _count_stream(name: str, options: ReadOptions) -> list[ValueCounts]:
    """Count a member of an archive or a remote file, whose size and state nobody knows."""
    with open_mask(name) as file, _held(file, options.max_bytes) as stream:
        plain = _count_held(stream, options) if suffix_of(name) == ".png" else None
        masks = [plain] if plain else list(read_masks(name, stream, options))
        while stream.read(_BUFFER):  # the checksum comes after the last byte
            pass
    return masks


def _count_held(stream: BinaryIO, options: ReadOptions) -> ValueCounts | None:
    if not isinstance(stream, BytesIO):
        return None
    with stream.getbuffer() as data:
        return count_plain_bytes(data, options)


def _held(file: BinaryIO, limit: int) -> BinaryIO:
    """A stream that can be sought: small ones are held in memory."""
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
