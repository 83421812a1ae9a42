"""
Counts masks: one, or many on any `concurrent.futures.Executor`.

Masks go out in batches and come back in order of names, so that the result does
not depend on who counted what.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..counts.class_counts import ClassCounts
from ..counts.tally import Counted, LabelledMask, Tally
from ..errors import MaskError
from ..kernels.fast_png import FAST_PNG
from ..kernels.memory import keep_freed_memory
from ..labels.label_map import LabelMap
from ..masks.file import count_file
from ..masks.formats import READERS, suffix_of
from ..masks.options import DEFAULTS, ReadOptions
from ..sources.kinds import check_one_kind, repeated_endings
from ..sources.listing import list_files, refuse_nothing
from ..sources.looks import look_at
from ..sources.names import is_url, name_from, split_name
from ..sources.scenes import Item, Scene, is_any_remote, name_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

_LARGEST_BATCH = 256  # names of a task: a million small masks are 4,000 tasks
_LARGEST_DASK_BATCH = 1024  # where handing out a task takes as long as 300 small masks
_BATCHES_PER_WORKER = 2  # of what is left
_MOST_NUMBERS = 1 << 16  # of a batch: a mask has as many values, at most
_QUICK = 3 << 20  # bytes of PNG files, at 30 KB/ms
_COST_OF_FILE = 1 << 8  # as if a file were so much larger: opening it, and what is done for each


def list_masks(
    *sources: str | os.PathLike[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    follow: bool = False,
) -> list[str]:
    """
    Names of the masks that files, folders and globs hold, sorted, each once.

    Parameters
    ----------
    *sources : str or os.PathLike
        Folders are walked recursively; hidden files are left out.
    include, exclude : sequence of str
        Globs of file names, or of paths where they hold a slash.
    follow : bool
        Whether links to folders are followed, each real folder once.

    Raises
    ------
    SourceError
        If a source cannot be read, or holds no mask or several kinds of them.
    """
    paths = [os.fspath(source) for source in sources]
    listing = list_files(paths, READERS, include=include, exclude=exclude, follow=follow)
    refuse_nothing(listing, paths, READERS)
    if not include:
        check_one_kind(listing.names)
    return listing.names


def count_each(
    items: Sequence[Item],
    options: ReadOptions = DEFAULTS,
    *,
    executor: Executor | None = None,
    num_workers: int = 1,
    num_requests: int = 64,
    run: str = "",
    roles: bytes | None = None,
) -> Iterator[Counted]:
    """
    Count files or scenes one by one or on an executor, and give the results in their order.

    Parameters
    ----------
    items : sequence of str or Scene
    executor : concurrent.futures.Executor, optional
        Runs the work. Default is this process.
    num_workers : int
        How many tasks the executor runs at a time; four times as many are under way.
    num_requests : int
        How many requests for what is behind URLs are under way at a time, in all workers.
    run : str
        To which this counting belongs, as the bytes that servers send are limited for each run.
        Default is a run of its own.
    roles : bytes, optional
        What `Tally.roles` gives: masks that it allows are added up, and a result may stand for
        several files. Default is a result for each.
    """
    keep_freed_memory()
    share = max(1, num_requests // num_workers) if is_any_remote(items) else 0
    ahead = partial(_ahead, requests=share, run=run or new_run(items))
    if share or options.encoding not in ("auto", "index") or options.array is not None:
        roles = None
    count = partial(_count_all, options=options, roles=roles, ahead=ahead)
    if executor is None:
        yield from count(items)
        return
    from .engines import GrowingExecutor, in_order  # with imports that one process does without

    work = partial(_count_batch, folder=_working_directory(), count=count)
    largest = _LARGEST_DASK_BATCH if isinstance(executor, GrowingExecutor) else _LARGEST_BATCH
    batches = _batches(items, num_workers, max(share, 1), largest)

    def most_waiting() -> int:
        workers = executor.num_workers if isinstance(executor, GrowingExecutor) else num_workers
        return 4 * max(1, workers)

    yield from in_order(executor, work, batches, most_waiting, _lost)


def new_run(items: Sequence[Item]) -> str:
    """What `count_each` takes for a run of these items; "" if no server is asked for them."""
    if not is_any_remote(items):
        return ""
    from ..sources.traffic import new_purpose  # with what talks to servers

    return new_purpose()


def _ahead(items: Sequence[Item], requests: int, run: str) -> Iterable[Item]:
    """The items, with what is behind their URLs fetched ahead, if there are such."""
    if not requests:
        return items
    from ..sources.ahead import read_ahead  # with what talks to servers

    return read_ahead(items, requests, run)


def _lost(item: Item) -> Counted:
    name = name_of(item)
    return Counted(name, [], MaskError(name, "a process died of it: out of memory?"))


def _batches(
    items: Sequence[Item], num_workers: int, least: int = 1, largest: int = _LARGEST_BATCH
) -> Iterator[Sequence[Item]]:
    """Batches that become smaller towards the end, so that all workers end together."""
    from .several import Stretch

    start = 0
    while start < len(items):
        share = (len(items) - start) // (num_workers * _BATCHES_PER_WORKER)
        size = min(largest, max(share, len(items) // (32 * num_workers), least))
        yield Stretch.of(items, start, size)
        start += size


def _working_directory() -> str:
    """Where relative names begin, as workers elsewhere may have another; "" if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _count_batch(
    items: Sequence[Item], folder: str, count: Callable[[Sequence[Item], str], Iterable[Counted]]
) -> list[Counted]:
    """Results of the first items, at least one, until they hold many numbers."""
    found: list[Counted] = []
    numbers = 0
    for counted in count(items, folder):
        found.append(counted)
        numbers += sum(len(mask.values) for mask in counted.masks)
        if numbers > _MOST_NUMBERS:
            break
    return found


