"""The loops over pixels, compiled and in NumPy: both agree with loops that are plainly right."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weightcalc.errors import DecodeError
from weightcalc.kernels import ndarrays

TYPES = [
    "?", "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4",
    "<u8", ">u8", "<i8", ">i8", "V2", "V3", "V4", "V6", "V8",
]  # fmt: skip
STEPS = [1, 2, 3, 4, 6, 8]  # bytes of a pixel, as PNG has them


def table(size=256, offset=0):
    """A buffer for numbers, which starts at an address of int64 if the offset is 0."""
    return memoryview(np.zeros(size + 1, np.int64)).cast("B")[offset : offset + size * 8]


def count_plainly(raw: bytes, dtype: str) -> dict[int, int]:
    width = np.dtype(dtype).itemsize
    order = "big" if dtype[0] in ">V" else "little"
    pixels = (raw[start : start + width] for start in range(0, len(raw), width))
    return dict(Counter(int.from_bytes(p, order, signed="i" in dtype) for p in pixels))


def paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda neighbour: abs(estimate - neighbour))


PREDICT = [
    lambda left, above, corner: 0,
    lambda left, above, corner: left,
    lambda left, above, corner: above,
    lambda left, above, corner: (left + above) // 2,
    paeth,
]


def undo_plainly(rows: bytes, row_bytes: int, step: int) -> bytes:
    image, above = b"", bytes(row_bytes)
    for start in range(0, len(rows), row_bytes + 1):
        filtered, row = rows[start + 1 : start + 1 + row_bytes], bytearray()
        for i, value in enumerate(filtered):
            left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
            row.append((value + PREDICT[rows[start]](left, above[i], corner)) % 256)
        image, above = image + row, bytes(row)
    return image


def counted(dtype, pieces) -> dict[int, int]:
    counter = ndarrays.counter_of(np.dtype(dtype))
    for piece in pieces:
        counter.add(piece)
    return counter.counts()


def pieces_of(draw, data: bytes, unit: int) -> list[memoryview]:
    """Whole units of the data, cut at places that are drawn."""
    cuts = draw(st.lists(st.integers(0, len(data) // unit), max_size=5).map(sorted))
    places = [0, *(cut * unit for cut in cuts), len(data)]
    return [memoryview(data)[a:b] for a, b in pairwise(places)]


@st.composite
def fed_values(draw, dtype):
    """Pieces of the bytes of runs and of noise, both of few different values."""
    width = np.dtype(dtype).itemsize
    pixels = st.binary(min_size=width, max_size=width)
    if dtype == "?":
        pixels = st.sampled_from([b"\0", b"\1"])
    few = draw(st.lists(pixels, min_size=1, max_size=5))
    length = st.just(1) | st.integers(1, 60) | st.integers(500, 1500)
    runs = draw(st.lists(st.tuples(st.sampled_from(few), length), max_size=12))
    return pieces_of(draw, b"".join(pixel * number for pixel, number in runs), width)


def random_rows(seed, kinds, row_bytes, density) -> bytes:
    """Filtered rows of which a share of the bytes is not zero: images of runs, or noise."""
    random = np.random.default_rng(seed)
    rows = random.choice([1, 3, 253, 255, 128], (len(kinds), row_bytes + 1))
    if density == 1:
        rows = random.integers(0, 256, rows.shape)
    rows[random.random(rows.shape) >= density] = 0
    rows[:, 0] = kinds
    return rows.astype(np.uint8).tobytes()


@st.composite
def fed_rows(draw):
    """Bytes of a pixel and of a row, and pieces of filtered rows."""
    step = draw(st.sampled_from(STEPS))
    row_bytes = draw(st.integers(1, 70)) * step
    kinds = draw(st.lists(st.integers(0, 4), max_size=8))
    density = draw(st.sampled_from([0.02, 0.1, 0.5, 1]))
    rows = random_rows(draw(st.integers(0, 2**32)), kinds, row_bytes, density)
    return step, row_bytes, pieces_of(draw, rows, row_bytes + 1)


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=40)
@given(data=st.data())
def test_values_are_counted(dtype, data):
    """Runs and noise of each type are counted, however they are fed."""
    pieces = data.draw(fed_values(dtype))
    assert counted(dtype, pieces) == count_plainly(b"".join(pieces), dtype)


@pytest.mark.parametrize("dtype", TYPES[1:])
@pytest.mark.parametrize("most", [3, 256])
def test_noise_is_counted(dtype, most):
    """Noise is counted, of a few values and of as many as there can be."""
    width = np.dtype(dtype).itemsize
    noise = np.random.default_rng(most).integers(0, most, 50_000 // width * width, np.uint8)
    if width > 2:
        noise.reshape(-1, width)[:, : width - 2] = 7  # 65,536 different ones at most
    raw = noise.tobytes()
    assert counted(dtype, [raw]) == count_plainly(raw, dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("number", [0, 1, 2, 7, 8, 9, 1023, 1024, 1025, 300_000])
def test_one_long_run(kernel, dtype, number):
    """A run of any length, short or longer than what is looked at together, is one count."""
    raw = bytes([1]) * np.dtype(dtype).itemsize * number
    expected = count_plainly(raw[: np.dtype(dtype).itemsize], dtype)
    assert counted(dtype, [raw]) == dict.fromkeys(expected, number)


def test_each_pattern_of_two_bytes(kernel):
    """All 65,536 values of 16 bits may occur in a mask."""
    values = np.arange(1 << 16, dtype=">u2")
    assert counted(">u2", [values, values]) == dict.fromkeys(range(1 << 16), 2)


@pytest.mark.parametrize("dtype", ["V3", "<u4", "V6", ">i8"])
def test_most_different_values(kernel, dtype):
    """65,536 different values are a mask, one more is none, be it in another piece."""
    width = np.dtype(dtype).itemsize
    raw = b"".join(value.to_bytes(width, "big") for value in range(1 << 16))
    counter = ndarrays.counter_of(np.dtype(dtype))
    counter.add(raw)
    counter.add(raw)
    assert set(counter.counts().values()) == {2}
    assert len(counter.counts()) == 1 << 16
    with pytest.raises(DecodeError, match="more than 65536 different values"):
        counter.add(b"\1" * width)


@pytest.mark.parametrize("dtype", ["c8", "U1", "S2", "O", "V5", "V7", "V16", "M8[s]"])
def test_types_that_are_no_values(dtype):
    """Only integers, booleans and pixels of several samples can be counted."""
    with pytest.raises(TypeError, match="cannot count values of"):
        ndarrays.counter_of(np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["<u2", "V3", "<i8"])
def test_part_of_a_value(kernel, dtype):
    """Bytes that end within a value are a mistake of the caller."""
    with pytest.raises(TypeError, match=r"no whole values of \d bytes"):
        ndarrays.counter_of(np.dtype(dtype)).add(bytes(25))


def pixels_of(rows: bytes, row_bytes: int, step: int) -> Counter[int]:
    image = undo_plainly(rows, row_bytes, step)
    return Counter(int.from_bytes(image[i : i + step], "big") for i in range(0, len(image), step))


@settings(max_examples=400)
@given(fed=fed_rows())
def test_rows_are_counted(kernel, fed):
    """Rows of any mix of filters hold the pixels that the PNG specification says."""
    step, row_bytes, pieces = fed
    counter = kernel.ValueCounter(step, "big")
    rows = kernel.RowCounter(row_bytes, counter)
    for piece in pieces:
        rows.add(piece)
    assert counter.counts() == pixels_of(b"".join(pieces), row_bytes, step)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("density", [0, 0.004, 0.1, 1])
def test_long_rows(kernel, step, kind, density):
    """Each filter alone is undone, byte by byte, in rows that are long, empty, sparse or full."""
    row_bytes = 509 * step
    rows = random_rows(step, [1, *[kind] * 5], row_bytes, density)
    above, size = bytearray(row_bytes), row_bytes + 1
    expected = undo_plainly(rows, row_bytes, step)
    for y in range(6):
        numbers = {} if step > 2 else table(256**step)
        row = rows[y * size : (y + 1) * size]
        assert kernel.count_rows(row, step, above, numbers, b"") == -1
        assert above == expected[y * row_bytes : (y + 1) * row_bytes]


@settings(max_examples=100)
@given(data=st.data(), row_bytes=st.integers(1, 70))
def test_last_bytes_are_counted(kernel, data, row_bytes):
    """The last byte of each row is counted once more by itself: its padding is no sample."""
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    rows = random_rows(data.draw(st.integers(0, 99)), kinds, row_bytes, 0.3)
    every, last = kernel.ValueCounter(1), kernel.ValueCounter(1)
    kernel.RowCounter(row_bytes, every, last).add(rows)
    assert every.counts() == pixels_of(rows, row_bytes, 1)
    assert last.counts() == Counter(undo_plainly(rows, row_bytes, 1)[row_bytes - 1 :: row_bytes])


@pytest.mark.parametrize("step", [3, 4, 6, 8])
def test_rows_of_too_many_pixels(kernel, step):
    """A row of noise is refused, and does not fill the memory."""
    row = b"\0" + b"".join(value.to_bytes(step, "big") for value in range(200_000))
    rows = kernel.RowCounter(len(row) - 1, kernel.ValueCounter(step))
    with pytest.raises(DecodeError, match="more than 65536 different values"):
        rows.add(row)


@pytest.mark.parametrize("kind", [5, 255])
@pytest.mark.parametrize("index", [0, 3])
def test_bad_filter(kernel, kind, index):
    """A filter type above 4 is refused with the number of its row in the image."""
    rows = kernel.RowCounter(6, kernel.ValueCounter(3))
    rows.add(random_rows(0, [1, 4], 6, 1))
    kinds = [2] * index + [kind, 3]
    with pytest.raises(DecodeError, match=f"^row {2 + index} has filter type {kind}, above 4$"):
        rows.add(random_rows(0, kinds, 6, 1))


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_threads(kernel, width):
    """Threads that count at the same time do not disturb each other."""
    masks = [bytes([k]) * width * 50_000 for k in range(8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda raw: counted(f"V{width}", [raw]), masks))
    assert found == [count_plainly(raw, f"V{width}") for raw in masks]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("count_values", (b"ab", 0, table())),
        ("count_values", (b"ab", -1, table())),
        ("count_values", (b"abc", 3, table())),
        ("count_values", (b"ab", 1, table(255))),
        ("count_values", (b"ab", 1, table(65536))),
        ("count_values", (b"ab", 2, table(256))),
        ("count_values", (b"abc", 2, table(65536))),
        ("count_values", (b"ab", 1, table(offset=1))),
        ("count_values", (b"ab", 1, {})),
        ("count_values", (bytes(10), 5, {})),
        ("count_values", (bytes(48), 16, {})),
        ("count_values", (bytes(3), -3, {})),
        ("count_values", (bytes(4), 3, {})),
        ("count_rows", (bytes(5), 1, bytearray(3), table(), b"")),
        ("count_rows", (bytes(4), 1, bytearray(0), table(), b"")),
        ("count_rows", (bytes(4), 0, bytearray(3), table(), b"")),
        ("count_rows", (bytes(4), 2, bytearray(3), table(65536), b"")),
        ("count_rows", (bytes(4), 5, bytearray(5), {}, b"")),
        ("count_rows", (bytes(4), 3, bytearray(3), table(), b"")),
        ("count_rows", (bytes(4), 1, bytearray(3), {}, b"")),
        ("count_rows", (bytes(4), 1, bytearray(3), table(), table(255))),
        ("count_rows", (bytes(4), 1, bytearray(3), table(), table(offset=1))),
        ("count_rows", (bytes(4), 1, bytearray(3), table(), bytes(2048))),
        ("count_rows", (bytes(4), 3, bytearray(3), {}, table())),
    ],
)
def test_sizes_that_do_not_fit(compiled, function, arguments):
    """The compiled kernel leaves no buffer, whatever it is told about the sizes."""
    with pytest.raises(ValueError, match="sizes do not fit"):
        getattr(compiled, function)(*arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        ("count_values", (b"a", 1, bytes(2048)), BufferError),
        ("count_values", ("a", 1, table()), TypeError),
        ("count_values", (memoryview(b"abcd")[::2], 1, table()), BufferError),
        ("count_values", (b"a", 1, []), TypeError),
        ("count_values", (b"abc", 3, {0x636261: "many"}), TypeError),
        ("count_rows", (bytes(4), 1, bytes(3), table(), b""), TypeError),
    ],
)
def test_objects_that_do_not_fit(compiled, function, arguments, error):
    """The compiled kernel refuses objects that it cannot read or write."""
    with pytest.raises(error):
        getattr(compiled, function)(*arguments)


def test_counts_are_added(kernel):
    """Counts go on from what is there, and know no largest number."""
    small, large = np.full(256, 5), {1: 2**70, 9: 1}
    kernel.count_values(memoryview(b"\1\2\2"), 1, small)
    kernel.count_values(memoryview(b"\1\0\0\2\0\0"), 3, large)
    assert small[:4].tolist() == [5, 6, 7, 5]
    assert large == {1: 2**70 + 1, 2: 1, 9: 1}
