"""
Weights files that were written before: what they state, and how exactly.
"""

from __future__ import annotations

import json
import math
import reprlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import WeightError
from ..files.bounded import read_bounded
from ..text.escape import printable
from .class_weights import ABSENT, DENOMINATORS, NORMALIZE, parameters_of
from .formulas import METHODS

_LARGEST_FILE = 64 << 20
_LEAST_DIGITS, _MOST_DIGITS = 3, 15  # a float states no more than 15 for sure
_MOST_STATED = 17  # digits of a report
_CHOICES = {"absent": ABSENT, "normalize": NORMALIZE, "denominator": DENOMINATORS}
_OPTIONS = ("zero", "clip", *_CHOICES)


class Stated(NamedTuple):
    """
    What a weights file states.

    Attributes
    ----------
    weights : list of float, or dict of str to float
        In order of class ids, or by class id or name.
    digits : int
        Significant digits that they were written with.
    formula : dict or None
        The arguments of `list_class_weights`, if the file states them.
    counted : dict or None
        The options of the label map that the weights were counted with, likewise.
    """

    weights: list[float] | dict[str, float]
    digits: int
    formula: dict[str, Any] | None = None
    counted: dict[str, Any] | None = None

    def by_class(self, names: Sequence[str | None]) -> list[float] | None:
        """The weights in order of class ids; None if they do not fit these classes."""
        if isinstance(self.weights, list):
            return self.weights if len(self.weights) == len(names) else None
        for keys in (list(map(str, range(len(names)))), names):
            if len(keys) == len(self.weights) and set(keys) == self.weights.keys():
                return [self.weights[str(key)] for key in keys]
        return None


def read_weights(path: str, digits: int | None = None) -> Stated:
    """
    Read a JSON file of weights, in any layout.

    Parameters
    ----------
    path : str
    digits : int, optional
        Significant digits of the file. Default is what it states, or the most that one
        of its weights shows, at least 3.

    Raises
    ------
    WeightError
        If it cannot be read or is no weights file.
    """
    name = printable(path)
    try:
        with open(path, "rb") as file:
            data = read_bounded(file, _LARGEST_FILE, "weights file", WeightError)
        return _stated(json.loads(data), _as_written(data), digits)
    except OSError as error:
        raise WeightError(f"{name}: {error.strerror}") from error
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, WeightError):
            raise WeightError(f"{name}: {error}") from error
        raise WeightError(f"{name}: no weights in JSON: {printable(repr(error))}").with_hint(
            "--weights takes what -f json writes, in any layout"
        ) from error


class _Written(str):
    """A number as it is written, which shows its digits."""


def _as_written(data: bytes) -> Any:
    """The weights of a document, as they are written."""
    document = json.loads(data, parse_float=_Written, parse_int=_Written)
    is_report = isinstance(document, dict) and isinstance(document.get("weights"), list)
    return document["weights"] if is_report else document


def _stated(document: Any, written: Any, digits: int | None) -> Stated:
    values = list(written.values()) if isinstance(written, dict) else written
    if not (isinstance(values, list) and values and all(map(_is_weight, values))):
        raise WeightError("neither a list nor an object of numbers")
    formula = counted = None
    if isinstance(document, dict) and not isinstance(written, dict):
        formula, counted = _formula(document), document["counts"]["source"]["options"]
        digits = digits or _digits(document["options"]["digits"])
    used = digits or min(max(*map(_digits_of, values), _LEAST_DIGITS), _MOST_DIGITS)
    if isinstance(written, dict):
        return Stated({key: float(v) for key, v in written.items()}, used, formula, counted)
    return Stated([float(v) for v in written], used, formula, counted)


def _is_weight(value: Any) -> bool:
    return isinstance(value, _Written) and math.isfinite(float(value))


def _formula(report: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `list_class_weights` that a report states."""
    options = {name: report["options"][name] for name in _OPTIONS}
    for name, choices in _CHOICES.items():
        _expect(options[name] in choices, f"options.{name}", options[name], ", ".join(choices))
    zero = options["zero"]
    are_ids = isinstance(zero, list) and all(type(i) is int and i >= 0 for i in zero)
    _expect(are_ids, "options.zero", zero, "a list of class ids")
    options["clip"] = _clip(options["clip"])
    method = report["method"]
    _expect(isinstance(method, str) and method in METHODS, "method", method, ", ".join(METHODS))
    return {"method": method, **options, **_parameters(method, report["parameters"])}


def _parameters(method: str, stated: Any) -> dict[str, float | str]:
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


def _clip(stated: Any) -> tuple[float, float] | None:
    if stated is None:
        return None
    is_pair = isinstance(stated, list) and len(stated) == 2
    is_clip = is_pair and all(limit is None or _is_number(limit) for limit in stated)
    _expect(is_clip, "options.clip", stated, "null or [LOW, HIGH], of numbers or null")
    low, high = stated
    return 0.0 if low is None else float(low), math.inf if high is None else float(high)


def _digits(stated: Any) -> int | None:
    is_known = stated is None or (type(stated) is int and 1 <= stated <= _MOST_STATED)
    _expect(is_known, "options.digits", stated, f"null or a number from 1 to {_MOST_STATED}")
    return stated if isinstance(stated, int) else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _expect(holds: bool, field: str, value: Any, what: str) -> None:
    """Refuse a value of a report that its schema does not allow."""
    if not holds:
        raise WeightError(f"{field} is {printable(reprlib.repr(value))}, expected {what}")


def _digits_of(number: str) -> int:
    """Significant digits of a number as it is written, without the zeros at its ends."""
    digits = number.lower().partition("e")[0].lstrip("-").replace(".", "")
    return len(digits.strip("0"))


def agree(stated: float, weight: float, digits: int) -> bool:
    """Whether a weight, written with so many significant digits, may be what is stated."""
    if stated == weight:
        return True
    if not stated:
        return False
    unit = 10.0 ** (math.floor(math.log10(abs(stated))) + 1 - digits)
    return abs(stated - weight) <= unit * (0.5 + 1e-6)
