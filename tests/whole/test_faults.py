"""Faults of the machine: what is killed, full, forbidden or gone leaves whole files behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.processes import RUN, TEMPORARY, obey_modes

from weightcalc import MaskError, count_file
from weightcalc.counting import run as runs
from weightcalc.masks import file as mask_file

OLD = "old\n"
FEW_OR_MANY = [10, pytest.param(100, marks=pytest.mark.long)]


@pytest.fixture
def start(environment, tmp_path):
    """A function that starts a command line in a session of its own, which ends with the test."""
    started = []

    def start(*arguments, **options):
        process = subprocess.Popen(
            [*RUN, *map(str, arguments)], cwd=tmp_path, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if is_alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def run(start):
    """A function that runs a command line to its end: exit code, standard output and error."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=30)
        return process.returncode, stdout, stderr

    return run


@pytest.fixture
def masks(save_mask):
    """A folder of 300 masks of 3 classes."""
    for number in range(300):
        save_mask([[0, 1, number % 3]] * 20, f"masks/{number:03}.png")
    return "masks"


def names_in(folder):
    """Names of all that is in a folder, hidden files included."""
    return sorted(os.listdir(folder))


def is_alive(session):
    """Whether a process of a session runs."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, leader = status.read_text().rpartition(")")[2].split()[:4]
            if int(leader) == session and state != "Z":
                return True
    return False


def wait_until_nobody_is_left(session):
    """Wait for the end of all processes of a session."""
    for _ in range(200):
        if not is_alive(session):
            return
        time.sleep(0.05)
    pytest.fail("processes are left over")


# Killed.


@pytest.mark.parametrize("cache", [[], ["--cache", "cache"]], ids=["plain", "cache"])
@pytest.mark.parametrize("kills", FEW_OR_MANY)
def test_killed_at_any_moment(start, run, masks, tmp_path, kills, cache):
    """Whenever a run is killed, its outputs are whole, old or new, and no process is left over;
    the next run gives the same result, and what is left of temporary files is gone then."""
    command = ["count", masks, "-j2", "-o", "counts.json", "--per-mask", "lines", *cache]
    outputs = [tmp_path / "counts.json", tmp_path / "lines"]
    begun = time.monotonic()
    assert run(*command) == (0, "", "")
    length = time.monotonic() - begun
    whole = [path.read_text() for path in outputs]
    dice = random.Random(7)
    for _ in range(kills):
        for path in outputs:
            path.write_text(OLD)
        if dice.random() < 0.5:
            (tmp_path / "cache").unlink(missing_ok=True)  # an older run may have filled it
        process = start(*command)
        time.sleep(dice.uniform(0, 1.1 * length))
        process.kill()
        process.communicate(timeout=30)
        wait_until_nobody_is_left(process.pid)
        for path, new in zip(outputs, whole, strict=True):
            assert path.read_text() in (OLD, new)
        left = set(names_in(tmp_path)) - {"masks", "counts.json", "lines"}
        assert all(TEMPORARY.fullmatch(name) or name.startswith("cache") for name in left)
    assert run(*command) == (0, "", "")
    assert [path.read_text() for path in outputs] == whole
    assert names_in(tmp_path) == [*cache[1:], "counts.json", "lines", "masks"]


WRITE_FOR_EVER = """
from weightcalc.files.atomic import write_file
while True:
    for letter in b"ab":
        write_file("w.json", bytes([letter]) * 3_000_000)
        print(end=".", flush=True)
"""


@pytest.mark.parametrize("kills", FEW_OR_MANY)
def test_killed_in_the_write(environment, tmp_path, kills):
    """A file that is being written over and over is whole whenever its writer is killed."""
    dice = random.Random(11)
    command = [sys.executable, "-c", WRITE_FOR_EVER]
    for _ in range(kills):
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE)
        assert process.stdout.read(1)
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        process.communicate(timeout=30)
        data = (tmp_path / "w.json").read_bytes()
        assert data in (b"a" * 3_000_000, b"b" * 3_000_000)
        assert len(names_in(tmp_path)) <= 2  # of all that were killed, the last


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_signal_to_the_parent_alone(start, save_mask, tmp_path, number, exit_code):
    """A signal that reaches only the first process ends those that count for it too."""
    noise = np.random.default_rng(3).integers(0, 50, (1024, 1024))  # so that it takes seconds
    mask = save_mask(noise, "masks/0.png")
    for index in range(1, 3000):
        (tmp_path / f"masks/{index}.png").symlink_to(mask)
    (tmp_path / "w.json").write_text(OLD)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # not that of background jobs
    process = start("weights", "masks", "--progress", "-j2", "-o", "w.json")
    signal.signal(signal.SIGINT, before)
    heard = ""
    while not re.search(r" [1-9]\d*/3000", heard):  # masks are being counted
        more = process.stderr.read(1)
        assert more, heard
        heard += more
    process.send_signal(number)
    heard += process.communicate(timeout=30)[1]
    assert process.returncode == exit_code
    assert "Traceback" not in heard
    wait_until_nobody_is_left(process.pid)
    assert (tmp_path / "w.json").read_text() == OLD


# Full.


def limit_files():
    """No file gets larger than 4 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.fixture
