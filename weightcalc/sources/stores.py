"""
Pieces of files from object stores, and their listings: one request for each 1,000 files.

The packages of fsspec give the clients and find the credentials; what is asked is asked here,
so that a mask costs one request, and trouble is dealt with in one way for all of them.
"""

from __future__ import annotations

import json
from asyncio import Lock
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from logging import NullHandler, getLogger
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from .._version import __version__
from ..errors import DamagedError, UnsupportedError
from .bodies import NO_LISTING, bound_s3, session_of_azure
from .guard import Foreign
from .patience import page_in_time, patiently
from .web import (
    CONNECT_SECONDS,
    MOST_ENTRIES,
    PIECE,
    SILENT_SECONDS,
    Answer,
    Entry,
    Web,
    of_range,
    too_many,
)

_MOST_CONNECTIONS = 1000
_BLOCK = 256 << 10  # bytes that the client of Azure reads at a time
T = TypeVar("T")
_EMPTY_PAGES = 10_000  # in a row: a store may leave deleted files out, but not for ever


class _Page(NamedTuple):
    entries: list[Entry]
    next: Foreign  # what to ask for the next page with; None after the last


class _Bucket:
    """What object stores have in common: a listing that comes in pages."""

    async def _page(self, place: str, prefix: str, url: str, token: Foreign) -> _Page:
        raise NotImplementedError

    def _place(self, url: str) -> tuple[str, str]:
        """The bucket, and the path in it."""
        place, _, path = url.partition("://")[2].partition("/")
        return place, path

    def _url(self, url: str, path: str) -> str:
        """The URL of a path in the bucket of another URL."""
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/{path}"

    async def entries(self, url: str, prefix: str, step: Callable[[], None]) -> list[Entry]:
        """
        All files below a folder, whose paths may be asked to begin with a prefix.

        Raises
        ------
        MaskError
        """
        place, path = self._place(prefix or f"{url.rstrip('/')}/")
        found: list[Entry] = []
        token: Foreign = None
        empty = 0
        while empty < _EMPTY_PAGES:
            ask = partial(self._page, place, path.lstrip("/"), url, token)
            page = await patiently(partial(page_in_time, ask), url)
            for entry in page.entries:
                found.append(entry)
                step()
            if page.next is None:
                return found
            empty = 0 if page.entries else empty + 1
            if len(found) > MOST_ENTRIES or page.next == token:
                raise too_many(f"{len(found)} entries")
            token = page.next
        raise too_many(f"{empty} pages without an entry")


class S3(_Bucket):
    """The files of `s3://` buckets, through s3fs."""

    def __init__(self, url: str) -> None:
        from fsspec import filesystem  # type: ignore[import-untyped]
        from fsspec.config import conf  # type: ignore[import-untyped]

        ours = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": SILENT_SECONDS,
            "retries": {"max_attempts": 0},  # `patience` does that
            "max_pool_connections": _MOST_CONNECTIONS,
            "user_agent": f"weightcalc/{__version__}",  # what botocore makes up takes its time
        }
        of_user = conf.get("s3", {}).get("config_kwargs", {})
        self._system: Foreign = filesystem("s3", config_kwargs={**ours, **of_user})
        self._lock = Lock()
        self._clients: dict[str, Foreign] = {}

    async def _client(self, bucket: str) -> Foreign:
        if bucket not in self._clients:
            async with self._lock:  # many ask at first, and each would make one
                await self._system.set_session()
                client = await self._system.get_s3(bucket)
                if client not in self._clients.values():  # which may be one for all buckets
                    bound_s3(client)
                self._clients[bucket] = client
        return self._clients[bucket]

    def _call(self, method: Callable[..., T], **request: Foreign) -> T:
        """Make a request, with what the user's settings add to it, such as who pays for it."""
        if self._system.req_kw or self._system.s3_additional_kwargs:  # which are looked through
            request = self._system._get_s3_method_kwargs(method, **request)
        return method(**request)

    @asynccontextmanager
    async def ask(self, url: str, start: int, size: int | None) -> AsyncIterator[Answer]:
        """As `Web.ask`."""
        bucket, key = self._place(url)
        wanted = {} if size is None else {"Range": f"bytes={start}-{start + size - 1}"}
        client = await self._client(bucket)
        try:
            response = await self._call(client.get_object, Bucket=bucket, Key=key, **wanted)
        except client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") != "InvalidRange":
                raise
            yield Answer(None, 0, start, "")
            return
        length = whole = response.get("ContentLength")
        body = response["Body"]
        async with body:  # not `as body`: of old versions of aiobotocore that is another thing
            if said := response.get("ContentRange"):
                length, whole = of_range(said, length, start, size)
            elif start:
                raise UnsupportedError("the server sends no parts of files")
            yield Answer(body, length, whole, _tag(response.get("ETag")))

    async def _page(self, place: str, prefix: str, url: str, token: Foreign) -> _Page:
        after = {} if token is None else {"ContinuationToken": token}
        client = await self._client(place)
        found = await self._call(client.list_objects_v2, Bucket=place, Prefix=prefix, **after)
        try:
            entries = [
                Entry(self._url(url, each["Key"]), each["Size"], _tag(each.get("ETag")))
                for each in found.get("Contents", [])
            ]
            following = found["NextContinuationToken"] if found["IsTruncated"] else None
        except LookupError as error:
            raise DamagedError(NO_LISTING) from error
        return _Page(entries, following)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()


