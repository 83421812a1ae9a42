"""What tests of sources share."""

from __future__ import annotations

import os

import pytest
from support.png_writer import write_png

from weightcalc.sources import fetching, patience


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A function that makes files in an empty current folder; all masks are one pixel of 3."""
    monkeypatch.chdir(tmp_path)

    def make(*names, data=write_png([[3]])):  # noqa: B008
        for name in names:
            folder = os.path.dirname(name)
            if folder:
                os.makedirs(folder, exist_ok=True)
            with open(name, "wb") as file:
                file.write(data)
        return tmp_path

    return make


@pytest.fixture
def in_haste(monkeypatch):
    """Short pauses between tries, and connections of its own for each test."""
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.001)
    patience.forget()
    yield
    fetching.close_stores()
