"""
Which method makes a list of weights out of counts, and with what parameters.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..counts.class_counts import ClassCounts
from ..errors import WeightError
from ..weights.class_weights import (
    absent_classes,
    list_class_weights,
    present_classes,
)
from ..weights.formula import Formula, all_parameters
from ..weights.formulas import METHODS, median
from .clipping import clip_of, is_within
from .inversions import (
    HALF_MEAN,
    MEAN,
    NO,
    POSSIBLE,
    YES,
    Options,
    Parameters,
    Reading,
    never_seen_weight,
)
from .weight_list import COARSE, FLOAT64, WeightList, shortest

ALL_PIXELS = "all pixels for those of its masks"
_ALSO_PUBLISHED: dict[str, tuple[Parameters, ...]] = {
    "inverse-frequency": ({"unit": "masks"},),
    "balanced": ({"unit": "masks"},),
    "pos-weight": ({"unit": "masks"},),
    "enet": ({"c": 1.1},),  # ERFNet
    "effective-number": ({"unit": "masks"},),
    "inverse-log-count": ({"offset": 1.0},),
}
_DENOMINATORS = {
    "median-frequency": ("published", "labelled"),
    "effective-number": ("published",),
    "inverse-log-count": ("published",),
    "uniform": ("published",),
}
_CLIPS = 50  # methods, parameters and denominators that are tried with limits
_STEP = 0.25  # of the decimal logarithm of a parameter
_GOLDEN = (math.sqrt(5) - 1) / 2


class _View(NamedTuple):
    """One way to take the counts, of which a method then makes weights."""

    listed: WeightList
    counts: ClassCounts
    formula: Formula  # whose method and parameters are still open
    ignored: list[int]

    def weights(self, method: str, parameters: Parameters) -> list[float] | None:
        """The weights that the method gives, 0 for classes without a pixel."""
        try:
            formula = self.formula._replace(method=method, params=parameters)
            return list_class_weights(self.counts, formula)
        except WeightError:
            return None

    def options(self) -> Options:
        """What of it is not the default of ``weightcalc weights``."""
        found: Options = {}
        if self.formula.zero:
            found["zero"] = list(self.formula.zero)
        if self.ignored:
            found["ignored"] = self.ignored
        if self.formula.normalize != "none":
            found["normalize"] = self.formula.normalize
        if self.formula.denominator != "published":
            found["denominator"] = self.formula.denominator
        if self.formula.clip is not None:
            low, high = (f"{end:.12g}" if 0 < end < math.inf else "" for end in self.formula.clip)
            found["clip"] = f"{low}:{high}"
        return found


class _Search(NamedTuple):
    """Where a parameter lies: origin + sign * 10^u, for u between two bounds."""

    name: str
    low: float
    high: float
    origin: float = 0.0
    sign: int = 1

    def value(self, natural: float) -> float:
        """The parameter, freed of what the sum of two floats adds to its digits."""
        return round(self.origin + self.sign * natural, 15)


_SEARCHES = {
    "enet": _Search("c", -5, 1.5, origin=1.0),
    "effective-number": _Search("beta", -12, -0.1, origin=1.0, sign=-1),
    "power": _Search("exponent", -2, 1),
    "smoothed-inverse": _Search("eps", -9, 1),
    "log-inverse": _Search("mu", -3, 3),
    "inverse-log-count": _Search("offset", -2, 12),
}


def fits_of(listed: WeightList, counts: ClassCounts) -> list[Reading]:
    """The best that each method can do with the counts, and known mistakes that fit."""
    if not any(listed.weights[index] for index in present_classes(counts)):
        return []
    views = list(_views(listed, counts))
    found = [_best(_readings_by(method, views, counts)) for method in METHODS]
    others = [_best(_mistaken(views))]
    if not any(reading.fits == YES for reading in [*found, *others]):
        others.append(_best(_scaled(views)))
        others += _clipped(views)
    return found + [reading for reading in others if reading.fits == YES]


def _views(listed: WeightList, counts: ClassCounts) -> Iterator[_View]:
    """A class of weight 0 was counted and zeroed, or was ignored when the weights were made."""
    zero = [index for index in present_classes(counts) if not listed.weights[index]]
    kinds = ["none", *listed.normalizations()]
    for kind in kinds:
        yield _View(listed, counts, Formula(zero=tuple(zero), normalize=kind), [])
    if zero and sum(counts.pixels) <= counts.labelled_pixels:  # else classes overlap
        without = _without(counts, zero)
        yield from (_View(listed, without, Formula(normalize=kind), zero) for kind in kinds)


def _without(counts: ClassCounts, ignored: Sequence[int]) -> ClassCounts:
    """The counts, had these classes been ignored; `labelled_mask_pixels` cannot be known."""
    rest = copy.deepcopy(counts)
    for index in ignored:
        rest.ignored_pixels += rest.pixels[index]
        rest.ignored_classes.add(index)
        for column in rest.columns():
            column[index] = 0
    return rest


def _readings_by(method: str, views: Sequence[_View], counts: ClassCounts) -> Iterator[Reading]:
    each = _by_denominators(method, views)
    published = [
        _compare(view, method, parameters)
        for parameters in ({}, *_ALSO_PUBLISHED.get(method, ()))
        for view in each
    ]
    yield from published
    if method in _SEARCHES and not any(reading.fits == YES for reading in published):
        for view in each:
            for fixed in ({}, {"unit": "masks"}) if method == "effective-number" else ({},):
                yield _fitted(view, method, fixed)


def _by_denominators(method: str, views: Iterable[_View]) -> list[_View]:
    """Each view with each denominator that makes a difference."""
    return [
        view._replace(formula=view.formula._replace(denominator=denominator))
        for view in views
        for denominator in _DENOMINATORS.get(method, ("published", "all"))
        if denominator == "published" or view.counts.ignored_pixels
        if not (denominator == "labelled" and view.ignored)
    ]


def _best(readings: Iterator[Reading]) -> Reading:
    """The one that fits, with the fewest options; else the one that comes nearest."""
    order = (YES, POSSIBLE, NO)
    return min(
        readings,
        key=lambda r: (order.index(r.fits), len(r.options) if r.fits == YES else 0, r.excess),
    )


def _compare(view: _View, method: str, parameters: Parameters, fitted: int = 0) -> Reading:
    """Read the list as what a method gives."""
    given = all_parameters(method, parameters)
    computed = view.weights(method, parameters)
    if computed is None:
        return Reading(method, given, NO, "gives no weights")
    never_seen, options = _fill(view, computed, never_seen_weight(method, given))
    reading = Reading(
        method, given, NO, never_seen=never_seen, options=view.options() | options,
        computed=computed,
    )  # fmt: skip
    return _judged(view, reading, fitted + (view.formula.normalize != "none"))


def _judged(view: _View, reading: Reading, fitted: int) -> Reading:
    """State how far the computed weights are off, and whether that is all rounding."""
    listed = view.listed
    off = [abs(a - b) for a, b in zip(listed.weights, reading.computed, strict=True)]
    excess = [_ratio(by, slack) for by, slack in zip(off, listed.tolerances, strict=True)]
    worst = excess.index(max(excess))
    reading = replace(reading, deviation=off[worst], deviates=worst, excess=excess[worst])
    if excess[worst] > 1:
        return reading
    exact = all(by <= FLOAT64 * w for by, w in zip(off, listed.weights, strict=True))
    if _chance(view, listed.taken_exactly() if exact else listed, fitted) > COARSE:
        return replace(reading, fits=POSSIBLE, reason="so would most lists")
    return replace(reading, fits=YES)


def _ratio(deviation: float, tolerance: float) -> float:
    return deviation / tolerance if tolerance else math.inf if deviation else 0.0


def _chance(view: _View, listed: WeightList, fitted: int) -> float:
    """How likely other weights would agree too; of those tested, some set what was fitted."""
    clip = view.formula.clip
    tested = [index for index in present_classes(view.counts) if listed.weights[index]]
    if clip is not None:  # the weights of which set the limits
        tested = [index for index in tested if is_within(listed, index, clip)]
    each = sorted(min(1.0, 2 * listed.tolerances[i] / listed.weights[i]) for i in tested)
    return math.prod(each[fitted:]) * (1 if clip is None else _CLIPS)


def _fill(view: _View, computed: list[float], limit: float) -> tuple[list[int], Options]:
    """Give the classes without a pixel the weight that explains those listed best."""
    absent = [c for c in absent_classes(view.counts) if view.listed.weights[c]]
    if not absent:
        return [], {}
    choices = {"one": 1.0, "max": max(computed), "never seen": limit}
    off = {
        name: max(abs(view.listed.weights[c] - weight) for c in absent)
        for name, weight in choices.items()
    }
    name = min(off, key=lambda choice: off[choice])
    for index in absent:
        computed[index] = choices[name]
    return (absent, {}) if name == "never seen" else ([], {"absent": name})


def _fitted(view: _View, method: str, fixed: Parameters) -> Reading:
    """The parameter that comes nearest, rounded as far as the list allows."""
    search = _SEARCHES[method]

    def at(natural: float) -> Reading:
        parameters = {**fixed, search.name: search.value(natural)}
        return _compare(view, method, parameters, fitted=1)

    best = _minimum(lambda u: at(10.0**u).excess, search.low, search.high)
    readings = (at(float(f"{10.0**best:.{digits}g}")) for digits in range(1, 16))
    exact = at(10.0**best)
    if exact.excess > 1:
        return exact
    return next((reading for reading in readings if reading.excess <= 1), exact)


def _minimum(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that falls, then rises, is least or at most 1: a grid, then sections."""
    steps = round((high - low) / _STEP)
    grid = [low + (high - low) * step / steps for step in range(steps + 1)]
    middle = min(grid, key=excess)
    low, high = max(low, middle - _STEP), min(high, middle + _STEP)
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = excess(a), excess(b)
    while high - low > 1e-14 * max(1, abs(high)) and min(at_a, at_b) > 1:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = excess(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = excess(b)
    return min((middle, a, b), key=excess)


def _mistaken(views: Sequence[_View]) -> Iterator[Reading]:
    """Median frequency balancing, as it is often got wrong."""
    for view in views:
        if view.formula.normalize == "none":
            yield from _mistakes_of(view)
            if view.counts.ignored_pixels and not view.ignored:
                yield from _mistakes_of(
                    view._replace(formula=view.formula._replace(denominator="labelled"))
                )


def _mistakes_of(view: _View) -> Iterator[Reading]:
    of_all = view._replace(
        formula=view.formula._replace(zero=())
    )  # whose weights are the inverse frequencies, up to a factor
    weights = of_all.weights("median-frequency", {}) or []
    totals = of_all.weights("inverse-frequency", {}) or []
    inverse = [1 / w for w in weights if w]
    if not inverse or not any(totals):  # numbers beyond all bounds give none
        yield Reading("median-frequency", {}, NO, "gives no weights", mistake=MEAN)
        return
    mean, middle = math.fsum(inverse) / len(inverse), median([1 / w for w in totals if w])
    for mistake, base, factor in (
        (HALF_MEAN, weights, mean / 2),
        (MEAN, weights, mean),
        (ALL_PIXELS, totals, middle),
    ):
        computed = [0.0 if c in view.formula.zero else factor * w for c, w in enumerate(base)]
        reading = Reading("median-frequency", {}, NO, options=view.options(), mistake=mistake)
        yield _judged(view, replace(reading, computed=computed), 0)


def _scaled(views: Sequence[_View]) -> Iterator[Reading]:
    """Weights of a method times a number, the last thing to try."""
    for method in METHODS:
        for view in views:
            for parameters in ({}, *_ALSO_PUBLISHED.get(method, ())):
                yield _times(view, method, parameters)


def _times(view: _View, method: str, parameters: Parameters) -> Reading:
    given = all_parameters(method, parameters)
    computed = view.weights(method, parameters)
    pairs = [(i, computed[i]) for i in view.listed.seen if computed and computed[i] > 0]
    if computed is None or len(pairs) < len(view.listed.seen):
        return Reading(method, given, NO, "gives no weights")
    weights, slack = view.listed.weights, view.listed.tolerances
    low = max((weights[i] - slack[i]) / w for i, w in pairs)
    high = min((weights[i] + slack[i]) / w for i, w in pairs)
    factor = shortest(min(low, high), max(low, high))
    reading = Reading(
        method, {**given, "factor": factor}, NO, options=view.options(),
        computed=[factor * w for w in computed],
    )  # fmt: skip
    return _judged(view, reading, 1)


def _clipped(views: Sequence[_View]) -> list[Reading]:
    """Weights of a method by `--clip`, whose limits are the ends of the list."""
    plain = [view for view in views if view.formula.normalize == "none"]
    found = [
        _compare(bounded, method, parameters, fitted=int(method == "median-frequency"))
        for method in METHODS
        for view in _by_denominators(method, plain)
        for parameters in ({}, *_ALSO_PUBLISHED.get(method, ()))
        if (bounded := _bounded(view, method, parameters)) is not None
    ]
    return [_best(iter(found))] if found else []


def _bounded(view: _View, method: str, parameters: Parameters) -> _View | None:
    """The view with the limits that the list shows; None where nothing is beyond its ends."""
    computed, listed = view.weights(method, parameters), view.listed
    present = [index for index in present_classes(view.counts) if listed.weights[index]]
    clip = clip_of(listed, computed, present) if computed else (0.0, math.inf)
    if clip == (0.0, math.inf):
        return None
    return view._replace(formula=view.formula._replace(clip=clip))
