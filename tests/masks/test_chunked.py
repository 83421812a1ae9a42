"""Arrays in chunks of any shape give the counts of the same array in a .npy file."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weightcalc import MaskError, ReadOptions, count_file
from weightcalc.errors import DecodeError, LimitError
from weightcalc.masks import chunked
from weightcalc.masks.arrays import Header, boxes, steps_within


def stored(values, chunks, reads=None):
    """An array in memory as if it were in chunks, each read of which is noted."""

    def read(box):
        if reads is not None:
            reads.append(box)
        return values[box]

    return chunked.Chunked(Header(values.dtype, values.shape, False), chunks, read)


def results(count):
    """What counting gives: the masks, or the type of the error."""
    try:
        return [mask._replace(notes=()) for mask in count()]
    except (MaskError, DecodeError) as error:
        return getattr(error, "kind", type(error))


@st.composite
def arrays(draw):
    """A small array, the lengths of its chunks, and options to read it with."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=5)))
    chunks = tuple(draw(st.integers(1, 7)) for _ in shape)
    encoding = draw(st.sampled_from(["auto", "index", "color", "one-hot", "multilabel"]))
    axis = None
    if encoding in ("one-hot", "multilabel"):
        axis = draw(st.sampled_from([None, *range(len(shape))]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    dtype = draw(st.sampled_from(["u1", "i2", "f4", "?"]))
    values = rng.integers(0, draw(st.integers(1, 4)), shape).astype(dtype)
    if encoding == "one-hot" and axis is not None and draw(st.booleans()):
        values = np.moveaxis(
            np.eye(shape[axis], dtype=dtype)[
                rng.integers(0, shape[axis], (*shape[:axis], *shape[axis + 1 :]))
            ],
            -1,
            axis,
        )
    return np.ascontiguousarray(values), chunks, ReadOptions(encoding, axis)


@pytest.mark.parametrize(
    "limits", [{}, {"_BOX_BYTES": 8, "COUNTER_BYTES": 1 << 12, "_BYTES_OF_CHANNELS": 1}]
)
@settings(max_examples=400)
@given(case=arrays())
def test_same_as_npy(tmp_path_factory, limits, case):
    """Shapes, encodings and refusals are those of .npy, however an array is cut into chunks."""
    values, chunks, options = case
    path = tmp_path_factory.getbasetemp() / "same.npy"
    np.save(path, values)
    expected = results(lambda: count_file(str(path), options))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(chunked, name, value)
        assert results(lambda: chunked.count_chunked(stored(values, chunks), options)) == expected


@pytest.mark.parametrize(
    ("shape", "chunks", "options"),
    [
        ((40, 30), (7, 8), ReadOptions()),
        ((40, 30, 20), (16, 7, 20), ReadOptions("index")),
        ((40, 30, 3), (7, 8, 1), ReadOptions("color")),
        ((40, 30, 5), (7, 8, 2), ReadOptions("multilabel")),
        ((5, 40, 30), (1, 7, 8), ReadOptions("one-hot", 0)),
        ((6, 5, 40, 30), (4, 5, 7, 8), ReadOptions("one-hot", 1)),
    ],
)
def test_chunks_are_read_once(monkeypatch, shape, chunks, options):
    """Every value is read once, in boxes that cut no chunk."""
    monkeypatch.setattr(chunked, "_BOX_BYTES", 100)
    reads: list[tuple[slice, ...]] = []
    list(chunked.count_chunked(stored(np.zeros(shape, np.uint8), chunks, reads), options))
    times = np.zeros(shape, int)
    for box in reads:
        times[box] += 1
        for part, size, chunk in zip(box, shape, chunks, strict=True):
            assert part.start % chunk == 0
            assert part.stop == size or part.stop % chunk == 0
    assert times.min() == times.max() == 1


def test_boxes():
    """Boxes cover an array once, and hold as many whole chunks as they may."""
    for shape, chunks, most in itertools.product(
        [(10, 10), (3, 50)], [(1, 1), (4, 7), (99, 2)], [1, 30, 1000]
    ):
        steps = steps_within(shape, chunks, most)
        seen = np.zeros(shape, int)
        for box in boxes(shape, steps):
            seen[box] += 1
        assert seen.min() == seen.max() == 1
        least = np.prod([min(a, b) for a, b in zip(shape, chunks, strict=True)])
        assert np.prod(steps) <= max(most, least)


def test_too_many_chunks():
    """Each chunk costs the libraries an object, so that millions of them are refused unread."""
    reads = []
    array = stored(np.zeros((1, 1), np.uint8), (1, 1), reads)
    large = array._replace(header=array.header._replace(shape=(5000, 5000)))
    with pytest.raises(LimitError, match="25000000 chunks"):
        list(chunked.count_chunked(large, ReadOptions()))
    assert not reads


def test_chunks_larger_than_the_array():
    """A chunk is decoded whole, however little of it lies in the array."""
    array = stored(np.zeros((4, 5), np.uint8), (1 << 16, 1 << 15))
    with pytest.raises(LimitError, match="2147483648 bytes"):
        list(chunked.count_chunked(array, ReadOptions()))


def test_a_chunk_of_many_masks_is_read_once(monkeypatch):
    """Masks of one chunk are counted in turn where their counters are too many at once."""
    monkeypatch.setattr(chunked, "COUNTER_BYTES", 3 * 2048)
    values, reads = np.arange(20, dtype=np.uint8).reshape(20, 1, 1).repeat(6, 1).repeat(6, 2), []
    masks = list(chunked.count_chunked(stored(values, (20, 6, 6), reads), ReadOptions("index")))
    assert [mask.values for mask in masks] == [{n: 36} for n in range(20)]
    assert len(reads) == 1


def test_chunks_of_parts_of_many_masks(monkeypatch):
    """Chunks that would be decoded over and over are refused."""
    monkeypatch.setattr(chunked, "COUNTER_BYTES", 2048)
    monkeypatch.setattr(chunked, "_BOX_BYTES", 1)
    array = stored(np.zeros((40, 6, 6), np.uint8), (40, 1, 1))
    with pytest.raises(LimitError, match="decoded 40 times"):
        list(chunked.count_chunked(array, ReadOptions("index")))
