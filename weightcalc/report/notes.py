"""
What a person should know about the counts of a set and their weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..counts.class_counts import ClassCounts
from ..text.columns import shorten
from ..text.numbers import grouped, percent
from ..weights.class_weights import absent_classes, remarks
from ..weights.formula import Formula

MOST_NAMED = 5  # classes that a sentence lists


_MOST_NAME = 40  # columns of each


def notes_on(
    counts: ClassCounts, formulas: Sequence[Formula], weights: Sequence[Sequence[float]]
) -> list[str]:
    """What a person should know about the counts of one set and their weights by each formula."""
    notes = [*_notes_on_counts(counts)]
    missing = absent_classes(counts)
    if missing:
        names = ", ".join(short_name(counts.name(index)) for index in missing[:MOST_NAMED])
        more = len(missing) - MOST_NAMED
        some = f"{names} and {more} more" if more > 0 else names
        notes.append(f"no mask holds class {some} (--absent {formulas[0].absent})")
    for formula, values in zip(formulas, weights, strict=True):
        known = (*formula.zero, *missing)  # absent classes have been named
        notes += remarks(counts, values, formula._replace(zero=known))
    return list(dict.fromkeys(notes))


def short_name(name: str) -> str:
    """A name of a class that fits into a sentence."""
    return shorten(name, _MOST_NAME, "...")


def _notes_on_counts(counts: ClassCounts) -> Iterator[str]:
    for value, (pixels, masks) in counts.ignored.items():
        what = "no label" if value is None else f"value {counts.labels.name_of_value(value)}"
        share = percent(pixels / (counts.num_pixels or 1))
        yield f"ignored: {what}, {grouped(pixels)} pixels in {grouped(masks)} masks ({share} of all pixels)"
    if sum(counts.pixels) > counts.labelled_pixels:
        shares = percent(sum(counts.pixels) / counts.labelled_pixels)
        yield f"classes overlap: their shares add up to {shares}"
