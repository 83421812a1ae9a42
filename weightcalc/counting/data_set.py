"""
What a run counts: found first, so that all that can be refused is refused before a mask is read.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ..counts.class_counts import ClassCounts
from ..errors import (
    LabelError,
    MaskError,
    OutputError,
    PhotographError,
)
from ..files.atomic import refuse_overwriting
from ..labels.from_options import label_map, layers_of, named_color
from ..labels.label_map import LabelMap
from ..labels.options import LabelOptions
from ..masks.file import count_file
from ..masks.formats import READERS
from ..masks.options import ReadOptions
from ..sources.apart import check_no_photographs
from ..sources.kinds import check_one_kind
from ..sources.listing import Listing, list_files, refuse_nothing
from ..sources.looks import Looks, look_at
from ..sources.names import file_of, is_counts_file, tidy
from ..sources.options import SourceOptions
from ..text.escape import printable
from ..text.numbers import number_of
from ..text.voice import Voice

if TYPE_CHECKING:
    from ..labels.class_list import ClassList
    from ..sources.layers import Layers
    from ..sources.scenes import Item, Scene

_MOST_TRIED = 20  # files, until one is no photograph


class DataSet(NamedTuple):
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
    looks : Looks
        What their names have in common with those of layers.
    layers : Layers or None
        How the masks are layers of scenes; None where each is a mask of its own.
    scenes : list of Scene
        What they are layers of.
    said : mapping of int to str
        The option of each value that the user named by itself.
    """

    given: list[str]
    listing: Listing
    saved: ClassCounts | None
    labels: LabelMap
    reading: ReadOptions
    endings: dict[str, str]
    looks: Looks
    layers: Layers | None = None
    scenes: Sequence[Scene] = ()
    said: Mapping[int, str] = MappingProxyType({})

    @property
    def items(self) -> Sequence[Item]:
        """What is counted, one by one: the files, or the scenes that they are layers of."""
        return self.listing.names if self.layers is None else self.scenes

    def items_of(self, listing: Listing) -> Sequence[Item]:
        """
        The files of another listing, or the scenes that they are layers of.

        Raises
        ------
        SourceError
            If they are not layers of the classes of this set.
        """
        if self.layers is None:
            return listing.names
        layers = self.layers
        if layers.are_found:
            _, found = layers.scenes(listing.names, listing.folders)
            own = [name for name in self.class_names if name is not None]
            layers = layers._replace(listed=[*own, *(name for name in found if name not in own)])
        return layers.scenes(listing.names, listing.folders)[0]

    @property
    def unordered(self) -> str:
        """What the classes are that have no order, as they are only found; "" if they have one."""
        if self.labels.learn_colors:
            return "colours"
        if self.labels.unordered:
            return "names of the layers"
        return "classes of counts files" if self.saved is not None and self.saved.unordered else ""

    @property
    def class_names(self) -> Sequence[str | None]:
        """Names that options may use for classes."""
        known = self.labels.class_names or ()
        saved = self.saved.class_names if self.saved else ()
        if self.labels.unordered and saved:  # as they are added up
            from ..counts.parts import names_together

            return names_together(known, saved) if known else ()
        return known or saved

    def remedy_for(self, absent: Collection[int]) -> str:
        """What to do where classes are in no mask; "" where nothing is known to help."""
        return "" if self.layers is None else self.layers.remedy_for(absent)

    @property
    def ignored_classes(self) -> frozenset[int]:
        """Classes whose only value is ignored, in all masks and counts files."""
        of_masks = self.labels.ignored_classes()
        if self.saved is None:
            return of_masks
        saved = frozenset(self.saved.ignored_classes)
        return saved & of_masks if self.listing.names else saved


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
    _refuse_late_labels(sources, labels)
    saved_in = _counts_files(sources, voice)
    classes = _class_list(labels.classes) if labels.classes else None
    listing = _list_masks(sources, voice)
    endings = _check_listing(listing, sources, reading.allow_lossy)
    inputs = [*saved_in, *filter(None, [sources.files_from, labels.classes])]
    refuse_overwriting(outputs, chain(inputs, map(file_of, listing.names)))
    if cache is not None:
        _check_cache(cache, [*filter(None, outputs.values()), *inputs], listing.names)
    layers = layers_of(sources.layers, classes, labels) if sources.layers else None
    scenes: list[Scene] = []
    said: dict[int, str] = {}
    if layers is None:
        reading = _decided(reading, classes, labels, listing.names, voice)
        map_, said = label_map(classes, reading.encoding, labels)
        blended = reading.encoding == "color" and not map_.learn_colors
        reading = reading._replace(blended=blended)
    else:
        scenes, map_ = _scenes_of(layers, listing, voice)
    saved = _saved_counts(saved_in, map_, voice)
    looks = Looks() if _is_chosen(sources) else look_at(listing.names, listing.folders)
    return DataSet(
        sources.given, listing, saved, map_, reading, endings, looks, layers, scenes, said
    )


