"""Who counts: processes that die, and the workers of a Dask cluster."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest

from weightcalc import LabelMap, MaskError, MasksError, count_masks, local_pool
from weightcalc.counting import count as counting
from weightcalc.counting import engines
from weightcalc.counting.count import count_each
from weightcalc.counting.engines import GrowingExecutor, HealingExecutor
from weightcalc.sources.names import name_from


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


@pytest.fixture
def ends():
    """Let a test fail that does not end within a minute."""

    def fail(*_):
        raise AssertionError("it waits for ever")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


class Forgetting(engines.ProcessPoolExecutor):
    """A pool that forgets a task, as that of Python 3.11.7 may when a process dies just then."""

    tasks = 0

    def submit(self, fn, /, *args, **kwargs):
        Forgetting.tasks += 1
        if Forgetting.tasks != self.forgotten:
            return super().submit(fn, *args, **kwargs)
        super().submit(os._exit, 1)
        return Future()


@pytest.mark.parametrize("forgotten", [2, 5])
def test_a_task_that_the_pool_forgets(masks, monkeypatch, ends, forgotten):
    """A task that a broken pool forgets is done again, the first one that is waited for too."""
    monkeypatch.setattr(Forgetting, "tasks", 0)
    monkeypatch.setattr(Forgetting, "forgotten", forgotten, raising=False)
    monkeypatch.setattr(engines, "ProcessPoolExecutor", Forgetting)
    with local_pool(2) as pool:
        counts = count_masks(masks, LabelMap(2), executor=pool, num_workers=2)
    assert (counts.pixels, counts.num_masks) == ([780, 820], 40)


def die_within_a_result(name, options):
    """End this process when it has written five bytes of a result of a thousand."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 1000) + b"x")
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt_after_a_death(pool):
    """Press Ctrl-C when a process has died that was writing a result."""
    pool.submit(die_within_a_result, "", None)
    while not pool._has_died():
        time.sleep(0.01)
    raise KeyboardInterrupt


def test_a_process_that_dies_while_it_writes(masks, monkeypatch, ends):
    """A process whose result is cut by its death does not stop the others, or the end of the run."""
    read = counting.count_file

    def read_or_die(name, options):
        return (die_within_a_result if name.endswith("07.png") else read)(name, options)

    monkeypatch.setattr(counting, "count_file", read_or_die)
    with local_pool(2) as pool:
        counts = count_masks(masks, LabelMap(2), executor=pool, num_workers=2, on_error="skip")
        assert (counts.pixels, counts.num_masks) == ([780 - 33, 820 - 7], 39)
    with pytest.raises(KeyboardInterrupt), local_pool(2) as pool:
        interrupt_after_a_death(pool)


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


class Growing(GrowingExecutor):
    """One worker, then ten; it notes how many tasks were under way at a time."""

    def __init__(self):
        self.workers, self.under_way, self.most = 1, 0, []

    @property
    def num_workers(self):
        self.most.append(self.under_way)
        self.workers, now = 10, self.workers
        return now

    def submit(self, function, /, batch):
        future: Future = Future()
        self.under_way += 1
        future.result = lambda: self.done(function(batch))
        return future

    def done(self, result):
        self.under_way -= 1
        return result


def test_workers_that_come_later(masks):
    """Four tasks are under way for each worker that there is now: 4 for one, then 40 for ten."""
    executor = Growing()
    assert [c.name for c in count_each(masks * 20, executor=executor, num_workers=50)] == masks * 20
    assert executor.most[:3] == [0, 3, 39]


def test_tasks_of_a_million_masks():
    """A million masks are thousands of tasks, of which the largest has 256 names."""
    sizes = [len(batch) for batch in counting._batches(["a.png"] * 1_000_000, 16)]
    assert sum(sizes) == 1_000_000
    assert max(sizes) == 256
    assert len(sizes) < 5000


def test_an_interrupt_while_processes_end(monkeypatch):
    """Ctrl-C while a pool waits for its processes to end kills them: nobody would end them later."""
    shutdown = engines.LocalPool.shutdown
    calls = []

    def interrupted(pool, *args, **settings):
        calls.append(pool)
        if len(calls) == 1:
            raise KeyboardInterrupt
        shutdown(pool, *args, **settings)

    monkeypatch.setattr(engines.LocalPool, "shutdown", interrupted)
    with pytest.raises(KeyboardInterrupt), local_pool(2) as pool:
        processes = engines._processes_of(pool._pool)
    assert [process.exitcode for process in processes] == [-signal.SIGKILL] * 2
