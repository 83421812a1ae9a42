"""What object stores answer, spoken by the server whose answers a test writes byte by byte."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
from support.faulty_server import Faulty, faulty
from support.stores import azure_at, needed, s3_at

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
_DATE = "Wed, 01 Jan 2020 00:00:00 GMT"


@contextmanager
def store(
    scheme: str, answer: Callable[..., list], patch: pytest.MonkeyPatch
) -> Iterator[tuple[Faulty, str]]:
    """
    A server that takes itself for a store, and the URL of its only bucket.

    `answer` gets the text of a request and the number of times its path was asked for.
    """
    needed(PACKAGES[scheme])
    with faulty(lambda path, number: answer(server.heads[-1], number)) as (server, url):
        _lead_to(scheme, url, patch)
        yield server, f"{scheme}://bucket"


def _lead_to(scheme: str, url: str, patch: pytest.MonkeyPatch) -> None:
    """Set what leads the package of a scheme to a server, with connections of its own."""
    import fsspec

    if scheme == "s3":
        s3_at(url, patch)
    elif scheme == "az":
        azure_at(url, patch)
    else:
        import fsspec.config

        patch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
        patch.setenv("STORAGE_EMULATOR_HOST", url)
    fsspec.get_filesystem_class(scheme).clear_instance_cache()


def name_of(head: str) -> str:
    """The path in the bucket that a request asks for; "" if it asks for a listing."""
    path, _, query = head.split(" ")[1].partition("?")
    if "list" in query or "prefix=" in query:
        return ""
    return unquote(re.sub(r".*?/bucket/(o/)?", "", path, count=1))


def given(files: Mapping[str, bytes], head: str, tag: str = "5") -> bytes:
    """The whole answer of any of the stores: a listing, or a piece of a file."""
    return piece(files[name], head, tag) if (name := name_of(head)) else listing(files, head, tag)


def piece(data: bytes, head: str, tag: str = "5") -> bytes:
    """A piece of a file, as a range asks for it."""
    start, end = map(int, re.search(r"(?i)range: bytes=(\d+)-(\d+)", head).groups())
    end = min(end, len(data) - 1)
    return answered(
        data[start : end + 1],
        "206 Partial Content",
        f'Content-Range: bytes {start}-{end}/{len(data)}\r\nETag: "{tag}"\r\n'
        f"x-goog-generation: {tag}\r\nLast-Modified: {_DATE}\r\nx-ms-blob-type: BlockBlob\r\n",
    )


def answered(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    """A whole answer, of a type that every client reads as what it waits for."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}"
    kind = "application/xml" if body.startswith(b"<?xml") else "application/octet-stream"
    return f"{head}Content-Type: {kind}\r\n\r\n".encode() + body


def listing(files: Mapping[str, bytes], head: str, tag: str = "5") -> bytes:
    """The only page of a listing, in the words of the store that is asked."""
    prefix = unquote(re.search(r"prefix=([^& ]*)", head)[1])
    found = {name: len(data) for name, data in files.items() if name.startswith(prefix)}
    if "list-type=2" in head:
        return answered(_of_s3(found, tag).encode())
    if "comp=list" in head:
        return answered(_of_azure(found, tag).encode())
    items = [{"name": name, "size": str(size), "generation": tag} for name, size in found.items()]
    return answered(json.dumps({"items": items}).encode())


def _of_s3(found: Mapping[str, int], tag: str) -> str:
    contents = "".join(
        f"<Contents><Key>{name}</Key><Size>{size}</Size><ETag>&quot;{tag}&quot;</ETag></Contents>"
        for name, size in found.items()
    )
    return (
        '<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>'
        f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    )


def _of_azure(found: Mapping[str, int], tag: str) -> str:
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><Last-Modified>{_DATE}</Last-Modified>"
        f"<Etag>{tag}</Etag><Content-Length>{size}</Content-Length>"
        "<BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name, size in found.items()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="bucket">'
        f"<Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>"
    )
