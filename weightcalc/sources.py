"""
Names masks, and opens one by its name.

A name is a string, as the user would type it; bytes that are not UTF-8 are kept
as surrogates. Names that were found are never patterns, and are printed through
`errors.printable` only.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, groupby, islice
from typing import BinaryIO

from .errors import DecodeError, SourceError, printable
from .names import Members, is_archive, is_url, open_file, path_of, split_name, tidy

_PIECE = 1 << 20
# Endings that say which of several pictures of one scene a file is.
_KNOWN_ENDINGS = {"labelids", "labeltrainids", "instanceids", "color"}

_ENOUGH_NAMES = 10_000  # sorted names that show whether scenes stand several times


@dataclass
class Listing:
    """
    The masks of a run.

    Attributes
    ----------
    names : list of str
        Sorted, each once; last the members of compressed tars, in the order of each archive.
    hidden, other : int
        Files left out: hidden ones, and those that are no masks by their ending.
    warnings : list of str
        What was left out though it looks like a mask.
    """

    names: list[str] = field(default_factory=list)
    hidden: int = 0
    other: int = 0
    warnings: list[str] = field(default_factory=list)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, source: str, members: Members) -> list[str]:
        """Take note of the members of an archive or a remote folder, and give their names."""
        self.hidden += members.hidden
        self.other += members.other
        if members.forward:
            self._places |= {name: (source, n) for n, name in enumerate(members.names)}
        return members.names

    def sort(self, names: list[str]) -> None:
        """Sort names in place as `names` promises."""
        names.sort()
        if self._places:
            names.sort(key=lambda name: self._places.get(name, ("", -1)))


def list_files(
    sources: Iterable[str],
    suffixes: Collection[str],
    *,
    listed: Iterable[str] = (),
    include: Collection[str] = (),
    exclude: Collection[str] = (),
    on_found: Callable[[], object] | None = None,
) -> Listing:
    """
    List the masks that folders, globs, archives, URLs and files name.

    Parameters
    ----------
    sources : iterable of str
        Folders are walked recursively; links to folders inside them are not
        followed, links to files are. A file is taken as it is, but an archive that is
        named or matched stands for the masks in it; one that a folder holds is left out.
    suffixes : collection of str
        Endings of masks, such as ".png", in lower case.
    listed : iterable of str
        Names of masks that are no patterns and no folders, out of a list.
    include, exclude : collection of str
        Globs of file names, or of paths where they hold a slash.
    on_found : callable, optional
        Called for each name.

    Raises
    ------
    SourceError
        If a folder or an archive cannot be read, or a glob matches nothing.
    """
    listing = Listing()
    found = []
    for name in chain(listed, *(_expand(source, suffixes, listing) for source in sources)):
        found.append(name)
        if on_found is not None:
            on_found()
    if include or exclude:
        found = [name for name in found if _is_wanted(name, include, exclude)]
    listing.sort(found)
    listing.names = _without_repeats(found, listing)
    return listing


def _expand(source: str, suffixes: Collection[str], listing: Listing) -> Iterator[str]:
    path = tidy(source)
    if is_url(path):
        from .remote import list_urls  # here, as other imports below: it takes its time

        yield from listing.add(path, list_urls(path, suffixes))
    elif (member := split_name(path)) is not None:
        yield _member(path, *member)
    elif os.path.isdir(path):
        yield from _walk(path, suffixes, listing)
    elif os.path.lexists(path) or not glob.has_magic(path):
        yield from _archive(path, suffixes, listing) if is_archive(path) else [path]
    else:
        matches = sorted(glob.iglob(path, recursive=True))
        if not matches:
            raise SourceError(f"{printable(source)}: no file matches")
        for match in matches:
            yield from _expand_match(match, suffixes, listing)


def _expand_match(path: str, suffixes: Collection[str], listing: Listing) -> Iterator[str]:
    if os.path.isdir(path):
        yield from _walk(path, suffixes, listing)
    elif is_archive(path):
        yield from _archive(path, suffixes, listing)
    elif _is_mask(path, suffixes):
        yield path
    else:
        listing.other += 1


def _archive(path: str, suffixes: Collection[str], listing: Listing) -> list[str]:
    from .archives import list_members

    return listing.add(path, list_members(path, suffixes))


def _member(name: str, member: str, archive: str) -> str:
    """Check the whole archive of which the user names one member."""
    from .archives import list_members

    if name not in list_members(archive, [member.lower()]).names:
        raise SourceError(f"{printable(name)}: the archive has no such member")
    return name


def path_in(name: str) -> str:
    """The path by which a mask is chosen: of a member in its archive, of a URL on its server."""
    if (member := split_name(name)) is not None:
        return member[0]
    return path_of(name) if is_url(name) else name


def _walk(folder: str, suffixes: Collection[str], listing: Listing) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            subfolders = []
            for entry in entries:
                if entry.name.startswith("."):
                    listing.hidden += 1
                elif entry.is_dir(follow_symlinks=False):
                    subfolders.append(_inside(folder, entry.name))
                elif not _is_mask(entry.name, suffixes):
                    listing.other += 1
                elif _is_regular(entry, listing):
                    yield _inside(folder, entry.name)
    except OSError as error:
        raise SourceError(f"{printable(folder)}: {error.strerror}") from error
    for subfolder in sorted(subfolders):
        yield from _walk(subfolder, suffixes, listing)


def _inside(folder: str, name: str) -> str:
    return name if folder == os.curdir else os.path.join(folder, name)


def _is_mask(name: str, suffixes: Collection[str]) -> bool:
    return name.lower().endswith(tuple(suffixes))


def _is_regular(entry: os.DirEntry[str], listing: Listing) -> bool:
    """Whether to count an entry: a file, a link to one, or a broken link, which is an error later."""
    if entry.is_file(follow_symlinks=False):
        return True
    try:
        mode = entry.stat().st_mode
    except OSError:
        return True
    if not stat.S_ISREG(mode):
        kind = "a link to a folder" if stat.S_ISDIR(mode) else "no regular file"
        listing.warnings.append(f"{printable(entry.path)}: left out, {kind}")
    return stat.S_ISREG(mode)


def _is_wanted(name: str, include: Collection[str], exclude: Collection[str]) -> bool:
    if include and not any(_matches(name, pattern) for pattern in include):
        return False
    return not any(_matches(name, pattern) for pattern in exclude)


def _matches(name: str, pattern: str) -> bool:
    name = path_in(name)
    if "/" not in pattern:
        return fnmatchcase(os.path.basename(name), pattern)
    path = name.replace(os.sep, "/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}")


def _without_repeats(names: list[str], listing: Listing) -> list[str]:
    """Drop names that stand twice in a sorted list, in place: a million names are large."""
    kept = 0
    for position, name in enumerate(names):
        if position and name == names[kept - 1]:
            if len(listing.warnings) < 100:
                listing.warnings.append(f"{printable(name)}: named twice, counted once")
        else:
            names[kept] = name
            kept += 1
    del names[kept:]
    return names


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


def open_mask(name: str) -> BinaryIO:
    """
    Open a mask: a regular file, a member of an archive, or what a URL leads to.

    Raises
    ------
    MaskError
        If there is no such mask, or it cannot be opened.
    """
    if is_url(name):
        from .remote import open_url

        return open_url(name)
    if split_name(name) is not None:
        from .archives import open_member

        return open_member(name)
    return open_file(name)


def spooled(file: BinaryIO, limit: int, start: bytes = b"") -> BinaryIO:
    """
    A copy of a stream in an unnamed temporary file, for formats that jump to and fro.

    Parameters
    ----------
    file : binary file
        Read from where it stands.
    limit : int
        Most bytes to copy.
    start : bytes
        What was read before.

    Raises
    ------
    DecodeError
        If there are more.
    """
    from tempfile import TemporaryFile

    copy = TemporaryFile()  # noqa: SIM115  # it outlives this function
    try:
        copy.write(start)
        while piece := file.read(max(0, min(_PIECE, limit + 1 - copy.tell()))):
            copy.write(piece)
        if copy.tell() > limit:
            raise DecodeError(f"it has more than {limit} bytes").with_hint(
                "--max-bytes, if the file is what it should be"
            )
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def is_same_file(a: str, b: str) -> bool:
    """Whether two names lead to one existing file; a member of an archive leads to that."""
    paths = [(split_name(name) or ("", name))[1] for name in (a, b)]
    try:
        return os.path.samefile(*paths)
    except (OSError, ValueError):
        return False
