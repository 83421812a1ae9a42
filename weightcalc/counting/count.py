"""
Counts masks: one, or many on any `concurrent.futures.Executor`.

Masks go out in batches and come back in order of names, so that the result does
not depend on who counted what.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..counts.class_counts import ClassCounts
from ..counts.tally import Counted, LabelledMask, Tally
from ..errors import MaskError, SourceError
from ..labels.label_map import LabelMap
from ..masks.file import count_file
from ..masks.formats import READERS
from ..masks.options import DEFAULTS, ReadOptions
from ..sources.kinds import check_one_kind, repeated_endings
from ..sources.listing import list_files
from ..sources.names import name_from
from ..text.escape import printable

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from typing import TypeAlias

    _Waiting: TypeAlias = deque[tuple[Sequence[str], Future[list[Counted]]]]

_LARGEST_BATCH = 256  # names of a task: a million small masks are 4,000 tasks
_BATCHES_PER_WORKER = 2  # of what is left


def list_masks(
    *sources: str, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> list[str]:
    """
    Names of the masks that files, folders and globs hold, sorted, each once.

    Parameters
    ----------
    *sources : str
        Folders are walked recursively; hidden files are left out.
    include, exclude : sequence of str
        Globs of file names, or of paths where they hold a slash.

    Raises
    ------
    SourceError
        If a source cannot be read, or holds no mask or several kinds of them.
    """
    listing = list_files(sources, READERS, include=include, exclude=exclude)
    if not listing.names:
        raise SourceError(f"no masks in {', '.join(map(printable, sources))}")
    if not include:
        check_one_kind(listing.names)
    return listing.names


def count_each(
    names: Sequence[str],
    options: ReadOptions = DEFAULTS,
    *,
    executor: Executor | None = None,
    num_workers: int = 1,
) -> Iterator[Counted]:
    """
    Count files one by one or on an executor, and give the results in the order of `names`.

    Parameters
    ----------
    names : sequence of str
    executor : concurrent.futures.Executor, optional
        Runs the work. Default is this process.
    num_workers : int
        How many tasks the executor runs at a time; four times as many are under way.
    """
    if executor is None:
        for name in names:
            yield _count_one(name, options)
        return
    folder = _working_directory()
    waiting: _Waiting = deque()
    for batch in _batches(names, num_workers):
        waiting.append((batch, executor.submit(_count_batch, batch, options, folder)))
        if len(waiting) >= 4 * num_workers:
            yield from _first_of(waiting, executor, options)
    while waiting:
        yield from _first_of(waiting, executor, options)


def _first_of(waiting: _Waiting, executor: Executor, options: ReadOptions) -> Iterator[Counted]:
    """The first batch; if workers have died, all that was under way, then nothing is."""
    died = False
    while waiting:
        batch, future = waiting.popleft()
        try:
            found = future.result()
        except Exception as error:
            if not _is_death(error, executor):
                raise
            died = True
            yield from _one_by_one(batch, executor, options)
        else:
            yield from found
        if not died:
            return


def _one_by_one(
    names: Sequence[str], executor: Executor, options: ReadOptions
) -> Iterator[Counted]:
    """Count what a worker died of: the file that kills the next one too is known by its name."""
    for name in names:
        if hasattr(executor, "heal"):
            executor.heal()
        try:
            yield from executor.submit(_count_batch, [name], options, _working_directory()).result()
        except Exception as error:
            if not _is_death(error, executor):
                raise
            yield Counted(name, [], MaskError(name, "a process died of it: out of memory?"))


def _is_death(error: Exception, executor: Executor) -> bool:
    """Whether workers have died of what they did, and others will follow them."""
    from concurrent.futures import BrokenExecutor

    if isinstance(error, BrokenExecutor):
        return hasattr(executor, "heal")
    return type(error).__name__ == "KilledWorker"  # Dask


def _batches(names: Sequence[str], num_workers: int) -> Iterator[Sequence[str]]:
    """Batches that become smaller towards the end, so that all workers end together."""
    start = 0
    while start < len(names):
        share = (len(names) - start) // (num_workers * _BATCHES_PER_WORKER)
        size = min(_LARGEST_BATCH, max(share, len(names) // (32 * num_workers), 1))
        yield names[start : start + size]
        start += size


def _working_directory() -> str:
    """Where relative names begin, as workers elsewhere may have another; "" if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _count_batch(names: Sequence[str], options: ReadOptions, folder: str) -> list[Counted]:
    return [_count_one(name, options, folder) for name in names]


def _count_one(name: str, options: ReadOptions, folder: str = "") -> Counted:
    try:
        return Counted(name, count_file(name_from(folder, name), options))
    except MaskError as error:
        # Another one: this has another name, and a traceback that keeps the mask in memory.
        return Counted(name, [], error.renamed(name))


def count_masks(
    masks: Sequence[str],
    labels: LabelMap | None = None,
    *,
    executor: Executor | None = None,
    num_workers: int = 1,
    options: ReadOptions = DEFAULTS,
    on_error: str = "fail",
    one_kind: bool = True,
    on_file: Callable[[Counted], None] | None = None,
    on_mask: Callable[[LabelledMask], None] | None = None,
) -> ClassCounts:
    """
    Count the pixels of each class in many masks.

    Parameters
    ----------
    masks : sequence of str
        Names of files, such as `list_masks` gives.
    labels : LabelMap, optional
        Default is one class for each value from 0 to 254.
    executor : concurrent.futures.Executor, optional
        Runs the work: `local_pool`, or ``Client().get_executor()`` of Dask.
        Default is this process.
    num_workers : int
        How many tasks the executor runs at a time.
    options : ReadOptions
    on_error : str
        "fail", or "skip" to leave out files that cannot be read.
    one_kind : bool
        Whether to refuse masks of several modes, and scenes that recur with masks of several
        kinds.
    on_file, on_mask : callable, optional
        Called with each file, and with each mask, in order of names.

    Returns
    -------
    ClassCounts
        The same for any executor: integers are added, order does not matter.

    Raises
    ------
    MasksError
        If files cannot be read; all of them are named.
    LabelError
        If values belong to no class.
    SourceError
        If masks are of several kinds, or there are none.
    """
    tally = Tally(
        labels or LabelMap(),
        one_kind=one_kind and options.encoding == "auto",
        by_palettes=options.encoding == "auto",
        endings=repeated_endings(masks) if one_kind else {},
    )
    for counted in count_each(masks, options, executor=executor, num_workers=num_workers):
        for mask in tally.add(counted):
            if on_mask is not None:
                on_mask(mask)
        if on_file is not None:
            on_file(counted)
    return tally.finish(on_error)


def usable_cores() -> int:
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not say
        return os.cpu_count() or 1
