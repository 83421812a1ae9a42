"""
From the options and files that speak of labels to one `LabelMap`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ..errors import LabelError
from ..files.bounded import SmallFile
from ..text.escape import printable
from .label_map import LabelMap
from .options import LabelOptions
from .values import Values, is_color, parse_class, parse_values

if TYPE_CHECKING:
    from ..sources.layers import Layers, Pattern
    from .class_list import ClassList

_FILE = SmallFile("map", 1 << 20, LabelError, "expected pairs of value and class")
_EXAMPLES = ("'#ffffff' for white", "'#000000' for black")
_WORDS = ("none", "nodata", "*")  # of --ignore-index, which stand for no certain values


class Asked(NamedTuple):
    """
    What options ask for.

    Attributes
    ----------
    labels : LabelMap
    said : dict of int to str
        The option of each value that a person named by itself, not in a file or a range.
    """

    labels: LabelMap
    said: dict[int, str]


def label_map(listed: ClassList | None, encoding: str, options: LabelOptions) -> Asked:
    """
    The label map that a class list and the options of the command line ask for.

    What an option says of a value comes before what the list says of it.

    Parameters
    ----------
    listed : ClassList or None
    encoding : str
        One of `ENCODINGS`; "color" takes the colours of the list for values.
    options : LabelOptions

    Raises
    ------
    LabelError
        If they contradict each other, or name what the list has not.
    """
    if encoding == "color":
        return _color_map(listed, options)
    if color := named_color(options):
        raise LabelError(
            f"{printable(color)} is a colour, and --encoding {encoding} reads no colours"
        ).with_hint("--encoding color, or values of the masks in the place of colours")
    reduce_zero_label = options.reduce_zero_label
    if reduce_zero_label and encoding in ("one-hot", "multilabel"):
        raise LabelError("--reduce-zero-label speaks of indices, not of channels")
    names = listed.names if listed else None
    values = listed.values_of_names() if listed else {}
    if names and reduce_zero_label:
        names = names[1:] if names[0] is None else names
        values = {name: index for index, name in enumerate(names, 1) if name is not None}
    wanted = _wanted(options, values, names, listed.ignore if listed else ())
    targets, ignore = wanted.targets, wanted.ignore
    if listed:
        targets = {v: c for v, c in listed.mapping.items() if v not in ignore} | targets
    if encoding == "multilabel" and listed and listed.regions:
        raise LabelError(
            "the class list makes classes of several values, but channels of multilabel masks "
            "may overlap, so that they cannot be joined"
        ).with_hint("a class list of one name for each channel")
    if encoding == "multilabel" and len(set(targets.values())) < len(targets):
        raise LabelError("two channels of a multilabel mask cannot be one class: they may overlap")
    labels = LabelMap(
        options.num_classes,
        names,
        ignore=ignore,
        mapping=targets,
        ranges=wanted.ranges,
        regions=listed.regions if listed else None,
        rest=wanted.rest,
        ignore_rest=wanted.ignore_rest,
        ignore_nodata=wanted.nodata,
        listed_colors=listed.colors if listed else None,
        reduce_zero_label=reduce_zero_label,
    )
    return Asked(labels, wanted.said)


def named_color(options: LabelOptions) -> str:
    """The first colour, as #RRGGBB, that --map or --ignore-index names; "" if there is none."""
    words = chain((text for _, text, _ in _all_pairs(options.mapping)), options.ignore_index)
    return next(filter(is_color, words), "").strip()


def layers_of(pattern: Pattern, listed: ClassList | None, options: LabelOptions) -> Layers:
    """
    How masks are layers, where each class or instance has a file of its own.

    Parameters
    ----------
    pattern : Pattern
    listed : ClassList or None
    options : LabelOptions

    Raises
    ------
    LabelError
        If the class list does not have the class of the rest, or two names where the pattern
        has no class.
    """
    from ..sources.layers import Layers  # here: few runs have them

    names = None if listed is None else listed.names
    if names is not None and not pattern.has_class and len(names) != 2:
        raise LabelError(
            f"--layers '{printable(pattern.text)}' has no {{class}}, so that there are two classes, "
            f"the rest and what is in a layer, but the class list has {len(names)}"
        ).with_hint("a list of two names, the rest first, or no list")
    rest = options.rest
    if rest is not None and names is not None:
        index = parse_class(rest, names)
        rest = names[index] if index < len(names) else None
        if rest is None:
            raise LabelError(f"--rest {index}: the class list has no such class")
    return Layers(pattern, names, rest)


