"""The page on security: each limit that a file can meet stands on it, with its number."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import weightcalc
from weightcalc.files import limits
from weightcalc.files.bounded import SmallFile
from weightcalc.kernels.counters import MOST_VALUES
from weightcalc.manual import page

ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.*?) ?\|$", page("trust"), re.MULTILINE)
NUMBERS = {number for _, number, _ in ROWS}
LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}


def spellings(number):
    """How the page may write a number."""
    units = {"KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
    whole = [
        f"{number >> bits} {unit}" for unit, bits in units.items() if number % (1 << bits) == 0
    ]
    return {f"{number:,}", f"2**{number.bit_length() - 1}", f"{number >> 30}G", *whole}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_masks(name):
    """Each limit of a mask has a row with its number."""
    assert spellings(LIMITS[name]) & NUMBERS


def test_limit_of_values():
    """So has the number of different values."""
    assert spellings(MOST_VALUES) & NUMBERS


def small_files():
    """The kinds of small files that are read whole."""
    for module in pkgutil.walk_packages(weightcalc.__path__, "weightcalc."):
        if not module.name.endswith(("__main__", "_kernels")):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, SmallFile):
                    yield value


def test_limits_of_small_files():
    """Class lists, counts files and their like are in the table with their size, each kind."""
    files = {file.kind: file.limit for file in small_files()}
    stated = {name.partition(" (")[0]: number for name, number, _ in ROWS}
    assert len(files) > 3
    assert {kind: stated.get(kind) for kind in files} == {
        kind: f"{limit >> 20} MiB" for kind, limit in files.items()
    }


@pytest.mark.parametrize("option", re.findall(r"`(--[\w-]+)", "".join(last for *_, last in ROWS)))
def test_options_that_raise_limits(option, weightcalc):
    """An option that the page names is one of ``count``."""
    assert f"{option} " in weightcalc("count", "--help").stdout.decode()
