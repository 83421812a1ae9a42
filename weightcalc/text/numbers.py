"""
Numbers as people read them.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST_LINES = 20  # of a list of errors or warnings


def number_of(number: int, noun: str) -> str:
    """A number and what it is of: "1 mask", "2 masks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def grouped(number: int) -> str:
    """A whole number with a comma between thousands: 3,370,714."""
    return f"{number:,}"


def shortened(lines: Sequence[str], most: int = MOST_LINES, beyond: int = 0) -> list[str]:
    """The first lines of a list, and how many more there are, `beyond` the list too."""
    more = max(0, len(lines) - most) + beyond
    return [*lines[:most], f"and {more} more"] if more > 0 else list(lines)


def listed(words: Sequence[str], most: int = MOST_LINES) -> str:
    """The first words of a list, and how many more there are: "a, b and 7 more"."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in rising order, with a dash for three and more in a row: "2, 5-9, 11"."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    parts = [[f"{r[0]}-{r[-1]}"] if len(r) > 2 else [*map(str, r)] for r in rows]
    return ", ".join(part for some in parts for part in some)


def percent(share: float) -> str:
    """A share in three significant digits, which round neither to nothing nor to all."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{100 * share:.3g}%"
