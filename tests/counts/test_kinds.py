"""Masks of recurring endings: kinds are told from tiles by what was counted in them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.png_writer import PALETTE, write_png

from weightcalc import SourceError, count_masks, list_masks

IDS = [[0, 1, 2, 3]]
SCENES = "abc"


@pytest.fixture
def counted(save_mask, tmp_path, monkeypatch):
    """A function that counts scenes of two endings, each with its rows, and gives the pixels."""
    monkeypatch.chdir(tmp_path)

    def run(endings, scenes=SCENES, **options):
        for scene in scenes:
            for ending, rows in endings.items():
                if isinstance(rows, bytes):
                    (tmp_path / "m").mkdir(exist_ok=True)
                    (tmp_path / f"m/{scene}{ending}").write_bytes(rows)
                else:
                    save_mask(rows, f"m/{scene}{ending}", getattr(rows, "dtype", np.uint8))
        return count_masks(list_masks("m"), **options).pixels

    return run


@pytest.mark.parametrize(
    "endings",
    [
        {"_x1y1.png": IDS, "_x2y1.png": [[0, 0, 3, 5]]},
        {"_north.png": IDS, "_south.png": [[1, 1, 0, 7]]},
        {"_area2.tif": IDS, "_area11.tif": IDS},
        {"_left.png": [[0, 0]], "_right.png": [[0, 9]]},
    ],
)
def test_tiles_are_one_kind(counted, endings):
    """Tiles whose masks are of one mode and share values, or are empty, are counted together."""
    assert sum(counted(endings)) == 3 * sum(np.size(rows) for rows in endings.values())


@pytest.mark.parametrize(
    "endings",
    [
        {"_a.png": IDS, "_b.png": np.array([[0, 24, 25, 1]], np.uint16)},
        {"_a.png": IDS, "_b.png": write_png([[0, 1]], PALETTE)},
        {"_ids.png": IDS, "_edges.png": [[0, 255]]},
        {"_class.png": IDS, "_object.png": [[0, 7, 8, 9]]},
        {".png": IDS, "_L.png": [[0, 7, 8, 9]]},
    ],
)
def test_two_kinds_are_refused(counted, endings):
    """Another mode or depth, 0 and 255 beside ids, and no value in common are two kinds."""
    with pytest.raises(SourceError) as caught:
        counted(endings)
    assert re.search("--(in|ex)clude '[*]_", caught.value.hint)


@pytest.mark.parametrize(
    ("other", "offered"),
    [([[0, 255]], False), (np.array([[0, 1]], np.uint16), False), ([[0, 7, 8, 9]], True)],
)
def test_all_together(counted, other, offered):
    """All masks together are offered only where they may be parts of the same scenes."""
    with pytest.raises(SourceError) as caught:
        counted({"_a.png": IDS, "_b.png": other})
    assert ("--include '*' for all" in caught.value.hint) == offered


def test_two_scenes_have_no_value_in_common_by_chance(counted):
    """Two scenes without a common value are not yet two kinds of masks; three are."""
    endings = {"_class.png": [[0, 1]], "_object.png": [[0, 7]]}
    assert counted(endings, "ab")[7] == 2
    with pytest.raises(SourceError):
        counted(endings, "abc")


def test_all_can_be_wanted(counted):
    """Whoever says that all masks belong together gets them counted together."""
    endings = {"_class.png": [[0, 1]], "_object.png": [[0, 7]]}
    assert counted(endings, one_kind=False)[1] == 3


def test_colour_pictures_beside_masks(weightcalc, save_mask, tmp_path, monkeypatch):
    """Where all files of an ending cannot be read as masks, they are what to leave out."""
    monkeypatch.chdir(tmp_path)
    for scene in SCENES:
        save_mask(IDS, f"m/{scene}_ids.png")
        save_mask(np.full((2, 2, 3), (9, 8, 7)), f"m/{scene}_view.png")
    result = weightcalc("weights", "m")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "hint: --exclude '*_view.png'" in result.stderr
    skipping = weightcalc("weights", "m", "--on-error", "skip")
    assert skipping.exit_code == 2
    assert "hint: --include '*_ids.png'" in skipping.stderr


def test_colour_pictures_beside_masks_without_an_ending(
    weightcalc, save_mask, tmp_path, monkeypatch
):
    """Where the masks have no ending that tells them apart, that of the pictures is named."""
    monkeypatch.chdir(tmp_path)
    for scene in SCENES:
        save_mask(IDS, f"m/{scene}.png")
        save_mask(np.full((2, 2, 3), (9, 8, 7)), f"m/{scene}_view.png")
    skipping = weightcalc("weights", "m", "--on-error", "skip")
    assert skipping.exit_code == 2
    assert "hint: --exclude '*_view.png'" in skipping.stderr
