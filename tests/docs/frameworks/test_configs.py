"""Weights in the files and options that configure a training: the recipes of the manual."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.frameworks import (
    HYDRA,
    LIGHTNING,
    MEAN_OF_WEIGHTS,
    close,
    framework,
    recipe,
    require,
    shell,
)

pytestmark = pytest.mark.frameworks


def test_lightning_cli(folder, environment):
    """The parser of Lightning's command line gives the model a list of floats."""
    require("jsonargparse")
    Path("main.py").write_text(LIGHTNING)
    printed = shell(recipe("Lightning CLI"), folder, environment)
    assert json.loads(printed) == close_to_median_frequency()


def test_hydra(folder, environment):
    """A Hydra override takes the printed list as floats."""
    require("hydra")
    Path("config.yaml").write_text("loss:\n  weight: null\n")
    Path("train.py").write_text(HYDRA)
    printed = shell(recipe("Hydra"), folder, environment)
    assert json.loads(printed) == close_to_median_frequency()


def test_lightning_yaml(folder, environment):
    """A second configuration file of Lightning's command line holds the weights by their key."""
    require("jsonargparse")
    Path("main.py").write_text(LIGHTNING)
    Path("config.yaml").write_text("model:\n  class_weights: [1.0]\n")
    printed = shell(recipe("Lightning CLI, in a file"), folder, environment)
    assert json.loads(printed) == close_to_median_frequency()


def test_hydra_instantiate(folder, weightcalc, scores, target, weights):
    """Hydra makes the loss of PyTorch, and the tensor in it, from one configuration."""
    hydra, omegaconf = framework("hydra.utils"), framework("omegaconf")
    options = ["-m", "inverse-frequency", "--normalize", "min", "--digits", 6]
    done = weightcalc("weights", "masks", *options, "--key", "loss.weight.data")
    assert done.exit_code == 0
    base = omegaconf.OmegaConf.create(recipe("Hydra, instantiate"))
    config = omegaconf.OmegaConf.merge({"loss": base}, done.json)
    loss = hydra.instantiate(config.loss)
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)


def close_to_median_frequency() -> Any:
    """The weights of the masks by default: f is 0.9 and 0.1, their median 0.5."""
    return pytest.approx([0.5 / 0.9, 0.5 / 0.1], rel=1e-12)


def test_omegaconf(weights):
    """OmegaConf reads the file, and the list of a command line."""
    omegaconf = framework("omegaconf")
    assert list(eval(recipe("OmegaConf"), {"OmegaConf": omegaconf.OmegaConf})) == weights
    line = f"loss.weight={Path('weights.json').read_text()}"
    assert omegaconf.OmegaConf.from_dotlist([line]) == {"loss": {"weight": weights}}


def test_paddleseg(weightcalc):
    """A PaddleSeg config holds the printed list, small weights too, as floats."""
    yaml = framework("yaml")
    np.save("rare.npy", np.arange(100_000).reshape(100, 1000) == 0)
    done = weightcalc("weights", "rare.npy", "-m", "inverse-frequency", "--normalize", "sum")
    code = re.sub(r"\[.*\]", lambda _: done.stdout.decode().strip(), recipe("PaddleSeg"))
    config = yaml.load(f"loss:\n  types:\n    - {code}\n  coef: [1]\n", yaml.FullLoader)
    # 100000 / 99999 and 100000, over their sum
    expected = pytest.approx([1e-5, 1 - 1e-5], rel=1e-12)
    assert config["loss"]["types"] == [{"type": "CrossEntropyLoss", "weight": expected}]
