"""
The commands. Each is options in, one library call, one result out.

The modules that need NumPy are imported by the commands, so that --help and errors in
options answer at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ..errors import OutputError
from ..text.escape import printable
from ..text.numbers import number_of
from ..text.voice import Voice
from .check_options import check_options
from .options import counting_options, format_options, output_option, weight_options
from .parsing import Choice
from .report_options import report_options
from .sections import COMMON, MASKS, OUTPUT, Command, option

if TYPE_CHECKING:
    from ..check.options import FindingOptions, RuleOptions
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..weights.options import FormulaOptions


@click.command(cls=Command, short_help="Compute class weights from masks or counts files.")
@counting_options
@option(
    MASKS, "--pixels", metavar="NUMBERS",
    help='Weigh these pixels of each class instead of masks: "3370714, 2856755".',
)  # fmt: skip
@weight_options
@format_options
@output_option
def weights(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    pixels: str | None,
    asked: FormulaOptions,
    format_: str | None,
    layout: str,
    key: str | None,
    digits: int | None,
    output: str | None,
) -> None:
    """
    Compute class weights from SOURCES: masks, folders, globs, or counts files.

    \b
        weightcalc weights masks/ -m balanced > weights.json
        weightcalc weights --pixels "3370714, 2856755" -m balanced
    """
    from ..counting.data_set import find_data
    from ..counting.run import count_data, say_idle_options
    from ..counting.weighing import check_names
    from ..weights.class_weights import on_spread
    from ..weights.options import plan_weights
    from .usage import check_binary, check_layers, check_pasted
    from .weighing import choose_format, encode, weigh

    if pixels is not None:
        check_pasted(layout)
    check_layers(sources, labels, reading)
    format_ = choose_format(output, format_, layout, key)
    check_binary(output, format_)
    outputs = {"-o": output}
    if pixels is None:
        data = find_data(sources, labels, reading, voice, outputs=outputs, cache=run.cache)
    else:
        from ..counting.pasted import pasted_data

        data = pasted_data(pixels, labels, outputs)
    formula = plan_weights(asked, data.class_names, data.ignored_classes)
    check_names(data, layout)
    with voice.warnings_last():
        counts = count_data(data, run, voice)
        say_idle_options(data, voice)
        values = weigh(counts, formula, voice)
    if apart := on_spread(counts, values, formula):
        voice.note(apart)
    write_result(output, encode(counts, values, formula, format_, layout, key, digits))
    say_written(output, f"{number_of(len(values), 'weight')}, {formula.method}", voice)


@click.command(cls=Command, short_help="Count masks, or add counts files up.")
@counting_options
@option(OUTPUT, "--per-mask", metavar="FILE", help="Write a JSON line for each mask to FILE.")
@output_option
def count(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    per_mask: str | None,
    output: str | None,
) -> None:
    """
    Count SOURCES into a counts file, or add counts files up.

    \b
        weightcalc count masks/ -n 12 -o counts.json
        weightcalc count shard-*.json -o all.json
    """
    from ..counting.data_set import find_data
    from ..counting.run import count_data
    from ..counts.counts_file import ENDINGS
    from ..files.endings import format_by_ending
    from ..report.summary import totals_line
    from .usage import check_layers

    check_layers(sources, labels, reading)
    format_by_ending(output, None, ENDINGS)
    outputs = {"-o": output, "--per-mask": per_mask}
    data = find_data(sources, labels, reading, voice, outputs=outputs, cache=run.cache)
    counts = count_data(data, run, voice, per_mask)
    voice.detail(totals_line(counts))
    write_result(output, counts.to_json().encode())
    say_written(output, number_of(counts.num_masks, "mask"), voice)


@click.command(cls=Command, short_help="Tell how a list of weights was made.")
@click.argument("given", metavar="WEIGHTS")
@option(COMMON, "--counts", metavar="FILE", help="Counts file of the data set the weights are for.")
@option(
    OUTPUT, "-f", "--format", "format_", type=Choice(["text", "json"]),
    help="Format.  [default: by the ending of -o, or text]",
)  # fmt: skip
@output_option
def explain(given: str, counts: str | None, format_: str | None, output: str | None) -> None:
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


@click.command(cls=Command, short_help="Show the class balance, or compare sets.")
@counting_options
@report_options
@output_option
def report(
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


@click.command(cls=Command, short_help="Check masks by rules, for CI and pre-commit.")
@check_options
@output_option
def check(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    rules: RuleOptions,
    findings: FindingOptions,
    asked: FormulaOptions,
    output: str | None,
) -> int:
    """
    Check SOURCES by rules. Exit with 1 if a rule of level "error" fails.

    Levels and limits may stand in [tool.weightcalc.check] of pyproject.toml.

    \b
        weightcalc check masks/ -c classes.txt --images images/
        weightcalc check train/ -n 12 --against val/ --min-masks 5
    """
    from ..check.config import settings_of
    from ..check.formats import ENDINGS, append_summary, encode_findings, summary_line
    from ..check.run import plan_check, run_check
    from ..counting.data_set import find_data
    from ..counting.run import say_idle_options
    from ..files.endings import format_by_ending
    from ..weights.options import plan_weights
    from .usage import check_layers

    check_layers(sources, labels, reading)
    format_ = format_by_ending(output, findings.format_, ENDINGS)
    settings = settings_of(rules)
    outputs = {"-o": output, "--summary": findings.summary}
    data = find_data(sources, labels, reading, voice, outputs=outputs, cache=run.cache)
    formula = plan_weights(asked, data.class_names, data.ignored_classes)
    planned = plan_check(data, settings, formula, sources, reading.encoding, outputs=outputs)
    checked = run_check(planned, run, voice)
    if not planned.left_out:  # single files need not hold all values
        say_idle_options(data, voice)
    if findings.summary:
        append_summary(findings.summary, checked)
    color = output is None and voice.wants_color(sys.stdout)
    write_result(output, encode_findings(checked, format_, verbose=voice.verbose, color=color))
    say_written(output, summary_line(checked), voice)
    return 0 if findings.exit_zero else checked.findings.exit_code(settings.strict)


def say_written(output: str | None, what: str, voice: Voice) -> None:
    """Say which file was written, and what it holds."""
    if output:
        voice.aside(f"wrote {printable(output)} ({what})")


def write_result(output: str | None, data: bytes) -> None:
    """
    Write a result to a file, or to standard output where that is None.

    Raises
    ------
    OutputError
    """
    from ..files.atomic import write_file

    if output:
        write_file(output, data)
        return
    try:
        stream = sys.stdout.buffer
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise
    except (OSError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise OutputError(f"standard output: {reason}") from error
