"""
Weights that were written before, in a file or by hand: read without trust, for all commands.
"""

from __future__ import annotations

import io
import math
import os
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..counts.class_counts import ClassCounts
from ..counts.counts_file import counts_of_document
from ..errors import CountsError, WeightError
from ..files.bounded import Json, SmallFile
from ..labels.label_map import MOST_CLASSES
from ..text.escape import printable
from .documents import PICKLES, never_opened, read_document
from .formula import CHOICES, Formula, parameters_of
from .formulas import METHODS

_FILE = SmallFile(
    "weights file", 64 << 20, WeightError, "not JSON",
    'expected JSON, YAML, CSV or .npy as `weights` writes them, - for standard input, '
    'or a list such as [0.5, 2.0], 0.5,2.0 or {"road": 0.5, "car": 2.0}',
)  # fmt: skip
_PASTED = re.compile(  # a list or dict, or numbers; words are names of files
    r"\s*(?:[\[{]|(?=.*[0-9])(?:[-+0-9.e,\s]|nan|inf(?:inity)?)+\Z)", re.DOTALL | re.IGNORECASE
)
_ID = re.compile("0|[1-9][0-9]{0,8}")
_LEAST_DIGITS, _MOST_DIGITS = 3, 15  # a float states no more than 15 for sure
_MOST_STATED = 17  # digits of a report


@dataclass(frozen=True)
class Stated:
    """
    What a weights file or a pasted list states.

    Attributes
    ----------
    source : str
        How messages call it.
    numbers : list of Decimal
        Weights as they are written, from 0 up, in the order in which they stand.
    keys : list of str or None
        Class ids or names of a dict, one for each weight; None for a list.
    names : list of str or None
        Names of the classes that a report states; [] elsewhere.
    digits : int
        Significant digits: those that a report states, or the most that one of the weights
        shows, at least 3.
    formula : Formula or None
        Of a report.
    counts : ClassCounts or None
        Of a report.
    """

    source: str
    numbers: list[Decimal]
    keys: list[str] | None
    names: list[str | None]
    digits: int
    formula: Formula | None = None
    counts: ClassCounts | None = None

    def by_class(self, names: Sequence[str | None]) -> list[float] | None:
        """The weights in order of class ids; None if they do not fit these classes."""
        weights = [float(number) for number in self.numbers]
        if self.keys is None:
            return weights if len(weights) == len(names) else None
        known = dict(zip(self.keys, weights, strict=True))
        for keys in (list(map(str, range(len(names)))), names):
            if len(keys) == len(known) and set(keys) == known.keys():
                return [known[str(key)] for key in keys]
        return None

    def in_order(self) -> tuple[list[Decimal], list[str | None]]:
        """
        The weights in order of class ids, or as they stand if they go by names, and the names.

        Raises
        ------
        WeightError
            If they go by class ids, and one is missing.
        """
        if self.keys is None:
            return self.numbers, self.names or [None] * len(self.numbers)
        if not all(map(_ID.fullmatch, self.keys)):
            return self.numbers, list(self.keys)
        known = dict(zip(map(int, self.keys), self.numbers, strict=True))
        for index in range(len(known)):
            if index not in known:
                last = len(known) - 1
                raise WeightError(f"no weight for class {index}: ids are to be 0 to {last}")
        return [known[index] for index in range(len(known))], [None] * len(known)


def read_weights(text: str) -> Stated:
    """
    Read weights from a file, from a list as it is pasted, or from "-", standard input.

    Files are those that `weights` writes, but no pickle: JSON, YAML, CSV and .npy.

    Raises
    ------
    WeightError
        If there are none, or one is not a finite number from 0 up; or if it is a pickle.
    """
    if _PASTED.match(text) and not os.path.lexists(text):
        data = io.BytesIO(text.encode("utf-8", "surrogateescape"))
        return _FILE.read_from(data, "the list", lambda data: _stated(data, "the list"))
    if text.lower().endswith(PICKLES):
        raise never_opened(printable(text))
    if text != "-":
        return _FILE.read(text, lambda data: _stated(data, printable(text)))
    name = "standard input"
    if sys.stdin is None:
        raise WeightError(f"{name}: it is closed")
    return _FILE.read_from(sys.stdin.buffer, name, lambda data: _stated(data, name))


def check_numbers(numbers: Sequence[Decimal], names: Sequence[str | None] = ()) -> None:
    """
    Refuse what is no weight, and name its class.

    Raises
    ------
    WeightError
        If there is none, or one is negative or not finite.
    """
    if not 0 < len(numbers) <= MOST_CLASSES:
        raise WeightError(f"{len(numbers)} weights, not 1 to {MOST_CLASSES}")
    for index, number in enumerate(numbers):
        if not number.is_finite():
            raise WeightError(f"{class_in_words(index, names)} weighs {number}")
        if number < 0:
            who = class_in_words(index, names)
            raise WeightError(f"{who} weighs {float(number):g}, which is below 0")
        if math.isinf(float(number)):
            raise WeightError(f"{class_in_words(index, names)} weighs {number:.3g}: too much")


def class_in_words(index: int, names: Sequence[str | None]) -> str:
    """How messages call a class of a list: by its place, and its name if it has one."""
    name = names[index] if index < len(names) else None
    return f"class {index} ({printable(name)})" if name else f"class {index}"


