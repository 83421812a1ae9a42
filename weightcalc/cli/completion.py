"""
What shells offer when a person presses Tab, beside the choices that options have of their own.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def complete_files(metavar: str, incomplete: str) -> list[CompletionItem]:
    """Files or folders, which the shell itself looks for."""
    return [CompletionItem(incomplete, type="dir" if metavar == "DIR" else "file")]


def complete_class_lists(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The presets that begin so, else files."""
    from ..labels.class_list import PRESETS

    presets = [CompletionItem(name) for name in PRESETS if name.startswith(incomplete)]
    return presets or complete_files("FILE", incomplete)


def complete_rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Rules of `check`, each with all of its levels."""
    from ..check.findings import LEVELS
    from ..check.rules import RULES

    words = (f"{rule}={level}" for rule in RULES for level in LEVELS)
    return [word for word in words if word.startswith(incomplete)]


def complete_topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Pages of the manual, and the names of their parts."""
    from ..manual import parts, topics

    return [name for name in [*topics(), *parts()] if name.startswith(incomplete)]
