"""
Whether the palettes of masks agree: one index must mean one colour, and one class.

Tools that optimise or export palette images order their palettes anew, and the indices with
them. The picture stays the same, and counts by index are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SourceError
from ..labels.label_map import Labelled, LabelMap
from ..masks.value_counts import ValueCounts
from ..text.escape import printable

HINT = (
    "--encoding color to count colours, with -c and a list that has them; "
    "--encoding index if the indices are right whatever their colours"
)


class Palettes:
    """
    The colours that indices have in a set of palette masks.

    Parameters
    ----------
    labels : LabelMap
        Its listed colours, if it has any, are what the colours of indices are compared with.

    Attributes
    ----------
    colors : dict of int to int
        Index to packed colour, as the first mask that uses the index has it.
    """

    def __init__(self, labels: LabelMap) -> None:
        self.colors: dict[int, int] = {}
        self._labels = labels
        self._first: dict[int, str] = {}
        self._conflict = ""
        self._num_conflicts = 0

    def add(self, name: str, mask: ValueCounts, labelled: Labelled) -> str:
        """
        Compare a mask with those before it and with the class list.

        Returns
        -------
        str
            What contradicts it; "" if nothing does.
        """
        if not mask.colors:
            return ""
        colors = {i: c for i, c in mask.colors.items() if i not in labelled.ignored}
        text = self._against_masks(name, colors) or self._against_list(colors)
        if text:
            self._num_conflicts += 1
            self._conflict = self._conflict or f"{printable(name)}: {text}"
        return text

    def _against_masks(self, name: str, colors: Mapping[int, int]) -> str:
        for index, color in colors.items():
            if self.colors.setdefault(index, color) != color:
                return (
                    f"index {index} has the colour #{color:06x}, but #{self.colors[index]:06x} in "
                    f"{printable(self._first[index])}"
                )
            self._first.setdefault(index, name)
        return ""

    def _against_list(self, colors: Mapping[int, int]) -> str:
        listed = self._labels.listed_colors
        if not listed or not all(color in listed for color in colors.values()):
            return ""
        for index, color in colors.items():
            found = self._labels.classify({index: 1}, 255).classes
            if found and listed[color] not in found:
                names = self._labels.class_names or ()
                wanted = listed[color]
                name = names[wanted] if wanted < len(names) else None
                return (
                    f"index {index} has the colour #{color:06x}, which the class list gives to "
                    f"class {wanted}" + (f" ({printable(name)})" if name else "")
                )
        return ""

    def error(self) -> SourceError | None:
        """What to raise about all of them; None where nothing contradicts."""
        if not self._conflict:
            return None
        more = self._num_conflicts - 1
        text = self._conflict + (f"; and {more} more masks" if more else "")
        return SourceError(f"{text}: indices and colours contradict each other").with_hint(HINT)
