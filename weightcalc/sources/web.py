"""
Pieces of files from web servers, and folders as the pages of links that servers make of them.

No redirect leads to another origin, no link out of its folder, and no answer is read further
than was asked for, whatever the server sends.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from ..errors import DamagedError, LimitError, UnsupportedError
from ..text.escape import printable
from .guard import Foreign
from .patience import CutError, StatusError, page_in_time, patiently
from .traffic import TRAFFIC

PIECE = 4 << 20  # bytes that one request asks for: most masks are smaller
CONNECT_SECONDS = 10
SILENT_SECONDS = 60
MOST_ENTRIES = 10_000_000  # of one listing
MOST_PAGES = 100_000
_LARGEST_PAGE = 256 << 20  # bytes: two million links
_MOST_REDIRECTS = 5
_DEEPEST = 32  # folders: a server may make up links for ever
_READ = 1 << 16
_LONGEST_TAG = 8192
_NO_HEADERS: Mapping[str, str] = {}
_LINK = re.compile(
    rb"""<a\s[^<>]{0,500}?\bhref\s{0,9}=\s{0,9}(?:"([^"<>]{0,4096})"|'([^'<>]{0,4096})')""",
    re.IGNORECASE,
)


class Entry(NamedTuple):
    """A file in a listing; size and tag where the listing has them."""

    url: str
    size: int | None = None
    tag: str = ""


class Answer:
    """
    A piece of a file that a server is about to send.

    Attributes
    ----------
    length : int, optional
        Bytes that are to come.
    total : int, optional
        Bytes of the whole file.
    tag : str
        ETag or version of the content; "" if there is none.
    ranged : bool
        Whether the server sends what was asked for, and not the whole file.
    """

    def __init__(self, body: Foreign, length: int | None, total: int | None, tag: str) -> None:
        self.length = length
        self.total = total
        self.tag = tag
        self.ranged = True
        self._body = body

    async def read(self, most: int = PIECE) -> bytes:
        """What comes next, up to some bytes; less only where it ends."""
        wanted = most if self.length is None else min(most, self.length)
        data = b""
        while len(data) < wanted and (more := await self._body.read(wanted - len(data))):
            data = data + more if data else more
            TRAFFIC.add(len(more))
        if self.length is not None and len(data) < wanted:
            raise CutError(f"it was cut after {len(data)} of {self.length} bytes")
        return data


def too_many(what: str) -> LimitError:
    """The error of a listing that does not end."""
    return LimitError(f"its listing goes on after {what}").with_hint(
        "name folders below it instead, in runs of their own; counts files add up"
    )


class Web:
    """The files of `http://` and `https://` servers."""

    def __init__(self, url: str) -> None:
        self._session: Foreign = None

    async def _open_session(self) -> Foreign:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def ask(
        self, url: str, start: int, size: int | None, headers: Mapping[str, str] = _NO_HEADERS
    ) -> AsyncIterator[Answer]:
        """
        Ask for a piece of a file, or for the whole where `size` is None.

        Raises
        ------
        DecodeError
            If the answer is none to this question.
        StatusError
            If the server does not give it.
        Exception
            Whatever the client raises.
        """
        wanted = {} if size is None else {"Range": f"bytes={start}-{start + size - 1}"}
        async with self._get(url, {**headers, **wanted}) as response:
            yield _answer(response, start, size)

    @asynccontextmanager
    async def _get(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Foreign]:
        """The answer to a GET, after redirects within the origin."""
        session = await self._open_session()
        here = url
        for _ in range(_MOST_REDIRECTS):
            async with session.get(here, headers=headers, allow_redirects=False) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    if response.status >= 300 and response.status != 416:
                        raise StatusError(response.status, response.headers.get("Retry-After", ""))
                    yield response
                    return
                here = urljoin(here, response.headers.get("Location", ""))
            refuse_leaving(url, here)
        raise UnsupportedError(f"it redirects more than {_MOST_REDIRECTS} times")

    async def entries(self, url: str, prefix: str, step: Callable[[], None]) -> list[Entry]:
        """
        All files below a folder.

        Parameters
        ----------
        url : str
        prefix : str
            Beginning of the paths that are wanted; other folders need not be listed.
        step : callable
            Called for each entry.

        Raises
        ------
        MaskError
        """
        found: list[Entry] = []
        waiting = [(url, 0)]
        seen = {url.rstrip("/")}
        for _ in range(MOST_PAGES):
            if not waiting:
                return found
            here, depth = waiting.pop()
            ask = partial(self._page, here)
            files, folders = await patiently(partial(page_in_time, ask), url)
            for file in files:
                found.append(Entry(file))
                step()
            new = [f for f in folders if f.rstrip("/") not in seen and _leads_to(f, prefix)]
            if new and depth == _DEEPEST:
                raise too_many(f"{_DEEPEST} folders in each other")
            seen.update(f.rstrip("/") for f in new)
            waiting += [(f, depth + 1) for f in sorted(new, reverse=True)]
            if len(found) + len(waiting) > MOST_ENTRIES:
                raise too_many(f"{MOST_ENTRIES} entries")
        raise too_many(f"{MOST_PAGES} folders")

    async def _page(self, url: str) -> tuple[list[str], list[str]]:
        """The files and the folders that a page links to, all of them right below it."""
        async with self._get(url, {}) as response:
            base = _as_folder(str(response.url))
            files, folders = [], []
            async for link in _links(response.content):
                target = urljoin(base, link).partition("#")[0]
                inside = target.removeprefix(base)
                path, query, _ = inside.partition("?")
                if inside == target or not path or "::" in inside or _is_upwards(path):
                    continue  # it leads away
                if path.endswith("/"):
                    folders += [] if query else [target]
                else:
                    files.append(target)
        return list(dict.fromkeys(files)), list(dict.fromkeys(folders))


