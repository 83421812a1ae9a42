"""TIFF masks by strips and tiles: every stored sample once, in little memory, or a refusal."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weightcalc import MaskError, ReadOptions, count_file

tifffile = pytest.importorskip("tifffile")

RNG = np.random.default_rng(7)
SMALL = np.array([[0, 1, 1], [2, 2, 2]], np.uint8)  # 1, 2 and 3 pixels
SIZES = {1: "B", 2: "s", 3: "H", 4: "I", 16: "Q"}


@pytest.fixture
def save(tmp_path):
    """A function that saves an array by tifffile and returns the name of the file."""

    def save(values, name="mask.tif", **options):
        tifffile.imwrite(tmp_path / name, values, **{"metadata": None, **options})
        return str(tmp_path / name)

    return save


@pytest.fixture
def build(tmp_path):
    """A function that saves a little-endian TIFF of one page, tag by tag."""

    def build(tags, data, name="mask.tif"):
        start = 8 + len(data) + len(data) % 2
        extra = b""
        entries = b""
        after = start + 2 + 12 * len(tags) + 4
        for tag, (kind, values) in sorted(tags.items()):
            value = values if kind == 2 else struct.pack(f"<{len(values)}{SIZES[kind]}", *values)
            if len(value) > 4:
                value, extra = struct.pack("<I", after + len(extra)), extra + value
            entries += struct.pack("<HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
        head = b"II*\0" + struct.pack("<I", start) + data + bytes(len(data) % 2)
        directory = struct.pack("<H", len(tags)) + entries + bytes(4)
        (tmp_path / name).write_bytes(head + directory + extra)
        return str(tmp_path / name)

    return build


def tags(width, height, size, bits=8, **more):
    """Tags of a grey image of one strip that follows the header."""
    plain = {256: (4, [width]), 257: (4, [height]), 258: (3, [bits]), 259: (3, [1]), 262: (3, [1])}
    plain |= {273: (4, [8]), 277: (3, [1]), 278: (4, [height]), 279: (4, [size])}
    return plain | {int(tag[1:]): value for tag, value in more.items()}


def counts_of(name, encoding="auto"):
    """Value counts of all masks of a file together."""
    total = Counter()
    for mask in count_file(name, ReadOptions(encoding)):
        assert sum(mask.values.values()) == mask.pixels
        total.update(mask.values)
    return dict(total)


def expected(values):
    """Value counts by plain NumPy."""
    found, numbers = np.unique(values, return_counts=True)
    return {int(value): int(number) for value, number in zip(found, numbers, strict=True)}


@pytest.mark.parametrize("byte_order", "<>")
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 7}, {"tile": (16, 32)}])
@pytest.mark.parametrize(
    "coding", [{}, {"compression": "zlib"}, {"compression": "zlib", "predictor": 2}]
)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_stored_samples(save, dtype, coding, layout, byte_order):
    """Samples of every type count as stored, in strips and in tiles whose padding does not."""
    if dtype[0] == "f":  # whose differences tifffile does not write
        coding = {key: value for key, value in coding.items() if key != "predictor"}
    values = RNG.integers(0, 9, (37, 53)) - (4 if dtype[0] != "u" else 0)
    values = values.astype(np.dtype(dtype).newbyteorder(byte_order))
    name = save(values, photometric="minisblack", byteorder=byte_order, **coding, **layout)
    assert counts_of(name) == expected(values)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("noise", [1, 40])
def test_compressions_of_pillow(tmp_path, compression, noise):
    """What Pillow's libtiff writes is read without it."""
    values = RNG.integers(0, 200, (90, 60), np.uint8).repeat(noise, 1)[:, :300]
    Image.fromarray(values).save(tmp_path / "m.tif", compression=compression)
    assert counts_of(str(tmp_path / "m.tif")) == expected(values)


