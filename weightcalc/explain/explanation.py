"""
What a list of weights says of how it was made: by itself, and beside counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral

from ..counts.class_counts import ClassCounts
from ..counts.counts_file import read_counts
from ..errors import WeightError
from ..weights.formula import parameters_of
from ..weights.stated import read_weights
from .clipping import clipped_ends
from .fits import fits_of
from .inversions import HALF_MEAN, MEAN, POSSIBLE, YES, Reading, readings_of
from .weight_list import WeightList, check_weights, weight_list

KINDS = {"mean": "mean", "sum": "sum", "max": "largest", "min": "smallest"}
_COUNTS = "counts (--counts)"
_WHY = {
    "median-frequency": "the weight in the middle is 1",
    "uniform": "all weights agree",
    "effective-number": "the numbers that it implies are whole",
    "inverse-log-count": "the numbers of pixels that it implies are whole",
    MEAN: "the inverse weights sum to their number",
    HALF_MEAN: "the inverse weights sum to twice their number",
}


@dataclass(frozen=True)
class Explanation:
    """
    What `explain_weights` found.

    Attributes
    ----------
    verdict : str
        One sentence.
    listed : WeightList
        The weights, and how well they are known.
    names : list of str or None, one for each class
    readings : list of Reading
        One for each method, in the order of `METHODS`, then what else fits, such as
        known mistakes.
    with_counts : bool
        Whether the weights were compared with those of counts.
    """

    verdict: str
    listed: WeightList
    names: list[str | None]
    readings: list[Reading]
    with_counts: bool

    @property
    def best(self) -> Reading | None:
        """The reading that fits, the simplest of several; None if none does."""
        return next(iter(_fitting(self.readings)), None)


def explain_weights(
    weights: Sequence[float | Decimal],
    counts: ClassCounts | None = None,
    *,
    names: Sequence[str | None] = (),
) -> Explanation:
    """
    Find the method, and its parameters, by which weights were made.

    By themselves, weights are known up to what their digits say, and most formulas have
    one test that they can fail: the shares that they imply must sum to 1. Beside counts,
    each method is tried with its defaults, with fitted parameters, and normalised.

    Parameters
    ----------
    weights : sequence of float or Decimal, one for each class
        In order of class ids. A Decimal keeps the zeros at its end, a float does not.
    counts : ClassCounts, optional
        Of the data set that the weights are for.
    names : sequence of str, optional
        Names of the classes. Default is those of the counts.

    Returns
    -------
    Explanation

    Raises
    ------
    WeightError
        If a weight is negative or not finite, or the counts are of other classes.
    """
    numbers = [_decimal(weight) for weight in weights]
    known = list(names or (counts.class_names if counts else [None] * len(numbers)))
    check_weights(numbers, known)
    if counts is not None and counts.num_classes != len(numbers):
        raise WeightError(
            f"{len(numbers)} weights, but counts of {counts.num_classes} classes"
        ).with_hint("counts of the same classes: weightcalc count -n NUMBER")
    listed = weight_list(numbers)
    readings = readings_of(listed) if counts is None else fits_of(listed, counts)
    verdict = _verdict(listed, readings, counts is not None)
    return Explanation(verdict, listed, known, readings, counts is not None)


def _decimal(weight: float | Decimal) -> Decimal:
    if isinstance(weight, Integral):
        return Decimal(int(weight))
    return weight if isinstance(weight, Decimal) else Decimal(repr(float(weight)))


def explain_file(weights: str, counts: str | None) -> Explanation:
    """
    Explain a file or a pasted list of weights, as the command line names them.

    A report holds the counts that it was made of; others take their place.

    Raises
    ------
    WeightcalcError
        If a file cannot be read.
    """
    given = read_weights(weights)
    found = read_counts(counts) if counts else given.counts
    try:
        numbers, names = given.in_order()
        return explain_weights(numbers, found, names=names if any(names) else ())
    except WeightError as error:
        raise WeightError(f"{given.source}: {error}").with_hint(error.hint) from error


def _fitting(readings: Sequence[Reading]) -> list[Reading]:
    """The readings that fit, the simplest first."""

    def costs(reading: Reading) -> tuple[bool, bool, bool, int]:
        simple = reading.method == "uniform"
        return bool(reading.mistake), not simple, _is_fitted(reading), len(reading.options)

    return sorted((reading for reading in readings if reading.fits == YES), key=costs)


def _verdict(listed: WeightList, readings: Sequence[Reading], with_counts: bool) -> str:
    fitting = _fitting(readings)
    if not fitting:
        text, clipped = _no_method(listed, readings, with_counts), _clipped(listed)
        tell = "" if with_counts or _COUNTS in text else f"; {_COUNTS} can tell"
        return f"{text} {clipped[0].upper()}{clipped[1:]}{tell}." if clipped else text
    best, others = fitting[0], fitting[1:]
    text = f"{described(best)} {'reproduces the list' if with_counts else 'fits'}: "
    text += _off_by(best) if with_counts else _reason(best)
    if best.never_seen:
        who = classes_in_words(best.never_seen, "carries", "carry")
        text += f"; {who} the weight of a class never seen"
    elif best.method == "median-frequency" and not with_counts:  # which clipping leaves as it is
        text += "; " * bool(clipped := _clipped(listed)) + clipped
    return f"{text}{_as_well([r for r in others if not _is_fitted(r)], described)}" + (
        f"{_as_well([r for r in others if _is_fitted(r)], lambda r: r.method)}."
    )


def _clipped(listed: WeightList) -> str:
    """Which classes stand at an end of the list, as if clipped; "" if none seems to."""
    ends = clipped_ends(listed)
    at = [f"{listed.weights[end[0]]:.6g}" if end else "" for end in ends]
    said = [
        f"{classes_in_words(end, 'weighs', 'weigh')} {weight}"
        for end, weight in zip(ends, at, strict=True)
        if end
    ]
    if not said:
        return ""
    how = "--clip and --normalize" if listed.normalizations() else f"--clip {':'.join(at)}"
    return f"{' and '.join(said)}, as after {how}"


def _as_well(readings: Sequence[Reading], name: Callable[[Reading], str]) -> str:
    if not readings:
        return ""
    fitted = "with fitted parameters " if _is_fitted(readings[0]) else ""
    plural = "" if len(readings) > 1 else "s"
    return f"; {fitted}{', '.join(map(name, readings))} fit{plural} as well"


def _is_fitted(reading: Reading) -> bool:
    defaults = parameters_of(reading.method)
    return any(defaults.get(name) != value for name, value in reading.parameters.items())


def _off_by(reading: Reading) -> str:
    where = f"largest deviation {reading.deviation:.2g}, at class {reading.deviates}"
    exact = "no weight deviates" if not reading.deviation else where
    return f"{exact}; it is a known mistake" if reading.mistake else exact


def _reason(reading: Reading) -> str:
    if reading.total is None or reading.mistake:
        return _WHY.get(reading.mistake or reading.method, reading.reason)
    sums = f"the class shares that it implies sum to {reading.total:.4f}"
    return f"{sums} and fit {reading.reason}" if reading.reason else sums


def classes_in_words(indices: Sequence[int], does: str, do: str) -> str:
    """Some classes and what they do, such as "class 3 carries"."""
    shown = ", ".join(map(str, indices[:10])) + ", ..." * (len(indices) > 10)
    return f"class {shown} {does}" if len(indices) == 1 else f"classes {shown} {do}"


def _no_method(listed: WeightList, readings: Sequence[Reading], with_counts: bool) -> str:
    if not readings:
        return (
            "No method fits: no class has a weight and pixels."
            if with_counts
            else ("No method fits: all weights are 0.")
        )
    if with_counts:
        nearest = min(readings, key=lambda reading: reading.excess)
        return f"No method fits: {described(nearest)} comes nearest, {_off_by(nearest)}."
    kind = next(iter(listed.normalizations()), None)
    if kind is not None:
        return (
            f"No method fits the list as it stands; the {KINDS[kind]} of its weights is 1, so "
            f"that it may be normalised, and only {_COUNTS} can tell how it was made."
        )
    on_condition = [
        f"{described(reading)} would, {reading.reason}"
        for reading in readings
        if reading.fits == POSSIBLE and reading.reason.startswith("if ")
        if reading.method != "pos-weight"  # which would of any list
    ]
    if on_condition:
        known = ", ".join(on_condition)
        return f"No method fits for certain: {known}; {_COUNTS} can tell."
    return "No method fits: no published or round parameter gives shares that sum to 1."


def described(reading: Reading) -> str:
    """A method with what is not its default, as a sentence names it."""
    words = details_of(reading)
    text = f"{reading.method}{' with ' * bool(words)}{', '.join(words)}"
    return f"{text} ({reading.mistake})" if reading.mistake else text


def details_of(reading: Reading) -> list[str]:
    """Parameters and options of a reading that are not its defaults, as words."""
    digits = 12 if reading.fits == YES else 6
    implied = (("floor", 1.0), ("unit", "pixels"))
    words = [
        f"{name}={value if isinstance(value, str) else f'{value:.{digits}g}'}"
        for name, value in reading.parameters.items()
        if (name, value) not in implied
    ]
    words += [_option(name, value) for name, value in reading.options.items()]
    return words


def _option(name: str, value: str | list[int]) -> str:
    if name == "ignored" and isinstance(value, list):
        return f"class {' '.join(map(str, value))} ignored"
    values = value if isinstance(value, list) else [value]
    return " ".join(f"--{name} {each}" for each in values)
