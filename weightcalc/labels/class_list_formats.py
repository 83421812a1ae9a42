"""
The formats of class lists: from the text of a file to what it states.

Many formats share a name such as labels.txt, so the shape of the content decides as
much as the ending does. Everything is data and nothing is executed. A file of which
only some lines have a colour or an id is refused, as it may mean two things.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from reprlib import Repr
from typing import NamedTuple

from ..errors import LabelError, MissingExtraError
from ..files.bounded import Json
from ..text.escape import printable

_LONGEST_LINE = 1000
_KEYS = ("id2label", "labels", "label_map", "categories", "classes", "names")
_NAME_COLUMNS = ("name", "class", "label")
_INDEX_COLUMNS = ("idx", "id")
_RGB = ("r", "g", "b")
_SAMPLES = r"([0-9]+)\s+([0-9]+)\s+([0-9]+)"
_COMMAS = r"([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)"

_CAMVID = re.compile(rf"{_SAMPLES}\s+(?P<name>\S.*)")
# Names end in no blank, or a run of blanks would be tried at each of its places.
_CVAT = re.compile(rf"(?P<name>(?:.*?\S)??)\s*:\s*(?:{_COMMAS}\s*(?::.*)?|:[^:]*:[^:]*)")
_PADDLE = re.compile(rf"(?P<name>.*?\S)\s+-(?:\s+{_SAMPLES})?\s*(?://.*)?")
_COLON = re.compile(r"([0-9]+)\s*:\s*(\S.*)")
_BLANK = re.compile(r"([0-9]+)\s+(\S.*)")
_YAML_KEY = re.compile(r"^(names|labels|label_mapping):(\s|$)", re.MULTILINE)

_short = Repr()
_short.maxlevel, _short.maxstring, _short.maxother = 2, 60, 60


class Entry(NamedTuple):
    """One class: its id, its name, and its packed colour if it has one."""

    id: int
    name: str
    color: int | None = None


class Stated(NamedTuple):
    """What a list says, before it is checked: classes, ignored values, value to class or classes."""

    entries: list[Entry]
    ignore: frozenset[int] = frozenset()
    mapping: Mapping[int, int] | None = None
    regions: Mapping[int, tuple[int, ...]] | None = None


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
        return _from_document(_load_yaml(text))
    if suffix == ".json" or text.lstrip().startswith(("{", "[")):
        try:
            document = json.loads(text, object_pairs_hook=_without_repeats)
        except json.JSONDecodeError as error:
            raise LabelError(f"no JSON: {error}") from error
        return _from_document(document)
    return _from_text(text, suffix)


def _from_text(text: str, suffix: str) -> Stated:
    if _YAML_KEY.search(text):
        return _from_document(_load_yaml(text))
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
        raise LabelError(f"no header with name and r, g, b (or Idx): {_shown(first)}").with_hint(
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
        return Stated([Entry(_id(match[1]), match[2]) for match in blank if match])
    return _plain_names(lines)


def _colored(lines: list[tuple[int, str]], pattern: re.Pattern[str]) -> list[Entry]:
    """CamVid's `64 128 64 Animal` or CVAT's `background:0,0,0::`; ids are positions."""
    entries = []
    for position, (number, line) in enumerate(lines):
        match = pattern.fullmatch(line)
        if match is None:
            raise LabelError(f"line {number} has no colour, but others have: {_shown(line)}")
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
    color = None if samples[0] is None else _pack(samples, where)
    return Entry(position, match["name"], color)


def _numbered(number: int, line: str) -> Entry:
    """COCO-Stuff's `1: person`."""
    match = _COLON.fullmatch(line)
    if match is None:
        raise LabelError(f"line {number} has no id, but others have: {_shown(line)}")
    return Entry(_id(match[1]), match[2])


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


