"""Fixtures: masks made where they are used, and the command line run in this process."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image
from support.one_mask import ROW

from weightcalc import MaskError, ReadOptions, ValueCounts, count_file
from weightcalc.cli import app as cli

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
    home = Path(cli.__file__).parents[2]
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
def balanced_mask(
    save_mask: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """A mask and a class list, and the options that make BALANCED of them, in their folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("road\nsky\ncar\n")
    save_mask([ROW], "mask.png")
    return ["mask.png", "-m", "balanced", "-c", "names.txt"]
