"""
A report for a terminal: tables no wider than it is, with a bar for each class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from ..text.columns import display_width, pad, shorten, wrap
from ..text.numbers import grouped, percent
from .table import ABSENT, IGNORED, PRESENT, ClassTable, Report, bar_length
from .words import sentences, summary

LEAST_WIDTH = 30
_LEAST_NAME, _MOST_NAME = 10, 32
_LEAST_BAR, _MOST_BAR = 6, 24
_GAP = "  "
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_STYLES: dict[str, dict[str, Any]] = {
    PRESENT: {},
    ABSENT: {"fg": "red"},
    IGNORED: {"dim": True},
}


class Look(NamedTuple):
    """
    What the terminal can show.

    Attributes
    ----------
    width : int
    encoding : str
        Blocks draw the bars where it has them, number signs elsewhere.
    color : bool
    """

    width: int = 80
    encoding: str = "utf-8"
    color: bool = False

    @property
    def blocks(self) -> bool:
        """Whether there are block characters."""
        return self.plain(_EIGHTHS + "─…") == _EIGHTHS + "─…"

    @property
    def ellipsis(self) -> str:
        """What stands for a part that was cut out."""
        return "…" if self.blocks else "..."

    def plain(self, text: str) -> str:
        """The text with escapes for all that the encoding lacks."""
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def style(self, text: str, **style: Any) -> str:
        """The text in colours, if they are wanted."""
        if not (self.color and style and text):
            return text
        from click import style as styled

        return styled(text, **style)


class Column(NamedTuple):
    """
    Numbers of a table, or bars, whose width is found when there is room.

    Attributes
    ----------
    heading : list of str
        Lines.
    cells : list of str
        One for each class; nothing where bars are.
    statuses : list of str
        Of the classes, for colours.
    shares : list of float
        One for each bar; nothing where numbers are.
    """

    heading: list[str]
    cells: list[str]
    statuses: list[str]
    shares: list[float]

    @property
    def least(self) -> int:
        """Columns of the terminal that it needs."""
        if self.shares:
            return _LEAST_BAR
        return max(map(display_width, [*self.heading, *self.cells]))


class Group(NamedTuple):
    """Columns that stand together under a title."""

    title: str
    columns: list[Column]

    @property
    def least(self) -> int:
        """Columns of the terminal that it needs, with the gap before each of its own."""
        return sum(len(_GAP) + column.least for column in self.columns)


def text_report(report: Report, look: Look) -> str:
    """Draw the report; what does not fit side by side comes below, so nothing is left out."""
    width, shown = max(look.width, LEAST_WIDTH), report.shown()
    groups = _groups(shown)
    labels = _labels(shown, _name_width(shown, groups, width, look), look)
    blocks = _pack(groups, width - display_width(labels[0]))
    lines = [line for text in summary(report) for line in wrap(look.plain(text), width)]
    for block in blocks:
        lines += ["", *_draw_block(labels, block, report.floor, width, look)]
    lines.append("")
    for sentence in sentences(report):
        lines += wrap(look.plain(sentence), width)
    return "\n".join(lines) + "\n"


def _groups(report: Report) -> list[Group]:
    several = len(report.tables) > 1
    groups = [_share_group(table, table.name if several else "") for table in report.tables]
    return groups + _weight_groups(report, several)


def _weight_groups(report: Report, several: bool) -> list[Group]:
    """A group for each method; beside several sets one of all, so that they stay together."""
    first = report.tables[0]
    statuses = [row.status for row in first.rows]
    columns = [
        Column(
            re.findall(r"[^- ]+-?", method),
            [f"{row.weights[number]:.4g}" for row in first.rows],
            statuses,
            [],
        )
        for number, method in enumerate(report.methods)
    ]
    if several:
        return [Group(f"weights of {first.name}", columns)]
    return [Group("", [column]) for column in columns]


def _share_group(table: ClassTable, title: str) -> Group:
    rows = table.rows
    statuses = [row.status for row in rows]
    shares = [percent(row.share) if row.pixels else row.status for row in rows]
    masks = [grouped(row.masks) for row in rows]
    return Group(
        title,
        [
            Column(["share"], shares, statuses, []),
            Column([], [], statuses, [row.share for row in rows]),
            Column(["masks", f"of {grouped(table.counts.num_masks)}"], masks, statuses, []),
        ],
    )


def _labels(report: Report, name_width: int, look: Look) -> list[str]:
    """The column at the left: a heading, then the id and name of each class."""
    digits = len(str(max(report.names)))
    cells = [
        f"{index:>{digits}} {shorten(look.plain(name), name_width, look.ellipsis)}".rstrip()
        for index, name in report.names.items()
    ]
    width = max(map(display_width, ["class", *cells]))
    return [pad(cell, width) for cell in ["class", *cells]]


def _name_width(report: Report, groups: Sequence[Group], width: int, look: Look) -> int:
    """The widest names that need no more blocks of columns than the shortest ones."""
    longest = max(display_width(look.plain(name)) for name in report.names.values())
    choices = range(min(longest, _MOST_NAME), min(longest, _LEAST_NAME) - 1, -1)
    taken = len(str(max(report.names))) + 1
    return min(choices, key=lambda choice: len(_pack(groups, width - taken - choice)))


def _pack(groups: Sequence[Group], room: int) -> list[list[Group]]:
    """Groups side by side as far as they fit, in blocks."""
    blocks: list[list[Group]] = []
    left = 0
    for group in _fitting(groups, room):
        if not blocks or group.least > left:
            blocks.append([])
            left = room
        blocks[-1].append(group)
        left -= group.least
    return blocks


def _fitting(groups: Sequence[Group], room: int) -> Iterator[Group]:
    """The groups; one that is too wide by itself is taken apart."""
    for group in groups:
        if group.least <= room:
            yield group
        else:
            yield from (Group(group.title, [column]) for column in group.columns)


def _draw_block(
    labels: Sequence[str], block: Sequence[Group], floor: int, width: int, look: Look
) -> list[str]:
    """Lines of a table: headings, a rule, and a line for each class."""
    bar = _bar_width(block, width - display_width(labels[0]))
    block = [*_joined(block)]
    titled = any(group.title for group in block)
    height = max(len(column.heading) for group in block for column in group.columns)
    above = [" " * display_width(labels[0])] * (height - 1 + titled)
    parts = [_draw_group(group, height, titled, floor, bar, look) for group in block]
    rows = zip([*above, *labels], *parts, strict=True)
    lines = [_GAP.join(row).rstrip() for row in rows]
    top, body = lines[: len(above) + 1], lines[len(above) + 1 :]
    rule = ("─" if look.blocks else "-") * max(map(display_width, top))
    return [*(look.style(line, bold=True) for line in top), rule, *body]


def _joined(block: Sequence[Group]) -> Iterator[Group]:
    """Neighbours under one title as one group."""
    for title, groups in groupby(block, key=lambda group: group.title):
        yield Group(title, [column for group in groups for column in group.columns])


def _draw_group(
    group: Group, height: int, titled: bool, floor: int, bar: int, look: Look
) -> list[str]:
    """A title, if the table has them; then headings and cells; all of the same width."""
    columns = [_draw_column(column, height, floor, bar, look) for column in group.columns]
    lines = [_GAP.join(row) for row in zip(*columns, strict=True)]
    width = display_width(lines[0])
    title = shorten(look.plain(group.title), width, look.ellipsis)
    return [pad(title, width, "^")] * titled + lines


def _draw_column(column: Column, height: int, floor: int, bar: int, look: Look) -> list[str]:
    above = [""] * height
    if column.shares:
        above[-1] = "log scale"[:bar] if bar >= len("log scale") else "log"
        bars = [draw_bar(share, floor, bar, look.blocks) for share in column.shares]
        return [pad(text, bar) for text in above] + [
            look.style(text, fg="cyan") + " " * (bar - len(text)) for text in bars
        ]
    heading = above[len(column.heading) :] + column.heading
    width = column.least
    return [pad(text, width, ">") for text in heading] + [
        " " * (width - len(cell)) + look.style(cell, **_STYLES[status])
        for cell, status in zip(column.cells, column.statuses, strict=True)
    ]


def _bar_width(block: Sequence[Group], room: int) -> int:
    """Bars share what room is left."""
    bars = sum(bool(column.shares) for group in block for column in group.columns)
    left = room - sum(group.least for group in block)
    return min(_LEAST_BAR + left // (bars or 1), _MOST_BAR)


def draw_bar(share: float, floor: int, width: int, blocks: bool = True) -> str:
    """
    A bar on a log scale from 10**floor to 1; a share above 0 is never drawn as nothing.

    Parameters
    ----------
    share : float
    floor : int
        Exponent of the power of ten where bars begin.
    width : int
        Columns of the longest bar.
    blocks : bool
        Whether to draw eighths of columns, not number signs.
    """
    if not share:
        return ""
    length = width * bar_length(share, floor)
    if not blocks:
        return "#" * max(round(length), 1)
    full, eighths = divmod(max(round(8 * length), 1), 8)
    return "█" * full + _EIGHTHS[eighths] * (eighths > 0)
