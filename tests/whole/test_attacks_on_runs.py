"""Servers without end and odd places to read and write: a run ends in 2 s and 300 MB, or as it says."""

from __future__ import annotations

import json
import os
import tempfile
from itertools import chain, repeat
from pathlib import Path

import pytest
from support.faulty_server import A, faulty, made
from support.one_mask import ROW
from support.png_writer import write_png
from support.processes import run_bounded

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)
FOREVER = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
MB = bytes(1 << 20)
FEWER = """
from weightcalc.files import limits
from weightcalc.sources import ahead, fetching, web

web.MOST_PAGES, web.MOST_ENTRIES, web._LARGEST_PAGE = 50, 1000, 1 << 20
limits.LARGEST_LISTING, limits.MOST_SENT = 4 << 20, 64 << 20
ahead._MOST_UNDECLARED, fetching.SECONDS_A_PIECE = 16 << 20, 0.2
"""


def folders_in_folders(path, number):
    """Each page leads to another one."""
    return [made(b"<a href='again/'>x</a>")]


def large_folders(path, number):
    """Each page leads to another one, after a megabyte of nothing."""
    return [made(b"<a href='again/'>x</a>".ljust(1 << 20))]


def many_links(path, number):
    """A page of 2,000 links."""
    return [made(b"".join(b"<a href='%d.png'>x</a>" % n for n in range(2000)))]


def endless_page(path, number):
    """A page that goes on for ever."""
    return chain([FOREVER], repeat(b"<a " * 10_000, 100))


def endless_file(path, number):
    """A file of no size, which a server that sends no parts begins anew for the second request."""
    return chain([FOREVER], repeat(MB, 100))


def endless_parts(path, number):
    """A file of a million gigabytes, as long as anybody asks for more."""
    start = (number - 1) << 22
    said = f"Content-Range: bytes {start}-{start + (1 << 22) - 1}/{1 << 50}\r\n"
    return [made(MB * 4, "206 Partial Content", said)]


def endless_masks(path, number):
    """A folder of 900 masks, each with a megabyte after its end."""
    if path == "/m/":
        return [made(b"".join(b"<a href='%d.png'>x</a>" % n for n in range(900)))]
    return [made(A + MB)]


def drop_by_drop(path, number):
    """A file whose bytes come one by one."""
    return ["HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", *[b"x", 0.01] * 1000]


