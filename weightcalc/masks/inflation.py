"""
How many bytes compressed data becomes, before it is handed to a decoder that takes its word.
"""

from __future__ import annotations

import zlib

from ..sources.guard import third_party

_PIECE = 1 << 20
_DEFLATE_RATIO = 1032  # of inflated to deflated bytes, at most
_ZSTD = b"\x28\xb5\x2f\xfd"
_RAW, _REPEATED = 0, 1  # types of its blocks
_LARGEST_BLOCK = 128 << 10  # bytes, decoded


def is_larger(data: bytes, size: int, wbits: int = zlib.MAX_WBITS) -> bool:
    """
    Whether deflated data inflates to more bytes; a piece of them is held at a time.

    Parameters
    ----------
    data : bytes
    size : int
    wbits : int
        What is around it, as for `zlib.decompressobj`: a zlib stream, or 47 for gzip too.

    Raises
    ------
    DamagedError
        If it is no deflated data.
    """
    inflate = zlib.decompressobj(wbits)
    total = 0
    with third_party("zlib"):
        while total <= size and not inflate.eof and data:
            total += len(inflate.decompress(data, _PIECE))
            data = inflate.unconsumed_tail
    return total > size


def claimed_size(data: bytes, codec: str, size: int) -> int:
    """
    Bytes that a chunk says it decodes to; 0 where it does not say.

    Parameters
    ----------
    codec : str
        Name of what it is compressed by, as Zarr spells it.
    size : int
        How many it may be: for gzip and zlib the result is only right in being above that or not.
    """
    if codec == "blosc":
        return int.from_bytes(data[4:8], "little")
    if codec == "lz4":
        return int.from_bytes(data[:4], "little")
    if codec == "zstd":
        return _size_of_zstd(data)
    if codec in ("gzip", "zlib") and len(data) * _DEFLATE_RATIO > size:
        return size + 1 if is_larger(data, size, zlib.MAX_WBITS | 32) else 0
    return 0


def _size_of_zstd(data: bytes) -> int:
    """The bytes that Zstandard frames say they hold, or may hold at most; see RFC 8878, 3.1.1."""
    total = 0
    while data[:4] == _ZSTD and len(data) > 4:
        flags = data[4]
        single = flags >> 5 & 1
        start = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
        length = (single, 2, 4, 8)[flags >> 6]
        claimed = int.from_bytes(data[start : start + length], "little") + 256 * (length == 2)
        most, end = _most_in_blocks(data, start + length)
        total += max(claimed, 0) if length else most
        data = data[end + 4 * (flags >> 2 & 1) :]
    return total


def _most_in_blocks(data: bytes, at: int) -> tuple[int, int]:
    """The bytes that the blocks of a frame become at most, and where they end."""
    most, is_last = 0, False
    while not is_last and at + 3 <= len(data):
        head = int.from_bytes(data[at : at + 3], "little")
        is_last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
        most += size if kind in (_RAW, _REPEATED) else _LARGEST_BLOCK
        at += 3 + (1 if kind == _REPEATED else size)
    return most, at
