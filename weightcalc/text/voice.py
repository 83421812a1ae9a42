"""
Standard error: warnings, the progress bar, colours. A closed or full one never ends a run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import click

from .numbers import MOST_LINES, shortened


class Voice:
    """
    How a run speaks to the person who started it.

    Parameters
    ----------
    quiet, verbose : bool
    color : str
        "always", "never", or "auto": on a terminal, unless NO_COLOR is set. Each stream is
        judged by itself.
    progress : bool, optional
        Whether to draw a bar. Default is on a terminal only.

    Attributes
    ----------
    warnings : list of str
        What was said as a warning, also where the run is quiet; of many the first ones, and how
        many more there are.
    """

    def __init__(
        self,
        quiet: bool = False,
        verbose: bool = False,
        color: str = "auto",
        progress: bool | None = None,
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose and not quiet
        self._color = color
        self.warnings: list[str] = []
        self._progress = False if quiet and progress is None else progress
        self._held: list[str] | None = None
        self._bar: Bar | None = None

    @property
    def is_heard(self) -> bool:
        """Whether a person at a terminal, or ``-v`` elsewhere, wants to know how a run goes."""
        return self.verbose or (is_terminal(sys.stderr) and not self.quiet)

    def wants_color(self, stream: TextIO | None) -> bool:
        """Whether a stream gets colours: https://no-color.org"""
        if self._color != "auto":
            return self._color == "always"
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return is_terminal(stream) and not plain

    def say(self, text: str) -> None:
        """A line on standard error, as it stands."""
        if self._bar is not None:
            self._bar.hide()
        with suppress(OSError, ValueError, AttributeError):
            click.echo(text, err=True, color=self.wants_color(sys.stderr))

    def tell(self, text: str, label: str = "", **style: Any) -> None:
        """A sentence on standard error, behind a label in colour: in lines that fit a terminal."""
        width = _columns_of(sys.stderr)
        for line in text.split("\n"):
            first, *rest = _fitted(line, width, label)
            styled = click.style(label, **style) if label else ""
            self.say("\n".join([styled + first.removeprefix(label), *rest]))
            label = ""

    def warn(self, text: str) -> None:
        """A warning, unless the run is quiet; where warnings are held, at the end."""
        self.warn_each([text])

    @contextmanager
    def warnings_last(self) -> Iterator[None]:
        """Keep the warnings of a run until it ends, so that a long table does not hide them."""
        held: list[str] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            for line in held:
                self._tell_warning(line)

    def warn_each(self, texts: Sequence[str], beyond: int = 0) -> None:
        """
        Many warnings: after some of them only their number, unless -v asks for all.

        `beyond` are so many that nobody holds; each was a detail when it came up.
        """
        self.warnings += shortened(texts, beyond=beyond)
        if self.quiet:
            return
        shown = texts if self.verbose else texts[:MOST_LINES]
        more = len(texts) - len(shown) + beyond
        where = "above" if self.verbose else "-v shows them"
        rest = [f"and {more} more such warnings ({where})"] if more else []
        for text in [*shown, *rest]:
            if self._held is None:
                self._tell_warning(text)
            else:
                self._held.append(text)

    def _tell_warning(self, text: str) -> None:
        self.tell(text, "warning:", fg="yellow")

    def note(self, text: str) -> None:
        """A line that is no warning, unless the run is quiet."""
        if not self.quiet:
            self.tell(text)

    def aside(self, text: str) -> None:
        """What a person at a terminal likes to know, and ``-v`` asks for elsewhere."""
        if self.is_heard:
            self.tell(text)

    def detail(self, text: str) -> None:
        """What only ``-v`` asks for."""
        if self.verbose:
            self.tell(text)

    @contextmanager
    def bar(self, total: int | None) -> Iterator[Bar]:
        """A progress bar over `total` files; None while they are being looked for."""
        bar = self._bar = Bar(total, self._progress)
        try:
            yield bar
        finally:
            self._bar = None
            bar.close()


class Bar:
    """tqdm, on a stream that cannot fail."""

    def __init__(self, total: int | None, wanted: bool | None) -> None:
        self._bar = None
        if wanted is False or (wanted is None and not is_terminal(sys.stderr)):
            return  # tqdm is not even imported where nobody looks
        from tqdm import tqdm

        looking = {"desc": "looking for masks", "leave": False, "delay": 0.5}
        looks: dict[str, Any] = {} if total is not None else looking
        self._bar = tqdm(total=total, unit="mask", file=_Unfailing(), dynamic_ncols=True, **looks)

    def step(self, number: int = 1) -> None:
        """Files are done."""
        if self._bar is not None:
            self._bar.update(number)

    def hide(self) -> None:
        """Make room for a line; the next step draws the bar again."""
        if self._bar is not None:
            self._bar.clear()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


class _Unfailing:
    """Standard error without its errors; a bar is not worth a run."""

    encoding = "utf-8"

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        return is_terminal(sys.stderr)

    def fileno(self) -> int:
        return sys.stderr.fileno()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at a stream; a closed one is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError):  # closed
        return False


def _fitted(text: str, width: int, label: str) -> list[str]:
    """A text in lines of a terminal, or one line where there is none; what is to be pasted stays."""
    if not width or text.startswith(" "):
        return [f"{label} {text}" if label else text]
    from .columns import fill  # here: pipes need no columns

    return list(fill(text, width, label))


def _columns_of(stream: TextIO | None) -> int:
    """Columns of a terminal; 0 of what is none, or does not tell."""
    if stream is None or not is_terminal(stream):
        return 0
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0
