"""
Class lists: the files that name classes, and presets of well-known data sets.

They are data only, never executed. What they state is checked here, for all formats alike.
"""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple

from ..errors import LabelError, WeightcalcError
from ..files.bounded import SmallFile, similar_paths
from ..sources.names import is_url, path_of
from ..sources.opening import read_small
from ..text.escape import printable
from ..text.suggest import folded, nearest, similar
from .class_list_entries import Entry, Stated
from .class_list_formats import parse
from .label_map import MOST_CLASSES

_FILE = SmallFile("class list", 16 << 20, LabelError, "no text of class names")
PRESETS = ("cityscapes", "cityscapes-ids", "voc", "ade20k", "camvid", "coco-stuff")


class ClassList(NamedTuple):
    """
    What a class list says.

    Attributes
    ----------
    names : list of str or None
        In order of class ids; None for an id that the list skips.
    colors : dict of int to int, or None
        Packed colour, ``0xRRGGBB``, to class id, or to an ignored value: what a colour
        mask shows for it. None if the list has no colours.
    ignore : frozenset of int
        Values of index masks that are no class.
    mapping : dict of int to int
        Value of index masks to class id. A value that is not named keeps its number.
    regions : dict of int to tuple of int
        Value of index masks to the classes that share it. Where the list has such, class ids are
        positions in the list, and no other value is a class.
    """

    names: list[str | None]
    colors: dict[int, int] | None
    ignore: frozenset[int]
    mapping: dict[int, int]
    regions: dict[int, tuple[int, ...]]

    def values_of_names(self) -> dict[str, int]:
        """Each name and the value that stands for it in index masks, where there is one."""
        sources: dict[int, list[int]] = {}
        for value, index in self.mapping.items():
            sources.setdefault(index, []).append(value)
        for value, shared in self.regions.items():
            for index in shared:
                sources.setdefault(index, []).append(value)
        values = {name: sources.get(index, [index]) for index, name in enumerate(self.names)}
        of_several = {value for value, shared in self.regions.items() if len(shared) > 1}
        return {
            name: v[0]
            for name, v in values.items()
            if name is not None and len(v) == 1 and v[0] not in of_several
        }


def read_class_list(name: str) -> ClassList:
    """
    Read the class list of a file, or a preset.

    Parameters
    ----------
    name : str
        One of `PRESETS`, in any case and with _ for -, or a path: text of one name a line; JSON, YAML or a table of
        names with ids or colours; ``labelmap.txt`` or ``label_colors.txt``.

    Raises
    ------
    LabelError
        If it cannot be read, names no class, or gives two classes one name, id or colour.
    MissingExtraError
        If it is YAML and PyYAML is not installed.
    """
    is_there = os.path.lexists(name)
    if name in PRESETS or (folded(name) in PRESETS and not is_there):
        _refuse_ambiguous(folded(name))
        return read_preset(folded(name))
    if not is_there and not is_url(name):
        raise _missing(name)
    if name.lower().endswith(".py"):
        raise LabelError(f"{printable(name)}: Python is not executed").with_hint(
            f"a text file of one name a line, or a preset: {', '.join(PRESETS)}"
        )
    path = path_of(name) if is_url(name) else name
    suffix = os.path.splitext(path)[1].lower()
    return read_small(_FILE, name, lambda data: _checked(parse(_text(data), suffix)))


def _missing(name: str) -> LabelError:
    """What to say of a list that is not there, and what may be meant by its name."""
    near = similar_paths(name)
    if not {".", "/", "\\"} & set(name):
        return LabelError(
            f"-c/--classes {printable(name)}: neither a file nor a preset{nearest(name, PRESETS)}"
        ).with_hint(f"-n {name}, for as many classes" if name.isdecimal() else near)
    presets = similar(os.path.splitext(os.path.basename(name))[0], PRESETS)
    hint = near or (f"did you mean the preset {' or '.join(presets)}?" if presets else "")
    return LabelError(
        f"-c/--classes {printable(name)}: No such file or directory, and no preset"
    ).with_hint(hint)


def _refuse_ambiguous(name: str) -> None:
    if os.path.isfile(name):
        raise LabelError(f"{name}: a preset, and a file of this folder").with_hint(
            f"./{name} for the file; the preset from a folder without such a file"
        )


def read_preset(name: str) -> ClassList:
    """The class list of a well-known data set, one of `PRESETS`."""
    from importlib import resources

    text = resources.files(__package__).joinpath("presets", f"{name}.json").read_text("utf-8")
    preset = json.loads(text)
    colors = preset["colors"]
    if colors is not None:
        colors = {int(color[1:], 16): index for color, index in colors.items()}
    return ClassList(preset["names"], colors, frozenset(preset["ignore"]), {}, {})


def _text(data: bytes) -> str:
    if data.startswith(b"version https://git-lfs"):
        raise LabelError("a Git LFS pointer, not the list itself").with_hint("git lfs pull")
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # as PowerShell writes texts
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if is_wide or re.search(rb"[\x00-\x08\x0e-\x1f]", data):
            raise  # of no text at all
        raise LabelError(
            f"no text in UTF-8, by byte {error.start}: Latin-1 or Windows-1252?"
        ).with_hint(
            "iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW, or an editor that saves UTF-8"
        ) from error
    if "\0" in text:
        raise LabelError("it holds NUL bytes, so no text of class names")
    if marker := re.search(r"^(<{7}|\|{7}|={7}|>{7})( .*)?\r?$", text, re.MULTILINE):
        line = 1 + text.count("\n", 0, marker.start())
        raise LabelError(
            f"line {line} is one of the conflict markers of git ({marker[1]}): "
            "the merge is not finished"
        ).with_hint("git mergetool, or an editor that leaves one of both versions")
    return text


def _checked(stated: Stated) -> ClassList:
    names = _names_of(stated.entries)
    colors = _colors_of(stated.entries)
    mapping, regions = dict(stated.mapping or {}), dict(stated.regions or {})
    return ClassList(names, colors, stated.ignore, mapping, regions)


def _names_of(entries: list[Entry]) -> list[str | None]:
    if not entries:
        raise LabelError("it names no class")
    names: dict[int, str] = {}
    ids: dict[str, int] = {}
    for index, name, _ in entries:
        _check_entry(index, name)
        if index in names:
            raise LabelError(
                f"'{printable(names[index])}' and '{printable(name)}' both have the id {index}"
            )
        if name in ids:
            raise LabelError(f"classes {ids[name]} and {index} are both named '{printable(name)}'")
        names[index], ids[name] = name, index
    return [names.get(index) for index in range(max(names) + 1)]


def _check_entry(index: int, name: str) -> None:
    if not 0 <= index < MOST_CLASSES:
        raise LabelError(f"class id {index} of '{printable(name)}' is not 0 to {MOST_CLASSES - 1}")
    if not name.strip():
        raise LabelError(f"class {index} has an empty name")
    name.encode()  # JSON can hold half a character, which no result can


def _colors_of(entries: list[Entry]) -> dict[int, int] | None:
    colors: dict[int, Entry] = {}
    for entry in entries:
        if entry.color is None:
            continue
        other = colors.setdefault(entry.color, entry)
        if other is not entry:
            raise _same_color(other, entry)
    return {color: entry.id for color, entry in colors.items()} or None


def _same_color(one: Entry, other: Entry) -> WeightcalcError:
    return LabelError(
        f"'{printable(one.name)}' and '{printable(other.name)}' "
        f"both have the colour #{other.color:06x}"
    ).with_hint("for masks of indices, a list without colours")
