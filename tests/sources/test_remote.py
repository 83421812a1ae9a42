"""Masks behind URLs, on a real server of this machine; nothing else is ever asked for."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from support.png_writer import write_png

from weightcalc import MaskError, MissingExtraError, SourceError, count_file, list_masks
from weightcalc.sources import fetching, web
from weightcalc.sources.name_list import read_list

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")


pytestmark = pytest.mark.usefixtures("in_haste")


A = write_png([[0, 0, 1], [1, 1, 2]])  # 2, 3 and 1 pixels
B = write_png([[2, 2, 2, 2]])


class Plain(SimpleHTTPRequestHandler):
    """Serves a folder, without ranges, and writes down what is asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        if "cut" in self.path:  # promises more than it gives
            self.send_response(200)
            self.send_header("Content-Length", str(len(A)))
            self.end_headers()
            self.wfile.write(A[:-20])
            self.close_connection = True
        elif "error" in self.path:
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_):
        """Say nothing."""


class Ranged(Plain):
    """Serves parts of files too."""

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if not wanted or not os.path.isfile(path):
            super().do_GET()
            return
        with open(path, "rb") as file:
            data = file.read()
        start, end = int(wanted[1]), int(wanted[2] or len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.send_header("Content-Length", str(len(data[start : end + 1])))
        self.end_headers()
        self.wfile.write(data[start : end + 1])


@pytest.fixture(params=[Plain, Ranged])
def served(request, tmp_path):
    """A folder and the URL at which it is served, with and without ranges."""
    folder = tmp_path / "www"
    folder.mkdir()
    with serve(folder, request.param) as (url, asked):
        yield folder, url, asked


@contextmanager
def serve(folder, handler):
    """Serve a folder on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    server.daemon_threads = True
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("jobs", [1, 2])
def test_folder(served, weightcalc, jobs):
    """A remote folder is listed by its links, below it and nowhere else, and counted."""
    folder, url, _ = served
    for name in ("m/a.png", "m/sub/b.png", "m/.hidden.png", "m/notes.txt", "up.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(B if "b" in name else A)
    assert list_masks(f"{url}/m") == [f"{url}/m/a.png", f"{url}/m/sub/b.png"]
    done = weightcalc("count", f"{url}/m/", "-j", jobs)
    assert done.exit_code == 0, done.stderr
    assert done.json["masks"] == 2
    assert [entry["pixels"] for entry in done.json["classes"]] == [2, 3, 5]
    done = weightcalc("count", f"{url}/m", "--include", "sub/*")
    assert done.exit_code == 0, done.stderr
    assert done.json["pixels"] == 4


def test_links_that_lead_away(served):
    """Links to other servers, upwards, or with chains in them are not followed."""
    folder, url, asked = served
    (folder / "m").mkdir()
    (folder / "up.png").write_bytes(A)
    (folder / "m/in.png").write_bytes(A)
    links = ["in.png", "../up.png", "/up.png", "http://127.0.0.1:1/x.png", "a::file:///x.png"]
    html = "".join(f'<a href="{link}">x</a>' for link in links)
    (folder / "m/index.html").write_text(html)
    assert list_masks(f"{url}/m/") == [f"{url}/m/in.png"]
    assert not [path for path in asked if "up.png" in path]


def test_file(served, weightcalc):
    """The URL of a mask is taken as it is, its query left out of its ending."""
    folder, url, _ = served
    (folder / "a.png").write_bytes(A)
    assert count_file(f"{url}/a.png")[0].values == {0: 2, 1: 3, 2: 1}
    assert weightcalc("count", f"{url}/a.png?token=x.y").json["pixels"] == 6


def test_large_file(served):
    """Files above 4 MiB are counted whole, from a temporary copy."""
    folder, url, _ = served
    values = np.zeros((3000, 2000), np.uint8)
    values[-1, -1] = 7
    np.save(folder / "m.npy", values)
    assert count_file(f"{url}/m.npy")[0].values == {0: 5_999_999, 7: 1}


def test_errors_of_a_server(served, weightcalc):
    """What a server does not have, or stops sending, is an error with the URL of the mask."""
    _, url, _ = served
    for name, reason in [
        ("gone.png", "not found"),
        ("error.png", "503"),
        ("cut.png", "reading it stopped|pixels end|ends inside"),
    ]:
        with pytest.raises(MaskError, match=reason) as caught:
            count_file(f"{url}/{name}")
        assert caught.value.mask == f"{url}/{name}"
        done = weightcalc("count", f"{url}/{name}")
        assert (done.exit_code, done.stdout) == (2, b"")
        assert name in done.stderr
        assert "Traceback" not in done.stderr
    with pytest.raises(SourceError, match="not found"):
        list_masks(f"{url}/gone")


def test_no_server():
    """A server that does not answer at all is an error, of the folder or of the mask."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceError, match=r"127\.0\.0\.1"):
        list_masks(url)
    with pytest.raises(MaskError, match=r"127\.0\.0\.1"):
        count_file(f"{url}/a.png")


def test_silent_server(monkeypatch):
    """A server that accepts and says nothing is given up."""
    monkeypatch.setattr(web, "SILENT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.png"
        with pytest.raises(MaskError, match="no answer in time"):
            count_file(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host/a.png", "ftp:// is not known"),
        ("file:///etc/passwd.png", "file:// is not known"),
        ("memory://a.png", "memory:// is not known"),
        ("simplecache::http://127.0.0.1:1/a.png", "chains"),
        ("http://127.0.0.1:1/a.png::http://127.0.0.1:1/b.png", "chains"),
    ],
)
def test_refused_urls(weightcalc, url, message):
    """Unknown schemes, chains and remote archives are refused before anything is opened."""
    done = weightcalc("count", url)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert re.search(message, done.stderr)
    with pytest.raises(MaskError):
        count_file(url)


@pytest.mark.parametrize(("url", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("az", "adlfs")])
def test_missing_packages(weightcalc, monkeypatch, url, package):
    """A cloud whose package is not installed is an error that names the package."""
    monkeypatch.setitem(sys.modules, package, None)
    done = weightcalc("count", f"{url}://bucket/masks")
    assert done.exit_code == 2
    assert f"pip install {package}" in done.stderr


def test_a_bug_in_listing(monkeypatch, tmp_path):
    """A fault of our own code while a server is asked is no answer of the server."""
    monkeypatch.setattr(web, "_links", None)
    with serve(tmp_path, Plain) as (url, _), pytest.raises(TypeError, match="not callable"):
        list_masks(url)


def test_without_fsspec(monkeypatch):
    """A missing fsspec is an error that names the extra."""
    monkeypatch.setitem(sys.modules, "fsspec", None)
    for ask in (list_masks, count_file):
        with pytest.raises(MissingExtraError, match=r"weightcalc\[remote\]"):
            ask("https://127.0.0.1:1/a.png")


def test_lists_name_no_urls(served, weightcalc):
    """A list file may name URLs only if the command line allows it."""
    folder, url, asked = served
    (folder / "a.png").write_bytes(A)
    lines = f"{url}/a.png\n".encode()
    done = weightcalc("count", "--files-from", "-", stdin=lines)
    assert (done.exit_code, done.stdout, asked) == (2, b"", [])
    assert "--allow-remote" in done.stderr
    done = weightcalc("count", "--files-from", "-", "--allow-remote", stdin=lines)
    assert done.json["pixels"] == 6
    assert weightcalc("count", folder, "--allow-remote").exit_code == 2


def test_names_in_lists_stay_as_they_are():
    """The slashes of a URL or of a member in a list are not tidied away."""
    names = ["http://h//a.png", "zip://./a.png::b.zip"]
    assert list(read_list(name.encode() for name in names)) == names


def test_brackets_in_patterns(served):
    """Brackets stand for one character that is no slash; a range that is none is an error."""
    folder, url, _ = served
    for name in ("m/a/c.png", "m/abc.png", "m/axc.png", "m/^.png", "m/b.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(A)
    assert list_masks(f"{url}/m/a[!b]c.png") == [f"{url}/m/axc.png"]
    assert list_masks(f"{url}/m/[ab].png") == [f"{url}/m/b.png"]
    with pytest.raises(SourceError, match=r"\[z-a\]"):
        list_masks(f"{url}/m/[z-a].png")


def test_accounts_have_stores_of_their_own(monkeypatch):
    """The files of one Azure account are never looked for in another."""
    monkeypatch.setitem(fetching.SCHEMES, "az", ("os", lambda url: [url]))
    one, two = (f"az://c@{account}.dfs.core.windows.net/a.png" for account in ("one", "two"))
    assert fetching.store_of(one) == [one]
    assert fetching.store_of(two) == [two]
