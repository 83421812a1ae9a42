"""
A Dask cluster as an executor: its workers, what ends a run on them, and whose fault that is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pickle import dumps  # as the executors do: of our own work
from typing import TypeVar

from .._version import __version__
from ..errors import MissingExtraError, SourceError, WeightcalcError
from ..sources.guard import Foreign
from ..text.escape import printable
from .engines import GrowingExecutor

T = TypeVar("T")

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 5  # for the versions, which are asked for only after a failure
_LOOK_SECONDS = 1  # between two looks at the connection, and at the workers
_SILENCE = "distributed.comm.timeouts.tcp"  # how long Dask lets others be silent; 30 s by default
_MOST_NAMED = 3
_LOGGERS = ("distributed", "distributed.client", "tornado.application", "asyncio")
# In words, as a function of weightcalc cannot be unpacked where that is missing.
_VERSION = "__import__('weightcalc._version', fromlist=['_version']).__version__"


class SchedulerGoneError(Exception):
    """What was under way will never come, as the scheduler does what the message says."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class _Pulse:
    """
    Whether a scheduler still answers: it is asked for its workers, time and again.

    Looks are counted, not seconds, so that a run that was stopped itself and goes on does not
    take it for silence of the scheduler.
    """

    def __init__(self, client: Foreign) -> None:
        self._client = client
        self._connection = client.scheduler_comm.comm
        self._most_seconds = _seconds_of_silence()
        self._unanswered = 0
        self._asked = time.monotonic()
        self._answer = self._ask()
        self.num_threads = 0
        try:
            self._take(self._answer.result(self._most_seconds))
        except TimeoutError:
            raise self._silent() from None

    def _ask(self) -> Future[dict[str, int]]:
        """Ask for the threads of each worker, without waiting for the answer."""
        return asyncio.run_coroutine_threadsafe(
            self._client.scheduler.ncores(), self._client.loop.asyncio_loop
        )

    def _take(self, threads: dict[str, int]) -> None:
        self.num_threads = sum(threads.values())
        self._unanswered = 0

    def look(self) -> None:
        """
        Take what the scheduler has answered, and ask again; at most once a second.

        Raises
        ------
        SchedulerGoneError
            If it has hung up, or has not answered for long.
        """
        if self._connection.closed():
            raise SchedulerGoneError("has gone away")
        if time.monotonic() - self._asked < _LOOK_SECONDS:
            return
        self._asked = time.monotonic()
        self._unanswered += 1
        if self._answer.done():
            if self._answer.exception() is None:
                self._take(self._answer.result())
            self._answer = self._ask()
        if self._unanswered * _LOOK_SECONDS >= self._most_seconds:
            raise self._silent()

    def _silent(self) -> SchedulerGoneError:
        return SchedulerGoneError(
            f"has not answered for {self._most_seconds:g} s",
            "if it is only busy, set DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP=120s here; --cache FILE "
            "keeps what was counted",
        )


def _seconds_of_silence() -> float:
    """
    How long a scheduler may not answer, as the configuration of Dask has it.

    A few seconds would not do: one that gets 100,000 tasks at once may be silent for 20.
    """
    from dask import config
    from dask.utils import parse_timedelta

    return float(parse_timedelta(config.get(_SILENCE)))


class _Watched(Future[T]):
    """What will become of a task, unless the scheduler dies, which Dask does not always tell."""

    def __init__(self, future: Future[T], pulse: _Pulse) -> None:
        super().__init__()
        self._future, self._pulse = future, pulse

    def result(self, timeout: float | None = None) -> T:
        """The result, however long it takes."""
        while True:
            try:
                return self._future.result(_LOOK_SECONDS)
            except TimeoutError:
                if self._future.done():  # the error is that of the task
                    raise
                self._pulse.look()


