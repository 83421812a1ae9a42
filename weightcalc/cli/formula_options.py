"""The words of the command line that ask for a formula of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


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
