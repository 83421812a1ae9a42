"""
The commands. Each is options in, one plan carried out, one result out.

The modules that need NumPy are imported by the commands, so that --help and
errors in options answer at once.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import click

from .._version import __version__
from ..errors import OutputError, WeightcalcError
from ..text.voice import Voice
from .check_options import check_options
from .options import (
    counting_options,
    format_options,
    formula_options,
    output_option,
    weight_options,
)
from .report_options import format_option, methods_option, sort_option

DONE, FAILED, INTERRUPTED, TERMINATED = 0, 2, 130, 143
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from ..kernels.counters import COMPILED
        from ..kernels.inflate import INFLATE

        kernel = "compiled" if COMPILED else "NumPy"
        click.echo(f"weightcalc {__version__} (kernel: {kernel}, inflate: {INFLATE})")
        ctx.exit()


@click.group(context_settings=_HELP)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version, the kernel and the inflate library.",
)  # fmt: skip
def main() -> None:
    """Count the pixels of each class in segmentation masks, and weigh the classes."""


@main.command(short_help="Compute class weights from masks or counts files.")
@counting_options
@weight_options
@format_options
@output_option
def weights(sources: tuple[str, ...], output: str | None, **options: Any) -> None:
    """
    Compute class weights from SOURCES: masks, folders, globs, or counts files.

    \b
        weightcalc weights masks/ -m balanced > weights.json
    """
    from ..counting.run import carry_out, plan_run
    from .weighing import encode, plan_weights, weigh

    format_ = _format(output, **options)
    voice = _voice(**options)
    plan = plan_run(sources, voice, outputs=[output], **options)
    formula = plan_weights(plan, **options)
    counts = carry_out(plan)
    values = weigh(counts, formula, voice)
    _write(output, encode(counts, values, formula, format_, options["layout"], options["digits"]))


@main.command(short_help="Count masks, or add counts files up.")
@counting_options
@click.option("--per-mask", metavar="FILE", help="Write a JSON line for each mask to FILE.")
@output_option
def count(
    sources: tuple[str, ...], output: str | None, per_mask: str | None, **options: Any
) -> None:
    """
    Count SOURCES into a counts file, or add counts files up.

    \b
        weightcalc count masks/ -n 12 -o counts.json
        weightcalc count shard-*.json -o all.json
    """
    from ..counting.run import carry_out, plan_run
    from ..report.summary import totals_line

    voice = _voice(**options)
    plan = plan_run(sources, voice, outputs=[output, per_mask], **options)
    counts = carry_out(plan, per_mask)
    voice.detail(totals_line(counts))
    _write(output, counts.to_json().encode())


@main.command(short_help="Tell how a list of weights was made.")
@click.argument("given", metavar="WEIGHTS")
@click.option("--counts", metavar="FILE", help="Counts file of the data set the weights are for.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json"]),
    help="Format.  [default: by the ending of -o, or text]",
)  # fmt: skip
@output_option
def explain(given: str, counts: str | None, format_: str | None, output: str | None) -> None:
    """
    Tell how WEIGHTS were made: a JSON file, a list, or - for standard input.

    \b
        weightcalc explain weights.json
        weightcalc explain "2.8149, 6.9850, 3.7890" --counts counts.json
    """
    from ..explain.explanation import explain_file
    from ..explain.text import EXPLANATIONS

    by_ending = "json" if (output or "").lower().endswith(".json") else "text"
    explanation = explain_file(given, counts, output)
    _write(output, EXPLANATIONS[format_ or by_ending](explanation))


@main.command(short_help="Show the class balance, or compare sets.")
@counting_options
@methods_option
@formula_options
@sort_option
@format_option
@output_option
def report(sources: tuple[str, ...], output: str | None, **options: Any) -> None:
    """
    Show the classes of SOURCES, and their weights by several methods.

    All masks are one set, and each counts file is another: they are put side by side,
    and the first is what the others are compared with.

    \b
        weightcalc report masks/ -o balance.png
        weightcalc report train.json val.json test.json
    """
    from .reporting import carry_out_report, encode_report, plan_report

    voice = _voice(**options)
    plan = plan_report(sources, output, voice, **options)
    _write(output, encode_report(carry_out_report(plan), plan, voice))


@main.command(short_help="Check masks by rules, for CI and pre-commit.")
@check_options
@output_option
def check(sources: tuple[str, ...], output: str | None, **options: Any) -> int:
    """
    Check SOURCES by rules, and exit 1 if one of level error is broken.

    Levels and limits may stand in [tool.weightcalc.check] of pyproject.toml.

    \b
        weightcalc check masks/ -c classes.txt --images images/
        weightcalc check train/ -n 12 --against val/ --min-masks 5
    """
    from ..check.config import settings_of
    from ..check.formats import append_summary, encode_findings
    from ..check.run import plan_check, run_check
    from ..counting.run import plan_run
    from .weighing import plan_weights

    settings = settings_of(**options)
    voice, outputs = _voice(**options), [output, options["summary"]]
    plan = plan_run(sources, voice, on_error="skip", outputs=outputs, **options)
    formula = plan_weights(plan, **options)
    checked = run_check(plan_check(plan, settings, formula, sources, outputs=outputs, **options))
    if options["summary"]:
        append_summary(options["summary"], checked)
    _write(output, encode_findings(checked, output, **options))
    return DONE if options["exit_zero"] else checked.findings.exit_code(settings.strict)


def _voice(*, quiet: bool, verbose: bool, color: str, progress: bool | None, **_: Any) -> Voice:
    return Voice(quiet, verbose, color, progress)


def _format(output: str | None, *, format_: str | None, layout: str, **_: Any) -> str:
    from ..weights.weights_file import check_layout, format_of

    name = format_ or (format_of(output) if output else "json")
    check_layout(name, layout)
    if not output and name in ("pickle", "npy") and sys.stdout.isatty():
        raise click.UsageError(f"{name} is binary, and standard output a terminal: -o FILE")
    return name


def _write(output: str | None, data: bytes) -> None:
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


def run() -> NoReturn:
    """Run the command line and exit: the one place where errors become exit codes."""
    signal.signal(signal.SIGTERM, _terminate)
    code = exit_code_of(sys.argv[1:])
    if code != DONE:
        _abandon_stdout()
    _let_go_of_stderr()
    sys.exit(code)


def exit_code_of(arguments: list[str]) -> int:
    """Run the command line and give its exit code; errors are said on standard error."""
    try:
        code = main(arguments, prog_name="weightcalc", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except BrokenPipeError:
        return _reader_has_enough()
    except SystemExit as leaving:
        if leaving.code == 1:  # how click leaves when the pipe it writes to is closed
            return _reader_has_enough()
        raise
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
    except click.ClickException as error:
        _complain(error.format_message(), _usage_of(error))
    except WeightcalcError as error:
        _complain(str(error), error.hint)
    except Exception:  # noqa: BLE001  # a bug: its traceback is the best report
        import traceback

        _say(traceback.format_exc())
    return FAILED


def _reader_has_enough() -> int:
    _abandon_stdout()
    return DONE


def _complain(message: str, hint: str) -> None:
    _say(f"{click.style('error:', fg='red', bold=True)} {message}")
    if hint:
        _say(f"{click.style('hint:', fg='cyan')} {hint}")


def _say(text: str) -> None:
    Voice(color=_color()).say(text)


def _color() -> str:
    """What --color says, also where the other options could not be parsed."""
    words = " ".join(sys.argv).replace("--color=", "--color ")
    chosen = re.search(r"--color (always|never)", words)
    return chosen[1] if chosen else "auto"


def _usage_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context else ""


def _abandon_stdout() -> None:
    """Let the interpreter flush to nowhere what can no longer be written."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, AttributeError, ValueError):
        sys.stdout = None


def _let_go_of_stderr() -> None:
    """What a full standard error still holds would make the interpreter exit with 120."""
    try:
        sys.stderr.flush()
    except (OSError, AttributeError, ValueError):
        with suppress(OSError, AttributeError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _terminate(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)
