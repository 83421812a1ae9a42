"""
A report as SVG: a row for each class, with dots on log scales for its share and its weights.

It is drawn here, without any package, so that the same report gives the same bytes. Text stays
text; colours follow the light or dark scheme of whoever looks at it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..text.columns import display_width, shorten, wrap
from ..text.numbers import percent
from .scales import check_few, ticks_between, weight_decades
from .table import ABSENT, Report
from .words import summary

_MOST_NAME = 32  # columns of the name of a class
_EM, _SMALL_EM = 7.0, 6.2  # pixels of a column of text and of ticks, where the font is wide
_LINE = 18.0  # pixels
_ROW = 24.0
_MORE = 8.0  # height of a row for each set after the first
_SHARES, _WEIGHTS = 300.0, 300.0  # width of the panels
_GAP = 24.0
_PERCENT = 72.0  # width of shares in numbers
_INSET = 8.0  # from the edge of a panel to the ends of its scale
_LONG = 25  # rows, from which on the scale stands below too
_BETWEEN_DOTS = 5.0
_SHAPES = (
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "m-3.1-3.1h6.2v6.2h-6.2z",
    "m0-4l4 7h-8z",
    "m0-4.4l4.4 4.4l-4.4 4.4l-4.4-4.4z",
    "m0 4l4-7h-8z",
    "m-1.2-3.8h2.4v2.6h2.6v2.4h-2.6v2.6h-2.4v-2.6h-2.6v-2.4h2.6z",
)
_NAMESPACE = "http://www.w3.org/2000/svg"
_NOTHING = -1  # the style of what has no weight
_CROSS = "m-2.6-2.6l5.2 5.2m0-5.2l-5.2 5.2"
# All of them have a contrast of 4.5 and more with the paper they are on.
_LIGHT = ("#1f66ad", "#a8500b", "#23763a", "#8f3a8f", "#0f7274", "#b3261e", "#6b5d00", "#57606a")
_DARK = ("#6cb2f5", "#f2a45c", "#7ccb8a", "#dc97e6", "#56c7c4", "#ff8d85", "#d4c14a", "#aab4be")
_RULES = """
.balance text{{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:{ink}}}
.balance .soft{{fill:{soft}}}.balance .tick{{font-size:10.5px;fill:{soft}}}
.balance .num{{font-variant-numeric:tabular-nums}}
.balance .bad{{fill:{bad}}}.balance .none{{stroke:{bad};stroke-width:1.4;fill:none}}
.balance .paper{{fill:{paper}}}.balance .band{{fill:{band}}}
.balance .grid{{stroke:{grid};fill:none}}
"""
_LIGHT_INKS = {
    "ink": "#1f2328", "soft": "#59636e", "bad": "#b3261e", "paper": "#ffffff", "band": "#f3f5f7",
    "grid": "#d5dbe1",
}  # fmt: skip
_DARK_INKS = {
    "ink": "#e6edf3", "soft": "#9da7b3", "bad": "#ff8d85", "paper": "#0f141a", "band": "#171d25",
    "grid": "#313a45",
}  # fmt: skip


def _rules(inks: dict[str, str], colors: Sequence[str]) -> str:
    series = "".join(f".balance .c{n}{{fill:{color}}}" for n, color in enumerate(colors))
    return _RULES.format(**inks) + series


STYLE = (
    f"{_rules(_LIGHT_INKS, _LIGHT)}\n@media(prefers-color-scheme:dark){{"
    f"{_rules(_DARK_INKS, _DARK)}}}\n"
)


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


def svg_report(report: Report, *, titled: bool = True) -> str:
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
    return _Drawing(report).draw([*summary(report)] if titled else [])


def _have_room(labels: Sequence[tuple[float, str]]) -> bool:
    """Whether texts do not touch, the rightmost of which comes first."""
    return all(
        right - left >= _SMALL_EM * display_width(text + other) / 2
        for (right, text), (left, other) in pairwise(labels)
    )


class _Drawing:
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
        self.width = left + _WEIGHTS + 12
        self.parts: list[str] = []

    def draw(self, lines: Sequence[str]) -> str:
        """All of it, from top to bottom, below these lines."""
        y = 24.0
        for line in lines:
            for text in wrap(line, int((self.width - 24) / _EM)):
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
        return self._whole(top + self.row * len(self.names) + (24 if self._is_long else 10))

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
            self.parts.append(_path(one.style, f"M{_n(x + 6)} {_n(y - 4)}{_shape(one.style)}"))
            self._text(x + 15, y, name)
            x += needed
        return y

    def _rows(self, top: float) -> None:
        """Bands, scales, names and numbers, which lie behind and beside the dots."""
        bottom = top + self.row * len(self.names)
        for number in range(0, len(self.names), 2):
            place = f'x="0" y="{_n(top + number * self.row)}"'
            size = f'width="{_n(self.width)}" height="{_n(self.row)}"'
            self.parts.append(f'<rect class="band" {place} {size}/>')
        for panel in (self.shares, self.weights):
            lines = "".join(f"M{_n(panel.place(t))} {_n(top)}V{_n(bottom)}" for t in panel.ticks)
            self.parts.append(f'<path class="grid" d="{lines}"/>')
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
        crosses = _Series("weight 0", _NOTHING, [(y, 0.0) for y in nothing])
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
                    several = f"c{number % len(_LIGHT)}"
                    style = several if len(tables) > 1 else "bad" * (row.status == ABSENT)
                    self._text(x, y, row.status, f"tick {style}")
                    x += _EM * (len(row.status) + 1)
                elif len(tables) == 1:
                    self._text(end, y, percent(row.share), "num", "end")

    def _text(self, x: float, y: float, text: str, style: str = "", anchor: str = "") -> None:
        at = f'x="{_n(x)}" y="{_n(y)}"'
        look = f' class="{style}"' * bool(style) + f' text-anchor="{anchor}"' * bool(anchor)
        self.parts.append(f"<text {at}{look}>{html.escape(text, quote=False)}</text>")

    def _whole(self, height: float) -> str:
        size = f'viewBox="0 0 {_n(self.width)} {_n(height)}"'
        size += f' width="{_n(self.width)}" height="{_n(height)}"'
        labels = 'aria-labelledby="balance-title balance-about"'
        about = "Shares and weights of each class, as dots on log scales."
        return "\n".join(
            [
                f'<svg xmlns="{_NAMESPACE}" class="balance" role="img" {size} {labels}>',
                '<title id="balance-title">Class balance</title>',
                f'<desc id="balance-about">{about}</desc>',
                f"<style>{STYLE}</style>",
                f'<rect class="paper" width="{_n(self.width)}" height="{_n(height)}"/>',
                *self.parts,
                "</svg>\n",
            ]
        )


def _dots(series: _Series, panel: _Panel, top: float) -> str:
    """All dots of a series as one path."""
    low = 10.0**panel.low
    places = ((panel.place(max(value, low)), top + y) for y, value in series.points)
    shape = _shape(series.style)
    return _path(series.style, "".join(f"M{_n(x)} {_n(y)}{shape}" for x, y in places))


def _path(style: int, line: str) -> str:
    name = "none" if style == _NOTHING else f"c{style % len(_LIGHT)}"
    return f'<path class="{name}" d="{line}"/>'


def _shape(style: int) -> str:
    return _CROSS if style == _NOTHING else _SHAPES[style % len(_SHAPES)]


def _n(number: float) -> str:
    """A number of pixels, to a tenth."""
    return f"{number:.1f}".removesuffix(".0")
