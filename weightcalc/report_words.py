"""
The words of a report: numbers as people read them, and what is said below its tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .counts import ClassCounts
from .drift import Drift
from .text_width import shorten
from .weights import absent_classes, remarks

if TYPE_CHECKING:
    from .report_table import Report

_MOST_NAMED = 5  # classes that a sentence lists
_MOST_NAME = 40  # columns of each
ABOUT_DRIFT = "total variation distance of the shares, 0 to 1"


def percent(share: float) -> str:
    """A share in three significant digits, which round neither to nothing nor to all."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{100 * share:.3g}%"


def sentences(report: Report) -> Iterator[str]:
    """What is said below the tables of a report."""
    first = report.tables[0].name
    yield f"bars: log scale from {percent(10.0**report.floor)} to 100% of the labelled pixels"
    if report.drifts:
        yield f"weights: those of {first}"
    for table, drift in zip(report.tables[1:], report.drifts, strict=True):
        moved = f"; moved most: {moves_in_words(drift, report.names)}" if drift.moves else ""
        yield f"drift from {first} to {table.name}: {drift.distance:.3g} ({ABOUT_DRIFT}){moved}"
    yield from report.notes


def moves_in_words(drift: Drift, names: Mapping[int, str]) -> str:
    """The classes that moved most, with their shares before and after, in percentage points."""
    return ", ".join(
        f"{_short(names[move.index] or str(move.index))} {percent(move.before)} -> {percent(move.after)} "
        f"({100 * (move.after - move.before):+.3g} points)"
        for move in drift.moves[:_MOST_NAMED]
    )


def notes_on(
    counts: ClassCounts, formulas: Sequence[Mapping[str, Any]], weights: Sequence[Sequence[float]]
) -> list[str]:
    """What a person should know about the counts of one set and their weights by each formula."""
    notes = [*_notes_on_counts(counts)]
    missing = absent_classes(counts)
    if missing:
        names = ", ".join(_short(counts.name(index)) for index in missing[:_MOST_NAMED])
        more = len(missing) - _MOST_NAMED
        some = f"{names} and {more} more" if more > 0 else names
        notes.append(f"no mask holds class {some} (--absent {formulas[0]['absent']})")
    for formula, values in zip(formulas, weights, strict=True):
        known = {*formula["zero"], *missing}  # absent classes have been named
        method, normalize = formula["method"], formula["normalize"]
        notes += remarks(counts, values, method, zero=known, normalize=normalize)
    return list(dict.fromkeys(notes))


def _short(name: str) -> str:
    return shorten(name, _MOST_NAME, "...")


def _notes_on_counts(counts: ClassCounts) -> Iterator[str]:
    for value, (pixels, masks) in counts.ignored.items():
        what = "no label" if value is None else f"value {counts.labels.name_of_value(value)}"
        share = percent(pixels / (counts.num_pixels or 1))
        yield f"ignored: {what}, {pixels} pixels in {masks} masks ({share} of all pixels)"
    if sum(counts.pixels) > counts.labelled_pixels:
        shares = percent(sum(counts.pixels) / counts.labelled_pixels)
        yield f"classes overlap: their shares add up to {shares}"
