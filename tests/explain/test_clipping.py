"""Weights that were clipped, and weights of 16 bits: what `explain` says of them."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.camvid import CAMVID, counts_of

from weightcalc import METHODS, compute_class_weights, explain_weights
from weightcalc.explain.explanation import explain_file

PIXELS = [700_001, 200_003, 61_001, 30_011, 8_009, 907, 103]


def limits(weights):
    """Limits that leave all but the smallest and the two largest weights as they are."""
    low, *_, high, _, _ = sorted(weights)
    return round(low * 1.1, 6), round(high * 1.1, 6)


@pytest.mark.parametrize("method", ["inverse-frequency", "balanced", "power", "smoothed-inverse"])
@pytest.mark.parametrize("side", ["both", "low", "high"])
def test_clipped_beside_counts(method, side):
    """Beside counts, the method of clipped weights is found, with the limits that were passed."""
    counts = counts_of(PIXELS)
    low, high = limits(compute_class_weights(counts, method).tolist())
    clip = (0 if side == "high" else low, math.inf if side == "low" else high)
    best = explain_weights(compute_class_weights(counts, method, clip=clip).tolist(), counts).best
    said = {"both": f"{low:.12g}:{high:.12g}", "low": f"{low:.12g}:", "high": f":{high:.12g}"}
    assert (best.method, best.options) == (method, {"clip": said[side]})


def test_clipped_camvid():
    """Median frequencies of CamVid with rounded limits and 4 decimals are known with both limits."""
    weights = compute_class_weights(CAMVID, clip=(0.25, 2.5)).tolist()
    found = explain_weights([Decimal(f"{weight:.4f}") for weight in weights], CAMVID)
    assert found.best.method == "median-frequency"
    assert found.best.options["clip"] == "0.25:2.5"
    assert "--clip 0.25:2.5" in found.verdict


def test_limits_that_change_nothing():
    """Weights that no limit moved are explained without limits."""
    counts = counts_of(PIXELS)
    weights = compute_class_weights(counts, "balanced", clip=(1e-9, 1e9)).tolist()
    assert explain_weights(weights, counts).best.options == {}


@pytest.mark.parametrize("weights", [[0.5, 1, 2], [0.5, 1.5, 2], [0.3, 7.1, 0.3], [2, 3.25, 3.25]])
def test_limits_explain_no_short_list(weights):
    """Of three weights two are ends, and the third is no evidence of a method: nothing fits."""
    assert explain_weights(weights, counts_of([900_000, 70_000, 30])).best is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9999), min_size=4, max_size=8, unique=True),
    st.lists(st.integers(1, 10**6), min_size=8, max_size=8, unique=True),
)
def test_no_false_limits(weights, pixels):
    """Two decimals by chance are not explained by limits, whatever the counts."""
    counts = counts_of(pixels[: len(weights)])
    best = explain_weights([Decimal(weight).scaleb(-2) for weight in weights], counts).best
    assert best is None or "clip" not in best.options


@pytest.mark.parametrize(
    ("method", "clip", "said"),
    [
        ("inverse-frequency", (2, 500), "class 0 weighs 2 and classes 5, 6 weigh 500"),
        ("inverse-frequency", (0, 500), "classes 5, 6 weigh 500"),
        ("balanced", (0.25, math.inf), "class 0 weighs 0.25"),
    ],
)
def test_clipped_without_counts(method, clip, said):
    """By themselves, weights that look clipped name the classes at their ends, and fit no method."""
    weights = compute_class_weights(counts_of(PIXELS), method, clip=clip).tolist()
    found = explain_weights(weights)
    assert found.best is None
    assert said in found.verdict.replace("Class", "class")
    assert "--clip" in found.verdict
    assert "--counts" in found.verdict


def test_clipped_medians_without_counts():
    """Clipping leaves the weight in the middle as it is: both are said."""
    found = explain_weights(compute_class_weights(CAMVID, clip=(0.25, 2.5)).tolist())
    assert found.best.method == "median-frequency"
    assert "as after --clip 0.25:2.5" in found.verdict


@pytest.mark.parametrize("method", METHODS)
def test_whole_weights_do_not_look_clipped(method):
    """Weights that were not clipped are not called so, nor are those of classes never seen."""
    counts = counts_of([*PIXELS, 0, 0] if method in ("enet", "smoothed-inverse") else PIXELS)
    assert "--clip" not in explain_weights(compute_class_weights(counts, method).tolist()).verdict
    assert "--clip" not in explain_weights([50.4983, 50.4983, 2.0214, 4.2186, 7.1550]).verdict


@pytest.mark.parametrize("ending", ["npy", "json"])
def test_half_precision(tmp_path, ending):
    """Weights of float16, in .npy or to their last digit in JSON, are known to 11 bits."""
    weights = compute_class_weights(CAMVID, "balanced").astype(np.float16)
    path = tmp_path / f"weights.{ending}"
    if ending == "npy":
        np.save(path, weights)
    else:
        path.write_text(str(weights.tolist()))
    (tmp_path / "counts.json").write_text(CAMVID.to_json())
    found = explain_file(str(path), str(tmp_path / "counts.json"))
    assert found.listed.precision == "16-bit floats"
    assert found.best.method == "balanced"
    assert found.best.options == {}


def test_half_precision_is_not_any_precision():
    """What is off by a hundredth is no rounding of float16."""
    weights = compute_class_weights(CAMVID, "balanced")
    weights[4] *= 1.01
    found = explain_weights(weights.astype(np.float16).tolist(), CAMVID)
    assert found.listed.precision == "16-bit floats"
    assert found.best is None
