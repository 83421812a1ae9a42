"""
The fast path for PNG: pixels are counted from the compressed stream, which is never made bytes.

It counts only files without the least fault or oddity. Whoever calls it has the careful path
for all others, which says what they are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .counters import COMPILED

if TYPE_CHECKING:
    from typing import TypeAlias

    from .buffers import Bytes

    PlainPng: TypeAlias = tuple[int, int, int, int, bytes, dict[int, int]]

FAST_PNG = COMPILED and not os.environ.get("WEIGHTCALC_CAREFUL_PNG")
if FAST_PNG:
    from ._kernels import count_png, count_png_file

_LARGEST_FILE = 32 << 20  # bytes; it is held in memory
_MOST = (1 << 63) - 1


def count_plain_png(data: Bytes, max_pixels: int, max_bytes: int) -> PlainPng | None:
    """
    Count the pixels of a plain PNG file that is in memory.

    Parameters
    ----------
    data : bytes-like
        The whole file.
    max_pixels, max_bytes : int
        Most pixels, and most bytes of rows with their filter types, that are counted.

    Returns
    -------
    tuple, or None
        Width, height, bits of a sample, colour type, body of PLTE, and value to pixels, where
        the first sample of a pixel is the most significant. None where the file is left to
        another path: it is interlaced or noisy, something about it is wrong or odd, it is
        beyond a limit, or the fast path is off.
    """
    if not FAST_PNG:
        return None
    return count_png(data, min(max_pixels, _MOST), min(max_bytes, _MOST))


def count_plain_png_file(path: str, max_pixels: int, max_bytes: int) -> PlainPng | None:
    """
    Read a plain PNG file of up to 32 MiB, and count its pixels.

    Returns
    -------
    tuple, or None
        As `count_plain_png`. None also where the file cannot be read, or changes meanwhile.
    """
    if not FAST_PNG or "\0" in path:
        return None
    return count_png_file(path, _LARGEST_FILE, min(max_pixels, _MOST), min(max_bytes, _MOST))
