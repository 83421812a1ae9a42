"""Masks that the tests of engines count."""

from __future__ import annotations

import pytest


@pytest.fixture
def masks(save_mask):
    """Names of 40 masks, whose i-th holds i pixels of class 1 and 40 - i of class 0."""
    return [save_mask([[1] * i + [0] * (40 - i)], f"m/{i:02}.png") for i in range(1, 41)]
