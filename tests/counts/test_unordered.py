"""Classes that were only found, layers and colours, have no order: counts files keep that in mind."""

from __future__ import annotations

import pytest

from weightcalc import ClassCounts
from weightcalc.counts.counts_file import read_counts

LAYERS = ["--layers", "{scene}_{class}.png"]
NAMED = ["-m", "inverse-frequency", "--layout", "named"]
RED, GREEN = [255, 0, 0], [0, 255, 0]


@pytest.fixture
def shards(weightcalc, save_mask, tmp_path, monkeypatch):
    """Counts files of layers, a.json of hair and skin, and b.json of hat and skin."""
    monkeypatch.chdir(tmp_path)
    for name, words in (("a", ["hair", "skin"]), ("b", ["hat", "skin"])):
        for number, word in enumerate(words, 1):
            save_mask([[255] * number + [0] * (4 - number)], f"{name}/{name}_{word}.png")
        assert weightcalc("count", name, *LAYERS, "-o", f"{name}.json").exit_code == 0


@pytest.fixture
def colours(weightcalc, save_mask, tmp_path, monkeypatch):
    """Counts files of colours, red.json of red alone, and both.json of green and of red."""
    monkeypatch.chdir(tmp_path)
    for name, row in (("red", [RED]), ("both", [GREEN, RED, RED])):
        save_mask([row], f"{name}/x.png")
        weightcalc("count", name, "--encoding", "color", "-o", f"{name}.json")


@pytest.mark.parametrize("layout", ["list", "dict"])
@pytest.mark.parametrize("sources", [["a.json"], ["a.json", "b.json"], ["report.json"]])
def test_no_list_of_weights(weightcalc, shards, layout, sources):
    """A counts file or a report of layers without a list gives no list of weights, as masks do not."""
    weightcalc("weights", "a.json", "--layout", "report", "-o", "report.json")
    result = weightcalc("weights", *sources, "--layout", layout)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "--layout named" in result.stderr
    assert weightcalc("weights", *sources, "--layout", "named").exit_code == 0


def test_no_list_of_colours(weightcalc, colours):
    """Nor does one of colours."""
    assert weightcalc("weights", "both.json").exit_code == 2
    assert weightcalc("weights", "both.json", *NAMED).json == {"#00ff00": 3.0, "#ff0000": 1.5}


def test_parts_add_up_by_names(weightcalc, shards, colours):
    """Parts with other classes are added up by their names, in either order, also with masks."""
    expected = {"hair": 8 / 1, "hat": 8 / 1, "skin": 8 / 4}  # of all pixels, by those of the class
    for sources in (["a.json", "b.json"], ["b.json", "a.json"], ["a", "b.json", *LAYERS]):
        weights = weightcalc("weights", *sources, *NAMED).json
        assert weights == pytest.approx(expected)
    counted = weightcalc("count", "both.json", "red.json").json
    assert [(c["name"], c["pixels"]) for c in counted["classes"]] == [
        ("#00ff00", 1),
        ("#ff0000", 3),
    ]


@pytest.mark.parametrize("sources", [["a.json", "b.json"], ["a", "b.json", *LAYERS]])
def test_options_name_classes_of_the_sum(weightcalc, shards, sources):
    """A class that an option names is the one of that name in the sum, where it has another id."""
    weights = weightcalc("weights", *sources, *NAMED, "--zero", "skin").json
    assert [name for name, weight in weights.items() if weight == 0] == ["skin"]


def test_a_list_gives_the_order(weightcalc, shards, tmp_path):
    """With a class list that has all names, the weights are in its order."""
    (tmp_path / "names.txt").write_text("skin\nneck\nhat\nhair\n")
    options = ["-m", "inverse-frequency", "-c", "names.txt"]
    weights = weightcalc("weights", "a.json", "b.json", *options).json
    assert weights == pytest.approx([8 / 4, 0, 8 / 1, 8 / 1])
    (tmp_path / "names.txt").write_text("skin\nhat\n")
    result = weightcalc("weights", "a.json", "b.json", *options)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "hair" in result.stderr


def test_sums_stay_without_order(shards):
    """A sum is without an order unless a part brings one, and is written and read again so."""
    parts = [read_counts(name) for name in ("a.json", "b.json")]
    total = sum(parts, ClassCounts())
    assert total.unordered
    assert total.class_names == ["hair", "hat", "skin"]
    assert total == parts[1] + parts[0]


def test_classes_with_a_list_have_an_order(weightcalc, shards, tmp_path):
    """Layers with a class list have its order, and nothing is said of it in the file."""
    (tmp_path / "names.txt").write_text("skin\nhair\n")
    weightcalc("count", "a", *LAYERS, "-c", "names.txt", "-o", "c.json")
    assert not read_counts("c.json").unordered
    assert weightcalc("weights", "c.json").exit_code == 0
