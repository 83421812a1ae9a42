"""
The fast path for PNG: pixels are counted from the compressed stream, which is never made bytes.

It counts only files without the least fault or oddity. Whoever calls it has the careful path
for all others, which says what they are.

`count_plain_png` takes a whole file that is in memory, `count_plain_png_file` the name of a
file of up to 32 MiB; both take the most pixels, and the most bytes of rows with their filter
types, that are counted. They give width, height, bits of a sample, colour type, body of PLTE,
and a dict of values to pixels, where the first sample of a pixel is the most significant.
They give None where the file is left to the careful path: it cannot be read; it is interlaced
or noisy; something about it is wrong or odd; it is beyond a limit; or the fast path is off.
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
    from . import _kernels

    count_plain_png = _kernels.count_png
    count_plain_png_file = _kernels.count_png_file
else:

    def count_plain_png(data: Bytes, max_pixels: int, max_bytes: int) -> PlainPng | None:
        """Leave the file to the careful path."""

    def count_plain_png_file(path: str, max_pixels: int, max_bytes: int) -> PlainPng | None:
        """Leave the file to the careful path."""
