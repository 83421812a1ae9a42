"""
Markdown as a terminal shows it best: the same text, in lines that fit.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby

from .tables import table_lines

_ALONE = re.compile(r"#|\||$")  # a heading, a row of a table, an empty line
_ITEM = re.compile(r"- |\d+\. ")


def wrapped(text: str, width: int) -> str:
    """
    The text in lines that fit, and its tables in columns; code stays as it is.

    Parameters
    ----------
    text : str
        Markdown.
    width : int
        Columns of the terminal.
    """
    lines: list[str] = []
    for is_table, blocks in groupby(_blocks(text), lambda block: block.startswith("|")):
        if is_table:
            lines += table_lines(list(blocks), width)
        else:
            lines += [line for block in blocks for line in _lines(block, width)]
    return "".join(f"{line}\n" for line in lines)


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, items and rows, each in one line; and each line of code, behind its fence."""
    is_code, waiting = False, ""
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        if is_code or fence or _ALONE.match(line) or _ITEM.match(line):
            if waiting:
                yield waiting
            waiting = "" if is_code or fence or _ALONE.match(line) else line
            if not waiting:
                yield f"\0{line}" if is_code or fence else line
        else:
            waiting = f"{waiting} {line.strip()}" if waiting else line
        is_code ^= fence
    if waiting:
        yield waiting


def _lines(block: str, width: int) -> list[str]:
    if block.startswith("\0"):
        return [block[1:]]
    indent = 2 * bool(_ITEM.match(block))
    lines = textwrap.wrap(
        block, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
    return lines or [""]
