"""Weights of numbers of pixels that are pasted, in the place of masks."""

import pytest

from weightcalc import METHODS

NEEDS_MASKS = {"median-frequency"}


@pytest.fixture
def weights(weightcalc):
    """A function that weighs pasted pixels."""

    def run(text, *options):
        result = weightcalc("weights", "--pixels", text, *options)
        assert result.exit_code == 0, result.stderr
        return result.json

    return run


@pytest.mark.parametrize("method", [method for method in METHODS if method not in NEEDS_MASKS])
def test_the_same_as_of_masks(weightcalc, weights, save_mask, method):
    """Weights of pasted pixels are those of a mask that has them."""
    mask = save_mask([[0] * 60 + [1] * 20 + [2] * 10])
    assert weights("60, 20, 10", "-m", method) == weightcalc("weights", mask, "-m", method).json


@pytest.mark.parametrize(
    "text",
    [
        "6,2,4",
        "6, 2, 4",
        "[6, 2, 4]",
        "6 2 4",
        " (6,\n2,\t4) ",
        "[6. 2. 4.]",
        "6.0,2.00,4",
        "6;2;4",
        "6; 2; 4;",
        "{6, 2, 4}",
        "[6,2,4,]",
        "0: 6, 1: 2, 2: 4",
        "{2: 4, 0: 6, 1: 2}",
        "road: 6, sky: 2, traffic light: 4",
        "road=6 sky=2 car=4",
        "{'road': 6, 'sky': 2, 'car': 4}",
        '{"road": 6,\n "sky": 2,\n "car": 4}',
        "road: 6\nsky: 2\ncar: 4\n",
    ],
)
def test_forms(weights, text):
    """Numbers are pasted as Python, NumPy and tables print them."""
    assert weights(text, "-m", "balanced") == [12 / 18, 12 / 6, 12 / 12]  # 12 / (3 n)


@pytest.mark.parametrize(
    "text",
    [
        "6_000, 2_000, 4_000",
        "6,000; 2,000; 4000",
        "6'000 2'000 4'000",
        "[6000,2000,4000]",
        "a: 6,000, b: 2,000, c: 4000",
        "0=6,000;1=2,000;2=4,000",
    ],
)
def test_thousands(weights, text):
    """Separators of thousands are taken where nothing else can be meant."""
    assert weights(text, "-m", "inverse-frequency") == [12 / 6, 12 / 2, 12 / 4]


def test_brackets_hold_three_digits(weights):
    """In the brackets of a list each comma stands between numbers, also before three digits."""
    assert weights("[100,200,300]", "-m", "inverse-frequency") == [6, 3, 2]


def test_standard_input(weightcalc):
    """- reads the numbers from standard input."""
    result = weightcalc("weights", "--pixels", "-", "-m", "balanced", stdin=b"6\n2\n4\n")
    assert result.json == [12 / 18, 12 / 6, 12 / 12]


def test_names_that_are_pasted(weights, tmp_path):
    """Names beside the numbers are the names of the classes, or are put in the order of -c."""
    named = ["-m", "balanced", "--layout", "named"]
    assert weights("road: 6, car: 2", *named) == {"road": 8 / 12, "car": 2}
    (tmp_path / "names.txt").write_text("car\nroad\n")
    assert weights("road: 6, car: 2", "-m", "balanced", "-c", tmp_path / "names.txt") == [2, 8 / 12]


@pytest.mark.parametrize("text", ["road: 6, bus: 2", "road: 6", "road: 6, car: 2, sky: 1"])
def test_names_of_another_list(weightcalc, tmp_path, text):
    """Names that are not those of -c are refused, each by its name."""
    (tmp_path / "names.txt").write_text("car\nroad\n")
    result = weightcalc("weights", "--pixels", text, "-m", "balanced", "-c", tmp_path / "names.txt")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert any(f"'{name}'" in result.stderr for name in ("bus", "sky", "car"))


def test_numbers_stay_exact(weights):
    """Integers are added as such, above what floats and 64 bits hold."""
    large = 3 * 10**20 + 1
    (one, other) = weights(f"{large}, {large - 2}", "-m", "inverse-frequency")
    assert (one, other) == ((2 * large - 2) / large, (2 * large - 2) / (large - 2))


def test_a_class_without_pixels(weights):
    """A class of 0 pixels is absent, as --absent says."""
    assert weights("6, 0, 2", "-m", "balanced", "--absent", "one") == [8 / 12, 1, 2]  # 8 / (2 n)


def test_names(weights, tmp_path):
    """A class list names the classes, for the layout and for other options."""
    (tmp_path / "names.txt").write_text("road\ncar\n")
    options = ["-c", tmp_path / "names.txt", "--zero", "car", "--layout", "named"]
    assert weights("6, 2", "-m", "balanced", *options) == {"road": 8 / 12, "car": 0}


