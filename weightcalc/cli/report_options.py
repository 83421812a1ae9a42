"""
Options of `report`: those of other commands, but for several methods and other formats.
"""

from __future__ import annotations

from ..report.formats import ENDINGS
from ..weights.formulas import METHODS
from .gathering import all_of, gathered
from .options import formula_options, formula_words
from .parsing import Choice
from .sections import COMMON, OUTPUT, WEIGHTS, option

_methods = option(
    COMMON,
    "-m",
    "--method",
    "methods",
    multiple=True,
    type=Choice(METHODS, prefixes=True, hint="weightcalc help methods"),
    metavar="METHOD",
    help="Formula to show; repeatable.  [default: four that differ much]",
)
_raw = option(
    WEIGHTS,
    "--raw",
    is_flag=True,
    help="Show weights as `weights` writes them, not divided by their mean; .csv and .json always do.",
)
_sort = option(
    OUTPUT,
    "--sort",
    type=Choice(["id", "share"]),
    default="id",
    show_default=True,
    help="Order of the classes.",
)
_format = option(
    OUTPUT,
    "-f",
    "--format",
    "format_",
    type=Choice(ENDINGS),
    help="Format.  [default: by the ending of -o, or text]",
)
report_options = all_of(
    _methods, gathered("asked", formula_words, *formula_options), _raw, _sort, _format
)
