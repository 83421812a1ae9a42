"""`weightcalc check`: rules on a data set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .check_options import check_options
from .options import output_option
from .results import say_written, write_result
from .sections import Command

if TYPE_CHECKING:
    from ..check.options import FindingOptions, RuleOptions
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..text.voice import Voice
    from ..weights.options import FormulaOptions


@click.command("check", cls=Command, short_help="Check masks by rules, for CI and pre-commit.")
@check_options
@output_option
def command(
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
