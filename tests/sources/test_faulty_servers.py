"""Servers that fail for a while, lie, never end, or send masks drop by drop."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from support.faulty_server import A, counts_of, faulty, made
from support.png_writer import write_png

from weightcalc import MaskError, SourceError, count_file, count_masks, list_masks
from weightcalc.cache import cache
from weightcalc.files import limits
from weightcalc.sources import ahead, fetching, patience, web

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")

SHORT_RANGE = (
    "HTTP/1.1 206 Partial\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 0-72/73\r\n\r\n"
    "5\r\nabcde\r\n0\r\n\r\n"
)
FOREVER = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


pytestmark = pytest.mark.usefixtures("in_haste")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_that_passes(status):
    """A mask is asked for again after each status that may pass, and counted."""

    def answer(path, number):
        return [made() if number == 4 else made(b"", f"{status} Later")]

    with faulty(answer) as (server, url):
        assert counts_of(f"{url}/a.png") == {0: 2, 1: 3, 2: 1}
        assert server.asked == {"/a.png": 4}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_status_that_stays(status):
    """Other errors are not asked for again."""
    with faulty(lambda path, number: [made(b"", f"{status} No")]) as (server, url):
        with pytest.raises(MaskError):
            count_file(f"{url}/a.png")
        assert server.asked == {"/a.png": 1}


@pytest.mark.parametrize(
    "fault",
    [
        [None],
        ["HTTP/1.1 200 OK\r\nContent-Len", None],
        [made()[:-10], None],
        [SHORT_RANGE],
    ],
    ids=["hangs up", "cut head", "cut body", "short range"],
)
def test_a_connection_that_breaks(fault):
    """A mask is asked for again where its answer is cut, and is an error if all of them are."""
    with faulty(lambda path, number: [made()] if number == 3 else fault) as (server, url):
        assert counts_of(f"{url}/a.png") == {0: 2, 1: 3, 2: 1}
        assert server.asked == {"/a.png": 3}
    with faulty(lambda path, number: fault) as (server, url):
        patience.reached_by(url).ever = True
        with pytest.raises(MaskError, match="in 5 tries"):
            count_file(f"{url}/a.png")


def test_retry_after(monkeypatch):
    """The pause that a server asks for is kept, but none longer than a minute."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    for asked, kept in [("7", 7), ("86400", 60), ("-5", 0), ("soon", 0)]:
        more = f"Retry-After: {asked}\r\n"

        def answer(path, number, more=more):
            return [made() if number == 2 else made(b"", "503 Later", more)]

        with faulty(answer) as (_, url), monkeypatch.context() as patch:
            patch.setattr(patience.asyncio, "sleep", sleep)
            assert counts_of(f"{url}/a.png") == {0: 2, 1: 3, 2: 1}
        assert round(pauses.pop(), 2) == pytest.approx(kept, abs=0.01)


def test_the_run_goes_on_and_lists_what_failed(weightcalc):
    """A mask that fails to the end is listed as one that cannot be read; the others count."""

    def answer(path, number):
        if path == "/":
            return [made(b"".join(b'<a href="%d.png">x</a>' % n for n in range(5)))]
        return [made(b"", "503 Later") if path == "/3.png" else made()]

    with faulty(answer) as (_, url):
        done = weightcalc("count", url, "-n", 3, "-j", 1)
        assert (done.exit_code, done.stdout) == (2, b"")
        assert re.search(r"3\.png: the server answers 503 .*in 5 tries", done.stderr)
        assert "1 of 5 files" in done.stderr
        done = weightcalc("count", url, "-n", 3, "-j", 1, "--on-error", "skip")
        assert (done.exit_code, done.json["masks"]) == (0, 4)


def test_a_server_that_is_gone_ends_the_run(monkeypatch):
    """After many requests in a row that failed to the end the run ends, and says so."""
    monkeypatch.setattr(fetching, "MOST_LOST", 3)
    with faulty(lambda path, number: [made(b"", "503 Later")]) as (server, url):
        with pytest.raises(SourceError, match="3 requests") as caught:
            count_masks([f"{url}/{n}.png" for n in range(1000)], num_requests=2)
        assert "--cache" in caught.value.hint
        assert server.asked.total() < 50


def test_many_requests_under_way_and_one_a_mask():
    """As many requests are under way as asked for; each mask costs one, of its first 4 MiB."""
    with faulty(lambda path, number: [0.05, made()]) as (server, url):
        names = [f"{url}/{n:03}.png" for n in range(100)]
        assert count_masks(names, num_requests=20).num_masks == 100
        assert server.asked == {f"/{n:03}.png": 1 for n in range(100)}
        assert 10 < server.most_open <= 21
        assert all("Range: bytes=0-4194303\r\n" in head for head in server.heads)


