"""
What the tests of examples and recipes share about PyTorch, Keras, TensorFlow and others.

A test whose framework is not installed is skipped, or fails where the environment variable
WEIGHTCALC_REQUIRE_FRAMEWORKS is set, so that nothing is left out unnoticed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import log
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from weightcalc.manual import page

RECIPES = page("frameworks")

# Of a published question about cross entropy in PyTorch.
SCORES = [
    [[0.5546, 0.1304, 0.9288], [0.6879, 0.3553, 0.9984], [0.1474, 0.6745, 0.8948]],
    [[0.8524, 0.2278, 0.6476], [0.6203, 0.6977, 0.3352], [0.4946, 0.4613, 0.6882]],
]  # (C, H, W)
TARGET = [[0, 0, 0], [0, 0, 0], [0, 0, 1]]
LABELS = np.repeat([0, 1], [90, 10]).reshape(1, 10, 10)
PLAIN, WEIGHTED = log(2), log(2) * (90 * 1 + 10 * 9) / 100
MEAN_OF_WEIGHTS = 0.75311  # sum / (8 * 1 + 1 * 9)
MEAN_OF_PIXELS = 1.42254  # sum / 9

# Programs of users, whose options are the weights.
LIGHTNING = """
from jsonargparse import ArgumentParser

class Model:
    def __init__(self, class_weights: list[float]):
        self.class_weights = class_weights

fit = ArgumentParser()
fit.add_argument("-c", "--config", action="config")
fit.add_class_arguments(Model, "model", sub_configs=True)
parser = ArgumentParser()
parser.add_subcommands().add_subcommand("fit", fit)
print(parser.instantiate(parser.parse_args()).fit.model.class_weights)
"""

HYDRA = """
import hydra

@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config):
    print(list(config.loss.weight))

main()
"""

# TensorFlow tells of its CPU on standard error otherwise, and rounds as its order of sums falls out.
SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def require(*packages: str) -> None:
    """Skip the test, or fail it where frameworks are required, unless all packages are there."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            reason = f"{package} is not installed"
            if os.environ.get("WEIGHTCALC_REQUIRE_FRAMEWORKS"):
                pytest.fail(reason)
            pytest.skip(reason)


def framework(name: str) -> ModuleType:
    """Import a package of a framework, or skip the test or fail it as `require` does."""
    require(name.partition(".")[0])
    return importlib.import_module(name)


@contextmanager
def bare(*packages: str) -> Iterator[Callable[[str], ModuleType]]:
    """Packages whose own code is not run, and a function that imports modules out of them."""
    home = Path(*importlib.util.find_spec(packages[0]).submodule_search_locations)
    with pytest.MonkeyPatch.context() as patch:
        for name in packages:
            package = ModuleType(name)
            package.__path__ = [str(home.joinpath(*name.split(".")[1:]))]
            patch.setitem(sys.modules, name, package)
        yield importlib.import_module


def recipe(name: str) -> str:
    """The code in the manual's row of recipes for that framework."""
    (row,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", RECIPES, re.MULTILINE)
    return row.split("`")[1]


def shell(line: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command line of the manual prints, if `python` and `weightcalc` are those in use."""
    functions = 'python() { "$PYTHON" "$@"; }; weightcalc() { "$PYTHON" -m weightcalc "$@"; }; '
    environment = {**environment, "PYTHON": sys.executable, "PYTHONWARNINGS": "error"}
    command = ["sh", "-c", functions + line]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def close(value: float) -> Any:
    """A number with the accuracy of float32, and of published numbers of five digits."""
    return pytest.approx(value, rel=1e-5)
