"""The workers of a Dask cluster: real ones, some of which die, come late or differ."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.processes import RUN, Watched

from weightcalc._version import __version__
from weightcalc.counting import count as counting

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [str(worker.pid) for worker in cluster.workers.values()]
        print(cluster.scheduler_address, *pids, flush=True)
        sys.stdin.read()
"""

# What Python runs first in a worker: it begins a mask, and goes on when the gate is open.
GATED = """
import os, time
from pathlib import Path
from weightcalc.counting import count
gate, read = Path(os.environ["GATE"]), count.count_file

def read_behind_gate(name, options):
    gate.joinpath(f"{os.getpid()}.begun").touch()
    while not gate.joinpath("open").exists():
        time.sleep(0.01)
    return read(name, options)

count.count_file = read_behind_gate
"""
MISSING = "import sys; sys.modules['weightcalc'] = None"
IMPATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}  # it takes no less than 11
OLDER = "import weightcalc._version; weightcalc._version.__version__ = '0.0.9'"

API = """
import sys
from distributed import Client
import weightcalc
if __name__ == "__main__":
    with Client(sys.argv[1], set_as_default=False) as client:
        masks = weightcalc.list_masks(sys.argv[2])
        counts = weightcalc.count_masks(
            masks, weightcalc.LabelMap(2), executor=client.get_executor(), num_workers=2)
        counts.sources = [sys.argv[2]]
        sys.stdout.write(counts.to_json())
"""


