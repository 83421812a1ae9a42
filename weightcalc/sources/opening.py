"""
Opens a mask by its name: a file, a member of an archive, or a URL.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BufferedReader
from typing import BinaryIO, TypeVar

from ..errors import MaskError
from ..files.bounded import SmallFile
from ..files.limits import check_bytes
from ..text.escape import printable
from .names import is_url, open_file, split_name

_PIECE = 1 << 20
T = TypeVar("T")


def open_mask(name: str) -> BinaryIO:
    """
    Open a mask: a regular file, a member of an archive, or what a URL leads to.

    Raises
    ------
    MaskError
        If there is no such mask, or it cannot be opened.
    """
    if is_url(name):
        from .ahead import open_remote

        return open_remote(name)
    if split_name(name) is not None:
        from .archives import open_member

        return open_member(name)
    return open_file(name)


def read_small(kind: SmallFile, name: str, parse: Callable[[bytes], T]) -> T:
    """
    Read a small file, or what is behind a URL, whole, and parse it; see `SmallFile.read`.

    Raises
    ------
    WeightcalcError
        Of the type that the kind has.
    """
    if not is_url(name):
        return kind.read(name, parse)
    try:
        with BufferedReader(open_mask(name)) as file:  # type: ignore[type-var]
            return kind.read_from(file, printable(name), parse)
    except MaskError as error:
        raise kind.error(str(error)).with_hint(error.hint) from error


def is_quick_to_seek(file: BinaryIO) -> bool:
    """Whether it is a file or in memory; a member of an archive begins again for each jump."""
    try:
        file.fileno()
    except OSError:
        return hasattr(file, "getbuffer")
    return True


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
    LimitError
        If there are more.
    """
    from tempfile import TemporaryFile

    copy = TemporaryFile()  # noqa: SIM115  # it outlives this function
    try:
        copy.write(start)
        while piece := file.read(max(0, min(_PIECE, limit + 1 - copy.tell()))):
            copy.write(piece)
        check_bytes("its beginning", copy.tell(), limit)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy
