"""Tables of the manual in a terminal: columns where there is room, else a list."""

import pytest

from weightcalc.manual import page, topics
from weightcalc.text.columns import display_width
from weightcalc.text.markdown import wrapped
from weightcalc.text.tables import table_lines

TABLE = ["| name | n |", "|---|---:|", "| a cat and a dog \\| fox | 7 |", "| `x  y` | 10 |"]


def test_table_with_room():
    """Columns stand below each other, numbers to the right, without the pipes of Markdown."""
    assert table_lines(TABLE, 80) == [
        "name                    n",
        "---------------------  --",
        "a cat and a dog | fox   7",
        "`x  y`                 10",
    ]


def test_narrow_table():
    """Where there is less room, the widest column gives way and its cells are broken at blanks."""
    assert table_lines(TABLE, 18) == [
        "name             n",
        "--------------  --",
        "a cat and a      7",
        "dog | fox",
        "`x  y`          10",
    ]


def test_table_without_room():
    """Where columns would be too narrow, each row is a list: its first cell, then the others."""
    code = "`" + "long " * 6 + "code`"
    two = ["| use | recipe |", "|---|---|", f"| one | {code} and some words more |"]
    assert table_lines(two, 30) == ["one", f"    {code}", "    and some words more"]
    three = ["| a | b | c |", "|---|---|---|", f"| one | | {code} |"]
    assert table_lines(three, 30) == ["one", "    c:", f"      {code}"]


@pytest.mark.parametrize("topic", topics())
@pytest.mark.parametrize("width", [40, 80])
def test_pages_fit(topic, width):
    """No page has a line wider than the terminal, but for code, which is never broken."""
    is_code = False
    for line in wrapped(page(topic), width).splitlines():
        is_code ^= line.lstrip().startswith("```")
        assert is_code or not line.startswith("|")
        one_word = " " not in line.strip()
        assert display_width(line) <= width or is_code or one_word or "`" in line
