"""Weights that were written before: one reader, with the same rules for `check` and `explain`."""

import json
from pathlib import Path

import pytest

from weightcalc import LabelMap
from weightcalc.weights.formula import Formula
from weightcalc.weights.stated import read_weights


@pytest.fixture
def masks(save_mask, tmp_path, monkeypatch):
    """A mask of 8, 2 and 2 pixels of three classes, beside a list of their names."""
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("road\nsky\ncar\n")
    save_mask([[0] * 8 + [1, 1, 2, 2]], "masks/a.png")
    return "masks"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"road": 0.5, "sky": 2, "road": 2}', "the key 'road' occurs twice"),
        ('{"road": 0.5, "sky": -2, "car": 2}', "class 1 (sky) weighs -2, which is below 0"),
        ("[0.5, 2, NaN]", "class 2 weighs NaN"),
        ("[0.5, 2, 1e400]", "class 2 weighs 1e+400"),
        ("[0.5, 2, true]", "the weight of class 2 is no number"),
        ("[]", "0 weights"),
        ('{"format": "weightcalc-weights/1", "weights": [1]}', "the report states no options"),
    ],
)
@pytest.mark.parametrize("words", [["explain"], ["check", "masks", "-n", 3, "--weights"]])
def test_refused_by_all_commands(weightcalc, masks, text, message, words):
    """What is no weights file is refused by every command, with its name."""
    Path("w.json").write_text(text)
    result = weightcalc(*words, "w.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"w.json: {message}" in result.stderr


# 12 / (3 * [8, 2, 2])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.5 2.0 2.0", 0),
        ("{0: 0.5, 2: 2.0, 1: 2.0}", 0),
        ('{"car": 2.0, "sky": 2.0, "road": 0.5}', 0),
        ("0.5, 2.0, 2.1", 1),
    ],
)
def test_check_reads_every_form(weightcalc, masks, text, code):
    """`check --weights` reads each form of a list that `explain` reads."""
    Path("w.txt").write_text(text)
    words = ["check", masks, "-c", "names.txt", "--weights", "w.txt", "-m", "balanced"]
    assert weightcalc(*words).exit_code == code


def test_report(weightcalc, masks):
    """A report states its formula, its counts, its digits and the names of its classes."""
    words = ["-m", "enet", "-p", "c=1.3", "--clip", "1:", "--zero", "sky", "--digits", 4]
    weightcalc("weights", masks, "-c", "names.txt", *words, "--layout", "report", "-o", "w.json")
    stated = read_weights("w.json")
    assert stated.formula == Formula("enet", {"c": 1.3}, (1,), clip=(1, float("inf")))
    assert (stated.digits, stated.keys, stated.names) == (4, None, ["road", "sky", "car"])
    assert stated.counts.pixels == [8, 2, 2]
    assert stated.counts.options == LabelMap(3).options()
    # 1 / ln(1.3 + 8 / 12) = 1.4786, 1 / ln(1.3 + 2 / 12) = 2.6110
    assert stated.by_class(stated.names) == pytest.approx([1.479, 0, 2.611])


@pytest.mark.parametrize("name", ["method", "parameters", "options", "counts"])
@pytest.mark.parametrize("words", [["explain"], ["check", "masks", "-n", 3, "--weights"]])
def test_half_a_report(weightcalc, masks, name, words):
    """A report that lacks one of its parts is refused with the name of that part."""
    weightcalc("weights", masks, "-n", 3, "--layout", "report", "-o", "w.json")
    report = json.loads(Path("w.json").read_text())
    del report[name]
    Path("w.json").write_text(json.dumps(report))
    result = weightcalc(*words, "w.json")
    assert result.exit_code == 2
    assert f"w.json: the report states no {name}" in result.stderr


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("[0.667, 1.07, 1.78]", 3),
        ("[0.5, 2.0]", 3),  # at least
        ("[0.00012340, 1200]", 4),  # zeros at the ends are no digits
        ("[0.1234567890123456789, 1]", 15),  # at most
    ],
)
def test_digits(text, digits):
    """The digits of a list are those of the weight that shows most."""
    assert read_weights(text).digits == digits
