"""
Masks inside .zip, .tar, .tar.gz and .tgz files, read from there without unpacking.

A member is named ``zip://MEMBER::ARCHIVE`` or ``tar://MEMBER::ARCHIVE``. What stands
before the last ``::`` is a label, looked up in the archive; it never becomes a path.
"""

from __future__ import annotations

import gzip
import io
import os
import posixpath
import stat
import struct
import tarfile
import threading
import zipfile
from collections.abc import Collection, Iterator
from typing import IO, BinaryIO
from weakref import finalize

from ..errors import (
    DamagedError,
    DecodeError,
    LimitError,
    MaskError,
    SourceError,
    UnsupportedError,
)
from ..files.limits import MOST_MEMBERS
from ..text.escape import printable
from .guard import third_party
from .names import Members, is_url, open_file, path_of, split_name
from .tar_headers import Header, Headers
from .zips import METHODS, method_of, open_stream, open_zip

_ENCRYPTED = 0x41  # flag bits: by password, and by certificate
_LARGEST_RATIO = 1100  # deflate reaches 1,032
_LARGE = 64 << 20  # below it, any ratio will do
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_BLOCK = 512
_PIECE = 1 << 20
_CACHE = threading.local()


def list_members(path: str, suffixes: Collection[str]) -> Members:
    """
    List the masks of an archive, and check all of it that can be checked by now.

    Raises
    ------
    SourceError
        If it is damaged or cut, or a member that is a mask by its ending is encrypted, a link,
        there twice, no plain file, compressed too well to be true, or shares bytes.
    """
    if "::" in path:
        raise SourceError(f"{printable(path)}: the name of an archive cannot hold two colons")
    try:
        archive = _open_fresh(path)
        return _sort_out(archive, path, tuple(suffixes))
    except MaskError as error:
        raise SourceError(str(error)) from error
    except DecodeError as error:
        raise SourceError(f"{printable(path)}: not a readable archive: {error}") from error
    except OSError as error:  # of the disk
        raise SourceError(f"{printable(path)}: {error.strerror or error}") from error


def _sort_out(archive: _Zip | _Tar, path: str, endings: tuple[str, ...]) -> Members:
    names, hidden, other = [], 0, 0
    seen: set[str] = set()
    for name, problem in archive.entries():
        if _is_hidden(name):
            hidden += 1
        elif not name.lower().endswith(endings):
            other += 1
        else:
            label = posixpath.normpath(name)
            if label in seen:
                problem = "there twice"
            if problem:
                raise SourceError(f"{printable(path)}: member {printable(name)} is {problem}")
            seen.add(label)
            names.append(f"{archive.scheme}://{name}::{path}")
    return Members(names, hidden, other, archive.forward)


def _is_hidden(name: str) -> bool:
    parts = name.split("/")
    return any(p == "__MACOSX" or (p.startswith(".") and p not in (".", "..")) for p in parts)


def open_member(name: str) -> BinaryIO:
    """
    Open a member of an archive by its name.

    Raises
    ------
    MaskError
        If the archive cannot be read, or has no such member that is a plain file.
    """
    member, path = split_name(name) or ("", name)
    try:
        file = _opened(path).open(member)
    except MaskError as error:
        raise error.renamed(name) from error
    except DecodeError as error:
        raise MaskError.of(name, error) from error
    except OSError as error:  # of the disk
        raise MaskError(name, error.strerror or str(error)) from error
    if file is None:
        raise MaskError(name, "the archive has no such member")
    return file


def _opened(path: str) -> _Zip | _Tar:
    """The archive of the last call, if it is this one and unchanged; else opened anew."""
    if getattr(_CACHE, "key", None) == _key(path):
        archive: _Zip | _Tar = _CACHE.archive
        return archive
    return _open_fresh(path)


def _key(path: str) -> tuple[object, ...] | None:
    # The process too: a forked one shares the position in the file with its parent.
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return os.getpid(), path  # behind a URL, or opening it says why
    return os.getpid(), path, status.st_size, status.st_mtime_ns, status.st_ino


def _open_fresh(path: str) -> _Zip | _Tar:
    key = _key(path)
    if getattr(_CACHE, "key", None) is not None:
        _CACHE.key = None
        _CACHE.archive.close()
    file = _open(path)
    try:
        is_zip = (path_of(path) if is_url(path) else path).lower().endswith(".zip")
        archive = _Zip(file) if is_zip else _Tar(file)
    except BaseException:
        file.close()
        raise
    finalize(archive, file.close)  # the last one is held until its thread or the process ends
    _CACHE.archive, _CACHE.key = archive, key
    return archive


def _open(path: str) -> BinaryIO:
    if not is_url(path):
        return open_file(path)
    from .remote import local_copy  # here: few archives are remote

    return local_copy(path)


