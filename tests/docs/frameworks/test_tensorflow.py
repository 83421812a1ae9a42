"""Weights in Keras and TensorFlow: the recipes of the manual, and the traps."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.frameworks import (
    LABELS,
    MEAN_OF_PIXELS,
    MEAN_OF_WEIGHTS,
    PLAIN,
    SCORES,
    TARGET,
    WEIGHTED,
    close,
    framework,
    recipe,
)

pytestmark = pytest.mark.frameworks


def first_loss(code: str, **names: Any) -> float:
    """The loss of the first epoch of a recipe that calls `model.fit`."""
    return eval(code, {"np": np, **names}).history["loss"][0]


def test_keras_masks(model, weights):
    """The map of sample weights weighs every pixel by its true class."""
    names = {"images": np.zeros((1, 10, 10, 3)), "labels": LABELS, "weights": weights}
    assert first_loss(recipe("Keras 3, masks"), model=model(), **names) == close(WEIGHTED)


def test_keras_masks_with_ignored_pixels(model, weights):
    """Ignored pixels add nothing, and the sum is divided by the others."""
    labels = np.concatenate([LABELS, np.full((1, 10, 5), 255)], axis=2)
    names = {"images": np.zeros((1, 10, 15, 3)), "labels": labels, "weights": weights}
    fitted = model(ignore_class=255)
    assert first_loss(recipe("Keras 3, 255 ignored"), model=fitted, **names) == close(WEIGHTED)


def test_keras_class_weight(model, weights):
    """`class_weight` weighs single labels by their class."""
    names = {"samples": np.zeros((100, 3)), "targets": LABELS.ravel(), "weights": weights}
    code = recipe("Keras 3, one label a sample")
    assert first_loss(code, model=model(), **names) == close(WEIGHTED)


def test_tensorflow(keras, weights):
    """TensorFlow's loss takes the weights of the pixels and divides by their number."""
    tf = framework("tensorflow")
    logits = np.moveaxis(np.array([SCORES], np.float32), 1, -1)
    names = {"tf": tf, "labels": np.array([TARGET]), "logits": logits, "weights": weights}
    assert float(eval(recipe("TensorFlow"), names)) == close(MEAN_OF_PIXELS)


def test_keras_one_hot_masks(model, keras, weights):
    """The weights of one-hot labels are picked by their 1."""
    one_hot = np.eye(2)[LABELS]
    made = model()
    made.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy", run_eagerly=True)
    names = {"images": np.zeros((1, 10, 10, 3)), "one_hot": one_hot, "weights": weights}
    assert first_loss(recipe("Keras 3, one-hot masks"), model=made, **names) == close(WEIGHTED)


def test_tf_data(model, weights):
    """A dataset of images and uint8 masks gets a third part, the weights of the pixels."""
    tf = framework("tensorflow")
    images = np.zeros((1, 10, 10, 3), np.float32)
    dataset = tf.data.Dataset.from_tensors((images, LABELS.astype(np.uint8)))
    weighted = eval(recipe("tf.data"), {"tf": tf, "dataset": dataset, "weights": weights})
    assert model().fit(weighted, shuffle=False).history["loss"][0] == close(WEIGHTED)


def test_tensorflow_multilabel(weightcalc):
    """The loss of classes that overlap weighs what is positive by its class."""
    tf = framework("tensorflow")
    np.save("multilabel.npy", np.arange(100).reshape(1, 10, 10, 1) < [50, 10])
    done = weightcalc("weights", "multilabel.npy", "--encoding", "multilabel", "-m", "pos-weight")
    names = {"tf": tf, "weights": done.json, "logits": np.zeros((1, 1, 2), np.float32)}
    names["targets"] = np.ones((1, 1, 2), np.float32)
    found = eval(recipe("TensorFlow, multilabel"), names)
    # 50 pixels of 100, and 10: 50 / 50 and 90 / 10 times ln 2
    assert found.numpy().ravel().tolist() == close([log(2), 9 * log(2)])


# Traps


@pytest.mark.parametrize("factor", [1, 10])
@pytest.mark.parametrize(
    ("reduction", "times", "expected"),
    [
        ("sum_over_batch_size", True, MEAN_OF_PIXELS),
        ("mean_with_sample_weight", False, MEAN_OF_WEIGHTS),
    ],
)
def test_scale_of_keras(keras, factor, reduction, times, expected):
    """Keras divides by the pixels unless it is told to divide by the weights, as PyTorch does."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    sample_weight = factor * np.array([1.0, 9.0])[TARGET]
    value = loss(np.array(TARGET), np.moveaxis(SCORES, 0, -1), sample_weight=sample_weight)
    assert float(value) == close(factor * expected if times else expected)


def test_keras_ignores_keys_of_json(keras, model, weightcalc):
    """The string keys of a JSON dict are no class ids to Keras up to 3.15: nothing is weighed."""
    assert weightcalc("weights", "masks", "--layout", "dict", "-o", "dict.json").exit_code == 0
    class_weight = json.loads(Path("dict.json").read_text())
    assert list(class_weight) == ["0", "1"]
    samples, targets = np.zeros((100, 3)), LABELS.ravel()
    if tuple(int(part) for part in keras.__version__.split(".")[:2]) > (3, 15):
        pytest.skip(f"Keras {keras.__version__} is newer than the trap")
    assert model().fit(samples, targets, class_weight=class_weight).history["loss"][0] == close(
        PLAIN
    )
