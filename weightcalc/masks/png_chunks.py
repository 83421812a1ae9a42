"""
The chunks of a PNG file: what the header says, where the pixels are, and what is odd.

Text, colour profiles and the like are checked for damage but never parsed.
Specification: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import DamagedError, DecodeError, UnsupportedError
from .png_header import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, SIGNATURE, Header

_LARGEST_CHUNK = (1 << 31) - 1
_MOST_NOTES = 8  # a file of a thousand faults needs no thousand notes
_READ = 1 << 20  # bytes of a chunk read at a time
_FEED = 1 << 14  # bytes inflated at a time: what is left of them is copied for each piece

_DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGBA: (8, 16),
}


class Chunks:
    """
    The chunks of a PNG file, checked while they are read.

    Attributes
    ----------
    notes : list of str
        What is odd so far, without harm to the pixels.
    palette : bytes
        Body of PLTE, three bytes a colour; empty without one.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._header = Header(0, 0, 0, 0, False)
        self._next: tuple[bytes, int] | None = None
        self.notes: list[str] = []
        self.palette = b""

    def read_header(self) -> Header:
        """Read up to the first IDAT; all that matters to the pixels is known then."""
        if self._file.read(len(SIGNATURE)) != SIGNATURE:
            raise DamagedError("not a PNG file: its signature is missing or damaged")
        kind, length = self._start()
        if kind != b"IHDR" or length != 13:
            raise DamagedError("its first chunk is no IHDR of 13 bytes")
        self._header = _parse_header(b"".join(self._pieces(kind, length)))
        while (following := self._start())[0] != b"IDAT":
            self._read_before_pixels(*following)
        self._next = following
        if self._header.color == PALETTE and not self.palette:
            raise DamagedError("a palette image without a palette (PLTE) before its pixels")
        return self._header

    def _read_before_pixels(self, kind: bytes, length: int) -> None:
        if kind == b"PLTE":
            self._read_palette(length)
        elif kind == b"tRNS":
            self._read_transparency(length)
        elif kind in (b"IEND", b"IHDR"):
            raise DamagedError(f"its {kind.decode()} chunk comes where pixels should")
        else:
            self._skip(kind, length)

    def _read_palette(self, length: int) -> None:
        if self.palette:
            raise DamagedError("it has two palettes (PLTE)")
        if not 0 < length <= 768 or length % 3:
            raise DamagedError(f"its palette (PLTE) has {length} bytes, not 3 for each of 1 to 256")
        self.palette = b"".join(self._pieces(b"PLTE", length))
        if self._header.color in (GREY, GREY_ALPHA):
            self._note("it has a palette, which grey images have not")
        elif self._header.color == PALETTE and length // 3 > 1 << self._header.depth:
            self._note(f"its palette has {length // 3} colours, more than its depth can name")

    def _read_transparency(self, length: int) -> None:
        color = self._header.color
        if color in (GREY_ALPHA, RGBA):
            self._note("it has both alpha and transparency (tRNS)")
        elif color == PALETTE and not self.palette:
            self._note("its transparency (tRNS) comes before its palette")
        elif color == PALETTE and length > len(self.palette) // 3:
            self._note("its transparency (tRNS) is longer than its palette")
        self._skip(b"tRNS", length)

    def _skip(self, kind: bytes, length: int) -> None:
        if not kind[0] & 0x20:
            raise UnsupportedError(f"its {kind.decode()} chunk is critical and unknown")
        if kind == b"acTL":
            self._note("an animation: only its default image is counted")
        for _ in self._pieces(kind, length):
            pass

    def bodies(self) -> Iterator[memoryview]:
        """The bodies of all IDAT chunks, in pieces."""
        while self._next and self._next[0] == b"IDAT":
            for piece in self._pieces(*self._next):
                view = memoryview(piece)
                for start in range(0, len(view), _FEED):
                    yield view[start : start + _FEED]
            self._next = self._start_after_pixels()

    def finish(self) -> None:
        """Read what follows the pixels; faults that cannot touch them are noted."""
        while self._next and self._next[0] != b"IEND":
            kind, length = self._next
            if kind in (b"IDAT", b"IHDR") or (kind == b"PLTE" and self._header.color == PALETTE):
                raise DamagedError(f"its {kind.decode()} chunk comes after other chunks")
            if kind == b"tRNS":
                self._note("its transparency (tRNS) comes after its pixels")
            if not self._skip_after_pixels(kind, length):
                return
            self._next = self._start_after_pixels()
        if self._next:
            self._read_end(self._next[1])

    def _skip_after_pixels(self, kind: bytes, length: int) -> bool:
        try:
            self._skip(kind, length)
        except EndOfFile:
            self._note(f"it ends inside its {kind.decode()} chunk, after its pixels")
            return False
        return True

    def _read_end(self, length: int) -> None:
        body = self._file.read(min(length, _READ))
        crc = self._file.read(4)
        if length:
            self._note("its IEND chunk is not empty")
        elif len(crc) < 4:
            self._note("it ends inside its IEND chunk")
        elif int.from_bytes(crc, "big") != zlib.crc32(body, zlib.crc32(b"IEND")):
            self._note("its IEND chunk has a wrong CRC")
        if self._file.read(1):
            self._note("bytes follow its end (IEND)")

    def _start(self) -> tuple[bytes, int]:
        head = self._file.read(8)
        if len(head) < 8:
            raise EndOfFile("it ends before its pixels")
        length, kind = struct.unpack(">I4s", head)
        if not kind.isalpha():
            raise DamagedError(f"{kind!r} stands where a chunk type should")
        return kind, length

    def _start_after_pixels(self) -> tuple[bytes, int] | None:
        try:
            return self._start()
        except DecodeError:
            self._note("its IEND chunk is missing")
            return None

    def _pieces(self, kind: bytes, length: int) -> Iterator[bytes]:
        if length > _LARGEST_CHUNK:
            raise EndOfFile(f"its {kind.decode()} chunk claims {length} bytes")
        crc = zlib.crc32(kind)
        while length:
            piece = self._file.read(min(length, _READ))
            if not piece:
                raise EndOfFile(f"it ends inside its {kind.decode()} chunk")
            length -= len(piece)
            crc = zlib.crc32(piece, crc)
            yield piece
        stored = self._file.read(4)
        if len(stored) < 4:
            raise EndOfFile(f"it ends inside its {kind.decode()} chunk")
        if int.from_bytes(stored, "big") != crc:
            if not kind[0] & 0x20:
                raise DamagedError(f"its {kind.decode()} chunk has a wrong CRC")
            self._note(f"its {kind.decode()} chunk has a wrong CRC")

    def _note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)


class EndOfFile(DamagedError):
    """The file ends too early; harmless after the pixels."""


def _parse_header(body: bytes) -> Header:
    width, height, depth, color, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if max(width, height) > _LARGEST_CHUNK:
        raise DamagedError(f"its size of {width} x {height} is beyond what PNG allows")
    if depth not in _DEPTHS.get(color, ()):
        raise DamagedError(f"colour type {color} with {depth} bits a sample is no PNG")
    if compression or filtering or interlace > 1:
        raise DamagedError("it uses an unknown compression, filter or interlace method")
    return Header(width, height, depth, color, interlace == 1)
