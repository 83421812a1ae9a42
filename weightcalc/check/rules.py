"""
The table of rules: a rule is a row here, and a function in `mask_rules` or `set_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..counts.palettes import HINT
from ..counts.tally import LabelledMask
from . import mask_rules, set_rules
from .findings import ERROR, OFF, WARNING, Finding
from .mask_rules import Surroundings
from .set_rules import Whole

_NAMES_DIFFER = (
    "where names differ, --mask-name and --image-name with patterns in which {} stands for what "
    "both names share"
)
OnMask = Callable[[LabelledMask, Surroundings], str]
OnSet = Callable[[Whole], Iterator[Finding]]


class Rule(NamedTuple):
    """
    A rule of `weightcalc check`.

    Attributes
    ----------
    level : str
        Unless `--rule` says otherwise.
    what : str
        What a finding means, as a heading.
    hint : str
        What to do about it.
    needs : tuple of str
        Names of `Settings` of which one must be given.
    on_mask : callable or None
        Gives what is wrong with a mask, or "".
    on_set : callable or None
        Yields what is wrong with a set.
    per_class : bool
        Whether its findings are about classes.
    """

    level: str
    what: str
    hint: str = ""
    needs: tuple[str, ...] = ()
    on_mask: OnMask | None = None
    on_set: OnSet | None = None
    per_class: bool = False


RULES: dict[str, Rule] = {
    "unreadable": Rule(
        ERROR, "mask that is missing, damaged, or of a format that is not supported"
    ),
    "unusable": Rule(ERROR, "mask whose values, shape or size cannot be used"),
    "lfs-pointer": Rule(
        ERROR,
        "pointer of Git LFS, git-annex or DVC in place of a mask",
        "git lfs pull, git annex get, dvc pull",
    ),
    "lossy": Rule(
        ERROR,
        "mask in a lossy format, which invents values",
        "save masks as PNG; --allow-lossy counts them all the same",
    ),
    "wrong-kind": Rule(
        ERROR,
        "mask of a kind that does not fit: colours for indices, or another mode than most",
        "--include GLOB for one kind; --encoding index or color says what all hold",
        on_set=set_rules.wrong_kind,
    ),
    "odd-file": Rule(
        WARNING,
        "file that is odd, though its counts are right",
        on_mask=mask_rules.odd_file,
    ),
    "unknown-value": Rule(
        ERROR,
        "value that is neither a class nor ignored",
        "--ignore-index VALUE leaves it out, --map VALUE:CLASS counts it, -n more classes",
        on_mask=mask_rules.unknown_value,
    ),
    "unknown-color": Rule(
        ERROR,
        "colour that is neither a class nor ignored",
        "--ignore-index '#RRGGBB' leaves it out, --ignore-index '*' all of them; "
        "--map '#RRGGBB:CLASS' counts it",
        on_mask=mask_rules.unknown_color,
    ),
    "palette-differs": Rule(
        ERROR,
        "palette mask whose indices have other colours than elsewhere",
        HINT,
        on_mask=mask_rules.palette_differs,
    ),
    "unlabelled-mask": Rule(
        WARNING, "mask without any labelled pixel", on_mask=mask_rules.unlabelled_mask
    ),
    "single-value-mask": Rule(
        OFF,
        "mask that holds one value only",
        "look whether it was exported empty; if scenes of one class are right, leave the rule off",
        on_mask=mask_rules.single_value_mask,
    ),
    "duplicate-mask": Rule(
        OFF,
        "mask that this set holds twice",
        "remove one of both, or look whether a mask was saved under the name of another",
        on_mask=mask_rules.duplicate_mask,
    ),
    "class-never-seen": Rule(
        WARNING,
        "class that no mask holds",
        on_set=set_rules.class_never_seen,
        per_class=True,
    ),
    "class-vanished": Rule(
        ERROR,
        "class that the baseline holds and this set does not",
        "look for masks that are missing or were exported without it; weightcalc count makes a "
        "new baseline, if the change is meant",
        needs=("baseline",),
        on_set=set_rules.class_vanished,
        per_class=True,
    ),
    "rare-class": Rule(
        ERROR,
        "class in too few masks or pixels",
        needs=("min_masks", "min_pixels"),
        on_set=set_rules.rare_class,
        per_class=True,
    ),
    "imbalance": Rule(
        ERROR,
        "classes of too different sizes",
        needs=("max_imbalance",),
        on_set=set_rules.imbalance,
    ),
    "ignored-pixels": Rule(
        ERROR,
        "too many ignored pixels",
        needs=("max_ignored",),
        on_set=set_rules.ignored_pixels,
    ),
    "image-size": Rule(
        ERROR,
        "mask whose size is not that of its image",
        needs=("images",),
        on_mask=mask_rules.image_size,
    ),
    "image-missing": Rule(
        ERROR,
        "mask without an image",
        _NAMES_DIFFER,
        needs=("images",),
        on_mask=mask_rules.image_missing,
    ),
    "image-rotated": Rule(
        WARNING,
        "image that EXIF turns or mirrors when it is shown, which many loaders do not do",
        "save the images as they are shown and without EXIF orientation (ImageOps.exif_transpose "
        "of Pillow, mogrify -auto-orient), then compare them with their masks",
        needs=("images",),
        on_mask=mask_rules.image_rotated,
    ),
    "mask-missing": Rule(
        WARNING,
        "image without a mask",
        _NAMES_DIFFER,
        needs=("images",),
        on_set=set_rules.mask_missing,
    ),
    "split-leak": Rule(
        ERROR,
        "mask that another split holds too",
        needs=("against",),
        on_mask=mask_rules.split_leak,
    ),
    "drift": Rule(
        ERROR,
        "shares of classes that are far from the baseline",
        "weightcalc count makes a new baseline, if the change is meant",
        needs=("baseline",),
        on_set=set_rules.drift,
    ),
    "class-drift": Rule(
        ERROR,
        "class whose share is far larger or smaller than in the baseline",
        "look at its masks, or allow more with --max-class-drift; weightcalc count makes a new "
        "baseline, if the change is meant",
        needs=("max_class_drift",),
        on_set=set_rules.class_drift,
        per_class=True,
    ),
    "stale-weights": Rule(
        ERROR,
        "weights that are not those of these masks",
        "weightcalc weights makes them anew; -m, -p, --clip and --normalize say how a bare list "
        "was made",
        needs=("weights",),
        on_set=set_rules.stale_weights,
        per_class=True,
    ),
}
