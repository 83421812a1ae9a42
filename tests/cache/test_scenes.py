"""Scenes in the cache: known by all their files, and by the classes of these."""

from __future__ import annotations

import os
import re
import sqlite3
import zipfile
from contextlib import closing

import pytest

PATTERN = "{scene}_{class}.png"
LONG_AGO = 1_600_000_000
HAIR, SKIN = [[0, 255, 0, 0]], [[0, 0, 255, 255]]


@pytest.fixture
def save(save_mask):
    """A function that saves a mask as if it had been written long ago."""

    def save(rows, name, seconds=LONG_AGO):
        os.utime(save_mask(rows, name), (seconds, seconds))

    return save


@pytest.fixture
def scenes(save, tmp_path, monkeypatch):
    """The folder `m` of the scenes a and b, of hair and skin, as the working one."""
    monkeypatch.chdir(tmp_path)
    for scene in "ab":
        save(HAIR, f"m/{scene}_hair.png")
        save(SKIN, f"m/{scene}_skin.png")


@pytest.fixture
def count(weightcalc):
    """A function that counts with the cache c.db: pixels of each class, and scenes from the cache."""

    def count(*words, source="m", pattern=PATTERN):
        result = weightcalc("count", source, "--layers", pattern, "--cache", "c.db", "-v", *words)
        assert result.exit_code == 0, result.stderr
        hits = re.search(r"^\d+ masks, (\d+) of them from the cache$", result.stderr, re.MULTILINE)
        pixels = {entry["name"]: entry["pixels"] for entry in result.json["classes"]}
        return pixels, int(hits[1])

    return count


def test_second_run(scenes, count):
    """Unchanged scenes are not read again."""
    assert count() == ({"hair": 2, "skin": 4}, 0)
    assert count() == ({"hair": 2, "skin": 4}, 2)
    assert count("--rest", "other") == ({"hair": 2, "other": 2, "skin": 4}, 0)
    assert count("--rest", "other") == ({"hair": 2, "other": 2, "skin": 4}, 2)


@pytest.mark.parametrize(("name", "pixels"), [("a_hair.png", 1), ("a_skin.png", 2)])
def test_changed_file(scenes, count, save, name, pixels):
    """A scene of which any file changed is read again, and no other."""
    count()
    save([[255, 255, 255, 255]], f"m/{name}", LONG_AGO + 1)
    found, hits = count()
    assert (sum(found.values()), hits) == (6 + 4 - pixels, 1)


def test_another_file(scenes, count, save):
    """A scene with one file more is another scene; with one file less too."""
    count()
    save([[1, 1, 1, 0]], "m/a_nose.png")
    assert count() == ({"hair": 2, "nose": 3, "skin": 4}, 1)
    os.remove("m/b_hair.png")
    assert count() == ({"hair": 1, "nose": 3, "skin": 4}, 1)


def test_other_classes(scenes, count, tmp_path):
    """Files that become other classes are counted as these, and need not be read again."""
    count()
    (tmp_path / "names.txt").write_text("nose\nskin\nhair\n")
    assert count("-c", "names.txt") == ({"nose": 0, "skin": 4, "hair": 2}, 2)
    assert count(pattern="{scene}_*.png")[0] == {None: 6}  # the last of two without a name
    assert count()[1] == 2


def test_foreground(scenes, count):
    """Another --foreground has counts of its own."""
    count()
    assert count("--foreground", "0") == ({"hair": 6, "skin": 4}, 0)
    assert count("--foreground", "7") == ({"hair": 0, "skin": 0}, 0)
    assert count()[1] == 2


def test_archive(scenes, count, tmp_path):
    """Scenes of an archive are known by the archive and all their members."""
    with zipfile.ZipFile("set.zip", "w") as archive:
        for path in sorted((tmp_path / "m").iterdir()):
            archive.write(path, path.name)
    os.utime("set.zip", (LONG_AGO, LONG_AGO))
    first = count(source="set.zip")
    assert count(source="set.zip") == (first[0], 2)


def test_scenes_that_are_gone_drop_out(scenes, count, save):
    """The rows of a scene of which a file is gone drop out, as the scene will not come back."""
    save(HAIR, "m/c_hair.png")
    count()
    os.remove("m/b_skin.png")
    os.remove("m/b_hair.png")
    count()
    with closing(sqlite3.connect("c.db")) as db:
        names = [row[0] for row in db.execute("SELECT name FROM masks")]
    assert len(names) == 2
    assert all(b"b_hair" not in name for name in names)
