"""
`LabelMap`: from the values that masks hold to classes and ignored values.

It acts on the few different values of a mask, never on its pixels, so that a
mapping costs nothing and saved value counts outlive a changed one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import LabelError
from ..kernels.roles import IS_CLASS, IS_IGNORED
from ..kernels.special import NAN, NODATA
from .values import Values

# Without a class list more values than these are a photograph, a soft edge or instances.
MOST_INFERRED = 64
MOST_CLASSES = 1 << 16
MOST_COLORS = 512  # classes found by their colours: no known data set has more
_IGNORED = -1
_UNKNOWN = -2
_SHARED = -3
_IGNORED_REST = -4
_NONE: Mapping[Any, int] = MappingProxyType({})


class Labelled(NamedTuple):
    """
    The pixels of one mask by class, by ignored value, and by value without a class.

    None stands for all values together that are ignored because nothing names them.
    """

    classes: Mapping[int, int]
    ignored: Mapping[int | None, int]
    unknown: Mapping[int, int]


class LabelMap:
    """
    Which class each value of a mask stands for.

    Parameters
    ----------
    num_classes : int, optional
        Classes are 0 to ``num_classes - 1``. Default is the length of `class_names`, or
        else 0 to the largest class that values are mapped to; without all of these, 0 to
        the largest value found, which must be below 64.
    class_names : sequence of str or None, optional
        One for each class; None where a list skips an id.
    ignore : iterable of int
        Values that are no class. Their pixels are in no count of a class.
    mapping : mapping of int to int
        Value to class. A value that is not named keeps its number.
    ranges : sequence of (Values, int or None)
        Ranges of values that are one class, or none; single values come before them.
    regions : mapping of int to sequence of int, optional
        Value to the classes that share it, so that classes overlap. A value that neither this
        nor `mapping` names is then unknown.
    rest : int, optional
        Class of every value that nothing else names. Numbers that `num_classes` allows are
        not named by that; those with a name in `class_names` are.
    ignore_rest : bool
        Whether every value is ignored that is neither a class nor mapped.
    ignore_nodata : bool
        Whether the nodata value that a file declares is ignored in that file.
    colors : mapping of int to int, optional
        Packed colour, ``0xRRGGBB``, to class: the values of colour masks.
    listed_colors : mapping of int to int, optional
        Packed colour to class, where the values are indices: what their palettes should say.
    learn_colors : bool
        Make a class of each colour that is found, in the order they are found.
    reduce_zero_label : bool
        0 and the largest value of the sample type are ignored, v becomes v - 1.
    unordered : bool
        Whether `class_names` are only those found, in no order, as learned colours are.

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
        ranges: Sequence[tuple[Values, int | None]] = (),
        regions: Mapping[int, Sequence[int]] | None = None,
        rest: int | None = None,
        ignore_rest: bool = False,
        ignore_nodata: bool = False,
        colors: Mapping[int, int] | None = None,
        listed_colors: Mapping[int, int] | None = None,
        learn_colors: bool = False,
        reduce_zero_label: bool = False,
        unordered: bool = False,
    ) -> None:
        self.class_names = None if class_names is None else tuple(class_names)
        self.ignore = frozenset(ignore)
        self.mapping = dict(mapping or {})
        self.ranges = tuple(ranges)
        self.regions = {value: tuple(shared) for value, shared in (regions or {}).items()}
        self.rest = rest
        self.ignore_rest = ignore_rest
        self.ignore_nodata = ignore_nodata
        self._targets = self._find_targets()
        self.num_classes = _agree(
            num_classes, self.class_names, self.targets().union(*self.regions.values())
        )
        self.colors = dict(colors or {}) if learn_colors or colors is not None else None
        self.listed_colors = dict(listed_colors or {})
        self.learn_colors = learn_colors
        self.reduce_zero_label = reduce_zero_label
        self.unordered = unordered or learn_colors
        self._classes: dict[bool, dict[int, int]] = {False: {}, True: {}}
        self._own: dict[bool, set[int]] = {False: set(), True: set()}  # classes of the same number
        self._check()

    def _check(self) -> None:
        if self.reduce_zero_label and self.mapping:
            raise LabelError("--reduce-zero-label and --map exclude each other")
        if self.reduce_zero_label and self.regions:
            raise LabelError(
                "--reduce-zero-label renumbers values, but the class list says which values "
                "belong to each class"
            ).with_hint("--ignore-index 0 if pixels of value 0 are to be left out")
        for value in sorted(self.ignore & self.mapping.keys()):
            raise LabelError(
                f"value {self.name_of_value(value)} is both ignored and mapped "
                f"to class {self.mapping[value]}"
            ).with_hint("name it in --ignore-index or in --map, not in both")
        if self.ignore_rest and self.rest is not None:
            raise LabelError("all other values, '*', are both ignored and mapped").with_hint(
                "'*' in --ignore-index or in --map, not in both"
            )
        if self.ignore_rest and self.num_classes is None:
            raise LabelError(
                "--ignore-index '*' leaves out what is no class, but nothing says what the classes are"
            ).with_hint("-n/--num-classes, a class list (-c/--classes) or --map beside it")
        self._check_ranges()
        limit = MOST_CLASSES if self.num_classes is None else self.num_classes
        for index in sorted(self.targets().union(*self.regions.values())):
            if not 0 <= index < limit:
                what = next((v for v, i in self.mapping.items() if i == index), None)
                who = "other values are" if what is None else f"value {self.name_of_value(what)} is"
                raise LabelError(
                    f"{who} mapped to class {index}, but the classes are 0 to {limit - 1}"
                ).with_hint("a larger -n/--num-classes, or another --map")

    def _check_ranges(self) -> None:
        ordered = sorted(self.ranges, key=lambda item: item[0])
        for (one, of_one), (other, of_other) in pairwise(ordered):
            if other.low <= one.high and of_one != of_other:
                raise LabelError(
                    f"the ranges {one} and {other} overlap, and are not of the same class"
                ).with_hint("ranges that do not overlap; single values come before ranges")

    def targets(self) -> frozenset[int]:
        """The classes that values are mapped to."""
        return self._targets

    def _find_targets(self) -> frozenset[int]:
        of_ranges = {index for _, index in self.ranges if index is not None}
        named = frozenset({*self.mapping.values(), *of_ranges})
        return named if self.rest is None else named | {self.rest}

    def classify(
        self,
        values: Mapping[int, int],
        largest: int,
        channels: bool = False,
        nodata: int | None = None,
    ) -> Labelled:
        """
        Split the pixels of one mask by what their values stand for.

        Parameters
        ----------
        values : mapping of int to int
            Value to pixels.
        largest : int
            Largest value that the sample type of the mask can hold, such as 255.
        channels : bool
            Whether the values are the numbers of channels.
        nodata : int, optional
            The value that the file declares to be no data.

        Returns
        -------
        Labelled
            It may hold `values` itself, and is not to be changed.
        """
        own = self._own[channels]
        if values.keys() <= own:  # as in most masks of most sets
            return Labelled(values, _NONE, _NONE)
        known = self._classes[channels]
        classes: dict[int, int] = {}
        ignored: dict[int | None, int] = {}
        unknown: dict[int, int] = {}
        is_special = self.reduce_zero_label or self.ignore_nodata
        for value, pixels in sorted(values.items()) if self.learn_colors else values.items():
            if value in known:
                index = known[value]
            else:
                index = known[value] = self._class_of(value, channels)
                if index == value >= 0 and not is_special:
                    own.add(value)
            if is_special and self._is_ignored_here(value, largest, nodata):
                index = _IGNORED
            if index >= 0:
                classes[index] = classes[index] + pixels if index in classes else pixels
            elif index == _IGNORED:
                ignored[value] = pixels
            elif index == _IGNORED_REST:  # together: there may be very many of them
                ignored[None] = ignored.get(None, 0) + pixels
            elif index == _SHARED:
                for shared in self.regions[value]:
                    classes[shared] = classes.get(shared, 0) + pixels
            else:
                unknown[value] = pixels
        return Labelled(classes, ignored, unknown)

    def roles(self) -> bytes:
        """
        What each value of grey masks of 8 bits is that declare no nodata.

        Returns
        -------
        bytes, 256 of them
            `IS_CLASS` where it is the class of its number, `IS_IGNORED` where it is ignored by
            its number, 0 for all others.
        """
        if self.colors is not None or self.reduce_zero_label:
            return bytes(256)
        return bytes(map(self._role_of, range(256)))

    def _role_of(self, value: int) -> int:
        index = self._class_of(value, channels=False)
        return IS_CLASS if index == value else IS_IGNORED if index == _IGNORED else 0

    def _is_ignored_here(self, value: int, largest: int, nodata: int | None) -> bool:
        """Whether a value is ignored because of what this file is, whatever it is elsewhere."""
        if self.reduce_zero_label and value == largest:
            return True
        return self.ignore_nodata and value in (NODATA, nodata)

    def _class_of(self, value: int, channels: bool) -> int:
        if value in self.ignore or (self.reduce_zero_label and value == 0):
            return _IGNORED
        if value in self.mapping:
            return self.mapping[value]
        for values, index in self.ranges:
            if values.low <= value <= values.high and value not in (NAN, NODATA):
                return _IGNORED if index is None else index
        if value in self.regions:
            return _SHARED
        own = self._own_class_of(value, channels)
        if self.rest is not None and not (own >= 0 and self._is_listed(value, own)):
            return self.rest
        return _IGNORED_REST if own == _UNKNOWN and self.ignore_rest else own

    def _own_class_of(self, value: int, channels: bool) -> int:
        """The class of a value that no option names."""
        if self.learn_colors:
            self._learn(value)
        if self.colors is not None:
            return self.colors.get(value, _UNKNOWN)
        if self.regions:
            return _UNKNOWN
        if self.rest is None and self.is_ambiguous(value):
            return _UNKNOWN
        index = value - 1 if self.reduce_zero_label else value
        inferred = MOST_CLASSES if channels else MOST_INFERRED
        size = inferred if self.num_classes is None else self.num_classes
        return index if 0 <= index < size else _UNKNOWN

    def _is_listed(self, value: int, index: int) -> bool:
        """Whether a class list binds this value to its class."""
        if self.colors is not None:
            return value in self.colors
        return self.class_names is not None and self.class_names[index] is not None

    def _learn(self, color: int) -> None:
        assert self.colors is not None  # learning begins with none, not without them
        if len(self.colors) >= MOST_COLORS:
            raise LabelError(
                f"more than {MOST_COLORS} different colours: ids of segments or instances (COCO "
                "panoptic, ADE20K _seg.png), or photographs, and no classes"
            ).with_hint(
                "`weightcalc help formats` has the lines that turn such ids into classes; "
                "-c/--classes with a list of the colours, if these are classes"
            )
        self.colors.setdefault(color, len(self.colors))

    def is_ambiguous(self, value: int) -> bool:
        """Whether `value` keeps its number while another value is mapped to that number."""
        return (
            self.colors is None
            and not self.regions
            and value not in self.mapping
            and value not in self.ignore
            and value in self.targets()
        )

    def unmet(self, values: Iterable[int]) -> list[int]:
        """Those of some values that were in no mask so far."""
        met = self._classes[False].keys() | self._classes[True].keys()
        return [value for value in values if value not in met]

    def ignored_classes(self) -> frozenset[int]:
        """Classes that keep their place without pixels: their only value is ignored."""
        own = list(self._own_classes())
        left_out = self._ignored_values()
        filled = {c for v, c in own if v not in left_out} | self.targets()
        ignored = {c for v, c in own if v in left_out and c >= 0}
        return frozenset(ignored - filled)

    def _ignored_values(self) -> set[int]:
        """Ignored values that classes may have: single ones, and those of ranges."""
        last = (MOST_INFERRED if self.num_classes is None else self.num_classes) - 1
        last += self.reduce_zero_label
        ranges = [values for values, index in self.ranges if index is None]
        of_ranges = {v for r in ranges for v in range(max(r.low, 0), min(r.high, last) + 1)}
        return {*self.ignore} | of_ranges - self.mapping.keys()

    def _own_classes(self) -> Iterator[tuple[int, int]]:
        """Values, those ignored among them, and the classes that are theirs unless options differ."""
        for value, shared in self.regions.items():
            yield from ((value, index) for index in shared)
        if self.colors is not None:
            yield from self.colors.items()
        elif not self.regions:
            yield from ((v, v - self.reduce_zero_label) for v in self._ignored_values())

    def name_of_value(self, value: int) -> str:
        """The value as a person would write it: 7, nan, or #804080 for a colour mask."""
        if value in (NAN, NODATA):
            return "nan" if value == NAN else "nodata"
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
        if self.ranges:
            options["ranges"] = {str(values): index for values, index in sorted(self.ranges)}
        if self.regions:
            options["regions"] = {str(v): list(self.regions[v]) for v in sorted(self.regions)}
        if self.rest is not None:
            options["rest"] = self.rest
        if self.ignore_rest:
            options["ignore_rest"] = True
        if self.ignore_nodata:
            options["ignore_nodata"] = True
        if self.reduce_zero_label:
            options["reduce_zero_label"] = True
        return options


def _agree(
    num_classes: int | None, names: Sequence[str | None] | None, targets: Collection[int]
) -> int | None:
    """The number of classes by an option, a class list, or the largest class of a mapping."""
    if num_classes is None and names is not None:
        return len(names)
    if num_classes is None:
        num_classes = min(max(targets) + 1, MOST_CLASSES) if targets else None
    if num_classes is None:
        return None
    if not 1 <= num_classes <= MOST_CLASSES:
        raise LabelError(f"the number of classes must be 1 to {MOST_CLASSES}, got {num_classes}")
    if names is not None and len(names) != num_classes:
        raise LabelError(
            f"{num_classes} classes are asked for, but the class list has {len(names)}"
        ).with_hint("leave -n/--num-classes out: the list of -c/--classes says it")
    return num_classes
