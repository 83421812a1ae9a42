"""
How far the class shares of two sets of masks lie apart.
"""

from __future__ import annotations

from collections.abc import Collection
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


def class_drift(before: ClassCounts, after: ClassCounts, without: Collection[int] = ()) -> Drift:
    """
    The drift between the classes of two sets, which may list different numbers of them.

    Shares are of the pixels of all classes, so that they sum to 1 also where the
    classes of multilabel masks overlap. A set without pixels is as far off as can be.

    Parameters
    ----------
    before, after : ClassCounts
    without : collection of int
        Classes that are left out, as if no pixel had them.
    """
    sides = [_shares(pixels) for pixels in _aligned(before, after, without)]
    moves = [Move(index, *pair) for index, pair in enumerate(zip(*sides, strict=True))]
    moved = [move for move in moves if move.before != move.after]
    moved.sort(key=lambda move: -abs(move.after - move.before))
    return Drift(sum(abs(move.after - move.before) for move in moved) / 2, moved)


def changed_classes(before: ClassCounts, after: ClassCounts, factor: float) -> list[Move]:
    """
    The classes whose share grew or shrank by more than a factor, in the order of their ids.

    Shares are those of `class_drift`. A class without pixels in one set alone changed by more
    than any factor. Where a set has no pixels at all, no class is said to have changed.
    """
    from decimal import Decimal  # here, as few runs need it

    above, below = Decimal(str(factor)).as_integer_ratio()  # as it was typed
    old, new = _aligned(before, after)
    of_old, of_new = sum(old), sum(new)
    if not of_old or not of_new:
        return []
    moves = []
    for index, (a, b) in enumerate(zip(old, new, strict=True)):
        small, large = sorted([a * of_new, b * of_old])
        if large * below > small * above:
            moves.append(Move(index, a / of_old, b / of_new))
    return moves


def _aligned(
    before: ClassCounts, after: ClassCounts, without: Collection[int] = ()
) -> list[list[int]]:
    """The pixels of the classes of both sets, in lists of one length."""
    size = max(before.num_classes, after.num_classes)
    sides = [counts.pixels + [0] * (size - counts.num_classes) for counts in (before, after)]
    return [[0 if c in without else n for c, n in enumerate(side)] for side in sides]


def _shares(pixels: list[int]) -> list[float]:
    total = sum(pixels) or 1
    return [number / total for number in pixels]
