"""
Writes files that are whole or not there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO

from ..errors import OutputError
from ..text.escape import printable, quoted
from .bounded import open_regular

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
_LONGEST_START = 60  # bytes of a name that its temporary file begins with


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """
    A file that takes the place of `path` at the end, whole, or never.

    It is written beside the target, synchronised and renamed; after an exception
    the old file is as it was. A link is followed. What is no regular file, such as
    a FIFO or a terminal, is written straight, and so is a file without a name, which
    /dev/stdout may be.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                yield file
            return
        target = os.path.realpath(path)
        _remove_stale(target)
        temporary, descriptor = _create_beside(target)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{printable(path)}: {error.strerror or error}") from error


def write_file(path: str, data: bytes) -> None:
    """
    Put `data` at `path` by `replacing`.

    Raises
    ------
    OutputError
        If it cannot be written; the old file is whole then.
    """
    with replacing(path) as file:
        file.write(data)


def _is_special(path: str) -> bool:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_nlink == 0


def _create_beside(target: str) -> tuple[str, int]:
    folder, base = os.path.split(target)
    temporary = os.path.join(folder, _temporary_prefix(base) + os.urandom(6).hex())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC, 0o666)
    _try_lock(descriptor)
    with suppress(OSError):
        os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
    return temporary, descriptor


def _temporary_prefix(base: str) -> str:
    start = base[:_LONGEST_START]
    while len(os.fsencode(start)) > _LONGEST_START:  # names are limited in bytes
        start = start[:-1]
    return f".{start}.weightcalc-"


def _remove_stale(target: str) -> None:
    """Remove temporary files of runs that died: nobody holds their lock any more."""
    if fcntl is None:
        return
    folder, base = os.path.split(target)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.fullmatch(re.escape(_temporary_prefix(base)) + "[0-9a-f]{12}", entry.name):
                _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    with suppress(OSError), open_regular(path) as file:
        if _try_lock(file.fileno()):
            os.unlink(path)


def _try_lock(descriptor: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    with suppress(OSError):  # not every system lets folders be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def refuse_overwriting(outputs: Mapping[str, str | None], inputs: Iterable[str]) -> None:
    """
    Refuse to write over what is read, two results into one file, or where nothing can be written.

    Parameters
    ----------
    outputs : mapping of str to str or None
        Option to the file that it will write; None is standard output.
    inputs : iterable of str
        Files that will be read. They are looked at only where an output exists.

    Raises
    ------
    OutputError
    """
    options: dict[str, str] = {}
    for option, path in outputs.items():
        _check_place(option, path)
        if path and (other := options.setdefault(os.path.realpath(path), option)) != option:
            raise OutputError(f"{other} and {option} name the same file: {printable(path)}")
    wanted = {(s.st_dev, s.st_ino): target for target in options if (s := _regular(target))}
    if not wanted:
        return
    for name in inputs:
        status = _regular(name)
        if status and (target := wanted.get((status.st_dev, status.st_ino))):
            raise OutputError(f"{printable(target)}: is an input, and would be overwritten")


def _check_place(option: str, path: str | None) -> None:
    """Refuse a URL and a folder that does not exist, before anything is read."""
    if path and "://" in path and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise OutputError(f"{option} {printable(path)}: results are written to files, not to URLs")
    folder = os.path.dirname(os.path.realpath(path)) if path else os.curdir
    if not os.path.isdir(folder):
        raise OutputError(
            f"{option} {printable(path or '')}: there is no folder {printable(folder)}"
        ).with_hint(f"mkdir -p {quoted(os.path.dirname(path or ''))}")


def _regular(path: str) -> os.stat_result | None:
    """The state of a regular file; None if there is none of that name."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None
