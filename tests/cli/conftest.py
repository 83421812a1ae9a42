"""What tests of the command line share."""

import numpy as np
import pytest
from support.one_mask import ROW


@pytest.fixture
def folder(tmp_path, save_mask, monkeypatch):
    """A function that fills the current folder with masks, given as rows or as bytes."""
    monkeypatch.chdir(tmp_path)

    def fill(files):
        for name, content in files.items():
            if isinstance(content, bytes):
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_bytes(content)
            else:
                save_mask(content, name, getattr(content, "dtype", np.uint8))

    return fill


@pytest.fixture
def refused(weightcalc, folder):
    """A function that weighs masks, is refused with nothing on stdout, and gives the message."""

    def run(files, *arguments):
        folder(files)
        result = weightcalc("weights", *arguments)
        assert (result.exit_code, result.stdout) == (2, b"")
        assert result.stderr.startswith("error: ")
        assert "Traceback" not in result.stderr
        return result.stderr

    return run


@pytest.fixture
def counted(weightcalc, folder):
    """A function that counts masks and gives value to pixels, and standard error."""

    def run(files, *arguments):
        folder(files)
        result = weightcalc("count", *arguments)
        assert result.exit_code == 0, result.stderr
        pixels = {entry["index"]: entry["pixels"] for entry in result.json["classes"]}
        return {index: n for index, n in pixels.items() if n}, result.stderr

    return run


@pytest.fixture
def balanced_folder(save_mask, tmp_path, monkeypatch):
    """The current folder: masks/a.png is ROW."""
    monkeypatch.chdir(tmp_path)
    save_mask([ROW], "masks/a.png")
