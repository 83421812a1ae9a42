"""
What can go wrong.

* WeightcalcError
  * SourceError: the masks cannot be listed, or do not belong together
  * DecodeError: what is wrong with a mask, before its name is added
    * MissingError: there is no such file
    * DamagedError: the file is cut, fails a checksum, or breaks the rules of its format
    * UnsupportedError: the file may be right, but weightcalc does not read its format
    * AccessError: a server does not let us read it
    * PointerError: Git LFS, git-annex or DVC keep the mask elsewhere
    * LossyError: the format changes pixels, so that they are no longer labels
    * ColorError: colours where indices are wanted, or indices where colours are
      * PhotographError: more colours than masks have classes
    * ValuesError: the values cannot be labels
    * ShapeError: the shape of the array is not that of masks
    * LimitError: the mask needs more pixels, bytes or memory than it may have
  * MaskError: a mask cannot be opened or decoded; its ``kind`` is the type of DecodeError
  * MasksError: masks that cannot be read, listed together at the end of a run
  * LabelError: a value belongs to no class, or to two
  * CountsError: a counts file is not one, or two do not fit together
  * WeightError: counts from which no weight follows
  * OutputError: a result cannot be written
  * MissingExtraError: an optional package is not installed

Each carries a ``hint``: the option that settles the matter, or "".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Self

from .text.escape import printable
from .text.numbers import shortened


class WeightcalcError(Exception):
    """
    Root of all errors that are not bugs.

    Attributes
    ----------
    hint : str
        What to do about it, in the words of the command line; "" if nothing is known.
    details : sequence of str
        All lines of a list that the message ends after the first of them; else empty.
    """

    hint: str = ""
    details: Sequence[str] = ()

    def with_hint(self, hint: str) -> Self:
        """Set the hint and return the error itself, to be raised."""
        self.hint = hint
        return self


class SourceError(WeightcalcError, ValueError):
    """The masks cannot be listed, or do not belong together."""


class DecodeError(WeightcalcError, ValueError):
    """
    What is wrong with a mask; whoever opened it knows its name and adds it.

    Readers raise one of the types below. The type says what kind of fault it is and
    decides, for example, which rule of `weightcalc check` the mask breaks. No code
    looks at the words of the message for that.
    """


class MissingError(DecodeError):
    """There is no file of that name, though a list or a link names it."""


class DamagedError(DecodeError):
    """The file is cut, fails a checksum, or breaks the rules of its format."""


class UnsupportedError(DecodeError):
    """The file may be right, but weightcalc cannot read its format or this variant of it."""


class AccessError(DecodeError):
    """A server does not let us read it: credentials are absent, or those of somebody else."""


class PointerError(DecodeError):
    """There is only a file that says where Git LFS, git-annex or DVC keep the mask."""


class LossyError(DecodeError):
    """The format changes pixels, so that they are no longer labels."""


class ColorError(DecodeError):
    """The mask holds colours where indices are wanted, or indices where colours are."""


class PhotographError(ColorError):
    """The image has more colours than masks have classes."""


class ValuesError(DecodeError):
    """
    The values cannot be labels.

    Floats that are not whole, alpha that differs from pixel to pixel, more than 65,536
    different values, another value than 0 and 1 in a channel.
    """


class ShapeError(DecodeError):
    """The shape of the array is not that of masks, or may mean two things."""


class LimitError(DecodeError):
    """The mask needs more pixels, bytes or memory than it may have."""


class MaskError(WeightcalcError, ValueError):
    """
    A mask cannot be opened or decoded.

    Attributes
    ----------
    mask : str
        Name of the mask, as `list_masks` gave it.
    reason : str
        What is wrong with it.
    kind : type of DecodeError, or None
        What kind of fault it is: `DamagedError`, `LossyError` and so on, or a type under
        one of them, so ask with `issubclass`. None if nobody could look into the file: it
        may not be read, or is being written.
        The type and not the error itself, which would keep the mask in memory, and which
        worker processes would have to send back with all that it refers to.
    """

    def __init__(self, mask: str, reason: str, kind: type[DecodeError] | None = None) -> None:
        super().__init__(mask, reason, kind)  # all of them, so that the error can be pickled
        self.mask = mask
        self.reason = reason
        self.kind = kind

    @classmethod
    def of(cls, mask: str, error: DecodeError) -> Self:
        """The error of a mask whose name is known, from what is wrong with it."""
        return cls(mask, str(error), type(error)).with_hint(error.hint)

    def renamed(self, mask: str) -> Self:
        """A copy under another name, without the traceback, which keeps the mask in memory."""
        return type(self)(mask, self.reason, self.kind).with_hint(self.hint)

    def __str__(self) -> str:
        return f"{printable(self.mask)}: {self.reason}"


MOST_ERRORS = 1000  # of each kind, of files that cannot be read; all are counted
_SAID_ONCE = (LossyError, ColorError, PhotographError, PointerError)  # as no masks are like these


class MasksError(WeightcalcError, ValueError):
    """
    Some masks cannot be read; the others were counted.

    Attributes
    ----------
    errors : sequence of MaskError
        In order of names. Of each kind the first `MOST_ERRORS`, so that a list of millions of
        missing names takes no memory.
    num_masks : int
        Files that were tried.
    numbers : mapping of type of DecodeError, or None, to int
        How many errors there are of each kind; default is as many as `errors` holds.
    """

    def __init__(
        self,
        errors: Sequence[MaskError],
        num_masks: int,
        numbers: Mapping[type[DecodeError] | None, int] | None = None,
    ) -> None:
        super().__init__(errors, num_masks, numbers)
        self.errors = errors
        self.num_masks = num_masks
        self.numbers = Counter(error.kind for error in errors) if numbers is None else numbers

    @property
    def num_errors(self) -> int:
        """How many files cannot be read."""
        return sum(self.numbers.values())

    def __str__(self) -> str:
        total = f"{self.num_errors} of {self.num_masks} files cannot be read"
        return "\n".join([*shortened(self.lines(), beyond=self.num_unheld), total])

    def lines(self) -> list[str]:
        """A line for each error held; only one where files are all of one kind, and no masks."""
        firsts: dict[type[DecodeError] | None, MaskError] = {}
        return [
            self._line(error)
            for error in self.errors
            if firsts.setdefault(error.kind, error) is error or error.kind not in _SAID_ONCE
        ]

    def _line(self, error: MaskError) -> str:
        number = self.numbers[error.kind]
        once = error.kind in _SAID_ONCE and number > 1
        return f"{error} (the first of {number} such files)" if once else str(error)

    @property
    def num_unheld(self) -> int:
        """How many errors `lines` had a line for if they were held."""
        held = Counter(error.kind for error in self.errors)
        return sum(self.numbers[kind] - held[kind] for kind in held if kind not in _SAID_ONCE)


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
