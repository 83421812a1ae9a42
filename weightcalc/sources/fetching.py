"""
Fetches pieces of what is behind URLs, in the one thread that talks to servers.

The bytes that are under way in a process are bounded, however many requests there are.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from typing import NamedTuple, TypeVar

from ..errors import DecodeError, MaskError, MissingExtraError, SourceError
from ..text.escape import printable
from .guard import Foreign, is_bug
from .names import ListedUrl
from .patience import SlowError, patiently, reached_by, trouble_of
from .stores import S3, Azure, Gcs
from .web import PIECE, Web

# Scheme to the package that it needs, and to what asks its servers.
SCHEMES: dict[str, tuple[str, Foreign]] = {
    "http": ("aiohttp", Web),
    "https": ("aiohttp", Web),
    "s3": ("s3fs", S3),
    "gs": ("gcsfs", Gcs),
    "gcs": ("gcsfs", Gcs),
    "az": ("adlfs", Azure),
    "abfs": ("adlfs", Azure),
}
SECONDS_A_PIECE = 120
_BYTES_UNDER_WAY = 64 << 20  # in a process
MOST_LOST = 100  # requests that failed to the end, one after the other
_STORES: dict[tuple[int, str], Foreign] = {}  # by process: two cannot talk on one connection
T = TypeVar("T")


class Piece(NamedTuple):
    """A piece of a file, and what its server said of the whole."""

    data: bytes
    total: int | None
    tag: str
    ranged: bool

    def is_last(self, start: int) -> bool:
        """Whether nothing follows, if it is what stands at `start`."""
        if self.total is None:
            return not self.ranged and len(self.data) < PIECE  # parts may be shorter than asked for
        return start + len(self.data) >= self.total


def run(work: Coroutine[Foreign, Foreign, T]) -> T:
    """What becomes of a coroutine in the thread that talks to servers."""
    return asyncio.run_coroutine_threadsafe(work, loop()).result()


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of the thread that talks to servers, which fsspec starts."""
    from fsspec.asyn import get_loop  # type: ignore[import-untyped]

    loop: asyncio.AbstractEventLoop = get_loop()
    return loop


def store_of(url: str) -> Foreign:
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
    account = rest.partition("/")[0].partition("@")[2] if scheme in ("az", "abfs") else ""
    key = os.getpid(), f"{scheme}://{account}"
    if key not in _STORES:
        _STORES[key] = _new_store(url, scheme)
    return _STORES[key]


def _new_store(url: str, scheme: str) -> Foreign:
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
    except DecodeError as error:
        raise MaskError.of(url, error) from error
    except Exception as error:  # file systems raise what they like
        if is_bug(error):
            raise
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
            asyncio.run_coroutine_threadsafe(store.close(), loop()).result(1)


atexit.register(close_stores)


class Ticket:
    """A request that waits for room; one that is waited for needs none."""

    def __init__(self) -> None:
        self.is_urgent = False


class Room:
    """Room for the bytes that are under way in this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._lock = threading.Lock()

    async def take(self, number: int, ticket: Ticket) -> None:
        """Take room for some bytes, when there is some; called in the thread of the requests."""
        while True:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(
                waiter
            )  # before it looks, or it could miss what is given meanwhile
            if self.try_to_take(number, ticket):
                return
            await waiter

    def try_to_take(self, number: int, ticket: Ticket) -> bool:
        """Take room for some bytes, if there is some or somebody waits for them."""
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
            loop().call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)


ROOM = Room(_BYTES_UNDER_WAY)


async def fetch(url: str, start: int, ticket: Ticket) -> Piece:
    """A piece of a file, for which room is taken; the caller gives it back."""
    store = store_of(url)
    if reached_by(url).lost_in_a_row >= MOST_LOST:
        raise _no_server(url)

    async def once() -> Piece:
        limit = asyncio.timeout(SECONDS_A_PIECE)
        held = 0
        try:
            async with limit, store.ask(url, start, PIECE) as answer:
                piece = await _read(answer, url, start, ticket, limit)
                held = len(piece.data)
            return piece
        except BaseException as error:
            ROOM.give(held)  # if only the end of the answer failed
            if isinstance(error, TimeoutError) and limit.expired():
                raise SlowError(
                    f"too slow: not even {PIECE >> 20} MiB in {SECONDS_A_PIECE} s",
                    "--requests with a smaller number, where the line is slow",
                ) from error
            raise

    return await patiently(once, url)


async def _read(
    answer: Foreign, url: str, start: int, ticket: Ticket, limit: asyncio.Timeout
) -> Piece:
    room = min(_most(url, start) if answer.length is None else answer.length, PIECE)
    if not ROOM.try_to_take(room, ticket):
        limit.reschedule(None)  # the wait for room is not the server's
        await ROOM.take(room, ticket)
        limit.reschedule(asyncio.get_running_loop().time() + SECONDS_A_PIECE)
    try:
        data = await answer.read()
    except BaseException:
        ROOM.give(room)
        raise
    ROOM.give(room - len(data))
    return Piece(data, answer.total, answer.tag, answer.ranged)


def _most(url: str, start: int) -> int:
    """The most bytes that a piece can have, as far as its listing says."""
    return url.size - start if isinstance(url, ListedUrl) else PIECE


def _no_server(url: str) -> SourceError:
    return SourceError(
        f"{printable(url)}: {MOST_LOST} requests one after the other failed, each tried several "
        "times: the server is gone, or overloaded"
    ).with_hint(
        "--cache FILE keeps what was counted, so that the next run goes on from there; "
        "--requests with a smaller number asks for less at a time"
    )
