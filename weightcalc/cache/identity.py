"""
By what a file is known to be the one that was counted before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..sources.names import is_url, split_name


class Identity(NamedTuple):
    """The name of a file, and all that changes when it does."""

    name: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def identify(names: Iterable[str]) -> list[Identity | None]:
    """
    By what the files of some names are known; None where there is none, and behind URLs.

    A file is known by its absolute path, a member of an archive by that of the archive, NUL and
    the member: the same from whatever folder a run is started in.
    """
    found: list[Identity | None] = []
    folder, place = None, b""
    for name in names:
        try:
            if "://" in name:
                found.append(_of_member(name))
                continue
            base = name.rpartition(os.sep)[2]
            if (head := name[: len(name) - len(base)]) != folder:
                folder, place = head, os.fsencode(os.path.join(_absolute(head), ""))
            found.append(_of_file(name, place + os.fsencode(base)))
        except (OSError, ValueError):
            found.append(None)  # the reader says why
    return found


def _of_member(name: str) -> Identity | None:
    if is_url(name):
        return None
    member, archive = split_name(name) or ("", name)
    key = os.fsencode(_absolute(archive))
    return _of_file(archive, key + b"\0" + os.fsencode(member) if member else key)


def _of_file(path: str, name: bytes) -> Identity:
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):  # a Zarr, whose chunks change without it
        raise IsADirectoryError(path)
    # SQLite knows no integers above 2**63 - 1, which inodes of some file systems are.
    inode = status.st_ino & 0x7FFF_FFFF_FFFF_FFFF
    return Identity(name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode)


def _absolute(path: str) -> str:
    """A path from the root; where it goes through "..", links on the way are followed first."""
    follow = os.pardir in path.split(os.sep)
    return os.path.realpath(path) if follow else os.path.abspath(path)


def is_same_state(identity: Identity) -> bool:
    """Whether a file, or the archive of a member, is as it was; also if that cannot be seen now."""
    try:
        path = os.fsdecode(identity.name.partition(b"\0")[0])
        return _of_file(path, identity.name) == identity
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True


def name_ranges(places: Iterable[str]) -> Iterator[tuple[bytes, bytes]]:
    """The names below folders and in archives, each once: from the first up to the second."""
    ranges = []
    for place in places:
        path = os.fsencode(_absolute(place))
        if os.path.isdir(place):
            path = os.path.join(path, b"")
            ranges.append((path, path[:-1] + bytes([path[-1] + 1])))
        elif os.path.isfile(place):
            ranges.append((path, path + b"\1"))
    end = b""
    for low, high in sorted(ranges):
        if low >= end:
            yield low, high
            end = high
