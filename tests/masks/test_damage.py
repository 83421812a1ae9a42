"""
Damage to masks other than PNG, and formats whose decoders would let it pass.

A checksum over the pixels makes a wrong count impossible: PNG, .npz, .nii.gz, TIFF that is
deflated, members of archives. BMP, GIF, WebP, .npy and the other kinds of TIFF have none: a
bit that flips in their pixels is another mask. There an error, or counts that add up to the
pixels of the mask, is all that can be had.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from support.png_writer import patched

from weightcalc import MaskError
from weightcalc.masks import pillow as images

BLOCKS = np.kron(np.arange(20).reshape(4, 5) % 7, np.ones((5, 6), np.uint8)).astype(np.uint8)
# Block k, counted from 0, holds k modulo 7: values 0 to 5 three times, 6 twice; 30 pixels each.
IN_BLOCKS = {0: 90, 1: 90, 2: 90, 3: 90, 4: 90, 5: 90, 6: 60}
FLIPS = 1000


def saved(format_, mode="L", **options):
    """The blocks as Pillow saves them."""
    buffer = io.BytesIO()
    Image.fromarray(BLOCKS).convert(mode).save(buffer, format_, **options)
    return buffer.getvalue()


def array(dtype=np.uint8):
    """The blocks as .npy."""
    buffer = io.BytesIO()
    np.save(buffer, BLOCKS.astype(dtype))
    return buffer.getvalue()


def zipped(method, name="arr_0.npy", data=None):
    """A zip archive of the blocks."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, data or array())
    return buffer.getvalue()


def bmp(width, height, depth, compression, pixels):
    """A BMP file, with a palette of greys where it has indices."""
    palette = b"".join(bytes([n, n, n, 0]) for n in range(1 << depth if depth <= 8 else 0))
    offset = 54 + len(palette)
    size = offset + len(pixels)
    start = struct.pack("<2sIII", b"BM", size, 0, offset)
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, depth, compression, len(pixels), 0, 0, 0, 0
    )
    return start + info + palette + pixels


def runs_of(rows):
    """Rows as BMP has them, from below, in runs of one value each."""
    coded = b""
    for row in rows[::-1]:
        ends = [*(np.flatnonzero(np.diff(row)) + 1), len(row)]
        begins = [0, *ends[:-1]]
        pairs = zip(begins, ends, strict=True)
        coded += b"".join(bytes([end - begin, row[begin]]) for begin, end in pairs) + b"\0\0"
    return coded[:-2] + b"\0\1"