def _refuse_late_labels(sources: SourceOptions, labels: LabelOptions) -> None:
    """Refuse options on values where there are counts files, whose values are classes already."""
    saved = next(filter(is_counts_file, sources.sources), None)
    if saved is not None and labels.of_values:
        raise LabelError(
            f"{printable(saved)} is a counts file, whose values are classes already: "
            "--ignore-index, --map and --reduce-zero-label come too late for it"
        ).with_hint("count the masks again with these options, or leave these out")


def _class_list(name: str) -> ClassList:
    from ..labels.class_list import read_class_list  # here: many runs need no list

    return read_class_list(name)


def _counts_files(sources: SourceOptions, voice: Voice) -> list[str]:
    """Counts files, each once, however it is named."""
    given = [source for source in sources.sources if is_counts_file(source)]
    if not given:
        return []
    from ..counts.counts_file import matching_files  # here: many runs have masks alone

    kept: dict[str, str] = {}
    twins = []
    for path in chain.from_iterable(map(matching_files, given)):
        if (real := os.path.realpath(path)) in kept:
            twins.append(f"{printable(path)}: named twice, counted once")
        kept.setdefault(real, path)
    voice.warn_each(twins)
    return list(kept.values())


def _list_masks(sources: SourceOptions, voice: Voice) -> Listing:
    folders = [source for source in sources.sources if not is_counts_file(source)]
    listed: Iterable[str] = ()
    if sources.files_from is not None:
        from ..sources.name_list import names_in_list  # here: few runs have a list

        listed = names_in_list(sources)
    with voice.bar(None) as bar:
        listing = list_files(
            folders,
            READERS,
            listed=listed,
            include=sources.include,
            exclude=sources.exclude,
            follow=sources.follow,
            on_found=bar.step,
        )
    if sources.root:
        listing.folders.add(tidy(sources.root))
    return listing


def _decided(
    reading: ReadOptions,
    classes: ClassList | None,
    labels: LabelOptions,
    names: Sequence[str],
    voice: Voice,
) -> ReadOptions:
    """Decide once between indices and colours, where options or a list speak of colours."""
    if reading.encoding == "auto" and (color := named_color(labels)):
        voice.note(f"{printable(color)} is a colour: counting colours (--encoding color)")
        return reading._replace(encoding="color")
    if reading.encoding != "auto" or classes is None or not classes.colors or not names:
        return reading
    for name in names[:: max(1, len(names) // _MOST_TRIED)]:
        try:
            kind = count_file(name, reading._replace(encoding="color"))[0].kind
        except MaskError as error:
            if error.kind is PhotographError:
                continue  # images may stand before the masks
            return reading  # which says in its turn what is wrong with the mask
        by_color = "RGB" in kind
        how = "colours (--encoding color)" if by_color else "indices (--encoding index)"
        voice.note(f"{printable(name)} is {kind}: counting {how}")
        return reading._replace(encoding="color") if by_color else reading
    return reading


def _scenes_of(layers: Layers, listing: Listing, voice: Voice) -> tuple[list[Scene], LabelMap]:
    scenes, names = layers.scenes(listing.names, listing.folders)
    files = number_of(len(listing.names), "file")
    voice.note(f"{number_of(len(scenes), 'scene')} of {files}, each counted as one mask")
    return scenes, LabelMap(len(names), names if any(names) else None, unordered=layers.are_found)


def _saved_counts(paths: Sequence[str], labels: LabelMap, voice: Voice) -> ClassCounts | None:
    """The sum of counts files; None without any."""
    if not paths:
        return None
    from ..counts.counts_file import read_counts

    total = reduce(add, [read_counts(path) for path in paths])
    if "parts" in total.options:
        voice.warn(
            "the counts files were made with different --map or --ignore-index; "
            "they are added up, as their classes are the same"
        )
    if labels.num_classes is None or labels.unordered:
        return total
    declared = ClassCounts(LabelMap(labels.num_classes, labels.class_names))
    declared.options = total.options
    return total + declared


def _check_listing(listing: Listing, sources: SourceOptions, allow_lossy: bool) -> dict[str, str]:
    """Refuse masks that do not belong together, and give the endings with which scenes recur."""
    if not sources.files_from and all(map(is_counts_file, sources.sources)):
        return {}
    refuse_nothing(listing, sources.given, READERS)
    if _is_chosen(sources):
        return {}
    if not allow_lossy:
        check_no_photographs(listing.names)
    return check_one_kind(listing.names)


def _is_chosen(sources: SourceOptions) -> bool:
    """Whether the user said which files belong together."""
    return sources.layers is not None or bool(sources.include)


def _check_cache(path: str, others: Iterable[str], masks: Sequence[str]) -> None:
    """Refuse a cache that is a result or a source of the run, or no cache."""
    from ..cache.database import SIDE_FILES, check_file

    files = [path, *(path + ending for ending in SIDE_FILES)]
    if path in masks or {*map(os.path.realpath, files)} & {*map(os.path.realpath, others)}:
        raise OutputError(
            f"{printable(path)}: --cache names a file that this run reads or writes"
        ).with_hint("--cache with the name of a file of its own")
    check_file(path)
