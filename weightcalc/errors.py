"""
What can go wrong.

* WeightcalcError
  * SourceError: the masks cannot be listed, or do not belong together
  * DecodeError: what is wrong with a mask, before its name is added
  * MaskError: a mask cannot be opened or decoded
  * MasksError: masks that cannot be read, listed together at the end of a run
  * LabelError: a value belongs to no class, or to two
  * CountsError: a counts file is not one, or two do not fit together
  * WeightError: counts from which no weight follows
  * OutputError: a result cannot be written
  * MissingExtraError: an optional package is not installed

Each carries a ``hint``: the option that settles the matter, or "".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from .text.escape import printable


class WeightcalcError(Exception):
    """
    Root of all errors that are not bugs.

    Attributes
    ----------
    hint : str
        What to do about it, in the words of the command line; "" if nothing is known.
    """

    hint: str = ""

    def with_hint(self, hint: str) -> Self:
        """Set the hint and return the error itself, to be raised."""
        self.hint = hint
        return self


class SourceError(WeightcalcError, ValueError):
    """The masks cannot be listed, or do not belong together."""


class DecodeError(WeightcalcError, ValueError):
    """What is wrong with a mask; whoever opened it knows its name and adds it."""


class MaskError(WeightcalcError, ValueError):
    """
    A mask cannot be opened or decoded.

    Attributes
    ----------
    mask : str
        Name of the mask, as `list_masks` gave it.
    reason : str
        What is wrong with it.
    """

    def __init__(self, mask: str, reason: str) -> None:
        super().__init__(mask, reason)  # both, so that the error can be pickled
        self.mask = mask
        self.reason = reason

    def __str__(self) -> str:
        return f"{printable(self.mask)}: {self.reason}"


class MasksError(WeightcalcError, ValueError):
    """
    Some masks cannot be read; the others were counted.

    Attributes
    ----------
    errors : sequence of MaskError
        One for each of them, in order of names.
    """

    def __init__(self, errors: Sequence[MaskError], num_masks: int) -> None:
        super().__init__(errors, num_masks)
        self.errors = errors
        self.num_masks = num_masks

    def __str__(self) -> str:
        total = f"{len(self.errors)} of {self.num_masks} files cannot be read"
        return "\n".join([*map(str, self.errors), total])


class LabelError(WeightcalcError, ValueError):
    """A value belongs to no class, or to two."""


class CountsError(WeightcalcError, ValueError):
    """A counts file is not one, or two do not fit together."""


class WeightError(WeightcalcError, ValueError):
    """Counts from which no weight follows."""


class OutputError(WeightcalcError, OSError):
    """A result cannot be written."""


class MissingExtraError(WeightcalcError, ImportError):
    """
    An optional package is not installed.

    Parameters
    ----------
    purpose : str
        What needs it, such as "reading .nii masks".
    extra : str
        The extra of weightcalc that installs it.
    """

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(purpose, extra)
        self.purpose = purpose
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.purpose} needs: pip install 'weightcalc[{self.extra}]'"
