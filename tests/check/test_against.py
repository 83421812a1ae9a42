"""`weightcalc check --against`: splits that cannot be compared are never a clean check."""

import pytest
from support.checked_set import ROWS

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"


@pytest.mark.parametrize(
    ("data", "rule"), [(POINTER, "lfs-pointer"), (b"\x89PNG\r\n\x1a\n", "unreadable")]
)
def test_unreadable_masks_of_other_splits(clean, check, data, rule):
    """A mask of --against that cannot be read is a finding of its name, and fails the check."""
    (clean / "val/b.png").write_bytes(data)
    code, found = check("masks", "-c", "names.txt", "--against", "val")
    assert (code, found.keys()) == (1, {(rule, "val/b.png")})
    assert found[rule, "val/b.png"].startswith("of --against: ")


def test_other_splits_are_not_of_the_set(clean, weightcalc):
    """A mask of --against that cannot be read is none of the masks of the set that cannot."""
    (clean / "val/b.png").write_bytes(POINTER)
    arguments = ["masks", "-c", "names.txt", "--weights", "weights.json", "-f", "json"]
    document = weightcalc("check", *arguments, "--against", "val").json
    assert (document["unread"], document["masks"]) == (0, 3)


@pytest.mark.parametrize(
    ("source", "against"), [("all", "all/val"), ("all/val", "all"), ("all", "all/../all")]
)
def test_a_split_inside_of_the_set(source, against, weightcalc, save_mask, tmp_path, monkeypatch):
    """Where a mask is of both sides, the check is refused, as each mask would leak with itself."""
    monkeypatch.chdir(tmp_path)
    save_mask(ROWS, "all/train/a.png")
    save_mask(ROWS[::-1], "all/val/b.png")
    result = weightcalc("check", source, "-n", 3, "--against", against)
    assert result.exit_code == 2
    assert "this mask is of the sources and of --against" in result.stderr


def test_splits_beside_each_other(check, save_mask, tmp_path, monkeypatch):
    """The folders of the other splits are compared as ever."""
    monkeypatch.chdir(tmp_path)
    save_mask(ROWS, "all/train/a.png")
    save_mask(ROWS, "all/val/b.png")
    code, found = check("all/train", "-n", 3, "--against", "all/val")
    assert (code, found.keys()) == (1, {("split-leak", "all/train/a.png")})
