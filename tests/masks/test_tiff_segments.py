"""Strips and tiles of TIFF in LZW, and differences of pixels: what libtiff writes is counted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.plain_tiff import DEFLATE, LZW
from support.tiff_writer import page_of, write_tiff

from weightcalc import ReadOptions, count_file
from weightcalc.errors import DamagedError, UnsupportedError

pytest.importorskip("tifffile")

RNG = np.random.default_rng(3)
PREDICTOR, DIFFERENCES = 317, 2


def blobs(*shape, most=19):
    """A label image of areas and of a little noise."""
    values = RNG.integers(0, most, (shape[0] // 20, shape[1] // 20, *shape[2:]))
    values = values.repeat(20, 0).repeat(20, 1)
    noisy = RNG.random(values.shape) < 0.01
    return np.where(noisy, RNG.integers(0, most, values.shape), values)


def packed_counts(values):
    """Pixels of each value, or of each colour with the first sample highest."""
    bands = values.astype(np.int64).reshape(*values.shape[:2], -1)
    pixels = sum(bands[..., k] << 8 * (bands.shape[2] - 1 - k) for k in range(bands.shape[2]))
    return {int(v): int(n) for v, n in zip(*np.unique(pixels, return_counts=True), strict=True)}


@pytest.mark.parametrize("predictor", [1, DIFFERENCES])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize(
    ("mode", "values"),
    [
        ("L", blobs(300, 200).astype(np.uint8)),
        ("I;16", (blobs(300, 200) * 3001).astype(np.uint16)),
        ("I;16B", (blobs(300, 200) * 3001).astype(">u2")),
        ("I", (blobs(100, 200) * -70_001).astype(np.int32)),
        ("RGB", (blobs(100, 200, 3, most=3) * 100).astype(np.uint8)),
    ],
)
def test_what_libtiff_writes(tmp_path, mode, values, compression, predictor):
    """LZW and Deflate of libtiff, with differences of pixels or without, are counted."""
    image = Image.frombytes(mode, values.shape[1::-1], values.tobytes())
    options = {"compression": compression, "tiffinfo": {PREDICTOR: predictor}, "strip_size": 20_000}
    image.save(tmp_path / "mask.tif", **options)
    with Image.open(tmp_path / "mask.tif") as saved:
        assert saved.tag_v2[PREDICTOR] == predictor
    encoding = "color" if values.ndim > 2 else "index"
    (mask,) = count_file(str(tmp_path / "mask.tif"), ReadOptions(encoding))
    assert mask.values == packed_counts(values)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("compression", [LZW, DEFLATE])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_differences_of_any_width(read, order, bits, compression, tile):
    """Differences wrap around at any width, in either byte order, and begin anew in each row."""
    high = (1 << bits) - 1
    rows = [[high, 0, high, 1, 1, high >> 1, high, 0], [2, high, 2, 0, 0, 0, 0, 0]] * 9
    page = page_of(rows, order, bits=bits, compression=compression, tile=tile, sums=True)
    (mask,) = read(write_tiff([page], order), "mask.tif")
    assert mask.values == {high: 4 * 9, 0: 7 * 9, 1: 2 * 9, high >> 1: 9, 2: 2 * 9}


def test_differences_of_floats(tmp_path):
    """Predictor 3 of floats takes differences of bytes, the highest of each float first."""
    values = np.array([[1, 1, 300], [0, -5, 300]], ">f4")
    planes = values.view(np.uint8).reshape(2, 3, 4).transpose(0, 2, 1).reshape(2, 12)
    stored = np.diff(planes, axis=1, prepend=np.zeros((2, 1), np.uint8))
    rows = stored.tolist()
    page, tags = page_of(rows, compression=LZW)
    tags |= {256: [3], 258: [32], 317: [3], 339: [3]}
    (tmp_path / "mask.tif").write_bytes(write_tiff([(page, tags)]))
    (mask,) = count_file(str(tmp_path / "mask.tif"))
    assert mask.values == {1: 2, 300: 2, 0: 1, -5: 1}


def lzw_page(stream, size=4):
    """A row of bytes in LZW."""
    _, tags = page_of([[0] * size], strip=1)
    return write_tiff([(stream, tags | {259: [LZW], 279: [len(stream)]})])


def test_lzw_by_hand(read, refuse):
    """The codes 256, 1, 258, 2 and 257 of 9 bits are 1, 1, 1 and 2; cut short they are refused."""
    stream = bytes.fromhex("800060402808")
    assert read(lzw_page(stream), "mask.tif")[0].values == {1: 3, 2: 1}
    for size in range(1, 5):
        error = refuse(lzw_page(stream[:size]), "mask.tif")
        assert error.kind is DamagedError
        assert "of 4 bytes" in str(error)


def test_lzw_of_the_first_programs(refuse):
    """The same codes with the lowest bit first, which libtiff reads as well, are refused as that."""
    error = refuse(lzw_page(bytes.fromhex("000308141010")), "mask.tif")
    assert error.kind is UnsupportedError
    assert "the other way round" in str(error)
    assert "tiffcp" in error.hint


@pytest.mark.parametrize("stream", ["00c0805010", "002000602808", "ffff", "80c0805010"])
def test_lzw_without_a_clear_code(refuse, stream):
    """LZW that does not begin with its clear code, which libtiff refuses, is refused."""
    error = refuse(lzw_page(bytes.fromhex(stream)), "mask.tif")
    assert error.kind is DamagedError
    assert "clear code" in str(error)
