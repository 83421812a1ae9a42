"""Weights that were written before: one reader, with the same rules for `check` and `explain`."""

import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from weightcalc import LabelMap, WeightError
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


def npy(values, dtype=np.float32):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, np.array(values, dtype))
    return file.getvalue()


FORMATS = [
    ["-f", "json"],
    ["-f", "json", "--layout", "dict"],
    ["-f", "json", "--layout", "named"],
    ["-f", "json", "--layout", "report"],
    ["-f", "json", "--key", "loss.weight"],
    ["-f", "yaml"],
    ["-f", "yaml", "--layout", "dict"],
    ["-f", "yaml", "--layout", "named"],
    ["-f", "yaml", "--layout", "report"],
    ["-f", "yaml", "--layout", "dict", "--key", "loss.weight"],
    ["-f", "csv"],
    ["-f", "csv", "--layout", "named"],
    ["-f", "npy"],
]


@pytest.mark.parametrize("options", FORMATS, ids=" ".join)
def test_what_weights_writes_is_read(weightcalc, save_mask, tmp_path, monkeypatch, options):
    """`explain` and `check --weights` read each format that `weights` writes, whatever its name."""
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("road\nsky\ncar\n")
    # 7 road, 2 sky, 3 car: balanced 12 / (3 * [7, 2, 3]), of which 4 / 7 has no end
    save_mask([[0] * 7 + [1] * 2 + [2] * 3], "masks/a.png")
    base = ["masks", "-c", "names.txt", "-m", "balanced"]
    assert weightcalc("weights", *base, *options, "-o", "w").exit_code == 0
    assert weightcalc("count", *base[:3], "-o", "c.json").exit_code == 0
    found = weightcalc("explain", "w", "--counts", "c.json", "-f", "json").json
    assert found["verdict"].startswith("balanced reproduces the list")
    assert found["weights"] == pytest.approx([4 / 7, 2.0, 4 / 3], rel=1e-7)
    assert weightcalc("check", *base, "--weights", "w").exit_code == 0
    save_mask([[0] * 2 + [1] * 7 + [2] * 3], "masks/b.png")
    assert weightcalc("check", *base, "--weights", "w").exit_code == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.pickle", pickle.dumps([0.5], protocol=4)),
        ("w.pkl", pickle.dumps([0.5], protocol=0)),
        ("w.json", pickle.dumps([0.5], protocol=2)),
        ("w.pt", b"PK\x03\x04rest"),
        ("w.pickle", None),
    ],
)
def test_pickles_are_never_opened(weightcalc, tmp_path, monkeypatch, name, data):
    """A pickle is refused by its ending or its first bytes, with what to do instead."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pickle, "loads", None)
    if data is not None:
        Path(name).write_bytes(data)
    result = weightcalc("explain", name)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"{name}: a pickle" in result.stderr
    assert "hint: -o weights.json" in result.stderr


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy([[0.5, 2.0]]), "shape"),
        (npy([0.5, 2.0])[:-1], "7 bytes of weights, not 8"),
        (npy([0.5, 2.0]) + b"x", "9 bytes of weights, not 8"),
        (npy([0.5, 2.0]).replace(b"(2,)", b"(9999999999999,)"), "no list of weights"),
        (npy([0.5, np.nan]), "class 1 weighs NaN"),
        (npy([True], bool), "no list of weights"),
        (npy([None], object), "pickled Python objects"),
        (b"class,weight\n0,0.5\n0,2.0\n", "the key '0' occurs twice"),
        (b"class,weight\n0,0.5,1\n", "3 fields"),
        (b"class,weight\n0,much\n", "much is no number"),
        (b"class,weight\n", "0 weights"),
        (b"class,weight\n1,0.5\n2,0.5\n", "no weight for class 0"),
        (b"0: 0.5\n1: 2.0\n", "not JSON"),
        pytest.param(b'"' + b'\\"' * 1_000_000, "not JSON", id="a long string without an end"),
    ],
)
def test_damaged_formats(weightcalc, tmp_path, monkeypatch, data, message):
    """What is wrong with a file of another format is said, with its name."""
    monkeypatch.chdir(tmp_path)
    Path("w").write_bytes(data)
    result = weightcalc("explain", "w")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "w: " in result.stderr
    assert message in result.stderr


def test_list_of_yaml():
    """A list of YAML with one number a line is read as it is."""
    assert [float(number) for number in read_weights("- 0.5\n- 2.0e-01\n").numbers] == [0.5, 0.2]


def test_names_like_keys(tmp_path):
    """A number and a colon inside of a name are no key: names stay as they are."""
    (tmp_path / "w.yaml").write_text('{"a, 1: b": 0.5, "c\\", 2: ": 2.0}')
    assert read_weights(str(tmp_path / "w.yaml")).keys == ["a, 1: b", 'c", 2: ']


def test_a_dict_of_lists_is_no_key(tmp_path):
    """Only names with one thing below them are those of --key."""
    (tmp_path / "w.json").write_text('{"a": [0.5], "b": [2.0]}')
    with pytest.raises(WeightError, match="the weight of class a is no number"):
        read_weights(str(tmp_path / "w.json"))
