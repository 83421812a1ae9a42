"""
Whether the names of a set look like layers: a file for each class or instance of a scene.

Only the pixels tell, so `counts.kinds` compares the masks of the names that are found here.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from .names import path_in, split_ending, split_last_word

_ENOUGH_NAMES = 10_000  # sorted names that show whether some of them recur
_FEW = 2  # scenes, and names in each of them, that show it
# Names of parts of a scene that are no classes: tiles, and views from several sides.
_TILES = {
    "north", "south", "east", "west", "ne", "nw", "se", "sw", "left", "right", "top", "bottom",
    "up", "down", "upper", "lower", "center", "centre", "middle", "front", "back", "rear",
}  # fmt: skip
_SPLITS = r"(?i)(train|val|valid|validation|test|dev|eval)(ing)?"

_Parts: TypeAlias = tuple[str, str, str]  # folder, stem and ending of a name


class Split(NamedTuple):
    """A name in parts: its scene, what stands between, a class, and the ending."""

    scene: str
    between: str
    word: str
    ending: str


class Looks(NamedTuple):
    """
    What the names of a set have in common with those of layers.

    Attributes
    ----------
    classes : str
        The pattern of ``--layers`` that fits, if each class has a file; "" if it does not look so.
    first : mapping of str to str
        Each name of a class that recurs, and the first mask that has it.
    layout : str
        The one of `_LAYOUTS` in which names hold the class.
    instances : str
        The pattern that fits, if each instance has a file; "" if it does not look so.
    class_folders : str
        The pattern that fits, if each class has a folder of masks that are called alike in all of
        them; "" if it does not look so.
    names : sequence of str
        All names of the set.
    folders : collection of str
        The folders from below which patterns are matched.
    """

    classes: str = ""
    first: Mapping[str, str] = MappingProxyType({})
    layout: str = ""
    instances: str = ""
    class_folders: str = ""
    names: Sequence[str] = ()
    folders: Collection[str] = ()

    def split_of(self, name: str) -> Split | None:
        """The parts of the name of what may be a layer; None where no class is in it."""
        return _LAYOUTS[self.layout](_parts(name)) if self.layout else None

    def word_of(self, name: str) -> str:
        """The name of the class that a mask may be a layer of; "" if there is none."""
        split = self.split_of(name)
        return "" if split is None else split.word


def look_at(names: Sequence[str], folders: Collection[str] = ()) -> Looks:
    """
    Find out whether names look like layers.

    Names of classes have no digits, and at least two of them recur from scene to scene: as whole
    names of files in folders (``liver.nii.gz``), at the end of names (``_hair.png``), or as the
    tag of an export of Label Studio.
    """
    if _are_numbered(names[:_ENOUGH_NAMES]):
        return Looks(names=names, folders=folders)
    some = [(name, _parts(name)) for name in names[:_ENOUGH_NAMES]]
    worded = [(name, parts) for name, parts in some if _may_end_in_word(parts[1])]
    for layout, split_of in _LAYOUTS.items():
        found = [(name, split) for name, parts in worded if (split := split_of(parts)) is not None]
        if first := _recurring(found):
            layers = [split for _, split in found if split.word in first]
            pattern = pattern_of(layers, "{class}")
            return Looks(pattern, first, layout, names=names, folders=folders)
    parts = [parts for _, parts in some]
    return Looks(
        instances=_of_instances(parts),
        class_folders=_of_class_folders(parts),
        names=names,
        folders=folders,
    )


def _are_numbered(names: Sequence[str]) -> bool:
    """Whether a quick look shows files of one folder, none of which ends in a word: as in most sets."""
    folders = {name.rpartition(os.sep)[0] for name in names}
    return len(folders) < _FEW and all(
        name.rpartition(".")[0][-1:].isdecimal() and "://" not in name and "task-" not in name
        for name in names
    )


def _may_end_in_word(stem: str) -> bool:
    """Whether any of the layouts may find a class in a stem: a number ends only those of tags."""
    return not stem[-1:].isdecimal() or stem.startswith("task-")


def _in_folder(parts: _Parts) -> Split | None:
    """``case/liver.nii.gz``: scene ``case``, class ``liver``."""
    folder, stem, ending = parts
    if not folder or len(stem) < 2 or re.search(r"\d", stem):
        return None
    return Split(folder, "/", stem, ending)


def _at_the_end(parts: _Parts) -> Split | None:
    """``a/x_hair.png``: scene ``a/x``, class ``hair``."""
    folder, stem, ending = parts
    scene, sign, word = split_last_word(stem) or ("", "", "")
    if len(word) < 2 or not word.isalpha():
        return None
    return Split(f"{folder}/{scene}", sign, word, ending)


def _as_tag(parts: _Parts) -> Split | None:
    """``task-1-annotation-2-by-3-tag-road-0.png``: scene ``task-1``, class ``road``."""
    folder, stem, ending = parts
    if not stem.startswith("task-"):  # as nearly all
        return None
    match = re.fullmatch(r"(task-\d+)-annotation-\d+-by-\d+-tag-(.+)-\d+", stem, re.DOTALL)
    if match is None:
        return None
    return Split(f"{folder}/{match[1]}", "-annotation-*-by-*-tag-", match[2], f"-*{ending}")


_LAYOUTS: dict[str, Callable[[_Parts], Split | None]] = {
    "folder": _in_folder,
    "end": _at_the_end,
    "tag": _as_tag,
}


def _parts(name: str) -> _Parts:
    """Folder, stem, and ending of a name; the ending of ``x.nii.gz`` is ``.nii.gz``."""
    folder, _, base = path_in(name).replace(os.sep, "/").rpartition("/")
    return folder, *split_ending(base)


def _recurring(found: Sequence[tuple[str, Split]]) -> dict[str, str]:
    """The words that recur from scene to scene, if at least two of them do in two scenes."""
    pairs = {(parts.scene, parts.word) for _, parts in found}
    scenes_of = Counter(word for _, word in pairs if word.lower() not in _TILES)
    recurring = {word for word, number in scenes_of.items() if number >= _FEW}
    words_in = Counter(scene for scene, word in pairs if word in recurring)
    if sum(number >= _FEW for number in words_in.values()) < _FEW:
        return {}
    first: dict[str, str] = {}
    for name, parts in found:
        if parts.word in recurring:
            first.setdefault(parts.word, name)
    return first


def _of_class_folders(names: Sequence[_Parts]) -> str:
    """The pattern for folders side by side that hold masks of the same names, but are no splits."""
    folders_of: dict[tuple[str, str], set[str]] = {}
    for folder, stem, ending in names:
        above, _, own = folder.rpartition("/")
        folders_of.setdefault((above, stem + ending), set()).add(own)
    endings = {ending for _, _, ending in names}
    words = set().union(*folders_of.values())
    in_several = sum(len(found) >= _FEW for found in folders_of.values())
    if in_several < _FEW or 2 * in_several < len(folders_of) or len(endings) > 1:
        return ""
    if any(re.search(r"\d", word) or re.fullmatch(_SPLITS, word) for word in words):
        return ""
    return f"{{class}}/{{scene}}{endings.pop()}"


def _of_instances(names: Sequence[_Parts]) -> str:
    """The pattern for folders that hold several masks each, if there are several such folders."""
    number_in = Counter(folder for folder, _, _ in names if folder)
    several = {folder for folder, number in number_in.items() if number >= _FEW}
    if len(several) < _FEW or 2 * len(several) < len(number_in):
        return ""
    own = {folder.rpartition("/")[2] for folder in several}
    above = {folder.rpartition("/")[0].rpartition("/")[2] for folder in several}
    if any(re.fullmatch(_SPLITS, name) for name in (above if len(own) == 1 else own)):
        return ""
    splits = [Split(folder, "/", "", ending) for folder, _, ending in names if folder in several]
    return pattern_of(splits, "*")


def pattern_of(splits: Sequence[Split], last: str) -> str:
    """The pattern that fits names, of which most end alike."""
    ends = Counter((split.between, split.ending) for split in splits)
    between, ending = max(ends, key=lambda end: ends[end])
    folders = {split.scene.rpartition("/")[2] for split in splits}
    common = f"/{folders.pop()}" if between == "/" and len(folders) == 1 else ""
    return f"{{scene}}{common}{between}{last}{ending}"
