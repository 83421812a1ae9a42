"""
Which masks hold most of each class: a few for each, kept while masks are counted.
"""

from __future__ import annotations

from typing import NamedTuple

from ..labels.label_map import LabelMap
from .tally import LabelledMask

MOST_KEPT = 3  # masks of a class


class TopMask(NamedTuple):
    """
    A mask, and what it holds of one class.

    Attributes
    ----------
    name : str
    pixels : int
        Of the class.
    mask_pixels : int
        All of the mask.
    values : frozenset of int
        The values of the mask that are the class; none where channels are the classes.
    largest : int
        Largest value that its sample type can hold.
    nodata : int, optional
        The value that its file declares to be no data.
    """

    name: str
    pixels: int
    mask_pixels: int
    values: frozenset[int]
    largest: int
    nodata: int | None


class TopMasks:
    """
    The masks that hold most pixels of each class, `MOST_KEPT` of each.

    Parameters
    ----------
    labels : LabelMap
        Which values are which class.

    Attributes
    ----------
    of_class : dict of int to list of TopMask
        By class; the mask with the most pixels comes first, and of equal ones that which was
        added first.
    """

    def __init__(self, labels: LabelMap) -> None:
        self.of_class: dict[int, list[TopMask]] = {}
        self._labels = labels

    def add(self, counted: LabelledMask) -> None:
        """Keep a mask for the classes of which it holds more than those kept so far."""
        for index, pixels in counted.labelled.classes.items():
            kept = self.of_class.setdefault(index, [])
            if len(kept) < MOST_KEPT or pixels > kept[-1].pixels:
                kept.append(self._entry(counted, index, pixels))
                kept.sort(key=lambda top: -top.pixels)  # which leaves equal ones as they are
                del kept[MOST_KEPT:]

    def _entry(self, counted: LabelledMask, index: int, pixels: int) -> TopMask:
        mask, values = counted.mask, frozenset[int]()
        if not mask.num_channels:
            values = frozenset(
                value
                for value in mask.values
                if index in classes_of(self._labels, value, mask.largest, mask.nodata)
            )
        return TopMask(counted.name, pixels, mask.pixels, values, mask.largest, mask.nodata)


def classes_of(labels: LabelMap, value: int, largest: int, nodata: int | None) -> list[int]:
    """The classes that a value stands for in a mask of such samples; none if it is ignored."""
    return sorted(labels.classify({value: 1}, largest, nodata=nodata).classes)
