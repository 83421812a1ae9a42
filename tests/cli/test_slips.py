"""Slips in the command line: what was meant is taken where there is no doubt, else offered."""

import json
import re

import pytest
from support.one_mask import BALANCED

from weightcalc import METHODS, LabelMap
from weightcalc.cli.app import main
from weightcalc.labels.from_options import parse_class
from weightcalc.text.suggest import similar

pytestmark = pytest.mark.usefixtures("balanced_folder")


@pytest.fixture
def offered(weightcalc):
    """A function that runs a command with a slip and gives the words that are offered instead."""

    def run(*arguments):
        result = weightcalc(*arguments)
        assert (result.exit_code, result.stdout) == (2, b"")
        assert "Traceback" not in result.stderr
        found = re.search(r"did you mean (?:one of: )?([^?]+)\?", result.stderr, re.IGNORECASE)
        return re.split(r" or |, ", found[1]) if found else []

    return run


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["weights", "masks", "-m", "medain"], "median-frequency"),
        (["weights", "masks", "-m", "balancde"], "balanced"),
        (["weights", "masks", "-m", "inverse"], "inverse-frequency"),
        (["weights", "masks", "-m", "freq"], "median-frequency"),
        (["report", "masks", "-m", "ennet"], "enet"),
        (["weights", "masks", "-f", "jsno"], "json"),
        (["weights", "masks", "-o", "w.jsn"], ".json"),
        (["report", "masks", "-f", "makdown"], "markdown"),
        (["check", "masks", "-f", "junt"], "junit"),
        (["weights", "masks", "--layout", "nmaed"], "named"),
        (["weights", "masks", "--encoding", "colour"], "color"),
        (["weights", "masks", "-c", "cityscape"], "cityscapes"),
        (["weights", "masks", "-c", "ade20"], "ade20k"),
        (["weights", "masks", "-c", "camvid", "--zero", "Raod"], "Road"),
        (["check", "masks", "--rule", "oddfile=off"], "odd-file"),
        (["weights", "mask"], "masks"),
        (["weights", "Maks/"], "masks"),
        (["wieghts", "masks"], "weights"),
        (["chekc", "masks"], "check"),
        (["help", "methds"], "methods"),
        (["weights", "masks", "--metod", "enet"], "'--method'"),
        (["--verson"], "'--version'"),
    ],
    ids=" ".join,
)
def test_slip(offered, arguments, meant):
    """A word with a slip is refused, and what was meant is the first that is offered."""
    assert offered(*arguments)[0].rstrip(".") == meant


@pytest.mark.parametrize(
    "options",
    [
        ["-m", "Balanced"],
        ["-m", "bal"],
        ["--Method", "balanced"],
        ["-m", "balanced", "--num_classes", "3"],
        ["-m", "balanced", "-f", "JSON", "--layout", "List"],
        ["-m", "balanced", "--ignore_index", "255"],
    ],
    ids=" ".join,
)
def test_no_doubt(weightcalc, options):
    """Other letters, _ for -, and the beginning of a method are taken for what they are."""
    result = weightcalc("weights", "masks", *options)
    assert (result.exit_code, result.json) == (0, BALANCED)


def test_methods_and_rules_with_underscores(weightcalc):
    """Methods, rules and commands may be written as Python would write them."""
    assert weightcalc("Weights", "masks", "-m", "Median_Frequency").json == [0.25, 1.0, 1.0]
    assert weightcalc("check", "masks", "--rule", "Odd_File=OFF").exit_code == 0


@pytest.mark.parametrize("method", METHODS)
def test_no_beginning_is_another_method(method):
    """The whole name of a method is always that method, whichever names begin with it."""
    (option,) = (p for p in main.commands["weights"].params if p.name == "method")
    assert option.type.convert(method, option, None) == method


def test_short_options_keep_their_case(weightcalc):
    """-l is not -L: only long names are folded."""
    result = weightcalc("weights", "masks", "-l")
    assert (result.exit_code, "-l" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["masks/"], "weightcalc weights masks/"),
        (["masks/", "-m", "enet"], "weightcalc weights masks/ -m enet"),
        (["masks/*.png"], "weightcalc weights 'masks/*.png'"),
        (["-m", "enet", "masks"], "weightcalc weights -m enet masks"),
        (["-m", "enet", "count", "masks"], "weightcalc count -m enet masks"),
        (["--cache", "x.db", "count", "masks"], "weightcalc count --cache x.db masks"),
        (
            ["-n", "3", "weights", "weights"],
            "weightcalc weights -n 3 weights",
        ),  # a folder so called
        (["--no-progress", "masks"], "weightcalc weights --no-progress masks"),
    ],
    ids=" ".join,
)
def test_line_that_was_meant(weightcalc, typed, line):
    """Masks without a command, and options before it, are refused with the line that was meant."""
    result = weightcalc(*typed)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert result.stderr.splitlines()[-1] == f"hint: {line}"


def test_number_of_classes_for_a_class_list(weightcalc):
    """A number in the place of a class list gets the option for a number of classes, which works."""
    hint = weightcalc("weights", "masks", "-c", "3").stderr.splitlines()[-1]
    assert hint.startswith("hint: -n 3")
    assert weightcalc("weights", "masks", "-n", "3", "-m", "balanced").json == BALANCED


def test_no_command_at_all(weightcalc):
    """A word that is like nothing is answered with all commands."""
    result = weightcalc("xyzzy")
    assert result.exit_code == 2
    assert all(command in result.stderr for command in main.commands)


def test_similar():
    """The nearest word comes first, whatever its case, then words that begin so; three at most."""
    words = ["masks", "masks_old.json", "masks_new.json", "masks_all.json", "other"]
    assert similar("MASK", words)[0] == "masks"
    assert len(similar("mask", words)) == 3
    assert similar("m", words) == []


def test_names_with_control_characters(weightcalc, tmp_path):
    """What is offered is escaped, as it may be the name of a file that somebody else gave."""
    (tmp_path / "tra\x1b[31min").mkdir()
    result = weightcalc("weights", "tra[31min")
    assert (result.exit_code, "\x1b" in result.stderr) == (2, False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("weightcalc weights masks -m med", "median-frequency"),
        ("weightcalc report masks -m en", "enet"),
        ("weightcalc weights masks -c city", "cityscapes cityscapes-ids"),
        ("weightcalc weights masks -f y", "yaml"),
        ("weightcalc check masks --rule odd", "odd-file=error odd-file=warning odd-file=off"),
        ("weightcalc wei", "weights"),
        ("weightcalc help meth", "methods"),
        ("weightcalc weights masks --ign", "--ignore-index"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(capsys, monkeypatch, shell, line, expected):
    """Shells complete commands, options, topics, methods, presets, formats and rules."""
    words = line.split()
    monkeypatch.setenv("_WEIGHTCALC_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    with pytest.raises(SystemExit) as left:
        main([], prog_name="weightcalc", standalone_mode=False)
    assert left.value.code == 0
    said = re.split(r"[\s,]+", capsys.readouterr().out)
    assert {*expected.split()} <= {*said}
    assert "balanced" not in said


def test_class_names_are_no_prefixes():
    """The beginning of a class name is offered, never taken for the class."""
    names = LabelMap(2, ["road", "sky"]).class_names
    with pytest.raises(ValueError, match="did you mean road"):
        parse_class("roa", names)
    assert json.dumps(parse_class("road", names)) == "0"
