"""
Adds up masks as they are counted, and says at the end what stands in the way of a result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..errors import LabelError, MaskError, MasksError, SourceError
from ..labels.colors import blended_from, nearest_color
from ..labels.label_map import LARGEST_INFERRED, Labelled, LabelMap
from ..masks.value_counts import ValueCounts
from ..text.escape import printable
from .class_counts import ClassCounts, ignored_pixels

_MOST_UNKNOWN = 10_000  # different values kept for a message
_MOST_LISTED = 20
_MOST_NOTES = 1000


class Counted(NamedTuple):
    """What became of one file: its masks, or the error that all of it ended in."""

    name: str
    masks: list[ValueCounts]
    error: MaskError | None = None


class LabelledMask(NamedTuple):
    """One mask by classes: its name (``file[7]`` in a stack), and its pixels."""

    name: str
    mask: ValueCounts
    labelled: Labelled

    def line(self) -> dict[str, object]:
        """The object that ``count --per-mask`` writes as a line."""
        classes = self.labelled.classes
        return {
            "mask": self.name,
            "pixels": {str(c): classes[c] for c in sorted(classes)},
            "ignored": ignored_pixels(self.mask, self.labelled),
        }


class _Seen:
    """How much of a value or a kind was seen, and where first."""

    def __init__(self, first: str) -> None:
        self.first = first
        self.pixels = 0
        self.masks = 0

    def __str__(self) -> str:
        masks = "1 mask" if self.masks == 1 else f"{self.masks} masks, one is"
        pixels = "1 pixel" if self.pixels == 1 else f"{self.pixels} pixels"
        return f"{pixels} in {masks} {printable(self.first)}"


class Tally:
    """
    Class counts in the making.

    Parameters
    ----------
    labels : LabelMap
    one_kind : bool
        Whether masks of different modes are refused.

    Attributes
    ----------
    counts : ClassCounts
        Of the masks added so far.
    errors : list of MaskError
        Files that cannot be read.
    notes : list of str
        What is odd about files that were counted all the same.
    """

    def __init__(self, labels: LabelMap, *, one_kind: bool = True) -> None:
        self.labels = labels
        self.counts = ClassCounts(labels)
        self.errors: list[MaskError] = []
        self.notes: list[str] = []
        self.num_files = 0
        self._one_kind = one_kind
        self._kinds: dict[str, _Seen] = {}
        self._unknown: dict[int, _Seen] = {}

    def add(self, counted: Counted) -> Iterator[LabelledMask]:
        """Add the masks of a file, and give each of them back by classes."""
        self.num_files += 1
        if counted.error is not None:
            self.errors.append(counted.error)
        for number, mask in enumerate(counted.masks):
            name = f"{counted.name}[{number}]" if len(counted.masks) > 1 else counted.name
            labelled = self.labels.classify(mask.values, mask.largest)
            self.counts.add_labelled(mask, labelled)
            self._remember(name, mask, labelled)
            yield LabelledMask(name, mask, labelled)

    def _remember(self, name: str, mask: ValueCounts, labelled: Labelled) -> None:
        self._kinds.setdefault(mask.kind, _Seen(name)).masks += 1
        for note in mask.notes:
            if len(self.notes) < _MOST_NOTES:
                self.notes.append(f"{printable(name)}: {note}")
        for value, pixels in labelled.unknown.items():
            seen = self._unknown.get(value)
            if seen is None:
                if len(self._unknown) >= _MOST_UNKNOWN:
                    continue
                seen = self._unknown[value] = _Seen(name)
            seen.pixels += pixels
            seen.masks += 1

    def finish(self, on_error: str = "fail") -> ClassCounts:
        """
        The counts of all masks.

        Parameters
        ----------
        on_error : str
            "fail", or "skip" to leave out files that cannot be read.

        Raises
        ------
        SourceError
            If masks are of several kinds, or there are none.
        MasksError
            If files cannot be read.
        LabelError
            If values belong to no class.
        """
        if self._one_kind and len(self._kinds) > 1:
            raise self._several_kinds()
        if self.errors and on_error != "skip":
            error = MasksError(self.errors, self.num_files)
            raise error.with_hint(_hint_of(self.errors))
        if self._unknown:
            raise self._unknown_values()
        if not self.counts.num_masks and self.num_files:
            raise SourceError(f"none of {self.num_files} files can be read")
        return self.so_far()

    def so_far(self) -> ClassCounts:
        """The counts of what was added, whatever stands in the way of a result."""
        if self.labels.learn_colors:
            self.counts.class_names = list(self.labels.learned_names())
            self.counts.inferred = False
        return self.counts

    def _several_kinds(self) -> SourceError:
        some = ", ".join(
            f"{kind} ({seen.masks}, one is {printable(seen.first)})"
            for kind, seen in sorted(self._kinds.items(), key=lambda item: -item[1].masks)
        )
        return SourceError(f"masks of {len(self._kinds)} kinds: {some}").with_hint(
            "--include GLOB to choose one kind, or --encoding index to count all by index"
        )

    def _unknown_values(self) -> LabelError:
        labels = self.labels
        lines = []
        for value in sorted(self._unknown)[:_MOST_LISTED]:
            what = f"value {labels.name_of_value(value)} ({self._unknown[value]})"
            if labels.is_ambiguous(value):
                lines.append(f"{what} keeps its number, to which --map sends another value")
            else:
                lines.append(f"{what} is neither a class nor ignored{self._near(value)}")
        more = len(self._unknown) - len(lines)
        if more:
            lines.append(f"and {more} more values")
        known = labels.known_colors()
        if any(blended_from(value, known) for value in sorted(self._unknown)[:_MOST_LISTED]):
            lines.append(
                "unknown colours lie between two known ones: anti-aliased, resized or JPEG"
            )
        elif not all(map(labels.is_ambiguous, self._unknown)):
            lines.append(self._classes_in_words())
        return LabelError("\n".join(lines)).with_hint(self._hint_for_unknown())

    def _near(self, value: int) -> str:
        """The nearest class, for colours."""
        colors = self.labels.known_colors()
        if not colors:
            return ""
        nearest = nearest_color(value, colors)
        name = self.counts.name(colors[nearest])
        return f"; the nearest colour is {self.labels.name_of_value(nearest)}, class {name}"

    def _classes_in_words(self) -> str:
        if self.labels.colors is not None:
            return f"{len(self.labels.known_colors())} colours are classes"
        if self.labels.num_classes is None:
            return f"without -n or -c the classes are 0 to {LARGEST_INFERRED} at most"
        return f"the classes are 0 to {self.labels.num_classes - 1}"

    def _hint_for_unknown(self) -> str:
        first = min(self._unknown, key=lambda value: (value != 255, value))
        value = self.labels.name_of_value(first)
        if self.labels.is_ambiguous(first):
            return f"--map {value}:{value} to join them, or --ignore-index {value} to leave it out"
        larger = ""
        if 0 <= first < 255 and self.labels.colors is None and self.labels.class_names is None:
            larger = f"-n {first + 1} if there are so many classes, "
        return (
            f"{larger}--ignore-index {value} if such pixels are to be left out, "
            f"--map {value}:CLASS if they are a class of another number"
        )


def _hint_of(errors: list[MaskError]) -> str:
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    return "; ".join([*list(hints)[:3], "--on-error skip leaves unreadable files out"])
