"""
Values that are neither a class nor ignored: what they may be, and which option settles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from ..errors import LabelError
from ..kernels.special import NAN, NODATA
from ..labels.colors import blended_from, nearest_color
from ..labels.label_map import MOST_CLASSES, MOST_INFERRED, LabelMap
from ..text.escape import printable, quoted
from ..text.numbers import MOST_LINES, listed, number_of, shortened
from .class_counts import ClassCounts

_MOST_KEPT = 10_000  # different values kept for a message
_MOST_OF_INSTANCES = 5  # classes that a message names where ids of instances are meant
_MANY = 16  # values that are rather a photograph or a soft edge than classes
_FACTORS = (1000, 256)  # of a class id in the ids of its instances: Cityscapes, KITTI and Vistas


class Seen:
    """How much of a value or a kind was seen, and where first."""

    def __init__(self, first: str) -> None:
        self.first = first
        self.pixels = 0
        self.masks = 0

    def __str__(self) -> str:
        masks = "1 mask" if self.masks == 1 else f"{self.masks} masks, one is"
        return f"{number_of(self.pixels, 'pixel')} in {masks} {printable(self.first)}"


class UnknownValues:
    """
    The values of a set of masks that are neither a class nor ignored.

    Parameters
    ----------
    labels : LabelMap
    instances : str
        What ``--layers`` would be for a file an instance; "" if names do not look like it.
    """

    def __init__(self, labels: LabelMap, instances: str = "") -> None:
        self._labels = labels
        self._instances_in = instances
        self._seen: dict[int, Seen] = {}
        self._counted_0 = self._of_channels = False

    def __bool__(self) -> bool:
        return bool(self._seen)

    def add(self, name: str, unknown: Mapping[int, int], *, channels: bool = False) -> None:
        """Take note of the unknown values or channels of a mask, and of their pixels."""
        self._of_channels |= channels
        for value, pixels in unknown.items():
            seen = self._seen.get(value)
            if seen is None:
                if len(self._seen) >= _MOST_KEPT:
                    continue
                seen = self._seen[value] = Seen(name)
            seen.pixels += pixels
            seen.masks += 1

    def error(self, counts: ClassCounts) -> LabelError:
        """
        What to raise about them.

        Parameters
        ----------
        counts : ClassCounts
            Of the same masks: the values that are classes.
        """
        self._counted_0 = bool(counts.pixels and counts.pixels[0])
        if self._labels.colors is not None:
            return self._of_colors(counts)
        present = {index for index, pixels in enumerate(counts.pixels) if pixels}
        if set(self._seen) == {255} and present <= {0}:
            return self._binary()
        if factor := instance_factor([v for v in self._seen if v >= 0]):
            return self._instances(factor)
        return self._of_indices()

    def _binary(self) -> LabelError:
        return LabelError(
            f"value 255 ({self._seen[255]}) is neither a class nor ignored; "
            "no other value than 0 and 255 occurs, which looks like binary masks"
        ).with_hint(
            "--map 255:1 if 255 is the foreground, "
            + f"--layers '{printable(self._instances_in)}' if the files of a folder are the "
            "instances of one scene, "
            * bool(self._instances_in)
            + "--ignore-index 255 if such pixels are to be left out"
        )

    def _instances(self, factor: int) -> LabelError:
        """Ids of instances, by the classes that they belong to."""
        lines = []
        ids = sorted(value for value in self._seen if value >= factor)
        groups = [(c, list(found)) for c, found in groupby(ids, key=lambda v: v // factor)]
        for index, found in groups[:_MOST_OF_INSTANCES]:
            low, pixels = index * factor, sum(self._seen[value].pixels for value in found)
            lines.append(
                f"values {found[0]} to {found[-1]} ({number_of(len(found), 'value')}, "
                f"{number_of(pixels, 'pixel')}) look like instances of class {index}: "
                f"--map {low}-{low + factor - 1}:CLASS"
            )
        if len(groups) > _MOST_OF_INSTANCES:
            lines.append(f"and {len(groups) - _MOST_OF_INSTANCES} more classes of instances")
        first = self._seen[ids[0]].first
        text = f"{printable(first)}: holds instance ids (class x {factor} + number), not class ids"
        low = groups[0][0] * factor
        return LabelError("\n".join([text, *lines])).with_hint(
            "masks of class ids, if there are any beside these; or "
            f"--map {low}-{low + factor - 1}:CLASS for each class, and --map '*:0' for all other values"
        )

    def _of_indices(self) -> LabelError:
        lines = [self._line(value) for value in sorted(self._seen)]
        ambiguous = all(map(self._labels.is_ambiguous, self._seen))
        return self._listed(lines, "" if ambiguous else self._classes_in_words())

    def _listed(self, lines: Sequence[str], end: str) -> LabelError:
        """An error of a line for each value, of which `details` has all."""
        said = [*shortened(lines), *filter(None, [end])]
        error = LabelError("\n".join(said)).with_hint(self._hint())
        error.details = lines if len(lines) > MOST_LINES else ()
        return error

    def _line(self, value: int) -> str:
        what = f"value {self._labels.name_of_value(value)} ({self._seen[value]})"
        if self._labels.is_ambiguous(value):
            return f"{what} is not mapped, but --map maps another value to class {value}"
        return f"{what} is neither a class nor ignored"

    def _of_colors(self, counts: ClassCounts) -> LabelError:
        known = self._labels.known_colors()
        values = sorted(self._seen)
        lines = [self._line(value) + self._near(value, known, counts) for value in values]
        end = f"colours that are classes: {len(known)}"
        if any(blended_from(value, known) for value in values[:MOST_LINES]):
            end = "unknown colours lie between two known ones: anti-aliased, resized or JPEG"
        return self._listed(lines, end)

    def _near(self, value: int, colors: Mapping[int, int], counts: ClassCounts) -> str:
        if not colors:
            return ""
        nearest = nearest_color(value, colors)
        name = counts.name(colors[nearest])
        return f"; the nearest colour is {self._labels.name_of_value(nearest)}, class {name}"

    def _classes_in_words(self) -> str:
        if self._labels.regions:
            values = [str(value) for value in sorted(self._labels.regions)]
            return f"the class list names the values {listed(values)}"
        if self._labels.num_classes is None:
            return f"without -n, -c or --map at most {MOST_INFERRED} classes are inferred"
        return f"the classes are 0 to {self._labels.num_classes - 1}"

    def _hint(self) -> str:
        """The most likely remedy first; each of them leads to a right answer."""
        value = min(self._seen, key=lambda v: (v != 255, v in (NAN, NODATA), v))
        name = self._labels.name_of_value(value)
        if self._labels.is_ambiguous(value):
            return f"--map {name}:{name} to join them, or --ignore-index {name} to leave it out"
        ignore, map_ = f"--ignore-index {quoted(name)}", f"--map {quoted(f'{name}:CLASS')}"
        larger = self._larger(value)
        if first := self._one_too_many():
            return f"{first}; {larger}{ignore} if such pixels are to be left out"
        if len(self._seen) >= _MANY and self._labels.colors is None:
            return (
                f"{larger}or leave out what is a photograph or has soft edges (--exclude); "
                "--map LOW-HIGH:CLASS and --map '*:CLASS' join many values"
            )
        return (
            f"{larger}{ignore} if such pixels are to be left out, "
            f"{map_} if they are a class of another number"
        )

    def _one_too_many(self) -> str:
        """What a list without the background, or ids that begin at 1, ask for; "" otherwise."""
        labels, size = self._labels, self._labels.num_classes
        said = labels.mapping or labels.ranges or labels.regions or labels.rest is not None
        plain = labels.colors is None and not said and not labels.reduce_zero_label
        if not plain or self._of_channels or 0 in labels.ignore or set(self._seen) != {size}:
            return ""
        if not self._counted_0:
            return "--reduce-zero-label if the classes begin at 1, as no mask holds 0"
        if labels.class_names is None:
            return ""
        return (
            "the background as the first name of the class list, if value 0 is the background and "
            "the list leaves it out; --reduce-zero-label if the background is to be left out"
        )

    def _larger(self, value: int) -> str:
        """More classes, where numbers without names may be classes."""
        largest = max(self._seen)
        named = self._labels.colors is not None or self._labels.class_names is not None
        alone = value in (255, NAN, NODATA) and len(self._seen) < _MANY
        if named or alone or not 0 <= largest < MOST_CLASSES:
            return ""
        return f"-n {largest + 1} if there are so many classes, "


def instance_factor(values: list[int]) -> int:
    """
    The number by which classes are multiplied in ids of instances; 0 if values are none.

    Ids are class x factor + number, the numbers of a class being consecutive from 0 or 1 on.
    """
    ids = sorted(value for value in values if value >= min(_FACTORS))
    for factor in _FACTORS:
        large = [value for value in ids if value >= factor]
        groups = [list(found) for _, found in groupby(large, key=lambda v: v // factor)]
        runs = [found for found in groups if len(found) > 1]
        if runs and len(large) >= len(ids) and all(_is_dense(g, factor) for g in groups):
            return factor
    return 0


def _is_dense(group: list[int], factor: int) -> bool:
    """Whether the numbers of the instances of a class begin at 0 or 1, with few gaps."""
    numbers = [value % factor for value in group]
    return numbers[0] <= 1 and numbers[-1] <= 2 * len(numbers) + 1
