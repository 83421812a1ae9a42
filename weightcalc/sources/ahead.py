"""
Reads what is behind URLs, and the first pieces of the masks that come next before they are asked for.

One thread waits for all requests that are under way; those who count find the bytes ready.
What is under way is bounded by the number of requests, and by the bytes that they hold.
"""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import chain
from typing import Any, BinaryIO, NamedTuple, TypeVar

from ..errors import MaskError, MissingExtraError, SourceError
from ..text.escape import printable
from .layers import Item, files_of
from .names import ListedUrl, is_url
from .patience import SlowError, patiently, reached_by, trouble_of
from .stores import S3, Azure, Gcs
from .web import PIECE, Web

# Scheme to the package that it needs, and to what asks its servers.
SCHEMES: dict[str, tuple[str, Any]] = {
    "http": ("aiohttp", Web),
    "https": ("aiohttp", Web),
    "s3": ("s3fs", S3),
    "gs": ("gcsfs", Gcs),
    "gcs": ("gcsfs", Gcs),
    "az": ("adlfs", Azure),
    "abfs": ("adlfs", Azure),
}
REQUESTS = 64  # under way, if nobody says how many
SECONDS_A_PIECE = 120
_BYTES_UNDER_WAY = 64 << 20  # in a process
_MOST_LOST = 100  # requests that failed to the end, one after the other
_MOST_UNDECLARED = 1 << 30  # bytes of a file whose server does not say its size
_STORES: dict[tuple[int, str], Any] = {}  # by process: two cannot talk on one connection
T = TypeVar("T")


class Piece(NamedTuple):
    """A piece of a file, and what its server said of the whole."""

    data: bytes
    total: int | None
    tag: str
    ranged: bool

    def is_last(self, start: int) -> bool:
        """Whether nothing follows, if it is what stands at `start`."""
        end = start + len(self.data)
        return len(self.data) < PIECE if self.total is None else end >= self.total


def run(work: Coroutine[Any, Any, T]) -> T:
    """What becomes of a coroutine in the thread that talks to servers."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


def _loop() -> asyncio.AbstractEventLoop:
    from fsspec.asyn import get_loop  # type: ignore[import-untyped]

    loop: asyncio.AbstractEventLoop = get_loop()
    return loop


def store_of(url: str) -> Any:
    """
    What asks the servers of a URL.

    Raises
    ------
    MaskError
        If the scheme is not known, or its package or credentials are missing.
    MissingExtraError
        If fsspec is missing.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or "::" in url:
        what = "chains of URLs are not followed" if "::" in url else f"{scheme}:// is not known"
        raise MaskError(url, what).with_hint(
            f"a URL begins with {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    account = rest.partition("/")[0].partition("@")[2] if scheme == "abfs" else ""
    key = os.getpid(), f"{scheme}://{account}"
    if key not in _STORES:
        _STORES[key] = _new_store(url, scheme)
    return _STORES[key]


def _new_store(url: str, scheme: str) -> Any:
    package, store = SCHEMES[scheme]
    try:
        import fsspec  # type: ignore[import-untyped]
        import fsspec.asyn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"reading {scheme}:// masks", "remote") from error
    try:
        __import__(package)
        return store(url)
    except ImportError as error:
        missing = printable((error.name or "").partition(".")[0] or package)
        raise MaskError(url, f"needs the package {missing}").with_hint(
            f"pip install {missing}"
        ) from error
    except Exception as error:  # file systems raise what they like
        trouble = trouble_of(PermissionError(), url)
        reason = printable(str(error).partition("\n")[0])
        raise MaskError(url, f"no access: {reason}", trouble.kind).with_hint(
            trouble.hint
        ) from error


def close_stores() -> None:
    """Close the connections of this process."""
    for key in [key for key in _STORES if key[0] == os.getpid()]:
        store = _STORES.pop(key)
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(store.close(), _loop()).result(1)


class _Ticket:
    """A request that waits for room; one that is waited for needs none."""

    def __init__(self) -> None:
        self.is_urgent = False


