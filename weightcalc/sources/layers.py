"""
Files sorted into scenes by the pattern of ``--layers``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ..errors import SourceError
from ..text.escape import printable, quoted
from ..text.suggest import similar
from .names import split_ending, split_name
from .scenes import Scene

_TOKENS = r"\{(?P<field>[^{}]*)\}|(?P<any>\*+)|(?P<literal>[^{}*]+)|(?P<brace>[{}])"
_FIELDS = ("scene", "class")
_NAMES_OF_RESTS = {"background", "bg", "rest", "other", "others"}
_MOST_WAYS = 10_000  # in which a name can be split, which are more than anybody means
_MOST_SHOWN = 3


class _Way(NamedTuple):
    """How a pattern splits a path; the class is "" where the pattern has none."""

    scene: str
    name: str


class Pattern:
    """
    How a path names its scene and its class.

    Parameters
    ----------
    text : str
        Such as ``{scene}_{class}.png``. ``{scene}`` may hold slashes, ``{class}`` and ``*`` may
        not; a field that stands twice must be the same in both places.

    Attributes
    ----------
    has_class : bool
        Whether the pattern holds ``{class}``.
    has_ending : bool
        Whether it ends with something else than a field, which would take the endings of files.

    Raises
    ------
    SourceError
        If it is no such pattern.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = [(match.lastgroup or "", match) for match in re.finditer(_TOKENS, text)]
        fields = [match["field"] for kind, match in self._tokens if kind == "field"]
        unknown = [f"{{{field}}}" for field in fields if field not in _FIELDS]
        unknown += [match["brace"] for kind, match in self._tokens if kind == "brace"]
        if unknown or "scene" not in fields:
            what = f"{printable(unknown[0])} is no field" if unknown else "it has no {scene}"
            raise SourceError(
                f"'{printable(text)}': {what}; a pattern is made of {{scene}}, {{class}}, * and text"
            ).with_hint("such as --layers '{scene}_{class}.png' or '{scene}/masks/*.png'")
        self.has_class = "class" in fields
        self.has_ending = self._tokens[-1][0] != "field"
        self._longest, self._shortest = self._regex(""), self._regex("?")

    def _regex(self, lazy: str) -> re.Pattern[str]:
        """The pattern as an expression that prefers long or short pieces; each is a group."""
        parts, seen = [], set()
        for kind, match in self._tokens:
            field = match["field"]
            if kind == "literal":
                parts.append(re.escape(match[0]))
            elif kind == "any":
                parts.append(f"([^/]*{lazy})")
            elif field in seen:
                parts.append(f"(?P={field})")
            else:
                seen.add(field)
                parts.append(f"(?P<{field}>{'.' if field == 'scene' else '[^/]'}+{lazy})")
        return re.compile("".join(parts), re.DOTALL)

    def ways(self, path: str) -> set[_Way]:
        """All ways in which the pattern splits a path; none if it does not match."""
        longest, shortest = self._longest.fullmatch(path), self._shortest.fullmatch(path)
        if longest is None or shortest is None:
            return set()
        if longest.regs == shortest.regs:  # as the first piece that differs would differ here
            return {_Way(longest["scene"], longest["class"] if self.has_class else "")}
        return set(islice(self._split(0, path, {}), _MOST_WAYS))

    def _split(self, number: int, text: str, found: Mapping[str, str]) -> Iterator[_Way]:
        if number == len(self._tokens):
            if not text:
                yield _Way(found["scene"], found.get("class", ""))
            return
        kind, match = self._tokens[number]
        field = match["field"] or ""
        known = match[0] if kind == "literal" else found.get(field)
        if known is not None:
            if text.startswith(known):
                yield from self._split(number + 1, text[len(known) :], found)
            return
        for end in range(kind == "field", len(text) + 1):
            piece = text[:end]
            if "/" in piece and field != "scene":
                return
            more = {**found, field: piece} if field else found
            yield from self._split(number + 1, text[end:], more)


