"""
Formulas turned round: the class shares and parameters that a list of weights implies.

A list is known only as far as it is printed, so every test is of an interval: it is
passed if some list that rounds to the printed one passes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeAlias

from ..weights.formulas import median
from .weight_list import COARSE, FLOAT64, WeightList, is_one

YES, POSSIBLE, NO = "yes", "possible", "no"
MEAN, HALF_MEAN = "the mean for the median", "half the mean for the median"
_COARSELY, _FITTED = "too few decimals", "fitted to sum to 1"
_MOST_PIXELS = 2.0**63
Parameters: TypeAlias = Mapping[str, float | str]
Options: TypeAlias = dict[str, str | list[int]]
_LEAST_SUM = 0.5  # nobody weighs classes of a set most of which is of no class


@dataclass(frozen=True)
class Reading:
    """
    A list of weights, read as the result of one method.

    Attributes
    ----------
    method : str
    parameters : mapping of str to float or str
        Those of the method; "factor" where all weights are multiplied by a number.
    fits : str
        "yes", "no", or "possible": not excluded, and not confirmed either.
    reason : str
        Why, or on what condition.
    shares : list of float or None, one for each class
        Share of the labelled pixels that the weight implies, None where it implies none.
        For median-frequency, frequencies as multiples of the median.
    total : float or None
        Sum of the shares.
    never_seen : list of int
        Classes that carry the weight of a class without a pixel.
    options : dict
        Options of ``weightcalc weights`` beside the parameters.
    mistake : str
        How it departs from the published formula, or "".
    deviation : float or None
        Of the computed weights, the largest; with counts only.
    deviates : int or None
        The class where it is found.
    excess : float
        That deviation in units of what rounding explains.
    computed : list of float
        Weights that the counts give; with counts only.
    """

    method: str
    parameters: Parameters
    fits: str
    reason: str = ""
    shares: list[float | None] = field(default_factory=list)
    total: float | None = None
    never_seen: list[int] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    mistake: str = ""
    deviation: float | None = None
    deviates: int | None = None
    excess: float = math.inf
    computed: list[float] = field(default_factory=list)


class _Inversion(NamedTuple):
    """How a share follows from a weight, and a parameter from shares that sum to 1."""

    share: Callable[[float, float, int], float]  # of weight, parameter, number of classes
    parameter: str = ""
    published: tuple[float, ...] = (0.0,)
    solve: Callable[[Sequence[float]], float] = lambda _: math.nan
    origin: float = 0.0  # "round" is said of the parameter less this
    limit: Callable[[float], float] = lambda _: math.inf  # weight of a class never seen


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _sum_of_exp(weights: Sequence[float]) -> float:
    return math.fsum(min(_exp(1 / w), 1e300) for w in weights)


def _solve_exponent(weights: Sequence[float]) -> float:
    """The a for which the shares w^(-1/a) sum to 1; NaN where none does."""
    if min(weights) <= 1 or len(weights) < 2:
        return math.nan
    low, high = 0.0, 1.0
    while math.fsum(w**-high for w in weights) > 1:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        too_large = math.fsum(w**-middle for w in weights) > 1
        low, high = (middle, high) if too_large else (low, middle)
    return 1 / high


_INVERSIONS = {
    "inverse-frequency": _Inversion(lambda w, _, k: 1 / w),
    "balanced": _Inversion(lambda w, _, k: 1 / (k * w)),
    "enet": _Inversion(
        lambda w, c, k: _exp(1 / w) - c,
        "c", (1.02, 1.1),  # ENet, ERFNet
        lambda weights: (_sum_of_exp(weights) - 1) / len(weights),
        1.0, lambda c: 1 / math.log(c),
    ),
    "power": _Inversion(
        lambda w, a, k: w ** (-1 / a) if math.log(w) / a > -700 else math.inf,
        "exponent", (0.5,), _solve_exponent,
    ),
    "smoothed-inverse": _Inversion(
        lambda w, eps, k: 1 / w - eps,
        "eps", (0.001,),
        lambda weights: (math.fsum(1 / w for w in weights) - 1) / len(weights),
        0.0, lambda eps: 1 / eps if eps else math.inf,
    ),
    "pos-weight": _Inversion(lambda w, _, k: 1 / (1 + w)),
}  # fmt: skip


def never_seen_weight(method: str, parameters: Parameters) -> float:
    """What the formula gives a class without a pixel; infinity where it gives none."""
    if method not in ("enet", "smoothed-inverse"):
        return math.inf
    return _INVERSIONS[method].limit(float(parameters[_INVERSIONS[method].parameter]))


def readings_of(listed: WeightList) -> list[Reading]:
    """The list, read by each method that can be inverted, without counts."""
    if not listed.seen:
        return []
    found = [_surest(read, method, listed) for method, read in _READERS.items()]
    wrong = [_surest(read, "median-frequency", listed) for read in _MISTAKEN]
    found += [reading for reading in wrong if reading.fits == YES]
    kind = next(iter(listed.normalizations()), None)
    if kind is None or any(reading.fits == YES for reading in found):
        return found
    return [_rescaled(reading, listed, kind) for reading in found]


def _surest(read: Callable[[str, WeightList], Reading], method: str, listed: WeightList) -> Reading:
    """Short numbers may be exact (0.5, 2.0) or rounded: the reading that fits."""
    exactly = read(method, listed.taken_exactly())
    return exactly if exactly.fits == YES else read(method, listed)


def _read_by_sum(method: str, listed: WeightList) -> Reading:
    """Shares of the labelled pixels sum to 1: the one test of a list, or its one equation."""
    inversion = _INVERSIONS[method]
    name = inversion.parameter
    if not name:
        return _judge(method, listed, 0.0)
    ends = [inversion.solve(listed.shifted(sign)) for sign in (-1, 0, 1)]
    if any(map(math.isnan, ends)):
        return Reading(method, {}, NO, "a weight is not above 1")
    low, middle, high = sorted(ends)
    if low <= inversion.origin <= high:
        what = "is inverse-frequency" if method == "smoothed-inverse" else "is not above it"
        return Reading(method, {}, NO, f"{name}={inversion.origin:g} {what}")
    # Of short numbers taken exactly, a round parameter is no surprise.
    found = [] if listed.is_exact else list(_round(low, high, inversion.origin))
    readings = [_judge(method, listed, value) for value in found]
    readings += [_published(method, listed, value, low, high) for value in inversion.published]
    if middle > inversion.origin:
        fitted = _judge(method, listed, middle)
        vague = replace(fitted, fits=POSSIBLE, reason=_FITTED)
        readings.append(fitted if fitted.fits == NO else vague)
    return min(readings, key=lambda reading: (YES, POSSIBLE, NO).index(reading.fits))


def _published(method: str, listed: WeightList, value: float, low: float, high: float) -> Reading:
    """Read with a published value; it may lie in an interval too wide to tell anything."""
    reading = _judge(method, listed, value)
    wide = high - low > COARSE * 0.1 * (value - _INVERSIONS[method].origin)
    if reading.fits == YES and low <= value <= high and wide:
        return replace(reading, fits=POSSIBLE, reason=_COARSELY)
    return reading


def _round(low: float, high: float, origin: float) -> Iterator[float]:
    """A number of one or two digits between, if so few lie so near that it is no chance."""
    middle = (low + high) / 2 - origin
    for digits in (1, 2):
        if middle > 0:
            spacing = 10.0 ** (math.floor(math.log10(middle)) - digits + 1)
            value = round(origin + float(f"{middle:.{digits}g}"), 15)
            if low <= value <= high and high - low <= COARSE * spacing:
                yield value


def _judge(method: str, listed: WeightList, value: float) -> Reading:
    """Read with a known parameter: shares must not be negative and must sum to 1."""
    inversion, seen = _INVERSIONS[method], listed.seen
    ends = [
        [inversion.share(w, value, len(seen)) for w in listed.shifted(sign)] for sign in (1, 0, -1)
    ]
    low, shares, high = ends
    absent = [i for i, a, b in zip(seen, low, high, strict=True) if a <= 0 <= b]
    sums = [_sum(each) for each in ends]
    fits, reason = _verdict_of_sum(sums, method, listed.zeros)
    at_least = dict(zip(seen, high, strict=True))
    below = min(at_least, key=lambda i: at_least[i])
    if at_least[below] < 0:
        fits, reason = NO, f"class {below} below 0"
    elif fits == POSSIBLE and absent and method == "enet" and sums[2] < 1:
        fits = YES  # that a weight is 1 / ln(c) to all its digits is no chance
    parameters = {inversion.parameter: value} if inversion.parameter else {}
    return Reading(method, parameters, fits, reason, _spread(listed, shares), sums[1], absent)


def _sum(shares: Sequence[float]) -> float:
    return math.fsum(min(max(share, -1e300), 1e300) for share in shares)


def _spread(listed: WeightList, shares: Sequence[float]) -> list[float | None]:
    pairs = zip(listed.seen, shares, strict=True)
    known = {index: share for index, share in pairs if math.isfinite(share)}
    return [known.get(index) for index in range(len(listed.weights))]


def _verdict_of_sum(sums: Sequence[float], method: str, zeros: Sequence[int]) -> tuple[str, str]:
    low, total, high = sums
    if low <= 1 <= high or abs(total - 1) <= FLOAT64:
        return (YES, "") if high - low <= COARSE else (POSSIBLE, _COARSELY)
    if method == "pos-weight":
        return POSSIBLE, "if classes overlap" if low > 1 else "if pixels lack a class"
    if high < 1 and total > _LEAST_SUM:
        rest = f"{100 * (1 - total):.3g} %"
        return POSSIBLE, f"if zeroed classes hold {rest}" if zeros else f"if {rest} have no class"
    return NO, f"shares sum to {total:.4g}"


def _read_median(method: str, listed: WeightList) -> Reading:
    """The median class weighs 1; of an even number, the middle two have harmonic mean 1."""
    low, middle, high = (1 / median([1 / w for w in listed.shifted(s)]) for s in (-1, 0, 1))
    frequencies = _spread(listed, [1 / w for w in listed.shifted(0)])
    reading = Reading(method, {}, NO, f"middle weight is {middle:.4g}", frequencies)
    if low <= 1 <= high or abs(middle - 1) <= FLOAT64:
        fits = YES if high - low <= COARSE else POSSIBLE
        return replace(reading, fits=fits, reason="" if fits == YES else _COARSELY)
    hidden = _hidden_in_median(listed)
    return replace(reading, fits=POSSIBLE, reason=hidden) if hidden else reading


def _hidden_in_median(listed: WeightList) -> str:
    """What zeroed classes, counted in the median, must have weighed; "" if nothing helps."""
    weights, zeros = sorted(listed.shifted(0)), listed.zeros
    rare, common = ([1 / w for w in weights] + [f] * len(zeros) for f in (0.0, math.inf))
    if not median(rare) <= 1 <= median(common):
        return ""
    half, odd = divmod(len(weights), 2)
    if len(zeros) > 1:
        return f"if the {len(zeros)} zeroed count"
    inverse = 2 - 1 / weights[half] if odd else 1.0
    return f"if class {zeros[0]} had {1 / inverse:.4f}" if inverse > 0 else ""


def _read_mean(method: str, listed: WeightList, part: float = 1.0) -> Reading:
    """The mean in the place of the median: the inverse weights sum to their number."""
    size = len(listed.seen) / part
    low, total, high = (math.fsum(1 / (size * w) for w in listed.shifted(s)) for s in (1, 0, -1))
    frequencies = _spread(listed, [1 / w for w in listed.shifted(0)])
    fits = YES if is_one(low, total, high) else NO
    return Reading(method, {}, fits, "", frequencies, mistake=MEAN if part == 1 else HALF_MEAN)


def _read_log_inverse(method: str, listed: WeightList) -> Reading:
    """Weights above the floor of 1 give shares mu e^-w; those at the floor at least mu / e."""
    weights, slack = listed.weights, listed.tolerances
    low = [i for i in listed.seen if weights[i] < 1 - slack[i]]
    if low:
        return Reading(method, {}, NO, f"class {low[0]} is below the floor")
    floored = sum(weights[i] <= 1 + slack[i] for i in listed.seen)
    if not floored:
        return _read_above_floor(method, listed)
    shares: list[float | None] = [
        0.15 * math.exp(-w) if w > 1 + by else None for w, by in zip(weights, slack, strict=True)
    ]
    least = math.fsum(share or 0.0 for share in shares) + floored * 0.15 / math.e
    if least > 1 + COARSE:
        return Reading(method, {"mu": 0.15}, NO, "shares sum to above 1", shares)
    return Reading(method, {"mu": 0.15}, POSSIBLE, f"{floored} at the floor of 1", shares)


def _read_above_floor(method: str, listed: WeightList) -> Reading:
    ends = [
        1 / max(math.fsum(math.exp(-w) for w in listed.shifted(sign)), 1e-300)
        for sign in (-1, 0, 1)
    ]
    found = [] if listed.is_exact else list(_round(ends[0], ends[2], 0.0))
    mu = [*found, ends[1]][0]
    shares = [mu * math.exp(-w) for w in listed.shifted(0)]
    fits, reason = (YES, "") if found else (POSSIBLE, _FITTED)
    return Reading(method, {"mu": mu}, fits, reason, _spread(listed, shares), math.fsum(shares))


def _read_effective(method: str, listed: WeightList) -> Reading:
    """Weights give numbers of pixels or masks, which are whole."""
    readings = []
    for beta in (0.9999, 0.9, 0.99, 0.999, 0.99999, 0.999999):
        numbers = [[_effective_count(w, beta) for w in listed.shifted(s)] for s in (1, 0, -1)]
        readings.append(_judge_counts(method, {"beta": beta}, listed, numbers))
    return next((reading for reading in readings if reading.fits == YES), readings[0])


def _effective_count(weight: float, beta: float) -> float:
    rest = 1 - (1 - beta) / weight
    return math.log(rest) / math.log(beta) if rest > 0 else math.inf


def _read_inverse_log(method: str, listed: WeightList) -> Reading:
    """Weights give numbers of pixels, which are whole."""
    numbers = [[_exp(1 / w) for w in listed.shifted(sign)] for sign in (1, 0, -1)]
    return _judge_counts(method, {"offset": 0.0}, listed, numbers)


def _judge_counts(
    method: str, parameters: Parameters, listed: WeightList, numbers: Sequence[Sequence[float]]
) -> Reading:
    low, middle, high = numbers
    if max(low) > _MOST_PIXELS:
        worst = listed.seen[low.index(max(low))]
        return Reading(method, parameters, NO, f"class {worst} has too many pixels")
    if min(high) < 1:
        worst = listed.seen[high.index(min(high))]
        return Reading(method, parameters, NO, f"class {worst} has less than a pixel")
    broken = [i for i, a, b in zip(listed.seen, low, high, strict=True) if math.ceil(a) > b]
    if broken:
        return Reading(method, parameters, NO, f"class {broken[0]}: no whole number")
    total = math.fsum(min(n, 1e300) for n in middle)
    shares = _spread(listed, [n / total for n in middle]) if total < _MOST_PIXELS else []
    tells = max(b - a for a, b in zip(low, high, strict=True)) <= COARSE and max(high) > 1.5
    fits, reason = (YES, "whole numbers") if tells else (POSSIBLE, "any whole numbers")
    return Reading(method, parameters, fits, reason, shares)


def _read_uniform(method: str, listed: WeightList) -> Reading:
    """All weights are 1."""
    pairs = zip(listed.shifted(-1), listed.shifted(1), strict=True)
    if all(low <= 1 <= high for low, high in pairs):
        narrow = max(listed.tolerances) <= COARSE
        return Reading(method, {}, YES if narrow else POSSIBLE, "" if narrow else _COARSELY)
    return Reading(method, {}, NO, "a weight is not 1")


_READERS: dict[str, Callable[[str, WeightList], Reading]] = {
    "median-frequency": _read_median,
    "inverse-frequency": _read_by_sum,
    "balanced": _read_by_sum,
    "enet": _read_by_sum,
    "effective-number": _read_effective,
    "power": _read_by_sum,
    "smoothed-inverse": _read_by_sum,
    "log-inverse": _read_log_inverse,
    "inverse-log-count": _read_inverse_log,
    "pos-weight": _read_by_sum,
    "uniform": _read_uniform,
}
_MISTAKEN = (_read_mean, partial(_read_mean, part=0.5))


def _rescaled(reading: Reading, listed: WeightList, kind: str) -> Reading:
    """What a normalised list can mean: shares on the scale that makes them sum to 1."""
    method, weights = reading.method, listed.shifted(0)
    if reading.fits != NO or reading.mistake:
        return reading
    if method == "uniform":
        alike = min(listed.shifted(1)) >= max(listed.shifted(-1))
        return replace(reading, fits=YES, options={"normalize": kind}) if alike else reading
    maybe = Reading(method, {}, POSSIBLE, f"if normalised by {kind}", options={"normalize": kind})
    if method not in _INVERSIONS:
        return maybe
    inversion = _INVERSIONS[method]
    value = inversion.published[0]
    low, high = 1e-150, 1e150
    while high / low > 1 + 1e-12:
        scale = math.sqrt(low) * math.sqrt(high)
        total = _sum([inversion.share(scale * w, value, len(weights)) for w in weights])
        low, high = (scale, high) if total > 1 else (low, scale)
    shares = [inversion.share(high * w, value, len(weights)) for w in weights]
    if min(shares) < 0:
        worst = listed.seen[shares.index(min(shares))]
        return replace(maybe, fits=NO, reason=f"class {worst} below 0 on any scale")
    parameters = {inversion.parameter: value} if inversion.parameter else {}
    return replace(
        maybe, parameters=parameters, shares=_spread(listed, shares), total=math.fsum(shares)
    )
