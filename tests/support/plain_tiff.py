"""
Decodes plain TIFF files with slow loops: strips and tiles, stored, PackBits, LZW or Deflate.

Specification: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

STORED, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # types of tags that hold whole numbers
KNOWN = {
    254,
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    323,
    324,
    325,
    339,
}
NOT_FULL = 5  # bits of tag 254: a smaller copy, or transparency


class UnclearError(Exception):
    """A file that holds something which this decoder does not know."""


class Layout(NamedTuple):
    """How numbers are written: byte order, that of a directory's length, and of places."""

    order: str
    length: str
    place: str


Tags = dict[int, tuple[int, ...]]


def layout_of(data: bytes) -> tuple[Layout, int]:
    """How a file writes its numbers, and where the place of its first directory stands."""
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    match struct.unpack_from(order + "HHH", data, 2):
        case 42, *_:
            return Layout(order, "H", "I"), 4
        case 43, 8, 0:
            return Layout(order, "Q", "Q"), 8
    raise UnclearError("another kind of file")


def directories(data: bytes) -> Iterator[list[int]]:
    """Where the entries of each directory stand, the place of the next one last."""
    layout, at = layout_of(data)
    seen = set()
    while start := struct.unpack_from(layout.order + layout.place, data, at)[0]:
        if start in seen:
            raise ValueError("a circle")
        seen.add(start)
        (number,) = struct.unpack_from(layout.order + layout.length, data, start)
        first = start + struct.calcsize(layout.order + layout.length)
        size = 4 + 2 * struct.calcsize(layout.order + layout.place)
        at = first + number * size
        if at > len(data):
            raise ValueError("a directory that is cut")
        yield [*range(first, at, size), at]


def tags_of(data: bytes, entries: list[int]) -> Tags:
    """The tags of a directory."""
    layout, _ = layout_of(data)
    order, place = layout.order, layout.place
    tags: Tags = {}
    for at in entries:
        code, kind, number = struct.unpack_from(f"{order}HH{place}", data, at)
        if code not in KNOWN or kind not in NUMBERS or code <= max(tags, default=0) or not number:
            raise UnclearError(f"tag {code} of type {kind}")
        value = at + 4 + struct.calcsize(order + place)
        if number * struct.calcsize(order + NUMBERS[kind]) > struct.calcsize(order + place):
            (value,) = struct.unpack_from(order + place, data, value)
        tags[code] = struct.unpack_from(f"{order}{number}{NUMBERS[kind]}", data, value)
    return tags


def count_pages(data: bytes) -> list[dict[int, int]]:
    """
    Sample to pixels of each page that is a whole image; samples of a pixel are packed.

    Raises
    ------
    UnclearError
        If it may be read in several ways.
    ValueError, struct.error, zlib.error
        If it is damaged.
    """
    all_tags = [tags_of(data, entries[:-1]) for entries in directories(data)]
    return [_count(data, tags) for tags in all_tags if not tags.get(254, (0,))[0] & NOT_FULL]


