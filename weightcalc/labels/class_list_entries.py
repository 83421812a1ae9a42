"""
What every format of class lists is made of: classes, ids and colours, each checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from reprlib import Repr
from typing import NamedTuple

from ..errors import LabelError
from ..files.bounded import Json
from ..text.escape import printable

_SAMPLES = r"(?:rgba?)?\(?\s*([0-9]{1,3})[,\s]\s*([0-9]{1,3})[,\s]\s*([0-9]{1,3})\s*(?:,\s*1(?:\.0*)?\s*)?\)?"
IDS = (
    "id", "idx", "index", "value", "pixel value", "pixel_value", "class_id", "label_id", "trainid",
    "train_id",
)  # fmt: skip
COLORS = ("color", "colour", "rgb", "rgb_value", "rgb_values", "color_rgb", "rgb_color", "hex")
NAMES = ("name", "class", "label", "class_name", "label_name", "category")
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


def id_of(value: Json) -> int:
    """
    The id of a class, a number or its digits; raises LabelError for anything else.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    if type(value) is int:  # a bool is an int too
        return value
    raise LabelError(f"{shown(value)} is no class id")


def color_of(value: Json, where: str) -> int | None:
    """
    A packed colour; raises LabelError for what is none.

    It is written as a list of three samples, an object of r, g and b, #RRGGBB, rgb(1, 2, 3), or
    three numbers with blanks or commas between them.
    """
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() == {"r", "g", "b"}:
        value = [value["r"], value["g"], value["b"]]
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        return int(value[1:], 16)
    if isinstance(value, str) and (match := re.fullmatch(_SAMPLES, value.strip())):
        value = [*match.groups()]
    if isinstance(value, list) and len(value) == 3:
        return packed(value, where)
    raise LabelError(f"{where}: {shown(value)} is no colour, such as [128, 64, 0] or #804000")


def is_color(value: Json) -> bool:
    """Whether a value is written as a colour is."""
    try:
        return color_of(value, "") is not None
    except LabelError:
        return False


def only_key(keys: Sequence[str], held: Collection[str], what: str) -> str | None:
    """
    The one of some keys or columns that a list has.

    Raises
    ------
    LabelError
        If it has several, which may say two things.
    """
    found = [key for key in keys if key in held]
    if len(found) > 1:
        raise LabelError(f"{' and '.join(map(shown, found))} both may be the {what}").with_hint(
            "a list that has one of them"
        )
    return next(iter(found), None)


def packed(samples: Sequence[Json], where: str) -> int:
    """
    A packed colour, of red, green and blue; raises LabelError if one is not 0 to 255.
    """
    color = 0
    for sample in samples:
        if not re.fullmatch("[0-9]{1,3}", str(sample)) or int(sample) > 255:
            raise LabelError(f"{where}: {shown(sample)} is no colour sample, 0 to 255")
        color = color << 8 | int(sample)
    return color


def shown(value: Json) -> str:
    """A value of a file, cut short and escaped, for a message."""
    return printable(_short.repr(value))
