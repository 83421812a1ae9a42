"""Files that cannot be read: how they are said, and what the program offers first."""

import os
import pickle

import numpy as np
import pytest
from PIL import Image

from weightcalc import MasksError, count_masks, list_masks
from weightcalc.errors import (
    ColorError,
    DamagedError,
    LossyError,
    MaskError,
    MissingError,
    PhotographError,
)

SKIP = "--on-error skip"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save_photos(folder, number, *, pattern="{}.png"):
    """Noise in the place of photographs."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for n in range(number):
        noise = rng.integers(0, 256, (24, 32, 3), np.uint8)
        Image.fromarray(noise).save(folder / pattern.format(n))


@pytest.fixture
def photos_beside_masks(folder, save_mask):
    """Thirty photographs beside as many masks of 3 and 1 pixels of classes 0 and 1."""
    save_photos(folder / "d/images", 30)
    for n in range(30):
        save_mask([[0, 0, 0, 1]], f"d/masks/{n}.png")


@pytest.mark.parametrize("jobs", [1, 2])
def test_photographs_beside_masks(weightcalc, photos_beside_masks, jobs):
    """One line says that there are photographs, and how many; the remedy leads to the masks."""
    result = weightcalc("weights", "d", "-j", jobs)
    assert (result.exit_code, result.stdout) == (2, b"")
    first, second, hint = result.stderr.splitlines()
    assert "d/images/0.png" in first
    assert "the first of 30 such files" in first
    assert second == "30 of 60 files cannot be read"
    assert hint.startswith("hint: --exclude 'images/*'")
    assert hint.endswith("the folder of the masks: d/masks")
    # frequencies 3/4 and 1/4, of which the median is 1/2
    for remedy in (["d", "--exclude", "images/*"], ["d/masks"]):
        assert weightcalc("weights", *remedy, "--digits", 4).json == [0.6667, 2]


def test_v_names_every_file(weightcalc, photos_beside_masks):
    """-v names each file that the message leaves out."""
    said = weightcalc("weights", "d", "-v").stderr
    assert all(f"d/images/{n}.png: " in said for n in range(30))


def test_skipped_photographs(weightcalc, photos_beside_masks):
    """--on-error skip says the kind once, and -v each of its files."""
    said = weightcalc("weights", "d", "--on-error", "skip").stderr
    assert said.count("warning: ") == 2
    assert "the first of 30 such files" in said
    loud = weightcalc("weights", "d", "--on-error", "skip", "-v").stderr
    assert all(f"d/images/{n}.png: " in loud for n in range(30))


def test_photographs_in_the_library(photos_beside_masks):
    """An error of the library offers the same, and holds an error for each file."""
    with pytest.raises(MasksError) as caught:
        count_masks(list_masks("d"))
    assert caught.value.hint.startswith("--exclude 'images/*'")
    assert len(caught.value.errors) == 30
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_photographs_before_colour_masks(weightcalc, folder, save_mask):
    """A class list with colours is not read by indices because a photograph comes first."""
    save_photos(folder / "d/images", 3)
    (folder / "c.csv").write_text("name,r,g,b\nroad,128,64,128\ncar,0,0,142\n")
    for n in range(3):
        save_mask([[[128, 64, 128], [0, 0, 142]]], f"d/masks/{n}.png")
    said = weightcalc("weights", "d", "-c", "c.csv").stderr
    assert "3 of 6 files cannot be read" in said
    assert "hint: --exclude 'images/*'" in said
    kept = weightcalc("weights", "d", "-c", "c.csv", "--exclude", "images/*")
    assert kept.json == [1, 1]


def test_photographs_without_a_pattern(weightcalc, folder, save_mask):
    """Where no pattern tells photographs from masks, none is offered."""
    save_photos(folder / "d", 1, pattern="x.png")
    save_mask([[0, 1]], "d/y.png")
    save_mask([[0, 1]], "d/xy.png")
    said = weightcalc("weights", "d").stderr
    assert "1 of 3 files cannot be read" in said
    assert "x.png'" not in said.partition("hint: ")[2]


def test_colour_masks_beside_grey_images(weightcalc, save_mask):
    """Colour masks are not called images where the grey files beside them are no masks."""
    for n in range(2):
        save_mask([np.arange(256)], f"d/images/{n}.png")
        save_mask([[[128, 64, 128], [0, 0, 142]]], f"d/masks/{n}.png")
    said = weightcalc("weights", "d").stderr
    assert "hint: --encoding color" in said
    assert "masks/*" not in said


def test_jpeg_alone(weightcalc, folder):
    """Black and white masks in JPEG are counted as the hint says."""
    rows = np.zeros((16, 32), np.uint8)
    rows[:, 8:16] = 255  # whole blocks: no edge is blurred
    for n in range(25):
        Image.fromarray(rows).save(folder / f"{n}.jpg", quality=100)
    said = weightcalc("weights", ".").stderr
    assert len(said.splitlines()) == 3
    assert "the first of 25 such files" in said
    assert "hint: --allow-lossy --map 128-255:1 --map '*:0'" in said
    assert SKIP not in said
    options = ["--allow-lossy", "--map", "128-255:1", "--map", "*:0", "-m", "inverse-frequency"]
    assert weightcalc("weights", ".", *options, "--digits", 4).json == [1.333, 4]


def errors_of(kind, number, reason="odd", start=0):
    """Errors of so many files."""
    return [MaskError(f"{n}.png", reason, kind) for n in range(start, start + number)]


@pytest.mark.parametrize(
    ("errors", "lines"),
    [
        (errors_of(DamagedError, 20), 20),
        (errors_of(DamagedError, 21), 21),
        (errors_of(DamagedError, 1000), 21),
        (errors_of(None, 30), 21),
        (errors_of(ColorError, 1000), 1),
        (errors_of(LossyError, 9) + errors_of(PhotographError, 9, start=9), 2),
        (errors_of(LossyError, 9) + errors_of(DamagedError, 2, start=9), 3),
    ],
)
def test_lines(errors, lines):
    """Faults have a line each, 20 at most; files of one kind that are no masks have one."""
    *shown, total = str(MasksError(errors, 2000)).splitlines()
    assert len(shown) == lines
    assert total == f"{len(errors)} of 2000 files cannot be read"
    assert lines < 21 or shown[-1] == f"and {len(errors) - 20} more"


def test_more_than_is_held(folder, save_mask, weightcalc):
    """Of many unreadable files the first ones of each kind are held, and all are counted."""
    (folder / "m").mkdir()
    save_mask([[0, 1]], "m/a.png")
    for n in range(1005):
        (folder / f"m/b{n:04}.png").write_bytes(b"")
    (folder / "m/c.png").symlink_to("gone")
    with pytest.raises(MasksError) as caught:
        count_masks(list_masks("m"))
    assert len(caught.value.errors) == 1001
    *shown, more, total = str(caught.value).splitlines()
    assert (len(shown), more) == (20, "and 986 more")
    assert total == "1006 of 1007 files cannot be read"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    for options in ([], ["--on-error", "skip"]):
        loud = weightcalc("count", "m", "-v", *options).stderr
        assert all(f"m/b{n:04}.png: " in loud for n in range(1005))
    assert "1006 of 1007 files cannot be read and are left out" in loud


def test_more_photographs_than_are_held(weightcalc, folder, save_mask):
    """The remedy leads to the masks also where most photographs are only counted."""
    save_photos(folder / "d/images", 1)
    for n in range(1, 1100):
        os.link(folder / "d/images/0.png", folder / f"d/images/{n}.png")
    for n in range(3):
        save_mask([[0, 0, 0, 1]], f"d/masks/{n}.png")
    said = weightcalc("weights", "d", "-j1").stderr
    assert "the first of 1100 such files" in said
    assert "hint: --exclude 'images/*'" in said


@pytest.mark.parametrize("command", ["weights", "count", "report"])
def test_skip_is_offered_for_damaged_masks(weightcalc, save_mask, folder, command):
    """What can be left out is offered to be left out."""
    save_mask([[0, 1]], "m/a.png")
    (folder / "m/b.png").write_bytes(b"")
    assert SKIP in weightcalc(command, "m").stderr


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ("none", {}),
        ("m none", {}),
        ("--files-from list", {"list": "m/a.png\nm/gone.png\n"}),
        ("m --files-from none", {}),
        ("m -c none.txt", {}),
        ("m --layout none", {}),
        ("m -n 1", {}),
        ("m --map 1:1 --ignore-index 1", {}),
        ("m --exclude *", {}),
        ("empty", {"empty/a.txt": ""}),
        ("b.png", {"b.png": ""}),  # nothing would be left
        ("m k", {"k/b_color.png": "", "k/b_labelIds.png": ""}),
    ],
)
def test_skip_is_offered_for_nothing_else(weightcalc, save_mask, folder, arguments, files):
    """Missing sources, usage and contradictions are not settled by leaving masks out."""
    save_mask([[0, 1]], "m/a.png")
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    result = weightcalc("weights", *arguments.split())
    assert result.exit_code == 2
    assert SKIP not in result.stderr


def test_missing_files_of_a_list(weightcalc, save_mask, folder):
    """Files that a list names and that are not there get --root as the hint, beside 20 lines."""
    save_mask([[0, 1]], "m/a.png")
    (folder / "list").write_text("m/a.png\n" + "".join(f"{n}.png\n" for n in range(30)))
    said = weightcalc("weights", "--files-from", "list").stderr
    assert "hint: --root" in said
    assert "and 10 more" in said
    assert len(said.splitlines()) == 23


def test_kinds_of_missing_files():
    """A missing file is no damaged one: each is named."""
    errors = errors_of(MissingError, 2, "No such file")
    assert str(MasksError(errors, 3)).count("No such file") == 2


def test_nothing_to_skip_to(weightcalc, folder):
    """Where --on-error skip leaves nothing, the first reason is said."""
    (folder / "a.png").write_bytes(b"")
    said = weightcalc("weights", "a.png", "--on-error", "skip").stderr
    assert "none of 1 files can be read" in said
    assert "a.png: the file is empty" in said


@pytest.mark.parametrize("names", [("s1/a", "s2/b", "s3/c"), ("a_x", "b_x", "b_y")])
def test_a_black_scene_among_colour_masks(weightcalc, save_mask, names):
    """A black scene can be read by index, and does not make images of the other masks."""
    black, red = [0, 0, 0], [255, 0, 0]
    save_mask([[black, black]], f"m/{names[0]}.png")
    for name in names[1:]:
        save_mask([[black, red]], f"m/{name}.png")
    hint = weightcalc("weights", "m").stderr.partition("hint: ")[2]
    assert hint.startswith("--encoding color")
    assert "--exclude" not in hint
