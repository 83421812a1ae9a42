"""
Masks as small pictures, for a page: read once more, and never held whole.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Mapping, Sequence
from functools import partial
from typing import BinaryIO

import numpy as np

from ..counts.class_counts import ClassCounts
from ..counts.top_masks import TopMask, classes_of
from ..errors import ShapeError, WeightcalcError
from ..labels.label_map import LabelMap
from ..masks.file import read_file
from ..masks.formats import picture_of
from ..masks.options import ReadOptions
from ..masks.pictures import Block, Picture
from ..sources.opening import is_quick_to_seek, spooled

MOST_SIDE = 96  # pixels
_MOST_PIXELS = 1 << 26  # of a mask that is read again
_MOST_ASPECT = 8  # sides of a mask: slices that stand one below the other are no picture
_MOST_COLORS = 255  # of a picture
_GOLDEN = 0.618033988749895


def thumbnail(
    top: TopMask, index: int, labels: LabelMap, colors: Mapping[int, int], options: ReadOptions
) -> bytes | None:
    """
    A mask as a small PNG in the colours of its classes.

    A dot has the class of the pixel in its middle, but that of `index` wherever one of its
    pixels has it. What is no class is transparent.

    Parameters
    ----------
    top : TopMask
    index : int
        The class that it is shown for.
    labels : LabelMap
    colors : mapping of int to int
        Packed colour, ``0xRRGGBB``, of each class.
    options : ReadOptions

    Returns
    -------
    bytes or None
        None where the mask cannot be shown: it is large, no single picture, gone, or its pixels
        are not those that were counted.
    """
    if not top.values or top.mask_pixels > _MOST_PIXELS:
        return None
    try:
        canvas = read_file(top.name, partial(_paint, top=top, options=options), options)
    except WeightcalcError:
        return None
    return None if canvas.pixels != top.pixels else canvas.png(top, index, labels, colors)


def class_colors(counts: ClassCounts, labels: LabelMap) -> dict[int, int]:
    """
    A colour for each class: that of the class list, of the masks or of their palettes, or one
    that differs from those of its neighbours.

    Returns
    -------
    dict of int to int
        Class to packed colour, ``0xRRGGBB``.
    """
    colors = {index: _made_up(index) for index in range(counts.num_classes)}
    for value, color in counts.palette.items():
        colors |= dict.fromkeys(classes_of(labels, value, 255, None), color)
    for listed in (labels.listed_colors, labels.known_colors()):
        colors |= {index: color for color, index in listed.items() if color >= 0}
    return colors


def _made_up(index: int) -> int:
    """Hues a golden section of the circle apart, in three degrees of lightness."""
    light = (0.5, 0.38, 0.64)[index % 3]
    rgb = colorsys.hls_to_rgb((0.58 + index * _GOLDEN) % 1.0, light, 0.55)
    red, green, blue = (round(255 * part) for part in rgb)
    return red << 16 | green << 8 | blue


def _paint(file: BinaryIO, *, top: TopMask, options: ReadOptions) -> _Canvas:
    if not is_quick_to_seek(file):
        with spooled(file, options.max_bytes) as copy:
            return _paint(copy, top=top, options=options)
    picture = picture_of(file, top.name, options)
    if picture.width * picture.height != top.mask_pixels:
        raise ShapeError("it is no longer of the size that was counted")
    canvas = _Canvas(picture, top.values)
    for block in picture.blocks:
        canvas.add(block)
    return canvas


class _Canvas:
    """
    A small picture in the making.

    Attributes
    ----------
    pixels : int
        Pixels of the class so far.
    """

    def __init__(self, picture: Picture, values: frozenset[int]) -> None:
        width, height = picture.width, picture.height
        if max(width, height) > _MOST_ASPECT * min(width, height):
            raise ShapeError(f"{width} x {height} pixels are no picture that could be shown small")
        scale = max(width, height, MOST_SIDE)
        self.pixels = 0
        self._of_class = np.fromiter(values, np.int64, len(values))
        self._columns = _Axis(width, max(width * MOST_SIDE // scale, 1))
        self._rows = _Axis(height, max(height * MOST_SIDE // scale, 1))
        shape = len(self._rows.middles), len(self._columns.middles)
        self._values = np.zeros(shape, np.int64)
        self._covered = np.zeros(shape, bool)

    def add(self, block: Block) -> None:
        """Take what is shown of a block."""
        height, width = block.values.shape
        rows, from_rows = self._rows.middles_in(block.row, height)
        columns, from_columns = self._columns.middles_in(block.column, width)
        self._values[rows, columns] = block.values[np.ix_(from_rows, from_columns)]
        inside = np.isin(block.values, self._of_class)
        self.pixels += int(np.count_nonzero(inside))
        cells, starts = self._columns.cells_in(block.column, width)
        inside = np.logical_or.reduceat(inside, starts, axis=1)
        lines, starts = self._rows.cells_in(block.row, height)
        self._covered[np.ix_(lines, cells)] |= np.logical_or.reduceat(inside, starts, axis=0)

    def png(
        self, top: TopMask, index: int, labels: LabelMap, colors: Mapping[int, int]
    ) -> bytes | None:
        """What was painted, in the colours of the classes."""
        found, places = np.unique(self._values, return_inverse=True)
        shown = [
            next((c for c in classes_of(labels, v, top.largest, top.nodata) if c in colors), None)
            for v in found.tolist()
        ]
        table = [None, *dict.fromkeys([index, *(each for each in shown if each is not None)])]
        if len(table) > _MOST_COLORS:
            return None
        numbers = np.array([table.index(each) for each in shown], np.uint8)
        image = numbers[places].reshape(self._values.shape)
        image[self._covered] = table.index(index)
        return _png(image, [0, *(colors[each] for each in table if each is not None)])


class _Axis:
    """The rows or the columns of a picture, and the dots that show them."""

    def __init__(self, size: int, dots: int) -> None:
        self.middles = (2 * np.arange(dots) + 1) * size // (2 * dots)
        self._size, self._dots = size, dots

    def middles_in(self, start: int, length: int) -> tuple[slice, np.ndarray]:
        """The dots whose middles lie in a part of the axis, and where they lie in it."""
        first, last = np.searchsorted(self.middles, (start, start + length))
        return slice(first, last), self.middles[first:last] - start

    def cells_in(self, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        """The dots that a part of the axis belongs to, and where each of them begins in it."""
        cells = np.arange(start, start + length) * self._dots // self._size
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        return cells[starts], starts


def _png(numbers: np.ndarray, colors: Sequence[int]) -> bytes:
    """A PNG by its palette, whose first entry is transparent."""
    from PIL import Image

    height, width = numbers.shape
    image = Image.frombytes("P", (width, height), numbers.tobytes())
    image.putpalette([part for color in colors for part in color.to_bytes(3, "big")])
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, transparency=0)
    return file.getvalue()
