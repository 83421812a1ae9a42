"""
The first word of the command line: a command, or a slip for which a person gets the right one.
"""

from __future__ import annotations

import glob
import os
from typing import NoReturn

import click

from ..text.escape import printable, quoted
from ..text.suggest import folded, nearest, similar

_MAIN = "weights"  # the command that those who name none are after


def fold_name(name: str) -> str:
    """The name of a command or of a long option in any case, and with _ for -."""
    return folded(name) if len(name) > 1 else name


class NoCommandError(click.UsageError):
    """
    The first word is no command.

    Attributes
    ----------
    hint : str
        A command line that does what was meant; "" if nobody can tell.
    """

    def __init__(self, message: str, hint: str, ctx: click.Context) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class Commands(click.Group):
    """The commands; a word that is none, such as a folder of masks, gets the line that was meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they were added, the main one first."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the command line; options of a command may not stand before it."""
        places = (place for place, word in enumerate(args) if fold_name(word) in self.commands)
        place = next(places, len(args))
        given = [*args[place : place + 1]] or [_MAIN]
        line = [*given, *args[:place], *args[place + 1 :]]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            owners = [command for command in self.commands.values() if _takes(command, name)]
            if not owners:
                raise
            message = f"{name} is an option of a command, which comes before it"
            raise NoCommandError(message, _line(line), ctx) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first word."""
        word = args[0]
        if fold_name(word) not in self.commands and not word.startswith("-"):
            self._refuse(ctx, args)
        return super().resolve_command(ctx, args)

    def _refuse(self, ctx: click.Context, args: list[str]) -> NoReturn:
        word, what = args[0], printable(args[0])
        if _is_source(word) and not similar(word, self.commands):
            raise NoCommandError(
                f"there is no command '{what}'; masks come after the command",
                _line([_MAIN, *args]),
                ctx,
            )
        hint = _line([_MAIN, *args]) if os.path.lexists(word) else ""
        raise NoCommandError(
            f"there is no command '{what}'{nearest(word, self.commands)}", hint, ctx
        )


def _takes(command: click.Command, name: str) -> bool:
    return any(name in [*param.opts, *param.secondary_opts] for param in command.params)


def _is_source(word: str) -> bool:
    """Whether a word stands for masks: it is there, or looks like a path, a glob or a URL."""
    return os.path.lexists(word) or glob.has_magic(word) or any(c in word for c in "/\\.")


def _line(words: list[str]) -> str:
    return " ".join(["weightcalc", *map(quoted, words)])
