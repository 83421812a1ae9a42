"""
Colours that became classes because they were found: what is odd about them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ..labels.colors import distance, nearest_color
from ..labels.label_map import LabelMap
from ..text.escape import printable
from ..text.numbers import number_of
from .class_counts import ClassCounts

_NEAR = 16.0  # in RGB: classes of known palettes are farther apart, or have many pixels
_FEW = 1000  # times more pixels has the colour that was meant
_MANY = 32  # colours, of which most masks of classes share some
_MOST_SLIPS = 100
_ENOUGH_MASKS = 3  # fewer may each have classes that no other has
_SEGMENTS = (
    "colours are in one mask each, as ids of segments or instances (COCO panoptic, ADE20K "
    "_seg.png) are, which are no colours of classes: `weightcalc help formats` has the lines that "
    "turn them into classes"
)


class FoundColors:
    """
    The colours of a set without a list of colours.

    Parameters
    ----------
    labels : LabelMap
        It makes a class of each colour.
    """

    def __init__(self, labels: LabelMap) -> None:
        self._labels = labels
        self._first: dict[int, str] = {}

    def add(self, name: str, classes: Iterable[int]) -> None:
        """Take note of the mask in which classes are."""
        for index in classes:
            self._first.setdefault(index, name)

    def remarks(self, counts: ClassCounts) -> list[str]:
        """What looks like ids of segments, or else like slips of a colour."""
        colors = dict(enumerate(self._labels.colors or ()))
        if counts.num_masks < _ENOUGH_MASKS:
            return []
        single = [index for index in colors if counts.masks[index] == 1]
        if len(colors) > _MANY and 2 * len(single) > len(colors):
            return [f"{len(single)} of {len(colors)} {_SEGMENTS}"]
        found = (self._slip(index, colors, counts) for index in single)
        return list(islice(filter(None, found), _MOST_SLIPS))

    def _slip(self, index: int, colors: dict[int, int], counts: ClassCounts) -> str:
        """What to say of a colour of few pixels beside one that nearly is the same; "" if none."""
        color, pixels = colors[index], counts.pixels[index]
        common = {c: i for i, c in colors.items() if counts.pixels[i] >= _FEW * pixels}
        if not common or distance(color, near := nearest_color(color, common)) > _NEAR:
            return ""
        return (
            f"{printable(self._first[index])}: {number_of(pixels, 'pixel')} of colour #{color:06x}, "
            f"which no other mask has; #{near:06x} is nearly the same and has "
            f"{counts.pixels[common[near]]}: if it is a slip, correct the mask; "
            "-c/--classes with a list of the colours refuses all others"
        )
