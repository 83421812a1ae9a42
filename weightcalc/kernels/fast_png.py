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

`count_plain_png_files` takes a sequence of paths and a place in it. It adds up the grey masks of up
to 8 bits that follow each other from there on in one folder, for a moment. `roles` has a byte for
each value, as `roles.py` names them; a mask that holds one of 0 is not added. It
gives the number of masks, their pixels, the ignored ones of these, and a dict of each value to its
pixels, the masks that hold it, all pixels of those masks, and the same without ignored ones. Last
comes the mask that follows, as the others give it, if it was counted but cannot be added; else None.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .counters import COMPILED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from .buffers import Bytes

    PlainPng: TypeAlias = tuple[int, int, int, int, bytes, dict[int, int]]
    PlainPngs: TypeAlias = tuple[
        int, int, int, dict[int, tuple[int, int, int, int]], PlainPng | None
    ]

FAST_PNG = COMPILED and not os.environ.get("WEIGHTCALC_CAREFUL_PNG")
if FAST_PNG:
    from . import _kernels

    count_plain_png = _kernels.count_png
    count_plain_png_file = _kernels.count_png_file
    count_plain_png_files = _kernels.count_png_files
else:

    def count_plain_png(data: Bytes, max_pixels: int, max_bytes: int) -> PlainPng | None:
        """Leave the file to the careful path."""

    def count_plain_png_file(path: str, max_pixels: int, max_bytes: int) -> PlainPng | None:
        """Leave the file to the careful path."""

    def count_plain_png_files(
        paths: Sequence[object], place: int, roles: Bytes, max_pixels: int, max_bytes: int
    ) -> PlainPngs:
        """Leave all files to the careful path."""
        return 0, 0, 0, {}, None