def refuse_leaving(url: str, target: str) -> None:
    """
    Refuse to follow a redirect to another server than that of a URL.

    Raises
    ------
    UnsupportedError
    """
    if _origin(target) != _origin(url):
        raise UnsupportedError(f"it redirects to another server: {printable(target)}").with_hint(
            "name that URL, if it is what you want"
        )


def refuse_compressed(headers: Mapping[str, str]) -> None:
    """
    Refuse an answer that may become many times as long as what is sent.

    Raises
    ------
    UnsupportedError
    """
    if is_compressed(headers):
        raise UnsupportedError(
            f"the server sends it compressed ({printable(headers['Content-Encoding'])})"
        )


def is_compressed(headers: Mapping[str, str]) -> bool:
    """Whether an answer is another thing than its bytes, as its head says."""
    return headers.get("Content-Encoding", "identity") not in ("identity", "")


def _answer(response: Foreign, start: int, size: int | None) -> Answer:
    headers = response.headers
    refuse_compressed(headers)
    tag = (
        headers.get("x-goog-generation")
        or headers.get("ETag")
        or headers.get("Last-Modified")
        or ""
    )
    if response.status == 416:  # nothing from there on
        return Answer(_Nothing, 0, start, tag)
    length = response.content_length
    if response.status != 206:
        if start:
            raise UnsupportedError("the server sends no parts of files any more")
        answer = Answer(response.content, length, length, tag)
        answer.ranged = False
        return answer
    text = headers.get("Content-Range", "")
    return Answer(response.content, *of_range(text, length, start, size), tag)


def of_range(
    text: str, length: int | None, start: int, size: int | None
) -> tuple[int | None, int | None]:
    """
    How many bytes are to come and how many there are, from a Content-Range.

    Raises
    ------
    DamagedError
        If it is another one than that which was asked for.
    """
    parts = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", text)
    if parts is None or int(parts[1]) != start or int(parts[2]) - start >= (size or 0):
        raise DamagedError(f"the server answers with another part of it: {printable(text)}")
    total = None if parts[3] == "*" else int(parts[3])
    end = (
        int(parts[2]) if total is None else min(int(parts[2]), total - 1)
    )  # some say what was asked
    comes = end - start + 1
    if length is not None and length != comes:
        raise DamagedError(f"the server sends {length} bytes as {printable(text)}")
    return comes, total


class _Nothing:
    @staticmethod
    async def read(size: int = 0) -> bytes:
        return b""


async def _links(content: Foreign) -> AsyncIterator[str]:
    """The targets of the links of a page, read in pieces that are cut before a tag."""
    tail = b""
    size = 0
    while piece := await content.read(_READ):
        size += len(piece)
        TRAFFIC.add(len(piece))
        if size > _LARGEST_PAGE:
            raise too_many(f"{_LARGEST_PAGE >> 20} MiB on one page")
        text = tail + piece
        cut = max(text.rfind(b"<"), len(text) - _LONGEST_TAG)
        for link in _LINK.finditer(text, 0, cut):
            yield _target(link)
        tail = text[cut:]
    for link in _LINK.finditer(tail):
        yield _target(link)


def _target(link: re.Match[bytes]) -> str:
    return unescape((link[1] or link[2] or b"").decode("utf-8", "replace")).strip()


def _as_folder(url: str) -> str:
    url = url.partition("?")[0].partition("#")[0]
    return url if url.endswith("/") else f"{url}/"


def _is_upwards(path: str) -> bool:
    return ".." in unquote(path).split("/")


def _origin(url: str) -> tuple[object, ...]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def _leads_to(folder: str, prefix: str) -> bool:
    """Whether paths below a folder may begin with a prefix."""
    return folder.startswith(prefix) or prefix.startswith(folder)
