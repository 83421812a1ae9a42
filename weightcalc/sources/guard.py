"""
Guards calls of decoders that are not ours, which raise what they like.

Only such calls are guarded, one at a time: a fault of weightcalc's own code must end as
a traceback, and never be listed as a damaged mask.
"""

from __future__ import annotations

import io
import os
from types import TracebackType
from typing import IO, Any, BinaryIO, TypeAlias

from ..errors import DamagedError, LimitError, UnsupportedError, WeightcalcError
from ..text.escape import printable

Foreign: TypeAlias = Any  # what a library that is not ours gives, and says no type of

_MOST_SHOWN = 200  # characters of a decoder's message


class third_party:  # in lower case as it is used: with third_party("Pillow"): ...
    """
    A context in which the exceptions of a decoder become errors of the mask.

    The block should hold the call of the decoder and nothing else. OSErrors of the system
    (a disk that fails, a full one) pass, as do errors of weightcalc, and bugs in
    weightcalc's code that a decoder has called back, such as a stream that it reads from.

    Parameters
    ----------
    package : str
        Whose code is called, for the message.
    prefix : str
        What the message of a damaged file begins with.

    Raises
    ------
    DamagedError
        If the decoder raises anything else than what follows.
    UnsupportedError
        If the decoder cannot import a module that it needs.
    LimitError
        If there is not enough memory.
    """

    def __init__(self, package: str, prefix: str = "cannot be decoded: ") -> None:
        self._package = package
        self._prefix = prefix

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, WeightcalcError):
            return
        if isinstance(error, MemoryError):
            raise LimitError("not enough memory to decode it") from error
        if (isinstance(error, OSError) and error.strerror) or is_ours(traceback):
            return
        if isinstance(error, ImportError):
            raise UnsupportedError(
                f"{self._package} needs the module {_module_of(error)}, which cannot be imported"
            ).with_hint("install the package that provides this module") from error
        raise DamagedError(self._prefix + first_line(error)) from error


def is_ours(traceback: TracebackType | None) -> bool:
    """Whether the decoder called weightcalc back, and it was there that something went wrong."""
    last = traceback
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or last is traceback:  # raised by the guarded call, which is not in Python
        return False
    module: str = last.tb_frame.f_globals.get("__name__", "")
    return module.partition(".")[0] == __name__.partition(".")[0]


def is_bug(error: Exception, *expected: type[Exception]) -> bool:
    """Whether an exception comes from weightcalc's own code, and is of no type that may."""
    may: tuple[type[Exception], ...] = (WeightcalcError, OSError, *expected)
    return is_ours(error.__traceback__) and not isinstance(error, may)


def _module_of(error: ImportError) -> str:
    return printable((error.name or "").partition(".")[0]) or first_line(error)


def first_line(error: Exception) -> str:
    """The first line of what an exception says, or its type if it says nothing."""
    text = str(error).strip().split("\n")[0][:_MOST_SHOWN]
    return printable(text) or type(error).__name__


def guarded(file: IO[bytes] | io.BufferedIOBase, package: str) -> BinaryIO:
    """
    A stream of a decompressor, each read of which is guarded by `third_party`.

    Parameters
    ----------
    file : binary file
        Such as a `gzip.GzipFile`. It is not closed with the stream.
    package : str
        Whose code it is.
    """
    return _Guarded(file, package)  # type: ignore[return-value]


class _Guarded(io.BufferedIOBase):
    def __init__(self, file: IO[bytes] | io.BufferedIOBase, package: str) -> None:
        self._file = file
        self._guard = third_party(package)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def read(self, size: int | None = -1) -> bytes:
        with self._guard:
            return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with self._guard:
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class BoundedReads:
    """
    A file of which a decoder cannot read more at once than it may hold.

    Parameters
    ----------
    file : binary file
        One that can be sought.
    most : int
        Bytes of a read.
    what : str
        What the decoder reads, such as "its directory".
    """

    def __init__(self, file: BinaryIO, most: int, what: str) -> None:
        self._file = file
        self._most = most
        self._what = what

    def read(self, size: int = -1) -> bytes:
        """
        The next bytes.

        Raises
        ------
        LimitError
            If they are too many.
        """
        if size > self._most:
            raise LimitError(f"{self._what} has {size} bytes, more than the limit of {self._most}")
        data = self._file.read(size if size >= 0 else self._most + 1)
        if len(data) > self._most:
            raise LimitError(f"{self._what} has more bytes than the limit of {self._most}")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """
        Go to a byte.

        Raises
        ------
        DamagedError
            If there can be no such byte.
        """
        with third_party("the decoder"):  # else it would be taken for a bug that this is called so
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where the next byte is."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Whether it can be sought, as decoders ask."""
        return True
