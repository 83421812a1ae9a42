"""
A report as a drawing: a row for each class, with dots on log scales for its share and its weights.

Where its parts are is worked out here, in pixels, for whoever puts them on paper: `svg`, and
`picture` by matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from ..text.columns import display_width, shorten, wrap
from ..text.numbers import percent
from .inks import LIGHT_DOTS
from .scales import check_few, ticks_between, weight_decades
from .table import ABSENT, Report
from .words import summary

NOTHING = -1  # the style of dots for what has no weight
_MOST_NAME = 32  # columns of the name of a class
_EM = 7.0  # pixels of a column of text, where the font is wide
_LINE = 18.0  # pixels
_ROW = 24.0
_MORE = 8.0  # height of a row for each set after the first
_SHARES, _WEIGHTS = 300.0, 300.0  # width of the panels
_GAP = 24.0
_PERCENT = 72.0  # width of shares in numbers
_INSET = 8.0  # from the edge of a panel to the ends of its scale
_LONG = 25  # rows, from which on the scale stands below too
_BETWEEN_DOTS = 5.0


class Text(NamedTuple):
    """
    A line of text.

    Attributes
    ----------
    x, y : float
        Of its anchor: "start", "middle" or "end", on the line it stands on.
    text : str
    style : str
        "ink", "soft", "bad", "tick" for small ones, or "c0" and so on for the colours of dots.
    anchor : str
    """

    x: float
    y: float
    text: str
    style: str = "ink"
    anchor: str = "start"


class Dots(NamedTuple):
    """
    Dots of one colour and shape.

    Attributes
    ----------
    style : int
        Number of the set or method, or `NOTHING`.
    places : list of (float, float)
    """

    style: int
    places: list[tuple[float, float]]


class Band(NamedTuple):
    """A row with a ground of its own, from edge to edge."""

    y: float
    height: float


class Grid(NamedTuple):
    """Upright lines between two heights."""

    places: list[float]
    top: float
    bottom: float


Part: TypeAlias = Text | Dots | Band | Grid


@dataclass
class Drawing:
    """Parts, each of which lies on those before it, and the size of the paper, in pixels."""

    width: float
    height: float = 0.0
    parts: list[Part] = field(default_factory=list)


class _Panel(NamedTuple):
    """A log scale from left to right, between two powers of ten."""

    left: float
    width: float
    low: float
    high: float
    ticks: list[float]
    text: Callable[[float], str]

    def place(self, value: float) -> float:
        """Where a value above 0 stands; what lies outside stands at the end."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        room = self.width - 2 * _INSET
        return self.left + _INSET + min(max(part, 0.0), 1.0) * room

    def labels(self) -> list[tuple[float, str]]:
        """Places and texts of ticks: all, or as many as have room, the last one among them."""
        each = [(self.place(tick), self.text(tick)) for tick in reversed(self.ticks)]
        steps = (each[::step] for step in range(1, len(each)))
        return next((some for some in steps if _have_room(some)), each[:1])


class _Series(NamedTuple):
    """Dots of one colour and shape: what they are, and the place and value of each."""

    name: str
    style: int
    points: list[tuple[float, float]]


def _have_room(labels: Sequence[tuple[float, str]]) -> bool:
    """Whether texts do not touch, the rightmost of which comes first."""
    return all(
        right - left >= _EM * display_width(text + other) / 2
        for (right, text), (left, other) in pairwise(labels)
    )