def _header(line: str) -> _Header | None:
    """The columns of a table whose header holds a name, and a colour or an id; else None."""
    for delimiter in "\t,;":
        cells = [cell.strip(' "').lower() for cell in line.split(delimiter)]
        name = next((cells.index(key) for key in _NAME_COLUMNS if key in cells), None)
        index = next((cells.index(key) for key in _INDEX_COLUMNS if key in cells), None)
        rgb = [cells.index(key) for key in _RGB] if cells and set(_RGB) <= set(cells) else []
        if name is not None and (rgb or index is not None):
            return _Header(delimiter, len(cells), name, index, rgb)
    return None


def _from_table(text: str, first: int, header: _Header) -> Stated:
    entries: list[Entry] = []
    try:
        for number, cells in _rows(text, first, header):
            index = len(entries) if header.id is None else _id(cells[header.id])
            color = _pack([cells[column] for column in header.rgb], f"line {number}")
            entries.append(Entry(index, cells[header.name], color if header.rgb else None))
    except csv.Error as error:
        raise LabelError(f"no CSV: {error}") from error
    return Stated(entries)


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


def _from_document(document: Json) -> Stated:
    if not isinstance(document, dict):
        return _from_shape(document)
    found = [document[key] for key in _KEYS if isinstance(document.get(key), list | dict)]
    if not found:
        return _from_shape(document)
    stated = _from_shape(next(filter(None, found), found[0]))
    if document.get("segmentation_colors"):
        stated = _with_colors(stated, document["segmentation_colors"])
    if document.get("label_mapping"):
        stated = _with_mapping(stated, document["label_mapping"])
    return stated


def _from_shape(shape: Json) -> Stated:
    """A list of names or of objects, id to name, or name to id."""
    if isinstance(shape, list):
        if shape and all(isinstance(record, dict) for record in shape):
            return Stated(_from_records(shape))
        if not all(isinstance(name, str) for name in shape):
            raise LabelError("a list of classes holds names only, or objects only")
        return Stated([Entry(index, name) for index, name in enumerate(shape)])
    if not isinstance(shape, dict):
        raise LabelError("neither a JSON list of names nor an object of ids and names")
    if all(isinstance(value, str) for value in shape.values()):
        return Stated([Entry(_id(key), name) for key, name in shape.items()])
    return _from_names(shape)


def _from_names(ids: dict[str, Json]) -> Stated:
    """Name to id, as nnU-Net has it: the name "ignore" says that its value is no class."""
    ids = {n: v[0] if isinstance(v, list) and len(v) == 1 else v for n, v in ids.items()}
    if any(isinstance(index, list) for index in ids.values()):
        return _from_regions(ids)
    entries = [Entry(_id(index), name) for name, index in ids.items()]
    return Stated(entries, frozenset(entry.id for entry in entries if entry.name == "ignore"))


def _from_regions(values: dict[str, Json]) -> Stated:
    """Name to the values of a region, as nnU-Net has it: regions may share values."""
    listed = {name: _values_of_region(name, found) for name, found in values.items()}
    ignore = frozenset(listed.pop("ignore", ()))
    regions: dict[int, list[int]] = {}
    for index, (name, found) in enumerate(listed.items()):
        for value in found:
            if value in ignore:
                raise LabelError(f"value {value} is 'ignore', and of the region {_shown(name)} too")
            regions.setdefault(value, []).append(index)
    entries = [Entry(index, name) for index, name in enumerate(listed)]
    return Stated(entries, ignore, regions={v: tuple(shared) for v, shared in regions.items()})


def _values_of_region(name: str, found: Json) -> list[int]:
    values = list(map(_id, found if isinstance(found, list) else [found]))
    if not values:
        raise LabelError(f"the region {_shown(name)} has no value")
    if len(set(values)) < len(values):
        raise LabelError(f"the region {_shown(name)} has a value twice: {_shown(values)}")
    return values


