"""Counts files as sources: added up once each, also where they were made with other options."""

from __future__ import annotations

import json

import pytest

INVERSE = ["-m", "inverse-frequency"]


@pytest.fixture
def shards(weightcalc, save_mask, tmp_path, monkeypatch):
    """Counts files a.json (3 of class 0, 1 of class 1) and b.json (1 and 1)."""
    monkeypatch.chdir(tmp_path)
    for name, row in (("a", [0, 0, 0, 1]), ("b", [0, 1])):
        save_mask([row], f"{name}/x.png")
        assert weightcalc("count", name, "-n2", "-o", f"{name}.json").exit_code == 0


@pytest.mark.parametrize("again", ["b.json", "./b.json", "../{}/b.json", "b*.json"])
def test_a_counts_file_counts_once(weightcalc, shards, tmp_path, again):
    """A counts file that is named twice, in whatever way, counts once, which is said."""
    result = weightcalc("weights", "a.json", "b.json", again.format(tmp_path.name), *INVERSE)
    assert result.json == [6 / 4, 6 / 2]
    assert result.stderr.count("counted once") == 1


def test_a_report_is_a_source(weightcalc, shards):
    """A report of weights holds the counts they were made of, and can be weighed anew."""
    weightcalc("weights", "a.json", "--layout", "report", "-o", "report.json")
    assert weightcalc("weights", "report.json", "b.json", *INVERSE).json == [6 / 4, 6 / 2]


def test_other_maps_add_up(weightcalc, save_mask, shards):
    """Counts of the same named classes add up though values were mapped in other ways."""
    with open("names.txt", "w") as file:
        file.write("road\ncar\n")
    save_mask([[7, 7, 7, 8]], "c/x.png")
    save_mask([[4, 5]], "d/x.png")
    maps = {"c": ["7:road", "8:car"], "d": ["4:0", "5:1"]}
    for name, pairs in maps.items():
        words = [word for pair in pairs for word in ("--map", pair)]
        weightcalc("count", name, "-c", "names.txt", *words, "-o", f"{name}.json")
    result = weightcalc("count", "c.json", "d.json", "-o", "all.json")
    assert "--map" in result.stderr
    assert weightcalc("weights", "all.json", *INVERSE).json == [6 / 4, 6 / 2]
    with open("all.json") as file:
        options = json.load(file)["source"]["options"]
    assert [part["map"] for part in options["parts"]] == [{"4": 0, "5": 1}, {"7": 0, "8": 1}]


def test_what_one_ignores_and_another_counts(weightcalc, save_mask, shards):
    """A class that one part ignores and another counts is a class of the sum."""
    save_mask([[0, 1, 1, 1]], "c/x.png")
    weightcalc("count", "c", "-n2", "--ignore-index", "1", "-o", "c.json")
    result = weightcalc("count", "a.json", "c.json")
    assert [entry["pixels"] for entry in result.json["classes"]] == [4, 1]
    assert not any(entry.get("ignored") for entry in result.json["classes"])
    assert result.json["ignored_pixels"] == 3


def test_inferred_classes_of_other_options(weightcalc, save_mask, shards):
    """Where classes were inferred from values, counts of other options do not add up."""
    save_mask([[0, 1, 2]], "c/x.png")
    weightcalc("count", "c", "-o", "c.json")
    weightcalc("count", "c", "--reduce-zero-label", "-o", "d.json")
    result = weightcalc("count", "c.json", "d.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "-n" in result.stderr
