"""
Counts masks: one, or many on any `concurrent.futures.Executor`.

Masks go out in batches and come back in order of names, so that the result does
not depend on who counted what.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, BinaryIO

from .counts import ClassCounts, ValueCounts
from .encodings import ReadOptions
from .errors import DecodeError, MaskError, MissingExtraError, SourceError, printable
from .labels import LabelMap
from .names import is_url, name_from, split_name
from .readers import READERS, read_masks
from .sources import check_one_kind, list_files, open_mask, spooled
from .tally import Counted, LabelledMask, Tally

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from typing import TypeAlias

    _Waiting: TypeAlias = deque[tuple[Sequence[str], Future[list[Counted]]]]

_DEFAULTS = ReadOptions()
_READ_AT_ONCE = 4 << 20  # a file up to this size is read by one call
_BUFFER = 1 << 20
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


def count_file(name: str, options: ReadOptions = _DEFAULTS) -> list[ValueCounts]:
    """
    Count the values of the masks in one file; a file that changes meanwhile is read again.

    Returns
    -------
    list of ValueCounts
        One for each mask: a stack and a TIFF of several pages have more than one.

    Raises
    ------
    MaskError
        If the file cannot be read, or is being written.
    MissingExtraError
        If its format needs a package that is not installed.
    """
    streamed = is_url(name) or split_name(name) is not None
    try:
        return (_count_stream if streamed else _count_local)(name, options)
    except OSError as error:  # of the disk, in reading or closing
        raise _named(name, error) from error


def _count_local(name: str, options: ReadOptions) -> list[ValueCounts]:
    for _ in range(2):
        with open_mask(name) as file:
            before = os.fstat(file.fileno())
            stream = _buffered(file, before.st_size)
            problem: Exception | None = None
            try:
                masks = list(read_masks(name, stream, options))
            except MissingExtraError:
                raise
            except Exception as error:  # noqa: BLE001  # decoders raise what they like
                problem = error
            if _state(before) == _state(os.fstat(file.fileno())):
                break
    else:
        raise MaskError(name, "it changes while it is read: being written?")
    if problem is not None:
        raise _named(name, problem) from problem
    return masks


def _count_stream(name: str, options: ReadOptions) -> list[ValueCounts]:
    """Count a member of an archive or a remote file, whose size and state nobody knows."""
    with open_mask(name) as file:
        try:
            with _held(file, options.max_bytes) as stream:
                masks = list(read_masks(name, stream, options))
                while stream.read(_BUFFER):  # the checksum comes after the last byte
                    pass
        except MissingExtraError:
            raise
        except Exception as error:  # decoders raise what they like
            raise _named(name, error) from error
    return masks


def _held(file: BinaryIO, limit: int) -> BinaryIO:
    """A stream that can be sought: small ones are held in memory."""
    stream = BufferedReader(file, _BUFFER)  # type: ignore[type-var]
    start = stream.read(_READ_AT_ONCE + 1)
    if len(start) <= _READ_AT_ONCE:
        return BytesIO(start)
    if not stream.seekable():
        return spooled(stream, limit, start)
    stream.seek(0)
    return stream


def _buffered(file: BinaryIO, size: int) -> BinaryIO:
    if size > _READ_AT_ONCE:
        return BufferedReader(file, _BUFFER)  # type: ignore[type-var]
    data = file.read(size + 1)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more  # a file system over a network may give less than is asked for
    return BytesIO(data)


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _named(name: str, error: Exception) -> MaskError:
    if isinstance(error, DecodeError):
        named = MaskError(name, str(error))
        named.hint = error.hint
        return named
    if isinstance(error, MemoryError):
        return MaskError(name, "not enough memory to decode it")
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return MaskError(name, error.strerror)  # of the system, not of a decoder
    text = printable(str(error).strip().split("\n")[0][:200])
    return MaskError(name, f"cannot be decoded: {text or type(error).__name__}")


def count_each(
    names: Sequence[str],
    options: ReadOptions = _DEFAULTS,
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
        named = MaskError(name, error.reason)
        named.hint = error.hint
        return Counted(name, [], named)


def count_masks(
    masks: Sequence[str],
    labels: LabelMap | None = None,
    *,
    executor: Executor | None = None,
    num_workers: int = 1,
    options: ReadOptions = _DEFAULTS,
    on_error: str = "fail",
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
    tally = Tally(labels or LabelMap(), one_kind=options.encoding == "auto")
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