def nifti():
    """The blocks as a gzipped NIfTI volume."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, 30, 20, 1, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 2, 8)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<4s", header, 344, b"n+1\0")
    return gzip.compress(bytes(header) + BLOCKS.tobytes(), mtime=0)


GUARDED = {
    "npz stored": (zipped(zipfile.ZIP_STORED), "a.npz"),
    "npz deflated": (zipped(zipfile.ZIP_DEFLATED), "a.npz"),
    "nii.gz": (nifti(), "a.nii.gz"),
}
UNGUARDED = {
    "bmp": (saved("BMP"), "a.bmp"),
    "bmp of colours": (saved("BMP", "RGB"), "a.bmp"),
    "bmp in runs": (bmp(30, 20, 8, 1, runs_of(BLOCKS)), "a.bmp"),
    "gif": (saved("GIF"), "a.gif"),
    "tiff": (saved("TIFF"), "a.tif"),
    "tiff lzw": (saved("TIFF", compression="tiff_lzw"), "a.tif"),
    "tiff packbits": (saved("TIFF", compression="packbits"), "a.tif"),
    "tiff deflate": (saved("TIFF", compression="tiff_adobe_deflate"), "a.tif"),
    "webp": (saved("WEBP", "RGB", lossless=True), "a.webp"),
    "npy": (array(), "a.npy"),
    "npy of 16 bits": (array(">u2"), "a.npy"),
}


def flipped(data, seed):
    """Copies of a file, in each of which one bit has flipped, and where."""
    dice = random.Random(seed)
    for _ in range(FLIPS):
        at = dice.randrange(len(data))
        yield at, patched(data, at, data[at] ^ 1 << dice.randrange(8))


@pytest.mark.parametrize("name", [*GUARDED, *UNGUARDED])
def test_whole_files_count(read, name):
    """The files that are damaged below count as they are."""
    (mask,) = read(*(GUARDED | UNGUARDED)[name])
    assert mask.values == IN_BLOCKS


@pytest.mark.parametrize("name", GUARDED)
def test_a_bit_flips_under_a_checksum(read, name):
    """Where a checksum guards the pixels, a flipped bit is an error or does no harm."""
    if name == "nii.gz":
        pytest.importorskip("nibabel", reason="extra nifti is not installed")
    data, file = GUARDED[name]
    refused = 0
    for at, damaged in flipped(data, name):
        try:
            (mask,) = read(damaged, file)
        except MaskError:
            refused += 1
        else:
            assert mask.values == IN_BLOCKS, at
    assert refused > FLIPS / 2


def test_a_bit_flips_in_deflated_pixels(read):
    """The pixels of a deflated TIFF have a checksum, though its directory has none."""
    data, file = UNGUARDED["tiff deflate"]
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]  # of its one strip
    for at in range(start, start + size):
        for bit in range(8):
            try:
                (mask,) = read(patched(data, at, data[at] ^ 1 << bit), file)
            except MaskError:
                continue
            assert mask.values == IN_BLOCKS, at


@pytest.mark.parametrize("name", UNGUARDED)
def test_a_bit_flips_without_a_checksum(read, name):
    """Where nothing guards the pixels, a flipped bit is an error, or another mask whose counts
    add up to its pixels; those are as many as before, unless the header says otherwise."""
    data, file = UNGUARDED[name]
    other_size = 0
    for at, damaged in flipped(data, name):
        try:
            masks = read(damaged, file)
        except MaskError:
            continue
        for mask in masks:
            assert sum(mask.values.values()) == mask.pixels, at
            other_size += mask.pixels != 600
    assert other_size < FLIPS / 10


# Run-length compressed BMP, row after row from below; a run is its length and a value, and after
# a zero: 0 ends a row, 1 the image, 2 jumps right and up, more is that many single pixels.
RUNS = {
    "runs": (8, b"\3\7\0\0\2\7\1\0\0\1", {7: 5, 0: 1}),
    "single pixels": (8, b"\0\3\1\2\3\0\0\0\0\3\3\2\1\0\0\1", {1: 2, 2: 2, 3: 2}),
    "runs of two in turn": (4, b"\3\x12\0\0\3\x21\0\1", {1: 3, 2: 3}),
    "single pixels of 4 bits": (4, b"\0\3\x12\x30\0\0\0\3\x12\x30\0\1", {1: 2, 2: 2, 3: 2}),
    "no end of row": (8, b"\3\7\0\0\3\7\0\1", {7: 6}),
}
NOTED_RUNS = {
    "no end mark": (b"\3\7\0\0\3\7", {7: 6}, "end mark"),
    "an empty row": (b"\0\0\3\7\0\1", {0: 3, 7: 3}, "3 pixels"),
    "a row that ends early": (b"\1\7\0\0\3\7\0\1", {0: 2, 7: 4}, "2 pixels"),
    "a jump": (b"\0\2\1\1\2\7\0\1", {0: 4, 7: 2}, "4 pixels"),
}
BROKEN_RUNS = {
    "a run beyond its row": (b"\4\7\0\0\3\7\0\1", "row 0 of 2"),
    "single pixels beyond their row": (b"\0\4\1\2\3\4\0\0\3\7\0\1", "row 0 of 2"),
    "a jump beyond its row": (b"\0\2\4\0\0\1", "row 0 of 2"),
    "a jump beyond the image": (b"\0\2\0\3\0\1", "row 3 of 2"),
    "a row too many": (b"\3\7\0\0\3\7\0\0\1\7\0\1", "row 2 of 2"),
    "a row missing": (b"\3\7\0\1", "0 of 2 rows"),
    "pixels missing": (b"\3\7\0\0\2\7", "1 of 2 rows"),
    "cut in single pixels": (b"\3\7\0\0\0\3\1", "inside a run"),
    "cut in a jump": (b"\3\7\0\0\0\2\1", "inside a run"),
    "nothing": (b"", "0 of 2 rows"),
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_of_bmp(read, name):
    """A BMP of 3 x 2 pixels in runs counts by its indices, without a word."""
    depth, runs, values = RUNS[name]
    (mask,) = read(bmp(3, 2, depth, 1 if depth == 8 else 2, runs), "a.bmp")
    assert (mask.values, mask.notes) == (values, ())


@pytest.mark.parametrize("name", NOTED_RUNS)
def test_odd_runs_of_bmp(read, name):
    """Pixels that runs leave out are 0, as other readers have them, which is noted."""
    runs, values, note = NOTED_RUNS[name]
    (mask,) = read(bmp(3, 2, 8, 1, runs), "a.bmp")
    assert mask.values == values
    assert note in "".join(mask.notes)


@pytest.mark.parametrize("name", BROKEN_RUNS)
def test_broken_runs_of_bmp(refuse, name):
    """Runs that leave the image or do not fill it are refused."""
    runs, reason = BROKEN_RUNS[name]
    assert reason in str(refuse(bmp(3, 2, 8, 1, runs), "a.bmp"))


@pytest.mark.parametrize(("depth", "compression"), [(8, 2), (4, 1), (24, 1), (8, 3), (8, 4)])
def test_bmp_of_no_such_compression(refuse, depth, compression):
    """A compression that the depth does not have is refused."""
    assert "compression" in str(refuse(bmp(3, 2, depth, compression, bytes(200)), "a.bmp"))


@pytest.mark.parametrize("frames", [1, 3])
def test_gif_without_its_end(read, frames):
    """A GIF that lacks its end mark counts its first frame, and the note says so."""
    more = [Image.fromarray(BLOCKS[::-1])] * (frames - 1)
    whole = saved("GIF", save_all=True, append_images=more)
    animation = ("an animation: only its first frame is counted",) if frames > 1 else ()
    for data, notes in [(whole, ()), (whole[:-1], ("its end mark is missing",))]:
        (mask,) = read(data, "a.gif")
        assert (mask.values, mask.notes) == (IN_BLOCKS, (*animation, *notes))


def webp(kind, body):
    """A WebP file of one chunk."""
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        # 16384 x 16384: each side less one, in 14 and 24 bits; 16383 x 16383 in 14 bits
        (b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(30)),
        (b"VP8X", bytes(4) + b"\xff\x3f\0\xff\x3f\0"),
        (b"VP8 ", b"\x10\0\0\x9d\1\x2a\xff\x3f\xff\x3f" + bytes(30)),
    ],
)
def test_large_webp_is_refused_by_its_header(refuse, monkeypatch, kind, body):
    """A WebP that claims more than is held whole never gets to its decoder."""
    monkeypatch.setattr(images, "_open", None)
    error = refuse(webp(kind, body), "a.webp", allow_lossy=True)
    assert "1638" in str(error)
    assert str(1 << 30) in str(error)


def test_webp_without_an_image(refuse):
    """A WebP that begins with another chunk than one of an image is refused."""
    assert "no header" in str(refuse(webp(b"ALPH", bytes(30)), "a.webp", allow_lossy=True))
