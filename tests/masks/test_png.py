"""PNG masks: every legal file counts right, every damaged one is refused or noted, never wrong."""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.png_damage import (
    IN_BLOCKS,
    damage_pixels,
    files_to_flip,
    flip_bit,
    move_end,
    replace_bytes,
)
from support.png_writer import (
    GREY,
    GREY_ALPHA,
    KINDS,
    NOTED,
    PALETTE,
    REFUSED,
    RGB,
    RGBA,
    ROWS,
    SAMPLES,
    SILENT,
    VALUES,
    chunk,
    chunks_of,
    header,
    join,
    read_plainly,
    write_png,
)

from weightcalc import ReadOptions, count_file
from weightcalc.errors import DamagedError, DecodeError
from weightcalc.kernels import counters as kernels
from weightcalc.kernels import numpy_twin as numpy_kernels
from weightcalc.masks import png, png_plain, png_values

# Pillow scales grey of 2 and 4 bits, and cuts 16 bits of several samples down to 8.
PILLOW_CHANGES = {(GREY, 2), (GREY, 4), (RGB, 16), (GREY_ALPHA, 16), (RGBA, 16)}


@pytest.fixture(scope="module", autouse=True, params=["numpy", "compiled"])
def kernel(request):
    """The loops over pixels: all tests run over both twins."""
    twin = numpy_kernels
    if request.param == "compiled":
        twin = pytest.importorskip("weightcalc.kernels._kernels", reason="not built")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("count_values", "count_rows"):
            patch.setattr(kernels, name, getattr(twin, name))
        yield


def count(data, **options):
    """What `count_png` finds in the bytes of a file; the fast path finds the same, or declines."""
    options = ReadOptions(**options)
    fast = png_plain.count_plain_bytes(data, options)
    try:
        careful = png.count_png(io.BytesIO(data), options)
    except DecodeError:
        assert fast is None
        raise
    assert fast in (None, careful)
    return careful


