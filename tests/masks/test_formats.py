"""Readers other than PNG: the stored samples of every format, and no file that can do harm."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from weightcalc import MaskError, count_file
from weightcalc.errors import DamagedError
from weightcalc.masks import file as mask_file
from weightcalc.masks import formats as readers

ROWS = [[0, 1, 1], [2, 2, 2]]
VALUES = {0: 1, 1: 2, 2: 3}
MASK = np.array(ROWS, np.uint8)
PICTURE = Image.fromarray(MASK)


def saved(format_, picture=PICTURE, **options):
    """The bytes of a picture that Pillow saves."""
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def with_palette(rows):
    """A palette image, whose colours say nothing about its indices."""
    picture = Image.fromarray(np.array(rows, np.uint8))
    picture.putpalette([200, 10, 10] * 128 + [0] * 384)
    return picture


def packed(row, bits, unit=8):
    """The bytes of a row of samples of some bits, filled up with ones to whole units."""
    text = "".join(f"{sample:0{bits}b}" for sample in row)
    text += "1" * (-len(text) % unit)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def bmp(rows, bits, palette):
    """A BMP of grey colours: rows come from the bottom up, in units of 4 bytes."""
    pixels = b"".join(packed(row, bits, 32) for row in reversed(rows))
    colors = b"".join(bytes([grey, grey, grey, 0]) for grey in palette)
    start = 54 + len(colors)
    sizes = len(rows[0]), len(rows), 1, bits, 0, len(pixels), 0, 0, len(palette), 0
    head = struct.pack("<IHHIIiiHHIIiiII", start + len(pixels), 0, 0, start, 40, *sizes)
    return b"BM" + head + colors + pixels


def tiff(rows, bits, photometric, dtype=None, tags=()):
    """A TIFF of one strip: samples of `bits`, or of a NumPy type, as they stand in `rows`."""
    body = b"".join(packed(row, bits) for row in rows) if dtype is None else b""
    body = body or np.array(rows, dtype).tobytes()
    colors = b"\7\0" * (3 << bits) if photometric == 3 else b""
    entries = {256: len(rows[0]), 257: len(rows), 258: bits, 259: 1, 262: photometric, 273: 8,
               277: 1, 278: len(rows), 279: len(body), **dict(tags)}  # fmt: skip
    if colors:
        entries[320] = 8 + len(body)
    lines = [
        struct.pack("<HHII", tag, 3 if tag == 320 else 4, 3 << bits if tag == 320 else 1, value)
        for tag, value in sorted(entries.items())
    ]
    where = 8 + len(body) + len(colors)
    directory = struct.pack("<H", len(lines)) + b"".join(lines) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, where) + body + colors + directory


SIGNED = {339: 2}
BLACK_IS_ZERO, WHITE_IS_ZERO, BY_PALETTE = 1, 0, 3
BITS = [[0, 1, 1], [1, 1, 1]]
IMAGES = {
    "bmp of 1 bit": (bmp(BITS, 1, [0, 255]), "a.bmp", {0: 1, 1: 5}),
    "bmp of 1 bit, white first": (bmp(BITS, 1, [255, 0]), "a.bmp", {0: 1, 1: 5}),
    "bmp of 4 bits": (bmp(ROWS, 4, range(9, 25)), "a.bmp", VALUES),
    "bmp of 4 bits, greys": (bmp(ROWS, 4, range(16)), "a.bmp", VALUES),
    "bmp of 4 bits, black and white": (bmp(BITS, 4, [0, 255]), "a.bmp", {0: 1, 1: 5}),
    "bmp of 8 bits": (saved("BMP"), "a.bmp", VALUES),
    "bmp of 8 bits, other colours": (bmp(ROWS, 8, range(255, -1, -1)), "a.bmp", VALUES),
    "bmp of 8 bits, black and white": (bmp(BITS, 8, [0, 255]), "a.bmp", {0: 1, 1: 5}),
    "bmp of 24 bits": (saved("BMP", PICTURE.convert("RGB")), "a.bmp", VALUES),
    "gif": (saved("GIF", with_palette(ROWS)), "a.gif", VALUES),
    "gif of greys": (saved("GIF"), "a.gif", VALUES),
    "tiff of 8 bits": (saved("TIFF"), "a.tif", VALUES),
    "tiff, compressed": (saved("TIFF", compression="tiff_lzw"), "a.tiff", VALUES),
    "tiff of int32, compressed": (
        saved("TIFF", Image.fromarray(np.array([[-2, -1, 7]], np.int32)), compression="tiff_lzw"),
        "a.tif", {-2: 1, -1: 1, 7: 1},
    ),
    "tiff by palette": (saved("TIFF", with_palette(ROWS)), "a.tif", VALUES),
    "tiff of 16 bits": (tiff([[0, 300, 300], [65535] * 3], 16, 1, "<u2"), "a.tif", {0: 1, 300: 2, 65535: 3}),
    "tiff of 16 bits, inverted": (tiff(ROWS, 16, 0, "<u2"), "a.tif", VALUES),
    "tiff of 32 bits": (tiff([[0, 1 << 31, (1 << 32) - 1]], 32, 1, "<u4"), "a.tif",
                        {0: 1, 1 << 31: 1, (1 << 32) - 1: 1}),
    "tiff of 16-bit RGB": (tiff([[300] * 3], 16, 2, "<u2", {256: 1, 277: 3}), "a.tif", {300: 1}),
    "tiff of int32": (tiff([[-2, -1, 7]], 32, 1, "<i4", SIGNED), "a.tif", {-2: 1, -1: 1, 7: 1}),
    "tiff of int16": (tiff([[-2, -1, 7]], 16, 1, "<i2", SIGNED), "a.tif", {-2: 1, -1: 1, 7: 1}),
    "tiff of int8": (tiff([[-128, -1, 127]], 8, 1, "i1", SIGNED), "a.tif", {-128: 1, -1: 1, 127: 1}),
    "webp without loss": (saved("WEBP", PICTURE.convert("RGB"), lossless=True), "a.webp", VALUES),
    "name in capitals": (saved("BMP"), "A.BMP", VALUES),
    "name without an ending": (saved("BMP"), "mask", VALUES),
    "name with an unknown ending": (saved("PNG"), "mask.thing", VALUES),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_images_give_their_stored_samples(read, name):
    """Each format counts by what stands in the file: indices and samples, never scaled."""
    data, file, values = IMAGES[name]
    (mask,) = read(data, file)
    assert mask.values == values
    assert mask.pixels == sum(values.values())


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("photometric", [BLACK_IS_ZERO, WHITE_IS_ZERO, BY_PALETTE])
def test_tiff_is_neither_scaled_nor_inverted(read, bits, photometric):
    """TIFF of few bits counts its stored samples, also where 0 means white, which is noted."""
    top = (1 << bits) - 1
    (mask,) = read(tiff([[0, top, 0], [top, top, top]], bits, photometric), "a.tif")
    assert mask.values == {0: 2, top: 4}
    assert any("inverted" in note for note in mask.notes) == (photometric == WHITE_IS_ZERO)


def test_pages_of_a_tiff_are_masks(read):
    """Each page of a TIFF is a mask of its own."""
    pages = saved("TIFF", save_all=True, append_images=[Image.fromarray(MASK + 5)])
    assert [mask.values for mask in read(pages, "a.tif")] == [VALUES, {5: 1, 6: 2, 7: 3}]


def test_animation_is_noted(read):
    """Of an animated GIF the first frame counts, with a note; a still one has none."""
    frames = saved(
        "GIF", with_palette(ROWS), save_all=True, append_images=[with_palette(ROWS[::-1])]
    )
    (mask,) = read(frames, "a.gif")
    assert mask.values == VALUES
    assert "animation" in mask.notes[0]
    assert read(saved("GIF"), "b.gif")[0].notes == ()


STRIPES = Image.fromarray(np.array([[0, 9] * 16] * 32, np.uint8))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (saved("JPEG", STRIPES), "a.jpg"),
        (saved("JPEG", STRIPES), "a.jpeg"),
        (saved("JPEG", STRIPES), "a.png"),
        (saved("WEBP", STRIPES.convert("RGB")), "a.webp"),
        (saved("TIFF", STRIPES, compression="jpeg"), "a.tif"),
    ],
)
def test_lossy_only_if_allowed(read, refuse, data, name):
    """A lossy mask is refused with the option that allows it, under which it counts as decoded."""
    assert "--allow-lossy" in refuse(data, name).hint
    decoded = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    (mask,) = read(data, name, allow_lossy=True)
    assert mask.values == Counter(decoded.ravel().tolist())


@pytest.mark.parametrize(
    ("format_", "name", "usual"), [("BMP", "a.png", "PNG"), ("PNG", "a.bmp", "BMP"), ("GIF", "a.tif", "TIFF")]
)  # fmt: skip
def test_wrong_ending_is_noted(read, format_, name, usual):
    """A lossless image under the ending of another counts, and the note names both."""
    (mask,) = read(saved(format_), name)
    assert mask.values == VALUES
    assert [format_ in note and usual in note for note in mask.notes] == [True]


@pytest.mark.parametrize(
    "change",
    [
        (b"\r\n", b"\n"),
        (b"\n", b"\r\n"),
        (b"\r\n", b"\r"),
        (b"\n", b"\r"),
        (b"\r", b""),
        (b"\x1a", b""),
    ],
    ids=str,
)
def test_png_by_a_text_transfer(refuse, change):
    """A PNG whose line ends a program converted, whichever way, is refused for that reason."""
    error = refuse(saved("PNG").replace(*change), "a.png")
    assert issubclass(error.kind, DamagedError)
    assert "line ends" in error.reason
    assert "binary mode" in error.hint


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "ascii"])
@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_png_as_text(refuse, encoding, ends):
    """A PNG that was read as text and written as UTF-8 is refused for that reason."""
    text = saved("PNG").decode(encoding, "replace").replace("\r\n", ends)
    error = refuse(text.encode(), "a.png")
    assert issubclass(error.kind, DamagedError)
    assert "as text" in error.reason


REFUSED = {
    "empty": (b"", "a.png", "empty"),
    "PostScript": (b"%!PS-Adobe-3.0\nshowpage\n", "a.png", "no image"),
    "pgm": (b"P5 3 2 255\n" + bytes(6), "a.pgm", "a PGM file"),
    "pgm of text": (b"P2\n3 1 20\n0 10 20\n", "a.png", "a PGM file"),
    "ppm": (b"P6\n1 1 255\n" + bytes(3), "a.ppm", "a PPM file"),
    "pbm": (b"P4\t8 1\n" + bytes(1), "a.pbm", "a PBM file"),
    "text like a pgm": (b"P5: a note", "a.png", "no image"),
    "PDF": (b"%PDF-1.7\n", "a.bmp", "a PDF"),
    "HTML": (b"<!DOCTYPE html>\n<html>", "a.png", "an HTML page"),
    "HTML without a type": (b"\r\n\r\n  <HTML lang=en>", "a.tif", "an HTML page"),
    "HTML of an array": (b"<!doctype html><title>Sign in</title>", "a.npy", "an HTML page"),
    "HTML of arrays": (b"<html><body>404</body></html>", "a.npz", "an HTML page"),
    "HTML of a volume": (b"<html><body>404</body></html>", "a.nii.gz", "an HTML page"),
    "HTML of points": (b"<!DOCTYPE html> ", "a.label", "an HTML page"),
    "XML of a store": (b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", "a.png", "an XML file"),
    "DVC": (b"outs:\n- md5: a304afb9\n", "a.png", "a DVC pointer"),
    "text": (b"notes", "a.gif", "no image"),
    "zip": (b"PK\3\4" + bytes(40), "a.png", "a ZIP archive"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a.png", "Git LFS"),
    "Git LFS of an array": (b"version https://git-lfs.github.com/spec/v1\n", "a.npy", "Git LFS"),
    "git-annex": (b"/annex/objects/MD5-s5--1\n", "a.png", "git-annex"),
    "bmp cut": (saved("BMP")[:-3], "a.bmp", ""),
    "bmp of no size": (bmp([[1]], 8, [0, 9]).replace(struct.pack("<ii", 1, 1), bytes(8)), "a.bmp", ""),
    "gif cut": (saved("GIF", STRIPES)[:-40], "a.gif", ""),
    "tiff cut": (saved("TIFF")[:40], "a.tif", ""),
    "tiff of 16-bit colours": (tiff([[1, 2, 3]], 16, 2, "<u2", {256: 1, 277: 3}), "a.tif", ""),
    "tiff of fractions": (tiff([[0.5]], 32, 1, "<f4", {339: 3}), "a.tif", "whole number"),
    "tiff with a short strip": (tiff([[1, 1]], 8, 1, "u1", {257: 2, 278: 2}), "a.tif", ""),
    "webp cut": (saved("WEBP", STRIPES.convert("RGB"), lossless=True)[:-9], "a.webp", ""),
    "colours": (saved("BMP", Image.new("RGB", (3, 2), (1, 2, 3))), "a.bmp", "colour"),
    "gif beyond what is held": (saved("GIF")[:6] + b"\xff\x7f\xff\x7f" + saved("GIF")[10:], "a.gif", "1073741824"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_no_mask_is_refused(refuse, name):
    """What is no mask, damaged, or not to be held in memory is an error that names the file."""
    data, file, reason = REFUSED[name]
    assert reason in str(refuse(data, file))


def test_a_pgm_is_to_be_saved_with_its_values(refuse):
    """The hint warns of programs that scale: Pillow turns 0, 10, 20 of 20 into 0, 128, 255."""
    hint = refuse(b"P5 3 1 20\n\0\x0a\x14", "a.pgm").hint
    assert all(word in hint for word in ("PNG", ".npy", "scale"))


def test_limit_of_pillow_gives_way(read):
    """An image beyond Pillow's limit of 89,478,485 pixels but within ours counts without a word."""
    huge = saved("TIFF", Image.new("L", (9500, 9500), 3), compression="tiff_lzw")
    assert read(huge, "a.tif")[0].values == {3: 90_250_000}


