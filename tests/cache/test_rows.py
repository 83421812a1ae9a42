"""Value counts as rows of a cache: nothing is lost, and nothing odd gets in or out."""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weightcalc import ValueCounts
from weightcalc.cache.rows import pack, unpack

numbers = st.one_of(st.integers(0, 300), st.integers(-(2**63), 2**64 - 1))
mask_values = st.dictionaries(numbers, st.integers(0, 2**50), max_size=8)


@given(st.lists(st.tuples(mask_values, st.integers(0, 99), st.text(max_size=9)), max_size=3))
def test_rows_keep_all(parts):
    """What is packed is unpacked as it was, in the same order."""
    masks = [
        ValueCounts(values, sum(values.values()) + rest, text, 255, rest, 3, (text,) * 2)
        for values, rest, text in parts
        if text != "multilabel" and (min(values, default=0) >= 0 or max(values) < 2**63)
    ]
    found = unpack(pack(masks, 5), 5)
    assert found == masks
    assert [[*mask.values] for mask in found] == [[*mask.values] for mask in masks]


def test_size_of_a_row():
    """Ten classes of a large mask take less than 100 bytes."""
    mask = ValueCounts({i: 10**8 + i for i in range(10)}, 10**9 + 45, "palette")
    assert 0 < len(pack([mask], 0)) < 100


@pytest.mark.parametrize(
    "mask",
    [
        ValueCounts({0: 3}, 4, "grey"),
        ValueCounts({0: 3}, 4, "grey", unlabelled=2),
        ValueCounts({0: 5}, 4, "multilabel"),
        ValueCounts({0: -1, 1: 5}, 4, "grey"),
        ValueCounts({0: 2**65}, 2**65, "grey"),
        ValueCounts({-1: 1, 2**63: 1}, 2, "array"),
        ValueCounts({2**64: 1}, 1, "array"),
    ],
)
def test_what_no_row_holds(mask):
    """Counts that contradict themselves, or are larger than any file's, make no row."""
    assert pack([mask], 0) == b""


@given(st.binary(max_size=80), st.binary(max_size=30))
def test_any_bytes_are_refused(body, head):
    """Bytes that are no row are a ValueError, whatever they are, and nothing else."""
    for data in (body, len(head).to_bytes(2, "little") + head + body):
        row = crc32(data, 3).to_bytes(4, "little") + data
        try:
            masks = unpack(row, 3)
        except ValueError:
            continue
        assert masks == [] or pack(masks, 3)


@pytest.mark.parametrize(
    "changed", [{"nodata": -9}, {"colors": {0: 0x010203, 4: 0}}, {"overlapping": True}]
)
def test_what_few_masks_have(changed):
    """Nodata, the colours of indices, and classes that overlap are kept too."""
    mask = ValueCounts({0: 3, 4: 2}, 5, "palette")._replace(**changed)
    assert unpack(pack([mask], 1), 1) == [mask]
