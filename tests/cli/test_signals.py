"""A run that is stopped ends at once, with the code of its signal and nothing half-written."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from support.processes import RUN, Watched

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.fixture
def interruptible():
    """SIGINT as a foreground job has it: a shell starts background jobs deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_signals(environment, save_mask, tmp_path, number, exit_code, jobs):
    """Ctrl-C and SIGTERM end a run with their exit codes, no traceback, and the old file whole."""
    noise = np.random.default_rng(3).integers(0, 50, (1024, 1024))  # so that it takes seconds
    mask = save_mask(noise, "masks/0.png")
    for index in range(1, 3000):
        (tmp_path / f"masks/{index}.png").symlink_to(mask)
    (tmp_path / "w.json").write_text("old")
    command = [*RUN, "weights", "masks", "--progress", "-j", jobs, "-o", "w.json"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, env=environment, cwd=tmp_path, start_new_session=True
    )
    heard = b""
    while not re.search(rb" [1-9]\d*/3000", heard):  # masks are being counted
        more = os.read(process.stderr.fileno(), 1 << 16)
        assert more, heard.decode()
        heard += more
    os.killpg(process.pid, number)
    heard += process.communicate(timeout=30)[1]
    assert process.returncode == exit_code
    assert not re.search(b"Traceback|Exception|error", heard)
    assert (tmp_path / "w.json").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["masks", "w.json"]


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
def test_signal_while_workers_start(environment, save_mask, tmp_path, number, exit_code):
    """A signal is not lost in the hooks of fork, where Python ignores exceptions."""
    masks = [save_mask([[0]], name) for name in ("a.png", "b.png")]
    (tmp_path / "w.json").write_text("old")
    code = f"import os; os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), {number}))"
    code += "\nfrom weightcalc.cli.app import run; run()"
    command = [sys.executable, "-c", code, "weights", *masks, "-j", "2", "-o", "w.json"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, cwd=tmp_path)
    heard = process.communicate(timeout=60)[1]
    assert process.returncode == exit_code, heard.decode()
    assert (tmp_path / "w.json").read_text() == "old"


# Interrupts itself when a module is about to be imported.
EARLY = """
import importlib.abc, os, signal, sys

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["weightcalc", "count", "a.npy"]
from weightcalc.__main__ import run
run()
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    "module",
    ["weightcalc.cli.app", "click", "weightcalc.cli.count", "numpy", "weightcalc.masks.npy"],
)
def test_interrupted_import(environment, save_mask, tmp_path, module):
    """Ctrl-C while modules are imported, early or late, ends the run in silence, 2 s and 300 MB."""
    save_mask([[0]], "a.npy")
    run = Watched([sys.executable, "-c", EARLY.format(module=module)], tmp_path, seconds=2)
    done = subprocess.run(
        run.command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, b"", b"")
    assert run.most_memory < 300_000_000


def test_ignored_interrupts_stay_ignored(environment, save_mask, tmp_path):
    """Where SIGINT is ignored, as by a background job of a shell, the run goes on to its end."""
    save_mask([[0]], "a.npy")
    run = Watched([sys.executable, "-c", EARLY.format(module="click")], tmp_path, seconds=2)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = subprocess.run(
        run.command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    signal.signal(signal.SIGINT, before)
    assert (done.returncode, done.stderr) == (0, b"")
