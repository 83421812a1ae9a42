"""`weightcalc explain`: how a list of weights was made."""

from __future__ import annotations

import click

from ..text.voice import Voice
from .options import output_option
from .parsing import Choice
from .results import say_written, write_result
from .sections import COMMON, OUTPUT, Command, option


@click.command("explain", cls=Command, short_help="Tell how a list of weights was made.")
@click.argument("given", metavar="WEIGHTS")
@option(COMMON, "--counts", metavar="FILE", help="Counts file of the data set the weights are for.")
@option(
    OUTPUT, "-f", "--format", "format_", type=Choice(["text", "json"]),
    help="Format.  [default: by the ending of -o, or text]",
)  # fmt: skip
@output_option
def command(given: str, counts: str | None, format_: str | None, output: str | None) -> None:
    """
    Tell how WEIGHTS were made: a file, a list, or - for standard input.

    \b
        weightcalc explain weights.json
        weightcalc explain "2.8149, 6.9850, 3.7890" --counts counts.json
    """
    from ..explain.explanation import explain_file
    from ..explain.text import ENDINGS, EXPLANATIONS
    from ..files.atomic import refuse_overwriting
    from ..files.endings import format_by_ending

    format_ = format_by_ending(output, format_, ENDINGS)
    refuse_overwriting({"-o": output}, filter(None, [given, counts]))
    write_result(output, EXPLANATIONS[format_](explain_file(given, counts)))
    say_written(output, format_, Voice())
