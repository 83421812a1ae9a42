"""One picture by many encoders of PNG, and ways to damage its files."""

from __future__ import annotations

import contextlib
import io
import random
import zlib
from functools import cache

import numpy as np
from PIL import Image
from support.png_writer import GREY, PALETTE, colors, patched, write_png

BLOCKS = np.kron(np.arange(20).reshape(4, 5) % 7, np.ones((5, 6), int))  # 20 rows of 30 pixels
# Block k, counted from 0, holds k modulo 7: values 0 to 5 three times, 6 twice; 30 pixels each.
IN_BLOCKS = {0: 90, 1: 90, 2: 90, 3: 90, 4: 90, 5: 90, 6: 60}


def saved_by_pillow(mode, **options):
    """The blocks as Pillow saves them."""
    image = Image.fromarray(BLOCKS.astype(np.uint16 if mode == "I;16" else np.uint8))
    if mode == "P":
        image.putpalette(colors(256))
    buffer = io.BytesIO()
    (image.convert("RGB") if mode == "RGB" else image).save(buffer, "PNG", **options)
    return buffer.getvalue()


@cache
def files_to_flip():
    """The blocks by several encoders."""
    files = [saved_by_pillow(mode) for mode in ("L", "P", "I;16", "RGB")]
    files += [saved_by_pillow("P", optimize=True), saved_by_pillow("L", compress_level=0)]
    files += [write_png(BLOCKS.tolist(), PALETTE, 4, filters=(kind,)) for kind in range(5)]
    files += [write_png(BLOCKS.tolist(), GREY, 8, interlaced=True, split=40, filters=(4, 1))]
    with contextlib.suppress(ImportError):
        import cv2

        files += [cv2.imencode(".png", BLOCKS.astype(np.uint8))[1].tobytes()]
    return files


def flip_bit(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return patched(data, at, data[at] ^ 1 << dice.randrange(8))


def replace_bytes(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    size = dice.randint(1, 20)
    return data[:at] + dice.randbytes(min(size, len(data) - at)) + data[at + size :]


def move_end(data: bytes, dice: random.Random) -> bytes:
    """Cut bytes out, or put some in."""
    at, size = dice.randrange(len(data)), dice.randint(1, 300)
    return data[:at] + (
        data[at + size :] if dice.random() < 0.5 else dice.randbytes(size) + data[at:]
    )


def damage_pixels(data: bytes, dice: random.Random) -> bytes:
    """Other compressed data under a right CRC: only inflating can tell."""
    start = data.index(b"IDAT") + 4
    size = int.from_bytes(data[start - 8 : start - 4], "big")
    body = bytearray(data[start : start + size])
    for _ in range(dice.randint(1, 3)):
        body[dice.randrange(size)] ^= dice.randint(1, 255)
    crc = zlib.crc32(b"IDAT" + body).to_bytes(4, "big")
    return data[:start] + body + crc + data[start + size + 4 :]
