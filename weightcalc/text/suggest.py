"""
The known word that a wrong one was meant to be.
"""

from __future__ import annotations

from collections.abc import Collection


def similar(word: str, words: Collection[str]) -> list[str]:
    """The known words that a wrong one is like, the nearest first; three at most."""
    from difflib import get_close_matches  # here: it is slow to import, and rarely needed

    return get_close_matches(word, words, n=3)


def nearest(word: str, words: Collection[str]) -> str:
    """The known words that a wrong one is like, else all of them."""
    near = similar(word.replace("_", "-"), words)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are {', '.join(words)}"
