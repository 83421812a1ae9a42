"""The fast path for PNG counts as the careful one does, and as plain loops do, or it declines."""

from __future__ import annotations

import io
import random
import zlib

import pytest
from support.deflate_writer import Bits, codes_of, put_lengths, with_checksum, write_stream
from support.png_writer import (
    GREY,
    KINDS,
    NOTED,
    PALETTE,
    REFUSED,
    ROWS,
    SAMPLES,
    SILENT,
    VALUES,
    colors,
    header,
    join,
    read_plainly,
    write_png,
)

from weightcalc import ReadOptions, count_file
from weightcalc.errors import DecodeError
from weightcalc.kernels import counters, fast_png, numpy_twin
from weightcalc.kernels.counters import ValueCounter
from weightcalc.masks import file as mask_file
from weightcalc.masks import png, png_plain, png_values

pytestmark = pytest.mark.skipif(not fast_png.FAST_PNG, reason="the fast path is off")
OPTIONS = ReadOptions()
NO_LIMIT = 1 << 40


def plain_pixels(data):
    """Value to pixels by the standard library's zlib and plain loops."""
    depth = data[24]
    values: dict[int, int] = {}
    for samples, number in read_plainly(data).items():
        value = 0
        for sample in samples:
            value = value << depth | sample
        values[value] = values.get(value, 0) + number
    return values


def careful_pixels(data):
    """Value to pixels by the careful path, and its notes; None if it refuses the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png_values, "values_of_pixels", lambda pixels, *_: dict(pixels))
        patch.setattr(png, "pixel_counter", lambda n, bits, _: ValueCounter(n * bits // 8, "big"))
        try:
            mask = png.count_png(io.BytesIO(data), OPTIONS)
        except DecodeError:
            return None
    return mask.values, mask.notes


def twin_pixels(data):
    """Value to pixels by the careful path without its compiled kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "count_rows", numpy_twin.count_rows)
        patch.setattr(counters, "count_values", numpy_twin.count_values)
        return careful_pixels(data)[0]


def fast_pixels(data):
    """Value to pixels by the fast path; None if it declines."""
    found = fast_png.count_plain_png(data, NO_LIMIT, NO_LIMIT)
    return None if found is None else found[5]


def is_right(data):
    """Whether the fast path declines, or finds what all others find, with nothing to note."""
    found = fast_pixels(data)
    if found is None:
        return True
    careful = careful_pixels(data)
    notes = [] if careful is None else [n for n in careful[1] if "past its palette" not in n]
    return careful is not None and found == careful[0] == plain_pixels(data) and not notes


def draw_size(dice):
    """Width and height; some images reach beyond the window, with rows that fit into it."""
    if dice.random() < 0.1:
        return dice.choice([255, 127, 511]), 180
    return dice.randint(1, 80), dice.randint(1, 50)


def draw_raw(dice, kind, width, height):
    """Filtered rows as masks have them: zeros, few values, rows that recur."""
    color, depth = kind
    size = (width * SAMPLES[color] * depth + 7) // 8
    some, few = (
        dice.choice([[0, 1, 2, 3, 4], [2, 2, 4, 1], [0], [1], [2], [4], [3]]),
        dice.choice([1, 2, 5, 200]),
    )
    raw = bytearray()
    for _ in range(height):
        row = bytearray([dice.choice(some)])
        while len(row) <= size:
            value = dice.choice([1, 255, 2, 254, 3][:few]) if few < 6 else dice.randrange(256)
            value = 0 if dice.random() < 0.6 else value
            row += bytes([value]) * min(
                size + 1 - len(row), dice.randint(1, dice.choice([1, 3, 40]))
            )
        back = dice.choice([1, 1, 2, 128]) * (size + 1)
        if dice.random() < 0.5 and back <= len(raw):
            row = raw[len(raw) - back :][: size + 1]
        raw += row
    return bytes(raw)


def draw_stream(dice, raw, row):
    """A stream of zlib of any kind, or of our own writer."""
    if dice.random() < 0.5:
        return write_stream(raw, dice, row)
    deflate = zlib.compressobj(
        dice.choice([0, 1, 6, 9]), 8, dice.choice([9, 12, 15]), 8, dice.randrange(5)
    )
    half = dice.randint(0, len(raw))
    middle = deflate.compress(raw[:half]) + deflate.flush(
        dice.choice([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK])
    )
    return middle + deflate.compress(raw[half:]) + deflate.flush()


