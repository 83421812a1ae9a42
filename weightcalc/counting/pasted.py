"""
Numbers of pixels that somebody pastes, in the place of masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..counts.class_counts import ClassCounts
from ..errors import CountsError
from ..files.atomic import refuse_overwriting
from ..labels.from_options import label_map
from ..labels.label_map import MOST_CLASSES, LabelMap
from ..labels.options import LabelOptions
from ..masks.options import DEFAULTS
from ..sources.listing import Listing
from ..sources.looks import Looks
from ..text.escape import printable
from ..text.numbers import number_of
from ..text.suggest import nearest
from .data_set import DataSet
from .pasted_numbers import Pasted, read_pasted

if TYPE_CHECKING:
    from ..labels.class_list import ClassList


def pasted_data(text: str, labels: LabelOptions, outputs: Mapping[str, str | None]) -> DataSet:
    """
    Read the pixels of each class, in order of class ids, as a data set without masks.

    Parameters
    ----------
    text : str
        Such as ``3370714, 2856755`` or ``road: 3370714, car: 2856755``, with brackets around it or
        without; "-" is standard input.
    labels : LabelOptions
        Names of the classes, and the classes that are ignored. The names of the text are in their
        order if there is a class list, and are names of classes themselves if there is none.
    outputs : mapping of str to str or None
        Option to the file that the run will write for it.

    Raises
    ------
    OutputError
        If an output cannot be written, or is the class list.
    CountsError
        If a word is no whole number, or the numbers are not those of the classes.
    LabelError
        If the class list cannot be read.
    """
    refuse_overwriting(outputs, filter(None, [labels.classes]))
    from ..labels.class_list import ClassList, read_class_list  # here, as in a run

    pasted = read_pasted(text)
    listed, numbers = None, pasted.numbers
    if labels.classes:
        listed = read_class_list(labels.classes)
        numbers = numbers if pasted.names is None else _by_names(pasted, listed)
    elif pasted.names is not None:
        listed = ClassList([*pasted.names], None, frozenset(), {}, {})
    map_ = label_map(listed, "index", labels).labels
    counts = _counts_of(numbers, map_)
    return DataSet([], Listing(), counts, map_, DEFAULTS, {}, Looks())


def _by_names(pasted: Pasted, listed: ClassList) -> list[int]:
    """The numbers in the order of a class list, which must have just these names."""
    names, given = list(listed.names), dict(zip(pasted.names or [], pasted.numbers, strict=True))
    known = [name for name in names if name is not None]
    if strange := next((name for name in given if name not in known), None):
        raise CountsError(
            f"the class list has no class '{printable(strange)}'{nearest(strange, known)}"
        )
    if missing := next((name for name in known if name not in given), None):
        raise CountsError(f"there is no number of class '{printable(missing)}'").with_hint(
            "one number for each class, 0 for those without pixels"
        )
    return [0 if name is None else given[name] for name in names]


def _counts_of(pixels: Sequence[int], labels: LabelMap) -> ClassCounts:
    """Counts of no mask: of each class the pixels are known, and not the masks that hold it."""
    if labels.regions:
        raise CountsError("the classes of the class list overlap, so that their pixels have no sum")
    counts = ClassCounts(labels)
    if not counts.inferred and counts.num_classes != len(pixels):
        raise CountsError(
            f"{number_of(len(pixels), 'number')} of pixels, but {counts.num_classes} classes"
        ).with_hint("one number for each class, 0 for those without pixels")
    _check_ignored(labels, len(pixels))
    counts.grow(len(pixels))
    counts.num_pixels = sum(pixels)
    found = labels.classify(dict(enumerate(pixels)), MOST_CLASSES)
    counts.ignored_pixels = sum(found.ignored.values())
    for index, number in found.classes.items():
        counts.pixels[index] = number
    return counts


def _check_ignored(labels: LabelMap, num_classes: int) -> None:
    """Refuse values to ignore that are no class of the numbers, which have no others."""
    ranges = [values.low for values, index in labels.ranges if index is None]
    strange = sorted(value for value in (*labels.ignore, *ranges) if not 0 <= value < num_classes)
    if strange or labels.ignore_nodata or labels.ignore_rest:
        words = "nodata" if labels.ignore_nodata else "'*'"
        name = labels.name_of_value(strange[0]) if strange else words
        raise CountsError(
            f"--ignore-index {name}: the numbers of --pixels are those of classes 0 to "
            f"{num_classes - 1}, and of no other value"
        ).with_hint(f"leave --ignore-index {name} out, if its pixels are not among the numbers")
