"""Fixtures of kernels: every test of them runs over both implementations."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from types import ModuleType

import pytest

from weightcalc.kernels import counters as kernels
from weightcalc.kernels import numpy_twin as numpy_kernels


def compiled_kernels() -> ModuleType:
    """The compiled module; a test that asks for it is skipped where it need not exist."""
    if os.environ.get("WEIGHTCALC_REQUIRE_COMPILED"):
        return importlib.import_module("weightcalc.kernels._kernels")
    return pytest.importorskip("weightcalc.kernels._kernels", reason="not built")


@pytest.fixture(scope="module")
def compiled() -> ModuleType:
    """The compiled module."""
    return compiled_kernels()


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def kernel(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """`kernels` over the implementation of the parameter."""
    with pytest.MonkeyPatch.context() as patch:
        twin = compiled_kernels() if request.param == "compiled" else numpy_kernels
        for name in ("count_values", "count_rows"):
            patch.setattr(kernels, name, getattr(twin, name))
        yield kernels
