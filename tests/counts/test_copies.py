"""Folders that hold the same masks twice are said, and folders that only number them alike are not."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def scenes(save_mask, tmp_path, monkeypatch):
    """A function that saves five masks of random ids under the names of a folder."""
    monkeypatch.chdir(tmp_path)

    def save(folder, seed, names=range(5)):
        random = np.random.default_rng(seed)
        for name in names:
            save_mask(random.integers(0, 3, (20, 20)), f"{folder}/{name}.png")

    return save


@pytest.fixture
def remark(weightcalc):
    """A function that counts a folder, and gives what it says of folders, and the result."""

    def run(folder, *options):
        result = weightcalc("count", folder, *options)
        assert result.exit_code == 0, result.stderr
        lines = [line for line in result.stderr.splitlines() if "the folders" in line]
        return lines, result.json

    return run


@pytest.mark.parametrize("copy", ["d/masks (1)", "d/other", "d/x/masks", "d/a[1]"])
def test_a_copied_folder(scenes, remark, copy):
    """Both folders and the number of masks are named; what is offered counts each mask once."""
    scenes("d/masks", 1)
    shutil.copytree("d/masks", copy)
    [line], _ = remark("d")
    assert "5 masks of the same names and the same counts" in line
    option = re.search(r"(--exclude .*) leaves", line)[1]
    lines, counts = remark("d", *shlex.split(option))
    assert (lines, counts["masks"]) == ([], 5)


def test_the_copy_is_left_out(scenes, remark):
    """Of two folders the one that is called as a copy is offered to be left out."""
    scenes("d/masks", 1)
    shutil.copytree("d/masks", "d/masks (1)")
    [line], _ = remark("d")
    assert "--exclude 'd/masks (1)/*'" in line


@pytest.mark.parametrize("names", ["abc", "xyz"])
@pytest.mark.parametrize(
    "sources", [["d"], ["d/masks_old/m", *(f"d/masks_old/{n}.png" for n in "abcxyz")]]
)
def test_a_copy_inside_of_the_folder(scenes, remark, names, sources):
    """Of a folder and a copy of it inside, the copy is offered to be left out, and not both."""
    scenes("d/masks_old", 1, names)
    scenes("d/masks_old/m", 1, names)
    sources = [source for source in sources if Path(source).exists()]
    [line], _ = remark(*sources)
    option = re.search(r"(--exclude .*) leaves", line)[1]
    lines, counts = remark(*sources, *shlex.split(option))
    assert (lines, counts["masks"]) == ([], 3)


def test_a_copy_of_the_working_directory(scenes, remark, tmp_path, monkeypatch):
    """Masks that are named without a folder are not what is left out."""
    scenes("d", 1)
    scenes("d/a", 1)
    monkeypatch.chdir(tmp_path / "d")
    [line], _ = remark("a", *(f"{name}.png" for name in range(5)))
    assert "folders . and a hold" in line
    assert "--exclude 'a/*'" in line


def test_a_copied_folder_of_cases(scenes, remark):
    """Copies of folders whose scenes have folders of their own are named by what was copied."""
    for case in range(4):
        scenes(f"d/cases/{case}", case, ["seg"])
    shutil.copytree("d/cases", "d/cases - Copy")
    [line], _ = remark("d")
    assert "d/cases and d/cases - Copy hold 4 masks" in line


@pytest.mark.parametrize("name", ["masks_v2", "masks_old", "masks copy"])
def test_another_version_of_the_masks(scenes, remark, name):
    """Masks of the same names beside, in a folder called as a version of it, are said."""
    scenes("d/masks", 1)
    scenes(f"d/{name}", 2)
    [line], _ = remark("d")
    assert f"d/masks and d/{name} hold masks of the same names" in line


def test_folders_that_number_their_files_alike(scenes, remark):
    """Splits, cases and slices have equal names and are other masks."""
    scenes("d/train", 1)
    scenes("d/val", 2)
    for case in range(6):
        scenes(f"cases/case{case}", case, ["seg", "seg_b"])
        scenes(f"slices/p_v{case}", case)
    assert remark("d")[0] == []
    assert remark("slices")[0] == []
    assert remark("cases", "--include", "*")[0] == []


def test_empty_masks_are_no_copies(save_mask, remark, tmp_path, monkeypatch):
    """Scenes of background alone, and masks that are the same by chance, are no copies."""
    monkeypatch.chdir(tmp_path)
    for split in ("a", "b"):
        for n in range(9):
            save_mask([[0, 0, n % 8 == 0]], f"d/{split}/{n}.png")
    assert remark("d")[0] == []