@pytest.mark.parametrize("encoding", ["index", "color"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize(
    "layout", [{}, {"tile": (16, 16)}, {"compression": "zlib", "predictor": 2}]
)
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_colors(save, dtype, layout, planar, encoding):
    """RGB counts by colour, samples side by side or plane by plane; by index only if grey."""
    values = RNG.integers(0, 3, (20, 30, 3))
    packed = values[..., 0] << 16 | values[..., 1] << 8 | values[..., 2]
    stored = (values * (257 if dtype == "u2" else 1)).astype(dtype)
    if planar == "separate":
        stored = np.moveaxis(stored, 2, 0)
    name = save(stored, photometric="rgb", planarconfig=planar, **layout)
    if encoding == "color":
        assert counts_of(name, encoding) == expected(packed)
    else:
        with pytest.raises(MaskError, match="a colour mask"):
            count_file(name)


def test_palette(save):
    """A palette image counts by index, and by the colours of its 16-bit map on demand."""
    colors = np.zeros((3, 256), np.uint16)
    colors[:, 1] = 0xFFFF, 0x8080, 0
    colors[:, 2] = 0, 0, 0x0101
    name = save(SMALL, photometric="palette", colormap=colors)
    assert counts_of(name) == {0: 1, 1: 2, 2: 3}
    assert count_file(name)[0].kind == "palette"
    assert counts_of(name, "color") == {0: 1, 0xFF8000: 2, 1: 3}


@pytest.mark.parametrize(
    ("bits", "data", "counts"),
    [
        (1, b"\xa0\x60", {0: 2, 1: 4}),  # 101, 011
        (2, b"\x1b\xe7", {0: 1, 1: 1, 2: 2, 3: 2}),  # 0 1 2 (3), 3 2 1 (3): padding is left out
        (4, b"\x12\x3f\xef\x0f", {0: 1, 1: 1, 2: 1, 3: 1, 14: 1, 15: 1}),
    ],
)
def test_few_bits(build, bits, data, counts):
    """Samples of 1, 2 and 4 bits are unpacked; the bits that fill a row up are no pixels."""
    if bits == 2:
        counts = {0: 1, 1: 2, 2: 2, 3: 1}
    assert counts_of(build(tags(3, 2, len(data), bits), data)) == counts


def test_place_of_64_bits(build):
    """The place of a strip may be a number of 64 bits, which the directory has no room for."""
    assert counts_of(build(tags(3, 2, 6, t273=(16, [8])), SMALL.tobytes())) == expected(SMALL)


def test_bits_in_reverse(build):
    """FillOrder 2 turns the bits of each byte round."""
    assert counts_of(build(tags(3, 1, 1, 1, t266=(3, [2])), b"\x06")) == {0: 1, 1: 2}


def test_inverted(save):
    """Where 0 is white the stored samples count, with a note."""
    (mask,) = count_file(save(SMALL, photometric="miniswhite"))
    assert mask.values == {0: 1, 1: 2, 2: 3}
    assert "inverted" in mask.notes[0]


def test_floats_must_be_whole(save):
    """Floats are labels if each of them is a whole number."""
    assert counts_of(save(SMALL.astype("f4"))) == {0: 1, 1: 2, 2: 3}
    with pytest.raises(MaskError, match=r"\.5 is not a whole number"):
        count_file(save(SMALL.astype("f4") / 2))


def test_pages(save, weightcalc):
    """Each page of a stack is a mask of its own."""
    name = save(np.stack([SMALL, SMALL + 1, SMALL * 0]), photometric="minisblack")
    masks = count_file(name)
    assert [mask.values for mask in masks] == [{0: 1, 1: 2, 2: 3}, {1: 1, 2: 2, 3: 3}, {0: 6}]
    assert weightcalc("count", name).json["masks"] == 3


def test_reduced_pages_are_left_out(tmp_path):
    """Overviews and transparency masks are no masks, whether linked, nested or flagged."""
    name = str(tmp_path / "cog.tif")
    with tifffile.TiffWriter(name) as tiff:
        tiff.write(SMALL, metadata=None, subifds=1)
        tiff.write(SMALL[:1], metadata=None, subfiletype=1)
        tiff.write(SMALL[:1], metadata=None, subfiletype=1)
        tiff.write(SMALL > 1, metadata=None, subfiletype=4, photometric="mask")
    (mask,) = count_file(name)
    assert mask.values == {0: 1, 1: 2, 2: 3}
    assert len(mask.notes) == 1
    assert "1 pages of transparency" in mask.notes[0]


def test_nodata(save, weightcalc):
    """The nodata value of GDAL is offered to be ignored, if it occurs and nothing is said of it."""
    for nodata, noted in [("2", True), ("9", False), ("nan", False), ("x", False)]:
        name = save(SMALL, extratags=[(42113, 2, 0, nodata, True)])
        done = weightcalc("count", name)
        assert done.exit_code == 0
        assert ("--ignore-index nodata" in done.stderr) == noted
    name = save(SMALL, extratags=[(42113, 2, 0, "2", True)])
    for said in (
        ["--ignore-index", "2"],
        ["--ignore-index", "nodata"],
        ["--map", "2:1", "--map", "1:1"],
    ):
        assert "nodata leaves it out" not in weightcalc("count", name, *said).stderr
    ignored = weightcalc("count", name, "-n3", "--ignore-index", "nodata").json
    assert [entry["pixels"] for entry in ignored["classes"]] == [1, 2, 0]


@pytest.mark.parametrize("nodata", ["nan", "-3.4028234663852886e+38", "-9999"])
def test_float_nodata(save, weightcalc, nodata):
    """Float masks may hold NaN or any declared number in the place of data, and it can be ignored."""
    values = SMALL.astype(np.float32)
    values[values == 2] = float(nodata)
    name = save(values, extratags=[(42113, 2, 0, nodata, True)])
    refused = weightcalc("count", name)
    assert (refused.exit_code, refused.stdout) == (2, b"")
    result = weightcalc("count", name, "--ignore-index", "nodata", "-n2")
    assert [entry["pixels"] for entry in result.json["classes"]] == [1, 2]
    assert result.json["ignored_pixels"] == 3


@pytest.mark.parametrize(("declared", "values"), [("", {0: 6}), ("7", {7: 6}), ("999", {0: 6})])
def test_left_out_strip(tmp_path, declared, values):
    """A strip that the file leaves out holds the nodata value, or 0 where it can hold none."""
    extra = [(42113, 2, 0, declared, True)] if declared else []
    name = str(tmp_path / "sparse.tif")
    tifffile.imwrite(name, np.zeros((2, 3), np.uint8), metadata=None, extratags=extra)
    data = bytearray(Path(name).read_bytes())
    with tifffile.TiffFile(name) as tiff:
        for code in (273, 279):
            at = tiff.pages[0].tags[code].valueoffset
            data[at : at + 4] = (
                bytes(4)
                if tiff.pages[0].tags[code].dtype == 4
                else bytes(2) + data[at + 2 : at + 4]
            )
    Path(name).write_bytes(data)
    assert count_file(name)[0].values == values


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
@pytest.mark.parametrize("without_tifffile", [False, True])
def test_fax(tmp_path, monkeypatch, compression, without_tifffile):
    """CCITT compressions are refused by name, as their decoders fill in what is damaged."""
    if without_tifffile:
        monkeypatch.setitem(sys.modules, "tifffile", None)
    Image.fromarray(np.eye(9) > 0).save(tmp_path / "fax.tif", compression=compression)
    with pytest.raises(MaskError, match="CCITT"):
        count_file(str(tmp_path / "fax.tif"))


def test_stack_behind_one_directory(save):
    """A stack of which only the first image has a directory is refused, not counted short."""
    stack = np.stack([SMALL] * 5)
    name = save(stack, metadata={}, truncate=True, photometric="minisblack")
    with pytest.raises(MaskError, match="30 samples, its only directory of 6"):
        count_file(name)


RAW = SMALL.tobytes()
PACKED = zlib.compress(bytes(range(200)) * 3)
DAMAGED = {
    "short strip": (tags(3, 2, 4), RAW, "after 4 of 6 bytes"),
    "cut": (tags(30, 90, 2700), RAW, "of 2700 bytes"),
    "outside": (tags(3, 2, 6, t273=(4, [99999])), RAW, "after 0 of 6 bytes"),
    "no sizes": (
        {tag: value for tag, value in tags(3, 2, 6).items() if tag != 279},
        RAW,
        "how many bytes its strips",
    ),
    "few strips": (tags(3, 2, 6, t278=(4, [1])), RAW, "1 of 2 strips"),
    "no tile size": (tags(3, 2, 6, t322=(4, [0]), t323=(4, [0])), RAW, "no tag 324"),
    "cut deflate": (tags(20, 30, 90, t259=(3, [8])), PACKED[:90], "inflates to"),
    "adler": (tags(20, 30, 999, t259=(3, [8])), PACKED[:-1] + b"x", "damaged|checksum"),
    "few rows": (tags(20, 31, 999, t259=(3, [8])), PACKED, "600 of 620"),
    "much more": (
        tags(20, 1, 999, t259=(3, [8])), zlib.compress(bytes(200_000)), "more than 20 bytes",
    ),
    "packbits": (tags(3, 2, 2, t259=(3, [32773])), b"\xfd\x01", "decodes to 4 of 6"),
    "lzw": (tags(3, 2, 4, t259=(3, [5])), b"\x80\x00\x20\x10", "LZW|decode"),
    "jpeg": (tags(3, 2, 6, t259=(3, [7])), RAW, "lossy"),
    "unknown": (tags(3, 2, 6, t259=(3, [60001])), RAW, "compression .60001. is unknown"),
    "predictor": (tags(3, 2, 6, t317=(3, [9])), RAW, "predictor 9"),
    "photometric": (tags(3, 2, 6, t262=(3, [6])), RAW, "photometric"),
    "five bands": (tags(1, 1, 5, t277=(3, [5])), RAW, "5 samples"),
    "bits": (tags(3, 2, 6, 3), RAW, "3 bits"),
    "format": (tags(3, 2, 6, t339=(3, [5])), RAW, "format 5"),
    "signed samples of 4 bits": (tags(3, 2, 6, 4, t339=(3, [2])), RAW, "4 bits in format 2"),
    "huge": (tags(1 << 31, 1 << 31, 6), RAW, "more than the limit"),
    "no width": (tags(0, 2, 6), RAW, "0 x 2"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged(build, kind, capfd):
    """What is not there, or not understood, is refused and never counted as zeros."""
    directory, data, message = DAMAGED[kind]
    with pytest.raises(MaskError, match=message):
        count_file(build(directory, data))
    assert capfd.readouterr() == ("", "")


def test_circle(build):
    """Directories that lead back to an earlier one are an error, not an endless stack."""
    name = build(tags(3, 2, 6), RAW)
    data = Path(name).read_bytes()
    Path(name).write_bytes(data[:-4] + struct.pack("<I", 14))
    with pytest.raises(MaskError, match="circle"):
        count_file(name)


def test_shared_strips_are_bounded(build):
    """Strips that share their bytes count as often as they are named, up to --max-bytes."""
    strip = zlib.compress(bytes(1 << 20))
    shared = tags(1024, 102400, 0, t259=(3, [8]), t278=(4, [1024]))
    shared |= {273: (4, [8] * 100), 279: (4, [len(strip)] * 100)}
    name = build(shared, strip)
    assert counts_of(name) == {0: 100 << 20}
    with pytest.raises(MaskError, match="more than the limit of 1000"):
        count_file(name, ReadOptions(max_bytes=1000))


def test_strips_that_are_named_several_times(build):
    """Each strip counts as often as it is named, with the rows that the image has of it."""
    a, b = zlib.compress(bytes([1, 1, 2] * 2)), zlib.compress(bytes([3] * 6))
    order = [a, b, a, b, a, b, b]  # of 2 rows of 3 pixels, the last one of 1 row
    places = [8 if strip == a else 8 + len(a) for strip in order]
    shared = tags(3, 13, 0, t259=(3, [8]), t278=(4, [2]))
    shared |= {273: (4, places), 279: (4, [len(strip) for strip in order])}
    assert counts_of(build(shared, a + b)) == {1: 12, 2: 6, 3: 18 + 3}


def test_another_name(save, tmp_path):
    """A TIFF named .png is read as what it is, and noted."""
    (mask,) = count_file(save(SMALL, "mask.png"))
    assert mask.values == {0: 1, 1: 2, 2: 3}
    assert "a TIFF file" in mask.notes[0]


def test_in_an_archive(save, tmp_path, weightcalc):
    """A large TIFF inside a zip is copied, since its reader jumps to and fro."""
    import zipfile

    values = RNG.integers(0, 5, (3000, 2000)).astype(np.uint8)
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(save(values, tile=(256, 256)), "mask.tif")
    classes = weightcalc("count", tmp_path / "m.zip").json["classes"]
    assert {entry["index"]: entry["pixels"] for entry in classes} == expected(values)


def test_without_tifffile(save, monkeypatch):
    """Pillow reads what it can where tifffile is not installed."""
    name = save(SMALL, compression="zlib")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    assert counts_of(name) == {0: 1, 1: 2, 2: 3}


@pytest.mark.long
def test_large_tiles(tmp_path, environment):
    """A tiled, deflated mask of 30000 x 30000 is counted in less than 150 MB."""
    tile = np.zeros((512, 512), np.uint8)
    tile[10:20, 10:20] = 3
    tifffile.imwrite(
        tmp_path / "m.tif", (tile for _ in range(59**2)), shape=(30_000, 30_000), dtype=np.uint8,
        tile=tile.shape, compression="zlib", metadata=None,
    )  # fmt: skip
    code = (
        "import re; from weightcalc import count_file; print(count_file('m.tif')[0].values);"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
    counts, peak = done.stdout.decode().splitlines()
    assert counts == f"{{0: {30_000**2 - 59**2 * 100}, 3: {59**2 * 100}}}"
    assert int(peak) * 1024 < 150_000_000


def test_strips_of_colours_that_are_named_several_times(build):
    """A strip of RGB counts as often as it is named too: red twice, blue once."""
    red, blue = bytes([255, 0, 0] * 2), bytes([0, 0, 255] * 2)
    shared = tags(2, 3, 0, t277=(3, [3]), t278=(4, [1]), t258=(3, [8, 8, 8]), t262=(3, [2]))
    shared |= {273: (4, [8, 14, 8]), 279: (4, [6, 6, 6])}
    assert counts_of(build(shared, red + blue), "color") == {0xFF0000: 4, 0x0000FF: 2}


def test_values_of_several_strips(build):
    """More than 65,536 values are no mask, also where each strip has fewer."""
    a, b = (np.arange(40000 * n, 40000 * (n + 1), dtype="<u4").tobytes() for n in range(2))
    shared = tags(40000, 3, 0, bits=32, t278=(4, [1]))
    shared |= {273: (4, [8, 8 + len(a), 8 + len(a)]), 279: (4, [len(a)] * 3)}
    with pytest.raises(MaskError, match="more than 65536"):
        count_file(build(shared, a + b))
