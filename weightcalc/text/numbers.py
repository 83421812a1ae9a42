"""
Numbers as people read them.
"""

from __future__ import annotations


def number_of(number: int, noun: str) -> str:
    """A number and what it is of: "1 mask", "2 masks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(share: float) -> str:
    """A share in three significant digits, which round neither to nothing nor to all."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{100 * share:.3g}%"
