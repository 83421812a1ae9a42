"""
The formats of class lists: from the text of a file to what it states.

Many formats share a name such as labels.txt, so the shape of the content decides as
much as the ending does. Everything is data and nothing is executed. A file of which
only some lines have a colour or an id is refused, as it may mean two things.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import LabelError
from .class_list_documents import from_document, load_json, load_yaml
from .class_list_entries import (
    COLORS,
    IDS,
    NAMES,
    Entry,
    Stated,
    color_of,
    id_of,
    only_key,
    packed,
    shown,
)

_LONGEST_LINE = 1000
_COLOR_COLUMN = "class_color"
_RGB = (("r", "g", "b"), ("red", "green", "blue"))
_SAMPLES = r"([0-9]+)\s+([0-9]+)\s+([0-9]+)"
_COMMAS = r"([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)"

_CAMVID = re.compile(rf"{_SAMPLES}\s+(?P<name>\S.*)")
# Names end in no blank, or a run of blanks would be tried at each of its places.
_CVAT = re.compile(rf"(?P<name>(?:.*?\S)??)\s*:\s*(?:{_COMMAS}\s*(?::.*)?|:[^:]*:[^:]*)")
_PADDLE = re.compile(rf"(?P<name>.*?\S)\s+-(?:\s+{_SAMPLES})?\s*(?://.*)?")
_COLON = re.compile(r"([0-9]+)\s*:\s*(\S.*)")
_BLANK = re.compile(r"([0-9]+)\s+(\S.*)")
_YAML_KEY = re.compile(r"^(names|labels|label_mapping):(\s|$)", re.MULTILINE)


def parse(text: str, suffix: str) -> Stated:
    """
    Read the text of a class list.

    Parameters
    ----------
    text : str
    suffix : str
        Ending of its name in lower case, such as ".json", or "".

    Raises
    ------
    LabelError
        If no format fits, or one fits in part.
    MissingExtraError
        If it is YAML and PyYAML is not installed.
    """
    if suffix in (".yaml", ".yml"):
        return from_document(load_yaml(text))
    if suffix == ".json" or text.lstrip().startswith(("{", "[")):
        return from_document(load_json(text))
    return _from_text(text, suffix)


def _from_text(text: str, suffix: str) -> Stated:
    if _YAML_KEY.search(text):
        return from_document(load_yaml(text))
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    for number, line in lines:
        if len(line) > _LONGEST_LINE:
            raise LabelError(f"line {number} has {len(line)} characters, too many for a name")
    table = _header(lines[0][1]) if lines else None
    if table is not None:
        return _from_table(text, lines[0][0], table)
    if suffix in (".csv", ".tsv"):
        first = lines[0][1] if lines else ""
        raise LabelError(f"no header with name and r, g, b (or Idx): {shown(first)}").with_hint(
            "such a class list begins with: name,r,g,b"
        )
    return _from_lines(lines)


def _from_lines(lines: list[tuple[int, str]]) -> Stated:
    for pattern in (_CAMVID, _CVAT):
        if any(pattern.fullmatch(line) for _, line in lines):
            return Stated(_colored(lines, pattern))
    paddle = [_PADDLE.fullmatch(line) for _, line in lines]
    if lines and (all(paddle) or any(match and match[2] for match in paddle)):
        return Stated(_from_paddle(lines))
    if any(_COLON.fullmatch(line) for _, line in lines):
        return Stated([_numbered(number, line) for number, line in lines])
    blank = [_BLANK.fullmatch(line) for _, line in lines]
    if all(blank):  # "0 road": a list of numbers and names, not one of names
        return Stated([Entry(id_of(match[1]), match[2]) for match in blank if match])
    return _plain_names(lines)


def _colored(lines: list[tuple[int, str]], pattern: re.Pattern[str]) -> list[Entry]:
    """CamVid's `64 128 64 Animal` or CVAT's `background:0,0,0::`; ids are positions."""
    entries = []
    for position, (number, line) in enumerate(lines):
        match = pattern.fullmatch(line)
        if match is None:
            raise LabelError(f"line {number} has no colour, but others have: {shown(line)}")
        entries.append(_entry_of(position, match, f"line {number}"))
    return entries


def _from_paddle(lines: list[tuple[int, str]]) -> list[Entry]:
    """PaddleLabel's `optic_disk - 128 0 0`, where any class may lack the colour."""
    entries = []
    for position, (number, line) in enumerate(lines):
        match = _PADDLE.fullmatch(line)
        entry = _entry_of(position, match, f"line {number}") if match else Entry(position, line)
        entries.append(entry)
    return entries


