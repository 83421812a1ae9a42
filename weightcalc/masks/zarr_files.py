"""
The files of a Zarr, in a folder or a ZIP archive, each read within a bound.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator, MutableMapping
from typing import Any, BinaryIO, NamedTuple, Protocol

from ..errors import DamagedError, LimitError, UnsupportedError
from ..files.bounded import open_regular
from ..files.limits import LONGEST_DOCUMENT, MOST_MEMBERS
from ..sources.guard import third_party
from ..sources.zips import METHODS, open_stream, open_zip
from ..text.escape import printable
from .inflation import claimed_size

METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata")
_CHECKSUM = 4  # bytes of CRC-32C
_SLACK = 1 << 20
_MOST_PARTS = 64  # of the name of a member
_NO_CHUNK = (1 << 64) - 1  # in the index of a shard


class Files(Protocol):
    """What holds the files of a Zarr, by their paths in it with slashes."""

    def read(self, path: str, most: int) -> bytes | None:
        """A file of at most so many bytes; None if there is none."""

    def names(self, folder: str) -> list[str]:
        """What a folder holds, sorted; "" is the top."""


class Folder:
    """A folder on disk, out of which no link leads."""

    def __init__(self, path: str) -> None:
        self._root = os.path.realpath(path)

    def read(self, path: str, most: int) -> bytes | None:
        """A file of at most so many bytes; None if there is none."""
        try:
            with io.BufferedReader(open_regular(self._real(path))) as file:
                return _bounded(file.read(most + 1), path, most)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, folder: str) -> list[str]:
        """What a folder holds, sorted; "" is the top."""
        try:
            return sorted(os.listdir(self._real(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _real(self, path: str) -> str:
        real = os.path.realpath(os.path.join(self._root, path))
        if real != self._root and not real.startswith(os.path.join(self._root, "")):
            raise UnsupportedError(f"its {printable(path)} is a link out of its folder").with_hint(
                "copy what it leads to into the folder"
            )
        return real


class Archive:
    """An open ZIP archive."""

    def __init__(self, file: BinaryIO) -> None:
        self._archive = open_zip(file, MOST_MEMBERS)
        self._members = {info.filename: info for info in self._archive.infolist()}
        self._folders: dict[str, set[str]] = {}
        length = 0
        for name in self._members:
            parts = name.strip("/").split("/", _MOST_PARTS)
            if len(parts) > _MOST_PARTS:
                raise LimitError(f"a name in it has more than {_MOST_PARTS} parts")
            for number, part in enumerate(parts):
                folder = "/".join(parts[:number])
                length += len(folder) * (folder not in self._folders)
                self._folders.setdefault(folder, set()).add(part)
            if length > LONGEST_DOCUMENT:
                raise LimitError(
                    f"the names of its folders have more than {LONGEST_DOCUMENT} bytes"
                )

    def read(self, path: str, most: int) -> bytes | None:
        """A file of at most so many bytes; None if there is none."""
        info = self._members.get(path)
        if info is None:
            return None
        if info.flag_bits & 1 or info.compress_type not in METHODS:
            raise UnsupportedError(f"its {printable(path)} is encrypted or oddly compressed")
        with third_party("zipfile"), open_stream(self._archive, info) as file:
            data = file.read(most + 1)
        if len(data) > info.file_size:
            raise DamagedError(f"its {printable(path)} goes on after its {info.file_size} bytes")
        return _bounded(data, path, most)

    def names(self, folder: str) -> list[str]:
        """What a folder holds, sorted; "" is the top."""
        return sorted(self._folders.get(folder, ()))


def _bounded(data: bytes, path: str, most: int) -> bytes:
    if len(data) > most:
        raise LimitError(f"its {printable(path)} has more than {most} bytes")
    return data


def metadata(files: Files, path: str) -> bytes | None:
    """A JSON document of a Zarr; None if there is none."""
    return files.read(path, LONGEST_DOCUMENT)


class Coding(NamedTuple):
    """
    How chunks are compressed, as far as it says how many bytes they become.

    Attributes
    ----------
    compressor : str
        Its name; "" where there is none.
    checksum : int
        Bytes that follow what it made.
    within : Coding or None
        For shards, how the chunks in them are compressed.
    num_within, size_within : int
        How many these are in a shard, and the bytes that each of them becomes.
    """

    compressor: str = ""
    checksum: int = 0
    within: Coding | None = None
    num_within: int = 0
    size_within: int = 0

    def is_larger(self, data: bytes, size: int) -> bool:
        """Whether a chunk, or one within a shard, says that it becomes more than it may."""
        if self.within is None:
            data = data[: len(data) - self.checksum]
            return claimed_size(data, self.compressor, _allowed(size)) > _allowed(size)
        pieces = self._pieces(data)
        return any(self.within.is_larger(piece, self.size_within) for piece in pieces)

    def _pieces(self, shard: bytes) -> Iterator[bytes]:
        """The chunks of a shard, by the index at its end."""
        index = shard[-16 * self.num_within - _CHECKSUM : -_CHECKSUM]
        if len(index) < 16 * self.num_within:
            raise DamagedError(f"a shard of {len(shard)} bytes has no index")
        for start, length in struct.iter_unpack("<QQ", index):
            if start != _NO_CHUNK:
                yield shard[start : start + length]


def _allowed(size: int) -> int:
    """Bytes that a chunk may have, whether it is compressed or not; noise grows a little."""
    return size + size // 100 + _SLACK


class Values(MutableMapping[str, Any]):
    """The files of a Zarr as zarr wants them, to be read only."""

    def __init__(self, files: Files) -> None:
        from zarr.core.buffer import default_buffer_prototype

        self._files = files
        self._size, self._coding = 0, Coding()
        self._last: tuple[str, Any] = "", None  # chunks of a shard are asked for one by one
        self._buffer = default_buffer_prototype().buffer

    def expect(self, chunk_bytes: int, coding: Coding) -> None:
        """Allow chunks of a size when decoded, and say how they are compressed."""
        self._size, self._coding = chunk_bytes, coding

    def __getitem__(self, key: str) -> Any:
        if key != self._last[0]:
            self._last = key, self._buffer.from_bytes(self._read(key))
        return self._last[1]

    def _read(self, key: str) -> bytes:
        if key.rpartition("/")[2] in METADATA:
            data = metadata(self._files, key)
        else:
            data = self._files.read(key, _allowed(self._size) + 16 * self._coding.num_within)
            if data is not None and self._coding.is_larger(data, self._size):
                raise DamagedError(f"its chunk {printable(key)} decodes to more than its pixels")
        if data is None:
            raise KeyError(key)
        return data

    def __contains__(self, key: object) -> bool:
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __setitem__(self, key: str, value: Any) -> None:
        raise TypeError("masks are read only")

    def __delitem__(self, key: str) -> None:
        raise TypeError("masks are read only")
