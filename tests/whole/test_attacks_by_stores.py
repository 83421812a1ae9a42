"""Object stores whose answers have no end, or inflate: a run ends in seconds, in 300 MB and in a line."""

from __future__ import annotations

import os
import zlib
from itertools import chain, repeat
from pathlib import Path

import pytest
from support.faulty_server import A, faulty, made
from support.faulty_stores import listing, name_of, store
from support.processes import run_bounded

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")
pytestmark = [
    pytest.mark.stores,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc"),
    pytest.mark.parametrize("scheme", ["s3", "az"]),
]
FILES = {"m/a.png": A}
HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nConnection: close\r\n{more}\r\n"
OF_A_PIECE = (
    f"Content-Range: bytes 0-4194303/{1 << 40}\r\nETag: 5\r\nx-ms-blob-type: BlockBlob\r\n"
    "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n"
)
CHUNKED, GZIP = "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n"
XML = b'<?xml version="1.0"?>'
BLANK = b" " * (1 << 20)
HUNDREDS = 600  # of megabytes: without a bound they are held


def endless(status="200 OK", more="", first=XML, again=BLANK):
    """An answer that goes on."""
    pieces = chain([first], repeat(again, HUNDREDS))
    if more == CHUNKED:
        pieces = (b"%x\r\n%b\r\n" % (len(each), each) for each in pieces)
    return chain([HEAD.format(status=status, more=more)], pieces, [None])


def inflating(status="200 OK", more=""):
    """An answer of a few bytes, each of which becomes a thousand."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(XML) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(BLANK) + packer.flush(zlib.Z_FULL_FLUSH)
    return endless(status, GZIP + more, first, again)


def of_xml(page, status="200 OK"):
    """A page that has an end."""
    return [HEAD.format(status=status, more=f"Content-Length: {len(page)}\r\n"), page, None]


PAGES = {
    "endless": (lambda: endless(), "after 16 MiB on one page"),
    "endless chunks": (lambda: endless(more=CHUNKED), "after 16 MiB on one page"),
    "a terabyte": (lambda: endless(more=f"Content-Length: {1 << 40}\r\n"), "after 16 MiB"),
    "inflating": (inflating, "the server sends it compressed (gzip)"),
    "nothing": (lambda: of_xml(b"<r/>"), ""),
    "elements": (lambda: of_xml(b"<r>" + b"<a/>" * (15 << 18) + b"</r>"), "no listing"),
    "nested": (lambda: of_xml(b"<a>" * (15 << 17) + b"</a>" * (15 << 17)), "no listing"),
    "attributes": (
        lambda: of_xml(
            b"<r>" + b"<a %b/>" % b" ".join(b'b%x=""' % n for n in range(10_000)) * 150 + b"</r>"
        ),
        "no listing",
    ),
    "entities": (
        lambda: of_xml(
            b'<!DOCTYPE r [<!ENTITY a "%b">]><r>%b%b</r>'
            % (b"x" * 60_000, b" " * (8 << 20), b"&a;" * 10_000)
        ),
        "no listing",
    ),
    "endless refusal": (lambda: endless("403 Forbidden"), "403 (Forbidden)"),
    "long refusal": (lambda: of_xml(BLANK + b" ", "403 Forbidden"), "403 (Forbidden)"),
    "inflating refusal": (lambda: inflating("403 Forbidden"), "403 (Forbidden)"),
}
PIECES = {
    "endless": (
        lambda: endless("206 Partial Content", OF_A_PIECE),
        {"s3": "it was changed", "az": "more than it was asked for"},
    ),
    "inflating": (
        lambda: inflating("206 Partial Content", OF_A_PIECE),
        {"s3": "stopped before its end", "az": "the server sends it compressed (gzip)"},
    ),
    "endless refusal": (
        lambda: endless("403 Forbidden"),
        {"s3": "403 (Forbidden)", "az": "403 (Forbidden)"},
    ),
}


HASTY = """
from weightcalc.sources import patience

patience.SECONDS_A_PAGE, patience._FIRST_WAIT = 0.4, 0.01
"""


def refused(scheme, answer, environment, patch, planted=""):
    """The lines that are said of a folder of a server, and how many requests it got."""
    with store(scheme, answer, patch) as (server, url):
        code, stderr = run_bounded(
            "count", "-qj1", f"{url}/m", "-n3",
            environment=os.environ | environment, seconds=6, planted=planted,
        )  # fmt: skip
    assert code == 2
    return stderr.splitlines(), len(server.heads)


@pytest.mark.parametrize(("answer", "said"), PAGES.values(), ids=PAGES)
def test_pages(scheme, environment, monkeypatch, answer, said):
    """A page of a listing that goes on, or of which much is made, is an error, asked for once."""
    lines, requests = refused(scheme, lambda head, number: answer(), environment, monkeypatch)
    assert lines[0].startswith(f"error: {scheme}://bucket/m: ")
    assert said in lines[0]
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert requests == 1


@pytest.mark.parametrize(("answer", "said"), PIECES.values(), ids=PIECES)
def test_pieces(scheme, environment, monkeypatch, answer, said):
    """A piece of a mask that goes on, or of which much is made, is an error of that mask."""

    def folder(head, number):
        return answer() if name_of(head) else [listing(FILES, head)]

    lines, _ = refused(scheme, folder, environment, monkeypatch)
    assert lines[0].startswith(f"error: {scheme}://bucket/m/a.png: ")
    assert said[scheme] in lines[0]
    assert lines[1] == "1 of 1 files cannot be read"
    assert all(line.startswith("hint: ") for line in lines[2:])


def test_drops(scheme, environment, monkeypatch):
    """A page that comes in drops is given up, and asked for no more often than what may pass."""

    def drops(head, number):
        return [HEAD.format(status="200 OK", more=""), XML, *[b" ", 0.05] * 1000]

    lines, requests = refused(scheme, drops, environment, monkeypatch, HASTY)
    assert "too slow: no page of a listing in 0.4 s, in 5 tries" in lines[0]
    assert requests <= 5  # one may have been spent on what comes before it


@pytest.mark.parametrize("of", ["page", "mask"])
def test_redirects(scheme, environment, monkeypatch, of):
    """A redirect to another server is not followed, whether a page or a mask was asked for."""
    with faulty(lambda path, number: [made()]) as (other, elsewhere):

        def answer(head, number):
            if of == "mask" and not name_of(head):
                return [listing(FILES, head)]
            return [made(b"", "307 Temporary Redirect", f"Location: {elsewhere}/a.png\r\n"), None]

        lines, _ = refused(scheme, answer, environment, monkeypatch)
        assert "it redirects to another server" in lines[0]
        assert not other.asked
