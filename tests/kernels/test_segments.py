"""LZW and differences of TIFF, compiled and in NumPy: both agree with loops that are plainly right."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.plain_tiff import unpack_lzw
from support.tiff_writer import pack_lzw

from weightcalc.errors import DamagedError
from weightcalc.kernels import numpy_twin

CLEAR, END = 256, 257
MOST_CODES = 1 + 4097 - 258  # after a clear code: all but the first of them add a string


def pack(codes) -> bytes:
    """Codes as a stream, each as wide as the table asks that they have filled until then."""
    bits, table, width, is_first = "", 258, 9, True
    for code in codes:
        bits += f"{code:0{width}b}"
        table += code != CLEAR and not is_first
        if code == CLEAR:
            table = 258
        is_first = code == CLEAR
        width = 9 + (table >= 511) + (table >= 1023) + (table >= 2047)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def decoded(segments, data, size):
    """The bytes, or what is wrong."""
    try:
        return segments.decode_lzw(data, size)
    except DamagedError as error:
        return str(error)


def long_strings(seed, size) -> bytes:
    """Pieces of what went before, again and again, some of which overlap themselves."""
    dice, data = random.Random(seed), bytearray(b"ab")
    while len(data) < size:
        start = dice.randrange(len(data))
        for k in range(dice.choice([1, 5, 40, 700])):
            data.append(data[start + k])
        data.append(dice.randrange(256))
    return bytes(data[:size])


@st.composite
def contents(draw):
    """Noise of few or all values, runs, or long strings."""
    size, seed = draw(st.integers(1, 9000)), draw(st.integers(0, 1 << 32))
    dice = np.random.default_rng(seed)
    kind = draw(st.sampled_from(["noise", "bits", "runs", "strings"]))
    if kind == "strings":
        return long_strings(seed, size)
    values = dice.integers(0, 256 if kind == "noise" else 3, size, np.uint8)
    if kind == "runs":
        values = values.repeat(dice.integers(1, 300, size))[:size]
    return values.tobytes()


@settings(max_examples=60, deadline=None)
@given(data=contents())
def test_lzw_is_decoded(segments, data):
    """What a plain encoder packs is decoded to what it was, of any kind and length."""
    assert segments.decode_lzw(pack_lzw(data), len(data)) == data


@pytest.mark.parametrize("kind", ["noise", "few", "runs", "strings", "ramp"])
def test_lzw_of_libtiff(segments, kind):
    """What libtiff packs is decoded, table after table."""
    dice = np.random.default_rng(5)
    values = {
        "noise": dice.integers(0, 256, 200_000, np.uint8),
        "few": dice.integers(0, 19, 200_000, np.uint8),
        "runs": dice.integers(0, 19, 9000, np.uint8).repeat(dice.integers(1, 99, 9000))[:200_000],
        "strings": np.frombuffer(long_strings(1, 200_000), np.uint8),
        "ramp": np.arange(200_000, dtype=np.uint8),
    }[kind].reshape(400, 500)
    file = BytesIO()
    Image.fromarray(values).save(file, "TIFF", compression="tiff_lzw", strip_size=1 << 20)
    (start,), (size,) = (Image.open(file).tag_v2[tag] for tag in (273, 279))
    strip = file.getvalue()[start : start + size]
    assert segments.decode_lzw(strip, values.size) == values.tobytes()


@settings(max_examples=100, deadline=None)
@given(data=contents(), share=st.floats(0, 1))
def test_lzw_that_is_cut(segments, data, share):
    """A stream that ends early is decoded to the beginning of what it was, up to its last code."""
    whole = pack_lzw(data)
    found = segments.decode_lzw(whole[: int(len(whole) * share)], len(data))
    assert found == unpack_lzw(whole[: int(len(whole) * share)], len(data))
    assert data.startswith(found)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 15, 16, 17, 100, 300, 5000, 6000])
def test_size_of_lzw(segments, size):
    """No more bytes are made than asked for, and what follows them is not looked at."""
    data = b"abracadabra" * 500
    packed = pack_lzw(data)
    assert segments.decode_lzw(packed, size) == data[:size]
    assert segments.decode_lzw(pack([CLEAR, 97, 98, 4000]), 2) == b"ab"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([CLEAR, 97, 258, 259, 257], b"aaaaaa"),  # each code is the string that it completes
        ([CLEAR, 97, 98, 258, 260, 259, END], b"ababababa"),
        ([CLEAR, 97, 98, END, 99], b"ab"),
        ([CLEAR, CLEAR, 97, CLEAR, 98, 258, CLEAR], b"abbb"),
        ([CLEAR], b""),
        ([END, 97], b""),
        ([], b""),
    ],
)
def test_lzw_by_hand(segments, codes, expected):
    """Strings, clear codes and the end code mean what TIFF 6.0 says."""
    assert segments.decode_lzw(pack(codes), 1000) == expected


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([CLEAR, 258], "code 258 after 0 bytes"),
        ([CLEAR, 97, 98, 260], "code 260 after 2 bytes"),
        ([CLEAR, 97, 98, 258, CLEAR, 258], "code 258 after 4 bytes"),
        ([CLEAR, 97, 511], "code 511 after 1 bytes"),
    ],
)
def test_lzw_code_without_meaning(segments, codes, message):
    """A code beyond the next string is damage, and so is that one where nothing went before."""
    with pytest.raises(DamagedError, match=f"^its LZW {message} has no meaning$"):
        segments.decode_lzw(pack(codes), 1000)


@pytest.mark.parametrize("codes", [254, 255, 766, 767, 1790, 1791, 3838, 3839, MOST_CODES])
def test_codes_become_longer(segments, codes):
    """Codes have 10 bits after string 510, 11 after 1022 and 12 after 2046: one early."""
    data = [k * k % 251 for k in range(codes)]
    assert segments.decode_lzw(pack([CLEAR, *data, END]), 1 << 16) == bytes(data)
    if codes < MOST_CODES:
        last = 256 + codes  # the last string that is complete, which is of two bytes
        found = segments.decode_lzw(pack([CLEAR, *data, last]), 1 << 16)
        assert found == bytes(data + data[-2:])


def test_full_table(segments):
    """More strings than codes of 12 bits can name, without a clear code, are damage."""
    codes = [CLEAR, *[7] * (MOST_CODES + 1)]
    with pytest.raises(DamagedError, match=f"code 7 after {MOST_CODES} bytes"):
        segments.decode_lzw(pack(codes), 1 << 16)
    assert segments.decode_lzw(pack(codes), MOST_CODES) == bytes([7]) * MOST_CODES
    cleared = [*codes[:-1], CLEAR, 8, 258]
    assert segments.decode_lzw(pack(cleared), 1 << 16) == bytes([7]) * MOST_CODES + b"\x08" * 3


@settings(max_examples=300, deadline=None)
@given(data=contents(), draw=st.data())
def test_lzw_that_is_damaged(compiled, data, draw):
    """Whatever bits of a stream are changed, both twins find the same bytes, and the same fault."""
    stream, size = bytearray(pack_lzw(data)), len(data) + draw.draw(st.integers(-50, 50))
    for _ in range(draw.draw(st.integers(1, 9))):
        stream[draw.draw(st.integers(0, len(stream) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    assert compiled.unpack_lzw(stream, max(0, size)) == numpy_twin.unpack_lzw(stream, max(0, size))


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 1 << 32), known=st.integers(0, 600), wild=st.integers(0, 9))
def test_lzw_of_any_codes(compiled, seed, known, wild):
    """Codes that no encoder writes are the same to both twins."""
    dice = random.Random(seed)
    codes = [dice.choice([7, CLEAR, dice.randrange(256), 257 + k]) for k in range(known)]
    stream = pack([CLEAR, *codes, *(dice.randrange(4096) for _ in range(wild))])
    assert compiled.unpack_lzw(stream, 1 << 14) == numpy_twin.unpack_lzw(stream, 1 << 14)


@settings(max_examples=200, deadline=None)
@given(noise=st.binary(max_size=300), size=st.integers(0, 5000))
def test_lzw_of_noise(compiled, noise, size):
    """Bytes that are no LZW are the same to both twins."""
    for stream in (noise, b"\x80" + noise):
        assert compiled.unpack_lzw(stream, size) == numpy_twin.unpack_lzw(stream, size)


def test_lzw_in_threads(segments):
    """Threads that decode at the same time do not disturb each other."""
    data = [long_strings(seed, 30_000) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda raw: segments.decode_lzw(pack_lzw(raw), len(raw)), data))
    assert found == data


def add_up_plainly(numbers, columns, samples, bits):
    """Sums of numbers along rows of so many pixels."""
    sums = []
    for k, number in enumerate(numbers):
        is_first = k % (columns * samples) < samples
        sums.append((number + (0 if is_first else sums[k - samples])) % (1 << bits))
    return sums


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("width", [1, 2, 4, 8])
@settings(max_examples=40, deadline=None)
@given(
    samples=st.integers(1, 5), rows=st.integers(1, 4), columns=st.integers(1, 40),
    seed=st.integers(0, 1 << 32), most=st.sampled_from([1, 1 << 8, 1 << 64]),
)  # fmt: skip
def test_differences(segments, width, order, samples, rows, columns, seed, most):
    """Samples of any width, order and number are added up along each row, and wrap around."""
    dice, bits = random.Random(seed), 8 * width
    numbers = [-dice.randrange(most) % (1 << bits) for _ in range(rows * columns * samples)]
    raw, expected = (
        b"".join(number.to_bytes(width, order) for number in found)
        for found in (numbers, add_up_plainly(numbers, columns, samples, bits))
    )
    array = np.frombuffer(raw, np.uint8).reshape(rows, -1)
    for kind in "ui" if width < 4 else "uif":
        sample = np.dtype(f"{kind}{width}").newbyteorder(order)
        found = segments.undo_differences(array, sample, samples)
        assert found.tobytes() == expected
        assert found.shape == array.shape


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("unpack_lzw", (b"\x80", -1)),
        ("add_up_pixels", (bytes(12), 5, 1, 1, False)),
        ("add_up_pixels", (bytes(12), 0, 1, 1, False)),
        ("add_up_pixels", (bytes(12), -4, 1, 1, False)),
        ("add_up_pixels", (bytes(12), 12, 3, 1, False)),
        ("add_up_pixels", (bytes(12), 12, 0, 1, False)),
        ("add_up_pixels", (bytes(12), 12, 8, 1, False)),
        ("add_up_pixels", (bytes(12), 12, 2, 4, False)),
        ("add_up_pixels", (bytes(12), 12, 4, 0, False)),
        ("add_up_pixels", (bytes(12), 12, 4, -3, False)),
        ("add_up_pixels", (bytes(12), 12, 4, 1 << 62, False)),
        ("add_up_pixels", (bytes(12), 12, 1, 13, False)),
    ],
)
def test_sizes_that_do_not_fit(compiled, function, arguments):
    """The compiled kernel leaves no buffer, whatever it is told about the sizes."""
    with pytest.raises(ValueError, match="sizes do not fit"):
        getattr(compiled, function)(*arguments)
