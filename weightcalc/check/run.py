"""
The pass of `weightcalc check`: each mask is counted once, and every rule sees it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from typing import TYPE_CHECKING

from ..counting.data_set import DataSet
from ..counting.options import RunOptions
from ..counting.run import each_counted, say_what_is_left_out
from ..counts.class_counts import ClassCounts
from ..counts.counts_file import read_counts
from ..counts.palettes import Palettes
from ..counts.tally import Counted, LabelledMask, Tally
from ..errors import MaskError, SourceError
from ..files.atomic import refuse_overwriting
from ..masks.formats import READERS
from ..sources.listing import list_files, refuse_nothing
from ..sources.names import is_archive, is_url, split_name
from ..sources.options import SourceOptions
from ..sources.scenes import Item, files_of, name_of
from ..text.escape import printable, quoted
from ..text.numbers import number_of
from ..text.voice import Voice
from .findings import OFF, Finding, Findings, Settings
from .mask_rules import Surroundings, is_of_one_value, rule_of_error
from .rules import RULES
from .set_rules import Kind, Whole, check_comparable

if TYPE_CHECKING:
    from ..weights.formula import Formula
    from ..weights.stated import Stated
    from .image_names import Images
    from .same_masks import SameMasks


_OF_NAMES = {"image-missing", "mask-missing"}
_OF_IMAGES = {"image-size", "image-missing", "image-rotated", "mask-missing"}


@dataclass
class Check:
    """
    A check that is planned: all that can be refused has been.

    Attributes
    ----------
    active : list of str
        Rules that are tried.
    left_out : list of str
        Rules on whole sets that are not, as only single files were named.
    others : sequence of str or Scene
        Masks of other splits.
    warnings : list of str
        What the listings of images and of other splits left out though it looks like a mask.
    """

    data: DataSet
    settings: Settings
    formula: Formula
    active: list[str]
    left_out: list[str]
    images: Images | None = None
    others: Sequence[Item] = ()
    baseline: ClassCounts | None = None
    stated: Stated | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class Checked:
    """
    The outcome of a check.

    Attributes
    ----------
    counts : ClassCounts
        Of the masks that could be read.
    num_unread : int
        Masks that could not be counted, whatever the levels of rules.
    """

    findings: Findings
    counts: ClassCounts
    num_unread: int
    check: Check

    def hint_of(self, rule: str) -> str:
        """What to do about findings of a rule; "" where nothing is known to help."""
        return self.findings.hints.get(rule, RULES[rule].hint)


def plan_check(
    data: DataSet,
    settings: Settings,
    formula: Formula,
    sources: SourceOptions,
    encoding: str,
    *,
    outputs: Mapping[str, str | None],
) -> Check:
    """
    Read and find all that rules compare the masks with.

    Parameters
    ----------
    data : DataSet
    settings : Settings
    formula : Formula
        For weights files that state none.
    sources : SourceOptions
        As the user named them: where all are single files, rules on sets make no sense.
    encoding : str
        What the user said; where that is not "auto", masks may be of several kinds.
    outputs : mapping of str to str or None
        Option to the file that will be written for it.

    Raises
    ------
    WeightcalcError
    """
    wanted = [rule for rule in RULES if _is_wanted(rule, settings)]
    if encoding != "auto" and "wrong-kind" in wanted:
        wanted.remove("wrong-kind")
    in_pieces = sources.files_from is None and all(map(_is_single, sources.sources))
    left_out = [r for r in wanted if in_pieces and RULES[r].on_set and r not in settings.asked]
    active = [rule for rule in wanted if rule not in left_out]
    inputs = [path for path in (settings.baseline, settings.weights) if path is not None]
    refuse_overwriting(outputs, inputs)
    check = Check(data, settings, formula, active, left_out)
    _find_what_is_compared(check, sources)
    return check


def _find_what_is_compared(check: Check, sources: SourceOptions) -> None:
    """Images, other splits, a baseline, and weights, where an active rule needs them."""
    settings, active = check.settings, set(check.active)
    if settings.images is not None and active & _OF_IMAGES:
        from .image_names import Images  # here, as what few runs need

        masks = set(check.data.listing.names)
        check.images = Images(
            settings.images, masks, settings.mask_name, settings.image_name,
            follow=sources.follow,
            scenes=None if check.data.layers is None else [*map(name_of, check.data.items)],
        )  # fmt: skip
        check.warnings += check.images.warnings
    if "split-leak" in active:
        others = list_files(
            settings.against, READERS, include=sources.include, exclude=sources.exclude,
            follow=sources.follow,
        )  # fmt: skip
        check.warnings += others.warnings
        refuse_nothing(others, settings.against, READERS)
        check.others = check.data.items_of(others)
        _refuse_itself(check)
    if settings.baseline is not None and active & {"drift", "class-drift", "class-vanished"}:
        check.baseline = read_counts(settings.baseline)
    if "stale-weights" in active and settings.weights is not None:
        from ..weights.stated import read_weights

        check.stated = read_weights(settings.weights)


def _refuse_itself(check: Check) -> None:
    """A mask that is of --against and of the set would be a leak of itself."""
    from .image_names import place_of

    others = {place_of(file) for item in check.others for file in files_of(item)}
    files = (file for item in check.data.items for file in files_of(item))
    if (both := next((file for file in files if place_of(file) in others), None)) is not None:
        raise SourceError(
            f"{printable(both)}: this mask is of the sources and of --against "
            f"({', '.join(map(printable, check.settings.against))}), and a mask is no leak of itself"
        ).with_hint("the folders of the other splits only, in the place of the folder of all")


def _is_wanted(rule: str, settings: Settings) -> bool:
    needs = RULES[rule].needs
    given = not needs or any(getattr(settings, name) for name in needs)
    if "max_ignored" in needs:
        given = settings.max_ignored is not None  # 0 is a limit too
    return given and settings.levels[rule] != OFF


def _is_single(source: str) -> bool:
    """Whether a source is the name of one mask."""
    if is_url(source) or source.lower().endswith(".json") or is_archive(source):
        return False
    if split_name(source) is not None:
        return True
    return not os.path.isdir(source) and (os.path.lexists(source) or not has_magic(source))


def run_check(check: Check, run: RunOptions, voice: Voice) -> Checked:
    """
    Count the masks, and try every rule on them.

    Raises
    ------
    WeightcalcError
    """
    data = check.data
    say_what_is_left_out(data.listing, voice)
    voice.warn_each(check.warnings)
    state = _Pass(check)
    if data.listing.names:
        state.look_at_masks(run, voice)
    counts = state.tally.so_far()
    if data.saved is not None:
        counts = counts + data.saved if data.listing.names else data.saved
    if check.baseline is not None:
        check_comparable(check.baseline, counts)
    state.look_at_set(counts)
    voice.warn_each(state.tally.about_set())
    if text := state.tally.unknown_values():
        voice.note(f"unknown-value: {text}")
    _say_what_was_not_checked(check, state.incomplete, voice)
    return Checked(state.findings, counts, state.num_unread, check)


class _Pass:
    """The state of a check while masks come in."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.findings = Findings(check.settings.levels)
        self.tally = Tally(
            check.data.labels,
            one_kind=False,
            by_palettes=False,
            endings=check.data.endings,
            looks=check.data.looks,
        )
        self.incomplete = False
        self.num_unread = 0
        self._kinds: dict[str, Kind] = {}
        encoding = check.data.reading.encoding
        palettes = Palettes(check.data.labels) if encoding == "auto" else None
        self._around = Surroundings(check.data.labels, encoding, check.images, palettes=palettes)
        self._on_mask = [
            (rule, find) for rule in check.active if (find := RULES[rule].on_mask) is not None
        ]

    def look_at_masks(self, run: RunOptions, voice: Voice) -> None:
        """Read the other splits first, then the masks; each file once."""
        check = self.check
        splits = self._around.splits = self._new_same_masks() if check.others else None
        is_asked = "duplicate-mask" in check.active
        duplicates = self._around.duplicates = self._new_same_masks() if is_asked else None
        items = [*check.others, *check.data.items]
        num_unread = 0
        with each_counted(check.data, items, run, voice, check.settings.against) as files:
            for item, counted in zip(check.others, files, strict=False):
                if counted.error is not None:
                    num_unread += 1
                    self._add_error(counted.error, "of --against: ")
                if splits is not None:  # as it is where there are others
                    _remember(splits, item, counted)
            for item, counted in zip(check.data.items, files, strict=True):
                self._look_at_file(item, counted)
        self.tally.check_kinds()
        if num_unread:
            masks = number_of(num_unread, "mask")
            voice.warn(
                f"{masks} of --against cannot be read: split-leak does not see what they hold"
            )
        for rule, same in (("split-leak", splits), ("duplicate-mask", duplicates)):
            if same is not None and same.num_uncompared:
                _say_uncompared(rule, same.num_uncompared, voice)

    def _new_same_masks(self) -> SameMasks:
        from .same_masks import SameMasks

        return SameMasks(self._around.encoding)

    def _look_at_file(self, item: Item, counted: Counted) -> None:
        if counted.error is not None:
            self.incomplete = True
            self.num_unread += 1
            self._add_error(counted.error)
            return
        self._around.item, self._around.alone = item, len(counted.masks) == 1
        self._around.number = -1  # of none: each mask has the next one
        self.tally.add(counted, self._look_at_mask)

    def _look_at_mask(self, mask: LabelledMask) -> None:
        self._around.number += 1
        self._kinds.setdefault(mask.mask.kind, Kind()).add(mask.name)
        self.incomplete |= bool(mask.labelled.unknown)
        for rule, find in self._on_mask:
            if text := find(mask, self._around):
                self.findings.add(Finding(rule, text, mask=mask.name))

    def _add_error(self, error: MaskError, where: str = "") -> None:
        rule = rule_of_error(error)
        if self.check.settings.levels[rule] == OFF:
            rule = "unreadable"  # whoever allows its kind does not mean that it is left out
        remedy = f" ({error.hint})" if error.hint and not RULES[rule].hint else ""
        self.findings.add(Finding(rule, printable(where + error.reason + remedy), mask=error.mask))

    def look_at_set(self, counts: ClassCounts) -> None:
        """Try the rules on whole sets."""
        check = self.check
        whole = Whole(
            counts, check.settings, check.formula, self._kinds, check.images, check.baseline,
            check.stated, self.incomplete, check.active,
        )  # fmt: skip
        for rule in check.active:
            on_set = RULES[rule].on_set
            for finding in on_set(whole) if on_set else ():
                self.findings.add(finding)
        self._derive_patterns()
        never_seen = self.findings.kept.get("class-never-seen", [])
        absent = [finding.class_id for finding in never_seen if finding.class_id is not None]
        if remedy := check.data.remedy_for(absent):
            self.findings.hints["class-never-seen"] = remedy

    def _derive_patterns(self) -> None:
        """Where images are not found by their names, tell by which patterns they are."""
        images = self.check.images
        rules = _OF_NAMES & self.findings.numbers.keys()
        if images is None or not rules or (better := images.better_patterns()) is None:
            return
        hint = (
            f"--mask-name {quoted(better.mask_name)} --image-name {quoted(better.image_name)} "
            f"finds an image for {better.num_paired} of {number_of(images.num_masks, 'mask')}"
        )
        self.findings.hints |= dict.fromkeys(rules, hint)


def _remember(splits: SameMasks, item: Item, counted: Counted) -> None:
    """Remember the masks of a file or a scene of another split."""
    for number, mask in enumerate(counted.masks):
        if not is_of_one_value(mask):
            splits.add(item, number if len(counted.masks) > 1 else None, mask)


def _say_uncompared(rule: str, number: int, voice: Voice) -> None:
    voice.warn(
        f"{rule}: {number_of(number, 'mask')} of equal counts {'was' if number == 1 else 'were'} not "
        "compared pixel by pixel (too large, or not decoded again)"
    )


def _say_what_was_not_checked(check: Check, incomplete: bool, voice: Voice) -> None:
    if check.left_out:
        voice.note(
            f"single files: rules on whole sets are left out ({', '.join(check.left_out)}); "
            "name the folder to try them"
        )
    if incomplete and check.stated is not None:
        voice.note(
            f"{printable(check.settings.weights or '')}: not checked, "
            "as no weights follow from masks that cannot be counted whole"
        )
