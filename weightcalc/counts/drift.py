"""
How far the class shares of two sets of masks lie apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .class_counts import ClassCounts


@dataclass(frozen=True)
class Move:
    """The share of one class in two sets."""

    index: int
    before: float
    after: float


class Drift(NamedTuple):
    """
    What changed from one set of masks to another.

    Attributes
    ----------
    distance : float
        Total variation distance of the shares, half the sum of their differences:
        0 for equal shares, 1 where no class is in both sets.
    moves : list of Move
        The classes whose shares differ, those that moved most first.
    """

    distance: float
    moves: list[Move]


def class_drift(before: ClassCounts, after: ClassCounts) -> Drift:
    """
    The drift between the classes of two sets, which may list different numbers of them.

    Shares are of the pixels of all classes, so that they sum to 1 also where the
    classes of multilabel masks overlap. A set without pixels is as far off as can be.
    """
    size = max(before.num_classes, after.num_classes)
    sides = [_shares(counts, size) for counts in (before, after)]
    moves = [Move(index, *pair) for index, pair in enumerate(zip(*sides, strict=True))]
    moved = [move for move in moves if move.before != move.after]
    moved.sort(key=lambda move: -abs(move.after - move.before))
    return Drift(sum(abs(move.after - move.before) for move in moved) / 2, moved)


def _shares(counts: ClassCounts, size: int) -> list[float]:
    total = sum(counts.pixels) or 1
    return [pixels / total for pixels in counts.pixels] + [0.0] * (size - counts.num_classes)
