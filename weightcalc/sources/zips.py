"""
Opens .zip and .npz files, whose directory must not be larger than what is held of it.
"""

from __future__ import annotations

import zipfile
from copy import copy
from typing import IO, BinaryIO

from ..errors import LimitError
from ..files.limits import LONGEST_DIRECTORY
from .guard import BoundedReads, third_party

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


def open_stream(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """
    The bytes of a member, and one more where it inflates to more than its directory says.

    zipfile cuts what goes on, and finds the checksum right. Whoever reads must look for that byte.
    """
    larger = copy(member)
    larger.file_size += 1
    return archive.open(larger)


def method_of(member: zipfile.ZipInfo) -> str:
    """What a member is compressed by, in words."""
    number = member.compress_type
    return _NAMES.get(number, f"the unknown method {number}")


class _Bounded(BoundedReads):
    """A file whose directory zipfile reads at once, and makes an object for each entry of."""

    def __init__(self, file: BinaryIO, most_members: int) -> None:
        super().__init__(file, LONGEST_DIRECTORY, "its directory")
        self._most_members = most_members
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes: of a member, or of the directory before it is open."""
        if self.is_open:
            return self._file.read(size)
        data = super().read(size)
        if data.count(_ENTRY) > self._most_members:
            raise LimitError(f"it has more members than the limit of {self._most_members}")
        return data
