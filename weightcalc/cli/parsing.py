"""
Words of the command line to values: callbacks and types of options.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import LabelError, SourceError
from ..text.escape import printable
from ..text.suggest import folded, nearest

if TYPE_CHECKING:
    from ..sources.layers import Pattern


class Size(click.ParamType):  # type: ignore[type-arg]  # no parameter before click 8.3
    """A whole number, also as 4G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Turn "1000" or "16G" into a number."""
        if isinstance(value, int):
            return value
        parts = re.fullmatch(r"(\d{1,20})([KMGT]?)", str(value).strip(), re.IGNORECASE)
        if parts is None:
            self.fail("expected a number such as 1000 or 16G", param, ctx)
        return int(parts[1]) << {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}[parts[2].upper()]


class HintedParameter(click.BadParameter):
    """
    A value that an option does not take, and where to read of those that it takes.

    Attributes
    ----------
    hint : str
        A command; "" for the help of the command that was called.
    """

    def __init__(
        self, message: str, hint: str, ctx: click.Context | None, param: click.Parameter | None
    ) -> None:
        super().__init__(message, ctx, param)
        self.hint = hint


class Choice(click.Choice):  # type: ignore[type-arg]  # no parameter before click 8.3
    """
    One word of a list, in any case and with _ for -; another one is told the nearest.

    Parameters
    ----------
    words : collection of str
    prefixes : bool
        Whether the beginning of a word stands for it, where it is that of no other one.
    hint : str
        What tells the words apart, for a person who is refused; "" for the help of the command.
    refused : mapping of str to str, optional
        Words that people look for in the list, and what to do instead.
    """

    def __init__(
        self,
        words: Collection[str],
        *,
        prefixes: bool = False,
        hint: str = "",
        refused: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(list(words))
        self._prefixes = prefixes
        self._hint = hint
        self._refused = refused or {}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word of the list that a person means, if there is no doubt of it."""
        word = folded(value)
        begun = [choice for choice in self.choices if word and choice.startswith(word)]
        if word not in self.choices and not (self._prefixes and len(begun) == 1):
            text = self._refused.get(word) or self._instead(value, begun)
            raise HintedParameter(text, self._hint, ctx, param)
        return word if word in self.choices else begun[0]

    def _instead(self, value: str, begun: Sequence[str]) -> str:
        """Why a word is refused, and what it may be meant to be."""
        if self._prefixes and len(begun) > 1:
            return f"there is no {printable(value)!r}; did you mean {' or '.join(begun)}?"
        return f"there is no {printable(value)!r}{nearest(value, self.choices)}"


def parse_params(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> dict[str, float | str]:
    """Turn ("c=1.1", "exponent=1/4", "unit=masks") into {"c": 1.1, "exponent": 0.25, "unit": "masks"}."""
    params: dict[str, float | str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.BadParameter("expected NAME=VALUE, such as c=1.1", ctx, param)
        try:
            params[name] = _number(value)
        except ValueError:
            params[name] = value
        except ZeroDivisionError:
            raise click.BadParameter(f"{value} divides by 0", ctx, param) from None
    return params


def _number(text: str) -> float:
    """A number, or a fraction such as 1/3."""
    above, slash, below = text.partition("/")
    return float(above) / float(below) if slash else float(text)


def parse_clip(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> tuple[float, float] | None:
    """Turn "0.1:10" into (0.1, 10.0); either side may be left out."""
    if text is None:
        return None
    low, _, high = text.partition(":")
    try:
        limits = float(low or "0"), float(high or "inf")
        if ":" in text and limits[0] <= limits[1]:
            return limits
    except ValueError:
        pass
    raise click.BadParameter("expected LOW:HIGH, such as 0.1:10", ctx, param)


def parse_foreground(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    """Turn "255" into (255, 255), and "128-255" into (128, 255)."""
    if text is None:
        return None
    from ..labels.values import parse_values

    try:
        low, high = parse_values(text)
    except LabelError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return low, high


def parse_layers(ctx: click.Context, param: click.Parameter, text: str | None) -> Pattern | None:
    """Turn "{scene}_{class}.png" into a pattern of paths."""
    if text is None:
        return None
    from ..sources.layers import Pattern

    try:
        return Pattern(text)
    except SourceError as error:
        raise click.BadParameter(f"{error}, {error.hint}", ctx, param) from None


def parse_output(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Turn "-" into None, which is standard output."""
    return None if text == "-" else parse_local(ctx, param, text)


def parse_local(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Refuse the URL of a file that is to be written."""
    if text is not None and "://" in text:
        raise click.BadParameter(
            f"{printable(text)} is a URL; results are written to local files, which the tools of the store copy there",
            ctx,
            param,
        )
    return text
