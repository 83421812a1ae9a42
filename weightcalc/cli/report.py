"""`weightcalc report`: the class balance of sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import counting_options, output_option
from .report_options import report_options
from .results import say_written, write_result
from .sections import Command

if TYPE_CHECKING:
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..text.voice import Voice
    from ..weights.options import FormulaOptions


@click.command("report", cls=Command, short_help="Show the class balance, or compare sets.")
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
    raw: bool,
    sort: str,
    format_: str | None,
    output: str | None,
) -> None:
    """
    Show the classes of SOURCES, and their weights by several methods.

    All masks are one set, and each counts file is another: they are put side by side,
    and the first is what the others are compared with.

    \b
        weightcalc report masks/ -o balance.html
        weightcalc report train.json val.json test.json
    """
    from ..counting.run import count_data, say_idle_options
    from ..counts.top_masks import TopMasks
    from ..report.formats import DATA
    from ..report.table import make_report
    from .reporting import (
        best_masks,
        choose_format,
        encode_report,
        find_sets,
        plan_columns,
        telling,
    )
    from .usage import check_binary, check_layers

    check_layers(sources, labels, reading)
    format_ = choose_format(output, format_)
    check_binary(output, format_)
    sets = find_sets(sources, labels, reading, voice, output=output, cache=run.cache)
    columns = plan_columns(methods, asked, list(sets.values()))
    tops = {name: TopMasks(data.labels) for name, data in sets.items() if format_ == "html"}
    with voice.warnings_last():
        counts = {
            name: count_data(data, run, voice, on_mask=tops[name].add if name in tops else None)
            for name, data in sets.items()
        }
        for data in sets.values():
            say_idle_options(data, voice)
        if format_ not in DATA:
            columns = telling(columns, methods, counts)
        scaled = not raw and asked.normalize == "none" and format_ not in DATA
        table = make_report(counts, columns, sort, scaled=scaled)
        masks = best_masks(table, sets, tops)
        write_result(output, encode_report(table, columns, format_, output, voice, masks))
    say_written(output, format_, voice)
