"""
What the pixels of float masks are counted as that are no whole numbers, and yet no fault.

Casting NaN to int64 gives the first of them; whole floats are far from both.
"""

from __future__ import annotations

NAN = -(1 << 63)
NODATA = NAN + 1  # the nodata value that a file declares
