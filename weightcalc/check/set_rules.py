"""
Rules on a whole set of masks: each a function that yields what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat, zip_longest
from typing import TYPE_CHECKING

from ..counts.class_counts import ClassCounts
from ..errors import CountsError, WeightError
from ..text.escape import printable
from ..text.numbers import number_of, percent
from ..weights.class_weights import absent_classes, list_class_weights
from .findings import LEVELS, MOST_KEPT, Finding, Settings

if TYPE_CHECKING:
    from ..counts.drift import Move
    from ..weights.formula import Formula
    from ..weights.stated import Stated
    from .image_names import Images

_MOST_LISTED = 5


@dataclass
class Kind:
    """The masks of one mode and bit depth: how many, and the first of them."""

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count a mask, and keep its name while there is room."""
        self.number += 1
        if len(self.names) < MOST_KEPT:
            self.names.append(name)


@dataclass
class Whole:
    """
    All that was counted, and what it is compared with.

    Attributes
    ----------
    counts : ClassCounts
    settings : Settings
    formula : Formula
        For a weights file that states none.
    kinds : dict of str to Kind
    images : Images or None
    baseline : ClassCounts or None
    stated : Stated or None
    incomplete : bool
        Whether masks or values are missing from the counts.
    tried : collection of str
        Rules that are tried.
    """

    counts: ClassCounts
    settings: Settings
    formula: Formula
    kinds: dict[str, Kind] = field(default_factory=dict)
    images: Images | None = None
    baseline: ClassCounts | None = None
    stated: Stated | None = None
    incomplete: bool = False
    tried: Collection[str] = ()

    @property
    def longer_list(self) -> ClassCounts:
        """The counts, or the baseline where that has more classes: it names all of them."""
        more = self.baseline is not None and self.baseline.num_classes > self.counts.num_classes
        return self.baseline if self.baseline is not None and more else self.counts

    @cached_property
    def vanished(self) -> dict[int, str]:
        """Classes that the baseline holds and no mask here, and what to say of each."""
        counts, baseline = self.counts, self.baseline
        if baseline is None or not counts.num_masks or self.incomplete:
            return {}  # a mask that cannot be read may hold what seems to be gone
        return {
            index: f"no mask holds it; the baseline has {number_of(pixels, 'pixel')} "
            f"in {number_of(baseline.masks[index], 'mask')}"
            for index, pixels in enumerate(baseline.pixels)
            if pixels and not self.pixels_of(index) and index not in counts.ignored_classes
        }

    @cached_property
    def moved(self) -> dict[int, Move]:
        """Classes whose share is another than in the baseline by more than the factor asked for."""
        from ..counts.drift import changed_classes  # here, as what few runs need

        limit, baseline, counts = self.settings.max_class_drift, self.baseline, self.counts
        if limit is None or baseline is None:
            return {}
        told = counts.ignored_classes | self.told_by("class-vanished", "class-drift")
        moves = changed_classes(baseline, counts, limit)
        return {move.index: move for move in moves if move.index not in told}

    def pixels_of(self, index: int) -> int:
        """The pixels of a class, which only the baseline may have."""
        return self.counts.pixels[index] if index < self.counts.num_classes else 0

    def told_by(self, other: str, rule: str) -> set[int]:
        """Classes of which another rule speaks, at a level no milder: one fault, one finding."""
        levels = self.settings.levels
        if other not in self.tried or LEVELS.index(levels[other]) > LEVELS.index(levels[rule]):
            return set()
        return set(self.vanished if other == "class-vanished" else self.moved)


def wrong_kind(whole: Whole) -> Iterator[Finding]:
    """Masks of another mode or bit depth than most."""
    kinds = sorted(whole.kinds.items(), key=lambda item: (-item[1].number, item[1].names[0]))
    total = sum(kind.number for _, kind in kinds)
    for name, kind in kinds[1:]:
        text = f"{name}, where {kinds[0][1].number} of {total} masks are {kinds[0][0]}"
        for mask in kind.names:
            yield Finding("wrong-kind", text, mask=mask)
        unnamed = kind.number - len(kind.names)
        yield from repeat(Finding("wrong-kind", text, mask=kind.names[-1]), unnamed)


def class_never_seen(whole: Whole) -> Iterator[Finding]:
    """Classes of the list that no mask holds; ids that the list skips are none."""
    counts = whole.counts
    if not counts.num_masks:
        return  # of nothing that was read, nothing follows
    named = any(counts.class_names)
    told = whole.told_by("class-vanished", "class-never-seen")
    for index in absent_classes(counts):
        if index not in told and (counts.class_names[index] is not None or not named):
            yield _of_class("class-never-seen", "no mask holds it", counts, index)


def class_vanished(whole: Whole) -> Iterator[Finding]:
    """Classes that the baseline holds, and no mask of this set."""
    for index, text in whole.vanished.items():
        yield _of_class("class-vanished", text, whole.longer_list, index)


def class_drift(whole: Whole) -> Iterator[Finding]:
    """Classes whose share is another than in the baseline by more than a factor."""
    for index, move in whole.moved.items():
        text = _words_of(move, whole.settings.max_class_drift or 0)
        yield _of_class("class-drift", text, whole.longer_list, index)


def _words_of(move: Move, limit: float) -> str:
    text = (
        f"{percent(move.before)} of the labelled pixels in the baseline, {percent(move.after)} here"
    )
    small, large = sorted([move.before, move.after])
    if not small:
        return f"{text}: more than any factor"
    verb = "grew" if move.after > move.before else "shrank"
    return f"{text}: it {verb} by a factor of {large / small:.4g}, above {limit:g}"


