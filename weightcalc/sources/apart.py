"""
Images beside masks, told by their names: which options leave the images out.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence

from ..errors import SourceError
from ..text.escape import printable, quoted
from .kinds import ending_of
from .listing import matches
from .names import is_url, path_in, split_name

_JPEG = (".jpg", ".jpeg")
_MOST_PATTERNS = 3  # more of them are no rule
_SOME = 1000  # names that show most patterns to be none


def check_no_photographs(names: Sequence[str]) -> None:
    """
    Refuse JPEG files beside masks of other formats: they are the images.

    Raises
    ------
    SourceError
    """
    photos = [name for name in names if _suffix(name).lower() in _JPEG]
    if not photos or len(photos) == len(names):
        return
    masks = [name for name in names if _suffix(name).lower() not in _JPEG]
    raise SourceError(
        f"{printable(photos[0])}: {len(photos)} of {len(names)} files are JPEG, which blurs labels: "
        "photographs beside masks?"
    ).with_hint(f"{how_to_leave_out(photos, masks)}; --allow-lossy counts them all")


def _suffix(name: str) -> str:
    return os.path.splitext(path_in(name))[1]


def how_to_leave_out(images: Sequence[str], masks: Sequence[str]) -> str:
    """
    The options that leave images out and keep all masks, as a hint.

    Parameters
    ----------
    images, masks : sequence of str
        Names of all files of a run, of which the first are to be left out.

    Returns
    -------
    str
        "" if no pattern tells them apart.
    """
    options = _exclude(images, masks) or _include(images, masks)
    if not options:
        return ""
    folder = _folder_of(masks, images)
    named = f", or name the folder of the masks: {quoted(folder)}" if folder else ""
    return f"{options} leaves the images out{named}"


def _exclude(images: Sequence[str], masks: Sequence[str]) -> str:
    return next((_said("--exclude", p) for p in _patterns(images) if _tell(p, images, masks)), "")


def _include(images: Sequence[str], masks: Sequence[str]) -> str:
    return next((_said("--include", p) for p in _patterns(masks) if _tell(p, masks, images)), "")


def _said(option: str, patterns: Sequence[str]) -> str:
    return " ".join(f"{option} {quoted(pattern)}" for pattern in patterns)


def _tell(patterns: Sequence[str], these: Sequence[str], others: Sequence[str]) -> bool:
    """Whether patterns match all of these names, and none of the others: first, of some of them."""
    some, few = these[:_SOME], others[:_SOME]
    if len(some) + len(few) < len(these) + len(others) and not _tell(patterns, some, few):
        return False
    return all(any(matches(path_in(name), p) for p in patterns) for name in these) and not any(
        any(matches(path_in(name), p) for p in patterns) for name in others
    )


def _patterns(names: Sequence[str]) -> Iterator[list[str]]:
    """Patterns by endings, by folders, and by beginnings, which all of the names share."""
    paths = [path_in(name).replace(os.sep, "/") for name in names]
    yield from _few({"*" + glob.escape(_suffix(name)) for name in names})
    yield from _few({f"{glob.escape(_parts(path)[-1])}/*" for path in paths if _parts(path)})
    common = set.intersection(*(set(_parts(path)) for path in paths))
    for folder in reversed(_parts(paths[0])):
        if folder in common:
            yield [f"{glob.escape(folder)}/*"]
    yield from _few({"*" + glob.escape(ending_of(name)) for name in names})
    yield from _few({_beginning(path) + "*" for path in paths})


def _few(patterns: set[str]) -> Iterator[list[str]]:
    if 0 < len(patterns) <= _MOST_PATTERNS and "*" not in patterns:
        yield sorted(patterns)


def _parts(path: str) -> list[str]:
    """The folders of a path, without the root and without what only leads elsewhere."""
    return [part for part in path.split("/")[:-1] if part not in ("", ".", "..")]


def _beginning(path: str) -> str:
    """``a/img_001.png`` -> ``img_``."""
    match = re.match(r"[A-Za-z]+[_.-]?", os.path.basename(path))
    return match[0] if match else ""


def _folder_of(masks: Sequence[str], images: Sequence[str]) -> str:
    """The folder that holds all masks and no image; "" if there is none that can be named."""
    if any(is_url(name) or split_name(name) is not None for name in masks):
        return ""
    try:
        folder = os.path.commonpath([os.path.dirname(name) for name in masks])
    except ValueError:  # absolute and relative ones
        return ""
    if not folder or any(name.startswith(os.path.join(folder, "")) for name in images):
        return ""
    return folder
