"""
By what a file is known to be the one that was counted before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ..sources.names import ListedUrl, is_url, split_name, state_of_folder
from ..sources.scenes import Item, Scene

_BETWEEN = b"\0\0"  # the names of the files of a scene, none of which holds it
_LARGEST_INTEGER = (1 << 63) - 1  # of SQLite; inodes of some file systems are larger


class Identity(NamedTuple):
    """The name of a file, and all that changes when it does."""

    name: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def identify(items: Iterable[Item]) -> list[Identity | None]:
    """
    By what files and scenes are known; None where there is nothing.

    A file is known by its absolute path, a Zarr in a folder by all its files too, a member of an
    archive by that of the archive, NUL and the member: the same from whatever folder a run is
    started in. What is behind a URL is known by the URL and the ETag or version of its listing,
    if that has one. A scene is known by all its
    files, and by which of them are one layer.
    """
    found: list[Identity | None] = []
    folder, place = None, b""
    for name in items:
        try:
            if isinstance(name, Scene):
                found.append(_of_scene(name))
                continue
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
        return _of_url(name) if isinstance(name, ListedUrl) and name.tag else None
    member, archive = split_name(name) or ("", name)
    key = os.fsencode(_absolute(archive))
    return _of_file(archive, key + b"\0" + os.fsencode(member) if member else key)


def _of_url(url: ListedUrl) -> Identity:
    digest = blake2b(url.tag.encode(), digest_size=8).digest()
    tag = int.from_bytes(digest, "little") & _LARGEST_INTEGER
    return Identity(os.fsencode(url), url.size, 0, 0, tag)


def _of_scene(scene: Scene) -> Identity | None:
    """The files of a scene as one, whose name begins as that of the first."""
    files = identify(scene.files)
    sizes = ",".join(str(len(names)) for _, names in scene.layers)
    rest = "" if scene.rest is None else "+rest"
    known = [one for one in files if one is not None]
    return _joined(f"{sizes}{rest}".encode(), known) if len(known) == len(files) else None


def _joined(layers: bytes, files: Sequence[Identity]) -> Identity:
    state = repr([one[1:] for one in files]).encode()
    digest = blake2b(state, digest_size=8).digest()
    return Identity(
        _BETWEEN.join([one.name for one in files] + [layers]),
        sum(one.size for one in files),
        max(one.mtime_ns for one in files),
        max(one.ctime_ns for one in files),
        int.from_bytes(digest, "little") & _LARGEST_INTEGER,
    )


def _of_name(name: bytes) -> Identity:
    """What is known now by the name of an identity."""
    *files, last = name.split(_BETWEEN)
    if files:
        return _joined(last, [_of_name(file) for file in files])
    return _of_file(os.fsdecode(name.partition(b"\0")[0]), name)


def _of_file(path: str, name: bytes) -> Identity:
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):  # a Zarr, whose chunks change without it
        size, mtime_ns, ctime_ns, digest = state_of_folder(path)
        return Identity(name, size, mtime_ns, ctime_ns, digest & _LARGEST_INTEGER)
    inode = status.st_ino & _LARGEST_INTEGER
    return Identity(name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode)


def _absolute(path: str) -> str:
    """A path from the root; where it goes through "..", links on the way are followed first."""
    follow = os.pardir in path.split(os.sep)
    return os.path.realpath(path) if follow else os.path.abspath(path)


def is_same_state(identity: Identity) -> bool:
    """Whether a file, or the archive of a member, is as it was; also if that cannot be seen now."""
    try:
        return _of_name(identity.name) == identity
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
