"""
PNG: the chunks are damaged one by one, and get right CRCs more often than not.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

from support import png_writer
from support.deflate_writer import with_checksum, write_stream

from weightcalc import ReadOptions
from weightcalc.errors import DecodeError
from weightcalc.kernels import counters as kernels
from weightcalc.kernels import fast_png
from weightcalc.kernels import numpy_twin as numpy_kernels
from weightcalc.masks import png, png_values

COMPILED = kernels.count_values, kernels.count_rows
NUMPY = numpy_kernels.count_values, numpy_kernels.count_rows
MOST_PIXELS = 20_000
# Pixels as they are, before colours, alphas and photographs are refused.
png_values.values_of_pixels = lambda pixels, *_: dict(pixels)
png.pixel_counter = lambda samples, bits, _: kernels.ValueCounter(samples * bits // 8, "big")


def check(data: bytes) -> bool:
    """Compare what all paths find with what a plain decoder finds; False if it is refused."""
    found = [count(data, kernel) for kernel in (COMPILED, NUMPY)]
    assert found[0] == found[1], ("the kernels differ", found)
    fast = fast_png.count_plain_png(data, MOST_PIXELS, 1 << 40)
    assert fast is None or fast[5] == found[0], ("the paths differ", fast, found[0])
    if found[0] is not None:
        right = plain_pixels(data)
        assert found[0] == right, ("wrong count", found[0], right)
    return found[0] is not None


def count(data: bytes, kernel: tuple[Callable, Callable]) -> dict[int, int] | None:
    """Packed pixels by one of the kernels; None if the file is refused."""
    kernels.count_values, kernels.count_rows = kernel
    try:
        mask = png.count_png(io.BytesIO(data), ReadOptions(max_pixels=MOST_PIXELS))
    except DecodeError:
        return None
    assert sum(mask.values.values()) == mask.pixels
    return mask.values


def plain_pixels(data: bytes) -> dict[int, int]:
    """What a mask holds that is right up to its last row, whatever follows."""
    chunks = list(plain_chunks(data))
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    body = b"".join(body for kind, body in chunks if kind == b"IDAT")
    inflater = zlib.decompressobj()
    stream = inflater.decompress(body, 1 << 22)
    samples = png_writer.SAMPLES[color]
    bits, at = samples * depth, 0
    found: Counter[int] = Counter()
    for positions in png_writer.passes(width, height, bool(interlaced)):
        above = b""
        for _, columns in positions:
            size = (len(columns) * bits + 7) // 8
            kind, line = stream[at], stream[at + 1 : at + 1 + size]
            assert kind <= 4, "there is no such filter"
            assert len(line) == size, "a row is missing"
            above = png_writer._unfiltered(kind, line, above or bytes(size), max(1, bits // 8))
            for pixel in png_writer._unpack(above, len(columns), samples, depth):
                found[sum(s << depth * n for n, s in enumerate(reversed(pixel)))] += 1
            at += 1 + size
    assert inflater.eof, "the stream has no end, and so no checksum that was looked at"
    return dict(found)


def plain_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to the last one of pixels; those that count must be right."""
    assert data.startswith(png_writer.SIGNATURE)
    at, before = len(png_writer.SIGNATURE), b""
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        crc = int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
        if before == b"IDAT" != kind:
            return
        if kind in (b"IHDR", b"PLTE", b"IDAT"):
            assert crc == zlib.crc32(kind + body), "a CRC is wrong"
        yield kind, body
        at, before = at + 12 + size, kind


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """A damaged copy, most often one whose CRCs are right again."""
    if dice.random() < 0.1:
        return raw(data)
    chunks = list(split(data)) or png_writer.chunks_of([[0, 1, 2]] * 3)
    number = dice.randrange(len(chunks))
    kind, body = chunks[number]
    match dice.randrange(8):
        case 0:
            chunks[number] = (kind, raw(body))
        case 1:
            chunks.insert(dice.randrange(len(chunks) + 1), (kind, body))
        case 2:
            del chunks[number]
        case 3:
            at = dice.randint(0, len(body))
            chunks[number : number + 1] = [(kind, body[:at]), (kind, body[at:])]
        case 4:
            chunks[0] = (b"IHDR", damage_header(chunks[0][1], dice))
        case 5:
            dice.shuffle(chunks)
        case _:
            chunks = damage_rows(chunks, dice, raw)
    return png_writer.join(chunks)


def split(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a file as far as there are any."""
    with suppress(AssertionError):
        for kind, body in png_writer._split(data):
            yield kind.ljust(4, b"x"), body


def damage_header(body: bytes, dice: random.Random) -> bytes:
    """Another size, depth, colour type or interlacing."""
    fields = list(struct.unpack(">IIBBBBB", body[:13].ljust(13, b"\1")))
    number = dice.choice([0, 0, 1, 1, 2, 3, 6])
    fields[number] = dice.choice([[1, 2, 3, 7, 8, 9, 33, 64], [1, 2, 3, 5, 8, 9, 17, 40],
                                  [1, 2, 4, 8, 16], [0, 2, 3, 4, 6], [], [], [0, 1]][number])  # fmt: skip
    return struct.pack(">IIBBBBB", *fields)


def damage_rows(
    chunks: list[tuple[bytes, bytes]], dice: random.Random, raw: Callable[[bytes], bytes]
) -> list[tuple[bytes, bytes]]:
    """Other rows, or another stream of the same ones, in IDATs of any size."""
    stream = b"".join(body for kind, body in chunks if kind == b"IDAT")
    with suppress(zlib.error):
        rows = zlib.decompressobj().decompress(stream, 1 << 20)
        rows = raw(rows) if dice.random() < 0.7 else rows
        deflate = zlib.compressobj(dice.choice([0, 1, 6, 9]), strategy=dice.randrange(5))
        stream = deflate.compress(rows) + deflate.flush()
        if dice.random() < 0.3:
            stream = write_stream(rows, dice)
        if dice.random() < 0.3:
            stream = with_checksum(raw(stream))
    size = dice.choice([1, 2, 3, 7, 31, 1000, 1 << 20])
    pixels = [(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    first = next((n for n, (kind, _) in enumerate(chunks) if kind == b"IDAT"), len(chunks))
    others = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    return [*others[:first], *pixels, *others[first:]]


def seeds() -> Iterator[bytes]:
    """Right files of all kinds, to begin with."""
    dice = random.Random(1)
    for color, depth in png_writer.KINDS:
        for interlaced in (False, True):
            few = [
                tuple(dice.randrange(1 << depth) for _ in range(png_writer.SAMPLES[color]))
                for _ in range(4)
            ]
            rows = [[dice.choice(few) for _ in range(11)] for _ in range(9)]
            yield png_writer.write_png(
                rows, color, depth, filters=(0, 1, 2, 3, 4), interlaced=interlaced
            )