@pytest.mark.parametrize("options", [["--ignore-index", "2"], ["-n", "3", "--ignore-index", "2"]])
def test_ignored_class(weights, options):
    """The pixels of a class that is ignored are in no sum, and its weight is 0."""
    assert weights("6, 2, 100", "-m", "balanced", *options) == [8 / 12, 2, 0]  # 8 / (2 n)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "median-frequency"),
        (["-m", "median-frequency"], "median-frequency"),
        (["-m", "effective-number", "-p", "unit=masks"], "effective-number with unit=masks"),
    ],
)
def test_methods_that_need_masks(weightcalc, options, named):
    """A method that asks which masks hold a class is refused by its name."""
    result = weightcalc("weights", "--pixels", "6, 2", *options)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"error: {named} needs" in result.stderr
    assert "-m balanced" in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "6, -2",
        "6, 2.5",
        "6, 1e6",
        "6, nan",
        "a, b",
        "3,370,714, 2,856,755",
        "0, 0",
        "3,370,714",
        "6,100,90",
        "[3,370,714, 2,856,755]",
        "3,370,714 2,856,755",
        "1,456\n2,789",
        "6,00; 2,00",
        "a: 6, a: 2",
        "0: 6, 2: 4",
        "a: 6, 2",
        "a: 6 b",
        "1: 2: 3",
        "a: x",
    ],
)
def test_refused_numbers(weightcalc, text):
    """What is no whole number, or may be two things, is refused."""
    result = weightcalc("weights", "--pixels", text, "-m", "balanced")
    assert (result.exit_code, result.stdout) == (2, b"")


@pytest.mark.parametrize(
    "options",
    [
        ["masks"],
        ["--files-from", "names.txt"],
        ["--encoding", "color"],
        ["--map", "1:0"],
        ["--cache", "cache.db"],
        ["-j", "2"],
        ["-L"],
        ["--layout", "report"],
        ["-n", "3"],
    ],
)
def test_refused_options(weightcalc, options):
    """There are no masks to find or to read, so options on them are refused, each by its name."""
    result = weightcalc("weights", "--pixels", "6, 2", "-m", "balanced", *options)
    assert (result.exit_code, result.stdout) == (2, b"")


def test_regions_have_no_sum(weightcalc, tmp_path):
    """The pixels of classes that overlap do not add up to all pixels."""
    (tmp_path / "dataset.json").write_text('{"labels": {"all": [1, 2], "core": 2}}')
    listed = ["-c", tmp_path / "dataset.json"]
    result = weightcalc("weights", "--pixels", "6, 2", "-m", "balanced", *listed)
    assert (result.exit_code, "overlap" in result.stderr) == (2, True)


def test_the_class_list_is_not_overwritten(weightcalc, tmp_path):
    """An input is never an output."""
    path = tmp_path / "names.json"
    path.write_text('["road", "car"]')
    result = weightcalc("weights", "--pixels", "6, 2", "-m", "balanced", "-c", path, "-o", path)
    assert (result.exit_code, path.read_text()) == (2, '["road", "car"]')


def test_the_table_has_no_masks(weightcalc):
    """The table for people shows pixels and weights, and no masks, which nobody counted."""
    result = weightcalc("weights", "--pixels", "6, 2", "-m", "balanced", "-v")
    assert "masks" not in result.stderr
    assert "8 pixels" in result.stderr


def test_effective_number_of_many_pixels(weights):
    """Numbers that saturate the formula are weighed: 1 - beta^n is 1, and so is each weight."""
    assert weights("100000000, 200000000", "-m", "effective-number") == pytest.approx([1e-4] * 2)


@pytest.mark.parametrize("value", ["0-1", "0"])
def test_ignored_range(weights, value):
    """A range of classes that is ignored is left out, as a single one is: N is what is left."""
    # inverse frequency: 60 / 30 and 60 / 30 for 0-1; else 80 / n
    expected = {"0-1": [0, 0, 2, 2], "0": [0, 4, 80 / 30, 80 / 30]}[value]
    got = weights("10, 20, 30, 30", "-m", "inverse-frequency", "--ignore-index", value)
    assert got == pytest.approx(expected)


@pytest.mark.parametrize("value", ["7", "-1", "2-5", "nodata", "nan"])
def test_ignored_value_that_is_no_class(weightcalc, value):
    """The numbers are those of classes alone, so that no other value can be left out."""
    result = weightcalc("weights", "--pixels", "60,20", "-m", "balanced", "--ignore-index", value)
    assert (result.exit_code, "--ignore-index" in result.stderr) == (2, True)


def test_layers_do_not_go_with_pasted_numbers(weightcalc):
    """The message speaks of what was given."""
    result = weightcalc("weights", "--pixels", "60,20", "--layers", "{scene}_{class}.png")
    assert (result.exit_code, "--layers" in result.stderr) == (2, True)
    assert "counts files" not in result.stderr
