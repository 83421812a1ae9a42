"""Fixtures of kernels: every test of them runs over both implementations."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from types import ModuleType

import pytest

from weightcalc.kernels import counters, numpy_twin
from weightcalc.kernels import segments as segments_of_tiff


def compiled_kernels() -> ModuleType:
    """The compiled module; a test that asks for it is skipped where it need not exist."""
    if os.environ.get("WEIGHTCALC_REQUIRE_COMPILED"):
        return importlib.import_module("weightcalc.kernels._kernels")
    return pytest.importorskip("weightcalc.kernels._kernels", reason="not built")


@pytest.fixture(scope="module")
def compiled() -> ModuleType:
    """The compiled module."""
    return compiled_kernels()


TWINS = pytest.fixture(scope="module", params=["numpy", "compiled"])


def over(twin: str, face: ModuleType, *names: str) -> Iterator[ModuleType]:
    """A module whose functions of these names are those of a twin."""
    with pytest.MonkeyPatch.context() as patch:
        functions = compiled_kernels() if twin == "compiled" else numpy_twin
        for name in names:
            patch.setattr(face, name, getattr(functions, name))
        yield face


@TWINS
def kernel(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """`counters` over the implementation of the parameter."""
    yield from over(request.param, counters, "count_values", "count_rows")


@TWINS
def segments(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """`segments` over the implementation of the parameter."""
    yield from over(request.param, segments_of_tiff, "unpack_lzw", "add_up_pixels")
