"""The class balance as JSON."""

import json
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch, save_mask):
    # 8 road, 2 sky, 2 car, and 4 ignored pixels; then 6 road and 6 sky.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("road\nsky\ncar\n")
    save_mask([[0] * 8 + [1, 1, 2, 2] + [255] * 4], "a/a.png")
    save_mask([[0] * 6 + [1] * 6], "b/b.png")


def test_one_set(weightcalc):
    """Each class has its numbers, its share of the labelled pixels and a weight by each method."""
    options = ["-c", "names.txt", "--ignore-index", "255", "-m", "balanced", "-m", "uniform"]
    found = weightcalc("report", "a", *options, "-f", "json").json
    assert found["methods"] == ["balanced", "uniform"]
    (of_a,) = found["sets"]
    assert (of_a["masks"], of_a["pixels"], of_a["ignored_pixels"]) == (1, 16, 4)
    assert of_a["classes"][1] == {
        "index": 1,
        "name": "sky",
        "status": "present",
        "pixels": 2,
        "masks": 1,
        "share": pytest.approx(2 / 12),
        "weights": {"balanced": 12 / (3 * 2), "uniform": 1.0},
    }
    assert of_a["ignored"] == [{"value": 255, "pixels": 4, "masks": 1}]
    assert found["drifts"] == []


def test_several_sets(weightcalc):
    """The drift of a set is half the sum of the differences of the shares: here a third."""
    for name in "ab":
        options = ["-n", "3", "--ignore-index", "255", "-o", f"{name}.json"]
        assert weightcalc("count", name, *options).exit_code == 0
    assert weightcalc("report", "a.json", "b.json", "-o", "r.json") == (0, b"", "")
    found = json.loads(Path("r.json").read_text())
    assert [each["name"] for each in found["sets"]] == ["a", "b"]
    assert found["sets"][1]["classes"][2]["status"] == "absent"
    (drift,) = found["drifts"]
    assert (drift["set"], drift["distance"]) == ("b", pytest.approx(1 / 3))
    moves = {move["index"]: (move["before"], move["after"]) for move in drift["moves"]}
    assert moves[1] == pytest.approx((2 / 12, 6 / 12))


def test_no_source(weightcalc):
    """A report is no counts file: as a source it is refused by name, with what makes one."""
    assert weightcalc("report", "a", "-n", "256", "-o", "r.json").exit_code == 0
    refused = weightcalc("weights", "r.json")
    assert (refused.exit_code, refused.stdout) == (2, b"")
    assert "r.json" in refused.stderr
    assert "weightcalc count" in refused.stderr
