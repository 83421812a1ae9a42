"""How unbalanced a set is, and weights that can be compared."""

import json
import math
import re
from importlib import resources

import jsonschema
import pytest
from support.report_sets import counts_of, many, saved

from weightcalc.report.imbalance import imbalance_of, normalized_entropy
from weightcalc.report.table import scaled_to_mean
from weightcalc.text.numbers import grouped, ranges


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder, and a terminal of no known width."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize(
    ("pixels", "entropy"),
    [
        ([5, 5, 5, 5], 1.0),
        # shares 1/2, 1/4, 1/4: H = 1.5 bits, and log2 3 = 1.5849625
        ([2, 1, 1], 0.9463946),
        # shares 0.9, 0.1: H = 0.4689956 bits, and log2 2 = 1
        ([9, 1], 0.4689956),
        # shares of 1 and 2**-128: 128 * 2**-128 bits and about as much again
        ([2**128, 1], 0.0),
    ],
)
def test_normalized_entropy(pixels, entropy):
    """The entropy of the shares is a part of that of equal ones, by hand."""
    assert normalized_entropy(pixels) == pytest.approx(entropy, abs=1e-7)


def test_imbalance_leaves_absent_classes_out():
    """The largest, the smallest and the entropy are those of the classes that have pixels."""
    found = imbalance_of(counts_of([9, 0, 1]))
    assert (found.largest, found.smallest, found.ratio) == (0, 2, 9.0)
    assert found.entropy == pytest.approx(0.4689956, abs=1e-7)
    assert imbalance_of(counts_of([9, 0])) is None


@pytest.mark.parametrize("format_", ["text", "markdown", "svg", "html"])
def test_imbalance_is_said(weightcalc, format_):
    """Every form for people says in one sentence how unbalanced the set is."""
    name = saved("c.json", [90000, 10], ["sky", "car"])
    text = weightcalc("report", name, "-f", format_).stdout.decode()
    assert text.count("imbalance: class sky has 9,000 times the pixels of class car") == 1


def test_imbalance_of_each_set(weightcalc):
    """Beside several sets, each has a sentence with its name."""
    saved("a.json", [9, 1])
    saved("b.json", [1, 4])
    text = weightcalc("report", "a.json", "b.json").stdout.decode()
    assert "a: imbalance: class 0 has 9 times the pixels of class 1" in text
    assert "b: imbalance: class 1 has 4 times the pixels of class 0" in text


def test_scaled_to_mean():
    """Weights are divided by the mean of those above 0, however large they are."""
    assert scaled_to_mean([1.0, 0.0, 3.0]) == [0.5, 0.0, 1.5]
    assert scaled_to_mean([1e308, 1e308]) == [1.0, 1.0]
    assert scaled_to_mean([0.0, 0.0]) == [0.0, 0.0]


def test_weights_are_comparable(weightcalc):
    """Columns of weights have mean 1 unless --raw or --normalize says otherwise."""
    name = saved("c.json", [75, 25, 0])
    # balanced is 100 / (2 n): 0.667 and 2, whose mean is 1.333
    shown = {(): ["0.5", "1.5", "0"], ("--raw",): ["0.6667", "2", "0"]}
    shown["--normalize", "max"] = ["0.3333", "1", "0"]
    for options, weights in shown.items():
        text = weightcalc("report", name, "-m", "balanced", "-f", "markdown", *options)
        rows = [line for line in text.stdout.decode().splitlines() if line.startswith("|")][2:]
        assert [row.split("|")[-2].strip() for row in rows] == weights
        assert ("divided by their mean" in text.stdout.decode()) == (not options)


@pytest.mark.parametrize(("masks", "tells"), [([4, 4], False), ([4, 1], True)])
def test_effective_number_only_where_it_tells(weightcalc, save_mask, masks, tells):
    """The column that nobody asked for is there where its weights differ, and always with -m."""
    for number in range(masks[0]):
        save_mask([[0, int(number < masks[1])]], f"masks/{number}.png")
    text = weightcalc("report", "masks").stdout.decode()
    assert ("unit=masks" in text) == tells
    asked = weightcalc("report", "masks", "-m", "effective-number", "-p", "unit=masks")
    assert "unit=masks" in asked.stdout.decode()


