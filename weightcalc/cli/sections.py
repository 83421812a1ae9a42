"""
Help of a command: its options in sections, in the order in which people look for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])

COMMON = "Common"
RULES = "Rules"
MASKS = "Which masks"
LABELS = "Labels"
WEIGHTS = "Weights"
OUTPUT = "Output"
RUNNING = "Running"
LIMITS = "Limits"
SECTIONS = (COMMON, RULES, MASKS, LABELS, WEIGHTS, OUTPUT, RUNNING, LIMITS)


class Option(click.Option):
    """An option that knows the section of the help in which it stands, one of `SECTIONS`."""

    def __init__(self, *args: Any, section: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.section = section

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell offers for the value of the option."""
        from .completion import OF_OPTIONS  # here: shells alone ask

        if complete := OF_OPTIONS.get(self.metavar or ""):
            return complete(incomplete)
        return super().shell_complete(ctx, incomplete)


def option(section: str, *names: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option as ``click.option`` does, in a section of the help."""
    return click.option(*names, cls=Option, section=section, **settings)


class Command(click.Command):
    """A command whose help has its options in sections; --help is the last of them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of options for each section that has any."""
        for section in SECTIONS:
            records = [
                record
                for param in self.get_params(ctx)
                if getattr(param, "section", RUNNING) == section
                and isinstance(param, click.Option)
                and (record := param.get_help_record(ctx)) is not None
            ]
            if records:
                with formatter.section(section):
                    formatter.write_dl(records)