class _Draft:
    """A drawing in the making."""

    def __init__(self, report: Report) -> None:
        self.report = report
        names = [f"{index} {name}".rstrip() for index, name in report.names.items()]
        self.names = [shorten(name, _MOST_NAME) for name in names]
        self.row = _ROW + _MORE * (len(report.tables) - 1)
        left = 12 + _EM * max(5, *map(display_width, self.names)) + _GAP
        ticks = ticks_between(report.floor, 0)
        self.shares = _Panel(left, _SHARES, report.floor, 0, ticks, percent)
        left += _SHARES + _GAP + (_PERCENT if len(report.tables) == 1 else 0)
        low, high = weight_decades(report)
        ticks = ticks_between(low, high)
        self.weights = _Panel(left, _WEIGHTS, low - 0.5, high, ticks, "{:g}".format)
        self.drawing = Drawing(left + _WEIGHTS + 12)
        self.parts = self.drawing.parts

    def draw(self, lines: Sequence[str]) -> Drawing:
        """All of it, from top to bottom, below these lines."""
        y = 24.0
        for line in lines:
            for text in wrap(line, int((self.drawing.width - 24) / _EM)):
                self._text(12, y, text)
                y += _LINE
        y += 10 if lines else 0
        self._text(self.shares.left, y, "share of the labelled pixels", "soft")
        self._text(self.weights.left, y, self._what(), "soft")
        sets, methods = self._sets(), self._methods()
        keyed = sets if len(sets) > 1 else []
        y = max(self._key(self.shares, keyed, y), self._key(self.weights, methods, y))
        top = y + 1.6 * _LINE
        self._rows(top)
        for panel, series in ((self.shares, sets), (self.weights, methods)):
            self.parts += [_dots(one, panel, top) for one in series]
        self._missing(top)
        self.drawing.height = top + self.row * len(self.names) + (24 if self._is_long else 10)
        return self.drawing

    @property
    def _is_long(self) -> bool:
        return len(self.names) > _LONG

    def _what(self) -> str:
        whose = f" of {self.report.tables[0].name}" if self.report.drifts else ""
        scaled = ", divided by their mean" if self.report.scaled else ""
        return shorten(f"weight{whose}{scaled}", int(_WEIGHTS / _EM))

    def _key(self, panel: _Panel, series: Sequence[_Series], y: float) -> float:
        """Say below a title what the dots are, in as many lines as it takes; the last is at `y`."""
        x = panel.left + panel.width
        for one in series:
            name = shorten(one.name, int(panel.width / _EM) - 3)
            needed = 24 + _EM * display_width(name)
            if x + needed > panel.left + panel.width:
                x, y = panel.left, y + _LINE
            self.parts.append(Dots(one.style, [(x + 6, y - 4)]))
            self._text(x + 15, y, name)
            x += needed
        return y

    def _rows(self, top: float) -> None:
        """Bands, scales, names and numbers, which lie behind and beside the dots."""
        bottom = top + self.row * len(self.names)
        for number in range(0, len(self.names), 2):
            self.parts.append(Band(top + number * self.row, self.row))
        for panel in (self.shares, self.weights):
            places = [panel.place(tick) for tick in panel.ticks]
            self.parts.append(Grid(places, top, bottom))
            for x, text in panel.labels():
                for y in (top - 6, bottom + 14)[: 1 + self._is_long]:
                    self._text(x, y, text, "tick", "middle")
        for number, name in enumerate(self.names):
            self._text(12, self._middle(top, number) + 4, name)

    def _middle(self, top: float, number: float) -> float:
        return top + (number + 0.5) * self.row

    def _sets(self) -> list[_Series]:
        """The shares of the classes of each set, which stand a little apart."""
        tables = self.report.tables
        return [
            _Series(
                table.name,
                number,
                [
                    (self._shifted(place, number, len(tables)), row.share)
                    for place, row in enumerate(table.rows)
                    if row.pixels
                ],
            )
            for number, table in enumerate(tables)
        ]

    def _methods(self) -> list[_Series]:
        """The weights by each method; classes of weight 0 come last, and have crosses."""
        rows, methods = self.report.tables[0].rows, self.report.methods
        nothing = [
            (place + 0.5) * self.row for place, row in enumerate(rows) if not all(row.weights)
        ]
        series = [
            _Series(
                method,
                number,
                [
                    (self._shifted(place, number, len(methods)), row.weights[number])
                    for place, row in enumerate(rows)
                    if row.weights[number] > 0
                ],
            )
            for number, method in enumerate(methods)
        ]
        crosses = _Series("weight 0", NOTHING, [(y, 0.0) for y in nothing])
        return [*series, crosses] if nothing else series

    def _shifted(self, place: int, number: int, of: int) -> float:
        """How far below the top of the rows a dot of a class stands, among dots of its row."""
        step = min(_BETWEEN_DOTS * self.row / _ROW, (self.row - 5) / of)
        return (place + 0.5) * self.row + (number - (of - 1) / 2) * step

    def _missing(self, top: float) -> None:
        """The shares in words: as numbers beside the dots, or as what stands for no share."""
        tables = self.report.tables
        end = self.shares.left + _SHARES + _PERCENT - 4
        for place in range(len(self.names)):
            y, x = self._middle(top, place) + 4, self.shares.left + _INSET
            for number, row in enumerate(table.rows[place] for table in tables):
                if not row.pixels:
                    alone = "bad" if row.status == ABSENT else "soft"
                    style = f"c{number % len(LIGHT_DOTS)}" if len(tables) > 1 else alone
                    self._text(x, y, row.status, style)
                    x += _EM * (len(row.status) + 1)
                elif len(tables) == 1:
                    self._text(end, y, percent(row.share), anchor="end")

    def _text(
        self, x: float, y: float, text: str, style: str = "ink", anchor: str = "start"
    ) -> None:
        self.parts.append(Text(x, y, text, style, anchor))


def _dots(series: _Series, panel: _Panel, top: float) -> Dots:
    low = 10.0**panel.low
    return Dots(series.style, [(panel.place(max(v, low)), top + y) for y, v in series.points])


def draw_report(report: Report, *, titled: bool = True) -> Drawing:
    """
    Draw a report.

    Parameters
    ----------
    report : Report
    titled : bool
        Whether the totals of the sets stand above.

    Raises
    ------
    OutputError
        If there are more than `MOST_CLASSES` classes.
    """
    check_few(report)
    return _Draft(report).draw([*summary(report)] if titled else [])
