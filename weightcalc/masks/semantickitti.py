"""
Counts scans of SemanticKITTI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ..errors import ColorError, DamagedError
from ..kernels.counters import ValueCounter
from .arrays import pieces
from .options import ReadOptions, check_image, check_size
from .value_counts import ValueCounts


def read_label(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count a SemanticKITTI scan: a little-endian uint32 for each point.

    The lower 16 bits are the class, the upper ones the instance, which is left out.

    Raises
    ------
    DecodeError
        If the file does not hold whole points.
    """
    check_image(options)
    if options.encoding == "color":
        raise ColorError("a scan of points has no colours")
    num_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    if num_bytes % 4:
        raise DamagedError(f"its {num_bytes} bytes are no whole points of 4")
    check_size(num_bytes // 4, 1, options)
    counter = ValueCounter(2)
    for halves in pieces(file, np.dtype("<u2"), num_bytes // 2, 2):
        counter.add(np.ascontiguousarray(halves[::2]).view(np.uint8))
    yield ValueCounts(counter.counts(), num_bytes // 4, "points", 65535)
