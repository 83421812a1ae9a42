"""`weightcalc explain`: what the command reads, prints and refuses."""

from __future__ import annotations

import json

import pytest
from support.camvid import CAMVID, IGNORED, ZEROED, pasted
from support.report_sets import counts_of as unchecked_counts

from weightcalc import ClassCounts, explain_weights
from weightcalc.counts.counts_file import counts_of_document
from weightcalc.explain.text import explanation_text


@pytest.fixture
def counts_file(tmp_path):
    """The CamVid counts, in a file."""
    path = tmp_path / "counts.json"
    path.write_text(CAMVID.to_json())
    return path


def test_command(weightcalc, counts_file):
    """The command gives the verdict first, then tables that fit 80 columns."""
    result = weightcalc("explain", ZEROED.replace(" ", ", "), "--counts", counts_file)
    lines = result.stdout.decode().splitlines()
    assert result.exit_code == 0
    assert result.stderr == ""
    assert lines[0].startswith("median-frequency with --zero 11 reproduces the list: ")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("0 1E+100 0.910", [173, 173, 173]),  # off by a number of 101 digits
        ("0.5 1", [1, 10**30]),  # long details beside a long verdict
        ("0.5 1", [1, 10**320]),  # class 0 has the frequency 0.0
        ("0 1 2", [1, 10**320, 3 * 10**320]),
    ],
)
def test_tables_fit_beside_any_counts(text, pixels):
    """Whatever weights and counts are, there is an answer, in 80 columns."""
    lines = explanation_text(explain_weights(pasted(text), unchecked_counts(pixels))).splitlines()
    assert max(len(line.decode()) for line in lines) <= 80


def test_command_without_a_fit(weightcalc):
    """That no method fits is an answer, not an error."""
    result = weightcalc("explain", "-", stdin=b"[3.5, 1.25, 2.75]")
    assert result.exit_code == 0
    assert result.stdout.startswith(b"No method fits")


def test_command_as_json(weightcalc, tmp_path):
    """`-f json`, or an output that ends so, holds all numbers for a machine."""
    target = tmp_path / "why.json"
    assert weightcalc("explain", "1.5,6,6", "-o", target).exit_code == 0
    document = json.loads(target.read_text())
    assert document == weightcalc("explain", "1.5,6,6", "-f", "json").json
    (found,) = [r for r in document["readings"] if r["method"] == "inverse-frequency"]
    assert found["fits"] == "yes"
    assert found["shares"] == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert found["sum_of_shares"] == pytest.approx(1)


def test_report_brings_its_counts(weightcalc, counts_file, tmp_path):
    """A file of `--layout report` is explained beside the counts that it holds."""
    report = tmp_path / "report.json"
    weightcalc(
        "weights", counts_file, "-m", "enet", "-p", "c=1.3", "--layout", "report", "-o", report
    )
    result = weightcalc("explain", report)
    assert result.stdout.startswith(b"enet with c=1.3 reproduces the list: no weight deviates.")


def test_named_weights_keep_their_names(weightcalc):
    """Names of the classes stand in the table, escaped."""
    result = weightcalc("explain", '{"sky": 1.5, "ca\\u001br": 6, "road": 6}')
    assert b"sky" in result.stdout
    assert b"ca\\x1br" in result.stdout


@pytest.mark.parametrize("option", ["weights", "counts"])
def test_input_is_not_overwritten(weightcalc, counts_file, tmp_path, option):
    """An output that is an input is refused, and the input stays whole."""
    weights = tmp_path / "weights.json"
    weights.write_text("[" + ZEROED.replace(" ", ", ") + "]")
    target = {"weights": weights, "counts": counts_file}[option]
    before = target.read_bytes()
    result = weightcalc("explain", weights, "--counts", counts_file, "-o", target)
    assert result.exit_code == 2
    assert "is an input" in result.stderr
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.json"], "nothing.json: No such file"),
        (["[1, NaN]"], "class 1 weighs NaN"),
        (["0.5,1.5", "--counts", "nothing.json"], "nothing.json: No such file"),
        ([], "Missing argument 'WEIGHTS'"),
    ],
)
def test_command_errors(weightcalc, words, message):
    """What cannot be read exits with 2 and a sentence on standard error, and no result."""
    result = weightcalc("explain", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == b""


def test_counts_are_left_as_they_are():
    """Trying what an ignored class would change leaves the counts of the caller alone."""
    counts = counts_of_document(CAMVID.to_dict())
    explain_weights(pasted(IGNORED), counts)
    assert counts == CAMVID
    assert isinstance(counts, ClassCounts)
