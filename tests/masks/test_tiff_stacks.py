"""TIFF stacks: each page is read by its own directory, however alike those are."""

from __future__ import annotations

import numpy as np
import pytest

from weightcalc import MaskError, count_file

tifffile = pytest.importorskip("tifffile")


@pytest.fixture
def save(tmp_path):
    """A function that saves pages, each with options of its own, and returns the name."""

    def save(pages, **options):
        with tifffile.TiffWriter(tmp_path / "stack.tif", **options) as file:
            for values, more in pages:
                file.write(values, metadata=None, contiguous=False, **more)
        return str(tmp_path / "stack.tif")

    return save


@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"bigtiff": True}])
@pytest.mark.parametrize("coding", [{}, {"compression": "zlib"}, {"rowsperstrip": 2}])
def test_pages_that_differ_in_pixels_alone(save, options, coding):
    """Of pages whose directories are alike but for the strips, each counts by its own pixels."""
    pages = [np.full((4, 5), value, np.uint8) for value in (3, 1, 2, 3)]
    name = save([(page, coding) for page in pages], **options)
    assert [mask.values for mask in count_file(name)] == [{3: 20}, {1: 20}, {2: 20}, {3: 20}]


def test_pages_that_differ_in_tags(save):
    """A page of another size, type, palette or reduction between equal ones is read as it is."""
    small, large = np.ones((2, 3), np.uint8), np.full((4, 5), 2, np.uint8)
    palettes = np.zeros((2, 3, 256), np.uint16)
    palettes[:, 0, 1] = 0x1111, 0x2222
    name = save([
        (small, {}), (small, {}), (large, {}), (small, {}), (small.astype("i1") - 2, {}),
        (small, {"subfiletype": 1}), (small, {}),
        (small, {"photometric": "palette", "colormap": palettes[0]}),
        (small, {"photometric": "palette", "colormap": palettes[1]}),
    ])  # fmt: skip
    masks = list(count_file(name))
    ones = {1: 6}
    assert [mask.values for mask in masks] == [ones, ones, {2: 20}, ones, {-1: 6}, *[ones] * 3]
    assert [mask.colors for mask in masks[-2:]] == [{1: 0x110000}, {1: 0x220000}]


def test_a_page_that_leads_nowhere(save):
    """A stack of equal pages whose chain goes on behind the end of the file is refused."""
    name = save([(np.ones((2, 3), np.uint8), {})] * 4)
    with tifffile.TiffFile(name) as file:
        last = file.pages[3].offset
        behind = last + 2 + 12 * len(file.pages[3].tags)
    with open(name, "r+b") as file:
        file.seek(behind)
        file.write((1 << 20).to_bytes(4, "little"))
    with pytest.raises(MaskError, match="1048576"):
        list(count_file(name))
