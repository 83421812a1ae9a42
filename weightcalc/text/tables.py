"""
Tables of Markdown as a terminal shows them: in columns, or as a list where there is no room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from .columns import display_width, fill_words, pad

_GAP = "  "
_NARROWEST = 14  # columns of text that are read without strain
_WORD = re.compile(r"(?:`[^`]*`|[^\s`]|`)+")  # code is one word: it is never broken


def table_lines(rows: Sequence[str], width: int) -> list[str]:
    """
    Lines of a table, no wider than the terminal unless the code in a cell is.

    Parameters
    ----------
    rows : sequence of str
        Lines of Markdown: the heading, the line below it, and the rest.
    width : int
        Columns of the terminal.
    """
    heading, rule, *rest = map(_cells, rows)
    cells = [heading, *rest]
    widths = _widths(cells, width)
    if widths is None:
        return [line for row in rest for line in _entry(heading, row, width)]
    aligned = [">" if cell.endswith("-:") else "<" for cell in rule]
    lines = [list(_row(row, widths, aligned)) for row in cells]
    under = _GAP.join("-" * column for column in widths)
    return [*lines[0], under, *(line for row in lines[1:] for line in row)]


def _cells(row: str) -> list[str]:
    inner = re.sub(r"^\||(?<!\\)\|$", "", row.strip())
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Widths of the columns, of which the widest give way; None if that is not enough."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(display_width, column)) for column in columns]
    least = [
        max(display_width(word) for cell in column for word in _words(cell)) for column in columns
    ]
    room = width - len(_GAP) * (len(columns) - 1)
    while sum(widths) > room:
        spare = [w - max(low, _NARROWEST) for w, low in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda i: (spare[i] > 0, widths[i]))
        if spare[widest] <= 0:
            return None
        widths[widest] -= 1
    return widths


def _words(cell: str) -> list[str]:
    return _WORD.findall(cell) or [""]


def _row(cells: Sequence[str], widths: Sequence[int], aligned: Sequence[str]) -> Iterator[str]:
    broken = [fill_words(_words(cell), w) for cell, w in zip(cells, widths, strict=True)]
    for parts in zip_longest(*broken, fillvalue=""):
        each = zip(parts, widths, aligned, strict=True)
        yield _GAP.join(pad(part, w, align) for part, w, align in each).rstrip()


def _entry(heading: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    """The first cell, and below it the others, each with its heading if there are several."""
    first, *others = row
    yield from fill_words(_words(first), width)
    for name, cell in zip(heading[1:], others, strict=True):
        called = _words(f"{name}:") if name and len(others) > 1 else []
        if cell:
            indent = 6 if called else 4
            yield from fill_words([*called, *_words(cell)], width, " " * indent, " " * 4)
