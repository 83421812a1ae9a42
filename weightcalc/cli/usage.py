"""Contradictions between options that only the command line can have."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from ..counting.layers import contradiction
from ..labels.options import LabelOptions
from ..masks.options import ReadOptions
from ..sources.options import SourceOptions
from ..text.voice import is_terminal

_WITH_PIXELS = {  # options of `weights` that do not speak of masks
    "pixels", "num_classes", "classes", "ignore_index", "method", "params", "zero", "absent",
    "normalize", "clip", "denominator", "format_", "layout", "key", "digits", "output", "quiet", "verbose",
    "progress", "color",
}  # fmt: skip
_BINARY = ("pickle", "npy", "png", "pdf")


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


def check_layers(sources: SourceOptions, labels: LabelOptions, reading: ReadOptions) -> None:
    """
    Refuse options that do not go with --layers, and those that go with nothing else.

    Raises
    ------
    click.UsageError
    """
    if text := contradiction(sources, labels, reading):
        raise click.UsageError(text)
