"""A formula: what it refuses when it is made, and that it stays as it is."""

import math
import pickle

import pytest

from weightcalc import WeightError
from weightcalc.weights.formula import CHOICES, Formula


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "mean"}, "no method 'mean'"),
        ({"method": "enet", "params": {"d": 1.0}}, r"enet has no parameter 'd'; it has c=1\.02"),
        (
            {"method": "balanced", "params": {"c": 1.0}},
            "balanced has no parameter 'c'; it has unit=pixels",
        ),
        ({"method": "enet", "params": {"c": "x"}}, "enet: c must be a number, got 'x'"),
        (
            {"method": "effective-number", "params": {"unit": 3.0}},
            "effective-number: unit must be a word, got 3.0",
        ),
        ({"method": "enet", "params": {"c": math.nan}}, "enet: c must be finite, got nan"),
        ({"clip": (2.0, 1.0)}, r"clip must be \(low, high\)"),
        ({"clip": (math.nan, 1.0)}, r"clip must be \(low, high\)"),
        *(({name: "some"}, f"{name} must be one of .*, got some") for name in CHOICES),
    ],
)
def test_refused(arguments, message):
    """What no formula can be is refused when it is made, before anything is counted."""
    with pytest.raises(WeightError, match=f"^{message}"):
        Formula(**arguments)


def test_it_stays_as_it_is():
    """A formula cannot be changed, and equal ones are one key of a dict."""
    formula = Formula("enet", {"c": 1.1}, zero=(0,))
    with pytest.raises(AttributeError):
        formula.method = "balanced"
    assert {formula: 1}[Formula("enet", {"c": 1.1}, zero=(0,))] == 1
    assert formula != Formula("enet", {"c": 1.2}, zero=(0,))


def test_a_changed_formula_is_checked():
    """What is made of a formula is checked as it is, and what it was made of stays apart."""
    given = {"c": 1.1}
    formula = Formula("enet", given)
    given["c"] = 7.0
    assert formula.params == {"c": 1.1}
    assert formula._replace(absent="max") == Formula("enet", {"c": 1.1}, absent="max")
    with pytest.raises(WeightError):
        formula._replace(method="nonsense")
    assert pickle.loads(pickle.dumps(Formula())) == Formula()


def test_all_params():
    """Parameters that were not given have the defaults of the method."""
    formula = Formula("effective-number", {"beta": 0.99})
    assert formula.all_params() == {"beta": 0.99, "unit": "pixels"}


def test_unit_that_is_not_given():
    """Pixels are what is counted unless somebody says otherwise, and reports need not say it."""
    assert Formula("enet").all_params() == {"c": 1.02}
    assert Formula("enet", {"unit": "pixels"}).all_params() == {"c": 1.02}
    assert Formula("enet", {"unit": "masks"}).all_params() == {"c": 1.02, "unit": "masks"}


@pytest.mark.parametrize("method", ["median-frequency", "uniform"])
def test_no_unit(method):
    """Median frequencies are shares of the pixels of masks, and uniform weights count nothing."""
    with pytest.raises(WeightError, match="no parameter 'unit'; it has none"):
        Formula(method, {"unit": "masks"})


def test_what_a_large_set_allows_is_not_refused_early():
    """An offset that only small counts forbid is left to the counts: ln(3e9 - 2e9) is above 0."""
    Formula("inverse-log-count", {"offset": -2e9})
    with pytest.raises(WeightError):
        Formula("enet", {"c": 1.0})