def _count(data: bytes, tags: Tags) -> dict[int, int]:
    def tag(code: int, default: int = 0) -> int:
        numbers = set(tags.get(code, (default,)))
        if len(numbers) > 1:
            raise UnclearError(f"tag {code} of several numbers")
        return numbers.pop()

    width, height, bits, samples = tag(256), tag(257), tag(258, 1), tag(277, 1)
    tiled = 322 in tags
    across, down = (
        (tag(322), tag(323)) if tiled else (width, min(height, tag(278, height) or height))
    )
    planes = samples if tag(284, 1) == 2 else 1
    depth = samples // planes
    grid = -(-width // across), -(-height // down)
    starts, sizes = (tags[324], tags[325]) if tiled else (tags[273], tags[279])
    kind = {1: "u", 2: "i", 3: "f", 4: "u"}[tag(339, 1)]
    found: Counter[int] = Counter()
    for number in range(math.prod(grid)):
        y, x = divmod(number, grid[0])
        columns, rows = min(across, width - x * across), min(down, height - y * down)
        row_bytes = (across * depth * bits + 7) // 8
        parts = []
        for index in range(number, math.prod(grid) * planes, math.prod(grid)):
            start, size = starts[index], sizes[index]
            raw = data[start : start + size]
            if tag(266, 1) == 2:
                raw = bytes(int(f"{byte:08b}"[::-1], 2) for byte in raw)
            absent = not start and not size
            stored = (
                bytes(rows * row_bytes) if absent else _decode(raw, rows * row_bytes, tag(259, 1))
            )
            if len(stored) < rows * row_bytes:
                raise ValueError(f"segment {index} ends early")
            lines = [stored[at : at + row_bytes] for at in range(0, rows * row_bytes, row_bytes)]
            sums = tag(317, 1) == 2 and not absent
            if tag(317, 1) not in (1, 2):
                raise UnclearError("another predictor")
            parts.append(
                [_samples(line, bits, depth, data[:2], sums)[: columns * depth] for line in lines]
            )
        for lines in zip(*parts, strict=True):
            for column in range(columns):
                pixel = [s for line in lines for s in line[column * depth : (column + 1) * depth]]
                found[_meaning(pixel, bits, kind)] += 1
    return dict(found)


def _decode(raw: bytes, size: int, compression: int) -> bytes:
    if compression == STORED:
        return raw
    if compression == PACKBITS:
        return unpack_bits(raw)
    if compression == LZW:
        return unpack_lzw(raw, size)
    if compression in (DEFLATE, 32946, 50013):
        return zlib.decompressobj().decompress(raw, size)
    raise UnclearError(f"compression {compression}")


def unpack_bits(raw: bytes) -> bytes:
    """What PackBits packed."""
    out, at = b"", 0
    while at < len(raw):
        head = raw[at]
        if head < 128:
            out += raw[at + 1 : at + 2 + head]
            at += 2 + head
        else:
            out += raw[at + 1 : at + 2] * (257 - head) if head > 128 else b""
            at += 2 if head > 128 else 1
    return out


def unpack_lzw(raw: bytes, size: int) -> bytes:
    """What LZW packed, at least `size` bytes of it if there are so many."""
    bits = "".join(f"{byte:08b}" for byte in raw)
    table, width, at, before, out = 258, 9, 0, b"", b""
    entries: dict[int, bytes] = {}
    while at + width <= len(bits) and len(out) < size:
        code, at = int(bits[at : at + width], 2), at + width
        if code == 257:
            break
        if code == 256:
            entries, table, width, before = {}, 258, 9, b""
            continue
        entry = bytes([code]) if code < 256 else entries.get(code, b"")
        if not entry:
            if code != table or not before:
                raise ValueError(f"code {code} has no meaning")
            entry = before + before[:1]
        if before:
            entries[table] = before + entry[:1]
            table += 1
            width = 9 + (table >= 511) + (table >= 1023) + (table >= 2047)
        out, before = out + entry, entry
    return out


def _samples(line: bytes, bits: int, depth: int, order: bytes, sums: bool) -> list[int]:
    """The samples of a row, as numbers without a sign."""
    if bits < 8:
        digits = "".join(f"{byte:08b}" for byte in line)
        return [int(digits[at : at + bits], 2) for at in range(0, len(digits) - bits + 1, bits)]
    size, name = bits // 8, "little" if order == b"II" else "big"
    numbers = [int.from_bytes(line[at : at + size], name) for at in range(0, len(line), size)]
    for at in range(depth if sums else len(numbers), len(numbers)):
        numbers[at] = (numbers[at] + numbers[at - depth]) % (1 << bits)
    return numbers


def _meaning(pixel: list[int], bits: int, kind: str) -> int:
    if kind == "u" or len(pixel) > 1:
        return sum(sample << bits * place for place, sample in enumerate(reversed(pixel)))
    if kind == "i":
        return pixel[0] - (pixel[0] >> bits - 1 << bits)
    number = struct.unpack(
        {16: "<e", 32: "<f", 64: "<d"}[bits], pixel[0].to_bytes(bits // 8, "little")
    )[0]
    if math.isnan(number):
        raise UnclearError("a value that is no number")
    if not float(number).is_integer():
        raise ValueError(f"{number} is not whole")
    return int(number)
