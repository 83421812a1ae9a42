"""
Counts plain PNG masks by the fast path: files that have no fault and nothing odd about them.

All others are left to the careful path, which alone raises and notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DecodeError
from ..kernels.fast_png import count_plain_png, count_plain_png_file, count_plain_png_files
from .options import ReadOptions
from .png_header import GREY, RGB, RGBA, Header
from .png_values import mask_of, mask_of_grey
from .samples import may_be_refused
from .value_counts import MaskSums, ValueCounts

if TYPE_CHECKING:
    from ..kernels.buffers import Bytes
    from ..kernels.fast_png import PlainPng


def count_plain(path: str, options: ReadOptions) -> ValueCounts | None:
    """
    Read and count a PNG mask by the fast path.

    Returns
    -------
    ValueCounts, or None
        What `count_png` gives. None where that shall count the file, or say what is wrong.
    """
    if options.by_channels or options.array is not None:  # which no image has
        return None
    found = count_plain_png_file(path, options.max_pixels, options.max_bytes)
    return _mask_of(found, options) if found else None


def count_plain_bytes(data: Bytes, options: ReadOptions) -> ValueCounts | None:
    """The same for a whole file that is in memory."""
    if options.by_channels or options.array is not None:
        return None
    found = count_plain_png(data, options.max_pixels, options.max_bytes)
    return _mask_of(found, options) if found else None


def count_several(
    paths: Sequence[object], place: int, roles: bytes, options: ReadOptions
) -> tuple[MaskSums | None, ValueCounts | None]:
    """
    Count together the plain grey masks that follow each other in one folder.

    Parameters
    ----------
    paths : sequence
        Of str; anything else ends what is counted together.
    place : int
        Of the first one.
    roles : bytes
        What each of 256 values is, as `LabelMap.roles` gives it.
    options : ReadOptions
        Those of images that are read by index.

    Returns
    -------
    MaskSums, or None
        Of some hundred masks at most. None where the first one cannot be counted so.
    ValueCounts, or None
        The mask after them, if it was counted, but has no place in the sums.
    """
    number, pixels, ignored, values, last = count_plain_png_files(
        paths, place, roles, options.max_pixels, options.max_bytes
    )
    return (
        MaskSums(number, pixels, ignored, values) if number else None,
        _mask_of(last, options) if last else None,
    )


def _mask_of(found: PlainPng, options: ReadOptions) -> ValueCounts | None:
    width, height, depth, color, palette, pixels = found
    if color == GREY and options.encoding != "color":  # as most masks
        return mask_of_grey(pixels, width * height, depth)
    header = Header(width, height, depth, color, False)
    if color in (RGB, RGBA) and may_be_refused(pixels, header.num_samples, depth, options):
        return None
    try:
        return mask_of(header, pixels, palette, [], options)
    except DecodeError:  # which the careful path raises in its own words
        return None
