"""Contradictions between options that only the command line can have."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from ..counts.counts_file import is_counts_file
from ..labels.options import LabelOptions
from ..sources.options import SourceOptions
from ..text.escape import printable
from ..text.voice import is_terminal

_WITH_PIXELS = {  # options of `weights` that do not speak of masks
    "pixels", "num_classes", "classes", "ignore_index", "method", "params", "zero", "absent",
    "normalize", "clip", "denominator", "format_", "layout", "digits", "output", "quiet", "verbose",
    "progress", "color",
}  # fmt: skip
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


def check_pasted(layout: str) -> None:
    """
    Refuse options on masks beside --pixels, which takes the place of masks.

    Raises
    ------
    click.UsageError
    """
    context = click.get_current_context()
    for param in context.command.params:
        source = context.get_parameter_source(str(param.name))
        given = source is ParameterSource.COMMANDLINE and context.params[str(param.name)]
        if given and param.name not in _WITH_PIXELS:
            name = "SOURCES" if param.nargs < 0 else param.opts[-1]
            raise click.UsageError(
                "--pixels gives the numbers of pixels, so that there are no masks to count: "
                f"leave {name} out"
            )
    if layout == "report":
        raise click.UsageError(
            "--layout report holds counts of masks, which --pixels does not give"
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
