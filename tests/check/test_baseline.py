"""`weightcalc check --baseline`: classes that vanished or changed, each fault said once."""

import json
from pathlib import Path

import junitparser
import pytest
from support.checked_set import counts_of, in_color, one_less

from weightcalc import ClassCounts
from weightcalc.counts.drift import changed_classes, class_drift

BASE = ["--baseline", "baseline.json"]


def baseline(*pixels):
    """Write a baseline of one mask of these pixels."""
    Path("baseline.json").write_text(json.dumps(counts_of(pixels).to_dict()))


@pytest.mark.parametrize(
    ("before", "after", "factor", "changed"),
    [
        ([10, 90], [20, 80], 2.0, []),  # twice as many is not more than twice
        ([10, 90], [21, 79], 2.0, [0]),
        ([21, 79], [10, 90], 2.0, [0]),
        ([10, 90], [23, 77], 2.3, []),  # 2.3 as a float is less than 23 / 10
        ([10, 90], [20, 180], 1.0, []),
        ([10, 90, 0], [10, 80, 10], 99.0, [2]),
        ([10, 80, 10], [10, 90], 99.0, [2]),
        ([10, 90], [0, 0], 2.0, []),
        ([10**400, 10**400], [10**400, 9 * 10**400], 4.0, [0]),
    ],
)
def test_changed_classes(before, after, factor, changed):
    """A class changed if the ratio of its shares is above the factor, as whole numbers."""
    sides = []
    for pixels in (before, after):
        counts = ClassCounts()
        counts.grow(len(pixels))
        counts.pixels[:] = pixels
        sides.append(counts)
    assert [move.index for move in changed_classes(*sides, factor)] == changed


def test_drift_without_classes():
    """Without the class that grew, 30 to 10 and 60 to 20 are the same shares."""
    before, after = counts_of([30, 60, 10]), counts_of([10, 20, 70])
    assert class_drift(before, after).distance == pytest.approx(0.6)
    assert class_drift(before, after, {2}).distance == 0


def test_vanished_class_is_one_finding(clean, check):
    """It is not also never seen, changed, or a drift of the whole, as the others are as before."""
    Path("names.txt").write_text("road\nsky\ncar\ndog\n")
    baseline(48, 30, 18, 32)  # a quarter
    arguments = ["masks", "-c", "names.txt", *BASE, "--max-class-drift", 2]
    code, found = check(*arguments)
    assert (code, list(found)) == (1, [("class-vanished", "dog")])
    others = {("class-never-seen", "dog"), ("class-drift", "dog")}
    _, found = check(*arguments, "--rule", "class-vanished=off")
    assert found.keys() == others
    milder = ["--rule", "class-vanished=warning", "--rule", "class-never-seen=error"]
    code, found = check(*arguments, *milder)
    assert (code, found.keys()) == (1, others | {("class-vanished", "dog")})


def test_drift_of_the_others_is_said(clean, check):
    """Where a class vanished and the others moved too, both are said."""
    baseline(70, 8, 18, 32)
    _, found = check("masks", "-n", 4, *BASE)
    assert found.keys() == {("class-vanished", None), ("drift", None)}


def test_ignored_class_has_not_vanished(clean, check):
    """A class that this run ignores is not missed, and its share is not compared."""
    arguments = ["masks", "-c", "names.txt", "--ignore-index", "car", *BASE, "--max-drift", 1]
    assert check(*arguments, "--max-class-drift", 2) == (0, {})


def test_new_class_changed(clean, check):
    """A class that the baseline has not exceeds any factor."""
    baseline(48, 30)
    arguments = ["masks", "-c", "names.txt", *BASE, "--max-drift", 1, "--max-class-drift", 50]
    _, found = check(*arguments)
    assert list(found) == [("class-drift", "car")]
    assert "more than any factor" in found["class-drift", "car"]


def test_nothing_read(clean, check):
    """Where no mask can be read, only that is said, and nothing of classes."""
    for name in ("b", "c"):
        (clean / f"masks/{name}.png").unlink()
    in_color(clean)
    one_less(clean)
    _, found = check("masks", "-c", "names.txt", *BASE, "--max-class-drift", 2)
    assert found.keys() == {("wrong-kind", "masks/a.png")}


def test_without_baseline(clean, check, weightcalc):
    """Without one nothing vanished; a factor is refused on the command line, not in the file."""
    assert check("masks", "-n", 3) == (0, {})
    result = weightcalc("check", "masks", "-n", 3, "--max-class-drift", 2)
    assert result.exit_code == 2
    assert "--max-class-drift needs a baseline" in result.stderr
    Path("pyproject.toml").write_text("[tool.weightcalc.check]\nmax-class-drift = 2\n")
    result = weightcalc("check", "masks", "-n", 3, "-f", "json")
    assert not result.json["rules"]["class-drift"]["tried"]
    baseline(80, 50, 2)
    assert check("masks", "-n", 3, *BASE)[1].keys() == {("class-drift", None)}


@pytest.mark.parametrize("factor", ["0.5", "nan", "inf", "x"])
def test_wrong_factor(clean, weightcalc, factor):
    """A factor is a finite number of 1 or more, in the file too."""
    result = weightcalc("check", "masks", *BASE, "--max-class-drift", factor)
    assert (result.exit_code, result.stdout) == (2, b"")
    text = f'"{factor}"' if factor == "x" else factor
    Path("pyproject.toml").write_text(f"[tool.weightcalc.check]\nmax-class-drift = {text}\n")
    result = weightcalc("check", "masks", *BASE)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "max-class-drift = " in result.stderr


def test_formats_show_a_class_beyond_the_list(clean, weightcalc):
    """JUnit has a case for a class that only the baseline has; GitHub and JSON name it."""
    one_less(clean)
    arguments = ["check", "masks", "-c", "names.txt", *BASE]
    weightcalc(*arguments, "-o", "report.xml")
    (suite,) = junitparser.JUnitXml.fromfile("report.xml")
    (failed,) = [case for case in suite if case.is_failure]
    assert (failed.classname, failed.name) == ("weightcalc.class-vanished", "class 3")
    shown = weightcalc(*arguments, "-f", "github").stdout.decode()
    assert shown.startswith("::error title=weightcalc class-vanished::class 3: no mask holds it")
    (finding,) = weightcalc(*arguments, "-f", "json").json["findings"]
    assert (finding["rule"], finding["class"], finding["name"]) == ("class-vanished", 3, None)


def test_nothing_vanished_from_masks_that_cannot_be_read(clean, check):
    """A mask that cannot be read may hold the class that seems to be gone."""
    baseline(48, 30, 18, 32)
    Path("masks/d.png").write_bytes(b"damaged")
    code, found = check("masks", "-n", 4, *BASE)
    assert code == 1
    assert ("unreadable", "masks/d.png") in found
    assert ("class-vanished", None) not in found
