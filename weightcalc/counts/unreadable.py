"""
Files that cannot be read: how many of each kind, and what to do, the most likely remedy first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..errors import (
    MOST_ERRORS,
    AccessError,
    ColorError,
    DecodeError,
    LossyError,
    MaskError,
    MasksError,
    MissingError,
    PhotographError,
)
from ..sources.apart import how_to_leave_out
from .file_marks import FileMarks

_BLACK_AND_WHITE = (
    "--allow-lossy --map 128-255:1 --map '*:0', if they are masks of black and white; "
    "other masks must be saved anew, as PNG"
)
_MOST_HINTS = 3
_NOT_THERE = (MissingError, AccessError)  # of masks that a set without them would lack


_Kind = type[DecodeError] | None


class UnreadFiles:
    """
    The files of a run that cannot be read; all are counted, and few of their errors are kept.

    Attributes
    ----------
    kept : list of MaskError
        The first ones of each kind, in their order.
    numbers : Counter of type of DecodeError, or None
    hints : dict of kind and str to None
        The first hints of each kind, in their order.
    """

    def __init__(self) -> None:
        self.kept: list[MaskError] = []
        self.numbers: Counter[_Kind] = Counter()
        self.hints: dict[tuple[_Kind, str], None] = {}
        self._places: list[int] = []  # of those that are kept
        self._kinds: list[_Kind] = []
        self._marks = FileMarks()  # of its kind, counted from 1

    def __bool__(self) -> bool:
        return bool(self.kept)

    def add(self, place: int, error: MaskError) -> None:
        """Take note of a file, which is the one after `place` others."""
        kind = error.kind
        if kind not in self.numbers:
            self._kinds.append(kind)
        self.numbers[kind] += 1
        self._marks.set(place, self._kinds.index(kind) + 1)
        if self.numbers[kind] <= MOST_ERRORS:
            self.kept.append(error)
            self._places.append(place)
        key = kind, error.hint
        if error.hint and key not in self.hints and self._num_hints(kind) < _MOST_HINTS:
            self.hints[key] = None

    def _num_hints(self, kind: _Kind) -> int:
        return sum(key[0] == kind for key in self.hints)

    def error(self, num_files: int) -> MasksError:
        """What to raise, or to say of files that are left out."""
        return MasksError(self.kept, num_files, self.numbers)

    def told_apart(
        self, files: Sequence[str], kinds: tuple[type[DecodeError], ...]
    ) -> tuple[list[str], list[str]]:
        """
        The names of the files of some kinds, and those of the files that were read.

        Parameters
        ----------
        files : sequence of str
            All files, in their order; those of scenes may have another one.

        Returns
        -------
        tuple of list of str
            Both are empty if nobody knows.
        """
        if self._marks.fit(files) and all(
            files[place] == error.mask for place, error in zip(self._places, self.kept, strict=True)
        ):
            chosen = {n for n, kind in enumerate(self._kinds, 1) if _is_a(kind, *kinds)}
            return (
                [name for name, mark in self._marks.of(files) if mark in chosen],
                [name for name, mark in self._marks.of(files) if not mark],
            )
        if len(self.kept) < self.numbers.total():
            return [], []
        unread = {error.mask for error in self.kept}
        images = [error.mask for error in self.kept if _is_a(error.kind, *kinds)]
        return images, [name for name in files if name not in unread]


class Unreadable:
    """
    What stands in the way of a result where files cannot be read.

    Parameters
    ----------
    unread : UnreadFiles
    files : sequence of str
        Names of all files of the run, if they are known.
    any_mask : bool
        Whether some file could be read, so that there is a result without the others.
    masks_fit : bool
        Whether what could be read looks like masks: several classes, and no unknown value. If
        not, these files may be the images, or black scenes, and those of colours the masks.
    """

    def __init__(
        self, unread: UnreadFiles, files: Sequence[str], *, any_mask: bool, masks_fit: bool
    ) -> None:
        self._unread = unread
        self._any_mask = any_mask
        kinds = (LossyError, ColorError if masks_fit else PhotographError)
        has_images = any(_is_a(kind, *kinds) for kind in unread.numbers)
        images, masks = unread.told_apart(files, kinds) if has_images else ([], [])
        self.how_to_leave_images_out = how_to_leave_out(images, masks) if images and masks else ""

    def hint(self) -> str:
        """What to do, the most likely remedy first."""
        first = self.how_to_leave_images_out
        kinds = set(self._unread.numbers)
        if not self._any_mask and all(_is_a(kind, LossyError) for kind in kinds):
            return _BLACK_AND_WHITE
        others = {
            kind for kind in kinds if not (first and _is_a(kind, LossyError, PhotographError))
        }
        hints = dict.fromkeys(hint for kind, hint in self._unread.hints if kind in others)
        chosen = [hint for hint in (first, *hints) if hint][:_MOST_HINTS]
        if self._any_mask and any(not _is_a(kind, *_NOT_THERE) for kind in others):
            chosen.append("--on-error skip leaves unreadable files out")
        return "; ".join(chosen)


def _is_a(kind: _Kind, *kinds: type[DecodeError]) -> bool:
    return kind is not None and issubclass(kind, kinds)
