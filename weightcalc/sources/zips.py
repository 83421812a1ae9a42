"""
Opens .zip and .npz files, whose directory must not be larger than what is held of it.
"""

from __future__ import annotations

import os
import zipfile
from typing import BinaryIO

from ..errors import LimitError
from ..files.limits import LONGEST_DIRECTORY
from .guard import third_party

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # which zipfile inflates in bounded pieces
_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz"}
_ENTRY = b"PK\1\2"  # with which that of a member begins in the directory


def open_zip(
    file: BinaryIO, most_members: int, prefix: str = "cannot be decoded: "
) -> zipfile.ZipFile:
    """
    Open an archive.

    Parameters
    ----------
    file : binary file
        One that can be sought.
    most_members : int
    prefix : str
        What the message of a damaged archive begins with.

    Raises
    ------
    LimitError
        If it has more members, or a longer directory than is held.
    DamagedError
        If it is no archive, or a damaged one.
    """
    bounded = _Bounded(file, most_members)
    with third_party("zipfile", prefix):
        archive = zipfile.ZipFile(bounded)
    bounded.is_open = True
    return archive


def method_of(member: zipfile.ZipInfo) -> str:
    """What a member is compressed by, in words."""
    number = member.compress_type
    return _NAMES.get(number, f"the unknown method {number}")


class _Bounded:
    """A file whose directory zipfile reads at once, and makes an object for each entry of."""

    def __init__(self, file: BinaryIO, most_members: int) -> None:
        self._file = file
        self._most = most_members
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if self.is_open:
            return self._file.read(size)
        if size > LONGEST_DIRECTORY:
            raise LimitError(
                f"its directory has {size} bytes, more than the limit of {LONGEST_DIRECTORY}"
            )
        data = self._file.read(size)
        if data.count(_ENTRY) > self._most:
            raise LimitError(f"it has more members than the limit of {self._most}")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where the next byte is."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Whether it can be sought, as zipfile asks."""
        return True