@pytest.fixture(scope="module")
def cluster():
    """Address of a Dask scheduler with two workers of a process each, and their pids."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    home = str(Path(counting.__file__).parents[2])
    command = [sys.executable, "-W", "ignore", "-c", CLUSTER]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env={**os.environ, "PYTHONPATH": home},
    )  # fmt: skip
    address, *pids = process.stdout.readline().split()
    yield address, [int(pid) for pid in pids]
    process.communicate()


class Machines:
    """Starts schedulers and workers, each a process of its own, which end with the test."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.gate = folder
        self.processes: list[subprocess.Popen] = []
        self._environment = {**environment, "GATE": str(folder), "PYTHONWARNINGS": "ignore"}
        self._file = folder / "scheduler.json"

    def scheduler(self, *options: str, **variables: str) -> str:
        """Start a scheduler; its address."""
        self._start("scheduler", "--port", "0", "--host", "127.0.0.1", *options, **variables)
        wait_for(lambda: self._file.exists() and self._file.read_text().endswith("}"))
        return json.loads(self._file.read_text())["address"]

    def worker(self, first: str = "", *options: str, **variables: str) -> subprocess.Popen:
        """Start a worker, in which Python runs some code first, and wait until it has joined."""
        home = self.gate / f"home{len(self.processes)}"
        home.mkdir()
        home.joinpath("sitecustomize.py").write_text(first)
        path = f"{home}{os.pathsep}{self._environment['PYTHONPATH']}"
        words = ["--nthreads", "1", "--no-nanny", "--death-timeout", "60", *options]
        log = self.log()
        process = self._start("worker", *words, **{"PYTHONPATH": path, **variables})
        wait_for(lambda: "Registered to" in log.read_text())
        return process

    def _start(self, role: str, *options: str, **variables: str) -> subprocess.Popen:
        module = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--no-dashboard"]
        with self.log().open("wb") as log:
            process = subprocess.Popen(
                [*module, "--scheduler-file", str(self._file), *options],
                env={**self._environment, **variables}, stderr=log, cwd=self.gate,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def log(self) -> Path:
        """What the machine says that is started next."""
        return self.gate / f"{len(self.processes)}.log"

    def have_begun(self, *processes: subprocess.Popen) -> None:
        """Wait until the workers have begun to read masks."""
        files = [self.gate / f"{process.pid}.begun" for process in processes]
        wait_for(lambda: all(file.exists() for file in files))


def wait_for(condition) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("nothing happens")


@pytest.fixture
def machines(tmp_path_factory, environment):
    """What starts the machines of a cluster."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    found = Machines(tmp_path_factory.mktemp("machines"), environment)
    yield found
    for process in reversed(found.processes):
        process.kill()
        process.wait()


def start(environment, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "weightcalc", "count", *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_dask(environment, cluster, masks):
    """Workers of Dask give the bytes that one process gives, from the command line or not."""
    address, _ = cluster
    folder = str(Path(masks[0]).parent)
    alone = start(environment, folder, "-n2", "-j1").communicate(timeout=60)[0]
    assert b'"pixels": 820' in alone
    assert start(environment, folder, "-n2", "--dask", address).communicate(timeout=60)[0] == alone
    script = [sys.executable, "-c", API, address, folder]
    assert subprocess.check_output(script, env=environment, timeout=60) == alone


def test_dask_counts_scenes(environment, cluster, save_mask, tmp_path, monkeypatch):
    """A scene travels to the workers of Dask as one, and its files by relative names."""
    address, _ = cluster
    monkeypatch.chdir(tmp_path)
    for scene in range(30):
        save_mask([[0] * scene + [1] * 30], f"s/{scene}_hair.png")
        save_mask([[1] * scene + [0] * 30], f"s/{scene}_skin.png")
    words = ["s", "--layers", "{scene}_{class}.png", "--rest", "other"]
    alone = start(environment, *words, "-j1").communicate(timeout=60)[0]
    assert [c["pixels"] for c in json.loads(alone)["classes"]] == [900, 0, 435]
    assert start(environment, *words, "--dask", address).communicate(timeout=60)[0] == alone
    Path("s/7_skin.png").write_bytes(b"junk")
    _, said = start(environment, *words, "--dask", address).communicate(timeout=60)
    assert b"\nerror: s/7_skin.png: no image" in said


def test_a_dask_worker_is_killed(environment, cluster, save_mask, tmp_path):
    """A worker of Dask that is killed in the middle costs time, and no counts."""
    address, pids = cluster
    noise = np.random.default_rng(3).integers(0, 2, (256, 256))  # so that it takes seconds
    first = Path(save_mask(noise, "m/0.png"))
    for i in range(1, 3000):
        (tmp_path / f"m/{i}.png").hardlink_to(first)
    running = start(environment, tmp_path / "m", "-n2", "--dask", address, "--progress")
    while b"/3000" not in (said := running.stderr.read1()) or b" 0/3000" in said:
        time.sleep(0.01)
    os.kill(pids[0], signal.SIGKILL)
    out, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert out == start(environment, tmp_path / "m", "-n2", "-j1").communicate(timeout=60)[0]


def test_dask_works_elsewhere(environment, cluster, masks, tmp_path, monkeypatch):
    """Relative names mean the same to workers of Dask in another folder, also in messages."""
    address, _ = cluster
    monkeypatch.chdir(tmp_path)
    out, _ = start(environment, "m", "-n2", "--dask", address).communicate(timeout=60)
    assert b'"pixels": 820' in out
    Path(masks[0]).write_bytes(b"junk")
    _, said = start(environment, "m", "-n2", "--dask", address).communicate(timeout=60)
    assert said.startswith(b"error: m/01.png: no image")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere"])
def test_no_dask_scheduler(weightcalc, masks, address):
    """A scheduler that is not there is an error, within seconds, that names it."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    result = weightcalc("count", *masks, "--dask", address)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {address}: no Dask scheduler answers there\n")


