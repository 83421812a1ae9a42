"""
Reads what is behind URLs, and the first pieces of the masks that come next before they are asked for.

One thread waits for all requests that are under way; those who count find the bytes ready.
What is under way is bounded by the number of requests, and by the bytes that they hold.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import nullcontext
from itertools import chain
from typing import BinaryIO

from ..errors import MaskError, WeightcalcError
from ..files import limits
from . import fetching
from .fetching import Piece, Ticket, fetch, loop, run, store_of
from .guard import is_bug
from .names import ListedUrl, is_url
from .patience import StatusError, trouble_of
from .scenes import Item, files_of
from .traffic import TRAFFIC

_WAITING = 4  # pieces that are there or on their way, for each request that may be under way
_MOST_UNDECLARED = 1 << 30  # bytes of a file whose server does not say its size


class _UnderWay:
    """A first piece that is being fetched."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ticket = Ticket()
        self._future: Future[Piece] = Future()
        self._task: asyncio.Task[Piece] | None = None

    def start(self, few: asyncio.Semaphore | None) -> None:
        """Fetch it as one of those that may be, or at once; in the thread of the requests."""
        self._task = asyncio.get_running_loop().create_task(self._fetch(few))
        self._task.add_done_callback(self._end)

    async def _fetch(self, few: asyncio.Semaphore | None) -> Piece:
        async with few or nullcontext():
            return await fetch(self._url, 0, self._ticket)

    def _end(self, task: asyncio.Task[Piece]) -> None:
        error = CancelledError() if task.cancelled() else task.exception()
        wanted = self._future.set_running_or_notify_cancel()
        if wanted and error is not None:
            self._future.set_exception(error)
        elif wanted:
            self._future.set_result(task.result())
        elif error is None:
            fetching.ROOM.give(len(task.result().data))

    def result(self) -> Piece:
        """The piece, as soon as it is there."""
        if not self._future.done():
            self._ticket.is_urgent = True
            fetching.ROOM.look_again()
        piece = self._future.result()
        fetching.ROOM.give(len(piece.data))
        return piece

    def drop(self) -> None:
        """Do without it."""
        if self._future.cancel():
            loop().call_soon_threadsafe(self._stop)
        elif self._future.exception() is None:
            fetching.ROOM.give(len(self._future.result().data))

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _start(requests: Sequence[_UnderWay], few: asyncio.Semaphore | None) -> None:
    for request in requests:
        request.start(few)


class _Ahead(threading.local):
    """What is under way for those who count in this thread."""

    def __init__(self) -> None:
        self.coming: Iterator[str] = iter(())
        self.under_way: dict[str, _UnderWay] = {}
        self.most = 0
        self.few: asyncio.Semaphore | None = None

    def begin(self, urls: Iterator[str], requests: int) -> None:
        """Be ready to fetch some URLs with so many requests at a time."""
        self.coming = urls
        self.most = _WAITING * requests
        self.few = asyncio.Semaphore(requests)

    def fill(self) -> None:
        """See to it that there is always something to ask for, and something to count."""
        if len(self.under_way) > self.most // 2:
            return  # many at a time, as each word to another thread takes its time
        more: dict[str, _UnderWay] = {}
        while len(self.under_way) + len(more) < self.most and (url := next(self.coming, None)):
            if url not in self.under_way:
                more[url] = _UnderWay(url)
        if more:
            self.under_way |= more
            loop().call_soon_threadsafe(_start, [*more.values()], self.few)

    def take(self, url: str) -> _UnderWay:
        """The request for a URL, begun before or now."""
        found = self.under_way.pop(url, None)
        if found is None:
            found = _UnderWay(url)
            loop().call_soon_threadsafe(_start, [found], None)
        self.fill()
        return found

    def drop(self, urls: Iterable[str]) -> None:
        """Do without some URLs that nobody has opened."""
        for url in urls:
            if (left := self.under_way.pop(url, None)) is not None:
                left.drop()


_AHEAD = _Ahead()


def read_ahead(items: Sequence[Item], requests: int, run: str) -> Iterator[Item]:
    """
    Give files and scenes in their order, while what is behind their URLs is being fetched.

    They must be counted in this thread, one after the other.

    Parameters
    ----------
    items : sequence of str or Scene
    requests : int
        How many requests are under way at a time.
    run : str
        For which servers may send so many bytes to this process, and no more.
    """
    TRAFFIC.begin(run, limits.MOST_SENT)
    files = chain.from_iterable(map(files_of, items))
    _AHEAD.begin((file for file in files if is_url(file)), requests)
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
    return piece.total == url.size and (url.size == 0 or url.tag in (piece.tag, ""))


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
        under_way = Ticket()
        under_way.is_urgent = True
        piece = run(fetch(self._url, start, under_way))
        fetching.ROOM.give(len(piece.data))
        if (piece.total, piece.tag) != (self._first.total, self._first.tag) and piece.data:
            raise _changed(self._url)
        return piece.data

    def _next_of_whole(self) -> bytes:
        """Of a server that sends no parts: the file once more, from its beginning."""
        if self._whole is None:
            self._whole = _whole(self._url, self._first)
            if run(_timely(self._whole, self._url)) != self._first.data:
                raise _changed(self._url)
        return run(_timely(self._whole, self._url))

    def close(self) -> None:
        if not self.closed and self._whole is not None:
            run(self._whole.aclose())  # type: ignore[attr-defined]
        super().close()


async def _whole(url: str, first: Piece) -> AsyncIterator[bytes]:
    async with store_of(url).ask(url, 0, None) as answer:
        if (answer.total, answer.tag) != (first.total, first.tag):
            raise _changed(url)
        answer.length = None  # what is left of it
        while data := await answer.read():
            yield data


async def _timely(pieces: AsyncIterator[bytes], url: str) -> bytes:
    """The next piece of a file; b"" after the last."""
    try:
        async with asyncio.timeout(fetching.SECONDS_A_PIECE):
            return await anext(pieces, b"")
    except WeightcalcError:
        raise
    except Exception as error:  # file systems raise what they like
        if is_bug(error, StatusError):
            raise
        trouble = trouble_of(error, url)
        raise MaskError(url, f"reading it stopped: {trouble.reason}") from error
