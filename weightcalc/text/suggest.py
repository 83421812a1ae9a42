"""
The known word that a wrong one was meant to be.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from .escape import printable

if TYPE_CHECKING:
    from difflib import SequenceMatcher

_MOST = 3  # words that are offered
_LEAST = 2  # letters that may stand for the beginning of a word
_LIKE, _BEGUN_LIKE = 0.6, 0.75  # how much a word is like a known one, or its beginning


def folded(word: str) -> str:
    """A word as it is compared: in lower case, and with - in the place of _."""
    return word.lower().replace("_", "-")


def similar(word: str, words: Collection[str]) -> list[str]:
    """The known words that a wrong one is like, or like their beginning; the nearest first."""
    from difflib import SequenceMatcher  # here: it is slow to import, and rarely needed

    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted := folded(word))
    scores = {}
    for known in words:
        whole, begun = (
            _likeness(matcher, text) for text in (folded(known), folded(known)[: len(wanted)])
        )
        if len(wanted) > _LEAST and f"-{wanted}" in folded(known):
            begun = max(begun, _BEGUN_LIKE)  # a later part of it begins so
        if whole >= _LIKE or (begun >= _BEGUN_LIKE and len(wanted) >= _LEAST):
            scores[known] = max(whole, begun), whole
    return sorted(scores, key=scores.__getitem__, reverse=True)[:_MOST]


def _likeness(matcher: SequenceMatcher[str], text: str) -> float:
    """From 0 to 1; 0 at once for what is not like it at all, as there may be many words."""
    matcher.set_seq1(text)
    if matcher.real_quick_ratio() < _LIKE or matcher.quick_ratio() < _LIKE:
        return 0.0
    return matcher.ratio()


def did_you_mean(word: str, words: Collection[str]) -> str:
    """The known words that a wrong one is like, as the end of a message; "" if there are none."""
    near = [printable(known) for known in similar(word, words)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def nearest(word: str, words: Collection[str]) -> str:
    """The known words that a wrong one is like, else all of them, as the end of a message."""
    return did_you_mean(word, words) or f"; there are {', '.join(words)}"