def _count_all(
    items: Sequence[Item],
    folder: str = "",
    *,
    options: ReadOptions,
    roles: bytes | None,
    ahead: Callable[[Sequence[Item]], Iterable[Item]],
) -> Iterator[Counted]:
    """Results of items one by one; or of several together where they may be, if `roles` are given."""
    if roles is None:
        for item in ahead(items):
            yield _count_one(item, options, folder)
        return
    from .several import count_at_once  # here: small sets need none of it

    count_one = partial(_count_one, options=options, folder=folder)
    yield from count_at_once(items, folder, roles, options, count_one)


def _count_one(item: Item, options: ReadOptions, folder: str = "") -> Counted:
    try:
        if isinstance(item, Scene):
            from ..masks.layers import count_scene  # here: it needs NumPy

            return Counted(item.name, [count_scene(item, options, folder)])
        return Counted(item, count_file(name_from(folder, item) if folder else item, options))
    except MaskError as error:
        # Another one: this has another name, and a traceback that keeps the mask in memory.
        name = error.mask if isinstance(item, Scene) else item
        return Counted(name_of(item), [], error.renamed(name))


def count_masks(
    masks: Sequence[str | os.PathLike[str] | Scene],
    labels: LabelMap | None = None,
    *,
    executor: Executor | None = None,
    num_workers: int = 1,
    num_requests: int = 64,
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
    masks : sequence of str, os.PathLike or Scene
        Names of files, such as `list_masks` gives.
    labels : LabelMap, optional
        Default is one class for each value from 0 to the largest, 64 at most.
    executor : concurrent.futures.Executor, optional
        Runs the work: `local_pool`, or ``Client().get_executor()`` of Dask.
        Default is this process.
    num_workers : int
        How many tasks the executor runs at a time.
    num_requests : int
        How many requests for masks behind URLs are under way at a time, in all workers.
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
    TypeError
        If a single name takes the place of a list of them.
    """
    if isinstance(masks, str | os.PathLike):
        raise TypeError(
            f"count_masks takes a list of names: count_masks(list_masks({os.fspath(masks)!r}))"
        )
    items = [mask if isinstance(mask, Scene) else os.fspath(mask) for mask in masks]
    files = [item for item in items if isinstance(item, str)]
    compared = files if one_kind else []
    tally = Tally(
        labels or LabelMap(),
        one_kind=one_kind and options.encoding == "auto",
        by_palettes=options.encoding == "auto",
        endings=repeated_endings(compared),
        looks=look_at(compared),
    )
    counted = count_each(
        items,
        options,
        executor=executor,
        num_workers=num_workers,
        num_requests=num_requests,
        roles=tally.roles(len(items)) if on_file is None and on_mask is None else None,
    )
    add_files(tally, counted, on_file=on_file, on_mask=on_mask)
    return tally.finish(on_error, files)


def add_files(
    tally: Tally,
    files: Iterable[Counted],
    *,
    on_file: Callable[[Counted], object] | None = None,
    on_mask: Callable[[LabelledMask], object] | None = None,
) -> None:
    """Add counted files to a tally, and tell of each file and of each mask in it."""
    for counted in files:
        tally.add(counted, on_mask)
        if on_file is not None:
            on_file(counted)


def are_quick(items: Sequence[Item]) -> bool:
    """
    Whether one process counts masks before others, which take 50 ms to start, were of use.

    That is what some MB of PNG files take; of other files sizes tell too little.
    """
    size = 0
    if len(items) * _COST_OF_FILE > _QUICK:
        return False
    for item in items:
        if not FAST_PNG or isinstance(item, Scene) or not _is_local_png(item):
            return False
        try:
            size += _COST_OF_FILE + os.stat(item).st_size
        except OSError:  # which is reported where it is read
            size += _COST_OF_FILE
        if size > _QUICK:
            return False
    return True


def _is_local_png(name: str) -> bool:
    return not is_url(name) and suffix_of(name) == ".png" and split_name(name) is None


def usable_cores() -> int:
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not say
        return os.cpu_count() or 1
