"""
Who counts: processes of this machine, or the workers of any executor.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pickle import dumps, loads  # as the executors do: of our own results
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from ..errors import SourceError
from ..kernels.memory import keep_freed_memory

N = TypeVar("N")
T = TypeVar("T")
R = TypeVar("R", bound="Result")

_STOPPING = {signal.SIGINT, signal.SIGTERM}
_LOOK_AFTER = 1.0  # seconds without a result, until somebody looks whether processes have died


class Result(Protocol):
    """What became of one name, or of several that follow each other."""

    @property
    def num_files(self) -> int:
        """How many names it stands for."""


class _Task(Generic[N]):
    """A batch, and what will become of it once it has been handed out."""

    def __init__(self, batch: Sequence[N]) -> None:
        self.batch = batch
        self.future: Future[bytes] | None = None


def in_order(
    executor: Executor,
    work: Callable[[Sequence[N]], list[R]],
    batches: Iterable[Sequence[N]],
    most_waiting: Callable[[], int],
    lost: Callable[[N], R],
) -> Iterator[R]:
    """
    Run work on batches of names, and give the results in the order of the names.

    A worker that dies takes what was under way with it. That is done again, one name at a
    time, so that the name whose worker dies once more is known.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    work : callable
        Gives results for the names of a batch, or for its first names where results are large:
        the others are handed out again, in batches of so many names.
    batches : iterable of sequence
        Names, or scenes.
    most_waiting : callable
        Gives the number of batches that are under way at a time; twice as many results may wait, in the small form
        in which they came.
    lost : callable
        Gives the result for a name whose worker has died of it.
    """
    packed = partial(_packed, work)
    waiting: deque[_Task[N]] = deque()
    more = iter(batches)
    while True:
        most = most_waiting()
        wanted = max(0, most - len(waiting))
        waiting += map(_Task, islice(more, wanted))
        if not waiting:
            return
        for task in islice(waiting, most):
            if task.future is None:
                task.future = executor.submit(packed, task.batch)
        yield from _first_of(waiting, executor, packed, lost)


def _packed(work: Callable[[Sequence[N]], list[R]], batch: Sequence[N]) -> bytes:
    """The results of a batch, in a tenth of the memory that they take as objects."""
    return dumps(work(batch))


def _first_of(
    waiting: deque[_Task[N]],
    executor: Executor,
    work: Callable[[Sequence[N]], bytes],
    lost: Callable[[N], R],
) -> Iterator[R]:
    """The first batch; if workers have died, all that was under way, then nothing is."""
    died = False
    while waiting and (future := waiting[0].future) is not None:
        task = waiting.popleft()
        try:
            found = _result_of(future, task.batch, executor, work)
        except Exception as error:
            if not _is_death(error, executor):
                raise
            died = True
            yield from _one_by_one(task.batch, executor, work, lost)
        else:
            yield from found
            done = sum(result.num_files for result in found)
            rest = range(done, len(task.batch), done)
            waiting.extendleft(_Task(task.batch[i : i + done]) for i in reversed(rest))
        if not died:
            return


def _one_by_one(
    names: Sequence[N],
    executor: Executor,
    work: Callable[[Sequence[N]], bytes],
    lost: Callable[[N], R],
) -> Iterator[R]:
    """Do what a worker died of: the name that kills the next one too is the one to blame."""
    for name in names:
        if isinstance(executor, HealingExecutor):
            executor.heal()
        try:
            yield from _result_of(executor.submit(work, [name]), [name], executor, work)
        except Exception as error:
            if not _is_death(error, executor):
                raise
            yield lost(name)


def _is_death(error: Exception, executor: Executor) -> bool:
    """Whether workers have died of what they did, and others will follow them."""
    if isinstance(error, BrokenExecutor):
        return isinstance(executor, HealingExecutor)
    distributed = sys.modules.get("distributed")  # loaded where its errors can come from
    return distributed is not None and isinstance(error, distributed.KilledWorker)


def _result_of(
    future: Future[bytes],
    batch: Sequence[N],
    executor: Executor,
    work: Callable[[Sequence[N]], bytes],
) -> list[Any]:
    """
    What became of a batch, which is tried again where Dask had its result and lost it.

    The executor of Dask asks for the state of a task after its result. Where the worker that
    held it died in between, it takes the result for an error, and fails to unpack it. A fault
    of our own fails in the same way when it is tried again.
    """
    try:
        if isinstance(executor, HealingExecutor):
            found = executor.result_of(future)
        else:
            found = future.result()
    except (ValueError, AttributeError):
        if not (isinstance(executor, GrowingExecutor) or _is_of_dask(executor)):
            raise
        found = executor.submit(work, batch).result()
    results: list[Any] = loads(found)
    return results


def _is_of_dask(executor: Executor) -> bool:
    return type(executor).__module__.startswith("distributed.")


class GrowingExecutor(Executor):
    """An executor whose workers may become more, or fewer, while it is in use."""

    @property
    def num_workers(self) -> int:
        """How many tasks it runs at a time now."""
        raise NotImplementedError


class HealingExecutor(Executor):
    """An executor that can replace workers that have died, and go on."""

    def heal(self) -> None:
        """Replace the workers, if one of them has died; what they had to do is lost."""
        raise NotImplementedError

    def result_of(self, future: Future[T]) -> T:
        """Wait for a result; BrokenExecutor is raised if it is lost."""
        return future.result()


class LocalPool(HealingExecutor):
    """
    Processes of this machine, which can be replaced when one of them has died.

    Parameters
    ----------
    num_workers : int

    Raises
    ------
    SourceError
        If processes cannot be started, or die as soon as they start.
    """

    # Processes, not threads: a decoder that crashes or a signal that kills ends a process, not
    # the run; and two of them count 1.9 times as fast as one, two threads 1.4 times.

    def __init__(self, num_workers: int) -> None:
        self._num_workers = num_workers
        self._under_way: WeakSet[Future[Any]] = WeakSet()
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        pool = None
        try:
            pool = ProcessPoolExecutor(self._num_workers, initializer=_start_worker)
            with _signals_held():  # one that comes while processes fork would be lost
                pool.submit(int).result()
        except (BrokenProcessPool, OSError) as error:
            _kill(pool)  # those that did start would be waited for at the end, and wait for work
            reason = getattr(error, "strerror", None) or "they die at once"
            raise SourceError(
                f"{self._num_workers} processes cannot be started: {reason}"
            ).with_hint("-j 1 counts in one process") from error
        return pool

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a function in one of the processes; the future fails if one of them has died."""
        try:
            future = self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        self._under_way.add(future)
        return future

    def result_of(self, future: Future[T]) -> T:
        """
        Wait for a result; BrokenProcessPool is raised if it is lost.

        The pool does not say so in two cases, after both of which this would wait for ever. Python
        3.11.7 forgets a task that is handed out while it marks all others as failed. And where a
        process dies that is writing a result, the pool waits for the rest of it.
        """
        while True:
            died = self._has_died()
            if wait_for([future], _LOOK_AFTER).done:
                return future.result()
            if died:
                self._replace()

    def _has_died(self) -> bool:
        """Whether a process has ended, all of which last as long as the pool."""
        return bool(connection.wait([process.sentinel for process in _processes_of(self._pool)], 0))

    def heal(self) -> None:
        """Replace all processes, if one of them has died; what they had to do is lost."""
        try:
            self.result_of(self.submit(int))
        except BrokenProcessPool:
            self._replace()

    def _replace(self) -> None:
        _kill(self._pool)
        self._pool.shutdown()
        for future in self._under_way:
            if not future.done():
                future.set_exception(BrokenProcessPool("a process died, and its task was lost"))
        self._pool = self._start()

    def kill(self) -> None:
        """End all processes at once."""
        _kill(self._pool)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the processes end."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _processes_of(pool: ProcessPoolExecutor | None) -> list[BaseProcess]:
    return list((getattr(pool, "_processes", None) or {}).values())


def _kill(pool: ProcessPoolExecutor | None) -> None:
    """End the processes of a pool, and its wait for the rest of a result that one was writing."""
    for process in _processes_of(pool):
        process.kill()
    results = getattr(pool, "_result_queue", None)
    if results is not None:
        results._writer.close()  # the last one that is open, so that reading ends


@contextmanager
def local_pool(num_workers: int) -> Iterator[Executor | None]:
    """
    Processes of this machine to count on; None for one, which is this process itself.

    When an exception ends the block, Ctrl-C included, the processes are killed at
    once: all they could leave behind is unfinished work.

    Raises
    ------
    SourceError
        If processes cannot be started, or die as soon as they start.
    """
    if num_workers == 1:
        yield None
        return
    pool = LocalPool(num_workers)
    try:
        yield pool
        pool.shutdown(cancel_futures=True)
    except BaseException:  # also Ctrl-C while they end: else the exit would wait for them
        pool.kill()
        pool.shutdown(cancel_futures=True)
        raise


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """Die with the signal or with the parent, silently, instead of raising or lingering."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    keep_freed_memory()
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
