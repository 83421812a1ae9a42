"""Weights: numbers worked out by hand from FORMULAS, and laws that hold for every method."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.class_counts import counts_of, counts_of_pixels

from weightcalc import METHODS, LabelMap, WeightError, compute_class_weights
from weightcalc.weights.class_weights import remarks
from weightcalc.weights.formula import Formula
from weightcalc.weights.formulas import WITHOUT_UNIT

# 6 road, 2 sky; 2 road, 2 car: n = [8, 2, 2], P = [12, 8, 4], in [2, 1, 1] masks; N = 12, K = 3.
A = [0, 0, 0, 0, 0, 0, 1, 1]
B = [0, 0, 2, 2]

BY_HAND = [
    # 12 / [8, 2, 2]
    ("inverse-frequency", {}, [1.5, 6, 6]),
    # 12 / (3 * [8, 2, 2])
    ("balanced", {}, [0.5, 2, 2]),
    # f = [8/12, 2/8, 2/4], median 1/2
    ("median-frequency", {}, [0.75, 2, 1]),
    # ln(1.02 + 8/12) = ln 1.686667 = 0.522754; ln(1.02 + 2/12) = ln 1.186667 = 0.171148
    ("enet", {}, [1.91295, 5.84289, 5.84289]),
    # ln(2 + 2/3) = 0.980829; ln(2 + 1/6) = 0.773190
    ("enet", {"c": 2}, [1.01955, 1.29334, 1.29334]),
    # 0.5 / (1 - 1/256) = 128/255; 0.5 / (1 - 1/4) = 2/3
    ("effective-number", {"beta": 0.5}, [128 / 255, 2 / 3, 2 / 3]),
    # of masks: 0.5 / (1 - 1/4) and 0.5 / (1 - 1/2)
    ("effective-number", {"beta": 0.5, "unit": "masks"}, [2 / 3, 1, 1]),
    # sqrt(12/8) and sqrt(12/2)
    ("power", {}, [1.224745, 2.449490, 2.449490]),
    ("power", {"exponent": 1}, [1.5, 6, 6]),
    ("power", {"exponent": 0}, [1, 1, 1]),
    # 1 / 0.667667 and 1 / 0.167667
    ("smoothed-inverse", {}, [1.497753, 5.964215, 5.964215]),
    # 1 / (4/6 + 3/6) and 1 / (1/6 + 3/6)
    ("smoothed-inverse", {"eps": 0.5}, [6 / 7, 1.5, 1.5]),
    # ln(0.15 * 12/8) and ln(0.15 * 12/2) are below 0
    ("log-inverse", {}, [1, 1, 1]),
    # ln 15 and ln 60
    ("log-inverse", {"mu": 10}, [2.708050, 4.094345, 4.094345]),
    ("log-inverse", {"mu": 10, "floor": 3}, [3, 4.094345, 4.094345]),
    # ln 8 = 2.079442, ln 2 = 0.693147
    ("inverse-log-count", {}, [0.480898, 1.442695, 1.442695]),
    # ln 9 = 2.197225, ln 3 = 1.098612
    ("inverse-log-count", {"offset": 1}, [0.455120, 0.910239, 0.910239]),
    # of masks: classes are in 2, 1 and 1 of 2
    ("inverse-frequency", {"unit": "masks"}, [1, 2, 2]),
    ("balanced", {"unit": "masks"}, [1 / 3, 2 / 3, 2 / 3]),
    ("power", {"unit": "masks", "exponent": 2}, [1, 4, 4]),
    # ln(1.02 + 1) = 0.703098, ln(1.02 + 1/2) = 0.418710
    ("enet", {"unit": "masks"}, [1.422277, 2.388287, 2.388287]),
    ("smoothed-inverse", {"unit": "masks", "eps": 0.5}, [2 / 3, 1, 1]),
    # ln 10 and ln 20
    ("log-inverse", {"unit": "masks", "mu": 10}, [2.302585, 2.995732, 2.995732]),
    # ln 3 and ln 2
    ("inverse-log-count", {"unit": "masks", "offset": 1}, [0.910239, 1.442695, 1.442695]),
    ("pos-weight", {"unit": "masks"}, [0, 1, 1]),
    # 4/8 and 10/2
    ("pos-weight", {}, [0.5, 5, 5]),
    ("uniform", {}, [1, 1, 1]),
]


@pytest.mark.parametrize(("method", "params", "expected"), BY_HAND)
def test_formula(method, params, expected):
    """Each method gives the weights worked out by hand from its formula."""
    weights = compute_class_weights(counts_of(A, B), method, **params)
    np.testing.assert_allclose(weights, expected, rtol=1e-5)


def test_every_method_is_worked_out():
    """The table above has each method and each of its parameters at least once."""
    worked_out = {(method, name) for method, params, _ in BY_HAND for name in ["", *params]}
    known = {("enet", "c"), ("effective-number", "beta"), ("effective-number", "unit")}
    known |= {("power", "exponent"), ("smoothed-inverse", "eps"), ("log-inverse", "mu")}
    known |= {("log-inverse", "floor"), ("inverse-log-count", "offset")}
    known |= {(method, "unit") for method in METHODS if method not in WITHOUT_UNIT}
    assert worked_out == known | {(method, "") for method in METHODS}


@pytest.mark.parametrize(
    ("pixels", "method", "expected", "rtol"),
    [
        # scikit-learn, compute_class_weight("balanced"): y = [1, 1, 1, 1, 0, 0]
        ([2, 4], "balanced", [1.5, 0.75], 1e-15),
        # TensorFlow, "Classification on imbalanced data": printed with two digits
        ([284315, 492], "balanced", [0.50, 289.44], 2e-3),
        # the bounds of ENet: 1 / ln(1.02 + 1) and 1 / ln(1.02 + 0)
        ([10**12, 1], "enet", [1.4223, 50.5], 1e-4),
        # N / n_c = 100, ln(0.15 * 100) = 2.70805
        ([99, 1], "log-inverse", [1, 2.70805], 1e-5),
        # FORMULAS: b = 0.9999, b^60000 = e^-6.0003 = 0.0024779
        ([900000, 700000, 60000], "effective-number", [1e-4, 1e-4, 1.00248e-4], 1e-5),
        # PyTorch, BCEWithLogitsLoss: 100 positive and 300 negative examples weigh 3
        ([300, 100], "pos-weight", [1 / 3, 3], 1e-15),
    ],
)
def test_published_numbers(pixels, method, expected, rtol):
    """Numbers printed in the documentation of others are met."""
    weights = compute_class_weights(counts_of_pixels(*pixels), method)
    np.testing.assert_allclose(weights, expected, rtol=rtol)


def test_median_of_an_even_number():
    """The median of four frequencies is the mean of the middle two."""
    # f = [5/10, 3/10, 1/10, 1/10], median 2/10
    weights = compute_class_weights(counts_of([0] * 5 + [1] * 3 + [2, 3]), "median-frequency")
    np.testing.assert_allclose(weights, [0.4, 2 / 3, 2, 2], rtol=1e-14)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"absent": "zero"}, [0.75, 2, 1, 0]),
        ({"absent": "one"}, [0.75, 2, 1, 1]),
        ({"absent": "max"}, [0.75, 2, 1, 2]),
        # the largest that is not zeroed
        ({"absent": "max", "zero": [1]}, [0.75, 0, 1, 1]),
        # nothing is left to be the largest
        ({"absent": "max", "zero": [0, 1, 2]}, [0, 0, 0, 0]),
        # a zeroed class is exempt from --absent
        ({"absent": "error", "zero": [3]}, [0.75, 2, 1, 0]),
        # the zeroed class is inside the median 1/2
        ({"zero": [2]}, [0.75, 2, 0, 0]),
        ({"clip": (1, 1.5)}, [1, 1.5, 1, 0]),
        ({"clip": (0, math.inf)}, [0.75, 2, 1, 0]),
        # the sum is 3.75, of three classes
        ({"normalize": "mean"}, [0.6, 1.6, 0.8, 0]),
        ({"normalize": "sum"}, [0.2, 8 / 15, 4 / 15, 0]),
        ({"normalize": "max"}, [0.375, 1, 0.5, 0]),
        ({"normalize": "min"}, [1, 8 / 3, 4 / 3, 0]),
        ({"normalize": "none"}, [0.75, 2, 1, 0]),
        # without the zeroed class: the mean of 0.75 and 1 is 0.875
        ({"normalize": "mean", "zero": [1]}, [6 / 7, 0, 8 / 7, 0]),
        # an absent class takes no part in normalising, and comes after it
        ({"normalize": "mean", "absent": "one"}, [0.6, 1.6, 0.8, 1]),
        # clipped to [1, 1.5, 1], then divided by 3.5, then 3/7 is the largest
        ({"clip": (1, 1.5), "normalize": "sum", "absent": "max"}, [2 / 7, 3 / 7, 2 / 7, 3 / 7]),
        # the same with the largest zeroed: [1, 1] divided by 2
        (
            {"clip": (1, 1.5), "normalize": "sum", "absent": "max", "zero": [1]},
            [0.5, 0, 0.5, 0.5],
        ),
    ],
)
def test_options(options, expected):
    """Formula, clip, normalise, absent, zero: each by hand, and in this order."""
    weights = compute_class_weights(counts_of(A, B, labels=LabelMap(4)), **options)
    np.testing.assert_allclose(weights, expected, rtol=1e-14)


# 4, 2 and 2 ignored; 2 and 2 ignored: n = [6, 2], P = [12, 8], labelled P = [8, 6], N = 8 of 12.
IGNORED = [[0, 0, 0, 0, 1, 1, 255, 255], [0, 0, 255, 255]]


@pytest.mark.parametrize(
    ("method", "denominator", "expected"),
    [
        # f = [6/12, 2/8], median 3/8
        ("median-frequency", "published", [0.75, 1.5]),
        # f = [6/8, 2/6], median 13/24
        ("median-frequency", "labelled", [13 / 18, 13 / 8]),
        ("median-frequency", "all", [0.75, 1.5]),
        # 8 or 12 over [6, 2]
        ("inverse-frequency", "published", [4 / 3, 4]),
        ("inverse-frequency", "labelled", [4 / 3, 4]),
        ("inverse-frequency", "all", [2, 6]),
        ("balanced", "published", [2 / 3, 2]),
        ("balanced", "all", [1, 3]),
        # (8 - [6, 2]) / [6, 2], and with 12
        ("pos-weight", "published", [1 / 3, 3]),
        ("pos-weight", "all", [1, 5]),
    ],
)
def test_denominator(method, denominator, expected):
    """Ignored pixels are in P_c alone, in neither, or in both N and P_c."""
    counts = counts_of(*IGNORED, labels=LabelMap(2, ignore=[255]))
    weights = compute_class_weights(counts, method, denominator=denominator)
    np.testing.assert_allclose(weights, expected, rtol=1e-14)


@pytest.mark.parametrize("absent", ["zero", "one", "max", "error"])
def test_ignored_id_keeps_its_place(absent):
    """A class whose own value is ignored weighs 0, outside the median, without a warning."""
    counts = counts_of(A, B, labels=LabelMap(3, ignore=[2]))
    weights = compute_class_weights(counts, absent=absent)
    # f = [8/12, 2/8], median 11/24
    np.testing.assert_allclose(weights, [11 / 16, 11 / 6, 0], rtol=1e-14)
    assert remarks(counts, weights, Formula(absent=absent)) == []


def test_ignored_id_with_another_value_is_a_class():
    """An ignored id to which another value is mapped is a class like any other."""
    counts = counts_of(A, B, labels=LabelMap(3, ignore=[2], mapping={7: 2}))
    weights = compute_class_weights(counts, "balanced", absent="one")
    # N = 10, K = 2: 10 / (2 * [8, 2])
    np.testing.assert_allclose(weights, [0.625, 2.5, 1], rtol=1e-14)


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("enet", {"c": 1}, "c must be above 1, got 1"),
        ("effective-number", {"beta": 1}, "beta"),
        ("effective-number", {"beta": -0.1}, "beta"),
        ("effective-number", {"unit": "images"}, "unit must be pixels or masks, got images"),
        ("smoothed-inverse", {"eps": -1}, "eps"),
        ("log-inverse", {"mu": 0}, "mu"),
        ("enet", {"c": math.inf}, "finite"),
        ("enet", {"c": math.nan}, "finite"),
        ("enet", {"c": "large"}, "'large'"),
        ("effective-number", {"unit": 3.0}, "unit"),
        ("power", {"exponent": 1e300}, r"power with exponent=1e\+300 has no finite weights"),
        ("balanced", {"c": 2}, "balanced"),
        ("mean", {}, "no method 'mean'"),
        ("balanced", {"absent": "two"}, "absent must be one of zero, one, max, error, got two"),
        ("balanced", {"normalize": "l2"}, "normalize"),
        ("balanced", {"denominator": "some"}, "denominator"),
        ("balanced", {"zero": [3]}, "class 3 .* 0 to 2"),
        ("balanced", {"zero": [-1]}, "class -1"),
    ],
)
def test_refused_parameter(method, params, message):
    """A parameter from which no weight follows is refused by its name."""
    with pytest.raises(WeightError, match=message):
        compute_class_weights(counts_of(A, B), method, **params)


def test_no_finite_weights():
    """A method without parameters is named without any."""
    counts = counts_of(A, B)
    counts.pixels[0] = counts.num_pixels = 10**400
    with pytest.raises(WeightError, match=r"^inverse-frequency has no finite weights"):
        compute_class_weights(counts, "inverse-frequency")


def test_absent_error_names_the_class():
    """With absent="error" a class without pixels is an error that names it."""
    labels = LabelMap(class_names=["road", "sky", "car", "bus"])
    with pytest.raises(WeightError, match="bus"):
        compute_class_weights(counts_of(A, B, labels=labels), absent="error")


def test_nothing_to_weigh():
    """Without a labelled pixel there is an error instead of a list of zeros."""
    with pytest.raises(WeightError, match="no class"):
        compute_class_weights(counts_of([7, 7], labels=LabelMap(3, ignore=[7])))


def test_logarithm_of_one_pixel():
    """`inverse-log-count` names the class of one pixel and the parameter that helps."""
    counts = counts_of([0, 0, 1], labels=LabelMap(class_names=["road", "sign"]))
    with pytest.raises(WeightError, match="class sign has 1 pixel") as caught:
        compute_class_weights(counts, "inverse-log-count")
    assert caught.value.hint == "-p offset=1"
    # 1 / ln 3 and 1 / ln 2
    weights = compute_class_weights(counts, "inverse-log-count", offset=1)
    np.testing.assert_allclose(weights, [0.910239, 1.442695], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", [0.75, 2, 1]),
        ("-m balanced", [0.5, 2, 2]),
        ("-m power -p exponent=1", [1.5, 6, 6]),
        ("-m effective-number -p beta=0.5 -p unit=masks", [2 / 3, 1, 1]),
        ("-m effective-number -p beta=1/2 -p unit=masks", [2 / 3, 1, 1]),
        ("-m power -p exponent=1/3", [1.5 ** (1 / 3), 6 ** (1 / 3), 6 ** (1 / 3)]),
        ("-m power -p exponent=-1.5/0.5", [1.5**-3, 6**-3, 6**-3]),
        ("-m balanced -p unit=masks", [1 / 3, 2 / 3, 2 / 3]),
        ("-n 4 --absent max", [0.75, 2, 1, 2]),
        ("-n 4 --absent one --zero 3 --zero 0", [0, 2, 1, 0]),
        ("--clip 1:1.5", [1, 1.5, 1]),
        ("--clip :1.5", [0.75, 1.5, 1]),
        ("--clip 1:", [1, 2, 1]),
        ("--normalize max", [0.375, 1, 0.5]),
        # value 2 is ignored: N = 10 of 12, K = 2
        ("-m balanced --ignore-index 2 -n 3", [0.625, 2.5, 0]),
        ("-m balanced --ignore-index 2 -n 3 --denominator all", [0.75, 3, 0]),
    ],
)
def test_command_line(weightcalc, save_mask, arguments, expected):
    """Each option of the command line does what the argument of its name does."""
    masks = [save_mask([A], "a.png"), save_mask([B], "b.png")]
    result = weightcalc("weights", *masks, "-j", 1, *arguments.split())
    assert result.exit_code == 0
    np.testing.assert_allclose(result.json, expected, rtol=1e-14)
    assert result.stderr.count("warning:") == ("--absent max" in arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("-m enet -p d=1", "enet has no parameter 'd'; it has c=1.02"),
        ("-m balanced -p c=1", "balanced has no parameter 'c'"),
        ("-m enet -p c=1", "c must be above 1"),
        ("-m enet -p c=large", "'large'"),
        ("-m enet -p c", "NAME=VALUE"),
        ("-m enet -p c=", "NAME=VALUE"),
        ("-m enet -p c=1/0", "'?1/0'? divides by 0"),
        ("-m enet -p c=1/x", "'1/x'"),
        ("-m enet -p c=1/2/3", "'1/2/3'"),
        ("-m median-frequency -p unit=masks", "median-frequency has no parameter 'unit'"),
        ("-m effective-number -p unit=files", "unit must be pixels or masks, got files"),
        ("-m mean", "--method.*'mean'.*median-frequency"),
        ("--absent half", "--absent"),
        ("--normalize l2", "--normalize"),
        ("--denominator some", "--denominator"),
        ("--zero 9", "class 9.*0 to 1"),
        ("--zero sky", "'sky' is neither a class id nor a name"),
        ("--clip 2", "--clip.*LOW:HIGH"),
        ("--clip 2:1", "--clip.*LOW:HIGH"),
        ("--clip a:b", "--clip"),
        ("--clip nan:1", "--clip"),
    ],
)
def test_refused_on_the_command_line(weightcalc, save_mask, arguments, named):
    """A bad parameter is exit code 2 with its name, and nothing on stdout."""
    result = weightcalc("weights", save_mask([[0, 1]]), *arguments.split())
    assert (result.exit_code, result.stdout) == (2, b"")
    assert re.search(named, result.stderr)


@pytest.mark.parametrize("method", METHODS)
def test_rarer_is_never_lighter(method):
    """No method gives a rarer class a smaller weight."""
    weights = compute_class_weights(counts_of_pixels(1000, 100, 10), method)
    assert np.all(np.diff(weights) >= 0)
    assert method in {"uniform", "log-inverse"} or np.all(np.diff(weights) > 0)


@pytest.mark.parametrize("method", METHODS)
def test_scale(method):
    """Masks of twice the size weigh the same, unless the formula knows absolute numbers."""
    small = compute_class_weights(counts_of(A, B), method)
    large = compute_class_weights(counts_of(A * 2, B * 2), method)
    absolute = method in {"effective-number", "inverse-log-count"}
    assert np.allclose(small, large, rtol=1e-12) == (not absolute)


@pytest.mark.parametrize("method", METHODS)
@given(pixels=st.lists(st.integers(2, 10**30), min_size=1, max_size=6))
def test_finite(method, pixels):
    """Whatever the counts, weights are finite and not negative."""
    weights = compute_class_weights(counts_of_pixels(*pixels), method)
    assert np.all(np.isfinite(weights) & (weights >= 0))
