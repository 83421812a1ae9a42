"""
Names masks, and opens one by its name.

A name is a string, as the user would type it; bytes that are not UTF-8 are kept
as surrogates. Names that were found are never patterns, and are printed through
`errors.printable` only.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice
from operator import eq

from ..errors import SourceError
from ..files.bounded import similar_paths
from ..text.escape import printable
from ..text.numbers import listed, number_of
from . import dvc
from .foreign import foreign_ending
from .globs import matches_of
from .names import Members, is_archive, is_url, is_zarr, path_in, path_of, split_name, tidy

_Walk = Callable[[str], Iterator[str]]
_MOST_SOURCES = 3  # that a message names


class Listing:
    """
    The masks of a run.

    Attributes
    ----------
    names : list of str
        Sorted, each once; last the members of compressed tars, in the order of each archive.
    hidden, other : int
        Files left out: hidden ones, and those that are no masks by their ending.
    pointers : int
        Those of the latter that are .dvc files.
    unwanted : int
        Masks that the patterns of `include` and `exclude` left out.
    foreign : set of str
        Formats of labels, not read here, of which files were left out.
    archive : str
        The first archive that a folder holds, whose masks were left out; "" if there is none.
    warnings : list of str
        What was left out though it looks like a mask.
    folders : set of str
        The folders, local and remote, that were looked through.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.hidden = self.other = self.pointers = self.unwanted = 0
        self.foreign: set[str] = set()
        self.archive = ""
        self.warnings: list[str] = []
        self.folders: set[str] = set()
        self._places: dict[str, tuple[str, int]] = {}

    def add(self, source: str, members: Members) -> list[str]:
        """Take note of the members of an archive or a remote folder, and give their names."""
        self.hidden += members.hidden
        self.other += members.other
        if members.forward:
            self._places |= {name: (source, n) for n, name in enumerate(members.names)}
        return members.names

    def take_other(self, path: str, suffixes: tuple[str, ...]) -> Iterator[str]:
        """Leave a file out that is no mask; a mask that DVC keeps is named, to be refused later."""
        data = dvc.missing_data(path)
        if data is not None and _is_mask(data, suffixes):
            yield data
            return
        self.other += 1
        self.pointers += data is not None
        if is_archive(path):
            self.archive = self.archive or path
        if format_ := foreign_ending(path):
            self.foreign.add(format_)
        if data is not None and dvc.is_folder(path):
            self.warnings.append(f"{printable(data)}: left out: {dvc.about_missing(data)}")

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
    follow: bool = False,
    on_found: Callable[[], object] | None = None,
) -> Listing:
    """
    List the masks that folders, globs, archives, URLs and files name.

    Parameters
    ----------
    sources : iterable of str
        Folders are walked recursively. A file is taken as it is, but an archive that is
        named or matched stands for the masks in it; one that a folder holds is left out.
    suffixes : collection of str
        Endings of masks, such as ".png", in lower case.
    listed : iterable of str
        Names of masks that are no patterns and no folders, out of a list.
    include, exclude : collection of str
        Globs of file names, or of paths where they hold a slash.
    follow : bool
        Whether links to folders inside of folders are followed, each real folder once.
    on_found : callable, optional
        Called for each name.

    Raises
    ------
    SourceError
        If a source does not exist or cannot be read, or a glob matches nothing.
    """
    listing, endings = Listing(), tuple(suffixes)
    walk = partial(_walk, suffixes=endings, listing=listing, follow=follow)
    found = []
    for name in chain(listed, *(_expand(source, endings, listing, walk) for source in sources)):
        found.append(name)
        if on_found is not None:
            on_found()
    if include or exclude:
        found = _wanted(found, listing, include, exclude)
    listing.sort(found)
    listing.names = _without_repeats(found, listing)
    return listing


def refuse_nothing(listing: Listing, sources: Iterable[str], suffixes: Collection[str]) -> None:
    """
    Refuse a listing of these sources that holds no mask.

    Raises
    ------
    SourceError
    """
    if listing.names:
        return
    given = listed([*map(printable, sources)], _MOST_SOURCES)
    if listing.unwanted:
        raise SourceError(
            f"--include and --exclude leave out all {number_of(listing.unwanted, 'mask')} of {given}"
        ).with_hint("--include with a pattern that names of these masks match, such as '*.png'")
    raise SourceError(
        f"no masks in {given} (left out: {listing.hidden} hidden, {listing.other} files that are "
        "no masks by their ending)"
    ).with_hint(_what_to_do(listing, suffixes))


def _what_to_do(listing: Listing, suffixes: Collection[str]) -> str:
    """The hint where there are no masks: data of DVC, formats that can be turned, or all endings."""
    if listing.pointers:
        return dvc.PULL
    if listing.archive:
        return f"name the archive, if it holds the masks: {printable(listing.archive)}"
    if listing.foreign:
        formats = " and ".join(sorted(listing.foreign))
        return f"`weightcalc help formats` has the lines that turn {formats} into masks"
    return f"masks end in {', '.join(suffixes)}; `weightcalc help formats` speaks of other formats"