def test_option_limits_images(refuse):
    """--max-pixels holds for images too, and its refusal names it."""
    assert "--max-pixels" in refuse(saved("BMP"), "a.bmp", max_pixels=5).hint


@pytest.mark.parametrize("name", ["a.bmp", "a.tif", "a.npy", "a.png"])
def test_no_reader_opens_by_name(tmp_path, monkeypatch, name):
    """Readers get an open file: none maps it into memory, loads it by name, or starts a program."""
    path = tmp_path / name
    noise = np.random.default_rng(7).integers(0, 250, (2100, 2100), dtype=np.uint8)
    np.save(path, noise) if name == "a.npy" else Image.fromarray(noise).save(path)
    assert path.stat().st_size > 4 << 20
    really_open = open

    def open_descriptor(file, *arguments, **options):
        assert isinstance(file, int)
        return really_open(file, *arguments, **options)

    def forbidden(*_, **__):
        raise AssertionError

    monkeypatch.setattr("builtins.open", open_descriptor)
    for target in "PIL.Image.open", "numpy.load", "mmap.mmap", "subprocess.Popen":
        monkeypatch.setattr(target, forbidden)
    (mask,) = count_file(str(path))
    monkeypatch.undo()
    assert mask.values == Counter(noise.ravel().tolist())


