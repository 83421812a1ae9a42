"""
Class lists as documents, JSON or YAML: from the shape of their content to what they state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ..errors import LabelError, MissingExtraError
from ..files.bounded import Json
from ..text.escape import printable
from .class_list_entries import Entry, Stated, color_of, id_of, shown

_KEYS = ("id2label", "labels", "label_map", "label_classes", "categories", "classes", "names")


def load_json(text: str) -> Json:
    """
    Read JSON in which no object names a member twice.

    Raises
    ------
    LabelError
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise LabelError(f"no JSON: {error}") from error


def from_document(document: Json) -> Stated:
    """
    What the document of a class list states.

    Raises
    ------
    LabelError
        If its shape is none of a class list.
    """
    if not isinstance(document, dict):
        return _from_shape(document)
    found = [document[key] for key in _KEYS if isinstance(document.get(key), list | dict)]
    if not found:
        return _from_shape(document)
    shape = next(filter(None, found), found[0])
    if "ldf_version" in document and isinstance(shape, dict):
        shape = _of_one_task(shape)
    stated = _from_shape(shape)
    if document.get("segmentation_colors"):
        stated = _with_colors(stated, document["segmentation_colors"])
    if document.get("label_mapping"):
        stated = _with_mapping(stated, document["label_mapping"])
    return stated


def _of_one_task(tasks: dict[str, Json]) -> Json:
    """The classes of a data set of Luxonis, which lists them for each of its tasks."""
    if len(tasks) != 1:
        raise LabelError(
            f"it lists the classes of {len(tasks)} tasks: {', '.join(map(shown, tasks))}"
        ).with_hint("a JSON file with the classes of one task")
    return next(iter(tasks.values()))


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
        return Stated([Entry(id_of(key), name) for key, name in shape.items()])
    return _from_names(shape)


def _from_names(ids: dict[str, Json]) -> Stated:
    """Name to id, as nnU-Net has it: the name "ignore" says that its value is no class."""
    ids = {n: v[0] if isinstance(v, list) and len(v) == 1 else v for n, v in ids.items()}
    if any(isinstance(index, list) for index in ids.values()):
        return _from_regions(ids)
    entries = [Entry(id_of(index), name) for name, index in ids.items()]
    return Stated(entries, frozenset(entry.id for entry in entries if entry.name == "ignore"))


def _from_regions(values: dict[str, Json]) -> Stated:
    """Name to the values of a region, as nnU-Net has it: regions may share values."""
    listed = {name: _values_of_region(name, found) for name, found in values.items()}
    ignore = frozenset(listed.pop("ignore", ()))
    regions: dict[int, list[int]] = {}
    for index, (name, found) in enumerate(listed.items()):
        for value in found:
            if value in ignore:
                raise LabelError(f"value {value} is 'ignore', and of the region {shown(name)} too")
            regions.setdefault(value, []).append(index)
    entries = [Entry(index, name) for index, name in enumerate(listed)]
    return Stated(entries, ignore, regions={v: tuple(shared) for v, shared in regions.items()})


def _values_of_region(name: str, found: Json) -> list[int]:
    values = list(map(id_of, found if isinstance(found, list) else [found]))
    if not values:
        raise LabelError(f"the region {shown(name)} has no value")
    if len(set(values)) < len(values):
        raise LabelError(f"the region {shown(name)} has a value twice: {shown(values)}")
    return values


def _from_records(records: list[dict[str, Json]]) -> list[Entry]:
    """
    Objects of name, colour and id (COCO), or of which the position is the id.

    Supervisely calls the name "title"; its "id" is that of a server, not a value. Hasty
    calls the name "class_name", and the value of index masks "png_index".
    """
    if all("class_name" in record for record in records):
        return [_of_hasty(position, record) for position, record in enumerate(records)]
    key = "title" if all("title" in record for record in records) else "name"
    numbered = key == "name" and any("id" in record for record in records)
    entries = []
    for position, record in enumerate(records):
        name, where = record.get(key), f"entry {position}"
        if not isinstance(name, str):
            raise LabelError(f"{where} has no name")
        index = id_of(record.get("id")) if numbered else position
        entries.append(Entry(index, name, color_of(record.get("color"), where)))
    return entries


def _of_hasty(position: int, record: dict[str, Json]) -> Entry:
    if "png_index" not in record:
        raise LabelError(f"entry {position} has no png_index, the value of its pixels").with_hint(
            "the JSON file of an export for semantic segmentation, which has it"
        )
    if not isinstance(record["class_name"], str):
        raise LabelError(f"entry {position} has no name")
    return Entry(id_of(record["png_index"]), record["class_name"])


def _with_colors(stated: Stated, colors: Json) -> Stated:
    """Datumaro's colours, in the order in which the classes stand."""
    if not isinstance(colors, list) or len(colors) != len(stated.entries):
        raise LabelError(f"segmentation_colors is no list of {len(stated.entries)} colours")
    pairs = zip(stated.entries, colors, strict=True)
    return stated._replace(
        entries=[e._replace(color=color_of(color, f"'{printable(e.name)}'")) for e, color in pairs]
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
        mapping[value] = id_of(target)
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
                f"it names '{printable(key)}' twice, with {shown(members[key])} and {shown(value)}"
            )
        members[key] = value
    return members


def load_yaml(text: str) -> Json:
    """
    Read YAML as dict, list and str: no tag is obeyed, so that nothing is built.

    Raises
    ------
    LabelError
    MissingExtraError
        If PyYAML is not installed.
    """
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


def _value(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        return int(text)
    raise LabelError(f"{shown(text)} is no value of a mask")
