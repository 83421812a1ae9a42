"""What files of many values are taken for, where they stand beside masks."""

import re
import shlex

import numpy as np
import pytest


@pytest.fixture
def save_pair(tmp_path, monkeypatch, save_mask):
    """Saves a mask of 3 and 1 pixels of classes 0 and 1, and a grey image; in a working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)

    def save(mask, image, low=0):
        (tmp_path / mask).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
        save_mask([[0, 0, 0, 1]], mask)
        save_mask(rng.integers(low, 256, (40, 50), np.uint8), image)

    return save


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("mask", "image"),
    [("d/case{}/seg.png", "d/case{}/image.png"), ("d/masks/{}.png", "d/imgs/{}.png")],
)
@pytest.mark.parametrize("low", [0, 150], ids=["all greys", "light greys"])
def test_grey_images_beside_masks(weightcalc, save_pair, mask, image, low, jobs):
    """The pattern that is offered leaves out the images and no mask, whatever the layout."""
    for n in range(5):
        save_pair(mask.format(n), image.format(n), low)
    result = weightcalc("weights", "d", "-j", jobs)
    assert (result.exit_code, result.stdout) == (2, b"")
    option = re.search(r"--exclude '.*?'", result.stderr)[0]
    # frequencies 3/4 and 1/4, of which the median is 1/2
    assert weightcalc("weights", "d", *shlex.split(option), "--digits", 4).json == [0.6667, 2]


def test_an_unreadable_image(weightcalc, save_pair, tmp_path):
    """The pattern is found also where an image cannot be read and is skipped."""
    for n in range(5):
        save_pair(f"d/masks/{n}.png", f"d/imgs/{n}.png")
    (tmp_path / "d/imgs/2.png").write_bytes(b"no picture")
    said = weightcalc("weights", "d", "--on-error", "skip").stderr
    assert "--exclude 'imgs/*' leaves the images out" in said


def test_more_classes_in_some_masks(weightcalc, save_mask, tmp_path, monkeypatch):
    """Where masks of one folder have more classes than were said, more classes are offered first."""
    monkeypatch.chdir(tmp_path)
    for n in range(3):
        for folder, size in (("train", 8), ("val", 40)):
            (tmp_path / "d" / folder).mkdir(parents=True, exist_ok=True)
            save_mask([list(range(size)) * 2], f"d/{folder}/{n}.png")
    hint = weightcalc("weights", "d", "-n", 12).stderr.partition("hint: ")[2]
    assert hint.startswith("-n 40 ")


def test_grey_images_that_no_name_tells(weightcalc, save_pair):
    """Where no pattern leaves out the images alone, none is offered."""
    for n in range(5):
        save_pair(f"d/{2 * n}.png", f"d/{2 * n + 1}.png")
    assert not re.search("--(exclude|include) '", weightcalc("weights", "d").stderr)


def test_images_alone_leave_nothing_out(weightcalc, save_pair, tmp_path):
    """Where all files are images, no pattern is offered that leaves no file."""
    for n in range(5):
        save_pair(f"d/masks/{n}.png", f"d/imgs/{n}.png")
    assert not re.search("--(exclude|include) '", weightcalc("weights", "d/imgs").stderr)
