"""What a run says when it is done: the file it wrote, warnings last, and weights far apart."""

import json
import os
import pty
import re
import subprocess
import termios
from contextlib import suppress

import pytest
from support.one_mask import BALANCED
from support.processes import RUN

# 9900 of 0 and 99 of 1: inverse frequencies are 100 times apart; with 98 of 1, more.
AT_LIMIT, BEYOND = [9900, 99], [9900, 98]


pytestmark = pytest.mark.usefixtures("balanced_folder")


@pytest.fixture
def at_terminal(environment):
    """A function that runs a command whose standard error is a terminal, and gives what it says."""

    def run(*arguments, columns=0):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        environment["NO_COLOR"] = "1"
        command = [*RUN, *arguments]
        subprocess.call(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
        os.close(theirs)
        pieces = []
        with suppress(OSError):
            while piece := os.read(ours, 1 << 16):
                pieces.append(piece)
        os.close(ours)
        return b"".join(pieces).decode().replace("\r\n", "\n")

    return run


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["weights", "masks", "-o", "w.json"], "3 weights, median-frequency"),
        (["weights", "masks", "-m", "bal", "-o", "w.csv"], "3 weights, balanced"),
        (["count", "masks", "-o", "c.json"], "1 mask"),
        (["report", "masks", "-o", "r.md"], "markdown"),
        (["check", "masks", "-o", "f.json"], "clean: 1 mask, 12 pixels, "),
        (["explain", "2, 4", "-o", "e.json"], "json"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_file_is_named_on_a_terminal(at_terminal, weightcalc, arguments, what):
    """On a terminal each command says which file it wrote and what it holds; a pipe hears nothing."""
    assert at_terminal(*arguments).splitlines()[-1].startswith(f"wrote {arguments[-1]} ({what}")
    assert weightcalc(*arguments) == (0, b"", "")
    if arguments[0] != "explain":
        assert f"wrote {arguments[-1]}" in weightcalc(*arguments, "-v").stderr
        assert "wrote" not in at_terminal(*arguments, "-q")


def test_nothing_is_written_to_a_file(at_terminal):
    """Where the result goes to standard output, no file is named."""
    assert "wrote" not in at_terminal("weights", "masks")


def test_warnings_follow_the_table(at_terminal):
    """Warnings of the weights and of the masks stand below the table of classes."""
    heard = at_terminal("weights", "masks", "-n", "4", "--map", "9:3").splitlines()
    table = [i for i, line in enumerate(heard) if re.match(r" +[0-3] +[0-9]+ ", line)]
    warnings = [i for i, line in enumerate(heard) if line.startswith("warning: ")]
    assert (len(table), len(warnings)) == (4, 2)
    assert min(warnings) > max(table)


def test_warnings_come_before_the_error(weightcalc, save_mask, tmp_path):
    """A run that fails says its warnings too, and the error last."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "masks" / "link").symlink_to(tmp_path / "elsewhere")
    save_mask([[200]], "masks/b.png")
    lines = weightcalc("weights", "masks", "-n", "3").stderr.splitlines()
    assert lines[0].startswith("warning: masks/link")
    assert any(line.startswith("error: ") for line in lines[1:])


@pytest.mark.parametrize(
    ("pixels", "options", "said"),
    [
        (AT_LIMIT, [], False),
        (BEYOND, [], True),
        (BEYOND, ["--clip", "0.1:10"], False),
        (BEYOND, ["-q"], False),
        ([9900, 0], [], False),
    ],
)
def test_weights_far_apart(weightcalc, pixels, options, said):
    """More than 100 times is one line of information, which names what brings weights together."""
    text = ", ".join(map(str, pixels))
    base = ["weights", "--pixels", text]
    result = weightcalc(*base, "-m", "inverse-frequency", *options)
    lines = [line for line in result.stderr.splitlines() if "by a factor of" in line]
    assert (result.exit_code, len(lines)) == (0, said)
    for line in lines:
        assert not line.startswith("warning")
        assert "--clip LOW:HIGH" in line
        assert "-m enet" in line


def test_what_brings_weights_together(weightcalc):
    """The options that the line names help: both bring the ratio below 100."""
    for options in (["--clip", "0.1:9"], ["-m", "enet"]):
        low, high = sorted(
            weightcalc("weights", "--pixels", "99999999, 1", "-m", "bal", *options).json
        )
        assert high / low <= 100


def test_missing_kernel(at_terminal, environment):
    """Without the compiled kernel a terminal hears once what is slower and how much, a pipe nothing."""
    environment["WEIGHTCALC_PURE_PYTHON"] = "1"
    heard = at_terminal("weights", "masks", "-m", "balanced")
    assert len(re.findall("without the compiled kernel", heard)) == 1
    assert re.search(r"10 to 50 times", heard)
    assert "WEIGHTCALC_PURE_PYTHON" in heard
    assert "kernel" not in at_terminal("weights", "masks", "-q")
    done = subprocess.run(
        [*RUN, "weights", "masks", "-m", "balanced"],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert (json.loads(done.stdout), done.stderr) == (BALANCED, b"")


def test_far_apart_of_overlapping_classes(weightcalc):
    """Weights of classes that overlap are not brought together by a method for those that do not."""
    result = weightcalc("weights", "--pixels", "999999, 1", "-m", "pos-weight")
    line = next(line for line in result.stderr.splitlines() if "by a factor of" in line)
    assert "--clip LOW:HIGH" in line
    assert "enet" not in line


@pytest.mark.parametrize("options", ["-n 2", "--layers masks"])
def test_messages_fit_the_terminal(at_terminal, weightcalc, options):
    """Errors, hints and warnings are broken at the width of a terminal, and nowhere in a pipe."""
    command = ["count", "masks", *options.split(), "--no-progress"]
    narrow = at_terminal(*command, columns=40).splitlines()
    piped = weightcalc(*command).stderr
    assert max(map(len, narrow)) <= 40
    said = " ".join(line.strip() for line in narrow)
    assert said == " ".join(piped.split())
    assert len(narrow) > len(piped.splitlines()) > 0


def test_warnings_fit_the_terminal(at_terminal):
    """A warning is broken at the width of a terminal."""
    heard = at_terminal("weights", "masks", "-n", "9", "--no-progress", columns=45)
    warning = heard.partition("warning:")[2].splitlines()
    assert len(warning) > 1
    assert max(map(len, warning)) <= 45


def test_lines_to_paste_stay_whole(at_terminal):
    """Lines of code in a hint are not broken, however narrow the terminal is."""
    heard = at_terminal("weights", "masks", "-o", "w.toml", "--no-progress", columns=40)
    assert '  echo "class_weights = $weights" > weights.toml' in heard.splitlines()
