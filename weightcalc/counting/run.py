"""
A run of the command line: planned first, so that all that can be refused is refused
before a mask is read, then carried out with a progress bar and warnings.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ..counts.class_counts import ClassCounts
from ..counts.counts_file import read_counts
from ..counts.tally import Counted, Tally
from ..errors import MaskError, OutputError, SourceError
from ..files.atomic import replacing
from ..kernels.counters import COMPILED
from ..labels.class_list import ClassList, read_class_list
from ..labels.from_options import label_map
from ..labels.label_map import LabelMap
from ..masks.file import count_file
from ..masks.formats import READERS
from ..masks.options import ReadOptions
from ..sources.kinds import check_one_kind
from ..sources.listing import Listing, list_files
from ..sources.name_list import read_list
from ..sources.names import is_url, split_name
from ..text.escape import printable
from ..text.voice import Voice
from .count import count_each, usable_cores

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..cache.cache import Cache

_MOST_WARNINGS = 20
_MANY_PIXELS = 10**9  # from where on it matters which kernel counts
_ON_VALUES = ("ignore_index", "mapping", "reduce_zero_label")


@dataclass
class Plan:
    """
    What a run will do.

    Attributes
    ----------
    given : list of str
        The sources, as the user named them.
    listing : Listing
        The masks to count.
    saved : ClassCounts or None
        The sum of the counts files among the sources.
    """

    given: list[str]
    listing: Listing
    saved: ClassCounts | None
    labels: LabelMap
    reading: ReadOptions
    jobs: int
    dask: str | None
    cache: str | None
    on_error: str
    voice: Voice

    @property
    def class_names(self) -> Sequence[str | None]:
        """Names that options may use for classes."""
        known = self.labels.class_names
        return known or (self.saved.class_names if self.saved else ())


def plan_run(
    sources: Sequence[str],
    voice: Voice,
    *,
    files_from: str | None,
    include: Sequence[str],
    exclude: Sequence[str],
    jobs: int | None,
    dask: str | None,
    cache: str | None,
    on_error: str,
    outputs: Sequence[str | None] = (),
    **options: Any,
) -> Plan:
    """
    Find all that a run needs, and refuse all that can be refused by now.

    Raises
    ------
    WeightcalcError, click.UsageError
    """
    if jobs is not None and dask is not None:
        raise click.UsageError("-j/--jobs is for this machine; the workers of --dask count alone")
    if not sources and files_from is None:
        raise click.UsageError("nothing to count: name a folder, masks, or --files-from")
    of_counts = [source for source in sources if source.lower().endswith(".json")]
    folders = [source for source in sources if source not in of_counts]
    saved_in = [path for source in of_counts for path in matching_paths(source)]
    if saved_in and any(options[name] for name in _ON_VALUES):
        raise click.UsageError(
            f"{printable(saved_in[0])} is a counts file, whose values are classes already: "
            "--ignore-index, --map and --reduce-zero-label come too late for it"
        )
    classes = read_class_list(options["classes"]) if options["classes"] else None
    listed = _names_in_list(files_from, **options)
    with voice.bar(None) as bar:
        listing = list_files(
            folders, READERS, listed=listed, include=include, exclude=exclude, on_found=bar.step
        )
    if folders or files_from:
        _check_listing(listing, [*folders, *([files_from] if files_from else [])], bool(include))
    inputs = [*saved_in, *filter(None, [files_from, options["classes"]])]
    check_outputs(outputs, inputs, listing.names)
    if cache is not None:
        _check_cache(cache, [*filter(None, outputs), *inputs], listing.names)
    reading = _decided(_reading(**options), classes, listing.names, voice)
    labels = label_map(classes, reading.encoding, **options)
    saved = _sum([read_counts(path) for path in saved_in], labels)
    given = sorted({*sources, *filter(None, [files_from])})
    return Plan(
        given, listing, saved, labels, reading, jobs or usable_cores(), dask, cache, on_error, voice
    )


def matching_paths(source: str) -> list[str]:
    """The counts files of a glob; a name that exists is no pattern."""
    if os.path.lexists(source) or not glob.has_magic(source):
        return [source]
    return sorted(glob.glob(source, recursive=True)) or [source]


def _decided(
    reading: ReadOptions, classes: ClassList | None, names: Sequence[str], voice: Voice
) -> ReadOptions:
    """Decide once between indices and colours, where a list with colours leaves it open."""
    if reading.encoding != "auto" or classes is None or not classes.colors or not names:
        return reading
    try:
        kind = count_file(names[0], reading._replace(encoding="color"))[0].kind
    except MaskError:
        return reading  # which says in its turn what is wrong with the mask
    if "RGB" not in kind:
        voice.note(f"{printable(names[0])} is {kind}: counting indices (--encoding index)")
        return reading
    voice.note(f"{printable(names[0])} is {kind}: counting colours (--encoding color)")
    return reading._replace(encoding="color")


def carry_out(plan: Plan, per_mask: str | None = None) -> ClassCounts:
    """
    Count the masks of a plan, add the counts files, and say what was odd.

    Parameters
    ----------
    per_mask : str, optional
        File that gets a JSON line for each mask.

    Raises
    ------
    WeightcalcError
    """
    say_what_is_left_out(plan)
    if not plan.listing.names and plan.saved is not None:
        return plan.saved
    with ExitStack() as stack:
        lines = stack.enter_context(replacing(per_mask)) if per_mask else None
        counts = _count(plan, lines)
    counts.sources = plan.given
    return counts if plan.saved is None else counts + plan.saved


def _count(plan: Plan, lines: BinaryIO | None) -> ClassCounts:
    names, voice = plan.listing.names, plan.voice
    tally = Tally(plan.labels, one_kind=plan.reading.encoding == "auto")
    with each_counted(plan, names) as files:
        for counted in files:
            for mask in tally.add(counted):
                if lines is not None:
                    lines.write(json.dumps(mask.line()).encode() + b"\n")
    _warn(voice, tally.notes)
    counts = tally.finish(plan.on_error)
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


@contextmanager
def each_counted(
    plan: Plan, names: Sequence[str], places: Sequence[str] = ()
) -> Iterator[Iterator[Counted]]:
    """
    What becomes of each file, in the order of `names`, counted as the plan says, with a bar.

    `places` are those of other masks than the plan's, which may be in the cache too.
    """

    def steps() -> Iterator[Counted]:
        count = partial(count_each, options=plan.reading, executor=pool, num_workers=workers)
        for counted in count(names) if cache is None else cache.count_each(names, count):
            yield counted
            bar.step()

    with (
        _engine(plan, len(names)) as (pool, workers),
        _cache(plan, len(names), places) as cache,
        plan.voice.bar(len(names)) as bar,
    ):
        yield steps()


@contextmanager
def _cache(plan: Plan, num_files: int, places: Sequence[str]) -> Iterator[Cache | None]:
    if plan.cache is None:
        yield None
        return
    from ..cache.cache import open_cache  # with SQLite, which few runs need

    with open_cache(plan.cache, plan.reading) as cache:
        yield cache
        cache.drop_gone([*plan.given, *places])
    plan.voice.detail(f"{num_files} masks, {cache.hits} of them from the cache")
    for reason, number in cache.not_kept.most_common():
        plan.voice.detail(f"{number} not kept in the cache: {reason}")
    if cache.problem:
        plan.voice.warn(f"{printable(plan.cache)}: not all counts are kept: {cache.problem}")


@contextmanager
def _engine(plan: Plan, num_files: int) -> Iterator[tuple[Executor | None, int]]:
    """Who counts, and how many they are; None is this process itself."""
    workers = min(plan.jobs, num_files)
    if plan.dask is None and workers <= 1:
        yield None, 1
        return
    from .engines import dask_pool, local_pool

    if plan.dask is not None:
        with dask_pool(plan.dask) as found:
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


def say_what_is_left_out(plan: Plan) -> None:
    """Say which files are no masks of the run, as far as the person wants to know."""
    listing, voice = plan.listing, plan.voice
    _warn(voice, listing.warnings)
    if listing.names:
        voice.detail(
            f"{len(listing.names)} masks; left out: {listing.hidden} hidden files and folders, "
            f"{listing.other} files that are no masks by their ending"
        )


def _reading(
    *,
    encoding: str,
    channel_axis: int | None,
    allow_lossy: bool,
    max_pixels: int,
    max_bytes: int,
    **_: Any,
) -> ReadOptions:
    if channel_axis is not None and encoding not in ("one-hot", "multilabel"):
        raise click.UsageError("--channel-axis goes with --encoding one-hot or multilabel")
    return ReadOptions(encoding, channel_axis, allow_lossy, max_pixels, max_bytes)


def _sum(parts: Sequence[ClassCounts], labels: LabelMap) -> ClassCounts | None:
    if not parts:
        return None
    total = reduce(add, parts)
    if labels.num_classes is None:
        return total
    declared = ClassCounts(LabelMap(labels.num_classes, labels.class_names))
    declared.options = total.options
    return total + declared


def _names_in_list(
    files_from: str | None, *, null: bool, root: str, suffix: str, allow_remote: bool, **_: Any
) -> Iterator[str]:
    if files_from is None:
        if null or root or suffix or allow_remote:
            raise click.UsageError("-0, --root, --suffix and --allow-remote go with --files-from")
        return
    try:
        with click.open_file(files_from, "rb") as lines:
            for name in read_list(lines, root=root, suffix=suffix, nul=null):
                if is_url(name) and not allow_remote:
                    raise SourceError(
                        f"{printable(files_from)}: names the URL {printable(name)}"
                    ).with_hint("--allow-remote, if the list can be trusted")
                yield name
    except OSError as error:
        raise SourceError(f"{printable(files_from)}: {error.strerror}") from error


def _check_listing(listing: Listing, sources: Sequence[str], chosen: bool) -> None:
    if not listing.names:
        raise SourceError(
            f"no masks in {', '.join(map(printable, sources))} (left out: {listing.hidden} hidden, "
            f"{listing.other} files that are no masks by their ending)"
        ).with_hint(f"masks end in {', '.join(READERS)}")
    if not chosen:
        check_one_kind(listing.names)


def check_outputs(
    outputs: Sequence[str | None], inputs: Sequence[str], masks: Sequence[str]
) -> None:
    """
    Refuse to write over what is read, or two results into one file.

    Raises
    ------
    OutputError
    """
    targets = [os.path.realpath(output) for output in outputs if output]
    if len(set(targets)) < len(targets):
        raise OutputError(f"{printable(targets[0])}: two results cannot be written there")
    for target in targets:
        if os.path.isfile(target) and _is_among(target, chain(inputs, masks)):
            raise OutputError(f"{printable(target)}: is an input, and would be overwritten")


def _is_among(target: str, names: Iterable[str]) -> bool:
    """Whether one of many names leads to an existing file; that is looked at only once."""
    wanted = os.stat(target)
    for name in names:
        member = split_name(name) if "://" in name else None
        try:
            if os.path.samestat(os.stat(member[1] if member else name), wanted):
                return True
        except (OSError, ValueError):
            continue
    return False


def _check_cache(path: str, others: Sequence[str], masks: Sequence[str]) -> None:
    """Refuse a cache that is a result or a source of the run, or no cache."""
    from ..cache.database import SIDE_FILES, check_file

    files = [path, *(path + ending for ending in SIDE_FILES)]
    if path in masks or {*map(os.path.realpath, files)} & {*map(os.path.realpath, others)}:
        raise OutputError(f"{printable(path)}: the cache can be no other file of the run")
    check_file(path)
