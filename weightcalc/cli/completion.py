"""
What shells offer when a person presses Tab, beside the choices that options have of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem


def complete_files(incomplete: str) -> list[CompletionItem]:
    """Files, which the shell itself looks for."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(incomplete: str) -> list[CompletionItem]:
    """Folders, which the shell itself looks for."""
    return [CompletionItem(incomplete, type="dir")]


def complete_class_lists(incomplete: str) -> list[CompletionItem]:
    """The presets that begin so, else files."""
    from ..labels.class_list import PRESETS

    presets = [CompletionItem(name) for name in PRESETS if name.startswith(incomplete)]
    return presets or complete_files(incomplete)


def complete_rules(incomplete: str) -> list[CompletionItem]:
    """Rules of `check`, each with all of its levels."""
    from ..check.findings import LEVELS
    from ..check.rules import RULES

    words = (f"{rule}={level}" for rule in RULES for level in LEVELS)
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


OF_OPTIONS: dict[str, Callable[[str], list[CompletionItem]]] = {  # by what their help calls a value
    "FILE": complete_files,
    "DIR": complete_folders,
    "FILE|PRESET": complete_class_lists,
    "ID=LEVEL": complete_rules,
}


def complete_topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Pages of the manual, and the names of their parts."""
    from ..manual import parts, topics

    return [name for name in [*topics(), *parts()] if name.startswith(incomplete)]
