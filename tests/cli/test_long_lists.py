"""Lists of errors and warnings end after 20 lines, and -v shows all of them."""

import numpy as np
import pytest
from support.report_sets import saved


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines_with(words, result):
    """The lines of standard error that hold some words."""
    return [line for line in result.stderr.splitlines() if words in line]


@pytest.mark.parametrize(("number", "shown", "more"), [(20, 20, []), (26, 20, ["and 6 more"])])
def test_unknown_values(weightcalc, save_mask, number, shown, more):
    """Twenty values that belong to no class are described, and the others are counted."""
    mask = save_mask([range(100, 100 + number)])
    result = weightcalc("weights", mask, "-n", 3)
    assert len(lines_with("is neither a class nor ignored", result)) == shown
    assert lines_with("and ", result)[:1] == more or not more
    loud = weightcalc("weights", mask, "-n", 3, "-v")
    for value in range(100, 100 + number):
        assert lines_with(f"value {value} (", loud)


def test_unknown_colours(weightcalc, save_mask, folder):
    """The same for colours: -v names each of them."""
    (folder / "c.csv").write_text("name,r,g,b\nroad,128,64,128\ncar,0,0,142\n")
    mask = save_mask([[[9, 9, n] for n in range(25)]])
    options = ["weights", mask, "-c", "c.csv", "--encoding", "color"]
    result = weightcalc(*options)
    assert len(lines_with("is neither a class nor ignored", result)) == 20
    assert lines_with("and 5 more", result)
    loud = weightcalc(*options, "-v")
    assert all(lines_with(f"value #0909{n:02x} (", loud) for n in range(25))


@pytest.mark.parametrize(("absent", "more"), [(20, False), (33, True)])
def test_absent_classes(weightcalc, save_mask, absent, more):
    """An error about absent classes names 20 of them."""
    mask = save_mask([[0]])
    said = weightcalc("weights", mask, "-n", absent + 1, "--absent", "error").stderr
    assert "19, 20" in said
    assert ("21" in said) is False
    assert ("and 13 more" in said) is more


def test_warnings_about_weights(weightcalc, folder):
    """Classes that fill every pixel are named in 20 warnings, unless -v asks for all."""
    masks = np.ones((24, 4, 4), np.uint8)
    np.save("m.npy", masks)
    options = ["weights", "m.npy", "--encoding", "multilabel", "--channel-axis", 0]
    options += ["-m", "pos-weight"]
    assert len(lines_with("fills every labelled pixel", weightcalc(*options))) == 20
    assert len(lines_with("and 4 more", weightcalc(*options))) == 1
    assert len(lines_with("fills every labelled pixel", weightcalc(*options, "-v"))) == 24


def test_counts_files_named_twice(weightcalc):
    """Counts files that are named again are named in 20 warnings."""
    names = [saved(f"{n}.json", [3, 1]) for n in range(25)]
    result = weightcalc("weights", *names, *names)
    assert len(lines_with("named twice", result)) == 20
    assert lines_with("and 5 more", result)
    # the same string, too
    assert lines_with("named twice", weightcalc("weights", names[0], names[0]))


@pytest.mark.parametrize("options", [[], ["--exclude", "*"]])
def test_many_sources(weightcalc, save_mask, folder, options):
    """An error about all sources names three of them."""
    for n in range(9):
        save_mask([[0, 1]], f"s{n}/a.png") if options else (folder / f"s{n}").mkdir()
    result = weightcalc("weights", *(f"s{n}" for n in range(9)), *options)
    assert result.exit_code == 2
    assert "s0, s1, s2 and 6 more" in result.stderr


def test_findings_are_whole(weightcalc, folder, save_mask):
    """Findings of `check` are a result that programs read: none is left out of them."""
    for n in range(30):
        save_mask([[9]], f"m/{n:02}.png")
    found = weightcalc("check", "m", "-n", 3, "-f", "json").json["findings"]
    assert len([entry for entry in found if entry["rule"] == "unknown-value"]) == 30
