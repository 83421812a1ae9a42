"""Messages in lines that fit a terminal."""

import pytest

from weightcalc.text.columns import fill


@pytest.mark.parametrize(
    "lines",
    [
        ["error: one two", "  three four"],
        ["error: try", "  `a b c d e f g h`,", "  or not"],
        ["error: class", "  'a b' lacks", "  'c d'"],
        ["error: the", "  masks' names"],
        ["error: --map 255:1,", "  or", "  --ignore-index 255", "  if so"],
        ["error: --map 128-255:1 --map '*:0'", "  may do"],
        ["error: see", "  weightcalc help x;", "  do"],
        ["error: my new masks/a b.png:", "  value 9"],
        ["error: a b.png:", "  value 9"],
        ["error: in 1", "  mask", "  /a b/c d/e f.png)", "  is"],
        ["error: -c/--classes", "  with a list;", "  first: a b c"],
        ["error: 口口", "  口口 口口"],
        ["error:"],
    ],
    ids=lambda lines: lines[-1].strip(),
)
def test_fill(lines):
    """Lines hold 15 columns, and more only where a path, a quotation or an option needs them."""
    text = " ".join(line.strip() for line in lines).removeprefix("error:").strip()
    assert list(fill(text, 15, "error:")) == lines


def test_message_without_a_label():
    """The first line is not indented, all others by two columns."""
    assert list(fill("one two three", 8)) == ["one two", "  three"]