class DaskCluster(GrowingExecutor):
    """
    The workers of a Dask cluster, more or fewer of them as the run goes on.

    Parameters
    ----------
    client : distributed.Client

    Raises
    ------
    SchedulerGoneError
    """

    def __init__(self, client: Foreign) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._work = _worker_function()
        self._pulse = _Pulse(client)

    @property
    def num_workers(self) -> int:
        """The number of threads that all workers have, as of a second ago."""
        self._pulse.look()
        return self._pulse.num_threads

    def submit(self, fn: Callable[..., T], /, *args: Foreign, **kwargs: Foreign) -> Future[T]:
        """Run a function on a worker that has this version of weightcalc."""
        packed = dumps((fn, args, kwargs))
        future = self._executor.submit(self._work, __version__, packed)
        return _Watched(future, self._pulse)

    def others(self) -> list[str]:
        """The workers that have not this version of weightcalc: a line for each."""
        try:
            found = self._client.sync(
                self._client.run, eval, _VERSION, on_error="return",
                callback_timeout=_ANSWER_SECONDS,
            )  # fmt: skip
        except Exception:  # noqa: BLE001  # what they are asked about is an error already
            return []
        return [
            f"{worker}: {_what_is_there(version)}"
            for worker, version in found.items()
            if version != __version__
        ]


def _what_is_there(version: object) -> str:
    if isinstance(version, str):
        return f"weightcalc {printable(version)}, not {__version__} as here"
    if isinstance(version, ImportError):
        return "weightcalc is not installed there"
    return f"weightcalc cannot be imported there: {printable(str(version))}"


def _worker_function() -> Callable[[str, bytes], Foreign]:
    """
    The function that workers run, which travels as code, as all that has no name in a module.

    A worker that cannot import what it is sent ends without a word; this fails in the task.
    """

    def work(version: str, packed: bytes) -> Foreign:
        from pickle import loads

        from .._version import __version__ as here

        if here != version:
            raise ImportError(f"weightcalc {version}, not {here}")
        function, args, kwargs = loads(packed)
        return function(*args, **kwargs)

    return work


@contextmanager
def dask_pool(address: str) -> Iterator[DaskCluster]:
    """
    The workers of a Dask cluster.

    They open the masks themselves, by the names that are given here.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    SourceError
        If no scheduler answers within seconds, it has no workers, it goes away, or some have
        another weightcalc than this one.
    """
    try:
        from distributed import Client
        from distributed.comm.core import CommClosedError
    except ImportError as error:
        raise MissingExtraError("--dask", "dask") from error
    name = printable(address)
    client: Foreign = _connected(Client, address)
    with _silent_dask(), client:
        cluster = None
        try:
            cluster = DaskCluster(client)
            if not cluster.num_workers:
                raise SourceError(f"{name}: the scheduler has no workers").with_hint(
                    f"dask worker {name}"
                )
            yield cluster
        except WeightcalcError:
            raise
        except SchedulerGoneError as error:
            raise SourceError(f"{name}: the scheduler {error}").with_hint(error.hint) from error
        except (CancelledError, CommClosedError) as error:
            raise SourceError(f"{name}: the scheduler has gone away") from error
        except Exception as error:
            if cluster is not None and (others := cluster.others()):
                raise _unlike(others) from error
            raise


def _connected(client: Callable[..., Foreign], address: str) -> Foreign:
    """A client of the scheduler at an address, if one answers there."""
    name = printable(address)
    try:
        return client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except TypeError as error:
        if "ssl_context" not in str(error):
            raise
        raise SourceError(f"{name}: no certificate is configured").with_hint(
            "set ca-file, client.cert and client.key below distributed.comm.tls in the configuration "
            "of Dask"
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{name}: no Dask scheduler answers there").with_hint(
            "dask scheduler, and --dask with the address that it prints"
        ) from error


def _unlike(others: Sequence[str]) -> SourceError:
    more = f"; and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return SourceError("; ".join(others[:_MOST_NAMED]) + more).with_hint(
        f"install weightcalc=={__version__} for each worker"
    )


@contextmanager
def _silent_dask() -> Iterator[None]:
    """Leave it to the error of the run to say what Dask would log in a hundred lines."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
