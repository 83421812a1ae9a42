"""
Lists of masks: the names that the files of ``--files-from`` hold.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

from ..errors import SourceError
from ..text.escape import printable
from .names import is_url, tidy
from .options import SourceOptions


def read_list(
    lines: Iterable[bytes], *, root: str = "", suffix: str = "", nul: bool = False
) -> Iterator[str]:
    """
    Names of masks out of a list file.

    Takes one name a line, or two columns "image mask" as VOC, CamVid and Paddle
    ship them. Blank lines and lines that begin with ``#`` are left out.

    Parameters
    ----------
    lines : iterable of bytes
        An open binary file, for example.
    root : str
        Folder of the names, also of those that begin with a slash.
    suffix : str
        Ending to add to each name, where the list has stems.
    nul : bool
        Names are separated by NUL and taken as they are.

    Raises
    ------
    SourceError
        If a line has more than two columns.
    """
    if nul:
        rows: Iterable[bytes] = _split_at_nul(lines)
    else:
        rows = (line.strip() for line in lines)
    for number, row in enumerate(rows, 1):
        text = os.fsdecode(row.removeprefix(b"\xef\xbb\xbf") if number == 1 else row)
        if text and (nul or not text.startswith("#")):
            yield _name_in_list(text, number, root, suffix, nul)


def names_in_list(options: SourceOptions) -> Iterator[str]:
    """
    Names of the masks in the list of ``--files-from``; none without it.

    Raises
    ------
    SourceError
        If the list cannot be read, or names a URL where that is not allowed.
    """
    path = options.files_from
    if path is None:
        return
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as lines:
            for name in read_list(
                lines, root=options.root, suffix=options.suffix, nul=options.null
            ):
                if is_url(name) and not options.allow_remote:
                    raise SourceError(
                        f"{printable(path)}: names the URL {printable(name)}"
                    ).with_hint("--allow-remote, if the list can be trusted")
                yield name
    except OSError as error:
        raise SourceError(f"{printable(path)}: {error.strerror}") from error


def _split_at_nul(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole
    yield rest


def _name_in_list(text: str, number: int, root: str, suffix: str, nul: bool) -> str:
    name = _join(root, text + suffix)
    if nul or not re.search(r"\s", text) or os.path.lexists(name):
        return name
    columns = text.split()
    if len(columns) == 2 and all(os.path.splitext(column)[1] for column in columns):
        return _join(root, columns[1] + suffix)
    raise SourceError(
        f"line {number} of the list, {printable(text)!r}, is neither the name of a file "
        'nor the two columns "image mask"'
    ).with_hint("-0/--null for names with blanks, --root and --suffix for stems")


def _join(root: str, name: str) -> str:
    return tidy(os.path.join(root, name.lstrip("/")) if root else name)
