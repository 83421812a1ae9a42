"""What is behind URLs in the cache: known by the tag of its listing, or not kept."""

from __future__ import annotations

import pytest

from weightcalc import ReadOptions, ValueCounts
from weightcalc.cache import cache
from weightcalc.counts.tally import Counted
from weightcalc.sources.names import ListedUrl

URL = "https://host/a.png"


@pytest.fixture
def count(tmp_path):
    """A function that counts a URL with a cache: how often it was read, and what is not kept."""

    def count(url, values):
        read = []

        def count_rest(names):
            read.extend(names)
            return [Counted(name, [ValueCounts(values, 1, "grey")]) for name in names]

        with cache.open_cache(str(tmp_path / "c.db"), ReadOptions()) as opened:
            (one,) = opened.count_each([url], count_rest)
        assert one.masks[0].values == values
        return len(read), dict(opened.not_kept)

    return count


def test_urls_without_a_tag_are_not_kept(count):
    """A URL whose listing gave no tag has no state that could be compared, and is read each time."""
    for url in (URL, ListedUrl(URL, 1, "")):
        for _ in range(2):
            assert count(url, {0: 1}) == (1, {cache._NO_TAG: 1})


def test_urls_with_a_tag_are_kept(count):
    """A URL is read again where its listing gives another size or tag, and only there."""
    assert count(ListedUrl(URL, 1, "x"), {0: 1}) == (1, {})
    assert count(ListedUrl(URL, 1, "x"), {0: 1}) == (0, {})
    assert count(ListedUrl(URL, 1, "y"), {1: 1}) == (1, {})
    assert count(ListedUrl(URL, 2, "y"), {2: 1}) == (1, {})
    assert count(ListedUrl(URL, 2, "y"), {2: 1}) == (0, {})
