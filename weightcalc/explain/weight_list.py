"""
Lists of weights, known to their last digit.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ..errors import WeightError
from ..weights.stated import check_numbers, class_in_words

_LEAST, _LARGEST = 1e-100, 1e100
# What float64 keeps where 1 - beta^n cancels, and what float32 and float16 keep after two or more
# roundings; float16 keeps less of numbers near 0.
FLOAT64, _FLOAT32, _FLOAT16, _SUBNORMAL = 1e-11, 2.0**-21, 2.0**-10, 2.0**-24
# A test that one list in twenty passes by chance is too coarse to tell.
COARSE = 0.05


class WeightList(NamedTuple):
    """
    Weights, and how well their digits make them known.

    Attributes
    ----------
    weights : list of float, one for each class
    tolerances : list of float, one for each class
        Half a unit of the last place that is printed, and what floats lose.
    precision : str
        The same in words.
    is_exact : bool
        Whether short numbers are taken for the whole truth, not for rounded ones.
    """

    weights: list[float]
    tolerances: list[float]
    precision: str
    is_exact: bool = False

    @property
    def seen(self) -> list[int]:
        """Ids of the classes with a weight: 0 says nothing of a share."""
        return [index for index, weight in enumerate(self.weights) if weight]

    @property
    def zeros(self) -> list[int]:
        """Ids of the classes that weigh 0."""
        return [index for index, weight in enumerate(self.weights) if not weight]

    def shifted(self, sign: int) -> list[float]:
        """Weights of the seen classes, moved by so many tolerances."""
        return [self.weights[i] + sign * self.tolerances[i] for i in self.seen]

    def taken_exactly(self) -> WeightList:
        """The same list, if its short numbers are no rounded ones."""
        return self._replace(tolerances=[FLOAT64 * w for w in self.weights], is_exact=True)

    def normalizations(self) -> list[str]:
        """Which of mean, sum, max and min of the weights above 0 is 1, as far as is known."""
        if len(self.seen) < 2:
            return []
        weights, slack = self.shifted(0), [self.tolerances[i] for i in self.seen]
        total, size = math.fsum(weights), len(weights)
        found = {
            "mean": (total / size, math.fsum(slack) / size),
            "sum": (total, math.fsum(slack)),
            "max": (max(weights), slack[weights.index(max(weights))]),
            "min": (min(weights), slack[weights.index(min(weights))]),
        }
        return [kind for kind, (x, by) in found.items() if is_one(x - by, x, x + by)]


def is_one(low: float, value: float, high: float) -> bool:
    """Whether a value known to lie between is 1, by a test that tells something."""
    return abs(value - 1) <= FLOAT64 or (low <= 1 <= high and high - low <= COARSE)


def weight_list(numbers: Sequence[Decimal]) -> WeightList:
    """
    Weights as they are printed, known to half a unit of their last place.

    The last place is that of the longest fraction of the list, as trailing zeros are
    often not printed; or that of the longest row of digits, where this is coarser.
    """
    weights = [float(number) or 0.0 for number in numbers]  # no -0.0
    nonzero = [number for number in numbers if number]
    decimals = max((_decimals(number) for number in nonzero), default=0)
    digits = max((len(number.as_tuple().digits) for number in nonzero), default=1)
    places = [max(-decimals, n.adjusted() - digits + 1 if n else -decimals) for n in numbers]
    bits = _float_size(weights, digits)
    kept, least = {16: (_FLOAT16, _SUBNORMAL), 32: (_FLOAT32, 0.0)}.get(bits, (FLOAT64, 0.0))
    slack = [
        0.5 * 10.0**place + (kept * w + least if w else 0.0)
        for place, w in zip(places, weights, strict=True)
    ]
    if bits:
        return WeightList(weights, slack, f"{bits}-bit floats")
    words = f"{decimals} decimal{'s' * (decimals != 1)}"
    if max(places, default=0) > -decimals:
        return WeightList(weights, slack, f"{words} or {digits} digits")
    return WeightList(weights, slack, f"{words}, each known to {0.5 * 10.0**-decimals:g}")


def _decimals(number: Decimal) -> int:
    return max(-int(number.as_tuple().exponent), 0)


def _float_size(weights: Sequence[float], digits: int) -> int:
    """Bits of the floats that a list holds to their last digit; 0 of one that is printed."""
    for bits, code, least in ((16, "e", 6), (32, "f", 9)):
        if digits > least and all(_is_float(weight, code) for weight in weights):
            return bits
    return 64 if digits > 14 else 0


def _is_float(weight: float, code: str) -> bool:
    try:
        return bool(struct.unpack(code, struct.pack(code, weight))[0] == weight)
    except OverflowError:
        return False


def check_weights(numbers: Sequence[Decimal], names: Sequence[str | None] = ()) -> None:
    """
    Refuse what is no weight, and name its class.

    Raises
    ------
    WeightError
        If there is none, or one is negative, not finite, or beyond all bounds.
    """
    check_numbers(numbers, names)
    for index, number in enumerate(numbers):
        if number and not _LEAST <= float(number) <= _LARGEST:
            who = class_in_words(index, names)
            raise WeightError(f"{who} weighs {number:.3g}, beyond {_LEAST:g} to {_LARGEST:g}")


def shortest(low: float, high: float) -> float:
    """The number of the fewest digits between the two."""
    middle = (low + high) / 2
    rounded = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
    return next((value for value in rounded if low <= value <= high), middle)
