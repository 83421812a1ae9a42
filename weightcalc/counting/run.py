"""
A run: what is counted is found first, so that all that can be refused is refused before a
mask is read; then it is counted, with a progress bar and warnings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, BinaryIO

from ..counts.class_counts import ClassCounts
from ..counts.counts_file import is_counts_file, matching_files, read_counts
from ..counts.tally import Counted, LabelledMask, Tally
from ..errors import MaskError, OutputError, SourceError
from ..files.atomic import refuse_overwriting, replacing
from ..kernels.counters import COMPILED
from ..labels.from_options import label_map
from ..labels.label_map import LabelMap
from ..labels.options import LabelOptions
from ..masks.file import count_file
from ..masks.formats import READERS
from ..masks.options import ReadOptions
from ..sources.kinds import check_no_photographs, check_one_kind, repeated_endings
from ..sources.listing import Listing, list_files
from ..sources.name_list import names_in_list
from ..sources.names import file_of
from ..sources.options import SourceOptions
from ..text.escape import printable
from ..text.numbers import number_of
from ..text.voice import Voice
from .count import add_files, are_quick, count_each, usable_cores
from .options import RunOptions

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..cache.cache import Cache
    from ..labels.class_list import ClassList

_MOST_WARNINGS = 20
_MANY_PIXELS = 10**9  # from where on it matters which kernel counts


@dataclass(frozen=True)
class DataSet:
    """
    What a run counts.

    Attributes
    ----------
    given : list of str
        The sources, as the user named them.
    listing : Listing
        The masks to count.
    saved : ClassCounts or None
        The sum of the counts files among the sources.
    labels : LabelMap
    reading : ReadOptions
    endings : dict of str to str
        Endings with which scenes recur, whose masks must not differ in kind.
    """

    given: list[str]
    listing: Listing
    saved: ClassCounts | None
    labels: LabelMap
    reading: ReadOptions
    endings: dict[str, str]

    @property
    def class_names(self) -> Sequence[str | None]:
        """Names that options may use for classes."""
        known = self.labels.class_names
        return known or (self.saved.class_names if self.saved else ())


def find_data(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    voice: Voice,
    *,
    outputs: Mapping[str, str | None],
    cache: str | None = None,
) -> DataSet:
    """
    Find the masks and counts files of a run, and refuse all that can be refused by now.

    Parameters
    ----------
    outputs : mapping of str to str or None
        Option to the file that the run will write for it.
    cache : str, optional
        File that keeps the counts of masks.

    Raises
    ------
    WeightcalcError
    """
    saved_in = _without_twins(
        [path for s in sources.sources if is_counts_file(s) for path in matching_files(s)], voice
    )
    classes = _class_list(labels.classes) if labels.classes else None
    listing = _list_masks(sources, voice, reading.allow_lossy)
    inputs = [*saved_in, *filter(None, [sources.files_from, labels.classes])]
    refuse_overwriting(outputs, chain(inputs, map(file_of, listing.names)))
    if cache is not None:
        _check_cache(cache, [*filter(None, outputs.values()), *inputs], listing.names)
    reading = _decided(reading, classes, listing.names, voice)
    map_ = label_map(classes, reading.encoding, labels)
    saved = _sum([read_counts(path) for path in saved_in], map_)
    if saved is not None and "parts" in saved.options:
        voice.warn(
            "the counts files were made with different --map or --ignore-index; "
            "they are added up, as their classes are the same"
        )
    endings = {} if sources.include else repeated_endings(listing.names)
    return DataSet(sources.given, listing, saved, map_, reading, endings)


def _class_list(name: str) -> ClassList:
    from ..labels.class_list import read_class_list  # here: many runs need no list

    return read_class_list(name)


def _without_twins(paths: Sequence[str], voice: Voice) -> list[str]:
    """Counts files, each once, however it is named."""
    kept: dict[str, str] = {}
    for path in paths:
        if (real := os.path.realpath(path)) in kept:
            voice.warn(f"{printable(path)}: named twice, counted once")
        kept.setdefault(real, path)
    return list(kept.values())


def _list_masks(sources: SourceOptions, voice: Voice, allow_lossy: bool) -> Listing:
    folders = [source for source in sources.sources if not is_counts_file(source)]
    with voice.bar(None) as bar:
        listing = list_files(
            folders,
            READERS,
            listed=names_in_list(sources),
            include=sources.include,
            exclude=sources.exclude,
            follow=sources.follow,
            on_found=bar.step,
        )
    if folders or sources.files_from:
        _check_listing(listing, sources, allow_lossy)
    return listing


def _decided(
    reading: ReadOptions, classes: ClassList | None, names: Sequence[str], voice: Voice
) -> ReadOptions:
    """Decide once between indices and colours, where a list with colours leaves it open."""
    if reading.encoding != "auto" or classes is None or not classes.colors or not names:
        return reading
    try:
        kind = count_file(names[0], replace(reading, encoding="color"))[0].kind
    except MaskError:
        return reading  # which says in its turn what is wrong with the mask
    if "RGB" not in kind:
        voice.note(f"{printable(names[0])} is {kind}: counting indices (--encoding index)")
        return reading
    voice.note(f"{printable(names[0])} is {kind}: counting colours (--encoding color)")
    return replace(reading, encoding="color")


def count_data(
    data: DataSet, run: RunOptions, voice: Voice, per_mask: str | None = None
) -> ClassCounts:
    """
    Count the masks of a data set, add its counts files, and say what was odd.

    Parameters
    ----------
    per_mask : str, optional
        File that gets a JSON line for each mask.

    Raises
    ------
    WeightcalcError
    """
    say_what_is_left_out(data.listing, voice)
    if not data.listing.names and data.saved is not None:
        return data.saved
    with ExitStack() as stack:
        lines = stack.enter_context(replacing(per_mask)) if per_mask else None
        counts = _count(data, run, voice, lines)
    counts.sources = data.given
    return counts if data.saved is None else counts + data.saved


def _count(data: DataSet, run: RunOptions, voice: Voice, lines: BinaryIO | None) -> ClassCounts:
    one_kind = data.reading.encoding == "auto"
    tally = Tally(data.labels, one_kind=one_kind, by_palettes=one_kind, endings=data.endings)
    with each_counted(data, data.listing.names, run, voice) as files:
        add_files(tally, files, on_mask=None if lines is None else partial(_write_line, lines))
    _warn(voice, tally.remarks())
    counts = tally.finish(run.on_error)
    if not COMPILED and counts.num_pixels > _MANY_PIXELS:
        voice.warn(
            "counted without the compiled kernel, several times slower: "
            "reinstall weightcalc where there is a C compiler"
        )
    if tally.errors:
        _warn(voice, [str(error) for error in tally.errors])
        voice.warn(
            f"{len(tally.errors)} of {tally.num_files} files cannot be read and are left out"
        )
    return counts


def _write_line(lines: BinaryIO, mask: LabelledMask) -> None:
    lines.write(json.dumps(mask.line()).encode() + b"\n")


@contextmanager
def each_counted(
    data: DataSet,
    names: Sequence[str],
    run: RunOptions,
    voice: Voice,
    places: Sequence[str] = (),
) -> Iterator[Iterator[Counted]]:
    """
    What becomes of each file, in the order of `names`, counted as the run says, with a bar.

    `places` are those of other masks than the data set's, which may be in the cache too.
    """

    def steps() -> Iterator[Counted]:
        count = partial(count_each, options=data.reading, executor=pool, num_workers=workers)
        for counted in count(names) if cache is None else cache.count_each(names, count):
            yield counted
            bar.step()

    with (
        _engine(run, names) as (pool, workers),
        _cache(data, run.cache, len(names), places, voice) as cache,
        voice.bar(len(names)) as bar,
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
def _engine(run: RunOptions, names: Sequence[str]) -> Iterator[tuple[Executor | None, int]]:
    """
    Who counts, and how many they are; None is this process itself.

    Threads would be as quick as processes for PNG files that are large and plain, but not for
    small ones or other formats, and one mask that kills its process would end the run.
    """
    workers = min(run.jobs or usable_cores(), len(names))
    if run.jobs is None and run.dask is None and workers > 1 and are_quick(names):
        workers = 1
    if run.dask is None and workers <= 1:
        yield None, 1
        return
    from .engines import dask_pool, local_pool

    if run.dask is not None:
        with dask_pool(run.dask) as found:
            yield found
    else:
        with local_pool(workers) as pool:
            yield pool, workers


def _warn(voice: Voice, texts: Sequence[str]) -> None:
    shown = texts if voice.verbose else texts[:_MOST_WARNINGS]
    for text in shown:
        voice.warn(text)
    if len(texts) > len(shown):
        voice.warn(f"and {len(texts) - len(shown)} more such warnings (-v shows them)")


def say_what_is_left_out(listing: Listing, voice: Voice) -> None:
    """Say which files are no masks of the run, as far as the person wants to know."""
    _warn(voice, listing.warnings)
    if listing.names:
        voice.detail(
            f"{len(listing.names)} masks; left out: {listing.hidden} hidden files and folders, "
            f"{listing.other} files that are no masks by their ending"
        )


def _sum(parts: Sequence[ClassCounts], labels: LabelMap) -> ClassCounts | None:
    if not parts:
        return None
    total = reduce(add, parts)
    if labels.num_classes is None:
        return total
    declared = ClassCounts(LabelMap(labels.num_classes, labels.class_names))
    declared.options = total.options
    return total + declared


def _check_listing(listing: Listing, sources: SourceOptions, allow_lossy: bool) -> None:
    if not listing.names and listing.unwanted:
        raise SourceError(
            f"--include and --exclude leave out all {number_of(listing.unwanted, 'mask')} of "
            f"{', '.join(map(printable, sources.given))}"
        ).with_hint("--include with a pattern that names of these masks match, such as '*.png'")
    if not listing.names:
        raise SourceError(
            f"no masks in {', '.join(map(printable, sources.given))} (left out: {listing.hidden} "
            f"hidden, {listing.other} files that are no masks by their ending)"
        ).with_hint(f"masks end in {', '.join(READERS)}")
    if not sources.include:
        if not allow_lossy:
            check_no_photographs(listing.names)
        check_one_kind(listing.names)


def _check_cache(path: str, others: Iterable[str], masks: Sequence[str]) -> None:
    """Refuse a cache that is a result or a source of the run, or no cache."""
    from ..cache.database import SIDE_FILES, check_file

    files = [path, *(path + ending for ending in SIDE_FILES)]
    if path in masks or {*map(os.path.realpath, files)} & {*map(os.path.realpath, others)}:
        raise OutputError(
            f"{printable(path)}: --cache names a file that this run reads or writes"
        ).with_hint("--cache with the name of a file of its own")
    check_file(path)
