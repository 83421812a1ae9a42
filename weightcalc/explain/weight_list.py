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
# What float64 keeps where 1 - beta^n cancels, and what float32 keeps after a few roundings.
FLOAT64, _FLOAT32 = 1e-11, 2.0**-21
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
    is_float32 = digits > 9 and all(map(_is_float32, weights))
    kept = _FLOAT32 if is_float32 else FLOAT64
    slack = [0.5 * 10.0**place + kept * w for place, w in zip(places, weights, strict=True)]
    if is_float32 or digits > 14:
        return WeightList(weights, slack, f"{32 if is_float32 else 64}-bit floats")
    words = f"{decimals} decimal{'s' * (decimals != 1)}"
    if max(places, default=0) > -decimals:
        return WeightList(weights, slack, f"{words} or {digits} digits")
    return WeightList(weights, slack, f"{words}, each known to {0.5 * 10.0**-decimals:g}")


def _decimals(number: Decimal) -> int:
    return max(-int(number.as_tuple().exponent), 0)


def _is_float32(weight: float) -> bool:
    try:
        return bool(struct.unpack("f", struct.pack("f", weight))[0] == weight)
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
