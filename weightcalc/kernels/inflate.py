"""
Deflate and inflate: zlib-ng where the extra `fast` is installed, else the standard library's zlib.
"""

from __future__ import annotations

try:
    from zlib_ng.zlib_ng import compress, crc32, decompressobj
    from zlib_ng.zlib_ng import error as InflateError

    INFLATE = "zlib-ng"
except ImportError:
    from zlib import compress, crc32, decompressobj  # type: ignore[assignment]
    from zlib import error as InflateError  # type: ignore[assignment]

    INFLATE = "zlib"

__all__ = ["INFLATE", "InflateError", "compress", "crc32", "decompressobj"]
