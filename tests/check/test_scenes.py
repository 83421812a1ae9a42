"""Rules on scenes whose classes have a file each."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

LAYERS = ("--layers", "{scene}_{class}.png")
HAIR, SKIN = [[0, 255, 255, 0]], [[0, 0, 255, 255]]


@pytest.fixture
def faces(save_mask, tmp_path, monkeypatch):
    """The scenes a.1, with hair and skin, and b, with skin, and an image of each."""
    monkeypatch.chdir(tmp_path)
    save_mask(HAIR, "m/a.1_hair.png")
    save_mask(SKIN, "m/a.1_skin.png")
    save_mask([[0, 0, 0, 255]], "m/b_skin.png")
    for name in ("a.1", "b"):
        save_mask(np.zeros((1, 4, 3)), f"images/{name}.jpg")
    return tmp_path


def test_clean_scenes(faces, check):
    """Scenes have the images of their names, and nothing is found."""
    assert check("m", *LAYERS, "--images", "images", "--min-masks", 1) == (0, {})


def test_images(faces, check, save_mask):
    """A scene without an image, of another size, and an image without a scene are found."""
    (faces / "images/b.jpg").unlink()
    save_mask(np.zeros((2, 2, 3)), "images/a.1.jpg")
    save_mask(np.zeros((1, 4, 3)), "images/c.jpg")
    _, found = check("m", *LAYERS, "--images", "images")
    assert set(found) == {
        ("image-size", "m/a.1"),
        ("image-missing", "m/b"),
        ("mask-missing", "images/c.jpg"),
    }


def test_classes(faces, check):
    """A class in too few scenes is rare, whatever the number of files."""
    _, found = check("m", *LAYERS, "--min-masks", 2)
    assert set(found) == {("rare-class", "hair")}


def test_damaged_file(faces, check):
    """A damaged file is found by its name."""
    path = faces / "m/a.1_skin.png"
    path.write_bytes(path.read_bytes()[:-20])
    code, found = check("m", *LAYERS, "--images", "images")
    assert code == 1
    assert ("unreadable", "m/a.1_skin.png") in found
    assert ("mask-missing", "images/a.1.jpg") not in found


def test_other_size(faces, check, save_mask):
    """A file of another size than the others of its scene cannot be used."""
    save_mask([[0, 255]], "m/a.1_skin.png")
    assert ("unusable", "m/a.1_skin.png") in check("m", *LAYERS)[1]


def test_several_values(faces, check, save_mask):
    """A file of several values cannot be used until --foreground says which are its class."""
    save_mask([[0, 9, 255, 255]], "m/b_skin.png")
    assert set(check("m", *LAYERS)[1]) == {("unusable", "m/b_skin.png")}
    assert check("m", *LAYERS, "--foreground", "255")[1] == {}


def test_leak(faces, check, save_mask):
    """A scene whose files are those of a scene of another split is a leak."""
    for part in ("hair", "skin"):
        (faces / "val").mkdir(exist_ok=True)
        shutil.copy(faces / f"m/a.1_{part}.png", faces / f"val/x_{part}.png")
    _, found = check("m", *LAYERS, "--against", "val")
    assert set(found) == {("split-leak", "m/a.1")}
    save_mask([[255, 255, 0, 0]], "val/x_hair.png")
    assert check("m", *LAYERS, "--against", "val")[1] == {}


def test_class_of_another_split(faces, check, save_mask):
    """Another split may hold a class that this one has not, also without a class list."""
    save_mask(HAIR, "val/c_hair.png")
    save_mask(SKIN, "val/c_eye.png")
    code, _ = check("m", *LAYERS, "--against", "val")
    assert code == 0
    shutil.copytree("m", "same")
    save_mask(SKIN, "same/c_eye.png")
    code, found = check("m", *LAYERS, "--against", "same")
    assert (code, {rule for rule, _ in found}) == (1, {"split-leak"})
