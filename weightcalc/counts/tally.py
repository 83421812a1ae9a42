"""
Adds up masks as they are counted, and says at the end what stands in the way of a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import MaskError, SourceError
from ..labels.label_map import Labelled, LabelMap
from ..masks.value_counts import MaskSums, ValueCounts
from ..sources.looks import Looks
from ..text.escape import printable
from ..text.numbers import number_of
from .class_counts import ClassCounts, ignored_pixels
from .copies import ENOUGH_OF_FOLDER, Copies
from .kinds import Kinds
from .palettes import Palettes
from .unknown_values import Seen, UnknownValues

if TYPE_CHECKING:
    from .found_colors import FoundColors
    from .unknown_causes import Causes
    from .unreadable import UnreadFiles

_MOST_NOTES = 1000


class Counted(NamedTuple):
    """
    What became of a file: its masks, or the error that all of it ended in.

    Or of several files, each a mask, that were added up: it has the name of the first one, and
    `sums` in the place of masks.
    """

    name: str
    masks: list[ValueCounts]
    error: MaskError | None = None
    sums: MaskSums | None = None

    @property
    def num_files(self) -> int:
        """How many files it stands for."""
        return 1 if self.sums is None else self.sums.num_masks


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


class Tally:
    """
    Class counts in the making.

    Parameters
    ----------
    labels : LabelMap
    one_kind : bool
        Whether masks of different modes are refused.
    by_palettes : bool
        Whether palettes that contradict each other, or the class list, are refused.
    endings : mapping of str to str
        Endings with which scenes recur: masks that differ in kind from one to another are
        refused.
    looks : Looks, optional
        What the names have in common with those of layers: binary masks with such names are
        refused.

    Attributes
    ----------
    counts : ClassCounts
        Of the masks added so far.
    unread : UnreadFiles, or None
        Files that cannot be read, if there are any.
    notes : list of str
        What is odd about files that were counted all the same.
    """

    def __init__(
        self,
        labels: LabelMap,
        *,
        one_kind: bool = True,
        by_palettes: bool = True,
        endings: Mapping[str, str] | None = None,
        looks: Looks | None = None,
    ) -> None:
        self.labels = labels
        self.counts = ClassCounts(labels)
        self.unread: UnreadFiles | None = None
        self.notes: list[str] = []
        self.num_files = 0
        self._one_kind = one_kind
        looks = looks or Looks()
        self._kinds = Kinds(endings or {}, looks)
        self._palettes = Palettes(labels) if by_palettes else None
        self._unknown = UnknownValues(labels, looks)
        self._colors = _new_found_colors(labels) if labels.learn_colors else None
        self._nodata: dict[int, Seen] = {}
        self._copies = Copies()

    def add(
        self, counted: Counted, on_mask: Callable[[LabelledMask], object] | None = None
    ) -> None:
        """Add the masks of a file and tell of each of them by classes, or add those of several files."""
        file, masks, error, sums = counted
        if sums is not None:
            self._add_sums(file, sums)
            return
        if error is not None:
            self._add_unreadable(file, error)
        self.num_files += 1
        for number, mask in enumerate(masks):
            name = file if len(masks) == 1 else f"{file}[{number}]"
            labelled = self._add(file, name, mask)
            if on_mask is not None:
                on_mask(LabelledMask(name, mask, labelled))

    def _add_unreadable(self, file: str, error: MaskError) -> None:
        self.unread = self.unread or _new_unread_files()
        self.unread.add(self.num_files, error)
        self._kinds.add_unreadable(file)
        self._unknown.add_unreadable(self.num_files)
        self._copies.add_unreadable(file)

    def _add(self, file: str, name: str, mask: ValueCounts) -> Labelled:
        labelled = self.labels.classify(
            mask.values, mask.largest, mask.num_channels > 0, mask.nodata
        )
        self.counts.add_labelled(mask, labelled)
        self._kinds.add(file, mask)
        if mask.colors and self._palettes is not None:
            self._palettes.add(name, mask, labelled)
        self._copies.add(name, mask)
        if self._colors is not None:
            self._colors.add(name, labelled.classes)
        if labelled.unknown:
            self._unknown.add(name, labelled, self.num_files - 1, channels=mask.num_channels > 0)
        if mask.notes or mask.nodata is not None:
            self._remember(name, mask, labelled)
        return labelled

    def roles(self, num_files: int) -> bytes | None:
        """
        What each value is, for masks that may be counted together, as `LabelMap.roles` gives it.

        None where each mask is to be looked at, for its name or its values, or as there are few.
        """
        if num_files <= ENOUGH_OF_FOLDER or not self._kinds.goes_by_modes:
            return None
        roles = self.labels.roles()
        return roles if any(roles) else None

    def _add_sums(self, file: str, masks: MaskSums) -> None:
        self.num_files += masks.num_masks
        pixels = {value: numbers[0] for value, numbers in masks.values.items()}
        self.counts.add_sums(masks, self.labels.classify(pixels, masks.largest))
        self._kinds.add_several(masks.kind, file, masks.num_masks)

    def _remember(self, name: str, mask: ValueCounts, labelled: Labelled) -> None:
        if (
            mask.nodata in mask.values
            and self._counts_as_own(mask.nodata, labelled)
            and (mask.nodata in self._nodata or len(self._nodata) < _MOST_NOTES)
        ):
            self._nodata.setdefault(mask.nodata, Seen(name)).masks += 1
        for note in mask.notes:
            if len(self.notes) < _MOST_NOTES:
                self.notes.append(f"{printable(name)}: {note}")

    def _counts_as_own(self, value: int, labelled: Labelled) -> bool:
        """Whether a value is the class of its number, and nobody said so."""
        said = value in self.labels.mapping or value in labelled.ignored
        return not said and value in labelled.classes

    def remarks(self) -> list[str]:
        """What is odd about files that were counted, and about all of them together."""
        return self.notes + self.about_set()

    def about_set(self) -> list[str]:
        """What is odd about the set, whatever its values: copies, colours, declared values."""
        of_nodata = [
            f"{number_of(seen.masks, 'mask')} ({printable(seen.first)} is the first) declare "
            f"{value} as nodata, and it is counted as a class: --ignore-index nodata leaves it out"
            for value, seen in self._nodata.items()
        ]
        of_colors = self._colors.remarks(self.counts) if self._colors is not None else []
        of_values = self._unknown.remarks(self.counts)
        return [*of_nodata, *self._copies.remarks(), *of_colors, *of_values]

    def unknown_values(self) -> str:
        """What values without a class look like, and what to do; "" if there is nothing to say."""
        return self._causes().in_words() if self._unknown else ""

    def _causes(self, files: Sequence[str] = ()) -> Causes:
        from .unknown_causes import Causes  # here: most runs have no unknown values

        return Causes(self._unknown, self.counts, files)

    def finish(self, on_error: str = "fail", files: Sequence[str] = ()) -> ClassCounts:
        """
        The counts of all masks.

        Parameters
        ----------
        on_error : str
            "fail", or "skip" to leave out files that cannot be read.
        files : sequence of str, optional
            Names of all files that were added: they tell what is common to images beside masks.

        Raises
        ------
        SourceError
            If masks are of several kinds, or there are none.
        MasksError
            If files cannot be read.
        LabelError
            If values belong to no class.
        """
        if self.unread is not None and on_error != "skip":
            self._refuse_unreadable(self.unread, files)
        self.check_kinds()
        if self._unknown:
            raise self._causes(files).error()
        if self.unread is not None and not self.counts.num_masks:
            raise SourceError(
                f"none of {self.num_files} files can be read, the first is {self.unread.kept[0]}"
            )
        return self.so_far()

    def _refuse_unreadable(self, unread: UnreadFiles, files: Sequence[str]) -> None:
        from .unreadable import Unreadable

        failed = Unreadable(
            unread,
            files,
            any_mask=self.counts.num_masks > 0,
            masks_fit=not self._unknown and self.counts.has_several_classes(),
        )
        if not failed.how_to_leave_images_out:  # else kinds are compared without the images
            self.check_kinds()
        raise unread.error(self.num_files).with_hint(failed.hint())

    def check_kinds(self) -> None:
        """Raise SourceError if the masks that were added do not belong together."""
        by_modes = self._kinds.error_by_modes() if self._one_kind else None
        by_palettes = self._palettes.error() if self._palettes is not None else None
        by_names = self._kinds.error_by_layers() or self._kinds.error_by_endings()
        if error := by_names or by_modes or by_palettes:
            raise error

    def so_far(self) -> ClassCounts:
        """The counts of what was added, whatever stands in the way of a result."""
        if self._palettes is not None:
            self.counts.palette = dict(sorted(self._palettes.colors.items()))
        if self.labels.learn_colors:
            self.counts.class_names = list(self.labels.learned_names())
            self.counts.inferred = False
        return self.counts


# Few runs need these, and others start sooner without.


def _new_unread_files() -> UnreadFiles:
    from .unreadable import UnreadFiles

    return UnreadFiles()


def _new_found_colors(labels: LabelMap) -> FoundColors:
    from .found_colors import FoundColors

    return FoundColors(labels)