class _Zip:
    """The members of a .zip file, no two of which share bytes."""

    scheme = "zip"
    forward = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._archive = open_zip(file, MOST_MEMBERS, "")
        self._check_ranges()

    def _check_ranges(self) -> None:
        infos = sorted(self._archive.infolist(), key=lambda info: info.header_offset)
        end = 0
        for info in infos:
            if info.header_offset < end:
                raise DamagedError(f"member {printable(info.filename)} shares bytes with another")
            if info.header_offset > self._archive.start_dir:
                raise DamagedError(f"member {printable(info.filename)} begins behind its directory")
            self._file.seek(info.header_offset)
            header = self._file.read(_LOCAL_HEADER.size)
            if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
                raise DamagedError(f"member {printable(info.filename)} has no header")
            _, name, extra = _LOCAL_HEADER.unpack(header)
            end = info.header_offset + _LOCAL_HEADER.size + name + extra + info.compress_size
        if end > self._archive.start_dir:
            raise DamagedError("its last member runs into its directory")

    def entries(self) -> Iterator[tuple[str, str]]:
        """Name of each member that is no folder, and what speaks against it."""
        for info in self._archive.infolist():
            if not info.filename.endswith("/"):
                yield info.filename, self._problem(info)

    def _problem(self, info: zipfile.ZipInfo) -> str:
        if info.flag_bits & _ENCRYPTED:
            return "encrypted"
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            return "a link or a device, no plain file"
        if info.compress_type not in METHODS:
            return f"compressed by {method_of(info)}, which is not read"
        if info.file_size > max(_LARGE, _LARGEST_RATIO * info.compress_size):
            return f"said to have {info.file_size} bytes made of {info.compress_size}"
        return ""

    def open(self, member: str) -> BinaryIO | None:
        """The bytes of a member; None if there is no such member."""
        info = self._archive.NameToInfo.get(member)
        if info is None:
            return None
        if problem := self._problem(info):
            raise UnsupportedError(f"it is {problem}")
        with third_party("zipfile", ""):
            stream = open_stream(self._archive, info)
        return _Member(stream, 0, info.file_size, own=True)  # type: ignore[return-value]

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()


class _Tar:
    """
    The members of a tar file, plain or gzipped, found as far as they are needed.

    A gzipped one is inflated from its beginning up to a member: members that are asked
    for in their order cost one pass.
    """

    scheme = "tar"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.forward = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=file) if self.forward else file  # type: ignore[assignment]
        self._headers = Headers(self._stream)
        self._found: dict[str, tuple[int, int, str]] = {}
        with third_party("tarfile", ""):
            self._tar = tarfile.TarFile(
                fileobj=self._headers, tarinfo=Header,  # type: ignore[arg-type]
                encoding="utf-8", errors="surrogateescape",
            )  # fmt: skip

    def entries(self) -> Iterator[tuple[str, str]]:
        """Name of each member that is no folder, and what speaks against it; once only."""
        while (info := self._next()) is not None:
            if not info.isdir():
                yield info.name, self._found[info.name][2]
        self._check_end()

    def _next(self) -> tarfile.TarInfo | None:
        self._headers.begin()
        with third_party("tarfile", ""):
            info = self._tar.next()
        self._tar.members.clear()  # type: ignore[attr-defined]  # they would pile up
        if info is None:
            return None
        if info.size < 0:
            raise DamagedError(f"a member of {info.size} bytes")
        self._found.setdefault(info.name, (info.offset_data, info.size, _tar_problem(info)))
        if len(self._found) > MOST_MEMBERS:
            raise LimitError(f"it has more than {MOST_MEMBERS} members")
        return info

    def _check_end(self) -> None:
        """Find the end mark, which tarfile does not miss, and the checksum of gzip."""
        end = self._tar.offset
        if self._read(end, _BLOCK) != bytes(_BLOCK):
            raise DamagedError(f"cut or broken at byte {end}, where a header should be")
        while self.forward and self._read(None, _PIECE):
            pass

    def _read(self, start: int | None, size: int) -> bytes:
        with third_party("gzip", ""):
            if start is not None:
                self._stream.seek(start)
            return self._stream.read(size)

    def open(self, member: str) -> BinaryIO | None:
        """The bytes of a member; None if there is no such member."""
        while member not in self._found:
            if self._next() is None:
                return None
        start, size, problem = self._found[member]
        if problem:
            raise UnsupportedError(f"it is {problem}")
        return _Member(self._stream, start, size)  # type: ignore[return-value]

    def close(self) -> None:
        """Close the file."""
        self._tar.close()
        self._stream.close()
        self._file.close()


def _tar_problem(info: tarfile.TarInfo) -> str:
    if info.isreg() and not info.issparse():
        return ""
    return "a sparse file" if info.issparse() else "a link or a device, no plain file"


class _Member(io.RawIOBase):
    """The bytes of a member, which must be as many as its archive says."""

    def __init__(self, stream: IO[bytes], start: int, size: int, own: bool = False) -> None:
        self._stream = stream
        self._start = start
        self._size = size
        self._position = 0
        self._own = own

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        with third_party("the archive", "its archive is damaged: "):
            self._stream.seek(self._start + self._position)
            data = self._stream.read(wanted)
            is_whole = self._own and self._position + len(data) == self._size
            if is_whole and self._stream.read(1):
                raise DamagedError(f"it goes on after its {self._size} bytes")
        if not data:
            raise DamagedError(f"it ends after {self._position} of {self._size} bytes")
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if self._own:
            self._stream.close()
        super().close()
