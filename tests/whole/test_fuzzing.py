"""The targets of ``tests/fuzz.py``: what they begin with is read, and a wrong count is seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Changes one number that the reader of a target finds, and runs its right files.
WRONG = """
import sys
sys.path.insert(0, sys.argv[1])
from fuzzing.running import target

chosen = target(sys.argv[2])
{change}
try:
    any([chosen.check(data) for data in chosen.seeds()])
except AssertionError:
    print("seen")
"""
# Where each target takes its reader from.
CHANGES = {
    "npy": "plain = chosen.read_npy; chosen.read_npy = lambda *a: [m._replace(values=m.values | {77: 1}) for m in plain(*a)]",
    "nifti": "plain = chosen.read_nifti; chosen.read_nifti = lambda *a: [m._replace(pixels=m.pixels - 1) for m in plain(*a)]",
    "tiff": "plain = chosen.tiff.read_tiff; chosen.tiff.read_tiff = lambda *a: list(plain(*a))[:1]",
    "zip": "import fuzzing.archives as a; plain = a._bytes_of; a._bytes_of = lambda n: plain(n)[1:]",
    "tar": "import fuzzing.archives as a; plain = a._bytes_of; a._bytes_of = lambda n: plain(n)[1:]",
    "png": "plain = chosen.count; chosen.count = lambda *a: (plain(*a) or {}) | {77: 1}",
}


@pytest.mark.parametrize("target", [*CHANGES, "lists"])
def test_right_files_are_read(environment, target):
    """Each target begins with files that are read, as its plain reader reads them."""
    command = [sys.executable, TESTS / "fuzz.py", "0", target]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read, files = done.stdout.split()[1:4:2]
    assert int(files) >= int(read) > 0
    assert read == files or target == "lists"


@pytest.mark.parametrize("target", CHANGES)
def test_wrong_counts_are_seen(environment, target):
    """A target whose reader finds one thing wrong says so."""
    code = WRONG.format(change=CHANGES[target])
    command = [sys.executable, "-c", code, TESTS, target]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "seen\n", done.stderr
