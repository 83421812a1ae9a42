"""
Whether the masks of a set belong together, judged by their names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import groupby, islice

from ..errors import SourceError
from ..text.escape import printable
from .names import path_in

# Endings that say which of several pictures of one scene a file is.
_KNOWN_ENDINGS = {"labelids", "labeltrainids", "instanceids", "color"}


_ENOUGH_NAMES = 10_000  # sorted names that show whether scenes stand several times


def check_one_kind(names: Iterable[str]) -> None:
    """
    Refuse a set of masks in which each scene stands two to six times.

    Data sets keep several pictures of a scene side by side, such as
    ``x_labelIds.png`` and ``x_labelTrainIds.png``; counted together they are wrong.

    Parameters
    ----------
    names : iterable of str
        Those of a folder stand together.

    Raises
    ------
    SourceError
        If most stems occur with the same two to six endings.
    """
    endings: dict[str, str] = {}
    scenes = repeated = 0
    pairs = sorted(_split_ending(name) for name in islice(names, _ENOUGH_NAMES))
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        members = {ending: name for _, (ending, name) in group}
        scenes += 1
        repeated += len(members) > 1
        endings = members | endings  # the first name of each
        if len(endings) > 6:
            return
    known = sum(os.path.splitext(end)[0][1:].lower() in _KNOWN_ENDINGS for end in endings)
    if len(endings) < 2 or 2 * repeated < scenes or (scenes == 1 and known < 2):
        return
    some = ", ".join(printable(name) for name in sorted(endings.values())[:2])
    raise SourceError(
        f"{some}: two kinds of masks of the same scenes; "
        f"{repeated} of {scenes} stems have several of the endings "
        + ", ".join(printable(ending) for ending in sorted(endings))
    ).with_hint(
        f"--include '*{max(endings, key=len)}' to choose one of them, --include '*' for all"
    )


def _split_ending(name: str) -> tuple[str, tuple[str, str]]:
    """``a/x_labelIds.png`` -> ``a/x``, ``_labelIds.png``; numbers are no endings."""
    stem, suffix = os.path.splitext(path_in(name))
    match = re.fullmatch(r"(.*[^/_.-])([_.-][A-Za-z][A-Za-z0-9]*)", stem, re.DOTALL)
    return (match[1], (match[2] + suffix, name)) if match else (stem, (suffix, name))