def _from_records(records: list[dict[str, Json]]) -> list[Entry]:
    """
    Objects of name, colour and id (COCO), or of which the position is the id.

    Supervisely calls the name "title"; its "id" is that of a server, not a value.
    """
    key = "title" if all("title" in record for record in records) else "name"
    numbered = key == "name" and any("id" in record for record in records)
    entries = []
    for position, record in enumerate(records):
        name, where = record.get(key), f"entry {position}"
        if not isinstance(name, str):
            raise LabelError(f"{where} has no name")
        index = _id(record.get("id")) if numbered else position
        entries.append(Entry(index, name, _color(record.get("color"), where)))
    return entries


def _with_colors(stated: Stated, colors: Json) -> Stated:
    """Datumaro's colours, in the order in which the classes stand."""
    if not isinstance(colors, list) or len(colors) != len(stated.entries):
        raise LabelError(f"segmentation_colors is no list of {len(stated.entries)} colours")
    pairs = zip(stated.entries, colors, strict=True)
    return stated._replace(
        entries=[e._replace(color=_color(color, f"'{printable(e.name)}'")) for e, color in pairs]
    )


def _with_mapping(stated: Stated, pairs: Json) -> Stated:
    """Ultralytics' ``label_mapping``: value to class id or ``ignore_label``, which is 255."""
    if not isinstance(pairs, dict):
        raise LabelError("label_mapping is no mapping of values to class ids")
    last = max((entry.id for entry in stated.entries), default=-1)
    ignore: set[int] = set()
    mapping: dict[int, int] = {}
    for text, target in pairs.items():
        value = _value(text)
        if value in ignore or value in mapping:
            raise LabelError(f"label_mapping names the value {value} twice")
        if target in ("ignore_label", "ignore") or (str(target) == "255" and last < 255):
            ignore.add(value)
            continue
        mapping[value] = _id(target)
        if mapping[value] > last:
            raise LabelError(
                f"label_mapping sends {value} to class {mapping[value]}, "
                f"but the classes are 0 to {last}"
            )
    return stated._replace(ignore=stated.ignore | ignore, mapping=mapping)


def _without_repeats(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    members: dict[str, Json] = {}
    for key, value in pairs:
        if key in members:
            raise LabelError(
                f"it names '{printable(key)}' twice, "
                f"with {_shown(members[key])} and {_shown(value)}"
            )
        members[key] = value
    return members


def _load_yaml(text: str) -> Json:
    """A YAML document as dict, list and str: no tag is obeyed, so that nothing is built."""
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("reading YAML class lists", "yaml") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise LabelError(f"no YAML: {printable(' '.join(str(error).split()))}") from error
    return _of_node(node, set())


def _of_node(node: Json, seen: set[int]) -> Json:
    if node is None:
        return None
    if id(node) in seen:  # nested aliases stand for more than memory can hold
        raise LabelError(f"line {node.start_mark.line + 1} is used again through a YAML alias")
    seen.add(id(node))
    if node.id == "scalar":
        return node.value
    if node.id == "sequence":
        return [_of_node(item, seen) for item in node.value]
    return _without_repeats([(_key(key), _of_node(value, seen)) for key, value in node.value])


def _key(node: Json) -> str:
    if node.id != "scalar":
        raise LabelError(f"line {node.start_mark.line + 1}: a key of YAML that is no plain text")
    return str(node.value)


def _id(value: Json) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    if type(value) is int:  # a bool is an int too
        return value
    raise LabelError(f"{_shown(value)} is no class id")


def _value(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        return int(text)
    raise LabelError(f"{_shown(text)} is no value of a mask")


def _color(value: Json, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        return int(value[1:], 16)
    if isinstance(value, list) and len(value) == 3:
        return _pack(value, where)
    raise LabelError(f"{where}: {_shown(value)} is no colour, such as [128, 64, 0] or #804000")


def _pack(samples: Sequence[Json], where: str) -> int:
    packed = 0
    for sample in samples:
        if not re.fullmatch("[0-9]{1,3}", str(sample)) or int(sample) > 255:
            raise LabelError(f"{where}: {_shown(sample)} is no colour sample, 0 to 255")
        packed = packed << 8 | int(sample)
    return packed


def _shown(value: Json) -> str:
    return printable(_short.repr(value))