class Azure(_Bucket):
    """The files of `az://` and `abfs://` containers, through adlfs."""

    def __init__(self, url: str) -> None:
        from fsspec import filesystem

        account = _account(url)
        getLogger("azure").addHandler(NullHandler())  # else Python writes to standard error
        self._system: Foreign = filesystem("az", **({"account_name": account} if account else {}))
        self._bounded: Foreign = None
        self._once = {
            "retry_total": 0,  # `patience` does that
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": SILENT_SECONDS,
        }

    def _place(self, url: str) -> tuple[str, str]:
        place, path = super()._place(url)
        return place.partition("@")[0], path

    def _client(self) -> Foreign:
        """The client that adlfs makes, with answers that have an end."""
        if self._bounded is None:
            from azure.core.pipeline.transport import (  # type: ignore[import-not-found,unused-ignore]
                AioHttpTransport,
            )
            from azure.storage.blob.aio import (  # type: ignore[import-not-found,unused-ignore]
                BlobServiceClient,
            )

            made = self._system.service_client
            self._bounded = BlobServiceClient(
                made.url,
                credential=made.credential,
                transport=AioHttpTransport(
                    session=session_of_azure(), connection_data_block_size=_BLOCK
                ),
            )
        return self._bounded

    @asynccontextmanager
    async def ask(self, url: str, start: int, size: int | None) -> AsyncIterator[Answer]:
        """As `Web.ask`."""
        container, path = self._place(url)
        blob = self._client().get_blob_client(container=container, blob=path)
        yield _Blob(partial(blob.download_blob, max_concurrency=1, **self._once), start, size)

    async def _page(self, place: str, prefix: str, url: str, token: Foreign) -> _Page:
        container = self._client().get_container_client(place)
        pages = container.list_blobs(name_starts_with=prefix, **self._once).by_page(token)
        entries = []
        async for page in pages:
            async for blob in page:
                entries.append(Entry(self._url(url, blob.name), blob.size, _tag(blob.etag)))
            break
        return _Page(entries, pages.continuation_token or None)

    async def close(self) -> None:
        """Close all connections."""
        if self._bounded is not None:
            await self._bounded.close()


class _Blob(Answer):
    """A piece that the client of Azure asks for and reads in one step."""

    def __init__(self, download: Callable[..., Foreign], start: int, size: int | None) -> None:
        super().__init__(None, None, None, "")
        self._download = download
        self._start, self._size = start, size

    async def read(self, most: int = PIECE) -> bytes:
        """The piece; its total and tag are known afterwards."""
        from azure.core.exceptions import (  # type: ignore[import-not-found,unused-ignore]
            HttpResponseError,
        )

        try:
            stream = await self._download(offset=self._start, length=self._size)
        except HttpResponseError as error:
            if error.status_code != 416:
                raise
            self.total = self._start
            return b""
        text = str(stream.properties.content_range or "").rpartition("/")[2]
        self.total = int(text) if text.isdecimal() else int(stream.size)
        self.tag = _tag(stream.properties.etag)
        data: bytes = await stream.readall()
        return data


class Gcs(_Bucket):
    """The files of `gs://` and `gcs://` buckets, as a web server with credentials of gcsfs."""

    def __init__(self, url: str) -> None:
        from fsspec import filesystem

        self._system: Foreign = filesystem("gs")
        self._web = Web(url)

    @asynccontextmanager
    async def ask(self, url: str, start: int, size: int | None) -> AsyncIterator[Answer]:
        """As `Web.ask`."""
        bucket, path = self._place(url)
        address = f"{self._system._location}/download/storage/v1/b/{bucket}/o/{quote(path, '')}"
        async with self._web.ask(f"{address}?alt=media", start, size, self._headers()) as answer:
            yield answer

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        self._system.credentials.apply(headers)
        return headers

    async def _page(self, place: str, prefix: str, url: str, token: Foreign) -> _Page:
        query = {"prefix": prefix, "fields": "nextPageToken,items(name,size,generation)"}
        after = {} if token is None else {"pageToken": token}
        words = urlencode(query | after, quote_via=quote)
        address = f"{self._system._location}/storage/v1/b/{place}/o?{words}"
        async with self._web.ask(address, 0, None, self._headers()) as answer:
            text = await answer.read()
        try:
            found = json.loads(text)
            entries = [
                Entry(self._url(url, each["name"]), int(each["size"]), str(each["generation"]))
                for each in found.get("items", [])
            ]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedError(NO_LISTING) from error
        return _Page(entries, found.get("nextPageToken"))

    async def close(self) -> None:
        """Close all connections."""
        await self._web.close()


def _tag(text: str | None) -> str:
    return (text or "").strip('"')


def _account(url: str) -> str:
    """The account of ``abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH``; else ""."""
    host = url.partition("://")[2].partition("/")[0].partition("@")[2]
    account, _, domain = host.partition(".")
    if host and domain not in ("dfs.core.windows.net", "blob.core.windows.net"):
        raise UnsupportedError(f"{host} is no account of Azure")
    return account
