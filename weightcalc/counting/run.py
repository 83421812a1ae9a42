"""
A run: a data set is counted as its options say, with a progress bar and warnings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from ..counts.class_counts import ClassCounts
from ..counts.tally import Counted, LabelledMask, Tally
from ..errors import WeightcalcError
from ..files.atomic import replacing
from ..kernels.counters import COMPILED
from ..sources.listing import Listing
from ..text.escape import printable
from ..text.voice import Voice
from .count import add_files, are_quick, count_each, new_run, usable_cores
from .data_set import DataSet
from .options import RunOptions

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..cache.cache import Cache
    from ..sources.scenes import Item

_MANY_PIXELS = 10**9  # from where on it matters which kernel counts


def count_data(
    data: DataSet,
    run: RunOptions,
    voice: Voice,
    per_mask: str | None = None,
    on_mask: Callable[[LabelledMask], object] | None = None,
) -> ClassCounts:
    """
    Count the masks of a data set, add its counts files, and say what was odd.

    Parameters
    ----------
    per_mask : str, optional
        File that gets a JSON line for each mask.
    on_mask : callable, optional
        Called with each mask, in order of names, where no such file is written.

    Raises
    ------
    WeightcalcError
    """
    say_what_is_left_out(data.listing, voice)
    if not data.listing.names and data.saved is not None:
        return data.saved
    with ExitStack() as stack:
        if per_mask:
            on_mask = partial(_write_line, stack.enter_context(replacing(per_mask)))
        counts = _count(data, run, voice, on_mask)
    counts.sources = data.given
    return counts if data.saved is None else counts + data.saved


def _count(
    data: DataSet,
    run: RunOptions,
    voice: Voice,
    on_mask: Callable[[LabelledMask], object] | None,
) -> ClassCounts:
    one_kind = data.reading.encoding == "auto"
    tally = Tally(
        data.labels, one_kind=one_kind, by_palettes=one_kind, endings=data.endings, looks=data.looks
    )
    roles = tally.roles(len(data.items)) if on_mask is None else None
    with each_counted(data, data.items, run, voice, roles=roles) as files:
        add_files(tally, files, on_file=_naming(voice) if voice.verbose else None, on_mask=on_mask)
    voice.warn_each(tally.remarks())
    with _in_full(voice):
        counts = tally.finish(run.on_error, data.listing.names)
    if not COMPILED:
        say = voice.warn if counts.num_pixels > _MANY_PIXELS else voice.aside
        say(_without_kernel())
    if tally.unread:
        error = tally.unread.error(tally.num_files)
        voice.warn_each(error.lines(), error.num_unheld)
        voice.warn(f"{error.num_errors} of {error.num_masks} files cannot be read and are left out")
    return counts


def _naming(voice: Voice) -> Callable[[Counted], None]:
    """What names each file that cannot be read, as only the first ones are kept to the end."""

    def name(counted: Counted) -> None:
        if counted.error is not None:
            voice.detail(str(counted.error))

    return name


def _without_kernel() -> str:
    """What is slower without the compiled kernel, by the table of `weightcalc help speed`, and why."""
    is_chosen = os.environ.get("WEIGHTCALC_PURE_PYTHON")
    remedy = (
        "unset WEIGHTCALC_PURE_PYTHON" if is_chosen else "install it where there is a C compiler"
    )
    return (
        "counted without the compiled kernel of weightcalc: large PNG masks take 10 to 50 times "
        f"as long, small ones about 6 times; {remedy}"
    )


@contextmanager
def _in_full(voice: Voice) -> Iterator[None]:
    """Say all lines of a list that an error ends after the first, where -v asks for them."""
    try:
        yield
    except WeightcalcError as error:
        for line in error.details:
            voice.detail(line)
        raise


def _write_line(lines: BinaryIO, mask: LabelledMask) -> None:
    import json  # here: few runs write lines

    lines.write(json.dumps(mask.line()).encode() + b"\n")


@contextmanager
def each_counted(
    data: DataSet,
    items: Sequence[Item],
    run: RunOptions,
    voice: Voice,
    places: Sequence[str] = (),
    roles: bytes | None = None,
) -> Iterator[Iterator[Counted]]:
    """
    What becomes of each file or scene, in the order of `items`, counted as the run says, with a bar.

    `places` are those of other masks than the data set's, which may be in the cache too; `roles`
    are those of `count_each`, and of no use with a cache, which keeps each mask.
    """

    def steps() -> Iterator[Counted]:
        count = partial(
            count_each,
            options=data.reading,
            executor=pool,
            num_workers=workers,
            num_requests=run.requests,
            run=new_run(items),
            roles=roles if cache is None else None,
        )
        for counted in count(items) if cache is None else cache.count_each(items, count):
            yield counted
            bar.step(counted.num_files)

    with (
        _engine(run, items) as (pool, workers),
        _cache(data, run.cache, len(items), places, voice) as cache,
        voice.bar(len(items)) as bar,
    ):
        yield steps()


@contextmanager
def _cache(
    data: DataSet, path: str | None, num_files: int, places: Sequence[str], voice: Voice
) -> Iterator[Cache | None]:
    if path is None:
        yield None
        return
    from ..cache.cache import open_cache  # with SQLite, which few runs need

    with open_cache(path, data.reading) as cache:
        yield cache
        cache.drop_gone([*data.given, *places])
    voice.detail(f"{num_files} masks, {cache.hits} of them from the cache")
    for reason, number in cache.not_kept.most_common():
        voice.detail(f"{number} not kept in the cache: {reason}")
    if cache.problem:
        voice.warn(f"{printable(path)}: not all counts are kept: {cache.problem}")


@contextmanager
def _engine(run: RunOptions, items: Sequence[Item]) -> Iterator[tuple[Executor | None, int]]:
    """
    Who counts, and how many they are; None is this process itself.

    Threads would be as quick as processes for PNG files that are large and plain, but not for
    small ones or other formats, and one mask that kills its process would end the run.
    """
    workers = min(run.jobs or usable_cores(), len(items))
    if run.jobs is None and run.dask is None and workers > 1 and are_quick(items):
        workers = 1
    if run.dask is None and workers <= 1:
        yield None, 1
        return
    if run.dask is not None:
        from .dask_cluster import dask_pool

        with dask_pool(run.dask) as cluster:
            yield cluster, cluster.num_workers
    else:
        from .engines import local_pool

        with local_pool(workers) as pool:
            yield pool, workers


def say_idle_options(data: DataSet, voice: Voice) -> None:
    """
    Say which values that options name were in no mask.

    Many ignore 255 always, so that only a person who asks for details is told of that.
    """
    if not data.listing.names:
        return
    for value in data.labels.unmet(data.said):
        say = voice.warn if value in data.labels.mapping else voice.detail
        say(
            f"{printable(data.said[value])}: no mask holds the value {data.labels.name_of_value(value)}"
        )


def say_what_is_left_out(listing: Listing, voice: Voice) -> None:
    """Say which files are no masks of the run, as far as the person wants to know."""
    voice.warn_each(listing.warnings)
    if listing.names:
        voice.detail(
            f"{len(listing.names)} masks; left out: {listing.hidden} hidden files and folders, "
            f"{listing.other} files that are no masks by their ending"
        )
