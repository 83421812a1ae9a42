"""
What is said below the tables of a report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..counts.drift import Drift
from ..text.numbers import percent, ranges
from .imbalance import imbalance_line
from .notes import MOST_NAMED, short_name
from .table import Report

ABOUT_DRIFT = "total variation distance of the shares, 0 to 1"


def summary(report: Report) -> Iterator[str]:
    """The totals of each set, and how unbalanced it is."""
    several = len(report.tables) > 1
    for table in report.tables:
        yield table.totals
        if line := imbalance_line(table.counts):
            yield f"{table.name}: {line}" if several else line


def sentences(report: Report) -> Iterator[str]:
    """What is said below the tables of a report."""
    yield f"bars: log scale from {percent(10.0**report.floor)} to 100% of the labelled pixels"
    yield from remarks_on(report)


def remarks_on(report: Report) -> Iterator[str]:
    """The sentences that are true of a report in any form."""
    first = report.tables[0].name
    if report.gathered:
        yield (
            f"absent: {len(report.gathered)} of {len(report.names)} classes, which the table "
            f"leaves out: {ranges(report.gathered)}"
        )
    if report.drifts:
        yield f"weights: those of {first}"
    if report.scaled:
        yield (
            "weights: divided by their mean, so that methods can be compared "
            "(--raw leaves them as they are)"
        )
    for table, drift in zip(report.tables[1:], report.drifts, strict=True):
        moved = f"; moved most: {moves_in_words(drift, report.names)}" if drift.moves else ""
        yield f"drift from {first} to {table.name}: {drift.distance:.3g} ({ABOUT_DRIFT}){moved}"
    yield from report.notes


def moves_in_words(drift: Drift, names: Mapping[int, str]) -> str:
    """The classes that moved most, with their shares before and after, in percentage points."""
    return ", ".join(
        f"{short_name(names[move.index] or str(move.index))} {percent(move.before)} -> {percent(move.after)} "
        f"({100 * (move.after - move.before):+.3g} points)"
        for move in drift.moves[:MOST_NAMED]
    )
