"""`weightcalc help`: every page of the manual is listed, shown, and found from a slip."""

import pytest

from weightcalc.manual import page, topics


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
    listed = [line.split()[0] for line in lines[2:] if line[2] != " "]
    assert listed == sorted(topics())
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("topic", ["methds", "../errors", "README"])
def test_no_page(weightcalc, topic):
    """A page that does not exist is a usage error that names those that do."""
    result = weightcalc("help", topic)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert any(name in result.stderr for name in topics())
