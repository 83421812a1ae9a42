"""
Reads the headers of a tar file, each within a bound, for tarfile to take apart.
"""

from __future__ import annotations

import tarfile
from typing import IO

from ..errors import DamagedError, LimitError
from ..files.limits import LONGEST_HEADER
from .guard import third_party


class Header(tarfile.TarInfo):
    """A header of tar; sizes that would send the reader backwards or fill memory are refused."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0:
            raise DamagedError(f"a member of {self.size} bytes")
        if self.type == tarfile.XGLTYPE:  # what it says is held, and copied to each member
            assert isinstance(archive.fileobj, Headers)
            archive.fileobj.take_lasting(self.size)
        return super()._proc_member(archive)  # type: ignore[misc]


class Headers:
    """
    The stream that tarfile reads headers from, each of which may take so many bytes.

    tarfile goes a byte back before each header, to see whether the member before it is whole:
    the last bytes are kept, as a gzipped stream would have to begin anew.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = b""
        self._end = 0  # of the last bytes
        self._position = 0
        self._lasting = self._taken = 0

    def begin(self) -> None:
        """Take note that the header of another member follows."""
        self._taken = 0

    def take_lasting(self, size: int) -> None:
        """Take note of a header that holds for all members."""
        self._lasting += size
        self._check(self._lasting)

    def tell(self) -> int:
        """Where the next byte is."""
        return self._position

    def seek(self, offset: int) -> None:
        """Go to a byte."""
        self._position = offset

    def read(self, size: int) -> bytes:
        """The next bytes."""
        self._taken += size
        self._check(self._taken)
        start = self._position - (self._end - len(self._last))
        if start >= 0 and self._position + size <= self._end:
            data = self._last[start : start + size]
        else:
            with third_party("the archive", ""):
                self._stream.seek(self._position)
                data = self._last = self._stream.read(size)
            self._end = self._position + len(data)
        self._position += len(data)
        return data

    def _check(self, size: int) -> None:
        if size > LONGEST_HEADER:
            raise LimitError(f"it has headers of {size} bytes, more than {LONGEST_HEADER}")
