"""
Numbers of pixels in the forms in which people paste them.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from ..errors import CountsError
from ..files.bounded import SmallFile
from ..labels.label_map import MOST_CLASSES
from ..text.escape import printable

HINT = (
    'whole numbers with commas and blanks between them, such as "3370714, 2856755", or names with '
    'them, such as "road: 3370714, car: 2856755"'
)
_STDIN = SmallFile("list of pixels", 1 << 20, CountsError, "no text of UTF-8", HINT)
_PLAIN = r"[0-9]{1,30}(?:\.0*)?|[0-9]{1,9}(?:_[0-9]{1,9}){1,9}|[1-9][0-9]{0,2}(?:'[0-9]{3}){1,9}"
_GROUPED = r"[1-9][0-9]{0,2}(?:,[0-9]{3}){1,9}"  # 3,370,714
_NAME = r"\"[^\"]*\"|'[^']*'|[0-9]{1,9}|[^\s\"'0-9:=,;][^\"':=,;\n]*"
_PAIR = re.compile(rf"\s*({_NAME})\s*[:=]\s*({_GROUPED}|{_PLAIN})(?=[\s,;]|\Z)(?:\s*[,;])?\s*")
# 3,370 may be one number or two, and 100,200,300 in the brackets of a list are three.
_TWO_WAYS = re.compile(r"(?<![0-9])[1-9][0-9]{0,2},[0-9]{3}(?![0-9])")
_SEMICOLONS = re.compile(rf"\s*(?:{_GROUPED}|{_PLAIN})(?:\s*;\s*(?:{_GROUPED}|{_PLAIN}))+\s*")


class Pasted(NamedTuple):
    """
    What was pasted.

    Attributes
    ----------
    numbers : list of int
        Pixels of each class, in order of class ids, or of the names.
    names : list of str, optional
        Names of the classes.
    """

    numbers: list[int]
    names: list[str] | None = None


def read_pasted(text: str) -> Pasted:
    """
    Read numbers of pixels: a list, numbers with names, or "-", which is standard input.

    Raises
    ------
    CountsError
        If a word is no whole number, or the text can be read in two ways.
    """
    if text == "-":
        if sys.stdin is None:
            raise CountsError("standard input: it is closed")
        return _STDIN.read_from(
            sys.stdin.buffer, "standard input", lambda data: _read(data.decode("utf-8-sig"))
        )
    return _read(text)


def _read(text: str) -> Pasted:
    bare = text.strip().rstrip(",;").rstrip()
    inner = bare[1:-1] if (bare[:1], bare[-1:]) in {("[", "]"), ("(", ")"), ("{", "}")} else bare
    found = _pairs(inner) if re.search("[:=]", inner) else Pasted(_numbers(inner, inner != bare))
    if not 0 < len(found.numbers) <= MOST_CLASSES:
        number = len(found.numbers)
        raise CountsError(f"{number} numbers of pixels, not 1 to {MOST_CLASSES}").with_hint(HINT)
    return found


def _numbers(text: str, in_brackets: bool) -> list[int]:
    if _SEMICOLONS.fullmatch(text):
        return [_number(word) for word in text.split(";")]
    is_list = in_brackets and not re.search(r"[0-9],?\s+[0-9]", text)
    mixed = ";" in text and "," in text
    if mixed or (_TWO_WAYS.search(text) and not is_list):
        raise CountsError("it cannot be told which commas stand inside of numbers").with_hint(
            'write the numbers without commas inside, "3370714, 2856755", or with semicolons '
            'between them, "3,370,714; 2,856,755"'
        )
    return [_number(word) for word in re.sub(r"[,;\s]+", " ", text).split()]


def _number(word: str) -> int:
    digits = re.sub("[,_']", "", word.strip()) if _is_number(word.strip()) else ""
    if not digits:
        raise CountsError(f"'{printable(word[:80])}' is no number of pixels").with_hint(HINT)
    return int(digits.partition(".")[0])


def _is_number(word: str) -> bool:
    return re.fullmatch(rf"{_GROUPED}|{_PLAIN}", word) is not None


def _pairs(text: str) -> Pasted:
    """Numbers by name, in order of the names; or by class ids, in the order of these."""
    found: dict[str, int] = {}
    position = 0
    while position < len(text):
        pair = _PAIR.match(text, position)
        if pair is None:
            rest = printable(text[position : position + 40])
            raise CountsError(f"'{rest}' does not begin with a name and a number").with_hint(HINT)
        name = pair[1].strip("\"'").strip()
        if name in found:
            raise CountsError(f"the name '{printable(name)}' occurs twice")
        found[name], position = _number(pair[2]), pair.end()
    if all(map(str.isdecimal, found)):
        return Pasted(_by_ids({int(name): number for name, number in found.items()}))
    return Pasted(list(found.values()), list(found))


def _by_ids(found: dict[int, int]) -> list[int]:
    if sorted(found) != list(range(len(found))):
        missing = next(index for index in range(len(found)) if index not in found)
        raise CountsError(f"there is no number of class {missing}").with_hint(
            "one number for each class from 0 on, 0 for those without pixels"
        )
    return [found[index] for index in range(len(found))]
