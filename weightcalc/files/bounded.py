"""
Small files that are read whole: class lists, counts, weights, settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO


def read_bounded(
    file: BinaryIO, limit: int, what: str, refuse: Callable[[str], Exception]
) -> bytes:
    """
    Read all of a file, which may have `limit` bytes.

    Parameters
    ----------
    file : binary file
    limit : int
        Whole MiB, in bytes.
    what : str
        What a larger file cannot be.
    refuse : callable
        Makes the error that is raised for a larger one.
    """
    data = file.read(limit + 1)
    if len(data) > limit:
        raise refuse(f"larger than {limit >> 20} MiB, so no {what}")
    return data