def test_without_dask(weightcalc, masks, monkeypatch):
    """Without Dask the error names the extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = weightcalc("count", *masks, "--dask", "tcp://127.0.0.1:1")
    assert result.stderr == "error: --dask needs: pip install 'weightcalc[dask]'\n"


def test_jobs_and_dask(weightcalc, masks):
    """-j and --dask exclude each other."""
    result = weightcalc("count", *masks, "--dask", "tcp://127.0.0.1:1", "-j2")
    assert result.exit_code == 2
    assert "-j/--jobs" in result.stderr


def without_scheduler(environment, machines, masks, by: signal.Signals) -> tuple[str, str]:
    """What a run says, in 30 s and 300 MB, after a signal to its scheduler; and where that is."""
    address = machines.scheduler()
    worker = machines.worker(GATED)
    command = [*RUN, "count", *masks, "-n2", "--dask", address]
    run = Watched(command, machines.gate, seconds=20)
    running = subprocess.Popen(
        run.command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    machines.have_begun(worker)
    machines.processes[0].send_signal(by)
    out, said = running.communicate(timeout=30)
    assert (running.returncode, out) == (2, b"")
    assert run.most_memory < 300_000_000
    return said.decode(), address


def test_the_scheduler_dies(environment, machines, masks):
    """A scheduler that is killed in mid-run is an error of one line, though its workers live."""
    said, address = without_scheduler(environment, machines, masks, signal.SIGKILL)
    assert said == f"error: {address}: the scheduler has gone away\n"


def test_the_scheduler_is_frozen(environment, machines, masks):
    """A scheduler that is stopped in mid-run, and never answers again, is an error as well."""
    said, address = without_scheduler(environment | IMPATIENT, machines, masks, signal.SIGSTOP)
    error, hint = said.splitlines()
    assert error == f"error: {address}: the scheduler has not answered for 12 s"
    assert "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP" in hint


@pytest.mark.long
def test_a_run_that_is_stopped_for_a_while(environment, machines, masks):
    """A run that was stopped itself, for longer than a scheduler may be silent, goes on."""
    address = machines.scheduler()
    worker = machines.worker(GATED)
    running = start(environment | IMPATIENT, *masks, "-n2", "--dask", address)
    machines.have_begun(worker)
    running.send_signal(signal.SIGSTOP)
    time.sleep(14)
    running.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    machines.gate.joinpath("open").touch()
    out, said = running.communicate(timeout=120)
    assert (running.returncode, said) == (0, b"")
    assert out == start(environment, *masks, "-n2", "-j1").communicate(timeout=120)[0]


def test_a_worker_that_comes_late(environment, machines, masks):
    """A worker that joins in mid-run counts too; Ctrl-C ends a run in a line or two."""
    address = machines.scheduler()
    first = machines.worker(GATED)
    running = start(environment, *masks, "-n2", "--dask", address)
    machines.have_begun(first)
    late = machines.worker(GATED)
    machines.have_begun(first, late)
    broken_off = start(environment, *masks, "-n2", "--dask", address, "--progress")
    while b"0/40" not in broken_off.stderr.read1():
        pass
    broken_off.send_signal(signal.SIGINT)
    _, said = broken_off.communicate(timeout=120)
    assert broken_off.returncode == 130
    assert len(said.splitlines()) <= 3
    machines.gate.joinpath("open").touch()
    out, _ = running.communicate(timeout=120)
    assert out == start(environment, *masks, "-n2", "-j1").communicate(timeout=120)[0]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (MISSING, "weightcalc is not installed there"),
        (OLDER, f"weightcalc 0.0.9, not {__version__} as here"),
    ],
)
def test_a_worker_with_another_weightcalc(environment, machines, masks, first, reason):
    """A worker without weightcalc, or with another version, is named, and nothing is counted."""
    address = machines.scheduler()
    machines.worker(first)
    running = start(environment, *masks, "-n2", "--dask", address)
    out, said = running.communicate(timeout=120)
    assert (running.returncode, out) == (2, b"")
    where, found = said.decode().splitlines()[0].removeprefix("error: ").rsplit(": ", 1)
    assert found == reason
    assert where.startswith("tcp://")
    assert where != address


def test_a_cluster_behind_tls(environment, machines, masks):
    """Certificates come from the configuration of Dask; without them there is no cluster."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = machines.gate / "key.pem", machines.gate / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=dask"
    subprocess.run(
        ["openssl", *words.split(), "-keyout", key, "-out", certificate],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificate)}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(certificate)
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = str(key)
    address = machines.scheduler("--protocol", "tls", **tls)
    machines.worker("", "--protocol", "tls", **tls)
    assert address.startswith("tls://")
    secret = {**environment, **tls}
    assert b'"pixels": 820' in count_on(secret, masks, address)[0]
    assert count_on(environment, masks, address)[1].startswith(f"error: {address}: ".encode())


def count_on(environment, masks, address) -> tuple[bytes, bytes]:
    return start(environment, *masks, "-n2", "--dask", address).communicate(timeout=120)
