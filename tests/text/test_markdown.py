"""Markdown in lines that fit a terminal."""

import re
from collections import Counter

import pytest

from weightcalc.manual import page, topics
from weightcalc.text.markdown import wrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A title that is long\n", "# A title\nthat is\nlong\n"),
        ("one two\nthree four\n\nfive\n", "one two\nthree four\n\nfive\n"),
        ("- one two three\n  four\n- five\n", "- one two\n  three\n  four\n- five\n"),
        ("one\n\n| a | b |\n|---|---|\n| c | d |\n", "one\n\na  b\n-  -\nc  d\n"),
        ("```sh\na long line of code\n\n- x\n```\nend\n",) * 2,
        ("a word-with-hyphens\n", "a\nword-with-hyphens\n"),
    ],
)
def test_wrapped(text, expected):
    """Paragraphs, items and rows are broken at blanks to ten columns; code is not."""
    assert wrapped(text, 10) == expected


@pytest.mark.parametrize("topic", topics())
def test_nothing_is_lost(topic):
    """A page in lines that fit has all its words, but for headings of tables that become lists."""
    text = re.sub(r"^\|.*\n(?=\|-)", "", page(topic), flags=re.MULTILINE)
    words, shown = (Counter(re.findall(r"\w+", each)) for each in (text, wrapped(page(topic), 80)))
    assert not words - shown
