"""Masks in object stores and on a web server, all of them real, of this machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import faulty_stores, stores
from support.faulty_stores import answered, given, name_of
from support.png_writer import write_png

from weightcalc.sources import fetching, patience

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")
pytestmark = [
    pytest.mark.stores,
    pytest.mark.filterwarnings("ignore:Sending a large body"),  # while a store is filled
]

FIVE = ["-n", 5, "--encoding", "index"]
NAMES = ["a.png", "b c.png", "sub/c#1.png", "sub/deeper/ü.png"]


@pytest.fixture
def masks(tmp_path, weightcalc) -> Path:
    """A folder of masks of one row, one of them above 4 MiB, and of files that are none."""
    folder = tmp_path / "masks"
    for number, name in enumerate([*NAMES, "notes.txt", ".hidden/d.png"]):
        path = folder / "m" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_png([[0] * 7 + [number] * (number + 1)]))
    large = np.zeros((2500, 2000), np.uint8)
    large[-1, -1] = 3
    np.save(folder / "m/large.npy", large)
    (folder / "names.txt").write_text("".join(f"class {index}\n" for index in range(5)))
    shutil.make_archive(str(folder / "all"), "zip", folder / "m")
    saved = weightcalc("count", folder / "m", *FIVE, "-o", folder / "counts.json")
    assert saved.exit_code == 0, saved.stderr
    return folder


@pytest.fixture(params=["nginx", "moto", "azurite"])
def store(request, masks, tmp_path, monkeypatch) -> Iterator[str]:
    """The URL at which a server has the masks, and connections of its own."""
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.01)
    patience.forget()
    open_ = getattr(stores, request.param)
    with open_(masks, tmp_path if request.param == "nginx" else monkeypatch) as url:
        yield url
        fetching.close_stores()


def counts(done) -> dict:
    """The counts file that a run wrote to its standard output, but for the names of its sources."""
    assert done.exit_code == 0, done.stderr
    document = done.json
    del document["source"]["names"]
    return document


@pytest.mark.parametrize("options", [["-j", 1], ["-j", 2], ["--requests", 1]], ids=str)
def test_the_same_counts_from_everywhere(weightcalc, store, masks, options):
    """A folder, and the same folder on any server, have the same counts."""
    local = counts(weightcalc("count", masks / "m", *FIVE))
    assert local["masks"] == 5
    remote = counts(weightcalc("count", f"{store}/m", *FIVE, *options))
    assert json.dumps(remote) == json.dumps(local)


def test_patterns_and_class_lists(weightcalc, store, masks):
    """URL globs and class lists behind URLs are as local ones."""
    with_names = ["-c", f"{store}/names.txt"]
    done = weightcalc("count", f"{store}/m/*.png", *with_names)
    local = weightcalc("count", masks / "m/a.png", masks / "m/b c.png", "-c", masks / "names.txt")
    assert counts(done) == counts(local)
    done = weightcalc("count", f"{store}/m/**/*.png", *FIVE)
    assert done.json["masks"] == len(NAMES)
    done = weightcalc("count", f"{store}/m/*.gif", *FIVE)
    assert (done.exit_code, "no file matches" in done.stderr) == (2, True)


def test_what_is_not_there(weightcalc, store):
    """A folder that is not there is an error, and so is a mask."""
    for name in ("nothing/", "m/nothing.png"):
        done = weightcalc("count", f"{store}/{name}", *FIVE)
        assert (done.exit_code, done.stdout) == (2, b"")
        assert "Traceback" not in done.stderr


def test_cache(weightcalc, store, masks, tmp_path):
    """A second run counts from the cache what a store lists with an ETag, and nothing else."""
    words = ["count", f"{store}/m", *FIVE, "-v", "--cache", tmp_path / "cache"]
    first, second = weightcalc(*words), weightcalc(*words)
    assert counts(first) == counts(second)
    hits = 0 if store.startswith("http") else 5
    assert f"5 masks, {hits} of them from the cache" in second.stderr
    assert ("ETag" in second.stderr) == (hits == 0)


def test_archives_and_counts_files(weightcalc, store, masks):
    """An archive behind a URL is read as a local one, and a counts file is added up as one."""
    remote = weightcalc("count", f"{store}/all.zip", *FIVE, "-j", 2)
    assert counts(remote) == counts(weightcalc("count", masks / "all.zip", *FIVE))
    remote = weightcalc("count", f"{store}/counts.json", masks / "m/a.png", *FIVE)
    local = weightcalc("count", masks / "counts.json", masks / "m/a.png", *FIVE)
    assert counts(remote) == counts(local)


def test_google(weightcalc, masks, monkeypatch):
    """A bucket of Google is listed and read as others are; gcsfs finds its server and who asks."""
    files = {f"m/{name}": (masks / "m" / name).read_bytes() for name in [*NAMES, "large.npy"]}
    with faulty_stores.store("gs", lambda head, number: [given(files, head)], monkeypatch) as there:
        server, url = there
        remote = weightcalc("count", f"{url}/m", *FIVE, "-j", 1)
        assert counts(remote) == counts(weightcalc("count", masks / "m", *FIVE))
        assert weightcalc("count", "gcs://bucket/m/*.png", *FIVE, "-j", 1).json["masks"] == 2
    assert sum(number for path, number in server.asked.items() if "prefix=m/" in path) == 2
    assert server.asked.total() == 2 + (len(files) + 1) + 2  # the large one in two pieces


def test_an_s3_that_knows_no_ranges(weightcalc, masks, monkeypatch):
    """A server that sends the whole for each piece is refused, where that would be counted twice."""
    large = (masks / "m/large.npy").read_bytes()

    def answer(head, number):
        whole = answered(large, more="ETag: 5\r\n")
        return [whole if name_of(head) else given({"large.npy": large}, head)]

    with faulty_stores.store("s3", answer, monkeypatch) as (_, url):
        done = weightcalc("count", url, *FIVE, "-j", 1)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "large.npy: the server sends no parts of files" in done.stderr


def test_names_of_azure(weightcalc, masks, monkeypatch):
    """Whatever scheme names a container, with its account or without, its masks are the same."""
    names = ["bucket", "bucket@devstoreaccount1.dfs.core.windows.net"]
    with stores.azurite(masks, monkeypatch) as url:
        expected = weightcalc("count", f"{url}/m", *FIVE, "-j", 1).json["classes"]
        for name in names:
            found = weightcalc("count", f"abfs://{name}/m", *FIVE, "-j", 1).json["classes"]
            assert found == expected
        fetching.close_stores()


def assert_it_says_what_to_set(weightcalc, url, masks, variable):
    """Without leave to read, folders and files are refused with the variable that gives it."""
    for words in (["count", f"{url}/m"], ["count", f"{url}/m/a.png", masks / "m/a.png"]):
        done = weightcalc(*words, *FIVE, "-j", 1)
        assert (done.exit_code, done.stdout) == (2, b"")
        assert variable in done.stderr
        assert "--on-error" not in done.stderr


def test_no_credentials(weightcalc, masks, monkeypatch):
    """Without credentials of S3 the message says what to set."""
    with stores.moto(masks, monkeypatch) as url:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        from s3fs import S3FileSystem

        S3FileSystem.clear_instance_cache()
        assert_it_says_what_to_set(weightcalc, url, masks, "AWS_PROFILE")
        fetching.close_stores()
        S3FileSystem.clear_instance_cache()


def test_the_key_of_somebody_else(weightcalc, masks, monkeypatch):
    """With a wrong key of Azure the message says what to set."""
    with stores.azurite(masks, monkeypatch) as url:
        from adlfs import AzureBlobFileSystem

        endpoint = os.environ["AZURE_STORAGE_CONNECTION_STRING"].partition("BlobEndpoint=")[2]
        server = endpoint.rpartition("/")[0]
        stores.azure_at(server, monkeypatch, key="QUJD")
        AzureBlobFileSystem.clear_instance_cache()
        assert_it_says_what_to_set(weightcalc, url, masks, "AZURE_STORAGE_CONNECTION_STRING")
        fetching.close_stores()
        AzureBlobFileSystem.clear_instance_cache()
