"""
Masks behind URLs, through fsspec: listed once by the main process, opened by name.

Only the schemes of `SCHEMES` are known. A name is never handed to fsspec as a URL of
its own making: the scheme chooses the file system, and chains (``::``) are refused.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from ..errors import MaskError, MissingExtraError, SourceError
from ..text.escape import printable
from .guard import first_line
from .names import ENDINGS, Members, path_of

# Scheme to the package that fsspec needs for it.
SCHEMES = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_DEEPEST = 32  # folders: a server may make up links for ever
_SYSTEMS: dict[int, Any] = {}  # those in use in this process


def list_urls(url: str, suffixes: Collection[str]) -> Members:
    """
    List the masks of a remote folder; the URL of a mask is taken as it is.

    Raises
    ------
    SourceError
        If the scheme is unknown, its package is missing, or the folder cannot be listed.
    """
    try:
        system = _file_system(url)
        path = path_of(url).lower()
        if path.endswith(tuple(suffixes)):
            return Members([url], 0, 0)
        if path.endswith(ENDINGS):
            raise MaskError(url, "archives are read from local disks only")
        return _find(system, url, tuple(suffixes))
    except MaskError as error:
        raise SourceError(str(error)).with_hint(error.hint) from error


def _find(system: Any, url: str, endings: tuple[str, ...]) -> Members:
    scheme = url.partition("://")[0]
    names, hidden, other = [], 0, 0
    with _asking(url):
        system.ls(url)  # raises what `find` keeps to itself
        everything = list(system.find(url, maxdepth=_DEEPEST))
    for found in everything:
        name = found if "://" in found else f"{scheme}://{found}"
        inside = name.removeprefix(url.rstrip("/") + "/")
        if inside == name or "::" in name or "/../" in f"/{inside}/":
            other += 1  # a link that leads away
        elif any(part.startswith(".") for part in inside.split("/")):
            hidden += 1
        elif path_of(name).lower().endswith(endings):
            names.append(name)
        else:
            other += 1
    return Members(names, hidden, other)


def open_url(url: str) -> BinaryIO:
    """
    Open a mask by its URL.

    Raises
    ------
    MaskError
        If it cannot be had.
    """
    system = _file_system(url)
    # Of http: one request, and no need of ranges.
    sizes = {"block_size": 0, "size": 1} if url.startswith("http") else {}
    with _asking(url):
        file = system.open(url, **sizes)
    return _Stream(url, file)  # type: ignore[return-value]


@contextmanager
def _asking(url: str, prefix: str = "") -> Iterator[None]:
    """Turn what fsspec and the packages under it raise into an error of the mask."""
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0] or SCHEMES[url.partition("://")[0]]
        raise MaskError(url, f"needs the package {printable(package)}").with_hint(
            f"pip install {printable(package)}"
        ) from error
    except Exception as error:  # file systems raise what they like
        raise MaskError(url, f"{prefix}{_why(error)}") from error


def _file_system(url: str) -> Any:
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES or "::" in url:
        what = "chains of URLs are not followed" if "::" in url else f"{scheme}:// is not known"
        raise MaskError(url, what).with_hint(
            f"a URL begins with {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(f"reading {scheme}:// masks", "remote") from error
    with _asking(url):
        system = fsspec.filesystem(scheme, **_settings(scheme))
    if not _SYSTEMS and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_close_sessions)
    _SYSTEMS[id(system)] = system
    return system


def _close_sessions() -> None:
    """Close connections before a process forks: two processes cannot talk on one of them."""
    from fsspec.asyn import sync  # type: ignore[import-untyped]

    for system in _SYSTEMS.values():
        session = getattr(system, "_session", None)
        if session is not None and hasattr(session, "close"):
            with suppress(Exception):
                sync(system.loop, session.close, timeout=1)
            system._session = None


def _settings(scheme: str) -> dict[str, Any]:
    if not scheme.startswith("http"):
        return {}
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS)
    return {"client_kwargs": {"timeout": timeout}}


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "not found"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "no answer in time"
    return first_line(error)


class _Stream(io.RawIOBase):
    """A remote file, read forwards; errors on the way are errors of the mask."""

    def __init__(self, url: str, file: Any) -> None:
        self._url = url
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _asking(self._url, "reading it stopped: "):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
