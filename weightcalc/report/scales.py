"""
What all pictures have in common: how much they hold, and log scales with their ticks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import OutputError
from .table import Report

MOST_CLASSES = 1000
_MOST_TICKS = 8  # powers of ten, beside the last


def ticks_between(low: int, high: int) -> list[float]:
    """Ticks from 10**low to 10**high: powers of ten, and 2 and 5 times these where they are few."""
    steps = (1, 2, 5) if high - low <= 2 else (1,)
    apart = math.ceil((high - low) / _MOST_TICKS)
    exponents = range(high - apart, low - 1, -apart)[::-1]
    return [s * 10.0**e for e in exponents for s in steps] + [10.0**high]


def decades(weights: Sequence[float]) -> tuple[int, int]:
    """Exponents of the powers of ten between which all weights above 0 lie."""
    some = [weight for weight in weights if weight > 0] or [1.0]
    low = math.floor(math.log10(min(some)))
    return low, max(math.ceil(math.log10(max(some))), low + 1)


def weight_decades(report: Report) -> tuple[int, int]:
    """Those of the weights of the first set."""
    return decades([weight for row in report.tables[0].rows for weight in row.weights])


def check_few(report: Report) -> None:
    """
    Refuse a picture or page of very many classes.

    Raises
    ------
    OutputError
    """
    if len(report.names) > MOST_CLASSES:
        raise OutputError(
            f"{len(report.names)} classes are too many for a picture of {MOST_CLASSES}"
        ).with_hint("-o FILE.csv")
