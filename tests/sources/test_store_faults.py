"""Object stores that fail for a while, refuse, or change what they have; each counts what is asked."""

from __future__ import annotations

from collections import Counter

import pytest
from support.faulty_server import A
from support.faulty_stores import answered, given, name_of, piece, store

from weightcalc import MaskError, MasksError, count_file, count_masks, list_masks
from weightcalc.files import limits

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")
pytestmark = [
    pytest.mark.stores,
    pytest.mark.usefixtures("in_haste"),
    pytest.mark.parametrize("scheme", ["s3", "gs", "az"]),
]

FILES = {
    "m/a.png": A,
    "m/b c.png": A,
    "m/sub/c#1.png": A,
    "m/notes.txt": b"no mask",
    "other.png": A,
}
MASKS = [name for name in FILES if name.startswith("m/") and name.endswith(".png")]
COUNTED = {0: 2, 1: 3, 2: 1}
FAULTS = {
    "429": lambda head: [answered(b"", "429 Too Many Requests")],
    "500": lambda head: [answered(b"", "500 Internal Server Error")],
    "503": lambda head: [answered(b"", "503 Slow Down")],
    "hangs up": lambda head: [None],
    "cut head": lambda head: [piece(A, head)[:30], None],
    "cut body": lambda head: [piece(A, head)[:-10], None],
}


def asked_of(server) -> Counter[str]:
    """How often each file was asked for, and a listing under the name ""."""
    return Counter(map(name_of, server.heads))


def test_several_buckets(scheme, monkeypatch):
    """Masks of several buckets are counted in one run, though a package has one client for all."""
    with store(scheme, lambda head, number: [piece(A, head)], monkeypatch) as (server, url):
        names = [f"{url}{number}/m/a.png" for number in ("", 2, 3)]
        assert count_masks(names).pixels == [3 * COUNTED[value] for value in range(3)]
        assert len(server.heads) == 3


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_passes(scheme, fault, monkeypatch):
    """A listing and a mask are asked for again after what may pass, once for each fault."""

    def answer(head, number):
        return [given(FILES, head)] if number == 3 else fault(head)

    with store(scheme, answer, monkeypatch) as (server, url):
        assert count_file(f"{url}/m/a.png")[0].values == COUNTED
        assert asked_of(server) == {"m/a.png": 3}

    def lists(head, number):
        return [given(FILES, head)] if number == 3 or name_of(head) else [answered(b"", "503 No")]

    with store(scheme, lists, monkeypatch) as (server, url):
        assert list_masks(f"{url}/m") == [f"{url}/{name}" for name in MASKS]
        assert asked_of(server) == {"": 3}


@pytest.mark.parametrize("status", [400, 404, 410])
def test_what_stays(scheme, status, monkeypatch):
    """Other errors are not asked for again."""
    stays = [answered(b"", f"{status} No")]
    with store(scheme, lambda head, number: stays, monkeypatch) as (server, url):
        with pytest.raises(MaskError):
            count_file(f"{url}/m/a.png")
        assert asked_of(server) == {"m/a.png": 1}


def test_one_request_a_mask(scheme, weightcalc, monkeypatch):
    """A folder costs one listing, and each mask in it one request, of its first 4 MiB."""
    with store(scheme, lambda head, number: [given(FILES, head)], monkeypatch) as (server, url):
        done = weightcalc("count", f"{url}/m", "-n", 3, "-j", 1)
        assert (done.exit_code, done.json["masks"]) == (0, 3), done.stderr
        assert asked_of(server) == {"": 1, **dict.fromkeys(MASKS, 1)}
        ranges = [head for head in server.heads if "range: bytes=0-4194303\r\n" in head.lower()]
        assert len(ranges) == 3
        assert all(head.startswith("GET ") for head in server.heads)


def test_cache_by_tag(scheme, weightcalc, tmp_path, monkeypatch):
    """What the listing shows unchanged comes from the cache; what has a new tag is read again."""
    tags = []

    def answer(head, number):
        return [given(FILES, head, tags[-1])]

    with store(scheme, answer, monkeypatch) as (server, url):
        words = ["count", f"{url}/m", "-n", 3, "-j", 1, "--cache", tmp_path / "cache"]
        for tag, requests in (("5", 4), ("5", 1), ("6", 4)):
            tags.append(tag)
            server.heads.clear()
            assert weightcalc(*words).json["masks"] == 3
            assert len(server.heads) == requests


def test_a_mask_that_is_not_as_listed(scheme, monkeypatch):
    """A mask that was written anew after it was listed is refused."""

    def answer(head, number):
        return [given(FILES, head, "6" if name_of(head) else "5")]

    with store(scheme, answer, monkeypatch) as (_, url):
        names = list_masks(f"{url}/m")
        with pytest.raises(MasksError, match="changed"):
            count_masks(names)


def test_masks_of_too_many_bytes(scheme, weightcalc, monkeypatch):
    """The bytes of masks are added up whatever the store, and end the run where they are too many."""
    monkeypatch.setattr(limits, "MOST_SENT", 2 * len(A))
    with store(scheme, lambda head, number: [given(FILES, head)], monkeypatch) as (_, url):
        done = weightcalc("count", f"{url}/m", "-n", 3, "-j", 1, "--on-error", "skip")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert f"after {2 * len(A)} bytes" in done.stderr


def test_bytes_are_counted_once(scheme, weightcalc, monkeypatch):
    """As many bytes as the masks have are not too many, and those of the listing are apart."""
    monkeypatch.setattr(limits, "MOST_SENT", 3 * len(A))
    with store(scheme, lambda head, number: [given(FILES, head)], monkeypatch) as (_, url):
        assert weightcalc("count", f"{url}/m", "-n", 3, "-j", 1).json["masks"] == 3


def test_a_listing_of_too_many_bytes(scheme, weightcalc, monkeypatch):
    """The bytes of pages are added up whatever the store."""
    monkeypatch.setattr(limits, "LARGEST_LISTING", 100)
    with store(scheme, lambda head, number: [given(FILES, head)], monkeypatch) as (server, url):
        done = weightcalc("count", f"{url}/m", "-n", 3, "-j", 1)
        assert (done.exit_code, done.stdout, len(server.heads)) == (2, b"", 1)
    assert "after 100 bytes" in done.stderr


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_who_may_read(scheme, weightcalc, status, monkeypatch):
    """Where a store refuses, the message says what to set, and not to skip the masks."""
    variable = {
        "s3": "AWS_PROFILE",
        "gs": "GOOGLE_APPLICATION_CREDENTIALS",
        "az": "AZURE_STORAGE_CONNECTION_STRING",
    }[scheme]
    refused = [answered(b"", status)]
    with store(scheme, lambda head, number: refused, monkeypatch) as (server, url):
        for number, words in enumerate([[f"{url}/m"], [f"{url}/m/a.png", f"{url}/m/b c.png"]]):
            done = weightcalc("count", *words, "-n", 3, "-j", 1)
            assert (done.exit_code, done.stdout) == (2, b"")
            assert variable in done.stderr
            assert "--on-error" not in done.stderr
            assert asked_of(server)[""] == 1, number
