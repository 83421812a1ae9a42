"""
`LabelMap`: from the values that masks hold to classes and ignored values.

It acts on the few different values of a mask, never on its pixels, so that a
mapping costs nothing and saved value counts outlive a changed one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..errors import LabelError
from ..text.escape import printable

# Without a class list a larger value is more often "ignore" or "foreground" than a class.
LARGEST_INFERRED = 254
MOST_CLASSES = 1 << 16
MOST_COLORS = 4096  # classes found by their colours
_IGNORED = -1
_UNKNOWN = -2


class Labelled(NamedTuple):
    """The pixels of one mask by class, by ignored value, and by value without a class."""

    classes: dict[int, int]
    ignored: dict[int, int]
    unknown: dict[int, int]


class LabelMap:
    """
    Which class each value of a mask stands for.

    Parameters
    ----------
    num_classes : int, optional
        Classes are 0 to ``num_classes - 1``. Default is the length of `class_names`;
        without both, 0 to the largest value found, which must be below 255.
    class_names : sequence of str or None, optional
        One for each class; None where a list skips an id.
    ignore : iterable of int
        Values that are no class. Their pixels are in no count of a class.
    mapping : mapping of int to int
        Value to class. A value that is not named keeps its number.
    colors : mapping of int to int, optional
        Packed colour, ``0xRRGGBB``, to class: the values of colour masks.
    learn_colors : bool
        Make a class of each colour that is found, in the order they are found.
    reduce_zero_label : bool
        0 and the largest value of the sample type are ignored, v becomes v - 1.

    Raises
    ------
    LabelError
        If the parameters contradict each other.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        class_names: Sequence[str | None] | None = None,
        *,
        ignore: Iterable[int] = (),
        mapping: Mapping[int, int] | None = None,
        colors: Mapping[int, int] | None = None,
        learn_colors: bool = False,
        reduce_zero_label: bool = False,
    ) -> None:
        self.class_names = None if class_names is None else tuple(class_names)
        self.num_classes = _agree(num_classes, self.class_names)
        self.ignore = frozenset(ignore)
        self.mapping = dict(mapping or {})
        self.colors = dict(colors or {}) if learn_colors or colors is not None else None
        self.learn_colors = learn_colors
        self.reduce_zero_label = reduce_zero_label
        self._classes: dict[int, int] = {}
        self._check()

    def _check(self) -> None:
        if self.reduce_zero_label and self.mapping:
            raise LabelError("--reduce-zero-label and --map exclude each other")
        for value in sorted(self.ignore & self.mapping.keys()):
            raise LabelError(
                f"value {self.name_of_value(value)} is both ignored and mapped "
                f"to class {self.mapping[value]}"
            ).with_hint("name it in --ignore-index or in --map, not in both")
        limit = MOST_CLASSES if self.num_classes is None else self.num_classes
        for value, index in self.mapping.items():
            if not 0 <= index < limit:
                raise LabelError(
                    f"value {self.name_of_value(value)} is mapped to class {index}, "
                    f"but the classes are 0 to {limit - 1}"
                ).with_hint("a larger -n/--num-classes, or another --map")

    def classify(self, values: Mapping[int, int], largest: int) -> Labelled:
        """
        Split the pixels of one mask by what their values stand for.

        Parameters
        ----------
        values : mapping of int to int
            Value to pixels.
        largest : int
            Largest value that the sample type of the mask can hold, such as 255.
        """
        result = Labelled({}, {}, {})
        known = self._classes
        for value, pixels in sorted(values.items()) if self.learn_colors else values.items():
            index = known.get(value)
            if index is None:
                index = known[value] = self._class_of(value)
            if self.reduce_zero_label and value == largest:
                index = _IGNORED
            if index >= 0:
                result.classes[index] = result.classes.get(index, 0) + pixels
            elif index == _IGNORED:
                result.ignored[value] = pixels
            else:
                result.unknown[value] = pixels
        return result

    def _class_of(self, value: int) -> int:
        if value in self.ignore or (self.reduce_zero_label and value == 0):
            return _IGNORED
        if value in self.mapping:
            return self.mapping[value]
        if self.learn_colors:
            self._learn(value)
        if self.colors is not None:
            return self.colors.get(value, _UNKNOWN)
        if self.is_ambiguous(value):
            return _UNKNOWN
        index = value - 1 if self.reduce_zero_label else value
        last = LARGEST_INFERRED if self.num_classes is None else self.num_classes - 1
        return index if 0 <= index <= last else _UNKNOWN

    def _learn(self, color: int) -> None:
        assert self.colors is not None  # learning begins with none, not without them
        if len(self.colors) >= MOST_COLORS:
            raise LabelError(
                f"more than {MOST_COLORS} different colours: photographs, not masks"
            ).with_hint("-c/--classes with a list of the colours that are classes")
        self.colors.setdefault(color, len(self.colors))

    def is_ambiguous(self, value: int) -> bool:
        """Whether `value` keeps its number while another value is mapped to that number."""
        return (
            self.colors is None
            and value not in self.mapping
            and value not in self.ignore
            and value in self.mapping.values()
        )

    def ignored_classes(self) -> frozenset[int]:
        """Classes that keep their place without pixels: their only value is ignored."""
        own = dict(self.colors) if self.colors is not None else {v: v for v in self.ignore}
        if self.reduce_zero_label:
            own = {v: v - 1 for v in self.ignore}
        filled = {c for v, c in own.items() if v not in self.ignore} | set(self.mapping.values())
        ignored = {c for v, c in own.items() if v in self.ignore and c >= 0}
        return frozenset(ignored - filled)

    def name_of_value(self, value: int) -> str:
        """The value as a person would write it: 7, or #804080 for a colour mask."""
        return f"#{value:06x}" if self.colors is not None and value >= 0 else str(value)

    def known_colors(self) -> dict[int, int]:
        """Each colour that is a class, and the class; empty where values are no colours."""
        return {} if self.colors is None else {**self.colors, **self.mapping}

    def learned_names(self) -> list[str]:
        """Names of the classes that were learned: their colours, as #RRGGBB."""
        return [f"#{color:06x}" for color in self.colors or ()]

    def options(self) -> dict[str, object]:
        """The options that make this map, for the record; defaults are left out."""
        options: dict[str, object] = {}
        if self.ignore:
            options["ignore_index"] = sorted(self.ignore)
        if self.mapping:
            options["map"] = {str(v): self.mapping[v] for v in sorted(self.mapping)}
        if self.reduce_zero_label:
            options["reduce_zero_label"] = True
        return options


