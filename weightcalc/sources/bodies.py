"""
What the clients of object stores read whole: pages of listings, and messages of errors.

Both clients read through aiohttp, and as far as a server sends. Here their answers get bodies
that end.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from ..errors import DamagedError
from .guard import Foreign
from .traffic import TRAFFIC
from .web import PIECE, is_compressed, refuse_compressed, refuse_leaving, too_many

NO_LISTING = "the server answers with no listing"
_LARGEST_PAGE = 16 << 20  # bytes: those of Azure, of 5,000 files, have 5 MB
_LARGEST_MESSAGE = 1 << 20  # of an error
_MOST_TAGS = 1 << 20  # of a page, or attributes: a parser makes 100 bytes and more of each
_READ = 1 << 16


class _Body:
    """The body of an answer of aiohttp, in the place of its `content`."""

    def __init__(self, response: Foreign) -> None:
        self._response = response
        self._stream = response.content
        self._of_piece = 0

    async def read(self, most: int = -1) -> bytes:
        """
        What comes next of a piece of a mask; or all of it, of a page, or of an error's message.

        Raises
        ------
        DecodeError
            If they are more bytes than there may be.
        SourceError
            If servers have sent too many for this purpose.
        """
        if most >= 0:
            return self._next_of_piece(await self._read(most))
        if self._response.status >= 300:
            return await self._message()
        if self._response.status == 206:
            return self._next_of_piece(await self._whole(PIECE))
        return await self._page()

    def _next_of_piece(self, data: bytes) -> bytes:
        self._of_piece += len(data)
        if self._of_piece > PIECE:
            raise DamagedError("the server sends more than it was asked for")
        return data

    async def _message(self) -> bytes:
        """What is said of an error; b"" if it is too long, as the status says enough."""
        if is_compressed(self._response.headers):
            return b""
        message = await self._whole(_LARGEST_MESSAGE)
        if len(message) <= _LARGEST_MESSAGE:
            return message
        if self._response.connection is not None:  # as it is when all has come
            self._response.connection.close()
        return b""

    async def _page(self) -> bytes:
        refuse_compressed(self._response.headers)
        page = await self._whole(_LARGEST_PAGE)
        if len(page) > _LARGEST_PAGE:
            raise too_many(f"{_LARGEST_PAGE >> 20} MiB on one page")
        return _that_stays_small(page)

    async def _whole(self, most: int) -> bytes:
        """All bytes, or some more than there may be."""
        data = bytearray()
        while len(data) <= most and (piece := await self._read(_READ)):
            data += piece
        return bytes(data)

    async def _read(self, most: int) -> bytes:
        data: bytes = await self._stream.read(most)
        TRAFFIC.add(len(data))
        return data

    def __getattr__(self, name: str) -> Foreign:
        return getattr(self._stream, name)


def _that_stays_small(page: bytes) -> bytes:
    """A page, unless a parser of XML makes many times its bytes of it."""
    if max(page.count(b"<"), page.count(b"=")) > _MOST_TAGS or b"<!DOCTYPE" in page:
        raise DamagedError(NO_LISTING)
    return page


class _WithoutRedirects:
    """A session of aiohttp that follows no redirect, as its user cannot ask it not to."""

    def __init__(self, session: Foreign) -> None:
        self._session = session

    def request(self, *args: Foreign, **settings: Foreign) -> Foreign:
        """Make a request."""
        return self._session.request(*args, **{**settings, "allow_redirects": False})

    def __getattr__(self, name: str) -> Foreign:
        return getattr(self._session, name)


def _forbid_redirects(session: Foreign) -> None:
    """Let no request of aiobotocore be redirected; it keeps sessions of aiohttp, or one of old."""
    if not hasattr(session, "_get_session"):
        session._session = _WithoutRedirects(session._session)
        return
    get_session = session._get_session

    async def get_another(proxy: str | None) -> _WithoutRedirects:
        return _WithoutRedirects(await get_session(proxy))

    session._get_session = get_another


def _refuse_redirect(url: str, status: int, headers: Mapping[str, str]) -> None:
    if 300 <= status < 400 and (target := headers.get("Location")):
        refuse_leaving(url, urljoin(url, target))


def bound_s3(client: Foreign) -> None:
    """Give what a client of aiobotocore reads whole an end; masks it gives in pieces."""
    session = client._endpoint.http_session
    _forbid_redirects(session)

    async def send(request: Foreign, **_: Foreign) -> Foreign:
        is_mask = request.stream_output
        request.stream_output = True  # else the session reads the body before it is bounded
        answer = await session.send(request)
        _refuse_redirect(request.url, answer.status_code, answer.raw.headers)
        if not is_mask or answer.status_code >= 300:
            answer.raw.content = _Body(answer.raw)
        return answer

    client.meta.events.register("before-send.s3", send, unique_id="weightcalc")


def session_of_azure() -> Foreign:
    """A session of aiohttp as the client of Azure makes it, all of whose answers have an end."""
    import aiohttp

    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Foreign) -> aiohttp.ClientResponse:
            await super().start(connection)
            _refuse_redirect(str(self.url), self.status, self.headers)
            if self.status < 300:
                refuse_compressed(self.headers)  # which the client would inflate
            self.content: Foreign = _Body(self)
            return self

    return aiohttp.ClientSession(
        response_class=Response,
        trust_env=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
    )
