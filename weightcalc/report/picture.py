"""
A report as a picture that matplotlib makes: the same drawing as the SVG, on light paper.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from .drawing import NOTHING, Band, Dots, Drawing, Grid, Part, draw_report
from .inks import LIGHT, LIGHT_DOTS
from .table import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 144
_PIXELS = 96.0  # of a drawing, an inch
_POINTS = 72.0 / _PIXELS  # of a pixel
_FONT, _SMALL = 12.0, 10.5  # pixels
_ALIGNED = {"start": "left", "middle": "center", "end": "right"}
_MARKERS = ("o", "s", "^", "D", "v", "P")
_MARKER, _DIAMOND = 7.0, 5.8  # pixels; a diamond stands on its corner
_RC: dict[str, Any] = {"text.parse_math": False}  # a dollar sign in a name is one
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

    file = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        matplotlib.rcdefaults()  # whatever the matplotlibrc of the user says
        parameters: Any = matplotlib.rcParams  # typed as if its keys could not be in a dict
        parameters.update(_RC | {"font.family": _fonts(report)})
        figure = _figure(draw_report(report))
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


def _figure(drawing: Drawing) -> Figure:
    from matplotlib.figure import Figure

    size = (drawing.width / _PIXELS, drawing.height / _PIXELS)
    figure = Figure(figsize=size, facecolor=LIGHT["paper"])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    for order, part in enumerate(drawing.parts):
        _add(axes, part, order)
    return figure


def _add(axes: Axes, part: Part, order: int) -> None:
    if isinstance(part, Band):
        bottom = part.y + part.height
        axes.axhspan(part.y, bottom, color=LIGHT["band"], linewidth=0, zorder=order)
    elif isinstance(part, Grid):
        axes.vlines(
            part.places, part.top, part.bottom, LIGHT["grid"], linewidth=_POINTS, zorder=order
        )
    elif isinstance(part, Dots):
        _add_dots(axes, part, order)
    else:
        color = LIGHT_DOTS[int(part.style[1:])] if part.style[1:].isdigit() else ""
        axes.text(
            part.x, part.y, part.text, zorder=order, ha=_ALIGNED[part.anchor], va="baseline",
            color=color or LIGHT["soft" if part.style == "tick" else part.style],
            fontsize=_POINTS * (_SMALL if part.style == "tick" else _FONT),
        )  # fmt: skip


def _add_dots(axes: Axes, dots: Dots, order: int) -> None:
    nothing = dots.style == NOTHING
    marker = "x" if nothing else _MARKERS[dots.style % len(_MARKERS)]
    axes.plot(
        [x for x, _ in dots.places], [y for _, y in dots.places], linestyle="none",
        marker=marker, markersize=_POINTS * (_DIAMOND if marker == "D" else _MARKER),
        color=LIGHT["bad"] if nothing else LIGHT_DOTS[dots.style % len(LIGHT_DOTS)],
        markeredgewidth=1.0 if nothing else 0.0, zorder=order,
    )  # fmt: skip