def test_redirects():
    """A redirect within the server is followed; one to another server, or for ever, is refused."""
    with faulty(lambda path, number: [made()]) as (other, elsewhere):

        def answer(path, number):
            to = {"/near.png": "/there.png", "/far.png": f"{elsewhere}/a.png"}.get(
                path.rstrip("/"), path
            )
            if path == "/there.png":
                return [made()]
            return [made(b"", "302 Found", f"Location: {to}\r\n")]

        with faulty(answer) as (_, url):
            assert counts_of(f"{url}/near.png") == {0: 2, 1: 3, 2: 1}
            with pytest.raises(MaskError, match="another server"):
                count_file(f"{url}/far.png")
            with pytest.raises(MaskError, match="more than 5"):
                count_file(f"{url}/round.png")
            with pytest.raises(SourceError, match="another server"):
                list_masks(f"{url}/far.png/")
        assert not other.asked


def test_a_mask_drop_by_drop(monkeypatch):
    """A server that sends a byte now and then is given up after a time, which is said."""
    monkeypatch.setattr(fetching, "SECONDS_A_PIECE", 0.2)
    monkeypatch.setattr(patience, "SECONDS_IN_ALL", 0.3)
    drops = ["HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", *[b"x", 0.01] * 1000]
    with faulty(lambda path, number: drops) as (_, url), pytest.raises(MaskError) as caught:
        count_file(f"{url}/a.png")
    assert "too slow" in str(caught.value)
    assert "--requests" in caught.value.hint


def test_a_page_drop_by_drop(monkeypatch):
    """A page of links that comes in drops is given up as well, and so is the listing."""
    monkeypatch.setattr(patience, "SECONDS_A_PAGE", 0.2)
    monkeypatch.setattr(patience, "SECONDS_IN_ALL", 0.3)
    drops = ["HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", *[b"<a>", 0.01] * 1000]
    with (
        faulty(lambda path, number: drops) as (_, url),
        pytest.raises(SourceError, match="no page of a listing in"),
    ):
        list_masks(f"{url}/m/")


def test_a_mask_without_end(monkeypatch):
    """A file whose server says no size is read up to a bound only."""
    monkeypatch.setattr(ahead, "_MOST_UNDECLARED", 20 << 20)
    endless = (FOREVER if n == 0 else bytes(1 << 20) for n in range(100))
    answers = {1: [FOREVER, *[bytes(1 << 20)] * 8], 2: endless}
    with (
        faulty(lambda path, number: answers[number]) as (_, url),
        pytest.raises(MaskError, match="goes on after"),
    ):
        count_file(f"{url}/a.npy")


def test_an_archive_without_end(weightcalc, monkeypatch):
    """The temporary copy of an archive behind a URL is bounded, however large it is said to be."""
    monkeypatch.setattr(limits, "LARGEST_COPY", 6 << 20)

    def answer(path, number):
        start = (number - 1) << 22
        more = f"Content-Range: bytes {start}-{start + (1 << 22) - 1}/{1 << 40}\r\n"
        return [made(bytes(1 << 22), "206 Partial Content", more)]

    for name in ("a.zip", "a.tar"):
        with faulty(answer) as (server, url):
            done = weightcalc("count", f"{url}/{name}", "-n", 3, "-j", 1)
            assert (done.exit_code, done.stdout) == (2, b"")
            assert f"after {6 << 20} bytes" in done.stderr
            assert server.asked.total() == 2


def test_a_listing_without_end(monkeypatch):
    """Folders in folders, links on a page and bytes of a page are listed up to bounds only."""
    page = b"".join(b'<a href="%d/">x</a><a href="/%d.png">x</a>' % (n, n) for n in range(30))
    with (
        faulty(lambda path, number: [made(page)]) as (_, url),
        pytest.raises(SourceError, match="goes on after 32 folders in each other"),
    ):
        list_masks(f"{url}/m/")
    monkeypatch.setattr(web, "_DEEPEST", 100)
    monkeypatch.setattr(web, "MOST_PAGES", 50)
    with faulty(lambda path, number: [made(page)]) as (server, url):
        with pytest.raises(SourceError, match="goes on after 50 folders"):
            list_masks(f"{url}/m/")
        assert server.asked.total() == 50
    monkeypatch.setattr(web, "MOST_ENTRIES", 1000)
    page = b"".join(b'<a href="%d.png">x</a>' % n for n in range(3000))
    with (
        faulty(lambda path, number: [made(page)]) as (_, url),
        pytest.raises(SourceError, match="goes on after 1000 entries"),
    ):
        list_masks(f"{url}/m/")
    monkeypatch.setattr(web, "_LARGEST_PAGE", 1 << 20)
    endless = [FOREVER, *[b"<a " * 10_000] * 100]
    with (
        faulty(lambda path, number: endless) as (_, url),
        pytest.raises(SourceError, match="MiB on one page"),
    ):
        list_masks(f"{url}/m/")


def test_a_listing_of_too_many_bytes(monkeypatch):
    """Pages of links are read up to a number of bytes together, however few links they hold."""
    monkeypatch.setattr(limits, "LARGEST_LISTING", 10_000)
    page = made(b"<a href='again/'>x</a>".ljust(3000))
    with faulty(lambda path, number: [page]) as (server, url):
        with pytest.raises(SourceError, match="after 10000 bytes"):
            list_masks(f"{url}/m/")
        assert server.asked.total() == 4


