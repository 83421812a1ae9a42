"""Memory that is not there: an error that says so, never a traceback and never another count."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys

import numpy as np
import pytest
from support.processes import RUN
from support.tiff_writer import write_tiff

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is that of Linux")
pytest.importorskip("tifffile")

SIDE = 20_000  # 400 MB, which PackBits decodes in one piece
LEAST = 350  # MB of addresses, some more than the run takes without it


@pytest.fixture
def masks(save_mask, tmp_path):
    """A folder of a mask that must be held whole, 3 MB in the file, and of two small ones."""
    save_mask([[0, 1]], "m/a.png")
    save_mask([[0, 1]], "m/z.png")
    runs = b"\x81\1" * (SIDE * SIDE // 128)
    tags = {256: [SIDE], 257: [SIDE], 258: [8], 259: [32773], 262: [1], 273: [0], 277: [1],
            278: [SIDE], 279: [len(runs)]}  # fmt: skip
    (tmp_path / "m/big.tif").write_bytes(write_tiff([(runs, tags)]))
    return tmp_path / "m"


@pytest.fixture
def run(environment, masks):
    """A function that counts with so many MB of addresses: exit code, standard output and error."""

    def run(megabytes, *options):
        limit = (megabytes << 20, megabytes << 20)
        done = subprocess.run(
            [*RUN, "count", "m", "-n2", "--encoding", "index", *map(str, options)],
            env=environment | {"OPENBLAS_NUM_THREADS": "1"}, cwd=masks.parent, capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit), text=True,
            timeout=300, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_mask_larger_than_memory(run, jobs):
    """A mask for which memory does not suffice is named; without it the others are counted."""
    code, stdout, stderr = run(LEAST, "-j", jobs)
    assert (code, stdout) == (2, "")
    assert re.match(r"error: m/big\.tif: .*not enough memory to decode it\n1 of 3 files", stderr)
    code, stdout, stderr = run(LEAST, "-j", jobs, "--on-error", "skip")
    assert (code, json.loads(stdout)["masks"]) == (0, 2), stderr


@pytest.mark.parametrize("megabytes", [35, 50, 70, 100, 130, 160])
@pytest.mark.parametrize("jobs", [1, 2])
def test_hardly_any_memory(run, masks, megabytes, jobs):
    """With less and less memory the result is the same, or an error and no result; what libraries
    write to standard error when they give up is theirs."""
    (masks / "big.tif").unlink()
    np.save(masks / "a.npy", np.array([[0, 1]], np.uint8))
    code, stdout, stderr = run(megabytes, "-j", jobs)
    assert "Traceback" not in stderr
    if code == 0:
        assert [entry["pixels"] for entry in json.loads(stdout)["classes"]] == [3, 3]
    else:
        assert (stdout, stderr != "") == ("", True)