def rare_class(whole: Whole) -> Iterator[Finding]:
    """Classes that occur, but in fewer masks or pixels than asked for."""
    counts, settings = whole.counts, whole.settings
    for index, (masks, pixels) in enumerate(zip(counts.masks, counts.pixels, strict=True)):
        below = []
        if pixels and masks < (settings.min_masks or 0):
            below.append(f"in {number_of(masks, 'mask')}, fewer than {settings.min_masks}")
        if pixels and pixels < (settings.min_pixels or 0):
            below.append(f"{number_of(pixels, 'pixel')}, fewer than {settings.min_pixels}")
        if below:
            yield _of_class("rare-class", "; ".join(below), counts, index)


def imbalance(whole: Whole) -> Iterator[Finding]:
    """Two classes of which one has too many times the pixels of the other."""
    from decimal import Decimal  # here, as few runs need it

    counts, limit = whole.counts, whole.settings.max_imbalance
    present = [c for c, pixels in enumerate(counts.pixels) if pixels]
    if limit is None or not present:
        return
    most = max(present, key=lambda c: counts.pixels[c])
    least = min(present, key=lambda c: counts.pixels[c])
    above, below = Decimal(str(limit)).as_integer_ratio()  # as it was typed, and never too large
    if counts.pixels[most] * below > counts.pixels[least] * above:
        ratio = Decimal(counts.pixels[most]) / counts.pixels[least]
        text = (
            f"{number_of(counts.pixels[least], 'pixel')}, class {counts.name(most)} has "
            f"{counts.pixels[most]}: {ratio:.6g} times as many, above {limit:g}"
        )
        yield _of_class("imbalance", text, counts, least)


def ignored_pixels(whole: Whole) -> Iterator[Finding]:
    """Too large a share of pixels is ignored."""
    counts, limit = whole.counts, whole.settings.max_ignored
    if limit is None or not counts.num_pixels:
        return
    share = counts.ignored_pixels / counts.num_pixels
    if share > limit:
        verb = "is" if counts.ignored_pixels == 1 else "are"
        text = (
            f"{counts.ignored_pixels} of {number_of(counts.num_pixels, 'pixel')} {verb} ignored: "
            f"{percent(share)}, above {100 * limit:.10g}%"
        )
        yield Finding("ignored-pixels", text)


def mask_missing(whole: Whole) -> Iterator[Finding]:
    """Images that no mask was found for."""
    if whole.images is None:
        return
    for name in whole.images.without_mask():
        near = whole.images.near_mask(name)
        remark = f"; did you mean {printable(near)}?" if near else ""
        yield Finding("mask-missing", f"this image has no mask{remark}", mask=name)


def drift(whole: Whole) -> Iterator[Finding]:
    """The shares of the classes are far from those of the baseline."""
    from ..counts.drift import class_drift as measure  # here, as what few runs need

    limit, baseline, counts = whole.settings.max_drift, whole.baseline, whole.counts
    if limit is None or baseline is None or not counts.num_masks:
        return
    distance, moves = measure(baseline, counts)
    told = whole.told_by("class-vanished", "drift") | whole.told_by("class-drift", "drift")
    if told and measure(baseline, counts, told).distance <= limit:
        return  # those classes are all that moved
    if distance > limit:
        moved = ", ".join(
            f"class {whole.longer_list.name(move.index)} {percent(move.before)} -> {percent(move.after)}"
            for move in moves[:_MOST_LISTED]
        )
        text = f"total variation distance {distance:.4g} from the baseline is above {limit:g}"
        yield Finding("drift", f"{text}; moved most: {moved}")


def stale_weights(whole: Whole) -> Iterator[Finding]:
    """The weights of a file are not those of these masks."""
    from ..weights.stated import agree

    stated, counts = whole.stated, whole.counts
    if stated is None or whole.incomplete:
        return
    weights = stated.by_class(counts.class_names)
    if weights is None:
        verb = "does" if len(stated.numbers) == 1 else "do"
        number = number_of(len(stated.numbers), "weight")
        text = f"{number} {verb} not fit these {counts.num_classes} classes"
        yield Finding("stale-weights", text)
        return
    formula = stated.formula or whole.formula
    try:
        now = list_class_weights(counts, formula)
    except WeightError as error:
        yield Finding("stale-weights", f"they cannot be computed again: {printable(str(error))}")
        return
    remark = ""
    if stated.counts is not None and stated.counts.options != counts.options:
        remark = f"; counted with {stated.counts.options}, here with {counts.options}"
    digits = whole.settings.digits or stated.digits
    for index, (old, new) in enumerate(zip(weights, now, strict=True)):
        if not agree(old, new, digits):
            text = f"{old:.{digits}g} in the file, {new:.{digits}g} by these masks"
            method = f" ({formula.method})"
            yield _of_class("stale-weights", text + method + printable(remark), counts, index)


def check_comparable(baseline: ClassCounts, counts: ClassCounts) -> None:
    """
    Refuse a baseline of other classes.

    Raises
    ------
    CountsError
    """
    pairs = zip_longest(baseline.class_names, counts.class_names)
    for index, (before, now) in enumerate(pairs):
        if before is not None and now is not None and before != now:
            raise CountsError(
                f"class {index} is {printable(before)} in the baseline, and {printable(now)} here"
            ).with_hint("a baseline that was counted with the same class list")


def _of_class(rule: str, text: str, counts: ClassCounts, index: int) -> Finding:
    return Finding(rule, text, class_id=index, name=counts.class_names[index])
