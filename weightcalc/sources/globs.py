"""
What the patterns of a command line match: ``*``, ``?``, ``[...]``, and ``**`` for any folders.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from ..errors import SourceError
from ..text.escape import printable


def matches_of(pattern: str) -> Iterator[str]:
    """
    The files and folders that a pattern matches, in no order.

    ``**`` stands for a folder and all below it that are not hidden, each once, however deep they
    are nested; links to folders are followed.

    Raises
    ------
    SourceError
        If a folder cannot be looked through.
    """
    parts = pattern.split("/")
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    at = parts.index("**")
    head, tail = "/".join(parts[:at]), "/".join(parts[at + 1 :])
    if not head:
        head = "/" if at else os.curdir
    for folder in filter(os.path.isdir, glob.iglob(head)):
        if not tail:
            yield folder
            continue
        for below in _folders_below(folder):
            start = "" if below == os.curdir else os.path.join(glob.escape(below), "")
            yield from matches_of(start + tail)


def _folders_below(folder: str) -> Iterator[str]:
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            key = status.st_dev, status.st_ino
            inside = [] if key in seen else _folders_in(here)
        except OSError as error:
            raise SourceError(f"{printable(here)}: {error.strerror}") from error
        if key not in seen:
            yield here
        seen.add(key)
        waiting += inside


def _folders_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    return names if folder == os.curdir else [os.path.join(folder, name) for name in names]
