"""What a person is told of weights that are right and may not be what they want."""

import re

import numpy as np
import pytest
from support.class_counts import counts_of, counts_of_pixels

from weightcalc import compute_class_weights
from weightcalc.weights.class_weights import list_class_weights, on_spread, remarks
from weightcalc.weights.formula import Formula


@pytest.mark.parametrize(
    ("pixels", "method", "options", "expected"),
    [
        ([900000, 700000, 60000], "effective-number", {}, "agree to 1 %, for so many pixels"),
        ([900000, 700000, 6], "effective-number", {}, None),
        ([12], "pos-weight", {}, "class 0 fills every labelled pixel: weight 0"),
        ([8, 4], "pos-weight", {}, None),
        # [1.5, 6, 6] -> none over half; [1.5, 4, 12] -> 12 of 17.5
        ([8, 2, 2], "inverse-frequency", {"normalize": "sum"}, None),
        ([8, 3, 1], "inverse-frequency", {"normalize": "sum"}, "class 2 .*over half"),
        ([8, 3, 1], "inverse-frequency", {"normalize": "mean"}, "class 2 .*over half"),
        # without class 2, [1.5, 4]
        (
            [8, 3, 1],
            "inverse-frequency",
            {"normalize": "sum", "zero": [2]},
            "class 1 .*over half",
        ),
        ([8, 3, 1], "inverse-frequency", {"normalize": "max"}, None),
        ([8, 0, 4], "balanced", {}, "class 1: weight 0"),
        ([8, 0, 4], "balanced", {"absent": "max"}, "class 1: weight 1.5"),
        ([8, 0, 4], "balanced", {"zero": [1]}, None),
    ],
)
def test_remarks(pixels, method, options, expected):
    """A person is told once of weights that are right and may not be what they want."""
    counts = counts_of_pixels(*pixels)
    weights = compute_class_weights(counts, method, **options)
    found = remarks(counts, weights, Formula(method, **options))
    assert len(found) == (expected is not None)
    assert not found or re.search(expected, found[0])


def test_remarks_on_masks():
    """Where masks are counted, a person is told of masks, and not of pixels."""
    counts = counts_of(np.array([0, 0, 1]))
    formula = Formula("pos-weight", {"unit": "masks"})
    found = remarks(counts, compute_class_weights(counts, "pos-weight", unit="masks"), formula)
    assert "class 0 is in every mask: weight 0" in found[0]


SATURATED = "for so many pixels saturate it"


@pytest.mark.parametrize(
    ("pixels", "masks", "params", "zero", "expected"),
    [
        # 1 - 0.9999^100000 = 0.99995: by pixels all alike; in 1 and 2 masks, 1 to 1/1.9999
        ([100_000, 200_000], [1, 2], {}, [], [SATURATED, "-p unit=masks or a larger -p beta"]),
        ([100_000, 200_000], [2, 2], {}, [], [SATURATED, "; a larger -p beta"]),
        # as many masks, or 1 % more: 1 - 0.9999^1000 = 0.0952 and 0.0961, no saturation
        ([100_000, 200_000], [2, 2], {"unit": "masks"}, [], []),
        ([100_000, 200_000], [1000, 1010], {"unit": "masks"}, [], []),
        (
            [100_000, 200_000],
            [100_000, 200_000],
            {"unit": "masks"},
            [],
            ["many masks", "; a larger"],
        ),
        # the classes are of one size, which no method tells apart
        ([100_000, 100_000], [1, 2], {}, [], []),
        # 1 - 0.9999^100 = 0.00995, and for 101 pixels 0.01005: little in another way
        ([100, 101], [1, 2], {}, [], []),
        # beta = 0 makes any number 1
        ([10, 20], [1, 2], {"beta": 0}, [], [SATURATED, "; a larger -p beta"]),
        # the one class that differs has weight 0
        ([100_000, 100_000, 200_000], [1, 1, 1], {}, [2], []),
    ],
)
def test_saturation(pixels, masks, params, zero, expected):
    """Saturation of `effective-number` is said where it is what makes weights alike."""
    counts = counts_of_pixels(*pixels)
    counts.masks[:] = masks
    formula = Formula("effective-number", params, zero=tuple(zero))
    found = remarks(counts, list_class_weights(counts, formula), formula)
    assert len(found) == bool(expected)
    assert all(words in found[0] for words in expected)


def test_clipped_weights_are_not_saturated():
    """Weights that --clip makes alike are not said to be so by their many pixels."""
    counts = counts_of_pixels(10, 2000)
    formula = Formula("effective-number", clip=(1, 1))
    assert remarks(counts, list_class_weights(counts, formula), formula) == []


def test_a_wide_spread():
    """Weights far apart are said, with a method for the same losses that keeps them together."""
    counts = counts_of_pixels(100_000, 10)
    spread = {
        name: on_spread(counts, list_class_weights(counts, formula), formula)
        for name in ("balanced", "pos-weight", "enet")
        for formula in [Formula(name)]
    }
    assert "--clip" in spread["balanced"]
    assert "-m enet" in spread["balanced"]
    assert "--clip" in spread["pos-weight"]
    assert "-m enet" not in spread["pos-weight"]
    assert spread["enet"] == ""


def test_saturation_is_said_on_stderr(weightcalc, save_mask):
    """The command line warns that `effective-number` saturates, and still gives the weights."""
    mask = save_mask([np.repeat([0, 1, 2], [900000, 700000, 60000])], "m.npy")
    result = weightcalc("weights", mask, "-m", "effective-number", "--digits", 6)
    assert result.stdout == b"[0.0001, 0.0001, 0.000100248]\n"
    assert "warning: effective-number" in result.stderr
    assert "unit=masks" not in result.stderr  # all classes are in one mask
