"""
Values and classes in the words of a user: ``7``, ``7-9``, ``#804080``, ``nan``, ``road``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import LabelError
from ..kernels.special import NAN
from ..text.escape import printable
from ..text.suggest import did_you_mean

_RANGE = r"([+-]?[0-9]{1,20})-([+-]?[0-9]{1,20})"
_COLOR = r"#[0-9a-fA-F]{6}"
_SAMPLES = r"\(?([0-9]{1,3})[, ]\s*([0-9]{1,3})[, ]\s*([0-9]{1,3})\)?"


class Values(NamedTuple):
    """
    The values that a word stands for: all from `low` to `high`.

    Attributes
    ----------
    low, high : int
        The same for a single value.
    """

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}-{self.high}" if self.low < self.high else str(self.low)


def parse_values(text: str, values_of_names: Mapping[str, int] | None = None) -> Values:
    """
    Read what stands for values: a number, ``LOW-HIGH``, ``#RRGGBB``, ``nan``, or a name that a
    class list binds to a value.

    Raises
    ------
    LabelError
        If `text` is none of them, or a range that ends before it begins.
    """
    text = text.strip()
    if values_of_names and text in values_of_names:
        return _one(values_of_names[text])
    if re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        return _one(int(text))
    if match := re.fullmatch(_RANGE, text):
        values = Values(int(match[1]), int(match[2]))
        if values.high < values.low:
            raise LabelError(f"the range {text} ends before it begins")
        return values
    if is_color(text):
        return _one(int(text[1:], 16))
    if text.lower() == "nan":
        return _one(NAN)
    if match := re.fullmatch(_SAMPLES, text):
        raise _of_samples(text, [min(255, int(sample)) for sample in match.groups()])
    raise LabelError(
        f"'{printable(text)}' is neither a number, nor a range LOW-HIGH, nor #RRGGBB, nor a name "
        "that the class list gives to one value alone"
    )


def is_color(text: str) -> bool:
    """Whether a word is a colour, ``#RRGGBB``."""
    return re.fullmatch(_COLOR, text.strip()) is not None


def _one(value: int) -> Values:
    return Values(value, value)


def _of_samples(text: str, samples: Sequence[int]) -> LabelError:
    color = "".join(f"{sample:02x}" for sample in samples)
    return LabelError(
        f"'{printable(text)}' may be one colour, or three values of index masks"
    ).with_hint(f"'#{color}' for the colour; the option once for each value, if they are three")


def parse_class(text: str, names: Sequence[str | None] | None = None) -> int:
    """
    Read a class: its id, or its name in the class list.

    Raises
    ------
    LabelError
        If `text` is neither.
    """
    text = text.strip()
    if names and text in names:
        return names.index(text)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    near = did_you_mean(text, [name for name in names or () if name is not None])
    raise LabelError(
        f"'{printable(text)}' is neither a class id nor a name of the class list{near}"
    )
