"""
Values that are neither a class nor ignored, as they are met.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..labels.label_map import Labelled, LabelMap
from ..sources.looks import Looks
from ..text.escape import printable
from ..text.numbers import listed, number_of
from .class_counts import ClassCounts
from .file_marks import FileMarks

_MOST_KEPT = 10_000  # different values kept for a message
FEWEST_LEVELS = 3  # of which even spacing is no chance
MANY = 16  # values that are rather a photograph or a soft edge than classes
_IMAGE, _UNREADABLE = 1, 2


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
    looks : Looks, optional
        What the names of the masks have in common with those of layers.

    Attributes
    ----------
    seen : dict of int to Seen
        The first 10,000 of them, and how much of each there is.
    has_one : bool
        Whether some mask has pixels of class 1, beside unknown values.
    """

    def __init__(self, labels: LabelMap, looks: Looks | None = None) -> None:
        self.labels = labels
        self.looks = looks or Looks()
        self.seen: dict[int, Seen] = {}
        self.has_one = False
        self._of_channels = False
        self._files = FileMarks()  # which of them may be images, by their many values
        self._first_image: tuple[int, str] | None = None  # its place and its name

    def __bool__(self) -> bool:
        return bool(self.seen)

    @property
    def is_plain(self) -> bool:
        """Whether values are their own classes, as no option and no list renumbers them."""
        labels = self.labels
        said = labels.mapping or labels.ranges or labels.regions or labels.rest is not None
        return not (
            said or labels.colors is not None or labels.reduce_zero_label or self._of_channels
        )

    def add(self, name: str, mask: Labelled, place: int, *, channels: bool = False) -> None:
        """
        Take note of the unknown values or channels of a mask, and of their pixels.

        Parameters
        ----------
        name : str
        mask : Labelled
        place : int
            How many files of the run come before that of the mask.
        channels : bool
            Whether the values are the numbers of channels.
        """
        if len(mask.unknown) >= MANY:
            self._files.set(place, _IMAGE)
            self._first_image = self._first_image or (place, name)
        self._of_channels |= channels
        self.has_one |= 1 in mask.classes
        for value, pixels in mask.unknown.items():
            seen = self.seen.get(value)
            if seen is None:
                if len(self.seen) >= _MOST_KEPT:
                    continue
                seen = self.seen[value] = Seen(name)
            seen.pixels += pixels
            seen.masks += 1

    def add_unreadable(self, place: int) -> None:
        """Take note of a file that cannot be read: it is neither an image nor a mask."""
        self._files.set(place, _UNREADABLE)

    def told_apart(self, files: Sequence[str]) -> tuple[list[str], list[str]]:
        """
        The files with so many unknown values that they may be images, and the other files.

        Parameters
        ----------
        files : sequence of str
            Names of all files, in their order; those of scenes may have another one.

        Returns
        -------
        tuple of list of str
            Both are empty if there are no such files, or nobody knows.
        """
        place, first = self._first_image or (0, "")
        if not first or not self._files.fit(files) or not first.startswith(files[place]):
            return [], []
        return (
            [name for name, mark in self._files.of(files) if mark == _IMAGE],
            [name for name, mark in self._files.of(files) if not mark],
        )

    def remarks(self, counts: ClassCounts) -> list[str]:
        """What is odd about values that are classes by their numbers, as nobody said which are."""
        if self.seen or not self.is_plain or self.labels.num_classes is not None:
            return []
        found = [index for index, pixels in enumerate(counts.pixels) if pixels]
        if len(found) < FEWEST_LEVELS:
            return []
        from .value_patterns import stretch_of

        levels = stretch_of(found)
        if len(levels) < FEWEST_LEVELS:
            return []
        options = " ".join(f"--map {value}:{index}" for value, index in levels.items())
        text = (
            f"the values {listed(list(map(str, levels)))} are evenly spaced, as class ids that were"
        )
        return [f"{text} multiplied: {options} if they are; -n {found[-1] + 1} if they are classes"]
