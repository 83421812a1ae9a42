"""Markdown in lines that fit a terminal."""

import pytest

from weightcalc.manual import page, topics
from weightcalc.text.markdown import wrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A title that is long\n", "# A title\nthat is\nlong\n"),
        ("one two\nthree four\n\nfive\n", "one two\nthree four\n\nfive\n"),
        ("- one two three\n  four\n- five\n", "- one two\n  three\n  four\n- five\n"),
        ("| a | b cc dd |\n| e | f |\n", "| a | b cc\n    dd |\n| e | f |\n"),
        ("```sh\na long line of code\n\n- x\n```\nend\n",) * 2,
        ("a word-with-hyphens\n", "a\nword-with-hyphens\n"),
    ],
)
def test_wrapped(text, expected):
    """Paragraphs, items and rows are broken at blanks to ten columns; code is not."""
    assert wrapped(text, 10) == expected


@pytest.mark.parametrize("topic", topics())
def test_nothing_is_lost(topic):
    """A page in other lines has the same words, and one that is wide enough the same lines of code."""
    assert wrapped(page(topic), 80).split() == page(topic).split()
