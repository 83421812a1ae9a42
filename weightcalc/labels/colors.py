"""
Colours of classes: which known colour an unknown one is nearest to, or lies between.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

_MOST_KNOWN = 256  # pairs of more are not looked through for a message
_TOLERANCE = 3.0  # how far from a straight line rounding takes a blend


def nearest_color(color: int, known: Iterable[int]) -> int:
    """
    The known colour with the least distance in RGB.

    Parameters
    ----------
    color, known : int
        Packed, ``0xRRGGBB``; at least one is known.
    """
    return min(known, key=lambda other: (distance(color, other), other))


def blended_from(color: int, known: Iterable[int]) -> tuple[int, int] | None:
    """
    Two known colours between which a colour lies, as the edge of an anti-aliased mask does.

    Returns
    -------
    tuple of int, or None
        The pair whose straight line it lies on, the nearest first; None if there is none.
    """
    some = sorted(known)[:_MOST_KNOWN]
    away = {other: distance(other, color) for other in some}
    blends = [
        (a, b) for a, b in combinations(some, 2) if _lies_between(color, a, b, away[a], away[b])
    ]
    if not blends:
        return None
    return min(blends, key=lambda pair: (distance(pair[0], pair[1]), pair))


def _lies_between(color: int, a: int, b: int, from_a: float, to_b: float) -> bool:
    """Whether a colour, so far from two others, lies on the straight line from one to the other."""
    is_apart = from_a > 0 < to_b and max(from_a, to_b) < distance(a, b)
    return is_apart and _off_line(color, a, b) <= _TOLERANCE


def _off_line(color: int, a: int, b: int) -> float:
    """Distance of a colour from the straight line between two others."""
    start, end, point = _rgb(a), _rgb(b), _rgb(color)
    along = [e - s for s, e in zip(start, end, strict=True)]
    away = [p - s for s, p in zip(start, point, strict=True)]
    share = sum(x * y for x, y in zip(along, away, strict=True)) / sum(x * x for x in along)
    return sum((y - share * x) ** 2 for x, y in zip(along, away, strict=True)) ** 0.5


def distance(a: int, b: int) -> float:
    """The distance of two packed colours in RGB."""
    return sum((x - y) ** 2 for x, y in zip(_rgb(a), _rgb(b), strict=True)) ** 0.5


def _rgb(color: int) -> tuple[int, int, int]:
    return color >> 16, color >> 8 & 255, color & 255