@pytest.mark.parametrize("name", ["mask.png", "mask.npy", "mask"])
def test_fifo_does_not_block(tmp_path, environment, name):
    """A FIFO that is named as a mask is an error at once, though nobody writes into it."""
    os.mkfifo(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-m", "weightcalc", "count", name],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"{name}: not a regular file" in done.stderr


def append(path):
    with path.open("ab") as file:
        file.write(b"tail")


def rewrite(path):
    np.save(path, np.full((4, 4), 9))


def replace(path):
    np.save(path.with_name("new.npy"), np.full((4, 4), 9))
    path.with_name("new.npy").replace(path)


@pytest.fixture
def touch_during_reads(monkeypatch):
    """A function that has a file changed after each of the first reads of it."""

    def install(path, change, times):
        reads = []

        def read_masks(*arguments):
            masks = list(readers.read_masks(*arguments))
            reads.append(masks)
            if len(reads) <= times:
                change(path)
            return masks

        monkeypatch.setattr(mask_file, "read_masks", read_masks)
        return reads

    return install


@pytest.mark.parametrize(
    ("change", "values"), [(append, VALUES), (rewrite, {9: 16}), (replace, {9: 16})]
)
@pytest.mark.parametrize("large", [False, True])
def test_file_that_changes_is_read_again(tmp_path, touch_during_reads, change, values, large):
    """A file that changes during the first read counts as it is in the second."""
    path = tmp_path / "mask.npy"
    np.save(path, np.tile(MASK, (1, 1_000_000 if large else 1)))
    reads = touch_during_reads(path, change, 1)
    (mask,) = count_file(str(path))
    if change is append:
        values = {value: n * (1_000_000 if large else 1) for value, n in values.items()}
    assert mask.values == values
    assert len(reads) == 2


def test_file_that_grows_is_read_again(tmp_path, monkeypatch):
    """A file that was half written at the first read is no error if the second finds it whole."""
    path = tmp_path / "mask.npy"
    np.save(path, MASK)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])

    def read_masks(name, file, options):
        if path.stat().st_size < len(whole):
            path.write_bytes(whole)
        return readers.read_masks(name, file, options)

    monkeypatch.setattr(mask_file, "read_masks", read_masks)
    assert count_file(str(path))[0].values == VALUES


def test_file_that_keeps_changing_is_refused(tmp_path, touch_during_reads):
    """A file that changes in every read is refused as being written."""
    path = tmp_path / "mask.npy"
    np.save(path, MASK)
    touch_during_reads(path, append, 99)
    with pytest.raises(MaskError, match=r"mask\.npy: it changes while it is read"):
        count_file(str(path))