def count_pixels(data):
    """The pixels of a file as tuples of samples, before anything is refused or made grey."""
    _, _, depth, color = struct.unpack(">IIBB", data[16:26])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png_values, "values_of_pixels", lambda pixels, *_: pixels)
        patch.setattr(
            png, "pixel_counter", lambda n, bits, _: kernels.ValueCounter(n * bits // 8, "big")
        )
        packed = count(data).values
    low, shifts = (1 << depth) - 1, range((SAMPLES[color] - 1) * depth, -1, -depth)
    return {tuple(pixel >> shift & low for shift in shifts): n for pixel, n in packed.items()}


def count_by_pillow(data):
    """The same as Pillow sees it."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        array = np.asarray(image).astype(int)
    return Counter(map(tuple, array.reshape(-1, array.shape[2] if array.ndim > 2 else 1).tolist()))


def draw_rows(width, height, color, depth, seed):
    """A picture like a mask: runs of a few pixels, rows like the one above, and some noise."""
    dice = random.Random(f"{width} {height} {color} {depth} {seed}")
    some = [tuple(dice.randrange(1 << depth) for _ in range(SAMPLES[color])) for _ in range(300)]
    few, rows = some[: dice.randint(1, 6)], []
    for _ in range(height):
        style = dice.random()
        if rows and style < 0.4:
            row = list(rows[-1])
            row[dice.randrange(width)] = dice.choice(few)
        else:
            longest, choice = (1, some) if style > 0.8 else (40, few)
            row = []
            while len(row) < width:
                row += [dice.choice(choice)] * dice.randint(1, longest)
        rows.append(row[:width])
    return rows


def tally(rows):
    """How often each pixel stands in a picture."""
    return Counter(pixel if isinstance(pixel, tuple) else (pixel,) for row in rows for pixel in row)


@cache
def files_of_every_width(color, depth):
    """Files 1 to 70 pixels wide with each filter, plain and interlaced, and their pixels."""
    found = []
    for width in range(1, 71):
        for interlaced in (False, True):
            rows = draw_rows(width, 12, color, depth, interlaced)
            filters = [0, 1, 2, 3, 4, 4, 3, 2, 1, 0][width % 5 :]
            data = write_png(rows, color, depth, filters=filters, interlaced=interlaced)
            assert read_plainly(data) == tally(rows)
            found.append((data, tally(rows)))
    return found


@pytest.mark.parametrize(("color", "depth"), KINDS)
def test_every_kind_of_every_width(color, depth):
    """Widths 1 to 70 of a colour type and depth count as a plain loop counts them."""
    wrong = [n for n, (data, right) in enumerate(files_of_every_width(color, depth))
             if count_pixels(data) != right]  # fmt: skip
    assert not wrong


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from(KINDS),
    size=st.tuples(st.integers(1, 70), st.integers(1, 24)),
    filters=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    interlaced=st.booleans(),
    split=st.sampled_from([None, 1, 2, 3, 7, 31, 101, 257]),
    level=st.sampled_from([0, 1, 9]),
    padding=st.sampled_from("01"),
    piece=st.sampled_from([1, 50, 333, 1 << 16]),
    seed=st.integers(0, 999),
)
def test_any_file(kind, size, filters, interlaced, split, level, padding, piece, seed):
    """Any legal file counts as by construction, as by the plain decoder, and as by Pillow."""
    rows = draw_rows(*size, *kind, seed)
    data = write_png(
        rows, *kind, filters=filters, interlaced=interlaced, split=split, level=level,
        padding=padding,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png, "_PIECE", piece)
        found = count_pixels(data)
    assert found == tally(rows) == read_plainly(data)
    if kind not in PILLOW_CHANGES:
        assert found == count_by_pillow(data)


@cache
def noisy_chunks():
    """A picture of 75,000 bytes, more than is inflated at once, in one IDAT; and its pixels."""
    rows = draw_rows(150, 500, GREY, 8, "noise")
    return chunks_of(rows, filters=(4, 1, 3, 2), level=0), tally(rows)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 13, 127, 8191, 16384, 65537, None])
def test_pixels_in_pieces(size):
    """IDATs of any size, empty ones among them, hold the same pixels."""
    (head, (_, stream), end), right = noisy_chunks()
    size = size or len(stream)
    pieces = [(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    empty = (b"IDAT", b"")
    data = join([head, empty, *pieces[:1], empty, *pieces[1:], empty, end])
    found = count(data)
    assert {(value,): number for value, number in found.values.items()} == right
    assert found.notes == ()


@cache
def file_of_one_filter(width, height, kind):
    """Sevens, but for three pixels of 250: in the first, the second and the last row."""
    rows = [[7] * width for _ in range(height)]
    rows[0][0] = rows[1][-1] = rows[-1][-1] = 250
    return write_png(rows, filters=(kind,))


@pytest.mark.parametrize(("width", "height"), [(70_001, 3), (3, 70_001)])
@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_wide_and_tall(width, height, kind):
    """Rows longer than a piece, and more of them than a piece holds, refer to the one above."""
    assert count(file_of_one_filter(width, height, kind)).values == {7: 210_000, 250: 3}


def test_larger_than_a_read(tmp_path):
    """A file above 4 MiB on disk, read in pieces, counts as its array does."""
    noise = np.random.default_rng(5).integers(0, 200, (2048, 2304), dtype=np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path, compress_level=1)
    assert path.stat().st_size > 4 << 20
    (mask,) = count_file(str(path))
    assert mask.values == dict(enumerate(np.bincount(noise.ravel()).tolist()))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"noise\.png"):
        count_file(str(path))


@pytest.mark.parametrize(("depth", "row"), [(1, [0, 1, 1]), (2, [0, 3, 3]), (4, [1, 15, 15]),
                                            (8, [1, 255, 255]), (16, [256, 65535, 65535])])  # fmt: skip
@pytest.mark.parametrize("interlaced", [False, True])
def test_samples_are_raw(depth, row, interlaced):
    """Grey of any depth gives the stored samples: never scaled to 255, never cut to 8 bits."""
    mask = count(write_png([row, row], GREY, depth, interlaced=interlaced, padding="1"))
    assert mask.values == {row[0]: 2, row[1]: 4}
    assert mask.pixels == 6
    assert (mask.kind, mask.largest) == (("grey", 255) if depth < 16 else ("16-bit grey", 65535))


def test_index_of_a_palette_image():
    """A palette image counts by index, whatever the colours, and is of a kind of its own."""
    mask = count(write_png([[0, 3, 3], [2, 2, 2]], PALETTE, 2))
    assert (mask.values, mask.kind, mask.notes) == ({0: 1, 3: 2, 2: 3}, "palette", ())


@pytest.mark.parametrize("depth", [8, 16])
def test_colours_that_are_greys(depth):
    """RGB with three equal samples, and any image with one alpha, count as grey."""
    assert count(write_png([[(9, 9, 9), (200, 200, 200)]], RGB, depth)).values == {9: 1, 200: 1}
    assert count(write_png([[(9, 9, 9, 77), (5, 5, 5, 77)]], RGBA, depth)).values == {9: 1, 5: 1}
    assert count(write_png([[(9, 255), (5, 255)]], GREY_ALPHA, depth)).values == {9: 1, 5: 1}


@pytest.mark.parametrize("color", [RGB, RGBA])
@pytest.mark.parametrize("depth", [8, 16])
def test_colours_are_refused_as_index(color, depth):
    """Other colours are no index: the error names one, and the option for colours."""
    one, alpha = (257, 65535) if depth == 16 else (1, 255)
    rows = [[(7, 7, 7, alpha)[: SAMPLES[color]], *[(one, 2 * one, 0, alpha)[: SAMPLES[color]]] * 3]]
    with pytest.raises(DecodeError, match=rf"\({one}, {2 * one}, 0\)") as caught:
        count(write_png(rows, color, depth))
    assert "--encoding color" in caught.value.hint


@pytest.mark.parametrize(("reds", "is_channel"), [((1, 12), True), ((1, 128), False)])
def test_ids_in_the_red_channel(reds, is_channel):
    """Where only red is used, and by small numbers, the channel is offered before colours."""
    with pytest.raises(DecodeError) as caught:
        count(write_png([[(0, 0, 0), *((red, 0, 0) for red in reds)]], RGB))
    assert caught.value.hint.startswith("save the channel") == is_channel


def test_ids_in_16_bit_channels_are_no_colours():
    """Where samples of 16 bits have no 8-bit form, no hint leads to colours, which are refused."""
    data = write_png([[(1, 2, 0), (2, 0, 0)]], RGB, 16)
    with pytest.raises(DecodeError) as caught:
        count(data)
    with pytest.raises(DecodeError):
        count(data, encoding="color")
    assert "--encoding" not in caught.value.hint
    assert "help formats" in caught.value.hint


@pytest.mark.parametrize("pixels", [[(1, 1, 1, 0), (1, 1, 1, 255)], [(1, 254), (1, 255)]])
@pytest.mark.parametrize("encoding", ["index", "color"])
def test_several_alphas_are_refused(pixels, encoding):
    """An alpha that differs within an image has blended its labels: refused in any encoding."""
    color = GREY_ALPHA if len(pixels[0]) == 2 else RGBA
    with pytest.raises(DecodeError, match="alpha is not the same everywhere") as caught:
        count(write_png([pixels], color), encoding=encoding)
    assert caught.value.hint


# Limits. Headers that lie need no pixels: all of this is judged before they are read.


def claim(*head):
    """A file whose header claims what it likes."""
    return join([(b"IHDR", header(*head)), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")])


@pytest.mark.parametrize(
    ("data", "limit", "hint"),
    [
        (claim(1 << 20, (1 << 14) + 1), 1 << 34, "--max-pixels"),
        (claim((1 << 31) - 1, (1 << 31) - 1, GREY, 1), 1 << 34, "--max-pixels"),
        (claim(1 << 17, 1 << 16, RGBA, 16), 1 << 36, "--max-bytes"),  # filter types not to forget
        (claim((1 << 26) + 1, 1), 1 << 26, ""),
        (claim((1 << 29) + 1, 1, GREY, 1), 1 << 26, ""),
        (claim((1 << 23) + 1, 1, RGBA, 16), 1 << 26, ""),
        (claim((1 << 26) + 1, 1, GREY, 8, True), 1 << 26, ""),
    ],
)
def test_claims_beyond_the_limits(data, limit, hint):
    """Too many pixels, bytes, or bytes of a row are refused with the limit, and the option for it."""
    with pytest.raises(DecodeError, match=str(limit)) as caught:
        count(data)
    assert hint in caught.value.hint


@pytest.mark.parametrize("length", [1 << 31, (1 << 32) - 1])
def test_chunks_that_are_too_long(length):
    """No chunk has 2**31 bytes: refused where it is one of pixels, noted where it follows them."""
    pixels = chunks_of([[0, 1, 2]])[:-1]
    with pytest.raises(DamagedError, match=str(length)):
        count(join(pixels) + chunk(b"IDAT", b"abc", length=length))
    mask = count(join(pixels) + chunk(b"teXt", b"abc", length=length))
    assert mask.values == {0: 1, 1: 1, 2: 1}
    assert len(mask.notes) > 0


@pytest.mark.parametrize(
    ("interlaced", "num_bytes"),
    # 5 rows of 6 pixels. Adam7 makes of them 1 row of 1, 1 of 1, 1 of 2, 2 of 1, 1 of 3, 3 of 3
    # and 2 of 6 pixels, 30 in 11 rows.
    [(False, 5 * 7), (True, 30 + 11)],
)
def test_limits_are_the_largest_allowed(interlaced, num_bytes):
    """A mask as large as a limit counts; one pixel or byte less of a limit refuses it."""
    data = write_png(ROWS, PALETTE, interlaced=interlaced)
    assert count(data, max_pixels=30, max_bytes=num_bytes).values == VALUES
    with pytest.raises(DecodeError, match="limit of 29"):
        count(data, max_pixels=29)
    with pytest.raises(DecodeError, match=f"limit of {num_bytes - 1}"):
        count(data, max_bytes=num_bytes - 1)


# Damage. The table is libpng's: what could change a count is refused, the rest is noted.


@pytest.mark.parametrize("name", REFUSED)
def test_damaged_and_refused(name):
    """Damage that could change a count is an error that says what is wrong."""
    data, reason = REFUSED[name]
    with pytest.raises(DecodeError, match=reason):
        count(data)


@pytest.mark.parametrize("name", NOTED)
def test_damaged_and_noted(name):
    """What is odd but cannot touch the pixels is counted and noted."""
    data, note = NOTED[name]
    mask = count(data)
    assert mask.values == VALUES
    (only,) = mask.notes
    assert re.search(note, only)


@pytest.mark.parametrize("name", SILENT)
def test_damaged_and_silent(name):
    """Chunks that nobody needs are not parsed, so that nothing in them matters."""
    mask = count(SILENT[name])
    assert (mask.values, mask.notes) == (VALUES, ())


@pytest.mark.parametrize("damage", [flip_bit, replace_bytes, move_end, damage_pixels])
def test_random_damage(damage):
    """Of 4 x 5,000 damaged files none gives a wrong count: each is an error, or does no harm."""
    dice = random.Random(20240229)
    files = files_to_flip()
    assert all(count(data).values == IN_BLOCKS for data in files)
    refused = 0
    for number in range(5000):
        try:
            found = count(damage(files[number % len(files)], dice)).values
        except DecodeError:
            refused += 1
        else:
            assert found == IN_BLOCKS, number
    assert refused > 2500
