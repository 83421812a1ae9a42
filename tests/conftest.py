"""Fixtures: masks made where they are used, and the command line run in this process."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image
from support.checked_set import NAMES, OTHER, PIXELS, ROWS, THIRD, counts_of, where

from weightcalc import MaskError, ReadOptions, ValueCounts, count_file
from weightcalc.cli import app as cli
from weightcalc.kernels import counters as kernels
from weightcalc.kernels import numpy_twin as numpy_kernels

settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


class Result(NamedTuple):
    """What a run of the command line left behind."""

    exit_code: int
    stdout: bytes
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.stdout)


@pytest.fixture
def weightcalc(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """A function that runs the command line as if its arguments had been typed."""

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        words = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["weightcalc", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        exit_code = cli.exit_code_of(words)
        stdout, stderr = capfdbinary.readouterr()
        return Result(exit_code, stdout, stderr.decode())

    return run


@pytest.fixture
def save_mask(tmp_path: Path) -> Callable[..., str]:
    """A function that saves rows of values as a mask and returns its name."""

    def save(rows: Any, name: str = "mask.png", dtype: Any = np.uint8) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.array(rows, dtype=dtype)
        if path.suffix == ".npy":
            np.save(path, values)
        else:
            Image.fromarray(values).save(path, None if path.suffix else "PNG")
        return str(path)

    return save


@pytest.fixture
def environment() -> dict[str, str]:
    """Environment of a Python process that imports the same package as this one."""
    home = Path(cli.__file__).parents[1]
    path = os.pathsep.join(filter(None, [str(home), os.environ.get("PYTHONPATH", "")]))
    plain = {
        k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONUNBUFFERED", "TERM")
    }
    return {**plain, "PYTHONPATH": path, "TERM": "xterm"}


@pytest.fixture
def data() -> Path:
    """The folder of real data sets that WEIGHTCALC_DATA names."""
    folder = os.environ.get("WEIGHTCALC_DATA")
    if not folder:
        pytest.skip("WEIGHTCALC_DATA names no folder of real data sets")
    return Path(folder)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[ValueCounts]]:
    """A function that writes bytes to a file and counts its masks."""

    def read(data: bytes, name: str, **options: Any) -> list[ValueCounts]:
        path = tmp_path / name
        path.write_bytes(data)
        return count_file(str(path), ReadOptions(**options))

    return read


@pytest.fixture
def refuse(read: Callable[..., list[ValueCounts]]) -> Callable[..., MaskError]:
    """A function that writes bytes to a file and gives the error of counting it, which names it."""

    def refuse(data: bytes, name: str, **options: Any) -> MaskError:
        with pytest.raises(MaskError) as caught:
            read(data, name, **options)
        assert f"{name}: " in str(caught.value)
        return caught.value

    return refuse


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
    weightcalc: Callable[..., Result],
) -> Callable[..., tuple[int, dict[tuple[str, str], str]]]:
    """A function that runs the check and gives its exit code and findings."""

    def check(*arguments: object) -> tuple[int, dict[tuple[str, str], str]]:
        result = weightcalc("check", *arguments, "-f", "json")
        assert result.exit_code in (0, 1), result.stderr
        found = result.json["findings"]
        return result.exit_code, {(f["rule"], where(f)): f["message"] for f in found}

    return check


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
