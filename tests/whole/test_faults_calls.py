"""Each call to the system fails once: the error names its file, and outputs stay whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from errno import EIO, ENOSPC
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from support.processes import TEMPORARY

SOURCE = Path(__file__).parents[1] / "support" / "failing_calls.c"
CALLS = ["open", "read", "write", "fsync", "rename", "close", "readdir"]
SHORT, KILL = 0, -1
OLD = b"old\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library that makes calls fail, compiled."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or sys.platform != "linux":
        pytest.skip("calls are made to fail by a library that is compiled for Linux")
    path = tmp_path_factory.mktemp("library") / "failing_calls.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, SOURCE, "-ldl"], check=True)
    return path


@pytest.fixture
def data(tmp_path, save_mask):
    """Two masks, one of them too large to be read at once, and the folder of the outputs."""
    save_mask([[0, 1, 2]] * 4, "data/masks/small.png")
    save_mask(np.ones((2500, 2000)), "data/masks/large.npy")
    (tmp_path / "data/out").mkdir()
    return tmp_path / "data"


@pytest.fixture(params=["fast", pytest.param("careful", marks=pytest.mark.long)])
def png_path(request):
    """The path by which PNG files are counted: the careful one alone, or the fast one first."""
    return request.param


@pytest.fixture
def run(environment, library, data, tmp_path, png_path):
    """A function that counts with a call made to fail; gives the process, and the paths of it."""
    mark = tmp_path / "mark"
    environment = environment | ({"WEIGHTCALC_CAREFUL_PNG": "1"} if png_path == "careful" else {})

    def run(call="", at=0, number=EIO, jobs=1, folder=data):
        mark.unlink(missing_ok=True)
        fault = {"FAIL_CALL": call, "FAIL_AT": str(at), "FAIL_WITH": str(number)}
        fault |= {"FAIL_FOLDER": str(folder), "FAIL_MARK": str(mark), "LD_PRELOAD": str(library)}
        words = (
            "count data/masks --encoding index -o data/out/counts.json --per-mask data/out/lines -j"
        )
        done = subprocess.run(
            [sys.executable, "-m", "weightcalc", *words.split(), str(jobs)],
            env=environment | fault, cwd=tmp_path, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        return done, mark.read_text().splitlines() if mark.exists() else []

    return run


@pytest.fixture
def right(run, data):
    """The outputs of a run in which nothing fails."""
    done, _ = run()
    assert (done.returncode, done.stderr) == (0, "")
    return outputs(data)


def outputs(data):
    """What is in the folder of the outputs, by name."""
    return {path.name: path.read_bytes() for path in (data / "out").iterdir()}


def make_old(data):
    """Put the outputs of an older run in place."""
    for name in ("counts.json", "lines"):
        (data / "out" / name).write_bytes(OLD)


def failures(run, data, *arguments, **options):
    """Run over old outputs with the first call failing, the second, ... until none does."""
    for at in count(1):
        make_old(data)
        done, paths = run(*arguments, at=at, **options)
        if not paths:
            assert done.returncode == 0, done.stderr
            return
        yield done, [os.path.relpath(path, data.parent) for path in paths]


def blamed(path):
    """The name by which a user knows a file: that of the output for a temporary one."""
    folder, name = os.path.split(path)
    match = TEMPORARY.fullmatch(name)
    return os.path.join(folder, match[1]) if match else path


def check_failure(done, paths, number, found, right, harmless):
    """Whether one failed call did no harm, and was said unless it is one of the harmless."""
    assert found.keys() == right.keys(), paths
    assert all(found[name] in (OLD, right[name]) for name in right), paths
    assert not done.stdout
    if done.returncode == 0:
        assert (found, done.stderr) == (right, "")
        assert {*paths} <= {*harmless}
        return
    assert done.returncode == 2, done.stderr
    assert found["counts.json"] == OLD
    assert done.stderr.startswith("error: ")
    reason = os.strerror(number)
    assert any(f"{blamed(path)}: {reason}\n" in done.stderr for path in paths), paths


@pytest.mark.parametrize(
    ("call", "number", "jobs"),
    [*((call, EIO, 1) for call in CALLS), ("write", ENOSPC, 1), ("open", EIO, 2), ("read", EIO, 2)],
)
def test_nth_call_fails(run, right, data, call, number, jobs, png_path):
    """The n-th call fails, for n = 1, 2, 3, ... until a run passes: an error of that file and
    reason and the old output whole, or success where it does not matter; nothing is left over.
    It does not matter where a folder cannot be searched for stale files or synchronised, nor
    where the fast path cannot read a file, which the careful one reads once more."""
    harmless = ["data/out", *["data/masks/small.png"] * (png_path == "fast")]
    seen = 0
    for done, paths in failures(run, data, call, number=number, jobs=jobs):
        assert len(paths) <= jobs
        check_failure(done, paths, number, outputs(data), right, harmless)
        seen += 1
    assert seen > 1
    assert outputs(data) == right


def test_killed_at_each_call(run, right, data):
    """Killed before the n-th call about an output, for n = 1, 2, 3, ...: each output is whole, old
    or new; a temporary file is left over until the next run, and no longer."""
    seen = 0
    for done, _ in failures(run, data, "any", number=KILL, folder=data / "out"):
        assert done.returncode == -signal.SIGKILL
        found = outputs(data)
        for name in sorted(found.keys() - right.keys()):
            assert TEMPORARY.fullmatch(name)
        assert all(found[name] in (OLD, right[name]) for name in right)
        seen += 1
    assert seen > 10
    assert outputs(data) == right


@pytest.mark.parametrize("call", ["read", "write"])
def test_every_call_is_cut_short(run, data, call):
    """Where each read or write takes a single byte, the result is the same."""
    (data / "masks/large.npy").unlink()
    expected, _ = run()
    assert expected.returncode == 0
    small = outputs(data)
    make_old(data)
    done, paths = run(call, number=SHORT)
    assert paths
    assert (done.returncode, done.stderr, outputs(data)) == (0, "", small)