class _Room:
    """Room for the bytes that are under way in this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._lock = threading.Lock()

    async def take(self, number: int, ticket: _Ticket) -> None:
        """Take room for some bytes, when there is some; called in the thread of the requests."""
        while not self._try(number, ticket):
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def _try(self, number: int, ticket: _Ticket) -> bool:
        with self._lock:
            fits = not self._used or self._used + number <= self._limit or ticket.is_urgent
            self._used += number if fits else 0
        return fits

    def give(self, number: int) -> None:
        """Give room back."""
        with self._lock:
            self._used -= number
        self.look_again()

    def look_again(self) -> None:
        """Let those who wait look whether they may go on; called in any thread."""
        if self._waiting:
            _loop().call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)


_ROOM = _Room(_BYTES_UNDER_WAY)


async def _fetch(url: str, start: int, ticket: _Ticket) -> Piece:
    """A piece of a file, for which room is taken; the caller gives it back."""
    store = store_of(url)
    if reached_by(url).lost_in_a_row >= _MOST_LOST:
        raise _no_server(url)

    async def once() -> Piece:
        limit = asyncio.timeout(SECONDS_A_PIECE)
        try:
            async with limit, store.ask(url, start, PIECE) as answer:
                return await _read(answer, url, start, ticket, limit)
        except TimeoutError as error:
            if limit.expired():
                raise SlowError(
                    f"too slow: not even {PIECE >> 20} MiB in {SECONDS_A_PIECE} s"
                ) from error
            raise

    return await patiently(once, url)


async def _read(
    answer: Any, url: str, start: int, ticket: _Ticket, limit: asyncio.Timeout
) -> Piece:
    room = min(_most(url, start) if answer.length is None else answer.length, PIECE)
    limit.reschedule(None)  # the wait for room is not the server's
    await _ROOM.take(room, ticket)
    limit.reschedule(asyncio.get_running_loop().time() + SECONDS_A_PIECE)
    try:
        data = await answer.read()
    except BaseException:
        _ROOM.give(room)
        raise
    _ROOM.give(room - len(data))
    return Piece(data, answer.total, answer.tag, answer.ranged)


def _most(url: str, start: int) -> int:
    """The most bytes that a piece can have, as far as its listing says."""
    return url.size - start if isinstance(url, ListedUrl) else PIECE


def _no_server(url: str) -> SourceError:
    return SourceError(
        f"{printable(url)}: {_MOST_LOST} requests one after the other failed, each tried several "
        "times: the server is gone, or overloaded"
    ).with_hint(
        "--cache FILE keeps what was counted, so that the next run goes on from there; "
        "--requests with a smaller number asks for less at a time"
    )


class _UnderWay:
    """A first piece that is being fetched."""

    def __init__(self, url: str) -> None:
        self._ticket = _Ticket()
        self._future: Future[Piece] = asyncio.run_coroutine_threadsafe(
            _fetch(url, 0, self._ticket), _loop()
        )

    def result(self) -> Piece:
        """The piece, as soon as it is there."""
        if not self._future.done():
            self._ticket.is_urgent = True
            _ROOM.look_again()
        piece = self._future.result()
        _ROOM.give(len(piece.data))
        return piece

    def drop(self) -> None:
        """Do without it."""
        if not self._future.cancel() and self._future.exception() is None:
            _ROOM.give(len(self._future.result().data))


class _Ahead(threading.local):
    """What is under way for those who count in this thread."""

    def __init__(self) -> None:
        self.coming: Iterator[str] = iter(())
        self.under_way: dict[str, _UnderWay] = {}
        self.requests = 0

    def fill(self) -> None:
        """Begin as many requests as may be under way."""
        while len(self.under_way) < self.requests and (url := next(self.coming, None)):
            self.under_way[url] = _UnderWay(url)

    def take(self, url: str) -> _UnderWay:
        """The request for a URL, begun before or now."""
        found = self.under_way.pop(url, None) or _UnderWay(url)
        self.fill()
        return found

    def drop(self, urls: Iterable[str]) -> None:
        """Do without some URLs that nobody has opened."""
        for url in urls:
            if (left := self.under_way.pop(url, None)) is not None:
                left.drop()


_AHEAD = _Ahead()


def read_ahead(items: Sequence[Item], requests: int) -> Iterator[Item]:
    """
    Give files and scenes in their order, while what is behind their URLs is being fetched.

    They must be counted in this thread, one after the other.

    Parameters
    ----------
    items : sequence of str or Scene
    requests : int
        How many requests are under way at a time.
    """
    files = chain.from_iterable(map(files_of, items))
    _AHEAD.coming = (file for file in files if is_url(file))
    _AHEAD.requests = requests
    try:
        for item in items:
            _AHEAD.fill()
            yield item
            if _AHEAD.under_way:
                _AHEAD.drop(files_of(item))
    finally:
        _AHEAD.coming = iter(())
        _AHEAD.drop([*_AHEAD.under_way])


def open_remote(url: str) -> BinaryIO:
    """
    Open what is behind a URL: in memory where it is small, else as a stream.

    Raises
    ------
    MaskError
        If it cannot be had, or is not what was listed.
    """
    store_of(url)  # refuses what cannot be asked for
    first = _AHEAD.take(url).result()
    if isinstance(url, ListedUrl) and not _is_as_listed(url, first):
        raise _changed(url)
    return io.BytesIO(first.data) if first.is_last(0) else _Stream(url, first)  # type: ignore[return-value]


def _is_as_listed(url: ListedUrl, piece: Piece) -> bool:
    return piece.total == url.size and url.tag in (piece.tag, "")


def _changed(url: str) -> MaskError:
    return MaskError(url, "it was changed while this run went on").with_hint(
        "run again when nobody writes there"
    )


class _Stream(io.RawIOBase):
    """A large remote file, read forwards; errors on the way are errors of the mask."""

    def __init__(self, url: str, first: Piece) -> None:
        self._url = url
        self._first = first
        self._data = memoryview(first.data)
        self._start = 0  # of the data that is held
        self._at = 0  # in it
        self._whole: AsyncIterator[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at == len(self._data):
            self._go_on()
        data = self._data[self._at : self._at + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _go_on(self) -> None:
        start = self._start + len(self._data)
        if start == self._first.total or not self._data:
            return
        data = self._next_range(start) if self._first.ranged else self._next_of_whole()
        self._data, self._start, self._at = memoryview(data), start, 0
        if not data and self._first.total is not None:
            raise MaskError(self._url, f"it ends after {start} of {self._first.total} bytes")
        if self._first.total is None and start > _MOST_UNDECLARED:
            raise MaskError(
                self._url, f"it goes on after {_MOST_UNDECLARED} bytes, and its server says no size"
            )

    def _next_range(self, start: int) -> bytes:
        under_way = _Ticket()
        under_way.is_urgent = True
        piece = run(_fetch(self._url, start, under_way))
        _ROOM.give(len(piece.data))
        if (piece.total, piece.tag) != (self._first.total, self._first.tag) and piece.data:
            raise _changed(self._url)
        return piece.data

    def _next_of_whole(self) -> bytes:
        """Of a server that sends no parts: the file once more, from its beginning."""
        if self._whole is None:
            self._whole = _whole(self._url)
            if run(_timely(self._whole, self._url)) != self._first.data:
                raise _changed(self._url)
        return run(_timely(self._whole, self._url))

    def close(self) -> None:
        if not self.closed and self._whole is not None:
            run(self._whole.aclose())  # type: ignore[attr-defined]
        super().close()


async def _whole(url: str) -> AsyncIterator[bytes]:
    async with store_of(url).ask(url, 0, None) as answer:
        answer.length = None  # what is left of it
        while data := await answer.read():
            yield data


async def _timely(pieces: AsyncIterator[bytes], url: str) -> bytes:
    """The next piece of a file; b"" after the last."""
    try:
        async with asyncio.timeout(SECONDS_A_PIECE):
            return await anext(pieces, b"")
    except MaskError:
        raise
    except Exception as error:
        trouble = trouble_of(error, url)
        raise MaskError(url, f"reading it stopped: {trouble.reason}") from error
