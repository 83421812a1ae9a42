"""
Lists of weights that somebody wrote: read without trust, and known to their last digit.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from decimal import Decimal
from typing import Any, NamedTuple

from ..errors import WeightError
from ..files.bounded import read_bounded
from ..labels.label_map import MOST_CLASSES
from ..text.escape import printable

_LARGEST_FILE = 64 << 20  # bytes, as for counts files: a report holds one
_LONGEST_NUMBER = 400
_PASTED = re.compile(  # a list or dict, or numbers; words are names of files
    r"\s*(?:[\[{]|(?=.*[0-9])(?:[-+0-9.e,\s]|nan|inf(?:inity)?)+\Z)", re.DOTALL | re.IGNORECASE
)
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


class Given(NamedTuple):
    """What a weights file holds; `counts` is the unread counts of a report."""

    numbers: list[Decimal]
    names: list[str | None]
    counts: Any = None


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
    if not 0 < len(numbers) <= MOST_CLASSES:
        raise WeightError(f"{len(numbers)} weights, not 1 to {MOST_CLASSES}")
    for index, number in enumerate(numbers):
        name = names[index] if index < len(names) else None
        who = f"class {index} ({printable(name)})" if name else f"class {index}"
        if not number.is_finite():
            raise WeightError(f"{who} weighs {number}")
        if number < 0:
            raise WeightError(f"{who} weighs {float(number):g}, which is below 0")
        if number and not _LEAST <= float(number) <= _LARGEST:
            raise WeightError(f"{who} weighs {number:.3g}, beyond {_LEAST:g} to {_LARGEST:g}")


def read_weights(text: str) -> Given:
    """
    Read weights from a JSON file, from a list as it is pasted, or from "-", standard input.

    Raises
    ------
    WeightError
        If there are none, or one is not a finite number from 0 up.
    """
    name = "standard input" if text == "-" else printable(text)
    if _PASTED.match(text) and not os.path.lexists(text):
        name, data = "the list", text.encode("utf-8", "surrogateescape")
    else:
        data = _bytes_of(text, name)
    try:
        given = _given(_parse(data))
        check_weights(given.numbers, given.names)
    except WeightError as error:
        raise WeightError(f"{name}: {error}").with_hint(error.hint) from error
    except (ValueError, RecursionError) as error:
        raise WeightError(f"{name}: not JSON: {printable(str(error))}").with_hint(
            'weights are [0.5, 2.0], 0.5,2.0, {"0": 0.5, "1": 2.0} or {"road": 0.5, "car": 2.0}'
        ) from error
    return given


def _bytes_of(path: str, name: str) -> bytes:
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
            return read_bounded(file, _LARGEST_FILE, "weights", WeightError)
    except WeightError as error:
        raise WeightError(f"{name}: {error}") from error
    except (OSError, AttributeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        hint = "a JSON file, a list such as 0.5,2.0, or - for standard input"
        raise WeightError(f"{name}: {reason}").with_hint(hint) from error


def _parse(data: bytes) -> Any:
    text = data.decode("utf-8-sig").strip()
    if not text.startswith(("[", "{")):
        text = "[" + re.sub(r"\s*,\s*|\s+", ",", text) + "]"
    if '"' not in text:
        text = re.sub(r"([{,]\s*)(\d+)\s*:", r'\1"\2":', text)  # {0: 0.5}, as Python prints it
    return json.loads(
        text,
        parse_float=_number,
        parse_constant=Decimal,
        object_pairs_hook=_without_repeats,
    )


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise WeightError(f"a number of {len(text)} characters")
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond all bounds
        raise WeightError(f"{printable(text)} is beyond all bounds") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise WeightError(f"'{printable(key)}' has two weights")
        found[key] = value
    return found


def _given(document: Any) -> Given:
    if isinstance(document, list):
        return Given(
            [_weight(value, i) for i, value in enumerate(document)], [None] * len(document)
        )
    if not isinstance(document, dict):
        raise WeightError("neither a list nor a dict of weights")
    kind = document.get("format")
    if isinstance(kind, str) and kind.startswith("weightcalc-weights/"):
        return _of_report(document)
    if isinstance(kind, str):
        raise WeightError(f"its format is {printable(kind)}, so it holds no weights").with_hint(
            "a counts file goes with the option --counts" * kind.startswith("weightcalc-counts/")
        )
    if all(re.fullmatch("[0-9]{1,9}", key) for key in document):
        return _of_ids({int(key): value for key, value in document.items()})
    return Given([_weight(value, key) for key, value in document.items()], list(document))


def _of_ids(weights: dict[int, Any]) -> Given:
    for index in range(len(weights)):
        if index not in weights:
            raise WeightError(f"no weight for class {index}: ids are to be 0 to {len(weights) - 1}")
    return Given([_weight(weights[i], i) for i in range(len(weights))], [None] * len(weights))


def _of_report(document: dict[str, Any]) -> Given:
    weights, names = document.get("weights"), document.get("names")
    if not isinstance(weights, list):
        raise WeightError("a report without its list of weights")
    if not (isinstance(names, list) and len(names) == len(weights)):
        names = [None] * len(weights)
    texts = [name if isinstance(name, str) else None for name in names]
    return Given(
        [_weight(value, i) for i, value in enumerate(weights)], texts, document.get("counts")
    )


def _weight(value: Any, who: int | str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if type(value) is not int:  # a bool is an int too
        raise WeightError(f"the weight of class {printable(str(who))} is no number")
    return Decimal(value)
