"""
A Dask cluster as an executor: its workers, what ends a run on them, and whose fault that is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any, TypeVar

from .._version import __version__
from ..errors import MissingExtraError, SourceError, WeightcalcError
from ..text.escape import printable
from .engines import GrowingExecutor

T = TypeVar("T")

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 5  # for the versions, which are asked for only after a failure
_LOOK_SECONDS = 1  # between two looks at the connection, or at the workers
_MOST_NAMED = 3
_LOGGERS = ("distributed", "distributed.client", "tornado.application", "asyncio")
# In words, as a function of weightcalc cannot be unpacked where that is missing.
_VERSION = "__import__('weightcalc._version', fromlist=['_version']).__version__"


class SchedulerGoneError(Exception):
    """The connection to the scheduler has ended; what was under way will never come."""


class _Watched(Future[T]):
    """What will become of a task, unless the scheduler dies, which Dask does not always tell."""

    def __init__(self, future: Future[T], is_gone: Callable[[], bool]) -> None:
        super().__init__()
        self._future, self._is_gone = future, is_gone

    def result(self, timeout: float | None = None) -> T:
        """The result, however long it takes."""
        while True:
            try:
                return self._future.result(_LOOK_SECONDS)
            except TimeoutError:
                if self._future.done():  # the error is that of the task
                    raise
                if self._is_gone():
                    raise SchedulerGoneError from None


class DaskCluster(GrowingExecutor):
    """
    The workers of a Dask cluster, more or fewer of them as the run goes on.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._connection = client.scheduler_comm.comm
        self._seen = -float(_LOOK_SECONDS)
        self._workers = 0

    @property
    def num_workers(self) -> int:
        """The number of threads that all workers have, as of a second ago."""
        if time.monotonic() - self._seen >= _LOOK_SECONDS:
            self._workers = sum(self._client.nthreads().values())
            self._seen = time.monotonic()
        return self._workers

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a function on a worker that has this version of weightcalc."""
        future = self._executor.submit(_as_here, __version__, fn, *args, **kwargs)
        return _Watched(future, self._connection.closed)

    def others(self) -> list[str]:
        """Who of the cluster has not this version of weightcalc: a line for each."""
        found = {**self._ask("run_on_scheduler"), **self._ask("run", on_error="return")}
        return [
            f"{where}: {_what_is_there(version)}"
            for where, version in found.items()
            if version != __version__
        ]

    def _ask(self, how: str, **options: str) -> dict[str, object]:
        """The version of weightcalc by address, or the error instead; nothing without an answer."""
        ask = getattr(self._client, how)
        try:
            found = self._client.sync(
                ask, eval, _VERSION, callback_timeout=_ANSWER_SECONDS, **options
            )
        except ImportError as error:
            found = error
        except Exception:  # noqa: BLE001  # what it is asked about is an error already
            return {}
        return found if isinstance(found, dict) else {"the scheduler": found}


def _what_is_there(version: object) -> str:
    if isinstance(version, str):
        return f"weightcalc {printable(version)}, not {__version__} as here"
    if isinstance(version, ImportError):
        return "weightcalc is not installed there"
    return f"weightcalc cannot be imported there: {printable(str(version))}"


def _as_here(version: str, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Do the work, if the worker counts as the process that asks for it would."""
    if version != __version__:
        raise ImportError(f"weightcalc {__version__}, not {version}")
    return work(*args, **kwargs)


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
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise SourceError(f"{name}: no Dask scheduler answers there").with_hint(
            "dask scheduler, and --dask with the address that it prints"
        ) from error
    with _silent_dask(), client:
        cluster = DaskCluster(client)
        if not cluster.num_workers:
            raise SourceError(f"{name}: the scheduler has no workers").with_hint(
                f"dask worker {name}"
            )
        try:
            yield cluster
        except WeightcalcError:
            raise
        except (SchedulerGoneError, CancelledError, CommClosedError) as error:
            raise SourceError(f"{name}: the scheduler has gone away") from error
        except Exception as error:
            if others := cluster.others():
                raise _unlike(others) from error
            raise


def _unlike(others: Sequence[str]) -> SourceError:
    more = f"; and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return SourceError("; ".join(others[:_MOST_NAMED]) + more).with_hint(
        f"install weightcalc=={__version__} for the scheduler and for each worker"
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
