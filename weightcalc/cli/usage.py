"""Contradictions between options that only the command line can have."""

from __future__ import annotations

import sys

import click

from ..counts.counts_file import is_counts_file
from ..labels.options import LabelOptions
from ..sources.options import SourceOptions
from ..text.escape import printable
from ..text.voice import is_terminal

_BINARY = ("pickle", "npy", "png", "pdf", "svg")


def check_counts_files(sources: SourceOptions, labels: LabelOptions) -> None:
    """
    Refuse options on values where there are counts files, whose values are classes already.

    Raises
    ------
    click.UsageError
    """
    saved = next(filter(is_counts_file, sources.sources), None)
    if saved is not None and labels.of_values:
        raise click.UsageError(
            f"{printable(saved)} is a counts file, whose values are classes already: "
            "--ignore-index, --map and --reduce-zero-label come too late for it"
        )


def check_binary(output: str | None, format_: str) -> None:
    """
    Refuse to print on a terminal what is no text.

    Raises
    ------
    click.UsageError
    """
    if output is None and format_ in _BINARY and is_terminal(sys.stdout):
        raise click.UsageError(
            f"{format_} is no text, and standard output is a terminal: give -o FILE"
        )
