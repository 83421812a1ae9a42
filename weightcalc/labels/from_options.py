"""
From the options and files that speak of labels to one `LabelMap`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import LabelError
from ..files.bounded import SmallFile
from ..text.escape import printable
from .class_list import ClassList
from .label_map import LabelMap, parse_class, parse_value

_FILE = SmallFile("map", 1 << 20, LabelError, "expected pairs of value and class")


def label_map(
    listed: ClassList | None,
    encoding: str,
    /,
    *,
    num_classes: int | None,
    ignore_index: Sequence[str],
    mapping: Sequence[str],
    reduce_zero_label: bool,
    **_: Any,
) -> LabelMap:
    """
    The label map that a class list and the options of the command line ask for.

    What an option says of a value comes before what the list says of it.

    Parameters
    ----------
    listed : ClassList or None
    encoding : str
        One of `ENCODINGS`; "color" takes the colours of the list for values.

    Raises
    ------
    LabelError
        If they contradict each other, or name what the list has not.
    """
    if encoding == "color":
        return _color_map(listed, num_classes, ignore_index, mapping, reduce_zero_label)
    if reduce_zero_label and encoding in ("one-hot", "multilabel"):
        raise LabelError("--reduce-zero-label speaks of indices, not of channels")
    names = listed.names if listed else None
    values = listed.values_of_names() if listed else {}
    if names and reduce_zero_label:
        names = names[1:] if names[0] is None else names
        values = {name: index for index, name in enumerate(names, 1) if name is not None}
    targets = _targets(mapping, values, names)
    ignore = frozenset(parse_value(text, values) for text in ignore_index)
    if listed:
        targets = {v: c for v, c in listed.mapping.items() if v not in ignore} | targets
        ignore |= listed.ignore - targets.keys()
    if encoding == "multilabel" and len(set(targets.values())) < len(targets):
        raise LabelError("two channels of a multilabel mask cannot be one class: they may overlap")
    return LabelMap(
        num_classes, names, ignore=ignore, mapping=targets, reduce_zero_label=reduce_zero_label
    )


def _color_map(
    listed: ClassList | None,
    num_classes: int | None,
    ignore_index: Sequence[str],
    mapping: Sequence[str],
    reduce_zero_label: bool,
) -> LabelMap:
    if reduce_zero_label:
        raise LabelError("--reduce-zero-label speaks of indices, not of colours")
    names = listed.names if listed else None
    colors = dict(listed.colors or {}) if listed else {}
    values = {names[i] or "": c for c, i in colors.items() if names and i < len(names)}
    targets = _targets(mapping, values, names)
    ignore = {parse_value(text, values) for text in ignore_index}
    if listed:
        if not colors and not targets:
            raise LabelError("the class list has no colours").with_hint(
                "--encoding index, a list with colours, or --map '#RRGGBB:CLASS'"
            )
        ignore |= {c for c, i in colors.items() if i in listed.ignore and c not in targets}
        colors = {c: i for c, i in colors.items() if i < len(listed.names)}
    learn = not (colors or targets or num_classes)
    return LabelMap(
        num_classes, names, ignore=ignore, mapping=targets, colors=colors, learn_colors=learn
    )


def _targets(
    mapping: Sequence[str], values: dict[str, int], names: Sequence[str | None] | None
) -> dict[int, int]:
    targets: dict[int, int] = {}
    for text, target in (pair for argument in mapping for pair in _pairs(argument)):
        value, index = parse_value(text, values), parse_class(target, names)
        if targets.setdefault(value, index) != index:
            raise LabelError(
                f"--map sends value {text} to two classes, {targets[value]} and {index}"
            )
    return targets


def _pairs(argument: str) -> Iterator[tuple[str, str]]:
    """The pairs of one --map: "7:0", or a JSON or CSV file of values and classes."""
    if argument.lower().endswith((".json", ".csv")):
        yield from _pairs_of_file(argument)
        return
    value, _, index = argument.rpartition(":")
    if not value or not index:
        raise LabelError(
            f"--map {printable(argument)}: expected VALUE:CLASS, such as 7:0, or a .json or .csv file"
        )
    yield value, index


def _pairs_of_file(path: str) -> list[tuple[str, str]]:
    is_json = path.lower().endswith(".json")
    pairs = _FILE.read(path, _pairs_of_json if is_json else _pairs_of_csv)
    header = pairs and [field.strip().lower() for field in pairs[0]] == ["value", "class"]
    return pairs[1:] if header else pairs


def _pairs_of_json(data: bytes) -> list[tuple[str, str]]:
    document = json.loads(data.decode("utf-8-sig"))
    if not isinstance(document, dict):
        raise LabelError('expected an object of values and classes, such as {"7": 0}')
    return [(str(value), str(index)) for value, index in document.items()]


def _pairs_of_csv(data: bytes) -> list[tuple[str, str]]:
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    short = next((row for row in rows if len(row) == 1), None)
    if short is not None:
        raise LabelError(f"a line has no second field: {printable(short[0][:80])}")
    return [(row[0], row[1]) for row in rows if row]
