"""
Options of the command line: each defined once, parsed once into a typed value, and shared
by commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..counting.options import ON_ERROR
from ..files.limits import MAX_BYTES, MAX_PIXELS
from ..masks.encodings import ENCODINGS
from ..text.voice import Voice
from ..weights.formulas import ABSENT, DENOMINATORS, METHODS, NORMALIZE
from ..weights.weights_file import LAYOUTS, REFUSED, WRITERS
from .gathering import F, all_of, gathered, made_by
from .parsing import (
    Choice,
    Size,
    parse_clip,
    parse_foreground,
    parse_layers,
    parse_local,
    parse_output,
    parse_params,
)
from .sections import COMMON, LABELS, LIMITS, MASKS, OUTPUT, RUNNING, WEIGHTS, option

if TYPE_CHECKING:
    from ..counting.options import RunOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions


def _sources(**given: Any) -> SourceOptions:
    from ..sources.options import SourceOptions

    options = SourceOptions(**given)
    of_list = options.null or options.root or options.suffix or options.allow_remote
    if options.files_from is None and of_list:
        raise click.UsageError(
            "-0, --root, --suffix and --allow-remote describe the list of --files-from, "
            "which is not given"
        )
    pasted = click.get_current_context().params.get("pixels") is not None
    if options.files_from is None and not options.sources and not pasted:
        raise click.UsageError("there is nothing to count: name a folder, masks, or --files-from")
    return options


def _reading(**given: Any) -> ReadOptions:
    from ..masks.options import ReadOptions

    options = ReadOptions(**given)
    if options.channel_axis is not None and options.encoding not in ("one-hot", "multilabel"):
        raise click.UsageError("--channel-axis goes with --encoding one-hot or multilabel")
    return options


def _run(**given: Any) -> RunOptions:
    from ..counting.options import RunOptions

    options = RunOptions(**given)
    if options.jobs is not None and options.dask is not None:
        raise click.UsageError(
            "-j/--jobs starts processes of this machine, but with --dask only the workers of the "
            "cluster count: give one of the two"
        )
    return options


source_options = gathered(
    "sources",
    _sources,
    click.argument("sources", nargs=-1, type=click.Path()),
    option(
        MASKS, "--include", multiple=True, metavar="GLOB", help="Count only files of such names."
    ),
    option(
        MASKS, "--exclude", multiple=True, metavar="GLOB", help="Leave out files of such names."
    ),
    option(
        MASKS, "-L", "--follow", is_flag=True, help="Follow links to folders, each folder once."
    ),
    option(
        MASKS,
        "--files-from",
        metavar="FILE",
        help="Read the names of masks from FILE (- is standard input), one a line.",
    ),
    option(MASKS, "-0", "--null", is_flag=True, help="The names in --files-from end with NUL."),
    option(MASKS, "--root", default="", metavar="DIR", help="Folder of the names in --files-from."),
    option(
        MASKS,
        "--suffix",
        default="",
        metavar="END",
        help="Ending to add to the names in --files-from.",
    ),
    option(MASKS, "--allow-remote", is_flag=True, help="Allow URLs in the --files-from list."),
    option(
        MASKS,
        "--layers",
        callback=parse_layers,
        metavar="PATTERN",
        help="How paths name scene and class, such as '{scene}_{class}.png'; see `weightcalc help layers`.",
    ),
)

label_options = gathered(
    "labels",
    made_by("labels.options", "LabelOptions"),
    option(COMMON, "-n", "--num-classes", type=int, metavar="N", help="Classes are 0 to N-1."),
    option(
        COMMON,
        "-c",
        "--classes",
        metavar="FILE|PRESET",
        help="Class list: a file, or a preset.",
    ),
    option(
        COMMON,
        "--ignore-index",
        multiple=True,
        metavar="VALUE",
        help="Value that is no class: a number, #RRGGBB or a name; repeatable.",
    ),
    option(
        LABELS,
        "--map",
        "mapping",
        multiple=True,
        metavar="VALUE:CLASS",
        help="Count VALUE as CLASS; repeatable; or a JSON or CSV file of pairs.",
    ),
    option(
        LABELS,
        "--reduce-zero-label",
        is_flag=True,
        help="Ignore 0 and 255, and count v as class v - 1.",
    ),
    option(LABELS, "--rest", metavar="CLASS", help="Class of the pixels that no layer covers."),
)

reading_options = gathered(
    "reading",
    _reading,
    option(
        MASKS,
        "--encoding",
        type=Choice(ENCODINGS),
        default="auto",
        show_default=True,
        help="How masks hold classes.",
    ),
    option(
        MASKS,
        "--channel-axis",
        type=int,
        metavar="AXIS",
        help="Axis of the channels of one-hot and multilabel arrays.  [default: the last]",
    ),
    option(
        MASKS,
        "--foreground",
        callback=parse_foreground,
        metavar="VALUE|RANGE",
        help="What is in the class, in channels and --layers: such as 255 or 128-255.",
    ),
    option(MASKS, "--array", metavar="NAME", help="Which array of an .npz, HDF5 or Zarr to count."),
    option(LIMITS, "--allow-lossy", is_flag=True, help="Count JPEG and lossy WebP."),
    option(
        LIMITS,
        "--max-pixels",
        type=Size(),
        default=MAX_PIXELS,
        help="Refuse masks of more pixels.  [default: 16G]",
    ),
    option(
        LIMITS,
        "--max-bytes",
        type=Size(),
        default=MAX_BYTES,
        help="Refuse masks that inflate to more bytes.  [default: 64G]",
    ),
)

_engine_options = (
    option(
        RUNNING,
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Count in N processes.  [default: one for each core; one where all is done at once]",
    ),
    option(
        RUNNING,
        "--requests",
        type=click.IntRange(1, 1000),
        default=64,
        show_default=True,
        metavar="N",
        help="Requests for masks behind URLs that are under way at a time.",
    ),
    option(
        RUNNING, "--dask", metavar="ADDRESS", help="Count on the Dask cluster of this scheduler."
    ),
    option(
        RUNNING,
        "--cache",
        metavar="FILE",
        callback=parse_local,
        help="Keep counts of masks in FILE; read only what changed.",
    ),
)
error_option = option(
    RUNNING,
    "--on-error",
    type=Choice(ON_ERROR),
    default="fail",
    show_default=True,
    help="What to do about masks that cannot be read.",
)
voice_options = gathered(
    "voice",
    Voice,
    option(RUNNING, "-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    option(RUNNING, "-v", "--verbose", is_flag=True, help="Say more on standard error."),
    option(
        RUNNING, "--progress/--no-progress", default=None, help="Progress bar.  [default: auto]"
    ),
    option(
        RUNNING,
        "--color",
        type=Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colours on the terminal.",
    ),
)
run_options = gathered("run", _run, *_engine_options)  # of `check`, which goes on after errors
running_options = all_of(gathered("run", _run, error_option, *_engine_options), voice_options)

counting_options = all_of(source_options, label_options, reading_options, running_options)
output_option = option(
    COMMON,
    "-o",
    "--output",
    metavar="FILE",
    callback=parse_output,
    help="Write to FILE.  [default: -, standard output]",
)


def method_option(section: str) -> Callable[[F], F]:
    """The option that names one method, in a section of the help."""
    return option(
        section,
        "-m",
        "--method",
        type=Choice(METHODS, prefixes=True, hint="weightcalc help methods"),
        metavar="METHOD",
        default="median-frequency",
        show_default=True,
        help="Formula; `weightcalc help methods` explains them.",
    )


formula_options = (
    option(
        WEIGHTS,
        "-p",
        "--param",
        "params",
        multiple=True,
        callback=parse_params,
        metavar="NAME=VALUE",
        help="Parameter of the formula.",
    ),
    option(
        WEIGHTS,
        "--zero",
        multiple=True,
        metavar="CLASS",
        help="Count this class, but give it weight 0.",
    ),
    option(
        WEIGHTS,
        "--absent",
        type=Choice(ABSENT),
        default="zero",
        show_default=True,
        help="Weight of a class that no mask holds.",
    ),
    option(
        WEIGHTS,
        "--normalize",
        type=Choice(NORMALIZE),
        default="none",
        show_default=True,
        help="Rescale so that the mean (sum, max, min) of the weights is 1.",
    ),
    option(
        WEIGHTS,
        "--clip",
        callback=parse_clip,
        metavar="LOW:HIGH",
        help="Smallest and largest weight.",
    ),
    option(
        WEIGHTS,
        "--denominator",
        type=Choice(DENOMINATORS),
        default="published",
        show_default=True,
        help="How ignored pixels enter the frequencies; see `weightcalc help methods`.",
    ),
)
formula_words = made_by("weights.options", "FormulaOptions")
weight_options = gathered("asked", formula_words, method_option(COMMON), *formula_options)

format_options = all_of(
    option(
        OUTPUT,
        "-f",
        "--format",
        "format_",
        type=Choice(WRITERS, refused=REFUSED),
        help="Format.  [default: by the ending of -o, or json]",
    ),
    option(
        OUTPUT,
        "--layout",
        type=Choice(LAYOUTS),
        default="list",
        show_default=True,
        help="Shape of the result.",
    ),
    option(
        OUTPUT,
        "--key",
        metavar="KEY",
        help="Nest a JSON or YAML result: loss.weight gives {loss: {weight: ...}}.",
    ),
    option(
        OUTPUT,
        "--digits",
        type=click.IntRange(1, 17),
        metavar="N",
        help="Round to N significant digits.",
    ),
)
