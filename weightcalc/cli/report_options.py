"""
Options of `report`: those of other commands, but for several methods and other formats.
"""

from __future__ import annotations

import click

from ..report.formats import FORMATS
from ..weights.formulas import METHODS

methods_option = click.option(
    "-m",
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(list(METHODS)),
    metavar="METHOD",
    help="Formula to show; repeatable.  [default: four that differ much]",
)
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
