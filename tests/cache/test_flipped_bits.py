"""A cache of which one bit is flipped: the same counts, or a refusal by its name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from weightcalc import CountsError, ReadOptions, count_file
from weightcalc.cache.cache import open_cache
from weightcalc.counting.count import count_each

NAMES = [f"m/{number:02}.png" for number in range(50)]
# Primes, so that each bit of a byte has its turn. With 1 it is every bit, in a quarter of an hour.
MANY_BITS, SOME_BITS = 7, 331


@pytest.fixture
def whole(save_mask, tmp_path, monkeypatch):
    """The bytes of a cache of 50 masks, in the folder of which the test runs."""
    values = np.random.default_rng(0)
    for name in NAMES:
        os.utime(save_mask(values.integers(0, 9, (8, 8)), name), (10**9, 10**9))
    monkeypatch.chdir(tmp_path)
    assert with_cache() == counted()
    return Path("c.db").read_bytes()


def counted():
    """The masks without a cache."""
    return [count_file(name) for name in NAMES]


def with_cache():
    """The masks by the cache where it has them, which is tidied up at the end."""
    with open_cache("c.db", ReadOptions()) as cache:
        masks = [one.masks for one in cache.count_each(NAMES, count_each)]
        cache.drop_gone(["m"])
        return masks


def refused_with_bit(whole, bit, right):
    """Whether a cache with a flipped bit is refused by its name; if not, its counts are right."""
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << bit % 8
    Path("c.db").write_bytes(damaged)
    found = refusal = None
    try:
        found = with_cache()
    except CountsError as error:
        refusal = f"{error}, {error.hint}"
    for ending in ("-wal", "-shm", "-journal"):
        Path(f"c.db{ending}").unlink(missing_ok=True)
    if refusal is None:
        assert found == right, bit
        return False
    assert refusal.startswith("c.db: "), (bit, refusal)
    assert "--cache" in refusal, (bit, refusal)
    return True


@pytest.mark.parametrize("step", [SOME_BITS, pytest.param(MANY_BITS, marks=pytest.mark.long)])
def test_flipped_bits(whole, step):
    """With any bit flipped the counts are the same, or the cache is refused by its name."""
    right = counted()
    bits = range(0, 8 * len(whole), step)
    assert sum(refused_with_bit(whole, bit, right) for bit in bits) > len(bits) / 20


@pytest.mark.parametrize("place", [0, 1, 5, 20])
def test_flipped_bits_of_the_schema(whole, place):
    """A statement that is no longer UTF-8 is damage like any other, and is shown escaped."""
    right = counted()
    start = whole.index(b"CREATE TABLE masks")
    assert refused_with_bit(whole, 8 * (start + place) + 7, right)


def test_options_that_contradict_their_index(whole):
    """Options that the index has and the list of them has not are damage; the other way round
    they are written once more."""
    right = counted()
    options = b'"version"'
    assert whole.count(options) == 2
    assert refused_with_bit(whole, 8 * whole.index(options) + 8, right)
    assert not refused_with_bit(whole, 8 * whole.rindex(options) + 8, right)
