"""A formula in the words of a user, and what becomes of it beside the names of the classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ..errors import WeightError
from ..labels.values import parse_class
from .formula import Formula


class FormulaOptions(NamedTuple):
    """
    A formula in the words of the user, before the names of classes are known.

    Attributes
    ----------
    method : str
    params : mapping of str to float or str
    zero : sequence of str
        Classes, by id or name.
    absent, normalize, denominator : str
    clip : tuple of float, optional
    """

    method: str = "median-frequency"
    params: Mapping[str, float | str] = MappingProxyType({})
    zero: Sequence[str] = ()
    absent: str = "zero"
    normalize: str = "none"
    clip: tuple[float, float] | None = None
    denominator: str = "published"


def plan_weights(
    asked: FormulaOptions, class_names: Sequence[str | None], ignored: Collection[int]
) -> Formula:
    """
    The formula that the options ask for, refused now if it never fits.

    Parameters
    ----------
    asked : FormulaOptions
    class_names : sequence of str or None
    ignored : collection of int
        Classes whose pixels are ignored, for which --zero has nothing to do.

    Raises
    ------
    WeightcalcError
    """
    zero = tuple(sorted({parse_class(text, class_names) for text in asked.zero}))
    if (idle := next((c for c in zero if c in ignored), None)) is not None:
        raise WeightError(
            f"--zero {idle}: the pixels of class {idle} are ignored, so that they are in no count "
            "and its weight is 0 already"
        ).with_hint(
            f"--ignore-index none counts them, where a class list ignores them; "
            f"or leave --zero {idle} out"
        )
    return Formula(
        asked.method, asked.params, zero, asked.absent, asked.normalize, asked.clip,
        asked.denominator,
    )  # fmt: skip
