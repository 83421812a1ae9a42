"""
Whether the masks of a set belong together, as far as their names tell.

Data sets keep several pictures of a scene side by side, such as ``x_labelIds.png`` and
``x_color.png``; counted together they are wrong. Names that are known to mean this are refused
here; other endings that recur are `repeated_endings`, whose masks `counts.kinds` compares.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby, islice

from ..errors import SourceError
from ..text.escape import printable
from .names import path_in, split_last_word, split_suffix

# Endings and folders that say which of several pictures of one scene a file is.
_ENDINGS_OF_CLASSES = ("labeltrainids", "labelids", "semantic")  # the likeliest first
_ENDINGS_OF_INSTANCES = {"instanceids", "instance", "instances", "panoptic"}
_KNOWN_ENDINGS = {*_ENDINGS_OF_CLASSES, *_ENDINGS_OF_INSTANCES, "color"}
_KNOWN_FOLDERS = (
    {
        "segmentationclass", "segmentationobject", "segmentationclassnpy", "segmentationobjectnpy",
        "segmentationclasspng", "segmentationobjectpng",
    },
    {"labels", "instances", "panoptic"},
    {"semantic", "instance", "panoptic"},
    {"category_ids", "human_ids", "instance_ids"},
    {"masks_machine", "masks_human", "masks_instances"},
)  # fmt: skip
_OF_CLASSES = ("labels", "semantic", "category_ids", "masks_machine")
_ENOUGH_NAMES = 10_000  # sorted names that show whether scenes stand several times
_MOST_ENDINGS = 64
_MOST_CHOICES = 3  # that a hint names


def check_one_kind(names: Sequence[str]) -> dict[str, str]:
    """
    Refuse a set in which scenes stand several times, by endings or folders that are known.

    Parameters
    ----------
    names : sequence of str
        Sorted, so that those of a folder stand together.

    Returns
    -------
    dict of str to str
        The `repeated_endings` that are not known, and may be of one kind.

    Raises
    ------
    SourceError
        If stems recur with one of the known endings beside others, in several formats, or in
        several of the known folders.
    """
    some = names[:_ENOUGH_NAMES]
    _check_folders(some)
    endings = repeated_endings(some)
    words = {_word(ending) for ending in endings}
    if words & _KNOWN_ENDINGS or len(words) < len(endings):
        raise two_kinds(endings)
    return endings


def two_kinds(
    endings: dict[str, str], unread: str = "", *, may_be_parts: bool = False
) -> SourceError:
    """
    The error about masks of several kinds.

    Parameters
    ----------
    endings : dict of str to str
        Ending to a mask that has it.
    unread : str, optional
        The ending whose files are no masks, so that they are not what to choose.
    may_be_parts : bool
        Whether the masks may be parts of scenes after all, which are right together.
    """
    some = ", ".join(printable(name) for name in sorted(endings.values())[:2])
    shown = ", ".join(printable(ending) for ending in sorted(endings))
    choices = " or ".join(_option_for(ending, endings) for ending in _to_choose(endings, unread))
    for_all = ", --include '*' for all if they are parts of the scenes, such as tiles"
    return SourceError(
        f"{some}: two kinds of masks of the same scenes, by their endings {shown}"
    ).with_hint(f"{choices} to choose one of them" + for_all * may_be_parts)


def _to_choose(endings: Iterable[str], unread: str) -> list[str]:
    """The endings of masks of classes, as far as they are known; else those that may be."""
    masks = [ending for ending in endings if ending != unread]
    of_classes = [e for word in _ENDINGS_OF_CLASSES for e in masks if _word(e) == word]
    others = [e for e in masks if _word(e) not in _ENDINGS_OF_INSTANCES] or masks
    others.sort(key=lambda ending: (_word(ending) in _KNOWN_ENDINGS, -len(ending), ending))
    return (of_classes or others)[:_MOST_CHOICES]


def _option_for(ending: str, endings: Iterable[str]) -> str:
    """What chooses the files of an ending: without the longer endings, if they end so too."""
    longer = sorted(other for other in endings if other != ending and other.endswith(ending))
    if longer:
        return " ".join(f"--exclude '*{printable(other)}'" for other in longer)
    return f"--include '*{printable(ending)}'"


def repeated_endings(names: Iterable[str]) -> dict[str, str]:
    """
    The endings with which most scenes of a set recur, and the first mask that has each.

    Returns
    -------
    dict of str to str
        Such as ``{"_x1y1.png": "m/a_x1y1.png", "_x2y1.png": "m/a_x2y1.png"}``; empty where
        scenes do not recur.
    """
    endings: dict[str, str] = {}
    scenes = repeated = 0
    some = list(islice(names, _ENOUGH_NAMES))
    if len(set(map(ending_of, some))) <= 1:  # as in most sets
        return {}
    pairs = sorted(map(_split_ending, some))
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        members = {ending: name for _, (ending, name) in group}
        scenes += 1
        repeated += len(members) > 1
        endings = members | endings  # the first name of each
        if len(endings) > _MOST_ENDINGS:
            return {}
    if scenes == 1 and not _KNOWN_ENDINGS.intersection(map(_word, endings)):
        return {}  # two files of one stem are no pattern
    return endings if len(endings) > 1 and 2 * repeated >= scenes else {}


def ending_of(name: str) -> str:
    """What `repeated_endings` calls the ending of a name: ``_labelIds.png``; a number is none."""
    path = path_in(name) if "://" in name else name
    stem, suffix = split_suffix(path[path.rfind(os.sep) + 1 :])
    if stem.rstrip("0123456789")[-1:] in ("", "_", ".", "-"):  # as of most names
        return suffix
    parts = split_last_word(stem)
    return "".join(parts[1:]) + suffix if parts and parts[2][0].isalpha() else suffix


def _split_ending(name: str) -> tuple[str, tuple[str, str]]:
    """``a/x_labelIds.png`` -> ``a/x``, ``_labelIds.png``, and the name."""
    ending = ending_of(name)
    return path_in(name).removesuffix(ending), (ending, name)


def _word(ending: str) -> str:
    """``_labelIds.png`` -> ``labelids``."""
    return ending.rpartition(".")[0][1:].lower()


def _check_folders(names: Sequence[str]) -> None:
    inside: dict[str, list[str]] = {}
    for name in names:
        folder = path_in(name).replace(os.sep, "/").rpartition("/")[0]
        inside.setdefault(folder, []).append(name)
    for known in _KNOWN_FOLDERS:
        found: dict[str, list[str]] = {}
        for folder, members in inside.items():
            part = next((part for part in folder.split("/") if part.lower() in known), None)
            if part is not None:
                found.setdefault(part, []).extend(members)
        if len(found) > 1 and set.intersection(*map(_stems, found.values())):
            raise _two_folders({part: members[0] for part, members in found.items()})


def _stems(names: Iterable[str]) -> set[str]:
    return {os.path.splitext(os.path.basename(path_in(name)))[0] for name in names}


def _two_folders(folders: dict[str, str]) -> SourceError:
    some = ", ".join(printable(name) for name in sorted(folders.values())[:2])
    shown = ", ".join(printable(folder) for folder in sorted(folders))
    first = min(folders)  # of class, labels and semantic each comes before that of instances
    choice = next((f for f in sorted(folders) if f.lower() in _OF_CLASSES), first)
    return SourceError(
        f"{some}: two kinds of masks of the same scenes, in the folders {shown}"
    ).with_hint(f"--include '*/{choice}/*' to choose one of them")