class Layers(NamedTuple):
    """
    How the files of a set are layers of scenes.

    Attributes
    ----------
    pattern : Pattern
    listed : sequence of str or None, optional
        Names of the classes in their order, where a class list says them.
    rest : str, optional
        Name of the class of the pixels that no layer covers.
    """

    pattern: Pattern
    listed: Sequence[str | None] | None = None
    rest: str | None = None

    @property
    def are_found(self) -> bool:
        """Whether the classes are the names that are found, which have no order."""
        return self.pattern.has_class and self.listed is None

    def remedy_for(self, absent: Collection[int]) -> str:
        """What to do where classes of the list are in no scene: "" where none is that of the rest."""
        if self.rest is not None or not self.pattern.has_class:
            return ""
        named = {i: name for i, name in enumerate(self.listed or ()) if i in absent and name}
        rests = [i for i, name in named.items() if name.strip("_").lower() in _NAMES_OF_RESTS]
        if (index := next(iter(rests), 0)) not in named:
            return ""
        name = quoted(named[index])
        return f"--rest {name} if it is what no layer covers, which is then counted"

    def scenes(
        self, files: Sequence[str], folders: Collection[str]
    ) -> tuple[list[Scene], list[str | None]]:
        """
        Sort files into scenes.

        Parameters
        ----------
        files : sequence of str
            Names of masks.
        folders : collection of str
            The folders among the sources: a path is matched from below them.

        Returns
        -------
        scenes : list of Scene
            In the order of their first files.
        class_names : list of str or None

        Raises
        ------
        SourceError
            If a file does not match the pattern, its name can be split in several ways, or its
            class is not in the list.
        """
        found: dict[str, dict[str, list[str]]] = {}
        strangers = []
        roots = _Roots(folders)
        if not self.pattern.has_ending:
            self._check_endings(roots.split(file)[1] for file in files)
        for file in files:
            head, path, tail = roots.split(file)
            ways = self.pattern.ways(path)
            if ways:
                scene, name = self._choose(ways, file)
                found.setdefault(head + scene + tail, {}).setdefault(name, []).append(file)
            else:
                strangers.append((file, path))
        if strangers:
            raise self._no_match(strangers, len(files))
        class_names = self._class_names({name for layers in found.values() for name in layers})
        return [
            self._scene(name, layers, class_names) for name, layers in found.items()
        ], class_names

    def _check_endings(self, paths: Iterable[str]) -> None:
        """Refuse a pattern that would take ``.nii.gz`` for a part of the name of a class or a scene."""
        endings = {split_ending(path.rpartition("/")[2])[1]: path for path in paths}
        if not any(endings):
            return
        ending = next(iter(endings)) if len(endings) == 1 else ".*"
        pattern = Pattern(self.pattern.text + ending)
        fits = all(len(pattern.ways(path)) == 1 for path in endings.values())
        raise SourceError(
            f"--layers '{printable(self.pattern.text)}' has no ending, so that the endings of files "
            f"({', '.join(map(printable, filter(None, sorted(endings))))}) would be a part of names"
        ).with_hint(
            f"--layers '{printable(pattern.text)}'"
            if fits
            else "the pattern with the ending of one format, and --include with it"
        )

    def _choose(self, ways: set[_Way], file: str) -> _Way:
        if self.listed is not None and self.pattern.has_class:
            fitting = [way for way in ways if way.name in self.listed]
            if not fitting:
                raise self._not_listed(ways, file)
            longest = max(len(way.name) for way in fitting)
            ways = {way for way in fitting if len(way.name) == longest}
        if len(ways) > 1:
            raise self._ambiguous(ways, file)
        return next(iter(ways))

    def _class_names(self, found: set[str]) -> list[str | None]:
        if not self.pattern.has_class:
            return list(self.listed or [None, None])
        if self.rest in found:
            raise SourceError(
                f"--rest {printable(self.rest or '')}: this class has files of its own"
            ).with_hint("--rest with the name of another class, or no --rest")
        if self.listed is not None:
            return list(self.listed)
        return [*sorted(found if self.rest is None else found | {self.rest})]

    def _scene(
        self, name: str, layers: Mapping[str, list[str]], class_names: Sequence[str | None]
    ) -> Scene:
        if not self.pattern.has_class:
            return Scene(name, ((1, tuple(layers[""])),), 0)
        rest = None if self.rest is None else class_names.index(self.rest)
        return Scene(
            name, tuple((class_names.index(c), tuple(files)) for c, files in layers.items()), rest
        )

    def _no_match(self, strangers: Sequence[tuple[str, str]], number: int) -> SourceError:
        file, path = strangers[0]
        below = "" if path == file else f" (below its source: {printable(path)})"
        return SourceError(
            f"{printable(file)}{below} does not match --layers '{printable(self.pattern.text)}', "
            f"as {len(strangers)} of {number} files do not"
        ).with_hint(
            "another pattern, or --include GLOB and --exclude GLOB to choose the files that match"
        )

    def _ambiguous(self, ways: set[_Way], file: str) -> SourceError:
        some = [
            f"scene {printable(way.scene)}" + f" and class {printable(way.name)}" * bool(way.name)
            for way in sorted(ways)[:_MOST_SHOWN]
        ]
        needs_list = self.listed is None and self.pattern.has_class
        return SourceError(
            f"{printable(file)}: --layers '{printable(self.pattern.text)}' can split this name in "
            f"{len(ways)} ways: {'; '.join(some)}"
        ).with_hint(
            "-c with a list of the class names, of which the longest that fits is taken"
            if needs_list
            else "a pattern that says more, such as '{scene}/{class}_*.png'"
        )

    def _not_listed(self, ways: set[_Way], file: str) -> SourceError:
        name = min((way.name for way in ways), key=len)
        near = similar(name, [known for known in self.listed or () if known])
        return SourceError(
            f"{printable(file)}: its class {printable(name)} is not in the class list"
        ).with_hint(
            f"did you mean {' or '.join(map(printable, near))}?"
            if near
            else "add it to the list, or leave such files out with --exclude"
        )


class _Roots:
    """The folders from below which paths are matched."""

    def __init__(self, folders: Collection[str]) -> None:
        self._folders = {*folders}
        self._known: dict[str, str] = {}

    def split(self, file: str) -> tuple[str, str, str]:
        """A name in three parts: the path below its source with slashes, and what stands around."""
        if (member := split_name(file)) is not None:
            return file[: len("zip://")], member[0], f"::{member[1]}"
        folder = os.path.dirname(file)
        if folder not in self._known:
            self._known[folder] = self._above(folder)
        head = self._known[folder]
        return head, file[len(head) :].replace(os.sep, "/"), ""

    def _above(self, folder: str) -> str:
        """The outermost of the folders that holds a folder, with a slash; "" if none does."""
        found = ""
        while folder:
            if folder in self._folders:
                found = os.path.join(folder, "")
            parent = os.path.dirname(folder)
            if parent == folder:
                break
            folder = parent
        return found
