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
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
RECIPES = README.partition("\n## Into a training framework\n")[2].partition("\n## ")[0]

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


def recipe(name: str) -> str:
    """The code in the README's row of recipes for that framework."""
    (row,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", RECIPES, re.MULTILINE)
    return row.split("`")[1]


def shell(line: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command line of the README prints, if `python` and `weightcalc` are those in use."""
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