def _agree(num_classes: int | None, names: Sequence[str | None] | None) -> int | None:
    if num_classes is None:
        return None if names is None else len(names)
    if not 1 <= num_classes <= MOST_CLASSES:
        raise LabelError(f"the number of classes must be 1 to {MOST_CLASSES}, got {num_classes}")
    if names is not None and len(names) != num_classes:
        raise LabelError(
            f"{num_classes} classes are asked for, but the class list has {len(names)}"
        ).with_hint("leave -n/--num-classes out: the list of -c/--classes says it")
    return num_classes


def parse_value(text: str, values_of_names: Mapping[str, int] | None = None) -> int:
    """
    Read a raw value: a number, ``#RRGGBB``, or a name that a class list binds to a value.

    Raises
    ------
    LabelError
        If `text` is none of them.
    """
    text = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        return int(text)
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return int(text[1:], 16)
    if values_of_names and text in values_of_names:
        return values_of_names[text]
    raise LabelError(
        f"'{printable(text)}' is neither a number, nor #RRGGBB, nor a name of the class list"
    )


def parse_class(text: str, names: Sequence[str | None] | None = None) -> int:
    """
    Read a class: its id, or its name in the class list.

    Raises
    ------
    LabelError
        If `text` is neither.
    """
    text = text.strip()
    if names and text in names:
        return names.index(text)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    raise LabelError(f"'{printable(text)}' is neither a class id nor a name of the class list")