def full(environment, tmp_path):
    """A function that runs a command line in a folder with room for 16 kB, and lists it then."""
    mount = 'mount -t tmpfs -o size=16k none "$1" && cd "$1" && shift && echo old > out'
    enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run(
        [*enter, mount, "sh", tmp_path], check=False, capture_output=True
    ).returncode:  # fmt: skip
        pytest.skip("no file system can be mounted here")
    (tmp_path / "disk").mkdir()

    def run(*arguments):
        script = mount + '; "$@"; echo "exit $?"; cat out; ls -A'
        command = [*enter, script, "sh", tmp_path / "disk", *RUN, *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.mark.parametrize(
    "output",
    [["count", "-n250", "-o"], ["count", "-n250", "-o", "/dev/null", "--per-mask"]],
    ids=["-o", "--per-mask"],
)
def test_full_disk(full, save_mask, tmp_path, output):
    """A disk that is full while an output is written is an error, and the old one stays whole."""
    for number in range(400):
        save_mask([[number % 250]], f"masks/{number:03}.png")
    done = full(*output, "out", tmp_path / "masks")
    assert done.stdout == f"exit 2\n{OLD}out\n"
    assert done.stderr == "error: out: No space left on device\n"


def test_limit_of_a_file(run, masks, tmp_path):
    """A limit on the size of files is an error like a full disk."""
    (tmp_path / "lines").write_text(OLD)
    done = run("count", masks, "--per-mask", "lines", preexec_fn=limit_files)
    assert done == (2, "", "error: lines: File too large\n")
    assert (tmp_path / "lines").read_text() == OLD
    assert names_in(tmp_path) == ["lines", "masks"]


# Forbidden.


def test_read_only_folder(run, masks, tmp_path):
    """An output in a folder that cannot be written to is an error, and the old one stays."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "c.json").write_text(OLD)
    folder.chmod(0o555)
    done = run("count", masks, "-o", "out/c.json", preexec_fn=obey_modes)
    folder.chmod(0o755)
    assert done == (2, "", "error: out/c.json: Permission denied\n")
    assert (folder / "c.json").read_text() == OLD


@pytest.mark.parametrize("jobs", [1, 2])
def test_permission_denied(run, masks, tmp_path, jobs):
    """A mask that may not be read is named; without it the others are counted."""
    (tmp_path / "masks/007.png").chmod(0)
    command = ["count", masks, "-j", jobs]
    code, stdout, stderr = run(*command, preexec_fn=obey_modes)
    assert (code, stdout) == (2, "")
    assert stderr.startswith("error: masks/007.png: Permission denied\n1 of 300 files")
    code, stdout, stderr = run(*command, "--on-error", "skip", preexec_fn=obey_modes)
    assert (code, json.loads(stdout)["masks"]) == (0, 299)
    assert "warning: masks/007.png: Permission denied\n" in stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_few_file_handles(run, masks, jobs):
    """32 open files are enough for any number of masks."""
    limit = (32, 32)
    code, stdout, stderr = run(
        "count",
        masks,
        "-j",
        jobs,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit),
    )
    assert (code, stderr) == (0, "")
    # 20 rows of 0, 1 and a number that is 0, 1 or 2 in 100 masks each
    assert [entry["pixels"] for entry in json.loads(stdout)["classes"]] == [8000, 8000, 2000]


@pytest.mark.parametrize("handles", range(6, 31, 4))
def test_too_few_file_handles(run, masks, handles):
    """Where 8 processes cannot be had, the run ends with an error that says so: it does not hang."""
    limit = (handles, handles)
    code, stdout, stderr = run(
        "count", masks, "-j8", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    )
    if code == 0:
        assert handles > 20  # a pipe or two for each
        return
    assert (code, stdout) == (2, "")
    assert stderr.startswith("error: ")
    assert "Too many open files" in stderr
    assert "-j 1" in stderr


# Gone or changed since the masks were listed.


def shorten(path):
    os.truncate(path, path.stat().st_size - 20)


def empty(path):
    os.truncate(path, 0)


def make_folder(path):
    path.unlink()
    path.mkdir()


def make_fifo(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Path.unlink, "No such file or directory"),
        (shorten, "it ends inside its IDAT chunk"),
        (empty, "the file is empty"),
        (make_folder, "Is a directory"),
        (make_fifo, "not a regular file"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_changed_since_it_was_listed(
    weightcalc, masks, tmp_path, monkeypatch, change, reason, jobs
):
    """A mask that is listed and then vanishes, shrinks, or becomes another thing is an error."""
    monkeypatch.chdir(tmp_path)
    count_data = runs.count_data

    def change_and_count(*arguments, **options):
        change(tmp_path / "masks/007.png")
        return count_data(*arguments, **options)

    monkeypatch.setattr(runs, "count_data", change_and_count)
    Path("c.json").write_text(OLD)
    done = weightcalc("count", masks, "-j", jobs, "-o", "c.json")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"error: masks/007.png: {reason}\n1 of 300 files")
    assert Path("c.json").read_text() == OLD


@pytest.mark.parametrize("name", ["large.npy", "large.png"])
def test_shrinks_while_it_is_read(save_mask, monkeypatch, name):
    """A large file that loses its end between two reads of it is an error, not a crash."""
    noise = np.random.default_rng(3).integers(0, 250, (3000, 3000))
    path = save_mask(noise, name)

    class Shrinking(mask_file.BufferedReader):
        def read(self, size=-1):
            os.truncate(path, max(os.path.getsize(path) - 1_000_000, 5_000_000))
            return super().read(size)

        def readinto(self, buffer):
            os.truncate(path, max(os.path.getsize(path) - 1_000_000, 5_000_000))
            return super().readinto(buffer)

    monkeypatch.setattr(mask_file, "BufferedReader", Shrinking)
    with pytest.raises(MaskError, match=rf"{name}: "):
        count_file(path)
