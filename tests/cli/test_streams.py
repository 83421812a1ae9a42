"""Standard output, standard error and terminals: what goes where, and what its loss means."""

import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from support.one_mask import BALANCED
from support.processes import RUN

from weightcalc import __version__


def pieces(descriptor):
    """What a pipe or a terminal says until its other end is closed."""
    with suppress(OSError):
        yield from iter(lambda: os.read(descriptor, 1 << 16), b"")


@pytest.fixture
def shell(environment, balanced_mask):
    """A function that runs a line of shell, in which $W is the weights command on the mask."""

    def run(line):
        command = [*RUN, "weights", *balanced_mask]
        words = ["bash", "-c", line.replace("$W", '"$@"'), "bash", *command]
        return subprocess.run(words, check=False, capture_output=True, env=environment, timeout=60)

    return run


@pytest.mark.parametrize(
    ("line", "exit_code", "stdout", "stderr"),
    [
        ("$W", 0, b"[0.5, 2.0, 2.0]\n", b""),
        # the reader is gone before anything is written
        ("{ exec 3> >(exec true); wait $!; $W >&3; }", 0, b"", b""),
        ("$W --layout report | head -c 1; exit ${PIPESTATUS[0]}", 0, b"{", b""),
        ("$W --help > >(exec true)", 0, b"", b""),
        ("$W > /dev/full", 2, b"", b"error: standard output: No space left on device\n"),
        ("$W >&-", 2, b"", b"error: standard output: it is closed\n"),
        ("$W -n 9 2>&-", 2, b"", b""),
        ("$W --zero 0 2>&-", 0, b"[0.0, 2.0, 2.0]\n", b""),
        ("$W -v 2> /dev/full", 0, b"[0.5, 2.0, 2.0]\n", b""),
        ("$W --progress 2> /dev/full", 0, b"[0.5, 2.0, 2.0]\n", b""),
        ("$W -o /dev/stdout | cat", 0, b"[0.5, 2.0, 2.0]\n", b""),
    ],
)
def test_streams(shell, line, exit_code, stdout, stderr):
    """A reader that has enough is no failure, a result that is lost is one, stderr is neither."""
    done = shell(line)
    assert (done.returncode, done.stdout, done.stderr) == (exit_code, stdout, stderr)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        ("--version", 0, f"weightcalc {re.escape(__version__)} "),
        ("--help", 0, "(?s)Usage: weightcalc .*weights.*count|count.*weights"),
        ("weights -h", 0, "weightcalc weights masks/"),
        ("count --help", 0, "--per-mask"),
    ],
)
def test_help(shell, arguments, exit_code, expected):
    """Help and the version go to stdout, with exit code 0."""
    done = shell(f"{sys.executable} -m weightcalc {arguments}")
    assert (done.returncode, done.stderr) == (exit_code, b"")
    assert re.search(expected, done.stdout.decode())


@pytest.mark.parametrize("arguments", ["", "weigh", "weights", "weights --no", "count m --zero 1"])
def test_wrong_usage(weightcalc, arguments):
    """Wrong usage is exit code 2, with nothing on stdout."""
    result = weightcalc(*arguments.split())
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "weightcalc" in result.stderr


@pytest.mark.parametrize(
    ("option", "no_color", "coloured"),
    [
        ("--color=auto", "", False),
        ("--color always", "", True),
        ("--color=always", "1", True),
        ("--color=never", "", False),
    ],
)
def test_color_of_a_pipe(weightcalc, balanced_mask, monkeypatch, option, no_color, coloured):
    """A piped stderr has colours only where --color always asks for them, errors included."""
    monkeypatch.setenv("NO_COLOR", no_color)
    for more, what in [("-n 9", "error:"), ("--map 2:1 --map 1:1", "warning:")]:
        stderr = weightcalc("weights", *balanced_mask, *more.split(), *option.split()).stderr
        assert what in stderr
        assert ("\x1b[" in stderr) == coloured


@pytest.mark.parametrize(
    ("options", "table", "bar"),
    [("", False, False), ("-v", True, False), ("-v -q", False, False), ("--progress", False, True)],
)
def test_what_a_pipe_hears(weightcalc, balanced_mask, options, table, bar):
    """On a piped stderr there is a table only with -v and a bar only with --progress."""
    result = weightcalc("weights", *balanced_mask, *options.split())
    assert result.json == BALANCED
    assert bool(re.search(r"0 +road +8 +66.667% +1 +0.5 ", result.stderr)) == table
    assert ("mask/s" in result.stderr) == bar
    assert (result.stderr == "") == (not table and not bar)


@pytest.mark.parametrize(
    ("color", "no_color", "coloured"),
    [("auto", "", True), ("auto", "1", False), ("never", "", False), ("always", "1", True)],
)
def test_terminal(environment, balanced_mask, color, no_color, coloured):
    """On a terminal stderr has a bar, a table and colours; NO_COLOR is obeyed."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    Path("names.txt").write_text("road\nsky\ncar\nbus\n")
    command = [*RUN, "weights", *balanced_mask, "--zero", "0", "--absent", "one", "--color", color]
    environment["NO_COLOR"] = no_color
    stdout = subprocess.check_output(command, stderr=theirs, env=environment, timeout=60)
    os.close(theirs)
    heard = b"".join(pieces(ours))
    os.close(ours)
    assert stdout == b"[0.0, 2.0, 2.0, 1.0]\n"
    assert b"1/1" in heard
    assert re.search(rb"1 +sky +2 +16.667% +1 +2 ", heard)
    assert b"no mask holds class bus" in heard
    assert (b"\x1b[33m" in heard) == coloured


def test_binary_on_a_terminal(environment, balanced_mask):
    """A pickle is not poured over a terminal."""
    ours, theirs = pty.openpty()
    command = [*RUN, "weights", *balanced_mask, "-f", "pickle"]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    assert b"-o FILE" in process.communicate(timeout=60)[1]
    assert process.returncode == 2
    os.close(theirs)
    os.close(ours)
