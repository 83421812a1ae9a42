"""Directories of TIFF files that lead nowhere, or whose tags cannot be read."""

from __future__ import annotations

import struct
import sys

import pytest
from support.plain_tiff import DEFLATE, LZW, PACKBITS, STORED, directories
from support.tiff_writer import page_of, write_tiff

from weightcalc.errors import DamagedError

pytest.importorskip("tifffile")

ROWS = [[1, 2, 3, 3]] * 5


def two_pages():
    """A file of two pages, and where its two directories end, which is where the next one is named."""
    data = write_tiff([page_of(ROWS), page_of([[7] * 4] * 5)])
    return bytearray(data), [places[-1] for places in directories(data)]


def test_two_pages(read):
    """Each directory of a file that is whole is a mask."""
    assert [mask.values for mask in read(bytes(two_pages()[0]), "m.tif")] == [
        {1: 5, 2: 5, 3: 10},
        {7: 20},
    ]


@pytest.mark.parametrize("without_tifffile", [False, True])
def test_cut_before_its_last_directory(refuse, monkeypatch, without_tifffile):
    """A file that lost its last directory is refused, not counted without its last page."""
    if without_tifffile:
        monkeypatch.setitem(sys.modules, "tifffile", None)
    data, (_, last) = two_pages()
    for size in (last + 3, last - 1, last - 100):
        assert refuse(bytes(data[:size]), "m.tif").kind is DamagedError


@pytest.mark.parametrize("place", [1 << 20, (1 << 32) - 1, 8])
def test_a_directory_that_is_none(refuse, place):
    """A last directory that leads out of the file, or to what is no directory, is refused."""
    data, (_, last) = two_pages()
    struct.pack_into("<I", data, last, place)
    assert refuse(bytes(data), "m.tif").kind is DamagedError


def test_long_circle(refuse):
    """A circle of more than 100 directories is refused like a short one."""
    data = bytearray(write_tiff([page_of([[1]])] * 150))
    places = list(directories(bytes(data)))
    struct.pack_into("<I", data, places[-1][-1], places[3][0] - 2)
    assert "circle" in str(refuse(bytes(data), "m.tif"))


@pytest.mark.parametrize("code", [258, 259, 277, 317])
def test_a_tag_that_cannot_be_read(refuse, code):
    """A tag whose value lies outside the file has no default: the pixels would be other ones."""
    data, _ = two_pages()
    entries = next(directories(bytes(data)))
    (at,) = [at for at in entries[:-1] if struct.unpack_from("<H", data, at)[0] == code]
    struct.pack_into("<II", data, at + 4, 1000, 1 << 30)  # so many values, so far away
    assert f"its tag {code} cannot be read" in str(refuse(bytes(data), "m.tif"))


@pytest.mark.parametrize("compression", [STORED, PACKBITS])
def test_a_predictor_that_not_all_readers_know(refuse, compression):
    """Differences without LZW or Deflate, which libtiff takes for values, are refused."""
    data = write_tiff([page_of(ROWS, compression=compression, sums=True)])
    assert "predictor 2" in str(refuse(data, "m.tif"))


@pytest.mark.parametrize("compression", [LZW, DEFLATE])
def test_a_predictor_that_all_readers_know(read, compression):
    """Differences in LZW and Deflate are added up along each row."""
    data = write_tiff([page_of(ROWS, compression=compression, sums=True)])
    assert read(data, "m.tif")[0].values == {1: 5, 2: 5, 3: 10}


@pytest.mark.parametrize("code", [322, 323, 324, 325])
def test_tiles_without_one_of_their_tags(refuse, read, code):
    """Tiles that lost one of their tags are not taken for strips."""
    page = page_of(ROWS, tile=(16, 16))
    assert read(write_tiff([page]), "m.tif")[0].values == {1: 5, 2: 5, 3: 10}
    data = write_tiff([(page[0], {tag: page[1][tag] for tag in page[1] if tag != code})])
    assert f"no tag {code} of theirs" in str(refuse(data, "m.tif"))
    strips = page_of(ROWS)[1]
    both = write_tiff([(page[0], strips | {tag: page[1][tag] for tag in page[1] if tag != code})])
    assert f"no tag {code} of theirs" in str(refuse(both, "m.tif"))


def test_a_tag_that_stands_twice(refuse):
    """A tag that matters and stands in a directory twice is refused: readers differ on which."""
    data, _ = two_pages()
    entries = next(directories(bytes(data)))
    (at,) = [at for at in entries[:-1] if struct.unpack_from("<H", data, at)[0] == 277]
    struct.pack_into("<H", data, at, 278)
    assert "its tag 278 stands" in str(refuse(bytes(data), "m.tif"))
