"""
The program: the group of the commands, and the one place where errors become exit codes.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from .._version import __version__
from ..errors import WeightcalcError
from ..text.voice import Voice
from .command_names import Commands, fold_name
from .interrupts import INTERRUPTED, end_silently, raise_again

DONE, FAILED, TERMINATED = 0, 2, 143
# How the loader of libraries and the system say it, in whatever exception.
_NO_MEMORY = r"failed to map segment|[Cc]annot allocate memory"
_SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 80,
    "token_normalize_func": fold_name,
}


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from ..kernels.counters import COMPILED
        from ..kernels.fast_png import FAST_PNG

        kernel = "compiled" if COMPILED else "NumPy"
        path = "fast" if FAST_PNG else "careful"
        click.echo(f"weightcalc {__version__} (kernel: {kernel}, path for PNG: {path})")
        ctx.exit()


class _Modules(Mapping[str, click.Command]):
    """The commands, each in the module of its name, which is imported when the command is used."""

    names = ("weights", "count", "report", "check", "explain", "help")

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.names:
            raise KeyError(name)
        command: click.Command = import_module(f".{name}", __package__).command
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@click.group(cls=Commands, context_settings=_SETTINGS, commands=_Modules())
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version, and which kernel and path for PNG are in use.",
)  # fmt: skip
def main() -> None:
    """
    Count the pixels of each class in segmentation masks, and weigh the classes.

    \b
        weightcalc weights masks/ -o weights.json
    """


def run() -> NoReturn:
    """Run the command line and exit: the one place where errors become exit codes."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        raise_again()
        code = exit_code_of(sys.argv[1:])
        end_silently()
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code != DONE:
        _abandon_stdout()
    _let_go_of_stderr()
    gc.freeze()  # nobody need look for garbage in what the system is about to take back
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
        _complain(error.format_message(), getattr(error, "hint", "") or _usage_of(error))
    except WeightcalcError as error:
        _complain(str(error), error.hint)
    except Exception as error:  # noqa: BLE001
        _explain(error)
    return FAILED


def _explain(error: Exception) -> None:
    """Say that memory is used up; anything else is a bug, whose traceback is the best report."""
    if isinstance(error, MemoryError) or re.search(_NO_MEMORY, str(error)):
        _complain("there is not enough memory to go on", "-j 1 takes the least memory")
        return
    import traceback

    _say(traceback.format_exc())


def _reader_has_enough() -> int:
    _abandon_stdout()
    return DONE


def _complain(message: str, hint: str) -> None:
    voice = Voice(color=_color())
    voice.tell(message, "error:", fg="red", bold=True)
    if hint:
        voice.tell(hint, "hint:", fg="cyan")


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