def test_error_names_its_set(weightcalc):
    """A set that no weight follows from is named, though the column might have been left out."""
    saved("a.json", [1, 1])
    saved("b.json", [1, 0])
    result = weightcalc("report", "a.json", "b.json", "--absent", "error")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "b: no mask holds class 1" in result.stderr


def test_absent_classes_are_gathered(weightcalc):
    """Many absent classes are one line of ids, few are rows, and files for programs have all."""
    pixels = [10, 0, 0, 0, 5, 0, 0, 0, 0]
    many_absent, few = saved("many.json", pixels), saved("few.json", pixels[:6])
    text = weightcalc("report", many_absent).stdout.decode()
    assert "absent: 7 of 9 classes, which the table leaves out: 1-3, 5-8" in " ".join(text.split())
    assert "\n1 " not in text
    assert "\n4 " in text
    assert re.search(r"^1 +absent", weightcalc("report", few).stdout.decode(), re.MULTILINE)
    assert weightcalc("report", many_absent, "-f", "csv").stdout.count(b",absent,") == 7


def test_absent_classes_with_weights_stay(weightcalc):
    """A class that is absent but has a weight, or that another set holds, keeps its row."""
    name = saved("a.json", [10, 0, 0, 0, 0, 0, 0])
    assert "\n1 " in weightcalc("report", name, "--absent", "one").stdout.decode()
    saved("b.json", [10, 1, 1, 1, 1, 1, 1])
    text = weightcalc("report", "a.json", "b.json", "-m", "uniform").stdout.decode()
    assert "leaves out" not in text


def test_numbers_of_people():
    """Thousands have commas; runs of ids have a dash."""
    assert [grouped(n) for n in (999, 1000, 3370714)] == ["999", "1,000", "3,370,714"]
    assert ranges([2, 5, 6, 9, 10, 11, 12, 20]) == "2, 5, 6, 9-12, 20"
    assert ranges([]) == ""


@pytest.mark.parametrize("sets", [1, 2])
def test_json_is_of_its_schema(weightcalc, sets, schema):
    """The JSON of a report keeps to its schema, with all classes, absent and ignored ones too."""
    pixels, names = many(12)
    files = [saved(f"{n}.json", pixels, names, ignore=10) for n in range(sets)]
    document = weightcalc("report", *files, "--sort", "share", "-f", "json").json
    schema.validate(document)
    first = document["sets"][0]
    assert len(document["sets"]) == sets
    assert [entry["pixels"] for entry in first["classes"]] == sorted(pixels, reverse=True)
    assert first["classes"][-1]["status"] == "absent"
    assert first["ignored"] == [{"value": 255, "pixels": 10, "masks": 1}]
    del document["sets"][0]["classes"][0]["weights"]
    assert not schema.is_valid(document)


def test_json_has_what_weights_writes(weightcalc):
    """The weights of the JSON are those of `weights`, and its numbers those of a calculation."""
    name = saved("c.json", [9000, 0, 900, 100], ["sky", "sea", "road", None])
    (found,) = weightcalc("report", name, "-f", "json").json["sets"]
    assert found["imbalance"]["ratio"] == 90
    # 0.9 ln 0.9 + 0.09 ln 0.09 + 0.01 ln 0.01 = -(0.0948245 + 0.2167151 + 0.0460517)
    assert found["imbalance"]["entropy"] == pytest.approx(0.3575913 / math.log(3), abs=1e-6)
    assert [entry["name"] for entry in found["classes"]] == ["sky", "sea", "road", None]
    for method in ("median-frequency", "balanced", "enet"):
        weights = [entry["weights"][method] for entry in found["classes"]]
        assert weights == weightcalc("weights", name, "-m", method).json


def test_json_of_a_report_is_no_counts_file(weightcalc):
    """Who gives the JSON of a report as a source is told what is one."""
    weightcalc("report", saved("c.json", [1, 1]), "-o", "r.json")
    result = weightcalc("report", "r.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "r.json" in result.stderr


@pytest.fixture
def schema():
    """The schema of the JSON of a report."""
    text = resources.files("weightcalc").joinpath("schemas", "balance.json").read_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    return jsonschema.Draft202012Validator(json.loads(text))
