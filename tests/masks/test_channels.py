"""One-hot and multilabel masks in images: bands and pages of TIFF, axes of NIfTI volumes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from weightcalc import MaskError, ReadOptions, count_file

tifffile = pytest.importorskip("tifffile")

# (H, W) = (2, 3): three pixels of 0, one of 1, one of 2, none of 3, and one without a class.
IDS = np.array([[0, 0, 1], [0, 2, 9]])
ONE_HOT = IDS[..., None] == np.arange(4)
COUNTS = {0: 3, 1: 1, 2: 1}
BANDS = np.moveaxis(ONE_HOT, -1, 0)


def counted(name, encoding="one-hot", **options):
    """Channels, all pixels, pixels without a one, and pixels of each channel of one mask."""
    (mask,) = count_file(str(name), ReadOptions(encoding, **options))
    return mask.num_channels, mask.pixels, mask.unlabelled, mask.values


@pytest.fixture
def save_tiff(tmp_path):
    """A function that saves an array by tifffile and returns the name of the file."""

    def save(values, **options):
        tifffile.imwrite(tmp_path / "m.tif", values, **{"metadata": None, **options})
        return str(tmp_path / "m.tif")

    return save


@pytest.fixture
def save_nifti(tmp_path):
    """A function that saves a volume by nibabel and returns the name of the file."""
    nibabel = pytest.importorskip("nibabel")

    def save(values, name="m.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / name)
        return str(tmp_path / name)

    return save


PLANES = {"photometric": "minisblack", "planarconfig": "separate"}
PIXELS = {"photometric": "minisblack", "planarconfig": "contig"}


@pytest.mark.parametrize("more", [{}, {"compression": "zlib", "predictor": 2}, {"tile": (16, 16)}])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4"])
@pytest.mark.parametrize(
    ("values", "layout"),
    [(ONE_HOT, PIXELS), (BANDS, PLANES), (BANDS, {"photometric": "minisblack"})],
    ids=["pixels", "planes", "pages"],
)
def test_bands(save_tiff, values, layout, dtype, more):
    """The bands of a TIFF are channels, pixel by pixel or plane by plane, and so are its pages."""
    if dtype == "f4":
        more = {key: value for key, value in more.items() if key != "predictor"}
    name = save_tiff(values.astype(dtype), **layout, **more)
    assert counted(name) == (4, 6, 1, COUNTS)
    assert counted(name, "multilabel") == (4, 6, 0, COUNTS)


def test_bands_in_tiles(save_tiff):
    """Bands and pages that lie in tiles of a larger image are put together where they belong."""
    ids = np.random.default_rng(3).integers(0, 4, (70, 90))
    found, numbers = np.unique(ids[ids < 3], return_counts=True)
    expected = 3, ids.size, int((ids == 3).sum()), dict(zip(found, numbers, strict=True))
    bands = (ids == np.arange(3)[:, None, None]).astype(np.uint8)
    for layout in (PLANES, {"photometric": "minisblack"}):
        name = save_tiff(bands, **layout, tile=(32, 16), compression="zlib")
        assert counted(name) == expected
    pixels = np.ascontiguousarray(np.moveaxis(bands, 0, -1))
    assert counted(save_tiff(pixels, **PIXELS, tile=(32, 16))) == expected


@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
@pytest.mark.parametrize("num_bands", [2, 3, 4])
def test_bands_of_255(save_tiff, photometric, num_bands):
    """Bands of 0 and 255 count through --foreground, also where a writer called them colours."""
    if photometric == "rgb" and num_bands < 3:
        pytest.skip("colours have three bands")
    name = save_tiff(
        ONE_HOT[..., :num_bands] * np.uint8(255), **{**PIXELS, "photometric": photometric}
    )
    with pytest.raises(MaskError, match="value 255 in a mask of channels") as caught:
        counted(name)
    assert "--foreground 255" in caught.value.hint
    without = [1, 1, 2][4 - num_bands]  # the pixel of 2 has no band where there are two
    expected = {channel: n for channel, n in COUNTS.items() if channel < num_bands}
    assert counted(name, foreground=(255, 255)) == (num_bands, 6, without, expected)


def test_pages_of_bands(save_tiff):
    """Pages of several bands are masks, each with its channels."""
    stack = np.stack([ONE_HOT, ONE_HOT[::-1]]).astype(np.uint8)
    masks = count_file(save_tiff(stack, **PIXELS), ReadOptions("one-hot"))
    assert [mask.values for mask in masks] == [COUNTS, COUNTS]


def test_bands_that_overlap(save_tiff):
    """Two ones in a pixel are refused, and multilabel is offered; there each counts."""
    for values, layout in ((ONE_HOT, PIXELS), (BANDS, {"photometric": "minisblack"})):
        name = save_tiff(np.ones_like(values, np.uint8), **layout)
        with pytest.raises(MaskError, match="ones in a pixel of a one-hot mask") as caught:
            counted(name)
        assert "--encoding multilabel" in caught.value.hint
        assert counted(name, "multilabel") == (4, 6, 0, dict.fromkeys(range(4), 6))


def test_image_without_channels(save_tiff):
    """A single page of one band has no channels, and pages of different sizes are none."""
    name = save_tiff(IDS.astype(np.uint8))
    with pytest.raises(MaskError, match="1 pages of one band"):
        counted(name)
    with tifffile.TiffWriter(name) as writer:
        writer.write(IDS.astype(np.uint8), metadata=None)
        writer.write(IDS[:1].astype(np.uint8), metadata=None)
    with pytest.raises(MaskError, match="of different sizes"):
        counted(name)


def test_axis_of_bands(save_tiff):
    """A TIFF has no axes to choose from."""
    with pytest.raises(MaskError, match="bands, or its pages") as caught:
        counted(save_tiff(ONE_HOT.astype(np.uint8), **PIXELS), channel_axis=0)
    assert "leave --channel-axis out" in caught.value.hint


VOLUME = np.arange(24).reshape(2, 3, 4) % 5  # 0 to 3 five times each, 4 four times
CHANNELS = (VOLUME[..., None] == np.arange(4)).astype(np.uint8)
EXPECTED = (4, 24, 4, dict.fromkeys(range(4), 5))


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
@pytest.mark.parametrize("name", ["m.nii", "m.nii.gz"])
def test_volumes(save_nifti, dtype, name):
    """The fourth axis of a volume is that of its channels, the fifth if the fourth is 1 long."""
    name = save_nifti(CHANNELS.astype(dtype), name)
    assert counted(name) == counted(name, channel_axis=-1) == EXPECTED
    assert counted(name, "multilabel") == (4, 24, 0, EXPECTED[3])
    name = save_nifti(CHANNELS[:, :, :, None].astype(dtype))
    assert counted(name) == counted(name, channel_axis=4) == EXPECTED


def test_volumes_with_channels_first(save_nifti):
    """With --channel-axis 0 the first axis is that of the channels; others can be none."""
    name = save_nifti(np.moveaxis(CHANNELS, -1, 0))
    assert counted(name, channel_axis=0) == counted(name, channel_axis=-4) == EXPECTED
    with pytest.raises(MaskError, match="axis 1 of a NIfTI file"):
        counted(name, channel_axis=1)


def test_channels_of_255(save_nifti):
    """Channels of 0 and 255 count through --foreground."""
    name = save_nifti(CHANNELS * np.uint8(255))
    with pytest.raises(MaskError, match="value 255 in a mask of channels"):
        counted(name)
    assert counted(name, foreground=(128, 255)) == EXPECTED


def test_volume_in_pieces(save_nifti, monkeypatch):
    """A volume counts the same in pieces of whatever size."""
    for piece in (8, 64, 8 * 30, 8 * 60):
        monkeypatch.setattr("weightcalc.masks.nifti._PIECE", piece)
        assert counted(save_nifti(CHANNELS)) == EXPECTED
        first = save_nifti(np.moveaxis(CHANNELS, -1, 0))
        assert counted(first, channel_axis=0) == EXPECTED


def test_volume_without_channels(save_nifti):
    """A volume of labels is no channels, a volume of channels no labels; both say what it is."""
    with pytest.raises(MaskError, match="has no channels") as caught:
        counted(save_nifti(CHANNELS[..., 0]))
    assert "--encoding index" in caught.value.hint
    with pytest.raises(MaskError, match="is not one volume") as caught:
        count_file(save_nifti(CHANNELS))
    assert "--encoding one-hot" in caught.value.hint


def test_volume_of_overlaps(save_nifti):
    """Channels of a volume that overlap are refused as one-hot, wherever they lie."""
    overlap = CHANNELS.copy()
    overlap[1, 2, 3] = 1
    name = save_nifti(overlap)
    with pytest.raises(MaskError, match="ones in a pixel of a one-hot mask"):
        counted(name)
    # The last voxel had label 3: one more for each of 0, 1 and 2.
    assert counted(name, "multilabel")[3] == {0: 6, 1: 6, 2: 6, 3: 5}


def test_damage_after_the_channels(save_nifti):
    """The checksum of gzip is read also where channels are counted."""
    name = save_nifti(CHANNELS)
    data = bytearray(Path(name).read_bytes())
    data[-8] ^= 1
    Path(name).write_bytes(data)
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(data)
    with pytest.raises(MaskError):
        counted(name)