def file_of(width, height, kind, stream, dice):
    """A file of a stream, in IDATs of any size."""
    size = dice.choice([1, 2, 3, 7, 8, 9, 100, 1 << 20, 1 << 20])
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    head = [(b"IHDR", header(width, height, *kind))]
    if kind[0] == PALETTE:
        head.append((b"PLTE", colors(1 << kind[1])))
    return join([*head, *((b"IDAT", part) for part in parts), (b"IEND", b"")])


def draw_file(seed, size=None):
    """A right file of any kind, and what its stream holds."""
    dice = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    width, height = size or draw_size(dice)
    raw = draw_raw(dice, kind, width, height)
    stream = draw_stream(dice, raw, len(raw) // height)
    return file_of(width, height, kind, stream, dice), (width, height, kind, stream)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_files_are_accepted(kind):
    """Every small file that is not interlaced is counted by the fast path, and all paths agree."""
    number = KINDS.index(kind)
    for seed in range(number, number + 60 * len(KINDS), len(KINDS)):
        data, (width, height, _, _) = draw_file(seed)
        assert is_right(data), seed
        if len(data) <= 4096:
            assert sum(fast_pixels(data).values()) == width * height, seed


@pytest.mark.parametrize("kind", KINDS)
def test_every_width(kind):
    """At each width from 1 to 70 fast path, careful path, NumPy twin and a plain loop agree."""
    for width in range(1, 71):
        data, _ = draw_file(len(KINDS) * (1000 + width) + KINDS.index(kind), (width, 9))
        assert plain_pixels(data) == twin_pixels(data), width
        assert is_right(data), width
        assert len(data) > 4096 or fast_pixels(data) is not None, width


def damaged(data, dice):
    """Bytes that are changed, left out or put in at one to five places."""
    data = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.randrange(len(data) if dice.random() < 0.6 else min(len(data), 80))
        match dice.randrange(5):
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                data[at] = dice.randrange(256)
            case 2:
                del data[at : at + dice.choice([1, 2, 50])]
            case 3:
                data[at:at] = dice.randbytes(dice.choice([1, 2, 9]))
            case _:
                del data[at + 1 :]
        data = data or bytearray(b"x")
    return bytes(data)


def try_mutations(number, first):
    """So many damaged files: how many the fast path accepts, all of them rightly."""
    accepted = 0
    for seed in range(first, first + number // 20):
        whole, (width, height, kind, stream) = draw_file(seed)
        dice = random.Random(~seed)
        for turn in range(20):
            if turn % 10 == 9:
                data = damaged(whole, dice)
            else:
                hurt = damaged(stream, dice)
                mended = with_checksum(hurt) if turn % 2 else hurt
                tall = max(1, height + dice.choice([0] * 9 + [1, -1]))
                data = file_of(width, tall, kind, mended, dice)
            assert is_right(data), (seed, turn)
            accepted += fast_pixels(data) is not None
    return accepted


def test_mutations():
    """Of 4,000 damaged files none is accepted that is wrong, and some that are right again are."""
    assert try_mutations(4000, 1 << 20) > 50


CODES = {  # of the bytes 0 and 7 and of the end of the block, of distances, and whether they will do
    "complete": ([1, 2, 2], [0], True),
    "one distance of one bit": ([1, 2, 2], [1], True),
    "incomplete": ([2, 2, 2], [0], False),
    "too many": ([1, 1, 2], [0], False),
    "without an end": ([1, 1, 0], [0], False),
    "incomplete distances": ([1, 2, 2], [2, 2], False),
    "one distance of two bits": ([1, 2, 2], [2], False),
    "too many distances": ([1, 2, 2], [1, 1, 1], False),
}


@pytest.mark.parametrize("name", CODES)
def test_codes(name):
    """Codes that leave bits without a meaning, or give them two, are declined, as zlib refuses them."""
    (zero, seven, end), distances, will_do = CODES[name]
    symbols = [zero, *[0] * 6, seven, *[0] * 248, end]
    raw, bits, codes = bytes([0, 7, 0, 7]), Bits(), codes_of(symbols)
    bits.put(5, 3)
    put_lengths(bits, symbols, distances)
    for symbol in [*raw, 256]:
        bits.put(*codes[symbol])
    bits.align()
    stream = b"\x78\x9c" + bytes(bits.done) + zlib.adler32(raw).to_bytes(4, "big")
    if will_do:
        assert zlib.decompress(stream) == raw
    else:
        with pytest.raises(zlib.error):
            zlib.decompress(stream)
    data = join([(b"IHDR", header(3, 1)), (b"IDAT", stream), (b"IEND", b"")])
    assert fast_pixels(data) == ({0: 1, 7: 2} if will_do else None)


@pytest.mark.long
def test_many_mutations():
    """The same of 200,000 files."""
    assert try_mutations(200_000, 2 << 20) > 2500


@pytest.mark.parametrize("name", [*REFUSED, *NOTED])
def test_what_is_odd_is_declined(name):
    """What is refused or noted is left to the careful path, but for indices past the palette."""
    data, _ = {**REFUSED, **NOTED}[name]
    mask = png_plain.count_plain_bytes(data, OPTIONS)
    if name == "index past the palette":
        assert mask == png.count_png(io.BytesIO(data), OPTIONS)
    else:
        assert mask is None


@pytest.mark.parametrize("name", SILENT)
def test_what_is_harmless_is_accepted(name):
    """Chunks that nobody needs do not keep the fast path away; Adam7 does, and 16 KiB for 30 pixels."""
    mask = png_plain.count_plain_bytes(SILENT[name], OPTIONS)
    assert (mask is None) == (name in ("interlaced", "text bomb"))
    assert mask is None or mask.values == VALUES


@pytest.mark.parametrize("encoding", ["auto", "index", "color", "one-hot"])
def test_encodings(encoding):
    """What pixels stand for is the same by both paths: values, colours, notes, mode and largest."""
    options = ReadOptions(encoding=encoding)
    accepted = 0
    for number, (color, depth) in enumerate(KINDS):
        pixel = (1,) * SAMPLES[color] if number % 2 else (0,) * SAMPLES[color]
        data = write_png([[pixel] * 9] * 3, color, depth)
        fast = png_plain.count_plain_bytes(data, options)
        try:
            careful = png.count_png(io.BytesIO(data), options)
        except DecodeError:
            careful = None
        assert fast == careful
        accepted += fast is not None
    assert accepted == (0 if encoding == "one-hot" else pytest.approx(len(KINDS), abs=4))


@pytest.mark.parametrize(
    ("pixels", "num_bytes", "counts"), [(30, 35, True), (29, 35, False), (30, 34, False)]
)
def test_limits(pixels, num_bytes, counts):
    """5 rows of 6 pixels are 30 pixels and 35 bytes with filter types; less than that declines."""
    data = write_png(ROWS, PALETTE)
    assert (fast_png.count_plain_png(data, pixels, num_bytes) is not None) == counts


def test_claims():
    """A header that claims more than is there allocates nothing for it, and is declined."""
    data = join(
        [(b"IHDR", header(1 << 20, (1 << 31) - 1, GREY, 8)), (b"IDAT", b""), (b"IEND", b"")]
    )
    assert fast_pixels(data) is None


def test_rows_at_both_sides_of_the_limit():
    """A row of 1 MiB is the longest that the fast path counts; both paths find the same."""
    for width in (1 << 20, (1 << 20) + 1):
        raw = b"".join(bytes([kind]) + bytes(width - 2) + b"\1\2" for kind in (0, 2, 4, 1, 2, 3))
        data = join(
            [(b"IHDR", header(width, 6, GREY, 8)), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
        )
        assert (fast_pixels(data) is None) == (width > 1 << 20)
        assert is_right(data)


def test_files(tmp_path, monkeypatch):
    """A file is read and counted by the fast path; one that it declines, by the careful one."""
    plain, interlaced = tmp_path / "a.PNG", tmp_path / "b.png"
    plain.write_bytes(write_png(ROWS, PALETTE))
    interlaced.write_bytes(write_png(ROWS, PALETTE, interlaced=True))
    monkeypatch.setattr(mask_file, "_read_local", lambda *_: ["by the careful path"])
    (mask,) = count_file(str(plain))
    assert mask.values == VALUES
    for name in (str(interlaced), str(tmp_path), str(tmp_path / "none.png"), "a\0b.png"):
        assert count_file(name) == ["by the careful path"]


def test_noise_is_declined_by_its_header(tmp_path):
    """A file of a quarter of its pixels and more is declined before it is read whole."""
    dice = random.Random(3)
    rows = [[dice.randrange(200) for _ in range(200)] for _ in range(200)]
    path = tmp_path / "noise.png"
    path.write_bytes(write_png(rows))
    assert fast_png.count_plain_png_file(str(path), NO_LIMIT, NO_LIMIT) is None
    assert count_file(str(path))[0].pixels == 40_000
