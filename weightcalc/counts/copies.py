"""
Folders that hold the same masks under the same names: copies, which would count twice.

Names alone tell little, as scenes and splits number their files alike, so the counts of some
masks of each folder are compared; only folders called as a copy is are told by their names.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator

from ..masks.value_counts import ValueCounts
from ..sources.names import path_in
from ..text.escape import printable, quoted
from ..text.numbers import number_of

ENOUGH_OF_FOLDER = 64  # files of a folder that show what it is
_MOST_COMPARED = 20_000
_MOST_PAIRS = 100  # of folders that are looked at
_FEWEST = 3  # masks that are the same by chance
_COPY = (
    r"(?i)(?P<of>.+?)[ ._-]*(\(\d+\)|copy( ?\(?\d+\)?)?|copie|kopie|old|new|bak|backup|orig|"
    r"original|v\d+|fixed|corrected|final)"
)


class Copies:
    """The masks that the folders of a set have in common, as far as some of them show it."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}  # by folder, some names of files
        self._folders: dict[tuple[str, int], str] = {}  # by name and counts, where it is first
        self._same: Counter[tuple[str, str]] = Counter()
        self._full = "\0"  # the last folder found to have enough; no name begins with a NUL
        self._num_compared = 0

    def add(self, name: str, mask: ValueCounts) -> None:
        """Take note of a mask; those of one value are alike by chance."""
        place = self._place_of(name)
        if place is not None and len(mask.values) > 1:
            folder, base = place
            first = self._folders.setdefault((base, mask.fingerprint), folder)
            if first != folder:
                self._same[_roots(first, folder)] += 1

    def add_unreadable(self, name: str) -> None:
        """Take note of a file that holds no mask: it is one of those that are compared."""
        self._place_of(name)

    def _place_of(self, name: str) -> tuple[str, str] | None:
        """Folder and name of a file that is one of the first of its folder, which are compared."""
        if self._num_compared >= _MOST_COMPARED:
            return None
        if name.startswith(self._full) and "/" not in name[len(self._full) :]:
            return None
        folder, _, base = path_in(name).replace(os.sep, "/").rpartition("/")
        files = self._files.setdefault(folder, [])
        if len(files) >= ENOUGH_OF_FOLDER:
            self._full = f"{folder}/"
            return None
        self._num_compared += 1
        files.append(base)
        return folder, base

    def remarks(self) -> list[str]:
        """What to say of folders that hold the same masks, or masks of the same scenes."""
        if len(self._files) < 2:
            return []
        pairs = self._same.most_common(_MOST_PAIRS)
        by_counts = {pair: n for pair, n in pairs if self._are_copies(pair[1], n)}
        lines = [
            _line(*pair, f"{number_of(n, 'mask')} of the same names and the same counts")
            for pair, n in sorted(by_counts.items())
        ]
        for copy, of, common in self._called_copies():
            if (of, copy) not in by_counts and (copy, of) not in by_counts:
                lines.append(
                    _line(of, copy, f"masks of the same names, such as {printable(common)}")
                )
        return lines

    def _are_copies(self, copy: str, same: int) -> bool:
        held = sum(len(files) for folder, files in self._files.items() if _is_in(folder, copy))
        return same >= _FEWEST and 2 * same >= held

    def _called_copies(self) -> Iterator[tuple[str, str, str]]:
        """Folders called as a copy of one beside it is, that one, and a name that both have."""
        for folder, files in self._files.items():
            parent, slash, own = folder.rpartition("/")
            match = re.fullmatch(_COPY, own)
            of = f"{parent}{slash}{match['of']}" if match else folder
            common = {*files} & {*self._files.get(of, ())} if of != folder else set()
            if 2 * len(common) > len(files):
                yield folder, of, min(common)


def _roots(one: str, other: str) -> tuple[str, str]:
    """
    Two folders without the last parts of their paths that are the same; last what is a copy.

    A folder that holds the other one is never last: to leave it out would leave both out.
    """
    a, b = one.split("/"), other.split("/")
    while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
        del a[-1], b[-1]
    if re.fullmatch(_COPY, a[-1]) and not re.fullmatch(_COPY, b[-1]):
        a, b = b, a
    of, copy = "/".join(a), "/".join(b)
    return (copy, of) if _is_in(of, copy) else (of, copy)


def _is_in(folder: str, root: str) -> bool:
    return root in ("", folder) or folder.startswith(f"{root}/")


def _line(of: str, copy: str, what: str) -> str:
    return (
        f"the folders {printable(of) or '.'} and {printable(copy)} hold {what}, so that scenes may count twice: "
        f"--exclude {quoted(glob.escape(copy) + '/*')} leaves one of them out"
    )
