"""`weightcalc help`: every page of the manual is listed, shown, and found from a slip."""

import os
import pty
import re
import subprocess
import sys

import pytest

from weightcalc.manual import page, topics

HELP = [sys.executable, "-m", "weightcalc", "help"]


@pytest.mark.parametrize("topic", topics())
def test_page(weightcalc, topic):
    """Each page is shown as it stands, by its name, in a pipe without a pager."""
    result = weightcalc("help", topic)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.decode() == page(topic)
    assert page(topic).startswith("# ")


def test_contents(weightcalc):
    """The list has a line for each page, within 80 columns."""
    lines = weightcalc("help").stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[2:]] == sorted(topics())
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("topic", ["methds", "../errors", "README"])
def test_no_page(weightcalc, topic):
    """A page that does not exist is a usage error that names those that do."""
    result = weightcalc("help", topic)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert any(name in result.stderr for name in topics())


def test_word_of_pages(weightcalc):
    """A word that no page is called by leads to pages that hold it, and a senseless one to the list."""
    hint = weightcalc("help", "keras").stderr.splitlines()[-1]
    named = re.findall(r"weightcalc help (\w+)", hint)
    assert 1 <= len(named) <= 3
    assert all("keras" in page(topic).lower() for topic in named)
    assert weightcalc("help", "qqqq").stderr.endswith("hint: weightcalc help\n")


def test_unknown_method(weightcalc):
    """A method that does not exist, or whose beginning is that of two, leads to the page of methods."""
    begun = weightcalc("weights", ".", "-m", "inverse")
    assert begun.exit_code == 2
    assert "inverse-frequency or inverse-log-count" in begun.stderr
    for result in (begun, weightcalc("weights", ".", "-m", "sqrt")):
        assert "hint: weightcalc help methods" in result.stderr


def test_pager(environment, tmp_path):
    """On a terminal a page goes through the pager that PAGER names."""
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho paged\nexec cat\n")
    pager.chmod(0o755)
    ours, theirs = pty.openpty()
    command, environment["PAGER"] = [*HELP, "encodings"], str(pager)
    code = subprocess.call(command, stdin=theirs, stdout=theirs, env=environment, timeout=60)
    os.close(theirs)
    heard = os.read(ours, 1 << 16)
    os.close(ours)
    assert (code, heard[:5]) == (0, b"paged")


@pytest.mark.parametrize("topic", [[], ["frameworks"]])
def test_closed_pipe(environment, topic):
    """Where the reader has left before the first line, help exits with 0 and says nothing."""
    read, write = os.pipe()
    os.close(read)
    command = [*HELP, *topic]
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, env=environment)
    os.close(write)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


@pytest.mark.parametrize("topic", topics())
def test_next_pages_exist(topic):
    """A page that points to another one names a page of the manual."""
    for named in re.findall(r"`weightcalc help ([a-z]+)`", page(topic)):
        assert named in topics()
        assert named != topic
