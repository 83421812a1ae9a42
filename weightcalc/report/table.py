"""
What a report says, before it is text or a picture: the numbers of each class, in one set
of masks or in several side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from ..counts.class_counts import ClassCounts
from ..counts.drift import Drift, class_drift
from ..errors import CountsError, WeightError
from ..text.escape import printable
from ..weights.class_weights import list_class_weights
from ..weights.formula import Formula
from .notes import notes_on
from .summary import totals_line

LEAST_FLOOR = -12  # smaller shares than one of a trillion have the least bar
MOST_ABSENT = 5  # rows of a table; more absent classes are gathered in a line
PRESENT, ABSENT, IGNORED = "present", "absent", "ignored"


@dataclass(frozen=True)
class ClassRow:
    """
    One class of one set of masks.

    Attributes
    ----------
    index : int
    status : str
        "present", "absent", or "ignored" for a class whose own value is ignored.
    pixels, masks : int
    share : float
        Of the labelled pixels.
    weights : tuple of float
        One for each method of the report.
    """

    index: int
    status: str
    pixels: int
    masks: int
    share: float
    weights: tuple[float, ...]


@dataclass(frozen=True)
class ClassTable:
    """The rows of one set of masks, in the order of the report, and what is odd about them."""

    name: str
    counts: ClassCounts
    rows: list[ClassRow]
    notes: list[str]

    @property
    def totals(self) -> str:
        """The name of the set, and its totals."""
        return f"{self.name}: {totals_line(self.counts)}"


@dataclass(frozen=True)
class Report:
    """
    All that a report says.

    Attributes
    ----------
    names : dict of int to str
        What the classes are called; "" without a name.
    methods : list of str
    tables : list of ClassTable
        One for each set; the first is the one that others are compared with.
    drifts : list of Drift
        From the first set to each of the others.
    scaled : bool
        Whether the weights of each method are divided by their mean.
    """

    names: dict[int, str]
    methods: list[str]
    tables: list[ClassTable]
    drifts: list[Drift]
    scaled: bool = False

    @property
    def notes(self) -> list[str]:
        """What a person should know about these numbers, and of which sets it is true."""
        whose: dict[str, list[str]] = {}
        for table in self.tables:
            for note in table.notes:
                whose.setdefault(note, []).append(table.name)
        return [
            note if len(names) == len(self.tables) else f"{', '.join(names)}: {note}"
            for note, names in whose.items()
        ]

    @property
    def gathered(self) -> list[int]:
        """
        Absent classes that tables leave out, as a line names them; empty if they are few.

        A class stays that another set holds, or that has a weight all the same.
        """
        alike = zip(*(table.rows for table in self.tables), strict=True)
        gone = sorted(rows[0].index for rows in alike if all(map(_is_nothing, rows)))
        return gone if len(gone) > MOST_ABSENT else []

    def shown(self) -> Report:
        """What tables show: the report without the classes that are gathered."""
        gathered = {*self.gathered}
        return replace(
            self,
            names={index: name for index, name in self.names.items() if index not in gathered},
            tables=[
                replace(table, rows=[row for row in table.rows if row.index not in gathered])
                for table in self.tables
            ],
        )

    @property
    def floor(self) -> int:
        """Exponent of the power of ten where log scales begin."""
        return min((log_floor(table.counts) for table in self.tables), default=-1)


def _is_nothing(row: ClassRow) -> bool:
    return row.status == ABSENT and not any(row.weights)


def make_report(
    sets: Mapping[str, ClassCounts],
    formulas: Mapping[str, Formula],
    sort: str = "id",
    *,
    scaled: bool = False,
) -> Report:
    """
    Put the numbers of one or several sets of masks side by side.

    Parameters
    ----------
    sets : mapping of str to ClassCounts
        By the name that the report calls them; they must have the same classes.
    formulas : mapping of str to Formula
        By the heading of its column of weights.
    sort : str
        "id", or "share" for the largest class of the first set first.
    scaled : bool
        Whether to divide the weights of each method by their mean over the classes that have
        one, so that methods can be compared.

    Raises
    ------
    WeightcalcError
        If the sets have different classes, or no weight follows from one of them.
    """
    total = _together(sets)
    tables = [_table(name, counts, formulas, total, scaled) for name, counts in sets.items()]
    order = list(range(total.num_classes))
    if sort == "share":
        order.sort(key=lambda index: -tables[0].counts.pixels[index])
    return Report(
        {index: printable(total.class_names[index] or "") for index in order},
        list(formulas),
        [replace(table, rows=[table.rows[index] for index in order]) for table in tables],
        [class_drift(tables[0].counts, table.counts) for table in tables[1:]],
        scaled,
    )


def bar_length(share: float, floor: int) -> float:
    """Length of a bar on a log scale from 10**floor to 1, as a part of the longest."""
    return max(1 - math.log10(share) / floor, 0.0) if share else 0.0


def log_floor(counts: ClassCounts) -> int:
    """Exponent of the largest power of ten below the share of every class, as far as bars go."""
    least = min(filter(None, counts.pixels), default=counts.labelled_pixels)
    exponent = -1
    while exponent > LEAST_FLOOR and 0 < least * 10**-exponent <= counts.labelled_pixels:
        exponent -= 1
    return exponent


def _together(sets: Mapping[str, ClassCounts]) -> ClassCounts:
    """The sum of all sets, which exists only where they have the same classes."""
    try:
        total = reduce(add, sets.values())
    except CountsError as error:
        text = f"{', '.join(sets)} cannot be compared: {error}"
        raise CountsError(text).with_hint(error.hint) from error
    for counts in sets.values():
        counts.grow(total.num_classes)
        counts.class_names = total.class_names
    return total


def _table(
    name: str,
    counts: ClassCounts,
    formulas: Mapping[str, Formula],
    total: ClassCounts,
    scaled: bool,
) -> ClassTable:
    try:
        weights = [list_class_weights(counts, formula) for formula in formulas.values()]
    except WeightError as error:
        text = f"{name}: {error}" if counts is not total else str(error)
        raise WeightError(text).with_hint(error.hint) from error
    shown = [scaled_to_mean(column) for column in weights] if scaled else weights
    rows = [
        ClassRow(
            index,
            _status(counts, total, index),
            counts.pixels[index],
            counts.masks[index],
            counts.pixels[index] / (counts.labelled_pixels or 1),
            tuple(column[index] for column in shown),
        )
        for index in range(counts.num_classes)
    ]
    return ClassTable(name, counts, rows, notes_on(counts, list(formulas.values()), weights))


def scaled_to_mean(weights: Sequence[float]) -> list[float]:
    """Weights divided by the mean of those above 0; classes without a weight keep 0."""
    some = [weight for weight in weights if weight > 0]
    largest = max(some, default=1.0)
    mean = math.fsum(weight / largest for weight in some) / (len(some) or 1)
    return [weight / largest / (mean or 1.0) for weight in weights]


def _status(counts: ClassCounts, total: ClassCounts, index: int) -> str:
    if counts.pixels[index]:
        return PRESENT
    return IGNORED if index in total.ignored_classes else ABSENT