@pytest.mark.parametrize("jobs", [1, 2])
def test_masks_of_too_many_bytes(weightcalc, monkeypatch, jobs):
    """The masks of a run are read up to a number of bytes for each process; another run begins anew."""
    monkeypatch.setattr(limits, "MOST_SENT", 100 * len(A))
    with faulty(lambda path, number: [made()]) as (server, url):
        names = [f"{url}/{n}.png" for n in range(1000)]
        assert count_masks(names[:60], num_requests=1).num_masks == 60
        assert count_masks(names[:60], num_requests=1).num_masks == 60
        server.asked.clear()
        done = weightcalc(
            "count", *names, "-n", 3, "-j", jobs, "--requests", 2, "--on-error", "skip"
        )
        assert (done.exit_code, done.stdout) == (2, b"")
        assert f"after {100 * len(A)} bytes" in done.stderr
        assert "several runs" in done.stderr
        assert 100 <= server.asked.total() < 300


def test_a_run_that_fails_leaves_no_request_under_way(monkeypatch):
    """Requests that nobody waits for end with the run, also where its error is kept."""
    monkeypatch.setattr(limits, "MOST_SENT", 5 * len(A))
    answers = {f"/{n}.png": [made()] for n in range(6)}
    with faulty(lambda path, number: answers.get(path, [30.0, made()])) as (_, url):
        with pytest.raises(SourceError) as caught:
            count_masks([f"{url}/{n}.png" for n in range(100)], num_requests=10)
        end = time.monotonic() + 5
        while time.monotonic() < end and asyncio.all_tasks(fetching.loop()):
            time.sleep(0.01)
        assert not asyncio.all_tasks(fetching.loop())
    assert "after" in str(caught.value)


def test_no_part_of_a_run_begins_anew(weightcalc, monkeypatch, tmp_path):
    """The bytes of a run are added up, though a cache asks for its masks in several parts."""
    monkeypatch.setattr(limits, "MOST_SENT", 50 * len(A))
    monkeypatch.setattr(cache, "_WINDOW", 20)
    with faulty(lambda path, number: [made()]) as (_, url):
        names = [f"{url}/{n}.png" for n in range(60)]
        done = weightcalc("count", *names, "-n", 3, "-j", 1, "--cache", tmp_path / "cache")
        assert done.exit_code == 2
        assert f"after {50 * len(A)} bytes" in done.stderr


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (made(A, "206 Partial Content", "Content-Range: bytes 5-77/78\r\n"), "another part"),
        (made(A, "206 Partial Content", "Content-Range: bytes 0-9/78\r\n"), "sends 73 bytes"),
        (made(A, "206 Partial Content", "Content-Range: pixels\r\n"), "another part"),
        (made(A, "200 OK", "Content-Encoding: gzip\r\n"), "compressed"),
    ],
    ids=["another start", "another length", "no range", "compressed"],
)
def test_answers_to_another_question(answer, reason):
    """What is not the piece that was asked for is refused."""
    with (
        faulty(lambda path, number: [answer]) as (_, url),
        pytest.raises(MaskError, match=reason),
    ):
        count_file(f"{url}/a.png")


def test_credentials_are_asked_for(weightcalc):
    """Where a server refuses, the message says what to set, and not to skip the masks."""

    def answer(path, number):
        return [made() if path == "/a.png" else made(b"", "403 Forbidden")]

    with faulty(answer) as (_, url):
        done = weightcalc("count", f"{url}/a.png", f"{url}/b.png", "-n", 3)
    assert done.exit_code == 2
    assert "help remote" in done.stderr
    assert "--on-error" not in done.stderr


@pytest.mark.parametrize("option", ["-o", "--per-mask", "--cache"])
def test_outputs_are_local(weightcalc, save_mask, option):
    """A URL to write to is refused before anything is read."""
    done = weightcalc("count", save_mask([[0, 1]]), option, "s3://bucket/counts.json")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "local files" in done.stderr


def test_layers(weightcalc):
    """The files of a scene are fetched ahead as others are, once each, and any that fails is named."""

    def answer(path, number):
        if path == "/m/":
            names = [f"{scene}_{class_}.png" for scene in "abc" for class_ in ("sky", "car")]
            return [made("".join(f"<a href='{name}'>x</a>" for name in names).encode())]
        return [made(b"", "404 No") if path == "/m/b_car.png" else made(write_png([[0, 1]]))]

    with faulty(answer) as (server, url):
        words = ["count", f"{url}/m/", "--layers", "{scene}_{class}.png", "-j", 1]
        done = weightcalc(*words, "--on-error", "skip", "--requests", 2)
        assert (done.exit_code, done.json["masks"]) == (0, 2), done.stderr
        assert "b_car.png: not found" in done.stderr
        assert set(server.asked.values()) == {1}
        assert server.most_open <= 2
    assert fetching.ROOM._used == 0
