"""
Files that are opened with care: only regular ones, and small ones read whole within a bound.
"""

import errno
import io
import os
import stat
from collections.abc import Callable
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, TypeAlias, TypeVar

from ..errors import WeightcalcError
from ..text.escape import printable
from ..text.suggest import similar

# A FIFO without a writer would block for ever without O_NONBLOCK.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)
_MOST_NEIGHBOURS = 10_000  # names beside a missing one that are looked through
T = TypeVar("T")
Json: TypeAlias = Any  # what a JSON or TOML document holds, until it has been looked at


def similar_paths(path: str) -> str:
    """What to say of a path that is not there: the names beside it that are like its own, or ""."""
    folder, base = os.path.split(os.path.normpath(path))
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NEIGHBOURS)]
    except (OSError, ValueError):
        return ""
    near = [printable(os.path.join(folder, name)) for name in similar(base, names)]
    return f"did you mean {' or '.join(near)}?" if near else ""


def open_regular(path: str) -> io.FileIO:
    """
    Open a regular file for reading, without a buffer; never a FIFO, a device or a folder.

    Raises
    ------
    OSError
        If there is no regular file of that name, or it cannot be opened.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except ValueError as error:  # a NUL byte in the name
        raise OSError(errno.EINVAL, str(error)) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise OSError(errno.EINVAL, "not a regular file")
    return open(descriptor, "rb", buffering=0)


class SmallFile(NamedTuple):
    """
    A kind of small file, and how one that is refused is called.

    Attributes
    ----------
    kind : str
        Such as "counts file".
    limit : int
        Largest size in bytes, whole MiB.
    error : type of WeightcalcError
        What is raised, with the name of the file in front of the reason.
    malformed : str
        What is said of contents on which `parse` raises a plain ValueError.
    hint : str
        What to do about a file that cannot be read, or whose contents are malformed.
    """

    kind: str
    limit: int
    error: type[WeightcalcError]
    malformed: str
    hint: str = ""

    def read(self, path: str, parse: Callable[[bytes], T]) -> T:
        """
        Open a regular file, read all of it, and parse it.

        Parameters
        ----------
        path : str
        parse : callable
            Raises `error` or ValueError where the contents are not what they should be.

        Raises
        ------
        WeightcalcError
            Of the type `error`, as ``path: reason``.
        """
        try:
            file = io.BufferedReader(open_regular(path))  # which reads on after a short read
        except OSError as error:
            near = similar_paths(path) if isinstance(error, FileNotFoundError) else ""
            raise self._refused(printable(path), _reason(error), near or self.hint) from error
        with file:
            return self.read_from(file, printable(path), parse)

    def read_from(self, file: BinaryIO, name: str, parse: Callable[[bytes], T]) -> T:
        """
        Read all of an open file, such as standard input, which is called `name`, and parse it.

        Raises
        ------
        WeightcalcError
            Of the type `error`, as ``name: reason``.
        """
        try:
            data = file.read(self.limit + 1)
            if len(data) > self.limit:
                raise self.error(f"larger than {self.limit >> 20} MiB, so no {self.kind}")
            return parse(data)
        except self.error as error:
            raise self._refused(name, str(error), error.hint) from error
        except OSError as error:
            raise self._refused(name, _reason(error), self.hint) from error
        except (ValueError, RecursionError) as error:
            reason = f"{self.malformed}: {printable(str(error))}"
            raise self._refused(name, reason, self.hint) from error

    def _refused(self, name: str, reason: str, hint: str) -> WeightcalcError:
        return self.error(f"{name}: {reason}").with_hint(hint)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
