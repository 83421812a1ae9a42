"""What a list of weights says of how it was made: lists made by hand, with and without counts."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.camvid import CAMVID, FREQUENCIES, IGNORED, MASKS, PIXELS, ZEROED, counts_of, pasted

from weightcalc import WeightError, explain_weights
from weightcalc.explain.explanation import explain_file
from weightcalc.explain.text import explanation_document, explanation_text
from weightcalc.explain.weight_list import weight_list
from weightcalc.weights.stated import read_weights

# Shares of 19 classes, in parts of a million, that sum to all of it.
CITY = [
    368900, 60800, 227300, 6500, 8900, 12300, 2100, 5500, 159300, 11600,
    40200, 12200, 1300, 69800, 2700, 2300, 2300, 1000, 5000,
]  # fmt: skip


def printed(values, decimals=4):
    """Numbers as a paper prints them."""
    return [Decimal(f"{value:.{decimals}f}") for value in values]


def reading(explanation, method):
    """What was found of a method."""
    return next(r for r in explanation.readings if r.method == method and not r.mistake)


def enet(shares, c):
    """The formula of the ENet paper."""
    return [1 / math.log(c + share) for share in shares]


@pytest.mark.parametrize("c", [1.02, 1.1, 1.05])
def test_enet_of_19_classes(c):
    """From 4 decimals of an ENet list come its c, and shares good to 4 decimals."""
    shares = [n / 1e6 for n in CITY]
    found = explain_weights(printed(enet(shares, c)))
    assert found.best.method == "enet"
    assert found.best.parameters == {"c": c}
    assert found.best.total == pytest.approx(1, abs=2e-4)
    assert found.best.shares == pytest.approx(shares, abs=1e-4)
    assert found.best.never_seen == []
    assert found.verdict.startswith(f"enet with c={c} fits: ")


@pytest.mark.parametrize("absent", [[14], [14, 16]])
def test_enet_never_seen(absent):
    """Classes that no mask holds carry 1 / ln 1.02 = 50.4983, and are named."""
    counted = [0 if i in absent else n for i, n in enumerate(CITY)]
    weights = printed(enet([n / sum(counted) for n in counted], 1.02))
    assert weights[14] == Decimal("50.4983")
    for counts in (None, counts_of(counted)):
        found = explain_weights(weights, counts)
        assert found.best.method == "enet"
        assert found.best.parameters == {"c": 1.02}
        assert found.best.never_seen == absent
        assert "never seen" in found.verdict


def test_enet_with_unlabelled_pixels():
    """Ignored pixels that were counted in N leave a sum below 1, which counts settle."""
    weights = printed(enet([n / 1.1e6 for n in CITY], 1.02))
    alone = explain_weights(weights)
    assert alone.best is None
    assert reading(alone, "enet").reason == "if 9.09 % have no class"
    assert "enet with c=1.02 would, if 9.09 % have no class" in alone.verdict
    beside = explain_weights(weights, counts_of(CITY, ignored=100_000))
    assert beside.best.options == {"denominator": "all"}
    assert beside.best.parameters == {"c": 1.02}


# n = [8, 2, 2] of 12: shares 2/3, 1/6, 1/6.
ALONE = [
    ("inverse-frequency", {}, "1.5 6 6"),
    ("balanced", {}, "0.5 2 2"),
    # 0.6667 and 0.1667 to the power of -1/2 and -1/4
    ("power", {"exponent": 0.5}, "1.2247 2.4495 2.4495"),
    ("power", {"exponent": 0.25}, "1.1067 1.5651 1.5651"),
    # 1 / (0.666667 + 0.001), 1 / (0.166667 + 0.001)
    ("smoothed-inverse", {"eps": 0.001}, "1.49775 5.96421 5.96421"),
    # 12 / 8 - 1, 12 / 2 - 1
    ("pos-weight", {}, "0.5 5 5"),
    # ln(10 * 1.5), ln(10 * 6)
    ("log-inverse", {"mu": 10.0}, "2.70805 4.09434 4.09434"),
    ("uniform", {}, "1 1 1"),
    # 0.5 and 2 have harmonic mean 0.8, 0.75 and 1.5 have 1
    ("median-frequency", {}, "0.5 0.75 1.5 3"),
    ("median-frequency", {}, "0.25 1.0000 7.5"),
    # 0.01 / (1 - 0.99^n) for n = 1, 2, 50
    ("effective-number", {"beta": 0.99}, "1 0.5025125628140703 0.025316844558931476"),
    # 1 / ln 8, 1 / ln 20, 1 / ln 1000
    ("inverse-log-count", {"offset": 0.0}, "0.480898346962988 0.3338082006953 0.144764827301084"),
]


@pytest.mark.parametrize(("method", "parameters", "text"), ALONE)
def test_without_counts(method, parameters, text):
    """Each method that can be turned round is found from a list worked out by hand."""
    found = explain_weights(pasted(text))
    assert reading(found, method).fits == "yes"
    assert reading(found, method).parameters == pytest.approx(parameters)


@pytest.mark.parametrize(
    ("text", "best", "as_well"),
    [
        # the reciprocals sum to the number of classes: the mean of f may stand for the median
        ("0.5 2 2", "balanced", "median-frequency (the mean for the median)"),
        # of two classes the middle ones are all: 4/3 + 2/3 = 2
        ("0.75 1.5", "median-frequency", "balanced"),
        # 2/3 + 1/6 + 1/6, to the power of 1
        ("1.5000 6.0000 6.0000", "inverse-frequency", "power"),
    ],
)
def test_what_fits_as_well(text, best, as_well):
    """Where two methods give the same list, the verdict names both."""
    found = explain_weights(pasted(text))
    assert found.best.method == best
    assert as_well in found.verdict
    assert "as well" in found.verdict


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24],
        pasted(
            "3.1416 0.5772 2.7183 1.6180 1.4142 0.6931 2.2360 1.7320 0.9159 1.2020 4.6692 2.5029"
        ),
    ],
)
@pytest.mark.parametrize("counts", [None, CAMVID])
def test_no_method_fits(numbers, counts):
    """Numbers that no formula gives are said to be that, with and without counts."""
    found = explain_weights(numbers, counts)
    assert found.best is None
    assert found.verdict.startswith("No method fits")
    assert all(r.fits != "yes" for r in found.readings)


def test_few_decimals_tell_little():
    """What few digits cannot tell is called possible: 1.0 may stand for 0.95 to 1.05."""
    found = explain_weights(pasted("0.3 1.0 4.2"))
    assert reading(found, "median-frequency").fits == "yes"  # exactly 1
    found = explain_weights([1, 2, 4])
    assert reading(found, "balanced").fits == "possible"  # 0.58 exactly, 0.4 to 1.1 as rounded
    assert found.best is None


def test_normalized_list_keeps_its_secret():
    """Of a list whose mean is 1 only counts can tell the method, as its scale is lost."""
    inverse = [1 / n for n in PIXELS]
    weights = printed([12 * w / sum(inverse) for w in inverse], 6)
    alone = explain_weights(weights)
    assert alone.best is None
    assert "mean of its weights is 1" in alone.verdict
    assert reading(alone, "inverse-frequency").fits == "possible"
    shares = [n / sum(PIXELS) for n in PIXELS]
    assert reading(alone, "inverse-frequency").shares == pytest.approx(shares, rel=1e-4)
    beside = explain_weights(weights, CAMVID)
    assert (beside.best.method, beside.best.options) == ("inverse-frequency", {"normalize": "mean"})
    assert reading(beside, "balanced").fits == "yes"  # they differ by a factor only


@pytest.mark.parametrize(
    ("text", "options"), [(ZEROED, {"zero": [11]}), (IGNORED, {"ignored": [11]})]
)
def test_camvid(text, options):
    """Both published CamVid lists are median-frequency, and void is what differs."""
    found = explain_weights(pasted(text), CAMVID)
    assert found.best.method == "median-frequency"
    assert not found.best.mistake
    assert found.best.options == options
    assert found.best.deviation <= 5e-5
    assert [r.method for r in found.readings if r.fits == "yes"] == ["median-frequency"]


def test_camvid_without_counts():
    """Where void was zeroed but is in the median, the list fits on one condition: 1.1172."""
    found = explain_weights(pasted(ZEROED))
    assert found.best is None
    # 2 - 1 / 0.9051 = 0.89515, whose inverse is 1.1171
    assert "median-frequency would, if class 11 had 1.1171" in found.verdict
    assert explain_weights(pasted(IGNORED)).best.method == "median-frequency"


@pytest.mark.parametrize("zero", [[], [11]])
@pytest.mark.parametrize(("mistake", "factor"), [("half the mean", 0.5), ("the mean", 1.0)])
def test_mean_for_the_median(mistake, factor, zero):
    """Half the mean in place of the median is told from the median on the CamVid counts."""
    middle = factor * sum(FREQUENCIES) / 12
    weights = printed([0 if i in zero else middle / f for i, f in enumerate(FREQUENCIES)])
    found = explain_weights(weights, CAMVID)
    assert found.best.mistake == f"{mistake} for the median"
    assert found.best.deviation <= 5e-5
    assert reading(found, "median-frequency").fits == "no"
    assert "a known mistake" in found.verdict


def test_half_the_mean_without_counts():
    """Weights of half the mean have inverses that sum to twice their number."""
    middle = sum(FREQUENCIES) / 24
    found = explain_weights(printed([middle / f for f in FREQUENCIES]))
    assert found.best.mistake == "half the mean for the median"


def test_pixels_of_all_masks():
    """The median of n / N, which leaves presence out, is named as the mistake that it is."""
    ordered = sorted(PIXELS)
    middle = (ordered[5] + ordered[6]) / 2
    found = explain_weights(printed([middle / n for n in PIXELS]), CAMVID)
    assert found.best.mistake == "all pixels for those of its masks"


N = sum(PIXELS)
MIDDLE = sum(sorted(FREQUENCIES)[5:7]) / 2
BESIDE = [
    ("enet", {"c": 1.07}, [1 / math.log(1.07 + n / N) for n in PIXELS]),
    ("power", {"exponent": 0.3}, [(N / n) ** 0.3 for n in PIXELS]),
    ("smoothed-inverse", {"eps": 0.02}, [1 / (n / N + 0.02) for n in PIXELS]),
    ("log-inverse", {"mu": 0.5, "floor": 1.0}, [max(1, math.log(0.5 * N / n)) for n in PIXELS]),
    (
        "effective-number",
        {"beta": 0.99, "unit": "masks"},
        [0.01 / (1 - 0.99**m) for m in MASKS],
    ),
    ("inverse-log-count", {"offset": 0.0}, [1 / math.log(n) for n in PIXELS]),
    ("balanced", {}, [N / (12 * n) for n in PIXELS]),
    ("balanced", {"unit": "masks"}, [367 / (12 * m) for m in MASKS]),
    ("pos-weight", {}, [(N - n) / n for n in PIXELS]),
    ("median-frequency", {"factor": 3.7}, [3.7 * MIDDLE / f for f in FREQUENCIES]),
]


@pytest.mark.parametrize(("method", "parameters", "weights"), BESIDE)
def test_parameters_beside_counts(method, parameters, weights):
    """Beside counts, the parameter is found as the shortest number that the digits allow."""
    found = explain_weights(printed(weights, 6 if method != "median-frequency" else 4), CAMVID)
    assert found.best.method == method
    assert found.best.parameters == parameters
    assert found.best.deviation <= 5e-5


def test_largest_deviation():
    """One weight that was changed by 0.25 is what is wrong with the list, and is named."""
    weights = printed([N / (12 * n) for n in PIXELS])
    weights[5] += Decimal("0.25")
    found = explain_weights(weights, CAMVID)
    assert found.best is None
    assert reading(found, "balanced").deviates == 5
    assert reading(found, "balanced").deviation == pytest.approx(0.25, abs=5e-5)


@pytest.mark.parametrize(
    ("text", "tolerances"),
    [
        ("0.2595 4.5640", [5e-5, 5e-5]),
        ("0.2595 4.564 9.6446", [5e-5] * 3),  # zeros at the end are often lost
        ("0.2595 4.564", [5e-5, 5e-4]),  # may have 4 digits, not 4 decimals
        ("12.34 0.1234 0.001234", [5e-3, 5e-5, 5e-7]),  # 4 digits each
        ("3 20", [0.5, 0.5]),
        ("0.1 0.30000001192092896", [1e-12, 3e-12]),
        ("0.100000001490116119384765625 0.5", [0.1 / 2**21, 0.5 / 2**21]),  # both float32
    ],
)
def test_tolerance_follows_from_the_digits(text, tolerances):
    """A weight is known to half a unit of its last place, floats to a few roundings."""
    assert weight_list(pasted(text)).tolerances == pytest.approx(tolerances, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "numbers", "names"),
    [
        ("0.5 2.0\n1", [0.5, 2, 1], [None, None, None]),
        ("[0.1, 2.0]", ["0.1", "2.0"], [None, None]),
        ("0.1,2,3", ["0.1", "2", "3"], [None] * 3),
        ('{"1": 2.0, "0": 0.1}', ["0.1", "2.0"], [None, None]),
        ("{0: 0.2595, 1: 0.1826}", ["0.2595", "0.1826"], [None, None]),
        ('{"sky": 0.1, "car": 2.0}', ["0.1", "2.0"], ["sky", "car"]),
        ("0.5", ["0.5"], [None]),
        ("1e-100 1e100", ["1e-100", "1e100"], [None, None]),  # the bounds
    ],
)
def test_forms_of_a_list(text, numbers, names, tmp_path):
    """A list or a dict, by id or by name, pasted or in a file, gives the same weights."""
    assert read_weights(text).in_order() == ([Decimal(n) for n in numbers], names)
    path = tmp_path / "weights.json"
    path.write_text(text)
    assert read_weights(str(path)).in_order() == ([Decimal(n) for n in numbers], names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, NaN]", "class 1 weighs NaN"),
        ("[Infinity, 1]", "class 0 weighs Infinity"),
        ('{"car": -0.5}', r"class 0 \(car\) weighs -0.5"),
        ('{"car": 1, "car": 2}', "the key 'car' occurs twice"),
        ('{"1": 1, "2": 1}', "no weight for class 0"),
        ("[1, true]", "class 1 is no number"),
        ("[1, null]", "class 1 is no number"),
        ("[[1, 2]]", "class 0 is no number"),
        ("[1, 1e99999999999999999999]", "beyond all bounds"),
        ("[1, 1e300]", "the list: class 1 weighs 1e.300, beyond"),
        ("[1, 0." + "3" * 500 + "]", "a number of 502 characters"),
        ("[1, " + "3" * 5000 + "]", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "0 weights"),
        ("[" + "1, " * 65_536 + "1]", "65537 weights"),
        ("[0.5, 2.0", "not JSON"),
        ("[\x1b[31m", "not JSON"),
        ("\x1b[31m,", "No such file"),
        ("0.5, NaN", "class 1 weighs NaN"),
        ("0.5,1-2", "the list: not JSON"),
        ("my weights.json", "my weights.json: No such file"),
        ("2 weights, e.g. 7.json", "2 weights, e.g. 7.json: No such file"),
        ("no/such/file.json", "no/such/file.json: No such file"),
        ('{"format": "weightcalc-counts/1"}', "weightcalc-counts/1"),
        ('{"format": "weightcalc-weights/1"}', "without its list"),
    ],
)
def test_refused(text, message):
    """What is no list of weights is refused by name, with what is wrong with it."""
    with pytest.raises(WeightError, match=message) as caught:
        explain_file(text, None)
    assert "\x1b" not in str(caught.value)


def test_counts_of_other_classes():
    """Counts of another number of classes are refused, with both numbers."""
    with pytest.raises(WeightError, match="2 weights, but counts of 12 classes"):
        explain_weights([1.0, 2.0], CAMVID)


@pytest.mark.parametrize("counts", [None, counts_of([5, 0, 7])])
def test_nothing_but_zeros(counts):
    """A list of zeros is explained by nothing."""
    assert explain_weights([0, 0, 0], counts).verdict.startswith("No method fits: ")


WEIGHT = st.one_of(
    st.just(0.0),
    st.floats(1e-90, 1e90),
    st.floats(0.1, 10).map(lambda w: round(w, 2)),
    st.integers(0, 9),
)


@given(st.lists(WEIGHT, min_size=1, max_size=6), st.booleans())
def test_any_list_is_explained(weights, with_counts):
    """Whatever the numbers, there is a verdict in one sentence, and JSON without Infinity."""
    counts = counts_of([7, 0, 300, 1, 40, 90][: len(weights)]) if with_counts else None
    found = explain_weights(weights, counts)
    assert found.verdict.endswith(".")
    assert "\n" not in found.verdict
    document = json.loads(explanation_document(found), parse_constant=pytest.fail)
    assert document["weights"] == weights
    assert explanation_text(found).startswith(found.verdict[:20].encode())


def test_floats_of_the_api():
    """The weights that an array or a tensor of float32 lists need no decimals to be known."""
    np = pytest.importorskip("numpy")
    shares = [n / 1e6 for n in CITY]
    assert explain_weights(np.float32(enet(shares, 1.02)).tolist()).best.parameters == {"c": 1.02}
    assert explain_weights(np.array(enet(shares, 1.02))).best.parameters == {"c": 1.02}