def _color_map(listed: ClassList | None, options: LabelOptions) -> Asked:
    if options.reduce_zero_label:
        raise LabelError("--reduce-zero-label speaks of indices, not of colours")
    names = listed.names if listed else None
    colors = dict(listed.colors or {}) if listed else {}
    values = {names[i] or "": c for c, i in colors.items() if names and i < len(names)}
    of_list = listed.ignore if listed else ()
    wanted = _wanted(options, values, names, [c for c, i in colors.items() if i in of_list])
    targets = wanted.targets
    _refuse_indices(options, values, wanted)
    if listed:
        if not colors and not targets and wanted.rest is None:
            raise LabelError("the class list has no colours").with_hint(
                "--encoding index, a list with colours, or --map '#RRGGBB:CLASS'"
            )
        colors = {c: i for c, i in colors.items() if i < len(listed.names)}
    learn = not (colors or targets or options.num_classes or wanted.rest is not None)
    labels = LabelMap(
        options.num_classes,
        names,
        ignore=wanted.ignore,
        mapping=targets,
        rest=wanted.rest,
        ignore_rest=wanted.ignore_rest,
        colors=colors,
        learn_colors=learn,
    )
    return Asked(labels, wanted.said)


def _refuse_indices(options: LabelOptions, values: dict[str, int], wanted: _Wanted) -> None:
    """Refuse ranges and numbers where values are colours: 255 would be blue, 0 the class of black."""
    words = [*(text for _, text, _ in _all_pairs(options.mapping)), *options.ignore_index]
    numbers = [w.strip() for w in words if w.strip() not in values and w.strip().isdecimal()]
    index = next(iter(numbers), None)
    if wanted.ranges:
        raise LabelError(
            f"{wanted.ranges[0][0]} is a range of indices, and these masks hold colours"
        )
    if index is not None:
        raise LabelError(f"{index} is an index, and these masks hold colours").with_hint(
            f"a colour as '#RRGGBB', such as {_EXAMPLES[not int(index)]}, or --encoding index"
        )


class _Wanted(NamedTuple):
    """
    What --map and --ignore-index say: single values, ranges, all others, nodata, and `Asked.said`.
    """

    targets: dict[int, int]
    ignore: frozenset[int]
    ranges: list[tuple[Values, int | None]]
    rest: int | None
    ignore_rest: bool
    nodata: bool
    said: dict[int, str]


def _wanted(
    options: LabelOptions,
    values: dict[str, int],
    names: Sequence[str | None] | None,
    listed: Iterable[int],
) -> _Wanted:
    """Read the options; `listed` are the values that a class list ignores."""
    targets: dict[int, int] = {}
    ranges: list[tuple[Values, int | None]] = []
    rest: int | None = None
    said: dict[int, str] = {}
    for argument, text, target in _all_pairs(options.mapping):
        index = parse_class(target, names)
        if text.strip() == "*":
            rest = _only(rest, index, "*")
        elif (found := parse_values(text, values)).low < found.high:
            ranges.append((found, index))
        else:
            targets[found.low] = _only(targets.get(found.low), index, text)
            if not _is_file(argument):
                said[found.low] = f"--map {argument}"
    words = [text.strip() for text in options.ignore_index]
    kept = frozenset() if "none" in words else frozenset(listed) - targets.keys()
    given = {text: parse_values(text, values) for text in words if text not in _WORDS}
    ranges += [(found, None) for found in given.values() if found.low < found.high]
    single = {v.low: f"--ignore-index {text}" for text, v in given.items() if v.low == v.high}
    said |= single
    ignore = kept | single.keys()
    return _Wanted(targets, ignore, ranges, rest, "*" in words, "nodata" in words, said)


def _only(before: int | None, index: int, text: str) -> int:
    """The class of a value, which has no other one already."""
    if before not in (None, index):
        raise LabelError(f"--map sends value {text} to two classes, {before} and {index}")
    return index


def _all_pairs(mapping: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Each --map, and the values and classes of it one by one."""
    for argument in mapping:
        for text, target in _pairs(argument):
            yield argument, text, target


def _is_file(argument: str) -> bool:
    return argument.lower().endswith((".json", ".csv"))


def _pairs(argument: str) -> Iterator[tuple[str, str]]:
    """The pairs of one --map: "7:0", or a JSON or CSV file of values and classes."""
    if _is_file(argument):
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
    import json  # here, as below: few runs read a file

    document = json.loads(data.decode("utf-8-sig"))
    if not isinstance(document, dict):
        raise LabelError('expected an object of values and classes, such as {"7": 0}')
    return [(str(value), str(index)) for value, index in document.items()]


def _pairs_of_csv(data: bytes) -> list[tuple[str, str]]:
    import csv

    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    short = next((row for row in rows if len(row) == 1), None)
    if short is not None:
        raise LabelError(f"a line has no second field: {printable(short[0][:80])}")
    return [(row[0], row[1]) for row in rows if row]
