"""
Writes Deflate streams that zlib never writes, from the same bytes: plain loops, no package.

Codes of any lengths up to 15 bits, matches at the edge of the window and such as reach into
themselves, blocks of all kinds in any order.
Specification: https://www.rfc-editor.org/rfc/rfc1951
"""

from __future__ import annotations

import random
import struct
import zlib

Token = tuple[int, int]  # length and distance of a match, or 0 and a byte
Code = tuple[int, int]  # bits, the first one lowest, and how many
LONGEST = 15
ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8, [5] * 30


def write_stream(raw: bytes, dice: random.Random, row: int = 1) -> bytes:
    """A stream of `raw`; matches often reach back by whole rows of `row` bytes."""
    tokens, bits, done = tokens_of(raw, dice, row), Bits(), 0
    while tokens:
        number = min(dice.choice([1, 50, 1000, 1 << 20]), len(tokens))
        part, tokens = tokens[:number], tokens[number:]
        size = sum(length or 1 for length, _ in part)
        if dice.random() < 0.2 and size < 1 << 16:
            bits.put(not tokens, 3)
            bits.align()
            bits.done += struct.pack("<HH", size, size ^ 0xFFFF) + raw[done : done + size]
        else:
            put_block(bits, part, not tokens, dice)
        done += size
    bits.align()
    return b"\x78\x9c" + bytes(bits.done) + struct.pack(">I", zlib.adler32(raw))


def with_checksum(stream: bytes) -> bytes:
    """The stream with the Adler-32 of what it inflates to, where it has an end."""
    inflate = zlib.decompressobj(-15)
    try:
        raw = inflate.decompress(stream[2:], 1 << 22)
    except zlib.error:
        return stream
    if not inflate.eof:
        return stream
    body = stream[: len(stream) - len(inflate.unused_data)]
    return body + struct.pack(">I", zlib.adler32(raw))


class Bits:
    """Bits that become bytes, the lowest first."""

    def __init__(self) -> None:
        self.done = bytearray()
        self._value = self._number = 0

    def put(self, value: int, number: int) -> None:
        """Append the lowest bits of a value."""
        self._value |= value << self._number
        self._number += number
        while self._number >= 8:
            self.done.append(self._value & 255)
            self._value >>= 8
            self._number -= 8

    def align(self) -> None:
        """Fill the byte with zeros."""
        self.put(0, -self._number % 8)


def tokens_of(raw: bytes, dice: random.Random, row: int) -> list[Token]:
    """Matches at distances of all sorts, and single bytes where they find nothing."""
    found, at, eager = [], 0, dice.choice([0.3, 0.9, 1])
    while at < len(raw):
        distance = dice.choice([1, 2, 3, row, 2 * row, 32767, 32768, dice.randint(1, 32768)])
        length, most = 0, min(dice.choice([258, 258, 3, 20]), len(raw) - at)
        if distance <= at and dice.random() < eager:
            while length < most and raw[at + length] == raw[at + length - distance]:
                length += 1
        found.append((length, distance) if length >= 3 else (0, raw[at]))
        at += max(length, 1) if length >= 3 else 1
    return found


def table(first: int, plain: int, group: int, number: int) -> list[tuple[int, int]]:
    """Least value and extra bits of each symbol of lengths or distances (3.2.5)."""
    found = []
    for symbol in range(number):
        extra = 0 if symbol < plain else (symbol - plain) // group + 1
        found.append((first, extra))
        first += 1 << extra
    return found


LENGTHS = [*table(3, 8, 4, 28), (258, 0)]
DISTANCES = table(1, 4, 2, 30)


def symbol_of(values: list[tuple[int, int]], value: int) -> int:
    """The symbol of a length or a distance."""
    return max(symbol for symbol, (first, _) in enumerate(values) if first <= value)


def put_block(bits: Bits, tokens: list[Token], is_last: bool, dice: random.Random) -> None:
    """A block of fixed codes, or of any others."""
    is_fixed = dice.random() < 0.2
    bits.put(is_last | (2 if is_fixed else 4), 3)
    lengths = FIXED if is_fixed else some_lengths(tokens, dice)
    if not is_fixed:
        put_lengths(bits, *lengths)
    symbols, distances = codes_of(lengths[0]), codes_of(lengths[1])
    for length, value in tokens:
        if not length:
            bits.put(*symbols[value])
            continue
        for codes, start, values, number in (
            (symbols, 257, LENGTHS, length), (distances, 0, DISTANCES, value),
        ):  # fmt: skip
            symbol = symbol_of(values, number)
            bits.put(*codes[start + symbol])
            bits.put(number - values[symbol][0], values[symbol][1])
    bits.put(*symbols[256])


def some_lengths(tokens: list[Token], dice: random.Random) -> tuple[list[int], list[int]]:
    """Lengths of codes for the symbols that are used, and for some that are not."""
    symbols = {256} | {value for length, value in tokens if not length}
    symbols |= {257 + symbol_of(LENGTHS, length) for length, _ in tokens if length}
    distances = {symbol_of(DISTANCES, value) for length, value in tokens if length}
    symbols |= {dice.randrange(286) for _ in range(dice.choice([1, 3, 200]))}
    distances |= {dice.randrange(30) for _ in range(dice.choice([0, 2, 30]))}
    while len(symbols) < 2:
        symbols.add(dice.randrange(286))
    return spread(symbols, 286, dice), spread(distances, 30, dice)


def spread(symbols: set[int], size: int, dice: random.Random) -> list[int]:
    """Lengths of a complete code: leaves of a tree that are split again, often the deepest."""
    leaves, deep, longest = [1, 1], dice.random(), dice.choice([15, 15, 12, 10])
    while len(leaves) < len(symbols):
        able = [n for n, depth in enumerate(leaves) if depth < longest]
        chosen = max(able, key=leaves.__getitem__) if dice.random() < deep else dice.choice(able)
        leaves[chosen] += 1
        leaves.append(leaves[chosen])
    dice.shuffle(leaves)
    lengths = [0] * size
    for symbol, length in zip(sorted(symbols), leaves, strict=False):
        lengths[symbol] = length
    return lengths


def codes_of(lengths: list[int]) -> list[Code]:
    """The codes that lengths stand for (3.2.2)."""
    code, codes = 0, [(0, 0)] * len(lengths)
    for length in range(1, LONGEST + 1):
        code <<= 1
        for symbol in (n for n, found in enumerate(lengths) if found == length):
            codes[symbol] = int(f"{code:0{length}b}"[::-1], 2), length
            code += 1
    return codes


def put_lengths(bits: Bits, symbols: list[int], distances: list[int]) -> None:
    """The head of a block: lengths, of which those that repeat are told by number (3.2.7)."""
    bits.put(len(symbols) - 257, 5)
    bits.put(len(distances) - 1, 5)
    bits.put(len(ORDER) - 4, 4)
    own = [4] * 13 + [5] * 6
    for symbol in ORDER:
        bits.put(own[symbol], 3)
    codes, lengths, at = codes_of(own), symbols + distances, 0
    while at < len(lengths):
        times = (
            next((n for n in range(at, len(lengths)) if lengths[n] != lengths[at]), len(lengths))
            - at
        )
        if lengths[at] == 0 and times >= 3:
            times = min(times, 138)
            symbol, first, number = (17, 3, 3) if times < 11 else (18, 11, 7)
        elif at and lengths[at] == lengths[at - 1] and times >= 3:
            times = min(times, 6)
            symbol, first, number = 16, 3, 2
        else:
            times, symbol, first, number = 1, lengths[at], 1, 0
        bits.put(*codes[symbol])
        bits.put(times - first, number)
        at += times
