"""`weightcalc explain`: how a list of weights was made."""

from __future__ import annotations

import click

from .options import output_option
from .results import write_result


@click.command("explain", short_help="Tell how a list of weights was made.")
@click.argument("given", metavar="WEIGHTS")
@click.option("--counts", metavar="FILE", help="Counts file of the data set the weights are for.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json"]),
    help="Format.  [default: by the ending of -o, or text]",
)  # fmt: skip
@output_option
def command(given: str, counts: str | None, format_: str | None, output: str | None) -> None:
    """
    Tell how WEIGHTS were made: a JSON file, a list, or - for standard input.

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
