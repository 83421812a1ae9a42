"""
Lists of masks: the names that the files of ``--files-from`` hold.
"""

from __future__ import annotations

import os
import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from io import BufferedReader, BytesIO
from itertools import chain
from typing import BinaryIO

from ..errors import SourceError
from ..files.bounded import open_regular
from ..files.limits import LONGEST_LINE
from ..text.escape import printable, quoted
from .names import is_url, tidy
from .options import SourceOptions

_ODD = re.compile(r"[\s,\\]").search
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()  # of os.fsdecode
_BLOCK = 1 << 18  # bytes that are read at a time
_COLUMNS = re.compile(r"\s*,\s*|\s+")


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
        If a line has more than two columns, or is longer than any name.
    """
    rows = _split_at_nul(lines) if nul else _lines_of(lines)
    as_it_is = not (root or suffix or nul) and os.sep == "/"
    for number, row in enumerate(rows, 1):
        if len(row) > LONGEST_LINE:
            raise SourceError(
                f"line {number} of the list is longer than {LONGEST_LINE} bytes, so no name"
            )
        text = row.decode(_ENCODING, _ERRORS)
        if as_it_is and _is_plain_and_tidy(text):
            yield text
        elif text and (nul or not text.startswith("#")):
            yield _name_in_list(text, number, root, suffix, nul)


def _lines_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, of UTF-8 or, as PowerShell writes it, UTF-16."""
    pieces = iter(lines)
    first = next(pieces, b"")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        decoder = getincrementaldecoder("utf-16")("replace")
        text = (decoder.decode(piece) for piece in chain([first], pieces))
        pieces = (line.encode() for line in _split_lines(text))
        first = next(pieces, b"")
    yield first.removeprefix(b"\xef\xbb\xbf").strip()
    yield from map(bytes.strip, pieces)


def _split_lines(pieces: Iterable[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece).split("\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            break  # which is refused
    yield rest


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
        with nullcontext(sys.stdin.buffer) if path == "-" else _opened(path) as file:
            pieces = _blocks(file) if options.null else _lines(file)
            for name in read_list(
                pieces, root=options.root, suffix=options.suffix, nul=options.null
            ):
                if "://" in name and is_url(name) and not options.allow_remote:
                    raise SourceError(
                        f"{printable(path)}: names the URL {printable(name)}"
                    ).with_hint("--allow-remote, if the list can be trusted")
                yield name
    except OSError as error:
        failure = SourceError(f"{printable(path)}: {error.strerror}")
        raise failure.with_hint(_other_way(path)) from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, _BLOCK), b"")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends, and pieces of one that is too long."""
    rest = b""
    for block in _blocks(file):
        *whole, rest = BytesIO(rest + block).readlines()
        yield from whole
        if len(rest) > LONGEST_LINE:
            yield rest
            rest = b""
    yield rest


def _other_way(path: str) -> str:
    """What to do where a list is no regular file."""
    if os.path.isdir(path):
        return f"a folder of masks is named without --files-from: {quoted(path)}"
    is_other = os.path.exists(path) and not os.path.isfile(path)
    return "--files-from - for standard input" if is_other else ""


def _opened(path: str) -> BinaryIO:
    return BufferedReader(open_regular(path))


def _split_at_nul(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole
        if len(rest) > LONGEST_LINE:
            break  # which is refused
    yield rest


def _name_in_list(text: str, number: int, root: str, suffix: str, nul: bool) -> str:
    name = _join(root, text + suffix)
    if nul or (_is_plain(text) if not suffix else not _ODD(text)) or os.path.lexists(name):
        return name
    if "\\" in text and os.path.lexists(slashed := _join(root, text.replace("\\", "/") + suffix)):
        return slashed
    columns = _COLUMNS.split(text)
    if len(columns) == 2 and all(os.path.splitext(column)[1] for column in columns):
        return _join(root, columns[1] + suffix)
    if len(columns) == 1:
        raise SourceError(
            f"line {number} of the list, {printable(text)!r}, is not the name of a file"
        ).with_hint(
            "--suffix .png where the list has names without endings; --root for their folder"
        )
    raise SourceError(
        f"line {number} of the list, {printable(text)!r}, is neither the name of a file "
        'nor the two columns "image mask"'
    ).with_hint("-0/--null for names with blanks, --root and --suffix for stems")


def _is_plain_and_tidy(text: str) -> bool:
    """Whether `_is_plain` holds and `tidy` changes nothing, as of most lines: in a third of the time."""
    return (
        text.rfind(".") > text.rfind("/")
        and text[0] not in ".#"
        and "/." not in text
        and "//" not in text
        and "," not in text
        and "\\" not in text
        and text.split(None, 1) == [text]
    )


def _is_plain(text: str) -> bool:
    """Whether a line is just one name with an ending; whether that exists is seen later."""
    if _ODD(text):
        return False
    base, dot = text.rfind("/") + 1, text.rfind(".")
    return dot > base and bool(text[base:dot].strip("."))  # as os.path.splitext, which is slow


def _join(root: str, name: str) -> str:
    return tidy(os.path.join(root, name.lstrip("/")) if root else name)
