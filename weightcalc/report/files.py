"""
A report as Markdown and as CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from ..text.numbers import grouped, percent
from ..weights.weights_file import float_text
from .table import PRESENT, ClassRow, Report
from .text import draw_bar
from .words import sentences, summary

_BAR = 10  # columns of a full bar
_ENTITIES = {character: f"&#{ord(character)};" for character in "<>|@"}
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would compute


def markdown_report(report: Report) -> str:
    """A title, a line for each set, one table, and what is to be said of it."""
    lines = ["# Class balance", ""]
    lines += [f"- {escape_markdown(line)}" for line in summary(report)]
    lines += ["", *_markdown_table(report.shown()), ""]
    lines += [f"- {escape_markdown(sentence)}" for sentence in sentences(report)]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """
    A text that Markdown shows as it is: no table cell, HTML, link, mention or emphasis.

    Entities stand for what GitHub acts on even behind a backslash.
    """
    text = re.sub(r"[\\`*\[\]~$!#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", text)
    text = text.replace("&", "&amp;")
    for character, entity in _ENTITIES.items():
        text = text.replace(character, entity)
    return re.sub(r"://", "&#58;//", re.sub(r"(?i)\b(www)\.", r"\1&#46;", text))


def _markdown_table(report: Report) -> Iterator[str]:
    several = len(report.tables) > 1
    heading, ruler = ["class", "name"], ["---:", ":---"]
    for table in report.tables:
        of_set = f"{table.name}: " if several else ""
        heading += [f"{of_set}pixels", "share", "", f"masks of {grouped(table.counts.num_masks)}"]
        ruler += ["---:", "---:", ":---", "---:"]
    heading += report.methods
    ruler += ["---:"] * len(report.methods)
    yield _markdown_row([escape_markdown(cell) for cell in heading])
    yield _markdown_row(ruler)
    for rows in zip(*(table.rows for table in report.tables), strict=True):
        name = escape_markdown(report.names[rows[0].index])
        cells = [cell for row in rows for cell in _cells(row, report.floor)]
        weights = [f"{weight:.4g}" for weight in rows[0].weights]
        yield _markdown_row([str(rows[0].index), name, *cells, *weights])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: ClassRow, floor: int) -> list[str]:
    share = percent(row.share) if row.status == PRESENT else row.status
    bar = draw_bar(row.share, floor, _BAR)
    return [grouped(row.pixels), share, bar, grouped(row.masks)]


def csv_report(report: Report) -> str:
    """
    A line for each class of each set, with all of its weights, and one for each ignored value.

    A name that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["set", "class", "name", "status", "pixels", "share", "masks", *report.methods])
    for table in report.tables:
        of_set = _cell(table.name)
        for row in table.rows:
            name, weights = _cell(report.names[row.index]), map(float_text, row.weights)
            numbers = [row.pixels, float_text(row.share), row.masks]
            writer.writerow([of_set, row.index, name, row.status, *numbers, *weights])
        for value, (pixels, masks) in table.counts.ignored.items():
            what = "no label" if value is None else f"value {value}"
            writer.writerow(
                [of_set, "", what, "ignored", pixels, "", masks, *[""] * len(report.methods)]
            )
    return text.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
