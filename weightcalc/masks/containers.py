"""
Chooses one of the arrays that a file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import UnsupportedError
from ..text.escape import printable
from ..text.suggest import similar

_MOST_SHOWN = 20


class Entry(NamedTuple):
    """The name of an array, and in words what it is: its shape and type, or why it has none."""

    name: str
    what: str


def chosen(entries: Sequence[Entry], wanted: str | None) -> str:
    """
    The name of the array that holds the mask.

    Parameters
    ----------
    entries : sequence of Entry
        All arrays of the file.
    wanted : str, optional
        Which of them is meant; None where there must be only one.

    Raises
    ------
    UnsupportedError
        If there is no such array, or nobody says which is meant.
    """
    names = [entry.name for entry in entries]
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is not None and names.count(wanted) == 1:
        return wanted
    if not names:
        raise UnsupportedError("it holds no arrays").with_hint("--exclude if it is no mask")
    if wanted is None:
        error = UnsupportedError(f"it holds {len(names)} arrays, {shown(entries)}")
        raise error.with_hint("--array NAME says which of them is the mask")
    near = [f"--array {printable(name)}" for name in similar(wanted, names)]
    times = "two arrays" if wanted in names else "no array"
    raise UnsupportedError(
        f"it holds {times} called {printable(wanted)}; it holds {shown(entries)}"
    ).with_hint(f"did you mean {' or '.join(near)}?" if near else "--array with one of these names")


def shown(entries: Sequence[Entry]) -> str:
    """Arrays with their shapes and types, for a message."""
    texts = [f"{printable(name)} {what}" for name, what in entries[:_MOST_SHOWN]]
    more = len(entries) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def parts_of(path: str) -> list[str]:
    """
    The names on the way to an array in a file that has groups: "labels/0" has two.

    Raises
    ------
    UnsupportedError
        If one of them is "." or "..", which lead nowhere.
    """
    parts = [part for part in path.split("/") if part]
    if {".", ".."} & {*parts}:
        raise UnsupportedError(f"{printable(path)} is no name of an array")
    return parts
