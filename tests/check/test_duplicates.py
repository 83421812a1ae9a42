"""Rules of `weightcalc check` that must be asked for: masks held twice, masks of one value."""

import zipfile

import numpy as np
import pytest
from support.checked_set import ROWS, twice

from weightcalc.check import pixels, same_masks
from weightcalc.check.same_masks import SameMasks
from weightcalc.masks.file import count_file

ASKED = ["-n", 3, "--rule", "duplicate-mask=error"]
ALONE = ["-n", 3, "--rule", "single-value-mask=error"]


def test_off_unless_asked(clean, check, save_mask):
    """Neither rule is tried unless it is given a level."""
    twice(clean)
    save_mask([[0] * 8] * 4, "masks/d.png")
    assert check("masks", "-n", 3) == (0, {})


def test_level_in_the_file(clean, check):
    """A level in pyproject.toml asks for a rule too."""
    twice(clean)
    text = '[tool.weightcalc.check.rules]\nduplicate-mask = "warning"\n'
    (clean / "pyproject.toml").write_text(text)
    assert check("masks", "-n", 3)[1].keys() == {("duplicate-mask", "masks/c.png")}


@pytest.mark.parametrize(
    "other",
    [
        np.array(ROWS)[:, ::-1],  # the same counts, other pixels
        np.array(ROWS).reshape(8, 4),  # the same counts and bytes, another size
    ],
)
def test_equal_counts(clean, check, save_mask, other):
    """Masks of equal counts are no duplicates unless size and pixels agree."""
    save_mask(other, "masks/d.png")
    assert check("masks", *ASKED) == (0, {})


def test_each_copy_is_a_finding(clean, check, save_mask):
    """Each further copy is one finding, which names the first, whatever its format."""
    save_mask(ROWS, "masks/d.png")
    save_mask(ROWS, "masks/e.npy")
    with zipfile.ZipFile("more.zip", "w") as archive:
        archive.write("masks/a.png", "a.png")
    code, found = check("masks", "more.zip", *ASKED, "--rule", "wrong-kind=off")
    places = ["masks/d.png", "masks/e.npy", "zip://a.png::more.zip"]
    expected = {("duplicate-mask", place): "the same mask as masks/a.png" for place in places}
    assert (code, found) == (1, expected)


def test_masks_of_one_value_are_left_out(clean, check, save_mask):
    """Two scenes that are all background have the same mask, which is no fault."""
    for name in ("d", "e"):
        save_mask([[0] * 8] * 4, f"masks/{name}.png")
    assert check("masks", *ASKED) == (0, {})


def test_stack(clean, check, save_mask):
    """The masks of one array are compared with each other."""
    save_mask([ROWS, np.array(ROWS)[:, ::-1], ROWS], "s/stack.npy")
    found = check("s", *ASKED)[1]
    assert found == {("duplicate-mask", "s/stack.npy[2]"): "the same mask as s/stack.npy[0]"}


def test_other_splits_are_other_sets(clean, check, save_mask):
    """A mask of --against is a leak, and no duplicate."""
    save_mask(ROWS, "val/z.png")
    found = check("masks", *ASKED, "--against", "val")[1]
    assert {rule for rule, _ in found} == {"split-leak"}


def test_equal_digests_are_decided_by_pixels(clean, save_mask, monkeypatch):
    """If all digests were equal, pixels would still tell masks apart."""
    monkeypatch.setattr(same_masks, "_digest_of_pixels", lambda pixels: b"")
    held = SameMasks("auto")
    twins = []
    for name, rows in (("a", ROWS), ("d", np.array(ROWS)[::-1]), ("e", np.array(ROWS)[::-1])):
        path = save_mask(rows, f"{name}.png")
        twins.append(held.twin(path, None, count_file(path)[0], keep=True))
    assert [twin and twin[-5:] for twin in twins] == [None, None, "d.png"]


def test_many_of_equal_counts_are_read_once(clean, save_mask, monkeypatch):
    """Masks of equal counts and other pixels are decoded once each, not once a pair."""
    read = []
    real = pixels.pixel_values
    monkeypatch.setattr(pixels, "pixel_values", lambda *a: read.append(a[0]) or real(*a))
    held = SameMasks("auto")
    for number in range(16):
        row = np.zeros(16)
        row[number] = 1
        path = save_mask([row], f"{number}.png")
        assert held.twin(path, None, count_file(path)[0], keep=True) is None
    assert len(read) == len(set(read)) == 16


def test_what_is_not_compared_is_said(clean, weightcalc, monkeypatch):
    """Without pixels the same bytes are still a duplicate; other bytes are no finding, but said."""
    monkeypatch.setattr(pixels, "MOST_PIXELS", 0)
    twice(clean)
    (clean / "masks/d.png").write_bytes((clean / "masks/a.png").read_bytes())
    result = weightcalc("check", "masks", *ASKED, "-f", "json", "-j1")
    assert [finding["mask"] for finding in result.json["findings"]] == ["masks/d.png"]
    assert "duplicate-mask: 1 mask of equal counts was not compared" in result.stderr


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([[2] * 8] * 4, "all of its 32 pixels have value 2"),
        ([[0, 0, 0, 2]], None),
    ],
)
def test_single_value(clean, check, save_mask, rows, text):
    """A mask whose pixels all have one value is found, if that is asked for."""
    save_mask(rows, "masks/d.png")
    found = check("masks", *ALONE)[1]
    assert found == ({("single-value-mask", "masks/d.png"): text} if text else {})


@pytest.mark.parametrize(
    ("encoding", "vector", "text"),
    [
        ("one-hot", [0, 1, 0], "all of its 32 pixels have channel 1"),
        ("multilabel", [0, 1, 1], "all of its 32 pixels have channel 1 and 2"),
        ("multilabel", [0, 0, 0], "all of its 32 pixels have no class"),
    ],
)
def test_single_value_of_channels(clean, check, save_mask, encoding, vector, text):
    """So is an array in which all pixels have the same channels; a mixed one is not."""
    save_mask(np.tile(vector, (4, 8, 1)), "m/a.npy")
    save_mask(np.eye(3)[np.arange(32).reshape(4, 8) % 3], "m/b.npy")
    found = check("m", "--rule", "single-value-mask=error", "--encoding", encoding)[1]
    assert found["single-value-mask", "m/a.npy"] == text
    assert ("single-value-mask", "m/b.npy") not in found
