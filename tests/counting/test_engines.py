"""Who counts: processes that die, and the workers of a Dask cluster."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest

from weightcalc import LabelMap, MaskError, MasksError, count_masks, local_pool
from weightcalc.counting import count as counting
from weightcalc.counting.count import count_each
from weightcalc.counting.engines import HealingExecutor
from weightcalc.sources.names import name_from

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [str(worker.pid) for worker in cluster.workers.values()]
        print(cluster.scheduler_address, *pids, flush=True)
        sys.stdin.read()
"""

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


@pytest.fixture
def masks(save_mask):
    """Names of 40 masks, whose i-th holds i pixels of class 1 and 40 - i of class 0."""
    return [save_mask([[1] * i + [0] * (40 - i)], f"m/{i:02}.png") for i in range(1, 41)]


def deadly(monkeypatch, *names: str) -> None:
    """Let the process die that reads a file whose name ends so."""
    read = counting.count_file

    def read_or_die(name, options):
        if name.endswith(names):
            os.kill(os.getpid(), signal.SIGKILL)
        return read(name, options)

    monkeypatch.setattr(counting, "count_file", read_or_die)


def test_a_mask_that_kills(masks, monkeypatch):
    """Masks that kill the process that reads them are named; all others are counted."""
    deadly(monkeypatch, "07.png", "08.png", "40.png")
    with local_pool(2) as pool, pytest.raises(MasksError) as caught:
        count_masks(masks, LabelMap(2), executor=pool, num_workers=2)
    assert [Path(error.mask).name for error in caught.value.errors] == [
        "07.png",
        "08.png",
        "40.png",
    ]
    assert "07.png: a process died of it: out of memory?" in str(caught.value)


def test_skipping_a_mask_that_kills(masks, monkeypatch):
    """Such a mask can be left out: of 820 pixels of class 1, 7 are."""
    deadly(monkeypatch, "07.png")
    with local_pool(2) as pool:
        counts = count_masks(masks, LabelMap(2), executor=pool, num_workers=2, on_error="skip")
    assert (counts.pixels, counts.num_masks) == ([780 - 33, 820 - 7], 39)


def test_a_process_that_is_killed(masks):
    """A process that is killed from outside is replaced; nothing is lost or counted twice."""
    with local_pool(2) as pool:
        pool.submit(os._exit, 1).exception()
        counts = count_masks(masks, LabelMap(2), executor=pool, num_workers=2)
    assert (counts.pixels, counts.num_masks) == ([780, 820], 40)


def test_results_keep_their_order(masks, monkeypatch):
    """Files come back in the order they were given in, also around one that kills."""
    deadly(monkeypatch, "20.png")
    with local_pool(2) as pool:
        found = list(count_each(masks, executor=pool, num_workers=2))
    assert [counted.name for counted in found] == masks
    assert [type(counted.error) for counted in found if counted.error] == [MaskError]


class Dying(HealingExecutor):
    """Workers by the thousand, all of which die once, together."""

    healed = False

    def heal(self):
        self.healed = True

    def submit(self, function, /, *args, **kwargs):
        future: Future = Future()
        if self.healed:
            future.set_result(function(*args, **kwargs))
        else:
            future.set_exception(BrokenExecutor())
        return future


def test_many_workers_die(masks):
    """However many batches are under way when workers die, all of them are counted again."""
    found = list(count_each(masks * 200, executor=Dying(), num_workers=2000))
    assert [counted.name for counted in found] == masks * 200


class Foreign(Executor):
    """Another's executor, whose workers die of some names, and take their batch with them."""

    def __init__(self, death, *names):
        self.death, self.names = death, names

    def submit(self, function, /, batch):
        future: Future = Future()
        if any(name.endswith(self.names) for name in batch):
            future.set_exception(self.death)
        else:
            future.set_result(function(batch))
        return future


def test_a_mask_that_kills_workers_of_dask(masks):
    """Of a batch that Dask gives up on, only the mask that kills is lost: of 820 pixels, 7."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    executor = Foreign(distributed.KilledWorker("task", None, 3), "07.png")
    counts = count_masks(masks, LabelMap(2), executor=executor, num_workers=1, on_error="skip")
    assert (counts.pixels, counts.num_masks) == ([780 - 33, 820 - 7], 39)
    with pytest.raises(MasksError) as caught:
        count_masks(masks, LabelMap(2), executor=executor, num_workers=1)
    assert [Path(error.mask).name for error in caught.value.errors] == ["07.png"]


class Forgetful(Foreign):
    """As the executor of Dask, takes the result of the first batches for an error."""

    __module__ = "distributed.cfexecutor"

    def __init__(self, error, times):
        super().__init__(error, "07.png")
        self._times = times

    def submit(self, function, /, batch):
        if self._times > 0 and any(name.endswith(self.names) for name in batch):
            self._times -= 1
            return super().submit(function, batch)
        future: Future = Future()
        future.set_result(function(batch))
        return future


@pytest.mark.parametrize("error", [ValueError("too many values to unpack"), AttributeError("x")])
def test_a_result_that_dask_loses(masks, error):
    """A batch whose result was lost with its worker is counted again; what fails twice is a bug."""
    executor = Forgetful(error, 1)
    counts = count_masks(masks, LabelMap(2), executor=executor, num_workers=1)
    assert (counts.pixels, counts.num_masks) == ([780, 820], 40)
    with pytest.raises(type(error)):
        count_masks(masks, LabelMap(2), executor=Forgetful(error, 2), num_workers=1)
    with pytest.raises(type(error)):
        count_masks(masks, LabelMap(2), executor=Foreign(error, "07.png"), num_workers=1)


@pytest.mark.parametrize("death", [BrokenExecutor, ZeroDivisionError])
def test_an_executor_that_cannot_heal(masks, death):
    """Where an executor that cannot replace workers breaks, or a bug shows, that is the error."""
    with pytest.raises(death):
        count_masks(masks, LabelMap(2), executor=Foreign(death(), "07.png"), num_workers=1)


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
    first = Path(save_mask([[0, 1, 1]], "m/0.png"))
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


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.png", "/data/a.png"),
        ("/b/a.png", "/b/a.png"),
        ("zip://x/a.png::b.zip", "zip://x/a.png::/data/b.zip"),
        ("tar:///a.png::/c/b.tar", "tar:///a.png::/c/b.tar"),
        ("https://host/a.png", "https://host/a.png"),
    ],
)
def test_names_from_elsewhere(name, found):
    """A relative name is made absolute, that of an archive too; URLs and members stay."""
    assert name_from("/data", name) == found


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


def test_tasks_of_a_million_masks():
    """A million masks are thousands of tasks, of which the largest has 256 names."""
    sizes = [len(batch) for batch in counting._batches(range(1_000_000), 16)]
    assert sum(sizes) == 1_000_000
    assert max(sizes) == 256
    assert len(sizes) < 5000
