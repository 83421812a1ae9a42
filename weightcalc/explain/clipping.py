"""
Weights that stand at the smallest or largest one of a list, as `--clip` leaves them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .weight_list import WeightList, shortest

_SHORT, _LONG = 3, 9  # significant digits of a bound that somebody chose, and of a weight


def clip_of(
    listed: WeightList, computed: Sequence[float], classes: Sequence[int]
) -> tuple[float, float]:
    """
    The limits that turn computed weights into the listed ones, as far as limits can.

    Parameters
    ----------
    listed : WeightList
    computed : sequence of float, one for each class
        Weights that were not clipped.
    classes : sequence of int
        Those that have pixels and a weight, at least one.

    Returns
    -------
    tuple of float
        The smallest and the largest weight of these classes; 0 or infinity where no computed
        weight is beyond it.
    """
    weights, slack = listed.weights, listed.tolerances
    low, high = (end(classes, key=weights.__getitem__) for end in (min, max))
    lower = any(computed[i] < weights[low] - slack[low] for i in classes)
    higher = any(computed[i] > weights[high] + slack[high] for i in classes)
    return (
        shortest(weights[low] - slack[low], weights[low] + slack[low]) if lower else 0.0,
        shortest(weights[high] - slack[high], weights[high] + slack[high]) if higher else math.inf,
    )


def is_within(listed: WeightList, index: int, clip: tuple[float, float]) -> bool:
    """Whether the weight of a class lies between two limits, and so is not set by one of them."""
    weight, by = listed.weights[index], listed.tolerances[index]
    return clip[0] + by < weight < clip[1] - by


def clipped_ends(listed: WeightList) -> list[list[int]]:
    """
    Classes whose weights look clipped: several at one end, or one at a short number beside long.

    Returns
    -------
    list of list of int
        Those of the smallest weight, then those of the largest; empty where nothing shows.
    """
    weights = [listed.weights[i] for i in listed.seen]
    if len(set(weights)) < 3:
        return [[], []]
    ends = (min(weights), max(weights))
    return [_at(listed, end) if _shows(weights, end) else [] for end in ends]


def _at(listed: WeightList, end: float) -> list[int]:
    return [i for i in listed.seen if listed.weights[i] == end]


def _shows(weights: Sequence[float], end: float) -> bool:
    """1 is the weight of the middle, and where lists are normalised to: it shows nothing."""
    is_round = _digits(end) <= _SHORT and max(map(_digits, weights)) > _LONG
    return end != 1 and (is_round or weights.count(end) > 1)


def _digits(weight: float) -> int:
    mantissa = repr(weight).lower().partition("e")[0].replace(".", "")
    return len(mantissa.strip("0"))
