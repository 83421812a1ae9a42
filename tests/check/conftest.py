"""Fixtures of checks: a clean set, and the command that gives its findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checked_set import NAMES, OTHER, PIXELS, ROWS, THIRD, counts_of, where


@pytest.fixture
def clean(save_mask: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where nothing is wrong: masks, images, another split, a baseline, weights."""
    monkeypatch.chdir(tmp_path)
    for name, rows in (("a", ROWS), ("b", OTHER), ("c", THIRD)):
        save_mask(rows, f"masks/{name}.png")
        save_mask(np.zeros((4, 8, 3)), f"images/{name}.jpg")
    save_mask([[2, 2, 2, 0]], "val/a.png")
    save_mask([[0, 0]], "val/background.png")
    (tmp_path / "names.txt").write_text(NAMES)
    # balanced: 96 / (3 * [48, 30, 18])
    (tmp_path / "weights.json").write_text("[0.66666667, 1.0666667, 1.7777778]")
    (tmp_path / "baseline.json").write_text(json.dumps(counts_of(PIXELS).to_dict()))
    return tmp_path


@pytest.fixture
def check(
    weightcalc: Callable[..., Any],
) -> Callable[..., tuple[int, dict[tuple[str, str], str]]]:
    """A function that runs the check and gives its exit code and findings."""

    def check(*arguments: object) -> tuple[int, dict[tuple[str, str], str]]:
        result = weightcalc("check", *arguments, "-f", "json")
        assert result.exit_code in (0, 1), result.stderr
        found = result.json["findings"]
        return result.exit_code, {(f["rule"], where(f)): f["message"] for f in found}

    return check
