"""
The formula of a run: a method, its parameters, and the options beside them.
"""

import math
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from ..errors import WeightError
from ..text.suggest import nearest
from .formulas import (
    ABSENT,
    DENOMINATORS,
    METHODS,
    NORMALIZE,
    UNITS,
    WITHOUT_UNIT,
    Frequencies,
)

CHOICES = {"absent": ABSENT, "normalize": NORMALIZE, "denominator": DENOMINATORS}

# Larger than any data set: what is refused for these counts is refused for all.
_MANY = 1 << 127
_SAMPLE = Frequencies(("a", "b"), (_MANY, _MANY), (2 * _MANY,) * 2, 2 * _MANY)


class _Parts(NamedTuple):
    method: str
    params: Mapping[str, float | str]
    zero: tuple[int, ...]
    absent: str
    normalize: str
    clip: tuple[float, float] | None
    denominator: str


class Formula(_Parts):
    """
    How weights follow from counts.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    params : mapping of str to float or str
        Parameters of the method that are given; others have their defaults.
    zero : tuple of int
        Classes that are counted as others are and get weight 0.
    absent : str
        Weight of a class without pixels, one of `ABSENT`.
    normalize : str
        What of the weights becomes 1, one of `NORMALIZE`.
    clip : tuple of float, optional
        Least and largest weight.
    denominator : str
        How ignored pixels enter the frequencies, one of `DENOMINATORS`.

    Raises
    ------
    WeightError
        If there is no such method, parameter or choice.
    """

    __slots__ = ()

    def __new__(
        cls,
        method: str = "median-frequency",
        params: Mapping[str, float | str] = MappingProxyType({}),
        zero: tuple[int, ...] = (),
        absent: str = "zero",
        normalize: str = "none",
        clip: tuple[float, float] | None = None,
        denominator: str = "published",
    ) -> Self:
        """Make a formula that can be."""
        parts = method, dict(params), zero, absent, normalize, clip, denominator
        made = super().__new__(cls, *parts)
        made._check()
        return made

    def __hash__(self) -> int:
        return hash((self.method, *self[2:]))  # without parameters, which a dict may hold

    def _replace(self, **parts: Any) -> Self:
        """The same formula but for some parts, which must go together too."""
        return type(self)(**{**self._asdict(), **parts})

    def _check(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise WeightError(f"{name} must be one of {', '.join(choices)}, got {value}")
        if self.clip is not None and not self.clip[0] <= self.clip[1]:
            raise WeightError(f"clip must be (low, high), with low not above high, got {self.clip}")
        _check_parameters(self.method, self.params)
        if self.unit not in UNITS:
            raise WeightError(f"unit must be {' or '.join(UNITS)}, got {self.unit}")
        with suppress(OverflowError, ZeroDivisionError):  # which say something of the counts
            METHODS[self.method](_SAMPLE, **self.own_params())

    @property
    def needs_masks(self) -> bool:
        """Whether the masks that hold each class enter it, and not its pixels alone."""
        return self.method == "median-frequency" or self.unit == "masks"

    @property
    def unit(self) -> str:
        """What is counted of each class, one of `UNITS`."""
        return str(self.params.get("unit", "pixels"))

    def own_params(self) -> dict[str, float | str]:
        """What the function of the method is given: all that was given but the unit."""
        return {name: value for name, value in self.params.items() if name != "unit"}

    def all_params(self) -> dict[str, float | str]:
        """All parameters of the method, those that were not given too."""
        return all_parameters(self.method, self.params)


def parameters_of(method: str) -> dict[str, float | str]:
    """
    Names and defaults of the parameters of a method, the unit among them.

    Raises
    ------
    WeightError
        If there is no such method.
    """
    if method not in METHODS:
        raise WeightError(f"no method {method!r}{nearest(method, METHODS)}")
    code, defaults = METHODS[method].__code__, METHODS[method].__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    unit = {} if method in WITHOUT_UNIT else {"unit": "pixels"}
    return {**dict(zip(names, defaults, strict=True)), **unit}


def all_parameters(method: str, given: Mapping[str, float | str]) -> dict[str, float | str]:
    """
    The parameters that are given and the defaults of all others, as reports state them.

    That pixels are the unit is stated for effective-number, whose unit matters most, alone.
    """
    found = {**parameters_of(method), **given}
    if method != "effective-number" and found.get("unit") == "pixels":
        del found["unit"]
    return found


def _check_parameters(method: str, params: Mapping[str, float | str]) -> None:
    known = parameters_of(method)
    for name, value in params.items():
        if name not in known:
            some = ", ".join(f"{name}={default}" for name, default in known.items()) or "none"
            raise WeightError(f"{method} has no parameter {name!r}; it has {some}")
        if isinstance(value, str) != isinstance(known[name], str):
            kind = "a word" if isinstance(known[name], str) else "a number"
            raise WeightError(f"{method}: {name} must be {kind}, got {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise WeightError(f"{method}: {name} must be finite, got {value}")
