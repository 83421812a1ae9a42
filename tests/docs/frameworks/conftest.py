"""
What the tests of recipes and traps share: masks, their weights, and the frameworks.

The scores, the target and the weights [1, 9] are those of a published question about PyTorch's
cross entropy, whose answers are 0.7099 without weights and 0.7531 with them. Models stay at
p = 0.5, so that their loss is ln 2 times what the weights make of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.frameworks import LABELS, SCORES, SETTINGS, TARGET, bare, framework, require


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, weightcalc):
    """The current folder: masks of 90 and 10 pixels, and weights.json of [1.0, 9.0]."""
    for name, value in {**SETTINGS, "KERAS_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("masks").mkdir()
    np.save("masks/a.npy", LABELS[0].astype(np.uint8))
    options = ["-m", "inverse-frequency", "--normalize", "min", "--digits", 6]
    assert weightcalc("weights", "masks", *options, "-o", "weights.json").exit_code == 0
    return tmp_path


@pytest.fixture
def weights(folder):
    """What weights.json holds."""
    read = json.loads(Path("weights.json").read_text())
    assert read == [1.0, 9.0]
    return read


@pytest.fixture
def torch():
    """PyTorch."""
    return framework("torch")


@pytest.fixture
def w(torch, weights):
    """The weights as the tensor that the recipes call by this name."""
    return torch.tensor(weights, dtype=torch.float32)


@pytest.fixture
def scores(torch):
    """The scores, (N, C, H, W)."""
    return torch.tensor([SCORES])


@pytest.fixture
def target(torch):
    """The target, (N, H, W)."""
    return torch.tensor([TARGET])


@pytest.fixture
def keras(folder):
    """Keras, on TensorFlow."""
    require("tensorflow")
    return framework("keras")


@pytest.fixture
def model(keras):
    """A function that makes a model of two classes which stays at p = 0.5."""

    def make(**loss: Any) -> Any:
        layer = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
        made = keras.Sequential([layer])
        loss_ = keras.losses.SparseCategoricalCrossentropy(**loss)
        made.compile(keras.optimizers.SGD(0.0), loss=loss_, run_eagerly=True)
        return made

    return make


@pytest.fixture(scope="session")
def mmseg_loss():
    """mmsegmentation's cross entropy; the package around it needs the compiled mmcv."""
    require("torch", "mmengine", "mmseg")
    with bare("mmseg", "mmseg.models", "mmseg.models.losses") as load:
        yield load("mmseg.models.losses.cross_entropy_loss")