@pytest.mark.parametrize(
    ("answer", "place", "said"),
    [
        (folders_in_folders, "m/", "after 32 folders in each other"),
        (large_folders, "m/", f"after {4 << 20} bytes"),
        (many_links, "m/", "after 1000 entries"),
        (endless_page, "m/", "after 1 MiB on one page"),
        (endless_file, "a.npy", f"after {16 << 20} bytes, and its server says no size"),
        (endless_parts, "a.npy", "more than the limit of 30000000"),
        (endless_parts, "a.png", "more than the limit of 30000000"),
        (endless_masks, "m/", f"after {64 << 20} bytes"),
        (drop_by_drop, "a.png", "too slow"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_servers_that_never_end(environment, answer, place, said):
    """Whatever a server goes on with, the run ends by a limit that is said."""
    pytest.importorskip("aiohttp")
    with faulty(answer) as (_, url):
        code, stderr = run_bounded(
            "count", "-qj1", f"{url}/{place}", "-n3", "--max-bytes", "30000000",
            environment=environment, seconds=4, planted=FEWER,
        )  # fmt: skip
    assert code == 2
    assert said in stderr, stderr
    assert "Traceback" not in stderr


def test_redirect_to_another_server(environment):
    """Where a server leads to another one, the run ends, and the other one is asked nothing."""
    pytest.importorskip("aiohttp")
    with faulty(lambda path, number: [made()]) as (other, elsewhere):
        moved = made(b"", "302 Found", f"Location: {elsewhere}/a.png\r\n")
        with faulty(lambda path, number: [moved]) as (_, url):
            code, stderr = run_bounded(
                "count", "-qj1", f"{url}/a.png", environment=environment, seconds=4
            )
    assert (code, other.asked.total()) == (2, 0)
    assert f"it redirects to another server: {elsewhere}/a.png" in stderr


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a mask and a class list."""
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(write_png([ROW]))
    Path("names.txt").write_text("road\nsky\ncar\n")
    return tmp_path


def bits_of_a_cache(whole):
    """Bits of its schema, of its index of options, and of all its pages."""
    schema, options = whole.index(b"CREATE TABLE masks"), whole.index(b'"version"')
    return [8 * schema + 7, 8 * schema + 163, 8 * options + 8, *range(0, 8 * len(whole), 29_989)]


def test_flipped_bits_of_a_cache(environment, folder):
    """A cache with a flipped bit gives the same bytes, or is refused by name."""
    words = ["count", "-qj1", "a.png", "-c", "names.txt", "--cache", "c.db", "-o", "counts.json"]
    assert run_bounded(*words, environment=environment)[0] == 0
    cache, counts = Path("c.db").read_bytes(), Path("counts.json").read_bytes()
    codes = set()
    for bit in bits_of_a_cache(cache):
        damaged = bytearray(cache)
        damaged[bit // 8] ^= 1 << bit % 8
        Path("c.db").write_bytes(damaged)
        code, stderr = run_bounded(*words, environment=environment)
        assert "error: c.db: " in stderr if code else Path("counts.json").read_bytes() == counts
        codes.add(code)
    assert codes == {0, 2}


FULL_DISK = """
import errno, os

def fail(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

os.fsync = fail
"""


def test_outputs_in_shared_memory(environment, folder):
    """An output below /dev that is a file is replaced whole, and stays as it was where that fails."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm to write to")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        path = Path(place) / "w.json"
        path.write_text("old")
        words = ["weights", "-q", "a.png", "-c", "names.txt", "-m", "uniform", "-o", path]
        code, stderr = run_bounded(*words, environment=environment, planted=FULL_DISK)
        assert (code, path.read_text(), os.listdir(place)) == (2, "old", ["w.json"])
        assert "No space left on device" in stderr
        assert run_bounded(*words, environment=environment)[0] == 0
        assert (json.loads(path.read_text()), os.listdir(place)) == ([1, 1, 1], ["w.json"])


@pytest.mark.parametrize(
    "words",
    [
        ["count", "a.png", "-c", "fifo.txt"],
        ["weights", "fifo.json"],
        ["count", "--files-from", "fifo.txt"],
        ["count", "a.png", "--map", "fifo.json"],
        ["count", "a.png", "--cache", "fifo.db"],
        ["count", "fifo.png"],
    ],
    ids=lambda words: words[-1] if words[-2] == words[0] else words[-2],
)
def test_fifos_to_read(environment, folder, words):
    """A FIFO that nobody writes to is refused by name, wherever a file is meant."""
    os.mkfifo(words[-1])
    code, stderr = run_bounded(*words, environment=environment)
    assert code == 2
    assert f"{words[-1]}: not a regular file" in stderr


def test_a_fifo_that_is_named_like_a_temporary_file(environment, folder):
    """A FIFO in the place of what a dead run has left is not waited for."""
    fifo = ".w.json.weightcalc-111111111111"
    os.mkfifo(fifo)
    words = ["weights", "-q", "a.png", "-c", "names.txt", "-m", "uniform", "-o", "w.json"]
    assert run_bounded(*words, environment=environment)[0] == 0
    assert sorted(os.listdir()) == [fifo, "a.png", "names.txt", "w.json"]


def test_the_longest_name_of_an_output(environment, folder):
    """A name of 245 bytes in 65 characters has room for a temporary file."""
    name = "\N{GRINNING FACE}" * 60 + ".json"
    words = ["weights", "-q", "a.png", "-c", "names.txt", "-m", "uniform", "-o", name]
    assert run_bounded(*words, environment=environment)[0] == 0
    assert sorted(os.listdir()) == ["a.png", "names.txt", name]
