"""Masks in object stores and on a web server, all of them real, of this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import stores
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
def masks(tmp_path) -> Path:
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


def test_names_archives_and_lists(weightcalc, store, masks, tmp_path):
    """URL globs, archives, counts files and class lists behind URLs are as local ones."""
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


def test_archive(weightcalc, masks, tmp_path, monkeypatch):
    """An archive in a bucket is read as a local one."""
    shutil.make_archive(str(masks / "all"), "zip", masks / "m")
    with stores.moto(masks, monkeypatch) as url:
        remote = weightcalc("count", f"{url}/all.zip", *FIVE, "-j", 2)
        fetching.close_stores()
    assert counts(remote) == counts(weightcalc("count", masks / "all.zip", *FIVE))
