"""`weightcalc report`: the class balance of sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import counting_options, output_option
from .report_options import report_options
from .results import write_result

if TYPE_CHECKING:
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..text.voice import Voice
    from .formula_options import FormulaOptions


@click.command("report", short_help="Show the class balance, or compare sets.")
@counting_options
@report_options
@output_option
def command(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    methods: tuple[str, ...],
    asked: FormulaOptions,
    sort: str,
    format_: str | None,
    output: str | None,
) -> None:
    """
    Show the classes of SOURCES, and their weights by several methods.

    All masks are one set, and each counts file is another: they are put side by side,
    and the first is what the others are compared with.

    \b
        weightcalc report masks/ -o balance.png
        weightcalc report train.json val.json test.json
    """
    from ..counting.run import count_data, say_idle_options
    from ..report.table import make_report
    from .reporting import choose_format, encode_report, find_sets, plan_columns
    from .usage import check_binary, check_layers

    check_layers(sources, labels, reading)
    format_ = choose_format(output, format_)
    check_binary(output, format_)
    sets = find_sets(sources, labels, reading, voice, output=output, cache=run.cache)
    columns = plan_columns(methods, asked, list(sets.values()))
    counts = {name: count_data(data, run, voice) for name, data in sets.items()}
    for data in sets.values():
        say_idle_options(data, voice)
    table = make_report(counts, columns, sort)
    write_result(output, encode_report(table, format_, output, voice))
