"""
A report as one page of HTML that needs nothing else: no network, and no script to be read.

The script sorts the table, and is the only one that the page's own policy lets run. Everything
that comes from the data is escaped, so that no name becomes markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import NamedTuple

from .._version import __version__
from ..text.columns import shorten
from ..text.escape import printable
from ..text.numbers import grouped, percent
from .drawing import draw_report
from .notes import short_name
from .svg import STYLE, write_svg
from .table import PRESENT, ClassRow, ClassTable, Report
from .words import remarks_on, summary

MOST_CLASSES_WITH_MASKS = 40
_MOST_NAME = 80  # columns of a name


class ShownMask(NamedTuple):
    """
    One of the masks that hold most of a class.

    Attributes
    ----------
    name : str
    pixels, mask_pixels : int
        Of the class, and of the mask.
    picture : bytes or None
        A PNG; None where the mask cannot be shown.
    """

    name: str
    pixels: int
    mask_pixels: int
    picture: bytes | None


class ShownClass(NamedTuple):
    """
    A class of a set, and the masks that hold most of it.

    Attributes
    ----------
    row : ClassRow
    color : int
        Of the class in the pictures: packed, ``0xRRGGBB``.
    masks : sequence of ShownMask
    """

    row: ClassRow
    color: int
    masks: Sequence[ShownMask]


def classes_with_masks(table: ClassTable) -> list[ClassRow]:
    """The classes whose masks are shown: those with pixels, or the rarest where they are many."""
    present = [row for row in table.rows if row.pixels]
    rarest = sorted(present, key=lambda row: (row.pixels, row.index))[:MOST_CLASSES_WITH_MASKS]
    kept = {row.index for row in rarest}
    return [row for row in present if row.index in kept]


def html_report(
    report: Report,
    warnings: Sequence[str] = (),
    masks: Mapping[str, Sequence[ShownClass]] | None = None,
) -> str:
    """
    A report as a page.

    Parameters
    ----------
    report : Report
    warnings : sequence of str
        What was said while the sets were counted.
    masks : mapping of str to sequence of ShownClass, optional
        By the name of each set whose masks were counted.

    Raises
    ------
    OutputError
        If there are more classes than a page can hold.
    """
    drawing = write_svg(draw_report(report, titled=False))
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)} {_hash(STYLE)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Class balance: {_text(', '.join(table.name for table in report.tables))}</title>",
        f"<style>{style}</style>\n</head>\n<body>\n<main>\n<h1>Class balance</h1>",
        *(f"<p>{_text(line)}</p>" for line in summary(report)),
        *_list("What to know", [*warnings, *remarks_on(report)]),
        "<h2>Shares and weights</h2>",
        _scrolled("Picture of the shares and weights", drawing),
        "<h2>Table</h2>",
        _scrolled("Table of the classes", "\n".join(_table(report.shown()))),
        *(part for name, shown in (masks or {}).items() for part in _masks(report, name, shown)),
        f"</main>\n<footer>weightcalc {__version__}</footer>\n<script>{script}</script>",
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a policy calls the only text of its kind that may stand on the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(text: str) -> str:
    """A text that is nothing but text, as the content of an element or of an attribute."""
    return html.escape(printable(text))


def _name(text: str) -> str:
    return _text(shorten(text, _MOST_NAME))


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h2>{title}</h2>\n<ul>"
        yield from (f"<li>{_text(line)}</li>" for line in lines)
        yield "</ul>"


def _scrolled(label: str, content: str) -> str:
    """Something wide, which scrolls by itself where it has no room, by keys too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{label}">\n{content}</div>'


def _table(report: Report) -> Iterator[str]:
    several = len(report.tables) > 1
    yield '<table class="sortable">\n<caption>Pixels, masks and weights of each class</caption>'
    yield "<thead>"
    if several:
        groups = "".join(
            f'<th scope="colgroup" colspan="3">{_name(table.name)}</th>' for table in report.tables
        )
        of_first = f'<th scope="colgroup" colspan="{len(report.methods)}">weights</th>'
        before = 1 + any(report.names.values())
        yield f'<tr><td colspan="{before}"></td>{groups}{of_first}</tr>'
    heads = [*_headings(report)]
    yield "<tr>" + "".join(heads) + "</tr>\n</thead>\n<tbody>"
    for rows in zip(*(table.rows for table in report.tables), strict=True):
        yield "<tr>" + "".join(_cells(report, rows)) + "</tr>"
    yield "</tbody>\n</table>"


def _headings(report: Report) -> Iterator[str]:
    yield '<th scope="col">class</th>'
    if any(report.names.values()):
        yield '<th scope="col" class="name">name</th>'
    for table in report.tables:
        masks = f"masks of {grouped(table.counts.num_masks)}"
        yield from (f'<th scope="col">{text}</th>' for text in ("pixels", "share", masks))
    yield from (f'<th scope="col">{_text(method)}</th>' for method in report.methods)


def _cells(report: Report, rows: Sequence[ClassRow]) -> Iterator[str]:
    index = rows[0].index
    if any(report.names.values()):
        yield _cell(index, str(index))
        yield f'<th scope="row" class="name">{_name(report.names[index])}</th>'
    else:
        yield f'<th scope="row" data-value="{index}">{index}</th>'
    for row in rows:
        yield _cell(row.pixels, grouped(row.pixels))
        yield _cell(row.share, percent(row.share) if row.status == PRESENT else row.status)
        yield _cell(row.masks, grouped(row.masks))
    yield from (_cell(weight, f"{weight:.4g}") for weight in rows[0].weights)


def _cell(value: float, text: str) -> str:
    return f'<td data-value="{value}">{text}</td>'


def _masks(report: Report, name: str, shown: Sequence[ShownClass]) -> Iterator[str]:
    if not shown:
        return
    of = f" of {_name(name)}" if len(report.tables) > 1 else ""
    yield f"<h2>Masks that hold most of each class{of}</h2>"
    number = sum(
        bool(row.pixels) for table in report.tables if table.name == name for row in table.rows
    )
    which = (
        f"each of the {len(shown)} rarest of {grouped(number)} classes"
        if number > len(shown)
        else "each class"
    )
    most = max(len(each.masks) for each in shown)
    yield (
        f'<p class="soft">For {which}, at most {most} masks. A dot of a picture has the class of '
        "the pixel in its middle, but that of the heading wherever one of its pixels has it; what "
        "is no class is transparent. A mask that cannot be shown small is named alone.</p>"
    )
    for each in shown:
        yield from _class_masks(report, each)


def _class_masks(report: Report, shown: ShownClass) -> Iterator[str]:
    row = shown.row
    title = f"{row.index} {report.names[row.index]}".rstrip()
    swatch = (
        '<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">'
        f'<rect width="1" height="1" fill="#{shown.color:06x}"/></svg>'
    )
    yield f'<h3>{swatch}{_name(title)}</h3>\n<ul class="masks">'
    for mask in shown.masks:
        of_class, of_mask = mask.pixels / row.pixels, mask.pixels / (mask.mask_pixels or 1)
        about = f"{percent(of_class)} of the class, {percent(of_mask)} of the mask"
        label = f"{mask.name}: class {short_name(title)} is {percent(of_mask)} of it"
        yield f"<li>{_image(mask.picture, label)}<span>{_name(mask.name)}</span>"
        yield f'<span class="soft">{about}</span></li>'
    yield "</ul>"


def _image(picture: bytes | None, label: str) -> str:
    if picture is None:
        return ""
    data = base64.b64encode(picture).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{_name(label)}">'
