"""
The bytes of strips and tiles of TIFF, stored or compressed, as many as their rows need.

A segment that ends early is refused: decoders that fill up with zeros would count them.
"""

from __future__ import annotations

import zlib
from importlib.util import find_spec
from typing import BinaryIO, Protocol

from ..errors import DamagedError, UnsupportedError
from ..files.limits import check_held
from ..kernels.segments import decode_lzw
from ..sources.guard import third_party

STORED, LZW, PACKBITS = 1, 5, 32773
_DEFLATE = (8, 32946, 50013)
_OF_IMAGECODECS = (34925, 34926, 50000)  # LZMA and Zstandard
_FEED = 1 << 16
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Segment(Protocol):
    """The decoded bytes of a strip or a tile."""

    def read(self, size: int) -> bytes:
        """The next `size` bytes; a DamagedError if there are fewer."""

    def finish(self) -> None:
        """Check what comes after the rows that count."""


def is_readable(compression: int) -> bool:
    """Whether segments of a compression can be decoded here."""
    if compression in _OF_IMAGECODECS:
        return _has_imagecodecs()
    return compression in (STORED, LZW, PACKBITS, *_DEFLATE)


def _has_imagecodecs() -> bool:
    return find_spec("imagecodecs") is not None


def check_places(*tags: object) -> None:
    """
    Check that tags hold the places or the sizes of segments: a tag may be of any type.

    Raises
    ------
    DamagedError
    """
    for numbers in tags:
        if not isinstance(numbers, tuple | list | bytes) or not all(
            isinstance(number, int) and 0 <= number < 1 << 63 for number in numbers
        ):
            raise DamagedError("the places of its strips or tiles are no whole numbers")


def open_segment(
    file: BinaryIO, start: int, stored: int, size: int, compression: int, *, reverse: bool = False
) -> Segment:
    """
    A strip or a tile of an open file.

    Parameters
    ----------
    start, stored : int
        Where its bytes begin, and how many the directory says there are.
    size : int
        Bytes that it decodes to.
    compression : int
        Tag 259.
    reverse : bool
        Whether the bits of each byte stand the other way round.

    Raises
    ------
    DecodeError
        If it lies outside the file, or must be held and is too large.
    """
    if start < 8:
        raise DamagedError("it is absent, as in a sparse file" if start == 0 else "it has no place")
    raw = _Raw(file, start, stored, reverse)
    if compression == STORED:
        return _Stored(raw, size)
    if compression in _DEFLATE:
        return _Inflated(raw, size)
    return _Held(raw, stored, size, compression)


class _Raw:
    """The stored bytes of a segment, in pieces."""

    def __init__(self, file: BinaryIO, start: int, size: int, reverse: bool) -> None:
        self._file = file
        self._position = start
        self._left = size
        self._reverse = reverse

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        self._file.seek(self._position)
        data = self._file.read(min(size, self._left))
        self._position += len(data)
        self._left -= len(data)
        return data.translate(_REVERSED) if self._reverse else data


class _Stored:
    def __init__(self, raw: _Raw, size: int) -> None:
        self._raw = raw
        self._size = size
        self._done = 0

    def read(self, size: int) -> bytes:
        data = self._raw.read(size)
        self._done += len(data)
        if len(data) < size:
            raise DamagedError(f"it ends after {self._done} of {self._size} bytes")
        return data

    def finish(self) -> None:
        pass


class _Inflated:
    def __init__(self, raw: _Raw, size: int) -> None:
        self._raw = raw
        self._size = size
        self._done = 0
        self._zlib = zlib.decompressobj()
        self._input = b""

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing and (data := self._next(missing)):
            parts.append(data)
            missing -= len(data)
        if missing:
            raise DamagedError(f"it inflates to {self._done} of {self._size} bytes")
        return b"".join(parts)

    def _next(self, size: int) -> bytes:
        data = b""
        try:
            while not data and not self._zlib.eof and (self._input or self._refill()):
                data = self._zlib.decompress(self._input, size)
                self._input = self._zlib.unconsumed_tail
        except zlib.error as error:
            raise DamagedError(f"its compressed data is damaged: {error}") from error
        self._done += len(data)
        return data

    def _refill(self) -> bool:
        self._input = self._raw.read(_FEED)
        return bool(self._input)

    def finish(self) -> None:
        while self._next(_FEED):
            if self._done > self._size + _FEED:
                raise DamagedError(f"it inflates to more than {self._size} bytes")
        if not self._zlib.eof:
            raise DamagedError("its compressed data ends before the checksum")


class _Held:
    """A segment that a codec decodes in one piece."""

    def __init__(self, raw: _Raw, stored: int, size: int, compression: int) -> None:
        remedy = "uncompressed or deflated TIFF is counted in pieces, whatever its strips"
        check_held("a segment", max(size, stored), remedy)
        if stored > 2 * size + _FEED:
            raise DamagedError(f"it has {stored} bytes for {size}")
        data = raw.read(stored)
        if len(data) < stored:
            raise DamagedError(f"it ends after {len(data)} of {stored} stored bytes")
        self._data = _decode(data, size, compression)
        self._size = size
        self._done = 0

    def read(self, size: int) -> bytes:
        data = self._data[self._done : self._done + size]
        if len(data) < size:
            raise DamagedError(f"it decodes to {len(self._data)} of {self._size} bytes")
        self._done += size
        return data

    def finish(self) -> None:
        pass


def _decode(data: bytes, size: int, compression: int) -> bytes:
    if compression == LZW:
        _check_first_code(data)
        return decode_lzw(data, size)
    from tifffile import TIFF

    with third_party("imagecodecs" if _has_imagecodecs() else "tifffile"):
        decoded: bytes = TIFF.DECOMPRESSORS[compression](data, out=size)
    return decoded


def _check_first_code(data: bytes) -> None:
    """Refuse LZW that does not begin with its clear code, 256, for another could mean anything."""
    if len(data) < 2 or (data[0] == 0x80 and data[1] < 0x80):
        return
    if data[0] == 0 and data[1] & 1:
        raise UnsupportedError(
            "its LZW codes have their bits the other way round, as the first programs wrote them"
        ).with_hint("save it anew: tiffcp -c lzw IN OUT")
    raise DamagedError("its LZW does not begin with a clear code")
