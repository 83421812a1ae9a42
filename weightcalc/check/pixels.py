"""
The pixels of a mask, for the few that must be looked at again after they were counted.

A picture that does not give the very counts of the pass is not trusted.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from io import BytesIO
from typing import BinaryIO

import numpy as np

from ..masks.formats import suffix_of
from ..masks.png_header import SIGNATURE
from ..masks.value_counts import ValueCounts
from ..sources.guard import is_bug
from ..sources.opening import open_mask

MOST_PIXELS = 1 << 24  # of a mask that is looked at again; it is held whole
_MOST_BYTES = 1 << 28
_MOST_SAMPLED = 20_000  # pixels whose neighbours are looked at
_REACH = 3  # pixels on each side: the edge that scaling leaves is a few pixels wide
_MANY = 8  # unknown colours that nobody chose
_OVERSHOOT, _ROUNDING = 32, 12  # of a sample, from 0 to 255
_FORMATS = ("PNG", "BMP", "GIF", "TIFF", "WEBP", "JPEG")


def pixel_values(
    name: str, mask: ValueCounts, encoding: str, number: int | None = None
) -> np.ndarray | None:
    """
    The values of a mask as they were counted, or None where that is not to be had.

    Parameters
    ----------
    name : str
        Of the file that holds the mask.
    mask : ValueCounts
        What was counted: the pixels must give the same.
    encoding : str
        "color" for packed colours, ``0xRRGGBB``.
    number : int, optional
        Which mask of a stack is meant; None for a file that holds only this one. Of the files
        with several masks only .npy is read.

    Returns
    -------
    ndarray of int, shape (H, W), or None
    """
    if mask.pixels > MOST_PIXELS:
        return None
    try:
        with closing(open_mask(name)) as file:
            data = file.read(_MOST_BYTES)
        if number is None:
            values = _decode(BytesIO(data), suffix_of(name), encoding)
        else:
            values = _stack(BytesIO(data))[number]
        found, numbers = np.unique(values, return_counts=True)
    except Exception as error:  # what decoders raise only means that there is no picture
        if is_bug(error, ValueError, IndexError):
            raise
        return None
    counts = dict(zip(found.tolist(), numbers.tolist(), strict=True))
    return values if counts == mask.values else None


def _decode(file: BinaryIO, suffix: str, encoding: str) -> np.ndarray:
    if suffix == ".npy":
        return np.squeeze(np.load(file, allow_pickle=False))
    from PIL import Image

    depth = _depth_of_grey_png(file)
    image = Image.open(file, formats=_FORMATS)
    if encoding != "color":
        values = np.asarray(image, np.uint8 if image.mode == "1" else None)
        if depth in (2, 4):  # Pillow scales them to 0 to 255
            values = values // (255 // (2**depth - 1))
        return values[..., 0] if values.ndim == 3 else values
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(np.uint32), 2, 0)
    return red << 16 | green << 8 | blue


def _stack(file: BinaryIO) -> np.ndarray:
    values = np.squeeze(np.load(file, allow_pickle=False))
    if values.ndim != 3:
        raise ValueError(f"an array of shape {values.shape} is no stack")
    return values


def _depth_of_grey_png(file: BinaryIO) -> int:
    """Bits of a pixel of a grey PNG; 0 for all else."""
    head = file.read(26)
    file.seek(0)
    is_grey = head.startswith(SIGNATURE) and head[25:] == b"\0"
    return head[24] if is_grey else 0


def share_on_borders(
    values: np.ndarray, unknown: Collection[int], known_colors: Collection[int] = ()
) -> float:
    """
    The share of unknown pixels that lie between two known values, in place and in value.

    So lie the pixels that anti-aliasing, scaling and JPEG invent along borders; a
    class that nobody declared does not, nor does a border that is drawn in a value
    of its own. Where there are many unknown colours, those count too that miss such
    a place by little, or a known colour: sharp filters overshoot, and JPEG rounds.

    Parameters
    ----------
    values : ndarray of int, shape (H, W)
    unknown : collection of int
        At least one of them occurs.
    known_colors : collection of int
        Packed colours that are classes; none where values are no colours.
    """
    is_unknown = np.isin(values, np.fromiter(unknown, np.int64, len(unknown)))
    rows, columns = np.nonzero(is_unknown)
    chosen = slice(None, None, max(1, len(rows) // _MOST_SAMPLED))
    rows, columns = rows[chosen], columns[chosen]
    near = _samples(_neighbours(values, rows, columns), bool(known_colors))
    is_known = ~_neighbours(is_unknown, rows, columns)
    here = _samples(values[rows, columns].astype(np.int64), bool(known_colors))
    low = np.where(is_known, near, 1 << 62).min(axis=2)
    high = np.where(is_known, near, -(1 << 62)).max(axis=2)
    strictly = np.any((low < here) & (here < high), axis=0)
    between = strictly & np.all((low <= here) & (here <= high), axis=0)
    if len(unknown) >= _MANY and known_colors:
        two = np.any(low < high, axis=0)
        about = two & np.all((low - _OVERSHOOT <= here) & (here <= high + _OVERSHOOT), axis=0)
        between |= about | _close_to(here, known_colors)
    return float(np.mean(between))


def _samples(values: np.ndarray, colors: bool) -> np.ndarray:
    """Red, green and blue along a new first axis, or the values themselves."""
    return np.stack([values >> shift & 255 for shift in (16, 8, 0)] if colors else [values])


def _close_to(here: np.ndarray, colors: Collection[int]) -> np.ndarray:
    known = _samples(np.fromiter(colors, np.int64, len(colors)), True)
    close = np.zeros(here.shape[1], bool)
    for color in known.T:
        close |= np.all(np.abs(here - color[:, None]) <= _ROUNDING, axis=0)
    return close


def _neighbours(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The square around each place, shape (number of places, pixels of the square)."""
    steps = np.arange(-_REACH, _REACH + 1)
    height, width = values.shape
    around = np.clip(rows[:, None, None] + steps[:, None], 0, height - 1)
    across = np.clip(columns[:, None, None] + steps, 0, width - 1)
    found = values[around, across].reshape(len(rows), -1)
    return found if found.dtype == bool else found.astype(np.int64)