def _expand(source: str, suffixes: tuple[str, ...], listing: Listing, walk: _Walk) -> Iterator[str]:
    path = tidy(source)
    if is_url(path):
        yield from _remote(path, suffixes, listing)
    elif (member := split_name(path)) is not None:
        yield _member(path, *member)
    elif os.path.isdir(path):
        yield from [path] if is_zarr(path) else walk(path)
    elif path.endswith(dvc.ENDING) and os.path.lexists(path):
        yield from listing.take_other(path, suffixes)
    elif os.path.lexists(path):
        yield from _archive(path, suffixes, listing) if is_archive(path) else [path]
    elif not glob.has_magic(path):
        raise missing_source(source)
    else:
        matches = _matches_of(path)
        if not matches:
            raise SourceError(f"{printable(source)}: no file matches")
        for match in matches:
            yield from _expand_match(match, suffixes, listing, walk)


def _matches_of(pattern: str) -> list[str]:
    """What a glob matches, and .dvc files of what it would match."""
    patterns = (pattern, pattern + dvc.ENDING)
    return sorted({match for each in patterns for match in matches_of(each)})


def missing_source(source: str) -> SourceError:
    """What to say of a source that does not exist: a .dvc file, or names beside it like its own."""
    if dvc.is_kept(path := os.path.normpath(source)):
        return SourceError(f"{printable(source)}: {dvc.about_missing(path)}").with_hint(dvc.PULL)
    return SourceError(f"{printable(source)}: no such file or folder").with_hint(
        similar_paths(source)
    )


def _expand_match(
    path: str, suffixes: tuple[str, ...], listing: Listing, walk: _Walk
) -> Iterator[str]:
    if os.path.isdir(path):
        yield from [path] if is_zarr(path) else walk(path)
    elif is_archive(path):
        yield from _archive(path, suffixes, listing)
    elif _is_mask(path, suffixes):
        yield path
    else:
        yield from listing.take_other(path, suffixes)


def _remote(url: str, suffixes: tuple[str, ...], listing: Listing) -> Iterator[str]:
    from .remote import list_urls  # here, as other imports below: it takes its time

    members = list_urls(url, suffixes)
    listing.folders.add(members.folder)
    for name in listing.add(url, members):
        yield from _archive(name, suffixes, listing) if is_archive(path_of(name)) else [name]


def _archive(path: str, suffixes: tuple[str, ...], listing: Listing) -> list[str]:
    from .archives import list_members

    return listing.add(path, list_members(path, suffixes))


def _member(name: str, member: str, archive: str) -> str:
    """Check the whole archive of which the user names one member."""
    from .archives import list_members

    if name not in list_members(archive, [member.lower()]).names:
        raise SourceError(f"{printable(name)}: the archive has no such member")
    return name


def _walk(folder: str, suffixes: tuple[str, ...], listing: Listing, follow: bool) -> Iterator[str]:
    """The masks below a folder, with a stack of our own: folders may be nested deeply."""
    listing.folders.add(folder)
    waiting = [folder]
    seen: set[tuple[int, int]] = set()
    while waiting:
        here = waiting.pop()
        if follow and not _is_new(here, seen):
            continue
        try:
            with os.scandir(here) as entries:
                subfolders = []
                start = "" if here == os.curdir else os.path.join(here, "")
                for entry in entries:
                    path = start + entry.name
                    if entry.name.startswith("."):
                        listing.hidden += 1
                    elif entry.is_dir(follow_symlinks=False) or (follow and entry.is_dir()):
                        if is_zarr(path):
                            yield path
                        else:
                            subfolders.append(path)
                    elif entry.is_symlink() and entry.is_dir():
                        listing.warnings.append(_about_link(path))
                    elif not _is_mask(entry.name, suffixes):
                        yield from listing.take_other(path, suffixes)
                    elif _is_regular(entry, listing):
                        yield path
        except OSError as error:
            raise SourceError(f"{printable(here)}: {error.strerror}") from error
        waiting += sorted(subfolders, reverse=True)


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was not walked before, by whatever links."""
    status = os.stat(folder)
    key = status.st_dev, status.st_ino
    if key in seen:
        return False
    seen.add(key)
    return True


def _about_link(path: str) -> str:
    return f"{printable(path)}: left out, a link to a folder (-L/--follow follows such links)"


def _is_mask(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes)


def _is_regular(entry: os.DirEntry[str], listing: Listing) -> bool:
    """Whether to count an entry: a file, a link to one, or a broken link, which is an error later."""
    if entry.is_file(follow_symlinks=False):
        return True
    try:
        is_file = stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True
    if not is_file:
        listing.warnings.append(f"{printable(entry.path)}: left out, no regular file")
    return is_file


def _wanted(
    names: Sequence[str], listing: Listing, include: Collection[str], exclude: Collection[str]
) -> list[str]:
    """The names that the patterns want; a pattern of `exclude` that matches none is said."""
    chosen, idle = [], set(exclude)
    for name in names:
        path = path_in(name)
        if idle:
            idle = {pattern for pattern in idle if not matches(path, pattern)}
        if _is_wanted(path, include, exclude):
            chosen.append(name)
    listing.unwanted += len(names) - len(chosen)
    listing.warnings += [f"--exclude {printable(p)}: no mask has such a name" for p in sorted(idle)]
    return chosen


def _is_wanted(path: str, include: Collection[str], exclude: Collection[str]) -> bool:
    if include and not any(matches(path, pattern) for pattern in include):
        return False
    return not any(matches(path, pattern) for pattern in exclude)


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern of `include` or `exclude` matches the path of a name."""
    if "/" not in pattern:
        return fnmatchcase(os.path.basename(name), pattern)
    path = name.replace(os.sep, "/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}")


def _without_repeats(names: list[str], listing: Listing) -> list[str]:
    """Drop names that stand twice in a sorted list, in place: a million names are large."""
    if not any(map(eq, names, islice(names, 1, None))):
        return names
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
