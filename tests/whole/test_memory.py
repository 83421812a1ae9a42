"""Memory depends neither on the size of masks nor on their number, beyond the list of names."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.png_writer import write_png
from support.processes import PEAK

MB = 1_000_000
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)


@pytest.fixture
def run(environment, tmp_path):
    """A function that runs code in a process of its own and gives the integers it printed."""

    def run(code, *arguments):
        done = subprocess.run(
            [sys.executable, "-c", PEAK + code, *map(str, arguments)],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [int(word) for word in done.stdout.split()]

    return run


COUNT = """
import sys
from weightcalc.cli.app import exit_code_of

assert exit_code_of(["count", *sys.argv[1:], "-q", "-o", "counts.json"]) == 0
print(peak())
"""


def test_large_array(run, tmp_path):
    """An array of 30000 x 30000 is counted in less than 120 MB, every pixel of it."""
    mask = tmp_path / "mask.npy"
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (30000, 30000), }"
    start = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header
    with mask.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + 30_000**2)  # zeros that take no place on the disk
        for row in range(0, 30_000, 100):
            file.seek(len(start) + row * 30_000 + row)
            file.write(b"\7\7\7")
        file.seek(-1, os.SEEK_END)
        file.write(b"\2")
    (peak,) = run(COUNT, "mask.npy", "-j1")
    classes = json.loads((tmp_path / "counts.json").read_text())["classes"]
    pixels = {entry["index"]: entry["pixels"] for entry in classes if entry["pixels"]}
    assert pixels == {0: 30_000**2 - 901, 2: 1, 7: 900}
    assert peak < 120 * MB


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of 50 masks and one of 5000: the same five, linked under many names."""
    root = tmp_path_factory.mktemp("masks")
    values = np.random.default_rng(1).integers(0, 12, (5, 36, 48)).repeat(10, 1).repeat(10, 2)
    for number, mask in enumerate(values):
        (root / f"{number}.png").write_bytes(write_png(mask.tolist()))
    for size in 50, 5000:
        (root / str(size)).mkdir()
        for number in range(size):
            os.link(root / f"{number % 5}.png", root / str(size) / f"{number:06}.png")
    return root / "50", root / "5000"


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_masks(run, folders, jobs):
    """Counting 5000 masks takes no more memory than counting 50 of them."""
    few, many = (run(COUNT, folder, f"-j{jobs}")[0] for folder in folders)
    assert many < few + 15 * MB


LIST = """
from weightcalc.masks.formats import READERS
from weightcalc.sources.kinds import check_one_kind
from weightcalc.sources.listing import list_files
from weightcalc.sources.name_list import read_list

size = 300_000
lines = (b"train/annotations/%012d.png\\n" % (number * 7 % size) for number in range(size))
base = peak()
listing = list_files([], READERS, listed=read_list(lines))
check_one_kind(listing.names)
print(len(listing.names), peak() - base)
"""


def test_many_names(run):
    """A list of 300,000 names takes less than 250 bytes for each, sorted and checked."""
    names, taken = run(LIST)
    assert names == 300_000
    assert taken < 250 * names


MISSING = """
import sys
from weightcalc.cli.app import exit_code_of

assert exit_code_of(["count", "-q", "-j1", "-o", "counts.json", *sys.argv[1:]]) == 2
print(peak())
"""


@pytest.mark.parametrize(
    ("few", "many"), [(10_000, 60_000), pytest.param(30_000, 300_000, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("options", [[], ["--on-error", "skip"]], ids=["fail", "skip"])
def test_missing_names(run, tmp_path, few, many, options):
    """A list of names that are all missing takes what the names take, and no error for each."""
    peaks = []
    for number in few, many:
        names = "".join(f"{n:07}.png\n" for n in range(number))
        (tmp_path / "list").write_text(names)
        peaks += run(MISSING, "--files-from", "list", *options)
    assert peaks[1] - peaks[0] < 2 * MB + 120 * (many - few)  # 69 bytes of a name, 400 of an error
