"""
A report as SVG, which is drawn without any package, so that the same report gives the same bytes.

Text stays text; colours follow the light or dark scheme of whoever looks at it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from .drawing import NOTHING, Band, Dots, Drawing, Grid, Part
from .inks import DARK, DARK_DOTS, LIGHT, LIGHT_DOTS

_SHAPES = (
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "m-3.1-3.1h6.2v6.2h-6.2z",
    "m0-4l4 7h-8z",
    "m0-4.4l4.4 4.4l-4.4 4.4l-4.4-4.4z",
    "m0 4l4-7h-8z",
    "m-1.2-3.8h2.4v2.6h2.6v2.4h-2.6v2.6h-2.4v-2.6h-2.6v-2.4h2.6z",
)
_CROSS = "m-2.6-2.6l5.2 5.2m0-5.2l-5.2 5.2"
_NAMESPACE = "http://www.w3.org/2000/svg"
_RULES = """
.balance text{{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:{ink}}}
.balance text{{font-variant-numeric:tabular-nums}}
.balance .soft{{fill:{soft}}}.balance .tick{{font-size:10.5px;fill:{soft}}}
.balance .bad{{fill:{bad}}}.balance .none{{stroke:{bad};stroke-width:1.4;fill:none}}
.balance .paper{{fill:{paper}}}.balance .band{{fill:{band}}}
.balance .grid{{stroke:{grid};fill:none}}
"""


def _rules(inks: Mapping[str, str], colors: Sequence[str]) -> str:
    series = "".join(f".balance .c{n}{{fill:{color}}}" for n, color in enumerate(colors))
    return _RULES.format(**inks) + series


STYLE = (
    f"{_rules(LIGHT, LIGHT_DOTS)}\n@media(prefers-color-scheme:dark){{{_rules(DARK, DARK_DOTS)}}}\n"
)


def write_svg(drawing: Drawing) -> str:
    """The text of an SVG file, or of an element in a page."""
    width, height = _n(drawing.width), _n(drawing.height)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    labels = 'aria-labelledby="balance-title balance-about"'
    about = "Shares and weights of each class, as dots on log scales."
    return "\n".join(
        [
            f'<svg xmlns="{_NAMESPACE}" class="balance" role="img" {size} {labels}>',
            '<title id="balance-title">Class balance</title>',
            f'<desc id="balance-about">{about}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            *(_element(part, width) for part in drawing.parts),
            "</svg>\n",
        ]
    )


def _element(part: Part, width: str) -> str:
    if isinstance(part, Band):
        return f'<rect class="band" y="{_n(part.y)}" width="{width}" height="{_n(part.height)}"/>'
    if isinstance(part, Grid):
        lines = (f"M{_n(x)} {_n(part.top)}V{_n(part.bottom)}" for x in part.places)
        return f'<path class="grid" d="{"".join(lines)}"/>'
    if isinstance(part, Dots):
        return _path_of_dots(part)
    look = f' class="{part.style}"' if part.style != "ink" else ""
    look += f' text-anchor="{part.anchor}"' if part.anchor != "start" else ""
    text = html.escape(part.text, quote=False)
    return f'<text x="{_n(part.x)}" y="{_n(part.y)}"{look}>{text}</text>'


def _path_of_dots(dots: Dots) -> str:
    """All dots of a series as one path."""
    nothing = dots.style == NOTHING
    shape = _CROSS if nothing else _SHAPES[dots.style % len(_SHAPES)]
    name = "none" if nothing else f"c{dots.style % len(LIGHT_DOTS)}"
    line = "".join(f"M{_n(x)} {_n(y)}{shape}" for x, y in dots.places)
    return f'<path class="{name}" d="{line}"/>'


def _n(number: float) -> str:
    """A number of pixels, to a tenth."""
    return f"{number:.1f}".removesuffix(".0")
