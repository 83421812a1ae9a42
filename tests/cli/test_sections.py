"""`--help`: options in sections, examples, defaults, and lines that fit 80 columns."""

import os
import pty
import re
import subprocess
import sys

import click
import pytest

from weightcalc.cli.app import main
from weightcalc.cli.sections import COMMON, SECTIONS, Option

COMMANDS = [name for name in main.commands if name != "help"]


def options_of(command):
    """The options of a command that are ours; --help is click's."""
    return [p for p in main.commands[command].params if isinstance(p, click.Option)]


def shown(result):
    """The sections of a help, in their order, each with its text."""
    assert (result.exit_code, result.stderr) == (0, "")
    text = result.stdout.decode()
    titles = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    return dict(zip(titles, re.split(r"^\S.*:$", text, flags=re.MULTILINE)[1:], strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_has_a_section(weightcalc, command):
    """Each option stands in the section that it is declared in, and there alone."""
    found = shown(weightcalc(command, "--help"))
    assert list(found) == [section for section in SECTIONS if section in found]
    for option in options_of(command):
        assert isinstance(option, Option), f"{option.name} is declared without a section"
        name = max(option.opts, key=len)
        holders = [
            s for s, text in found.items() if re.search(rf"^  .*{name}\b", text, re.MULTILINE)
        ]
        assert option.section in holders


@pytest.mark.parametrize("command", ["weights", "report", "check"])
def test_common_options_come_first(weightcalc, command):
    """The first section has the five options that most people need."""
    assert next(iter(shown(weightcalc(command, "--help")))) == COMMON
    assert len([o for o in options_of(command) if o.section == COMMON]) == 5


def test_common_options_of_weights():
    """They are those of the class list, the ignored value, the method and the result."""
    common = [o.opts[-1] for o in options_of("weights") if o.section == COMMON]
    expected = ["--num-classes", "--classes", "--ignore-index", "--method", "--output"]
    assert sorted(common) == sorted(expected)


@pytest.mark.parametrize("command", main.commands)
def test_examples(weightcalc, command):
    """The help of a command begins with two examples at least."""
    text = weightcalc(command, "--help").stdout.decode()
    assert len(re.findall(rf"^ +weightcalc {command}\b", text, re.MULTILINE)) >= 2


@pytest.mark.parametrize("command", COMMANDS)
def test_defaults(weightcalc, command):
    """The default of each option that has one is shown."""
    text = weightcalc(command, "--help").stdout.decode()
    for option in options_of(command):
        default = option.default
        if isinstance(default, str) and default:
            record = re.search(
                rf"^  .*{option.opts[-1]}\b(.|\n)*?(?=^  -|^\S)", text + "\n#", re.MULTILINE
            )
            assert default in "".join(record[0].split())


@pytest.mark.parametrize("command", ["", *main.commands])
@pytest.mark.parametrize("columns", ["80", "200"])
def test_lines_fit(weightcalc, monkeypatch, command, columns):
    """No line is longer than 80 columns, however wide the terminal is."""
    monkeypatch.setenv("COLUMNS", columns)
    text = weightcalc(*filter(None, [command]), "--help").stdout.decode()
    assert max(map(len, text.splitlines())) <= 80


def test_program_alone(weightcalc):
    """Without arguments the program shows its commands and the shortest example."""
    result = weightcalc()
    text = result.stdout.decode() + result.stderr
    assert result.exit_code in (0, 2)  # 0 before click 8.2
    assert "weightcalc weights masks/ -o weights.json" in text
    positions = [text.index(f"\n  {command} ") for command in main.commands]
    assert positions == sorted(positions)
    assert next(iter(main.commands)) == "weights"


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_terminal(environment, variables):
    """On a terminal the help is the text that a pipe gets, without colours."""
    command = [sys.executable, "-m", "weightcalc", "weights", "--help"]
    environment |= {"COLUMNS": "80", **variables}
    ours, theirs = pty.openpty()
    code = subprocess.call(command, stdin=theirs, stdout=theirs, env=environment, timeout=60)
    os.close(theirs)
    heard = os.read(ours, 1 << 16).replace(b"\r\n", b"\n")
    os.close(ours)
    assert (code, b"\x1b" in heard) == (0, False)
    assert subprocess.check_output(command, env=environment, timeout=60).startswith(heard[:1000])
