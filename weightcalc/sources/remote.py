"""
What is behind URLs: listed once by the main process, opened by name.

Only the schemes of `SCHEMES` are known. A name is never handed to a package as a URL of its
own making: the scheme chooses who is asked, and chains (``::``) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from tempfile import TemporaryFile
from typing import BinaryIO

from ..errors import DecodeError, MaskError, SourceError
from ..files import limits
from ..text.escape import printable
from . import ahead, fetching
from .names import ListedUrl, Members, is_archive, path_of
from .traffic import TRAFFIC
from .web import Entry

_PIECE = 1 << 20
_MAGIC = re.compile(r"[*\[]")  # a question mark begins the query of a URL
_SPECIAL, _ESCAPED = re.compile(r"[\\\[^&|~]"), r"\\\g<0>"  # in brackets of expressions only


def list_urls(
    url: str, suffixes: Collection[str], on_entry: Callable[[], object] | None = None
) -> Members:
    """
    List the masks of a remote folder, or those that a pattern matches.

    The URL of a mask or of an archive is taken as it is. A pattern is one as of local files:
    ``*`` and ``[...]`` stand for parts of a name, ``**`` for any folders; a folder that matches
    stands for what it holds.

    Raises
    ------
    SourceError
        If the scheme is unknown, its package is missing, or the folder cannot be listed.
    """
    try:
        store = fetching.store_of(url)
        path = path_of(url)
        if not _MAGIC.search(path) and (path.lower().endswith(tuple(suffixes)) or is_archive(path)):
            return Members([url], 0, 0, folder=url.rstrip("/"))
        folder, prefix, pattern = _split_pattern(url)
        with TRAFFIC.of_listing():
            entries = fetching.run(store.entries(folder, prefix, on_entry or int))
        found = _chosen(entries, folder, pattern, tuple(suffixes))
        if pattern is not None and not found.names:
            raise MaskError(url, "no file matches")
        return found
    except DecodeError as error:
        raise SourceError(f"{printable(url)}: {error}").with_hint(error.hint) from error
    except MaskError as error:
        raise SourceError(str(error)).with_hint(error.hint) from error


def _split_pattern(url: str) -> tuple[str, str, re.Pattern[str] | None]:
    """The folder to list, the beginning of all that matches, and the pattern; or only a folder."""
    scheme, _, rest = url.partition("://")
    magic = _MAGIC.search(rest)
    if magic is None:
        return url, "", None
    prefix = f"{scheme}://{rest[: magic.start()]}"
    folder = prefix[: prefix.rindex("/") + 1]
    if folder == f"{scheme}://":
        raise MaskError(url, "the name of a bucket or a server cannot be a pattern")
    try:
        return folder, prefix, re.compile(_translated(url.rstrip("/")) + r"(/.*)?", re.DOTALL)
    except re.error as error:  # such as [z-a]
        raise MaskError(url, f"no pattern: {error.msg}").with_hint(
            "[a-z] stands for one of these characters, and [[] for a bracket"
        ) from error


def _translated(pattern: str) -> str:
    """A glob as a regular expression, in which no ``*`` matches a slash or a leading dot."""
    found = ""
    for token in re.findall(r"\*\*/|\*+|\[!?\]?[^\]/]*\]|.", pattern, re.DOTALL):
        if token == "**/":
            found += r"(?:[^/.][^/]*/)*"
        elif token.startswith("**"):
            found += r".*"
        elif token == "*":
            found += r"(?:(?<=/)(?!\.))?[^/]*"
        elif len(token) > 1:
            sign, inside = ("^", token[2:-1]) if token[1] == "!" else ("", token[1:-1])
            found += f"(?!/)[{sign}{_SPECIAL.sub(_ESCAPED, inside)}]"
        else:
            found += re.escape(token)
    return found


def _chosen(
    entries: list[Entry], folder: str, pattern: re.Pattern[str] | None, endings: tuple[str, ...]
) -> Members:
    names: list[str] = []
    hidden = other = 0
    start = len(folder.rstrip("/")) + 1
    for url, size, tag in entries:
        matched = pattern.fullmatch(url) if pattern is not None else None
        if pattern is not None and matched is None:
            continue
        inside = url[start:]
        if "::" in url or "/../" in f"/{inside}/":
            other += 1
        elif any(part.startswith(".") for part in inside.split("/")):
            hidden += 1
        elif path_of(url).lower().endswith(endings) or (
            matched and not matched[1] and is_archive(path_of(url))
        ):
            names.append(url if size is None else ListedUrl(url, size, tag))
        else:
            other += 1
    return Members(names, hidden, other, folder=folder.rstrip("/"))


def local_copy(url: str) -> BinaryIO:
    """
    A copy of what is behind a URL in an unnamed temporary file, for archives.

    Raises
    ------
    MaskError
        If it cannot be had.
    """
    copy = TemporaryFile()  # noqa: SIM115  # it outlives this function
    try:
        with ahead.open_remote(url) as file:
            while piece := file.read(_PIECE):
                copy.write(piece)
                if copy.tell() > limits.LARGEST_COPY:
                    raise _too_large(url)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy


def _too_large(url: str) -> MaskError:
    return MaskError(
        url,
        f"it goes on after {limits.LARGEST_COPY} bytes: more than a copy of an archive may have",
    ).with_hint("store the masks as several archives, or as a folder")
