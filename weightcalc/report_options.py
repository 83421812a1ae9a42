"""
Options of `report`: those of other commands, but for several methods and other formats.
"""

from __future__ import annotations

from typing import Any

import click

from .formulas import METHODS
from .options import weight_options

FORMATS = {
    "text": (".txt",),
    "markdown": (".md", ".markdown"),
    "csv": (".csv",),
    "png": (".png",),
    "svg": (".svg",),
    "pdf": (".pdf",),
}
PICTURES = ("png", "svg", "pdf")


def formula_options() -> list[click.Parameter]:
    """What `weight_options` adds, but with a method that can be given several times."""
    method = click.Option(
        ["-m", "--method", "methods"],
        multiple=True,
        type=click.Choice(list(METHODS)),
        metavar="METHOD",
        help="Formula to show; repeatable.  [default: four that differ much]",
    )

    @click.command()
    @weight_options
    def of_one_method(**_: Any) -> None: ...

    return [method, *(option for option in of_one_method.params if option.name != "method")]


sort_option = click.option(
    "--sort",
    type=click.Choice(["id", "share"]),
    default="id",
    show_default=True,
    help="Order of the classes.",
)
format_option = click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="Format.  [default: by the ending of -o, or text]",
)
