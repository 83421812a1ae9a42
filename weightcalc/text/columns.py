"""
Texts in columns of a terminal: wide characters take two, combining marks none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_NO_WIDTH = {"Mn", "Me", "Cf"}
_JOINED_JAMO = range(0x1160, 0x1200)  # vowels and finals, drawn into the syllable before them
# What people copy out of a message: text in quotation marks, which an apostrophe does not open.
_WORD = r"""(?:`[^`]*`|(?<!\w)'[^']*'(?!\w)|(?<!\w)"[^"]*"(?!\w)|\S)+"""
_NEXT = rf"(?:(?<![,;:.)]) (?![-(]){_WORD})"  # in the same clause, and no option
# A path may hold blanks: up to its last slash, or to the ending behind that.
_IN_PATH = r"[^/:;,()\"'`]"
_PATH = rf"[^\s\"'`(]*/(?:{_IN_PATH}*/)*(?:{_IN_PATH}*?[^\s/]\.\w{{1,9}}\b)?\S*"
# Compiled by the first message that is wrapped: most runs have none, and start sooner.
_TOKEN = (
    rf"weightcalc (?:weights|count|report|check|explain|help)(?:(?<![,;:.)]) {_WORD})*"
    rf"|{_PATH}|pip install{_NEXT}|-{_WORD}{_NEXT}?(?: -{_WORD}{_NEXT}?)*|{_WORD}"
)


def display_width(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH or ord(character) in _JOINED_JAMO:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, align: str = "<") -> str:
    """Fill a text with spaces: "<" behind it, ">" before it, "^" on both sides."""
    missing = max(width - display_width(text), 0)
    before = {"<": 0, ">": missing, "^": missing // 2}[align]
    return " " * before + text + " " * (missing - before)


def shorten(text: str, width: int, mark: str = "…") -> str:
    """
    Cut the middle out of a text that is too wide.

    Names of classes differ at their ends as often as at their beginnings: both stay.
    """
    if display_width(text) <= width:
        return text
    room = max(width - display_width(mark), 0)
    head = _beginning(text, room - room // 2)
    tail = _end(text, room - display_width(head))
    return head + mark[:width] + tail


def _beginning(text: str, width: int) -> str:
    used = 0
    for position, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:position]
    return text


def _end(text: str, width: int) -> str:
    """What fits of the end; it never begins with a mark that belongs to what was cut."""
    start, used = len(text), 0
    for position in range(len(text) - 1, -1, -1):
        step = _width(text[position])
        used += step
        if used > width:
            break
        if step:
            start = position
    return text[start:]


def wrap(text: str, width: int, indent: str = "  ") -> Iterator[str]:
    """Lines of a text at most so wide, broken at spaces; all but the first are indented."""
    line, used, empty = "", 0, True
    for word in text.split():
        taken = display_width(word)
        if not empty and used + 1 + taken > width:
            yield line
            line, used, empty = indent, display_width(indent), True
        line, used = (line, used) if empty else (f"{line} ", used + 1)
        *pieces, rest = [word] if used + taken <= width else _pieces(word, width, used, indent)
        for piece in pieces:
            yield line + piece
            line, used = indent, display_width(indent)
        line, used, empty = line + rest, used + display_width(rest), False
    if not empty:
        yield line


def _pieces(word: str, width: int, used: int, indent: str) -> Iterator[str]:
    """Parts of a word that no line holds, for lines that hold so much already, or an indent."""
    start = 0
    for position, character in enumerate(word):
        step = _width(character)
        if used + step > width:
            yield word[start:position]
            start, used = position, display_width(indent)
        used += step
    yield word[start:]


def fill(text: str, width: int, label: str = "") -> Iterator[str]:
    """
    Lines of a message, at most so wide where its tokens let them be; all but the first indented.

    A token is never broken, so that it can be copied: a word, what stands in quotation marks,
    an option with its value, a command, and the path that a message begins with.
    """
    return fill_words(_tokens(text), width, "  ", label)


def fill_words(
    words: Iterable[str], width: int, indent: str = "", label: str = ""
) -> Iterator[str]:
    """Lines of words, none of which is broken, behind a label; all but the first are indented."""
    line, is_empty = label, True
    for word in words:
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if not is_empty and display_width(longer) > width:
            yield line
            longer = indent + word
        line, is_empty = longer, False
    yield line


def _tokens(text: str) -> Iterator[str]:
    head, colon, rest = text.partition(": ")
    is_clause = head.startswith("-") or "; " in head or ", " in head
    if colon and not is_clause and re.search(r"[/\\]|\.\w+\Z", head):  # a path, maybe of blanks
        yield f"{head}:"
        text = rest
    yield from re.findall(_TOKEN, text)