def _entry_of(position: int, match: re.Match[str], where: str) -> Entry:
    samples = [match[name] for name in range(1, 5) if name != match.re.groupindex["name"]]
    color = None if samples[0] is None else packed(samples, where)
    return Entry(position, match["name"], color)


def _numbered(number: int, line: str) -> Entry:
    """COCO-Stuff's `1: person`."""
    match = _COLON.fullmatch(line)
    if match is None:
        raise LabelError(f"line {number} has no id, but others have: {shown(line)}")
    return Entry(id_of(match[1]), match[2])


def _plain_names(lines: list[tuple[int, str]]) -> Stated:
    """One name a line; labelme's `__ignore__` is no class, -1 in arrays and 255 in PNG."""
    names = [line for _, line in lines]
    ignore: frozenset[int] = frozenset()
    if names and names[0] == "__ignore__":
        del names[0]
        ignore = frozenset([-1, 255] if len(names) <= 255 else [-1])
    if "__ignore__" in names:
        raise LabelError("__ignore__ is not its first line, as it is in the lists of labelme")
    return Stated([Entry(index, name) for index, name in enumerate(names)], ignore)


class _Header(NamedTuple):
    delimiter: str
    size: int
    name: int
    id: int | None
    rgb: list[int]
    color: int | None
    is_v7: bool


def _header(line: str) -> _Header | None:
    """The columns of a table whose header holds a name, and a colour or an id; else None."""
    for delimiter in "\t,;":
        cells = [cell.strip(' "').lower() for cell in line.split(delimiter)]
        name = next((cells.index(key) for key in NAMES if key in cells), None)
        if name is None:
            continue
        index = only_key(IDS, cells, "id")
        rgb = next((columns for columns in _RGB if {*columns} <= {*cells}), ())
        color = only_key((_COLOR_COLUMN, *COLORS), cells, "colour")
        if rgb or index is not None or color is not None:
            return _Header(
                delimiter, len(cells), name, None if index is None else cells.index(index),
                [cells.index(column) for column in rgb],
                None if color is None else cells.index(color), color == _COLOR_COLUMN,
            )  # fmt: skip
    return None


def _from_table(text: str, first: int, header: _Header) -> Stated:
    try:
        rows = list(_rows(text, first, header))
    except csv.Error as error:
        raise LabelError(f"no CSV: {error}") from error
    if header.color is not None and header.is_v7:
        names = [(number, cells[header.name], cells[header.color]) for number, cells in rows]
        return _from_v7(names)
    entries: list[Entry] = []
    for number, cells in rows:
        index = len(entries) if header.id is None else id_of(cells[header.id])
        where = f"line {number}"
        color = packed([cells[column] for column in header.rgb], where) if header.rgb else None
        if header.color is not None:
            color = color_of(cells[header.color], where)
        entries.append(Entry(index, cells[header.name], color))
    return Stated(entries)


def _from_v7(rows: list[tuple[int, str, str]]) -> Stated:
    """V7's `car,255 0 0`, or `car,127`, the value of indices or greys; ids are positions."""
    entries: list[Entry] = []
    mapping: dict[int, int] = {}
    for number, name, text in rows:
        samples = text.split()
        if len(samples) not in (1, 3):
            raise LabelError(f"line {number}: {shown(text)} is neither a value nor a colour")
        color = packed(samples, f"line {number}")
        if len(samples) == 1 and mapping.setdefault(color, len(entries)) != len(entries):
            raise LabelError(f"line {number}: the value {color} is of two classes")
        entries.append(Entry(len(entries), name, color if len(samples) == 3 else None))
    if 0 < len(mapping) < len(entries):
        raise LabelError(f"{_COLOR_COLUMN} holds values in some lines, and colours in others")
    is_plain = all(value == index for value, index in mapping.items())
    return Stated(entries, mapping=None if is_plain else mapping)


def _rows(text: str, first: int, header: _Header) -> Iterator[tuple[int, list[str]]]:
    """Numbers and cells of the rows below the header, without blank and comment rows."""
    rows = csv.reader(text.splitlines(), delimiter=header.delimiter, skipinitialspace=True)
    for row in rows:
        cells = [cell.strip() for cell in row]
        if rows.line_num <= first or not any(cells) or cells[0].startswith("#"):
            continue
        if len(cells) < header.size:
            raise LabelError(
                f"line {rows.line_num} has {len(cells)} cells, but the header {header.size}"
            )
        yield rows.line_num, cells
