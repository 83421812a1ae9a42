"""
Class weights: a formula applied to counts, then clipped, normalised, and filled up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import WeightError
from ..text.numbers import listed
from .formula import Formula
from .formulas import METHODS, Frequencies

if TYPE_CHECKING:
    import numpy as np

    from ..counts.class_counts import ClassCounts


_FAR_APART = 100  # the ratio of two weights from which on training may suffer


def compute_class_weights(
    counts: ClassCounts,
    method: str = "median-frequency",
    *,
    zero: Collection[int] = (),
    absent: str = "zero",
    normalize: str = "none",
    clip: tuple[float, float] | None = None,
    denominator: str = "published",
    **params: float | str,
) -> np.ndarray:
    """
    Weights of all classes by a published formula.

    The formula is applied to the classes that occur; then weights are clipped,
    normalised, given to absent classes, and set to 0 for the classes of `zero`.

    Parameters
    ----------
    counts : ClassCounts
    method : str
        One of `METHODS`.
    zero : collection of int
        Classes that are counted as others are and get weight 0.
    absent : str
        Weight of a class without pixels: "zero", "one", "max" (the largest of the
        others) or "error".
    normalize : str
        "mean", "sum", "max" or "min" of the weights becomes 1; "none" leaves them.
    clip : tuple of float, optional
        Least and largest weight.
    denominator : str
        How ignored pixels enter: "published" in P_c only, "labelled" nowhere,
        "all" in both N and P_c.
    **params : float or str
        Parameters of the method.

    Returns
    -------
    ndarray of float64, shape (num_classes,)
        In order of class ids. Finite; 0 for ignored classes.

    Raises
    ------
    WeightError
        If the counts or the parameters allow no weight.
    """
    import numpy as np

    formula = Formula(method, params, tuple(zero), absent, normalize, clip, denominator)
    return np.array(list_class_weights(counts, formula))


def list_class_weights(counts: ClassCounts, formula: Formula) -> list[float]:
    """
    Give what `compute_class_weights` does, as a list, without NumPy.

    Raises
    ------
    WeightError
        If no weight follows from the counts.
    """
    zero, clip = formula.zero, formula.clip
    _check_zero(counts, zero)
    present = present_classes(counts)
    if not present:
        raise WeightError("no class has a pixel: there is nothing to weigh")
    if formula.needs_masks and not counts.num_masks:
        raise WeightError(
            f"{_called(formula)} needs to know which masks hold each class, and these are numbers "
            "of pixels alone"
        ).with_hint("-m balanced or inverse-frequency; or count the masks instead")
    values = _apply(formula, _frequencies(counts, present, formula))
    weights = dict(zip(present, values, strict=True))
    if clip is not None:
        weights = {c: min(max(w, clip[0]), clip[1]) for c, w in weights.items()}
    _normalize(weights, formula.normalize, zero)
    missing = [c for c in absent_classes(counts) if c not in zero]
    if missing:
        of_absent = _weight_of_absent(counts, missing, weights, formula)
        weights |= dict.fromkeys(missing, of_absent)
    return [0.0 if c in zero else weights.get(c, 0.0) for c in range(counts.num_classes)]


def present_classes(counts: ClassCounts) -> list[int]:
    """Ids of the classes that have pixels."""
    return [c for c, pixels in enumerate(counts.pixels) if pixels]


def absent_classes(counts: ClassCounts) -> list[int]:
    """Ids of the classes that have no pixels and are not ignored."""
    return [
        c
        for c, pixels in enumerate(counts.pixels)
        if not pixels and c not in counts.ignored_classes
    ]


def _check_zero(counts: ClassCounts, zero: Collection[int]) -> None:
    for index in zero:
        if not 0 <= index < counts.num_classes:
            raise WeightError(
                f"class {index} is to get weight 0, but the classes are 0 to "
                f"{counts.num_classes - 1}"
            ).with_hint("-n/--num-classes, or another --zero")


def _frequencies(counts: ClassCounts, present: Sequence[int], formula: Formula) -> Frequencies:
    labelled = formula.denominator == "labelled"
    mask_pixels = counts.labelled_mask_pixels if labelled else counts.mask_pixels
    numbers, total = counts.pixels, counts.labelled_pixels
    if formula.unit == "masks":
        numbers, total = counts.masks, counts.num_masks
    elif formula.denominator == "all":
        total = counts.num_pixels
    return Frequencies(
        tuple(counts.name(c) for c in present),
        tuple(numbers[c] for c in present),
        tuple(mask_pixels[c] for c in present),
        total,
        formula.unit,
    )


def _apply(formula: Formula, f: Frequencies) -> list[float]:
    try:
        values = METHODS[formula.method](f, **formula.own_params())
    except (OverflowError, ZeroDivisionError) as error:
        raise WeightError(f"{_called(formula)} has no finite weights") from error
    for name, value in zip(f.names, values, strict=True):
        if not math.isfinite(value):
            raise WeightError(f"{_called(formula)} gives class {name} weight {value}")
    return values


def _called(formula: Formula) -> str:
    given = ", ".join(f"{name}={value}" for name, value in formula.params.items())
    return f"{formula.method} with {given}" if given else formula.method


def _normalize(weights: dict[int, float], normalize: str, zero: Collection[int]) -> None:
    some = [w for c, w in weights.items() if c not in zero]
    if normalize == "none" or not some:
        return
    total = math.fsum(some)
    scale = {"mean": total / len(some), "sum": total, "max": max(some), "min": min(some)}[normalize]
    if scale <= 0:
        raise WeightError(f"weights whose {normalize} is {scale:g} cannot be normalised")
    for c in weights:
        weights[c] /= scale


def _weight_of_absent(
    counts: ClassCounts,
    missing: Sequence[int],
    weights: Mapping[int, float],
    formula: Formula,
) -> float:
    if formula.absent == "error":
        names = listed([counts.name(c) for c in missing])
        raise WeightError(f"no mask holds class {names}").with_hint("--absent zero, one or max")
    largest = max((w for c, w in weights.items() if c not in formula.zero), default=0.0)
    return {"zero": 0.0, "one": 1.0, "max": largest}[formula.absent]


def remarks(
    counts: ClassCounts, weights: Sequence[float], formula: Formula, remedy: str = ""
) -> list[str]:
    """
    What a person should know about weights that are right and may not be what they want.

    `remedy` is what to do where a class is in no mask.
    """
    found = []
    method, zero = formula.method, formula.zero
    missing = [c for c in absent_classes(counts) if c not in zero]
    if missing:
        names = listed([counts.name(c) for c in missing])
        weight = f"{weights[missing[0]]:g}"
        remark = f"no mask holds class {names}: weight {weight} (--absent {formula.absent})"
        found.append(f"{remark}; {remedy}" if remedy else remark)
    everyone = present_classes(counts)
    fills = len(everyone) == 1 and counts.pixels[everyone[0]] == counts.labelled_pixels
    if fills and method != "pos-weight":  # which has a remark of its own
        found.append(f"only one class has pixels ({counts.name(everyone[0])}): nothing to balance")
    present = [c for c in everyone if c not in zero]
    some = [float(weights[c]) for c in present]
    if method == "effective-number":
        found += _on_saturation(counts, formula, present)
    if method == "pos-weight":
        full = [counts.name(c) for c in present if not weights[c]]
        does = "is in every mask" if formula.unit == "masks" else "fills every labelled pixel"
        found += [f"class {name} {does}: weight 0" for name in full]
    if formula.normalize in ("mean", "sum") and len(some) > 1 and max(some) > sum(some) / 2:
        name = counts.name(present[some.index(max(some))])
        found.append(f"class {name} alone holds over half of the sum of all weights")
    return found


def on_spread(counts: ClassCounts, weights: Sequence[float], formula: Formula) -> str:
    """That the weights of classes with pixels lie far apart, and what brings them together; or ""."""
    some = [weights[c] for c in present_classes(counts) if weights[c] > 0]
    ratio = max(some, default=1.0) / min(some, default=1.0)
    if ratio <= _FAR_APART:
        return ""
    narrower = "" if formula.clip is None else "a narrower "
    # Losses that ask for pos-weight, one for each class, have no use for weights of another kind.
    other = "" if formula.method in ("enet", "pos-weight") else " or -m enet"
    return (
        f"weights differ by a factor of {ratio:,.0f}: {narrower}--clip LOW:HIGH{other} bounds them"
    )


def _on_saturation(counts: ClassCounts, formula: Formula, present: Sequence[int]) -> Iterator[str]:
    """That there are too many pixels or masks for the classes to get different weights."""
    f = _frequencies(counts, present, formula)
    if _agree(f.numbers) or not _agree(_apply(formula, f)):
        return
    by_masks = formula._replace(params={**formula.params, "unit": "masks"})
    helps = (
        f.unit == "pixels"
        and counts.num_masks > 0  # none of pasted counts
        and not _agree(_apply(by_masks, _frequencies(counts, present, by_masks)))
    )
    yield (
        f"effective-number: all weights agree to 1 %, for so many {f.unit} saturate it; "
        f"{'-p unit=masks or ' if helps else ''}a larger -p beta tells classes apart"
    )


def tells_apart(counts: ClassCounts, formula: Formula) -> bool:
    """Whether the classes that have pixels get weights that differ by more than 1 %."""
    weights = list_class_weights(counts, formula)
    return not _agree([weights[c] for c in present_classes(counts) if c not in formula.zero])


def _agree(numbers: Sequence[float]) -> bool:
    return not numbers or max(numbers) <= 1.01 * min(numbers)
