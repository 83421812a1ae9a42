"""
`ValueCounts`, what a reader finds in one mask, and `ClassCounts`, what weights are made of.

All integers are Python integers: sums stay exact at any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from .._version import __version__
from ..errors import CountsError, LabelError
from ..files.bounded import Json
from ..labels.label_map import Labelled, LabelMap
from ..masks.value_counts import MaskSums, ValueCounts
from ..text.escape import printable

FORMAT = "weightcalc-counts/1"
REPORT = "weightcalc-weights/1"  # of weights and of the counts that they were made of
COLUMNS = ("pixels", "masks", "mask_pixels", "labelled_mask_pixels")


class ClassCounts:
    """
    The pixels and masks of each class of a set of masks.

    Counts add up with ``+``: those of two halves of a data set are those of the whole.

    Parameters
    ----------
    labels : LabelMap, optional
        Which values are which class. Default is one class for each value found.

    Attributes
    ----------
    class_names : list of str or None, one for each class
    pixels : list of int, one for each class
    masks : list of int, one for each class
        Number of masks that hold the class.
    mask_pixels : list of int, one for each class
        All pixels of the masks that hold the class, ignored ones included.
    labelled_mask_pixels : list of int, one for each class
        The same without ignored pixels.
    num_masks, num_pixels, ignored_pixels : int
        Totals over all masks; a pixel position counts once.
    ignored : dict of (int or None) to list of int
        Ignored value to [pixels, masks]; None stands for all-zero one-hot pixels.
    ignored_classes : set of int
        Classes that keep their place, but whose own value is ignored.
    inferred : bool
        Whether the classes are those found, not those of a list.
    unordered : bool
        Whether the classes are names that were found, colours or layers, and their order means
        nothing.
    options : dict
        The options of the label map; counts add up only where they agree.
    palette : dict of int to int
        Index to colour, ``0xRRGGBB``, of palette masks that were read by their indices. Counts
        add up only where they agree.
    sources : list of str
        Sorted names of what was counted, as given.
    """

    def __init__(self, labels: LabelMap | None = None) -> None:
        self.labels = labels or LabelMap()
        self.inferred = self.labels.num_classes is None
        self.unordered = self.labels.unordered
        size = self.labels.num_classes or 0
        names = self.labels.class_names
        self.class_names: list[str | None] = list(names) if names else [None] * size
        self.pixels = [0] * size
        self.masks = [0] * size
        self.mask_pixels = [0] * size
        self.labelled_mask_pixels = [0] * size
        self.num_masks = 0
        self.num_pixels = 0
        self.ignored_pixels = 0
        self.ignored: dict[int | None, list[int]] = {v: [0, 0] for v in self.labels.ignore}
        self.ignored_classes = set(self.labels.ignored_classes())
        self.options = self.labels.options()
        self.palette: dict[int, int] = {}
        self.sources: list[str] = []

    @property
    def num_classes(self) -> int:
        """Number of classes, those without pixels included."""
        return len(self.pixels)

    @property
    def labelled_pixels(self) -> int:
        """All pixels that are not ignored; a position counts once."""
        return self.num_pixels - self.ignored_pixels

    def name(self, index: int) -> str:
        """How messages call a class: its name, or its id."""
        return printable(self.class_names[index] or str(index))

    def add_mask(self, mask: Any) -> None:
        """
        Add one mask.

        Parameters
        ----------
        mask : array_like of int or bool, shape (H, W)
            Values: an array, a tensor or an image of any library that NumPy can read, such as
            PyTorch on the CPU or Pillow, whose palette images hold indices.

        Raises
        ------
        LabelError
            If a value belongs to no class; nothing is added then.
        """
        from .batches import count_mask  # here: runs of files have no arrays

        self._add_all([count_mask(mask)])

    def add_batch(
        self, batch: Any, *, one_hot: bool | None = None, overlapping: bool = False
    ) -> None:
        """
        Add a batch of masks, as a generator of a training framework yields it.

        Parameters
        ----------
        batch : array_like, shape (N, H, W), (N, H, W, 1), (N, 1, H, W) or (N, H, W, C)
            Values, or one-hot vectors along the last axis. An all-zero vector
            counts as ignored. An array, a tensor, or a list of masks of one size, as in `add_mask`.
        one_hot : bool, optional
            Default is whether there are four axes, none but the first of length 1, and
            every vector along the last one holds exactly one 1.
        overlapping : bool
            Whether the channels of (N, H, W, C) are classes that may overlap. A pixel counts
            once, also where all of them are 0.

        Raises
        ------
        LabelError
            If a value belongs to no class, a vector is not one-hot, the channels are not as many
            as the classes, or it cannot be told which of both the batch holds; nothing is added then.
        """
        from .batches import count_batch

        self._add_all(count_batch(batch, one_hot, overlapping, self.labels))

    def _add_all(self, masks: list[ValueCounts]) -> None:
        labelled = [
            self.labels.classify(mask.values, mask.largest, mask.num_channels > 0, mask.nodata)
            for mask in masks
        ]
        for one in labelled:
            for value, pixels in one.unknown.items():
                name = self.labels.name_of_value(value)
                raise LabelError(f"value {name} ({pixels} pixels) is neither a class nor ignored")
        for mask, one in zip(masks, labelled, strict=True):
            self.add_labelled(mask, one)

    def add_labelled(self, mask: ValueCounts, labelled: Labelled) -> None:
        """Add a mask whose values have been classified; unknown ones must be dealt with."""
        classes, size, ignored = labelled.classes, mask.pixels, ignored_pixels(mask, labelled)
        labelled_size = size - ignored
        self.num_masks += 1
        self.num_pixels += size
        self.ignored_pixels += ignored
        if self.inferred:
            self.grow(max(max(classes, default=-1) + 1, mask.num_channels))
        all_pixels, masks = self.pixels, self.masks
        sizes, labelled_sizes = self.mask_pixels, self.labelled_mask_pixels
        for index, pixels in classes.items():
            all_pixels[index] += pixels
            masks[index] += 1
            sizes[index] += size
            labelled_sizes[index] += labelled_size
        for value, pixels in labelled.ignored.items():
            if value is not None:
                self._ignore(value, pixels, 1)
        if without_label := mask.unlabelled + labelled.ignored.get(None, 0):
            self._ignore(None, without_label, 1)

    def add_sums(self, masks: MaskSums, labelled: Labelled) -> None:
        """Add masks that were added up before, and whose values have been classified."""
        self.num_masks += masks.num_masks
        self.num_pixels += masks.pixels
        self.ignored_pixels += masks.ignored_pixels
        if self.inferred:
            self.grow(max(labelled.classes, default=-1) + 1)
        for index in labelled.classes:
            for column, number in zip(self.columns(), masks.values[index], strict=True):
                column[index] += number
        for value, (pixels, num_masks, *_) in masks.values.items():
            if value in labelled.ignored:
                self._ignore(value, pixels, num_masks)

    def _ignore(self, value: int | None, pixels: int, masks: int) -> None:
        seen = self.ignored.setdefault(value, [0, 0])
        seen[0] += pixels
        seen[1] += masks

    def has_several_classes(self) -> bool:
        """Whether pixels of more than one class were counted."""
        found = filter(None, self.pixels)
        return next(found, 0) > 0 and next(found, 0) > 0

    def grow(self, size: int) -> None:
        """Make room for so many classes."""
        missing = size - len(self.pixels)
        if missing > 0:
            self.class_names += [None] * missing
            for column in self.columns():
                column += [0] * missing

    def columns(self) -> tuple[list[int], ...]:
        """The four lists of one number for each class, as `COLUMNS` names them."""
        return tuple(getattr(self, name) for name in COLUMNS)

    def __add__(self, other: ClassCounts) -> ClassCounts:
        """
        Counts of both sets of masks together.

        Raises
        ------
        CountsError
            If the classes differ, unless they have no order and go by their names. Counts that
            were made with different options add up where both declare the same classes; the sum
            holds the options of both.
        """
        from .parts import joined_options  # here: few runs add up

        if (names := _names_of_sum(self, other)) is not None:
            return self._in_order(names) + other._in_order(names)
        _check_same_classes(self, other)
        named = other if self.inferred else self
        total = ClassCounts(named.labels)
        total.class_names = [*named.class_names]
        total.inferred = self.inferred and other.inferred
        is_ordered = [not (part.unordered or part.inferred) for part in (self, other)]
        total.unordered = (self.unordered or other.unordered) and not any(is_ordered)
        for column in total.columns():
            column[:] = [0] * named.num_classes
        total.grow(max(self.num_classes, other.num_classes))
        total.options = joined_options(self.options, other.options)
        total.ignored = {}
        total.palette = dict(sorted({**self.palette, **other.palette}.items()))
        if self.options == other.options:
            total.ignored_classes = self.ignored_classes | other.ignored_classes
        else:  # one may count what the other ignores
            total.ignored_classes = self.ignored_classes & other.ignored_classes
        total.sources = sorted({*self.sources, *other.sources})
        for part in (self, other):
            total._merge(part)
        return total

    def __radd__(self, other: object) -> ClassCounts:
        """Let ``sum`` begin with its 0."""
        if other == 0:
            return self
        return NotImplemented

    def _in_order(self, names: Sequence[str | None]) -> ClassCounts:
        """These counts with their classes in another order, and others among them."""
        from copy import copy  # here: few runs come to this

        counts = copy(self)
        counts.labels = LabelMap(len(names), names)
        counts.class_names = [*names]
        place = {name: index for index, name in enumerate(names)}
        for column in COLUMNS:
            numbers = dict(zip(self.class_names, getattr(self, column), strict=True))
            setattr(counts, column, [numbers.get(name, 0) for name in names])
        counts.ignored_classes = {place[self.class_names[i]] for i in self.ignored_classes}
        return counts

    def _merge(self, part: ClassCounts) -> None:
        for column, more in zip(self.columns(), part.columns(), strict=True):
            column[:] = [a + b for a, b in zip_longest(column, more, fillvalue=0)]
        self.num_masks += part.num_masks
        self.num_pixels += part.num_pixels
        self.ignored_pixels += part.ignored_pixels
        for value, (pixels, masks) in part.ignored.items():
            self._ignore(value, pixels, masks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassCounts) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # counts change

    def __repr__(self) -> str:
        return f"<ClassCounts: {self.num_classes} classes, {self.num_masks} masks>"

    def to_dict(self) -> dict[str, Json]:
        """The counts as the JSON object that a counts file holds."""
        return {
            "format": FORMAT,
            "inferred": self.inferred,
            **({"unordered": True} if self.unordered else {}),
            "masks": self.num_masks,
            "pixels": self.num_pixels,
            "ignored_pixels": self.ignored_pixels,
            "classes": [self._class_entry(index) for index in range(self.num_classes)],
            "ignored": [
                {"value": value, "pixels": self.ignored[value][0], "masks": self.ignored[value][1]}
                for value in sorted(self.ignored, key=lambda v: (v is None, v or 0))
            ],
            **self._palette_entry(),
            "source": {"names": self.sources, "options": self.options},
            "version": __version__,
        }

    def _palette_entry(self) -> dict[str, Json]:
        colors = {str(index): f"#{color:06x}" for index, color in self.palette.items()}
        return {"palette": colors} if colors else {}

    def _class_entry(self, index: int) -> dict[str, Json]:
        entry: dict[str, Json] = {"index": index, "name": self.class_names[index]}
        entry |= {name: getattr(self, name)[index] for name in COLUMNS}
        if index in self.ignored_classes:
            entry["ignored"] = True
        return entry

    def to_json(self) -> str:
        """The text of a counts file: the same counts give the same bytes."""
        return _json_text(self.to_dict(), indent=1) + "\n"


def _names_of_sum(a: ClassCounts, b: ClassCounts) -> Sequence[str | None] | None:
    """The classes by which two parts of a data set add up, where one goes by names; else None."""
    if a.class_names == b.class_names or not (a.unordered or b.unordered):
        return None
    if a.unordered and b.unordered:
        from .parts import names_together

        return names_together(a.class_names, b.class_names)
    found, listed = (a, b) if a.unordered else (b, a)
    if listed.inferred or not {*found.class_names} <= {*listed.class_names}:
        return None
    return listed.class_names


def ignored_pixels(mask: ValueCounts, labelled: Labelled) -> int:
    """Pixels of a mask that are in no class; where classes may overlap, there are none."""
    if mask.overlapping:
        return 0  # an ignored channel says nothing about the others of a pixel
    return mask.unlabelled + (sum(labelled.ignored.values()) if labelled.ignored else 0)


def _check_same_classes(a: ClassCounts, b: ClassCounts) -> None:
    for index in sorted(a.palette.keys() & b.palette.keys()):
        if a.palette[index] != b.palette[index]:
            raise CountsError(
                f"index {index} has the colour #{a.palette[index]:06x} in one part of the counts, "
                f"and #{b.palette[index]:06x} in another"
            ).with_hint(
                "count the masks again with --encoding color, or with --encoding index if the "
                "indices are right whatever their colours"
            )
    if a.inferred and b.inferred:
        if a.options != b.options:
            raise CountsError(
                "these counts were made with different options, and their classes were inferred: "
                f"{_shown(a)} and {_shown(b)}"
            ).with_hint("count the masks again with -n or -c, so that their classes are known")
        return
    if not (a.inferred or b.inferred):
        if a.class_names != b.class_names:
            raise CountsError(f"the classes differ: {_describe(a)} and {_describe(b)}")
        return
    found, declared = (a, b) if a.inferred else (b, a)
    if found.num_classes > declared.num_classes:
        raise CountsError(
            f"value {found.num_classes - 1} lies outside the {declared.num_classes} classes "
            "of the counts it is added to"
        )


def _shown(counts: ClassCounts) -> str:
    return printable(_json_text(counts.options)[:200])


def _json_text(value: object, *, indent: int | None = None) -> str:
    import json  # here: weights can do without it

    return json.dumps(value, indent=indent)


def _describe(counts: ClassCounts) -> str:
    named = [name for name in counts.class_names if name is not None]
    text = f"{counts.num_classes} classes"
    return (
        f"{text} ({', '.join(map(printable, named[:3]))}{', ...' * (len(named) > 3)})"
        if named
        else f"{text} without names"
    )