def _stated(data: bytes, source: str) -> Stated:
    document, digits = read_document(data)
    if isinstance(document, list):
        return _weights_alone(source, document, None, digits)
    if not isinstance(document, dict):
        raise WeightError("neither a list nor a dict of weights")
    kind = document.get("format")
    if isinstance(kind, str) and kind.startswith("weightcalc-weights/"):
        return _report(source, document)
    if isinstance(kind, str):
        raise WeightError(f"its format is {printable(kind)}, so it holds no weights").with_hint(
            "a counts file goes with the option --counts" * kind.startswith("weightcalc-counts/")
        )
    return _weights_alone(source, list(document.values()), list(document), digits)


def _weights_alone(
    source: str, values: Sequence[object], keys: list[str] | None, digits: int | None
) -> Stated:
    numbers = [_weight(value, i if keys is None else keys[i]) for i, value in enumerate(values)]
    by_names = keys is not None and not all(map(_ID.fullmatch, keys))
    check_numbers(numbers, keys if keys is not None and by_names else ())
    return Stated(source, numbers, keys, [], digits or _digits_shown(numbers))


def _weight(value: object, who: int | str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise WeightError(f"the weight of class {printable(str(who))} is no number")


def _digits_shown(numbers: Sequence[Decimal]) -> int:
    """The most significant digits that a number is written with, zeros at its ends apart."""
    shown = (len("".join(map(str, n.as_tuple().digits)).rstrip("0")) for n in numbers)
    return min(max(*shown, _LEAST_DIGITS), _MOST_DIGITS)


def _report(source: str, report: Mapping[str, Json]) -> Stated:
    weights, names = report.get("weights"), report.get("names")
    if not isinstance(weights, list):
        raise WeightError("a report without its list of weights")
    if not (isinstance(names, list) and len(names) == len(weights)):
        names = [None] * len(weights)
    texts = [name if isinstance(name, str) else None for name in names]
    numbers = [_weight(value, index) for index, value in enumerate(weights)]
    check_numbers(numbers, texts)
    digits = _digits(_option(report, "digits")) or _digits_shown(numbers)
    return Stated(source, numbers, None, texts, digits, _formula(report), _counts(report))


def _formula(report: Mapping[str, Json]) -> Formula:
    """The formula of a report; every field is checked, and a wrong one named."""
    chosen = {name: _option(report, name) for name in CHOICES}
    for name, choices in CHOICES.items():
        _expect(chosen[name] in choices, f"options.{name}", chosen[name], ", ".join(choices))
    zero, method = _option(report, "zero"), _member(report, "method")
    are_ids = isinstance(zero, list) and all(type(i) is int and i >= 0 for i in zero)
    _expect(are_ids, "options.zero", zero, "a list of class ids")
    is_method = isinstance(method, str) and method in METHODS
    _expect(is_method, "method", method, ", ".join(METHODS))
    params = _parameters(method, _member(report, "parameters"))
    return Formula(method, params, tuple(zero), clip=_clip(_option(report, "clip")), **chosen)


def _counts(report: Mapping[str, Json]) -> ClassCounts:
    try:
        return counts_of_document(_member(report, "counts"))
    except CountsError as error:
        raise WeightError(f"counts of the report: {error}").with_hint(error.hint) from error


def _member(report: Mapping[str, Json], name: str) -> Json:
    if name not in report:
        raise WeightError(f"the report states no {name}")
    return report[name]


def _option(report: Mapping[str, Json], name: str) -> Json:
    options = _member(report, "options")
    _expect(isinstance(options, dict), "options", options, "an object")
    if name not in options:
        raise WeightError(f"the report states no options.{name}")
    return options[name]


def _parameters(method: str, stated: Json) -> dict[str, float | str]:
    """Those of a method: numbers, or words where the method takes words."""
    defaults = parameters_of(method)
    _expect(isinstance(stated, dict), "parameters", stated, "an object")
    for name, value in stated.items():
        field = f"parameters.{printable(name)}"
        takes = ", ".join(defaults) or "none"
        _expect(name in defaults, field, value, f"a parameter of {method}, which takes {takes}")
        if isinstance(defaults[name], str):
            _expect(isinstance(value, str), field, value, "a word")
        else:
            _expect(_is_number(value), field, value, "a number")
    return {k: v if isinstance(v, str) else float(v) for k, v in stated.items()}


def _clip(stated: Json) -> tuple[float, float] | None:
    if stated is None:
        return None
    is_pair = isinstance(stated, list) and len(stated) == 2
    is_clip = is_pair and all(limit is None or _is_number(limit) for limit in stated)
    _expect(is_clip, "options.clip", stated, "null or [LOW, HIGH], of numbers or null")
    low, high = stated
    return 0.0 if low is None else float(low), math.inf if high is None else float(high)


def _digits(stated: object) -> int | None:
    is_known = stated is None or (type(stated) is int and 1 <= stated <= _MOST_STATED)
    _expect(is_known, "options.digits", stated, f"null or a number from 1 to {_MOST_STATED}")
    return stated if isinstance(stated, int) else None


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    number = Decimal(value)
    return number.is_finite() and abs(number) <= sys.float_info.max


class _Shown(reprlib.Repr):
    def repr_Decimal(self, number: Decimal, level: int) -> str:
        return str(number)


_shown = _Shown()


def _expect(holds: bool, field: str, value: object, what: str) -> None:
    """Refuse a value of a report that its schema does not allow."""
    if not holds:
        raise WeightError(f"{field} is {printable(_shown.repr(value))}, expected {what}")


def agree(stated: float, weight: float, digits: int) -> bool:
    """Whether a weight, written with so many significant digits, may be what is stated."""
    if stated == weight:
        return True
    if not stated:
        return False
    unit = 10.0 ** (math.floor(math.log10(abs(stated))) + 1 - digits)
    return abs(stated - weight) <= unit * (0.5 + 1e-6)
