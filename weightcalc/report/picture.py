"""
A report as a picture: the shares of classes on a log scale, over their weights.

Few classes stand side by side, the shares above the weights. Many classes are rows, with
names that read from left to right in a picture that is as high as it has to be, the
shares left of the weights.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..errors import MissingExtraError
from ..text.columns import display_width, shorten
from ..text.numbers import percent
from .scales import check_few, ticks_between, weight_decades
from .table import ABSENT, ClassTable, Report

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_UPRIGHT = 40  # classes side by side; more of them are rows
DPI = 150
_MOST_NAME = 40  # characters of a class name
_FONT = 9.0  # points, of names
_SMALL = 7.5  # the smallest text
_EM = 0.085  # inches, a wide character of a name
_SET_COLORS = ("#4477aa", "#ee7733", "#228833", "#aa3377", "#66ccee", "#bbbbbb")
_METHOD_STYLES = (
    *(("o", "#4477aa"), ("s", "#ee7733"), ("^", "#228833"), ("D", "#aa3377")),
    *(("v", "#66ccee"), ("P", "#ccbb44"), ("X", "#000000"), ("<", "#ee6677")),
    *((">", "#44bb99"), ("p", "#997700"), ("h", "#777777")),
)
_RC: dict[str, Any] = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "text.parse_math": False,  # a dollar sign in a name is one
}
# Without dates the same report gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
}
# Fonts for names in scripts that the font of matplotlib lacks, where they are installed.
_MORE_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR"),
    *("Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS"),
)


def require_matplotlib() -> None:
    """
    Refuse now what could not be drawn after a long count.

    Raises
    ------
    MissingExtraError
    """
    try:
        import matplotlib.figure  # noqa: F401  # whether it can be is the question
    except ImportError as error:
        raise MissingExtraError("drawing a picture", "plot") from error


def picture(report: Report, format_: str) -> tuple[bytes, list[str]]:
    """
    Draw a report.

    Parameters
    ----------
    report : Report
    format_ : str
        "png" or "pdf".

    Returns
    -------
    bytes
        The same for the same report and version of matplotlib.
    list of str
        What is wrong with the picture.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    OutputError
        If there are more than `MOST_CLASSES` classes.
    """
    require_matplotlib()
    import matplotlib

    check_few(report)
    file = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        matplotlib.rcdefaults()  # whatever the matplotlibrc of the user says
        parameters: Any = matplotlib.rcParams  # typed as if its keys could not be in a dict
        parameters.update(_RC | {"font.family": _fonts(report)})
        figure = _Drawing(report).draw()
        figure.savefig(file, format=format_, dpi=DPI, metadata=_METADATA[format_])
    return file.getvalue(), [*_said(caught)]


def _said(caught: Sequence[warnings.WarningMessage]) -> Iterator[str]:
    texts = {str(warning.message) for warning in caught if warning.category is UserWarning}
    glyphs = {text for text in texts if "missing from font" in text}
    if glyphs:
        yield "no font here has all characters of the class names: boxes stand for the others"
    yield from sorted(texts - glyphs)


def _fonts(report: Report) -> list[str]:
    if all(map(str.isascii, report.names.values())):
        return ["DejaVu Sans"]
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(font for font in _MORE_FONTS if font in installed)]


class _Drawing:
    """
    A figure of a report.

    Where classes are rows, what is said of "along" the classes is vertical, and "across"
    them horizontal; where they stand side by side, the other way round.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.rows = len(report.names) > MOST_UPRIGHT
        self.along: Literal["x", "y"] = "y" if self.rows else "x"
        self.across: Literal["x", "y"] = "x" if self.rows else "y"
        self.labels = [
            shorten(f"{index} {name}".rstrip(), _MOST_NAME) for index, name in report.names.items()
        ]
        self.pitch = self._pitch()

    def _pitch(self) -> float:
        """Inches from class to class."""
        least = 0.1 * len(self.report.tables) + 0.1
        if self.rows:
            return max(0.18, least)
        return max(0.28, least, 5.0 / len(self.labels))

    @property
    def _turned(self) -> bool:
        """Whether names have to stand upright."""
        return not self.rows and max(map(display_width, self.labels)) * _EM > self.pitch

    def draw(self) -> Figure:
        """All of it."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=self._size(), layout="constrained", facecolor="white")
        if self.rows:
            shares, weights = figure.subplots(1, 2, sharey=True)
        else:
            shares, weights = figure.subplots(2, 1, sharex=True)
        self._name_classes(shares if self.rows else weights)
        self._draw_shares(shares)
        self._draw_weights(weights)
        title = "\n".join(self._totals(table) for table in self.report.tables)
        figure.suptitle(title, x=0.01, ha="left", fontsize=_FONT)
        return figure

    def _totals(self, table: ClassTable) -> str:
        """The totals of a set, and as much of its name as there is room for."""
        totals = table.totals.removeprefix(table.name)
        return shorten(table.name, int(self._size()[0] / (0.8 * _EM)) - len(totals)) + totals

    def _size(self) -> tuple[float, float]:
        """Inches: room for the classes, and for their names."""
        along = self.pitch * len(self.labels) + 1.0
        names = _EM * max(map(display_width, self.labels))
        titles = 0.18 * len(self.report.tables)
        if self.rows:
            return 8.0 + names, along + 1.0 + titles
        return along, 5.6 + titles + (names if self._turned else 0.2)

    def _name_classes(self, axes: Axes) -> None:
        places = range(len(self.labels))
        axis: Axis = getattr(axes, f"{self.along}axis")
        axis.set_ticks(places, self.labels, fontsize=_FONT)
        axis.set_tick_params(rotation=90 if self._turned else 0, pad=7)
        limits = (-0.5, len(self.labels) - 0.5)
        getattr(axes, f"set_{self.along}lim")(limits[::-1] if self.rows else limits)

    def _draw_shares(self, axes: Axes) -> None:
        base = 10.0**self.report.floor
        self._scale(axes, base, self.report.floor, 0, percent)
        self._title(axes, "share of the labelled pixels")
        tables = self.report.tables
        step = min(0.8 / len(tables), 0.12 / self.pitch)
        labelled: dict[str, Artist] = {}
        for number, table in enumerate(tables):
            marker, color = _METHOD_STYLES[0][0], _SET_COLORS[number % len(_SET_COLORS)]
            shift = (number - (len(tables) - 1) / 2) * step
            places = [place + shift for place in range(len(table.rows))]
            points = [
                (place, max(row.share, base))
                for place, row in zip(places, table.rows, strict=True)
                if row.pixels
            ]
            dots = self._dots(axes, points, marker=marker, markersize=5, color=color)
            labelled[table.name] = dots
            self._mark_missing(axes, table, places, base)
        if len(tables) > 1:
            self._legend(axes, labelled)

    def _mark_missing(
        self, axes: Axes, table: ClassTable, places: Sequence[float], base: float
    ) -> None:
        for place, row in zip(places, table.rows, strict=True):
            if row.pixels:
                continue
            where = (base, place) if self.rows else (place, base)
            aligned = {"va": "center"} if self.rows else {"ha": "center", "rotation": 90}
            color = "#b2182b" if row.status == ABSENT else "#555555"
            axes.text(*where, f" {row.status}", color=color, fontsize=_SMALL, **aligned)

    def _draw_weights(self, axes: Axes) -> None:
        first = self.report.tables[0]
        columns = list(zip(*(row.weights for row in first.rows), strict=True))
        low, high = weight_decades(self.report)
        edge = 10.0 ** (low - 0.5)  # below all weights, for those that are 0
        self._scale(axes, edge, low, high, "{:g}".format)
        self._title(axes, f"weight of {first.name}" if self.report.drifts else "weight")
        step = min(0.8 / len(columns), 0.12 / self.pitch)
        labelled: dict[str, Artist] = {}
        nothing: list[tuple[float, float]] = []
        for number, column in enumerate(columns):
            marker, color = _METHOD_STYLES[number % len(_METHOD_STYLES)]
            shift = (number - (len(columns) - 1) / 2) * step
            points = [(place + shift, weight) for place, weight in enumerate(column)]
            drawn = [point for point in points if point[1] > 0]
            handle = self._dots(axes, drawn, marker=marker, markersize=5, color=color)
            labelled[self.report.methods[number]] = handle
            nothing += [(place, edge) for place, weight in points if weight <= 0]
        if nothing:
            labelled["no weight"] = self._dots(axes, nothing, marker="x", color="#b2182b")
        self._legend(axes, labelled)

    def _dots(self, axes: Axes, points: Sequence[tuple[float, float]], **style: Any) -> Artist:
        places, values = [place for place, _ in points], [value for _, value in points]
        xy = (values, places) if self.rows else (places, values)
        return axes.plot(*xy, linestyle="none", clip_on=False, **style)[0]

    def _scale(
        self, axes: Axes, edge: float, low: int, high: int, text: Callable[[float], str]
    ) -> None:
        """A log scale, with ticks at powers of ten, and between them where these are few."""
        ticks = ticks_between(low, high)
        getattr(axes, f"set_{self.across}scale")("log")
        axis: Axis = getattr(axes, f"{self.across}axis")
        axis.set_ticks(ticks, [text(tick) for tick in ticks], fontsize=_SMALL)
        axis.minorticks_off()
        getattr(axes, f"set_{self.across}lim")(edge, 10.0**high)
        axes.tick_params(axis=self.along, length=0)
        if self.rows:  # a high picture is read from its top
            axes.tick_params(axis="x", top=True, labeltop=True)
            axis.set_label_position("top")
        axes.grid(True, axis=self.across)
        band = axes.axhspan if self.rows else axes.axvspan
        for place in range(0, len(self.labels), 2):
            band(place - 0.5, place + 0.5, color="#f3f3f3", linewidth=0, zorder=0)

    def _title(self, axes: Axes, text: str) -> None:
        getattr(axes, f"set_{self.across}label")(text)

    def _legend(self, axes: Axes, labelled: Mapping[str, Artist]) -> None:
        """Above the axes, in as many columns as fit."""
        texts = [shorten(text, _MOST_NAME) for text in labelled]
        entry = 0.5 + 0.8 * _EM * max(map(display_width, texts))
        width = 3.7 if self.rows else self._size()[0] - 1.0
        above = 0.5 / self.pitch / len(self.labels) if self.rows else 0.0  # the scale is there
        axes.legend(
            list(labelled.values()), [f" {text}" for text in texts], loc="lower left",
            bbox_to_anchor=(0, 1 + above), ncols=max(int(width / entry), 1), handletextpad=0.2,
        )  # fmt: skip
