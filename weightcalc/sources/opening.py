"""
Opens a mask by its name: a file, a member of an archive, or a URL.
"""

from __future__ import annotations

from typing import BinaryIO

from ..files.limits import check_bytes
from .names import is_url, open_file, split_name

_PIECE = 1 << 20


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
