"""
Writes TIFF files of strips or tiles, stored, PackBits, LZW or Deflate: plain loops, no package.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from support.plain_tiff import DEFLATE, LZW, NUMBERS, PACKBITS, STORED

COMPRESSIONS = (STORED, LZW, DEFLATE, PACKBITS)
Rows = Sequence[Sequence[int]]


def write_tiff(pages: Sequence[tuple[bytes, dict[int, Sequence[int]]]], order: str = "<") -> bytes:
    """
    A file of pages, each of the bytes of its segments and its tags, places among them.

    Places count from the beginning of the bytes of the page.
    """
    out = bytearray({"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 0))
    link = 4
    for data, tags in pages:
        start = len(out)
        out += data + bytes(len(data) % 2)
        moved = {
            code: [n + start for n in numbers]
            for code, numbers in tags.items()
            if code in (273, 324)
        }
        values = sorted((tags | moved).items())
        struct.pack_into(order + "I", out, link, len(out))
        after = len(out) + 6 + 12 * len(values)
        entries, extra = b"", b""
        for code, numbers in values:
            kind = 3 if max(numbers) < 1 << 16 and code not in (273, 279, 324, 325) else 4
            value = struct.pack(f"{order}{len(numbers)}{NUMBERS[kind]}", *numbers)
            if len(value) > 4:
                value, extra = struct.pack(order + "I", after + len(extra)), extra + value
            entries += struct.pack(order + "HHI", code, kind, len(numbers)) + value.ljust(4, b"\0")
        out += struct.pack(order + "H", len(values)) + entries
        link = len(out)
        out += bytes(4) + extra
    return bytes(out)


def page_of(
    rows: Rows, order: str = "<", *, bits: int = 8, samples: int = 1, compression: int = STORED,
    tile: tuple[int, int] | None = None, strip: int = 4, sums: bool = False, **more: Sequence[int],
) -> tuple[bytes, dict[int, Sequence[int]]]:  # fmt: skip
    """
    A page for `write_tiff`: rows of samples, which take turns where a pixel has several.

    `tile` is its width and height, `strip` the rows of a strip; `sums` takes differences along
    rows. More tags are named by their codes: ``_262=[3]``.
    """
    width, height = len(rows[0]) // samples, len(rows)
    across, down = tile or (width, strip)
    segments = []
    for top in range(0, height, down):
        for left in range(0, width, across):
            part = [
                row[left * samples : (left + across) * samples] for row in rows[top : top + down]
            ]
            if tile:
                part = [[*row, *[0] * (across * samples - len(row))] for row in part]
                part += [[0] * (across * samples)] * (down - len(part))
            lines = b"".join(_line(row, order, bits, samples, sums) for row in part)
            segments.append(_packed(lines, compression))
    places = [sum(map(len, segments[:number])) for number in range(len(segments))]
    tags = {256: [width], 257: [height], 258: [bits] * samples, 259: [compression], 277: [samples],
            262: [2 if samples > 2 else 1], 317: [2 if sums else 1]}  # fmt: skip
    where = {322: [across], 323: [down], 324: places} if tile else {278: [strip], 273: places}
    tags |= where | {325 if tile else 279: [*map(len, segments)]}
    return b"".join(segments), tags | {int(name[1:]): numbers for name, numbers in more.items()}


def _line(row: Sequence[int], order: str, bits: int, samples: int, sums: bool) -> bytes:
    numbers = [value % (1 << bits) for value in row]
    if sums:
        before = [0] * samples + numbers
        numbers = [(n - b) % (1 << bits) for n, b in zip(numbers, before, strict=False)]
    if bits < 8:
        digits = "".join(f"{number:0{bits}b}" for number in numbers)
        digits += "0" * (-len(digits) % 8)
        return bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))
    name = "little" if order == "<" else "big"
    return b"".join(number.to_bytes(bits // 8, name) for number in numbers)


def _packed(data: bytes, compression: int) -> bytes:
    if compression == DEFLATE:
        return zlib.compress(data)
    if compression == PACKBITS:
        return pack_bits(data)
    return pack_lzw(data) if compression == LZW else data


def pack_bits(data: bytes) -> bytes:
    """Runs of 3 and more as runs, everything else byte by byte."""
    out, at = b"", 0
    while at < len(data):
        run = len(data[at : at + 128]) - len(data[at : at + 128].lstrip(data[at : at + 1]))
        out += bytes([257 - run, data[at]]) if run > 2 else bytes([0, data[at]])
        at += run if run > 2 else 1
    return out


def pack_lzw(data: bytes) -> bytes:
    """LZW with the code widths of TIFF, one early."""
    codes, bits, before = {bytes([byte]): byte for byte in range(256)}, f"{256:09b}", b""
    table, width = 258, 9
    for byte in data:
        piece = before + bytes([byte])
        if piece in codes:
            before = piece
            continue
        bits += f"{codes[before]:0{width}b}"
        codes[piece], table, before = table, table + 1, bytes([byte])
        width = 9 + (table >= 512) + (table >= 1024) + (table >= 2048)
        if table == 4094:
            bits += f"{256:0{width}b}"
            codes, table, width = {bytes([b]): b for b in range(256)}, 258, 9
    bits += f"{codes[before]:0{width}b}" if before else ""
    table += 1
    width = 9 + (table >= 512) + (table >= 1024) + (table >= 2048)
    bits += f"{257:0{width}b}"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
