"""
Class lists as documents, JSON or YAML: from the shape of their content to what they state.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

from ..errors import LabelError, MissingExtraError
from ..files.bounded import Json
from ..text.escape import printable
from .class_list_entries import (
    COLORS,
    IDS,
    NAMES,
    Entry,
    Stated,
    color_of,
    id_of,
    is_color,
    only_key,
    shown,
)

_KEYS = (
    "id2label", "labels", "label_map", "label_classes", "categories", "classes", "names",
    "class_names", "label_names",
)  # fmt: skip
_PALETTES = ("segmentation_colors", "palette", "colors", "label_colors", "class_colors", "colormap")
_DEEPEST = 64  # lists and mappings in each other


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
    if "tools" in document and "classifications" in document:
        raise LabelError(
            "an ontology of Labelbox, which says neither values of pixels nor colours of masks"
        ).with_hint("a text file of one name a line, in the order of the values of your masks")
    keys = {str(key).lower(): key for key in document}  # METAINFO of mmsegmentation is in capitals
    found = {
        k: document[keys[k]] for k in _KEYS if isinstance(document.get(keys.get(k)), list | dict)
    }
    if not found:
        return _from_shape(document)
    stated = _of_one(found, "ldf_version" in document)
    if (key := only_key(_PALETTES, keys, "colours of the classes")) and document[keys[key]]:
        stated = _with_colors(stated, document[keys[key]], keys[key])
    if document.get("label_mapping"):
        stated = _with_mapping(stated, document["label_mapping"])
    return stated


def _of_one(found: dict[str, Json], by_task: bool) -> Stated:
    """The classes of the first member that has some; others must not name other ones."""
    full = {key: shape for key, shape in found.items() if shape} or found
    first, *others = full
    shape = full[first]
    stated = _from_shape(_of_one_task(shape) if by_task and isinstance(shape, dict) else shape)
    for other in others:
        try:
            names = {entry.name for entry in _from_shape(full[other]).entries}
        except LabelError:
            continue  # it is no list of classes
        if names != {entry.name for entry in stated.entries}:
            raise LabelError(f"{shown(first)} and {shown(other)} name other classes").with_hint(
                "a JSON file with one of them"
            )
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
    if shape and all(map(_is_record, shape.values())):
        return Stated(_from_records([_record_of(key, value) for key, value in shape.items()]))
    if shape and all(map(is_color, shape)):
        shape = {name: color for color, name in _by_colors(shape).items()}
    if _are_colors(shape):
        return _from_colors(shape)
    if all(isinstance(value, str) for value in shape.values()):
        return Stated([Entry(id_of(key), name) for key, name in shape.items()])
    return _from_names(shape)


def _is_record(value: Json) -> bool:
    """Whether an object says of a class what its id, its colour or its name is."""
    return isinstance(value, dict) and not {*IDS, *COLORS, *NAMES, "title"}.isdisjoint(value)


def _by_colors(names: dict[str, Json]) -> dict[str, str]:
    """Colour to name, in which no name stands twice."""
    if not all(isinstance(name, str) for name in names.values()):
        raise LabelError("colours are its keys, but not all of their values are names")
    name, number = max(Counter(names.values()).items(), key=lambda item: item[1])
    if number > 1:
        raise LabelError(f"the class {shown(name)} has several colours").with_hint(
            "a name for each colour; --map '#RRGGBB:CLASS' joins them"
        )
    return {color: str(name) for color, name in names.items()}


def _are_colors(shape: dict[str, Json]) -> bool:
    """Whether an object gives each name a colour, and no region of three values."""
    if not shape or not all(map(is_color, shape.values())) or all(k.isdecimal() for k in shape):
        return False
    lists = [value for value in shape.values() if isinstance(value, list)]
    values = {int(sample) for value in lists for sample in value}
    are_regions = all(len(set(value)) == len(value) for value in lists) and (
        values | {0} == {*range(len(values | {0}))}  # as nnU-Net numbers its values
    )
    return not (lists and are_regions)


def _from_colors(colors: dict[str, Json]) -> Stated:
    """Name to colour; ids are positions."""
    entries = [
        Entry(index, name, color_of(color, f"'{printable(name)}'"))
        for index, (name, color) in enumerate(colors.items())
    ]
    greys = {e.id: e.color % 256 for e in entries if e.color is not None and not e.color % 0x10101}
    if len(greys) == len(entries) and max(greys.values()) <= len(entries):
        other = next((index for index, grey in greys.items() if grey != index), None)
        if other is not None:
            raise LabelError(
                f"{shown(entries[other].name)} has the colour {shown([greys[other]] * 3)}, which "
                f"may mean value {greys[other]}, and is class {other} by its place"
            ).with_hint('{"road": 1} for values, or the classes in the order of the greys')
    return Stated(entries)


def _record_of(key: str, record: dict[str, Json]) -> dict[str, Json]:
    """An object of an object: its key is the id, or the name where it has none."""
    if key.isdecimal():
        return {"id": key, **record}
    return {"name": key, **record} if not {*NAMES, "title"} & record.keys() else record


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
    if all("class_name" in record and not {*IDS} & record.keys() for record in records):
        return [_of_hasty(position, record) for position, record in enumerate(records)]
    held = set().union(*records)
    keys = ("title", *NAMES)
    key = next((k for k in keys if all(k in record for record in records)), "name")
    id_ = only_key(IDS, {str(k).lower() for k in held}, "id") if key != "title" else None
    color = only_key(COLORS, held, "colour") or _colored_key(records, held - {key})
    entries = []
    for position, record in enumerate(records):
        name, where = record.get(key), f"entry {position}"
        if not isinstance(name, str):
            raise LabelError(f"{where} has no name")
        ids = {str(k).lower(): value for k, value in record.items()}
        index = id_of(ids.get(id_)) if id_ else position
        entries.append(Entry(index, name, color_of(record.get(color), where)))
    return entries


def _colored_key(records: list[dict[str, Json]], held: Iterable[str]) -> str:
    """The only key under which all records have a colour, whatever it is called; "" if none is."""
    found = [key for key in sorted(held) if all(is_color(record.get(key)) for record in records)]
    return only_key(found, found, "colour") or ""


def _of_hasty(position: int, record: dict[str, Json]) -> Entry:
    if "png_index" not in record:
        raise LabelError(f"entry {position} has no png_index, the value of its pixels").with_hint(
            "the JSON file of an export for semantic segmentation, which has it"
        )
    if not isinstance(record["class_name"], str):
        raise LabelError(f"entry {position} has no name")
    return Entry(id_of(record["png_index"]), record["class_name"])


def _with_colors(stated: Stated, colors: Json, key: str) -> Stated:
    """Colours in the order in which the classes stand, as datumaro has them, or by id or name."""
    if isinstance(colors, dict):
        colors = [colors.get(str(e.id), colors.get(e.name)) for e in stated.entries]
    if not isinstance(colors, list) or len(colors) != len(stated.entries):
        raise LabelError(f"{printable(key)} is no list of {len(stated.entries)} colours")
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

    class Loader(yaml.SafeLoader):
        """Ends at deep nesting, in which PyYAML takes time by the square of the depth."""

        depth = 0

        def compose_node(self, parent: Json, index: Json) -> Json:
            """Compose a node, and what is in it."""
            self.depth += 1
            if self.depth > _DEEPEST:
                raise LabelError(f"lists or mappings are nested more than {_DEEPEST} deep")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    try:
        node = yaml.compose(text, Loader=Loader)
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
