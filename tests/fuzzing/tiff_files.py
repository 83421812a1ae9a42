"""
TIFF: entries of directories take other numbers, types and lengths, segments other bytes.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import tifffile  # noqa: F401  # before pages are read, so that its size is no part of theirs
from support import plain_tiff
from support.tiff_writer import COMPRESSIONS, page_of, write_tiff

from weightcalc import ReadOptions
from weightcalc.errors import DecodeError
from weightcalc.kernels import counters as kernels
from weightcalc.masks import tiff

OPTIONS = ReadOptions(encoding="index", max_pixels=20_000, max_bytes=1 << 20)
CODES = sorted(plain_tiff.KNOWN)
ODD = [0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 32, 64, 255, 256, 32773, 32946, 65535, 1 << 31, 1 << 40]
DAMAGED = (ValueError, KeyError, IndexError, OverflowError, struct.error, zlib.error)
# Pixels as they are, before colours, alphas and photographs are refused.
tiff.values_of_pixels = lambda pixels, *_: dict(pixels)
tiff.pixel_counter = lambda samples, bits, _: kernels.ValueCounter(samples * bits // 8, "big")


def check(data: bytes) -> bool:
    """Compare the pages of a file with what a plain decoder finds; False if it is refused."""
    try:
        masks = list(tiff.read_tiff(io.BytesIO(data), OPTIONS))
    except DecodeError:
        return False
    try:
        right = plain_tiff.count_pages(data)
    except plain_tiff.UnclearError:
        return False
    found = [mask.values for mask in masks]
    assert found == right, (masks, right)
    return True


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """One entry of a directory changed, or other bytes anywhere."""
    try:
        entries = [at for places in plain_tiff.directories(data) for at in places]
        layout, first = plain_tiff.layout_of(data)
    except (plain_tiff.UnclearError, *DAMAGED):
        return raw(data)
    if not entries or dice.random() < 0.4:
        return raw(data)
    return damage_entry(data, dice.choice([first, *entries]), layout, dice)


def damage_entry(data: bytes, at: int, layout: plain_tiff.Layout, dice: random.Random) -> bytes:
    """Another tag, type, number of values, or value, or another place of a directory."""
    order, place = layout.order, layout.place
    size = struct.calcsize(order + place)
    number = dice.choice([*ODD, len(data), dice.randrange(len(data))])
    offset, form = dice.choice([(0, "H"), (2, "H"), (4, place), *[(4 + size, f) for f in "HHHIB"]])
    if offset == 0:
        number = dice.choice(CODES)
    if offset == 2:
        number = dice.choice([*plain_tiff.NUMBERS, 2, 5, 7, 8, 12, 13])
    form = form if number < 1 << 8 * struct.calcsize(order + form) else "Q"
    changed = bytearray(data)
    new = struct.pack(order + form, number)
    changed[at + offset : at + offset + len(new)] = new
    return bytes(changed[: len(data)])


def seeds() -> Iterator[bytes]:
    """Pages of all compressions, depths and layouts."""
    dice = random.Random(1)
    for order in "<>":
        for compression in COMPRESSIONS:
            for bits, samples in [(1, 1), (4, 1), (8, 1), (16, 1), (32, 1), (8, 3), (16, 4)]:
                sums = compression in (plain_tiff.LZW, plain_tiff.DEFLATE) and bits >= 8
                few = [dice.randrange(1 << bits) for _ in range(4)]
                rows = [[dice.choice(few) for _ in range(19 * samples)] for _ in range(11)]
                pages = [
                    page_of(
                        rows, order, bits=bits, samples=samples, compression=compression,
                        tile=tile, sums=sums,
                    )
                    for tile in (None, (16, 16))
                ]  # fmt: skip
                yield write_tiff(pages[:1], order)
                yield write_tiff(pages, order)
