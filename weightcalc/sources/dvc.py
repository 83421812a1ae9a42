"""
What DVC leaves where data is not fetched: a.png.dvc for a.png, and masks.dvc for a folder.
"""

from __future__ import annotations

import os

from ..files.bounded import open_regular
from ..text.escape import printable

ENDING = ".dvc"
PULL = "dvc pull fetches the data that .dvc files stand for"
_MOST_READ = 1 << 16


def missing_data(path: str) -> str | None:
    """The file or folder that a .dvc file stands for, if it is not there; None for other files."""
    data = path.removesuffix(ENDING)
    return data if data != path and not os.path.lexists(data) else None


def is_kept(path: str) -> bool:
    """Whether a .dvc file stands where there is no such file or folder."""
    return not os.path.lexists(path) and os.path.isfile(path + ENDING)


def about_missing(path: str) -> str:
    """What to say of data that is kept."""
    return f"DVC has not fetched it: only {printable(os.path.basename(path))}{ENDING} is here"


def is_folder(path: str) -> bool:
    """Whether a .dvc file says that what it stands for is a folder."""
    try:
        with open_regular(path) as file:
            text = file.read(_MOST_READ)
    except OSError:
        return False
    return b".dir\n" in text.replace(b"\r", b"") + b"\n" or b"files:" in text
