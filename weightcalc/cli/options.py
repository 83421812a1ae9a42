"""
Options of the command line: each defined once, parsed once, and shared by commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..masks.options import ENCODINGS, ReadOptions
from ..weights.formula import ABSENT, DENOMINATORS, NORMALIZE
from ..weights.formulas import METHODS
from ..weights.weights_file import LAYOUTS, WRITERS

F = TypeVar("F", bound=Callable[..., Any])
_DEFAULTS = ReadOptions()


class Size(click.ParamType):  # type: ignore[type-arg]  # no parameter before click 8.3
    """A whole number, also as 2**34 or 4G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Turn "1000", "2**34" or "16G" into a number."""
        if isinstance(value, int):
            return value
        parts = re.fullmatch(
            r"(\d{1,20})(?:\*\*(\d{1,2})|([KMGT]))?", str(value).strip(), re.IGNORECASE
        )
        if parts is None:
            self.fail("expected a number such as 1000, 2**34 or 16G", param, ctx)
        number = int(parts[1])
        if parts[2]:
            return number ** int(parts[2])
        return number << {"K": 10, "M": 20, "G": 30, "T": 40}.get((parts[3] or "").upper(), 0)


def parse_params(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> dict[str, float | str]:
    """Turn ("c=1.1", "unit=masks") into {"c": 1.1, "unit": "masks"}."""
    params: dict[str, float | str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.BadParameter("expected NAME=VALUE, such as c=1.1", ctx, param)
        try:
            params[name] = float(value)
        except ValueError:
            params[name] = value
    return params


def parse_clip(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> tuple[float, float] | None:
    """Turn "0.1:10" into (0.1, 10.0); either side may be left out."""
    if text is None:
        return None
    low, _, high = text.partition(":")
    try:
        limits = float(low or "0"), float(high or "inf")
        if ":" in text and limits[0] <= limits[1]:
            return limits
    except ValueError:
        pass
    raise click.BadParameter("expected LOW:HIGH, such as 0.1:10", ctx, param)


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator that adds all these options, in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


source_options = all_of(
    click.argument("sources", nargs=-1, type=click.Path()),
    click.option("--include", multiple=True, metavar="GLOB", help="Count only such files."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave such files out."),
    click.option(
        "--files-from",
        metavar="FILE",
        help="Read names of masks from FILE (- is standard input), one a line.",
    ),
    click.option("-0", "--null", is_flag=True, help="Names in that list end with NUL."),
    click.option("--root", default="", metavar="DIR", help="Folder of the names in that list."),
    click.option("--suffix", default="", metavar="END", help="Ending to add to these names."),
    click.option("--allow-remote", is_flag=True, help="That list may name URLs."),
)

label_options = all_of(
    click.option("-n", "--num-classes", type=int, metavar="N", help="Classes are 0 to N-1."),
    click.option("-c", "--classes", metavar="FILE|PRESET", help="Class list, or the name of one."),
    click.option(
        "--ignore-index",
        multiple=True,
        metavar="VALUE",
        help="Value that is no class: a number, #RRGGBB or a name.",
    ),
    click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="VALUE:CLASS",
        help="Count VALUE as CLASS; or a JSON or CSV file of such pairs.",
    ),
    click.option(
        "--reduce-zero-label", is_flag=True, help="0 and 255 are ignored, v becomes v - 1."
    ),
)

reading_options = all_of(
    click.option(
        "--encoding",
        type=click.Choice(ENCODINGS),
        default="auto",
        show_default=True,
        help="How masks hold classes.",
    ),
    click.option(
        "--channel-axis",
        type=int,
        metavar="AXIS",
        help="Axis of the channels of one-hot and multilabel arrays.  [default: the last]",
    ),
    click.option("--allow-lossy", is_flag=True, help="Count JPEG and lossy WebP."),
    click.option(
        "--max-pixels", type=Size(), default=_DEFAULTS.max_pixels, help="Most pixels of a mask."
    ),
    click.option(
        "--max-bytes", type=Size(), default=_DEFAULTS.max_bytes, help="Most bytes it inflates to."
    ),
)

error_option = click.option(
    "--on-error",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="What to do about masks that cannot be read.",
)
running_options = all_of(
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes.  [default: the cores]",
    ),
    click.option("--dask", metavar="ADDRESS", help="Count on the Dask cluster of this scheduler."),
    click.option(
        "--cache", metavar="FILE", help="Keep counts of masks in FILE; read only what changed."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Say more on standard error."),
    click.option("--progress/--no-progress", default=None, help="Progress bar.  [default: auto]"),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colours on standard error.",
    ),
)

counting_options = all_of(
    source_options, label_options, reading_options, error_option, running_options
)
output_option = click.option("-o", "--output", metavar="FILE", help="Write here, not to stdout.")

method_option = click.option(
    "-m",
    "--method",
    type=click.Choice(list(METHODS)),
    default="median-frequency",
    show_default=True,
    help="Formula; the README lists them.",
)
formula_options = all_of(
    click.option(
        "-p",
        "--param",
        "params",
        multiple=True,
        callback=parse_params,
        metavar="NAME=VALUE",
        help="Parameter of the formula.",
    ),
    click.option("--zero", multiple=True, metavar="CLASS", help="Count it, but weigh it 0."),
    click.option(
        "--absent",
        type=click.Choice(ABSENT),
        default="zero",
        show_default=True,
        help="Weight of a class that no mask holds.",
    ),
    click.option(
        "--normalize",
        type=click.Choice(NORMALIZE),
        default="none",
        show_default=True,
        help="Make this of the weights 1.",
    ),
    click.option("--clip", callback=parse_clip, metavar="LOW:HIGH", help="Limits of a weight."),
    click.option(
        "--denominator",
        type=click.Choice(DENOMINATORS),
        default="published",
        show_default=True,
        help="Where ignored pixels count.",
    ),
)
weight_options = all_of(method_option, formula_options)

format_options = all_of(
    click.option(
        "-f",
        "--format",
        "format_",
        type=click.Choice(list(WRITERS)),
        help="Format.  [default: by the ending of -o, or json]",
    ),
    click.option(
        "--layout",
        type=click.Choice(LAYOUTS),
        default="list",
        show_default=True,
        help="Shape of the result.",
    ),
    click.option(
        "--digits",
        type=click.IntRange(1, 17),
        metavar="N",
        help="Round to N significant digits.",
    ),
)
