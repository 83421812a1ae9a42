"""
A run of `report`: which sets of masks to compare, by which formulas, and in which format.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..counting.data_set import DataSet, find_data
from ..counts.class_counts import ClassCounts
from ..counts.counts_file import matching_files
from ..errors import WeightError
from ..files.endings import format_by_ending
from ..labels.options import LabelOptions
from ..masks.options import ReadOptions
from ..report.formats import BY_MATPLOTLIB, ENDINGS
from ..report.table import Report
from ..report.text import Look
from ..sources.names import is_counts_file
from ..sources.options import SourceOptions
from ..text.escape import printable
from ..text.voice import Voice
from ..weights.class_weights import tells_apart
from ..weights.formula import Formula, parameters_of
from ..weights.options import FormulaOptions, plan_weights

if TYPE_CHECKING:
    from ..counts.top_masks import TopMasks
    from ..report.page import ShownClass

_METHODS: dict[str, dict[str, float | str]] = {
    "median-frequency": {},
    "balanced": {},
    "enet": {},
    "effective-number": {"unit": "masks"},  # by pixels its weights hardly differ
}
_WIDTH = 80  # of a text that goes into a file


def find_sets(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    voice: Voice,
    *,
    output: str | None,
    cache: str | None,
) -> dict[str, DataSet]:
    """
    The sets of a report by their names: each counts file is one, and all masks are one.

    Raises
    ------
    WeightcalcError
    """
    parts = list(_parts(sources))
    is_mixed = any(part.sources and is_counts_file(part.sources[0]) for part in parts) and any(
        not part.sources or not is_counts_file(part.sources[0]) for part in parts
    )
    of_counts = LabelOptions(labels.num_classes, labels.classes) if is_mixed else labels
    return {
        name: find_data(
            part,
            of_counts if part.sources and is_counts_file(part.sources[0]) else labels,
            reading,
            voice,
            outputs={"-o": output},
            cache=cache,
        )
        for part, name in zip(parts, _names(parts), strict=True)
    }


def _parts(sources: SourceOptions) -> Iterator[SourceOptions]:
    """The sources of each set, in the order in which they are named."""
    masks = tuple(source for source in sources.sources if not is_counts_file(source))
    of_masks = sources._replace(sources=masks)
    waiting = bool(masks or sources.files_from)
    for source in sources.sources:
        if is_counts_file(source):
            yield from (SourceOptions((path,)) for path in matching_files(source))
        elif waiting:
            waiting = False
            yield of_masks
    if waiting:
        yield of_masks


def _names(parts: Sequence[SourceOptions]) -> list[str]:
    """What sets are called: counts files by their stems, as long as these differ."""
    each = [[*dict.fromkeys(part.sources)] for part in parts]
    texts = [", ".join(part[:2]) + ", ..." * (len(part) > 2) or "masks" for part in each]
    stems = [os.path.splitext(os.path.basename(t))[0] if is_counts_file(t) else t for t in texts]
    names: list[str] = []
    for text in stems if len(set(stems)) == len(parts) > 1 else texts:
        name = printable(text)
        names.append(f"{name} ({len(names) + 1})" if name in names else name)
    return names


def plan_columns(
    methods: Sequence[str], asked: FormulaOptions, sets: Sequence[DataSet]
) -> dict[str, Formula]:
    """
    The formula of each column of weights, by its heading.

    Raises
    ------
    WeightError
    """
    names = next((data.class_names for data in sets if any(data.class_names)), ())
    ignored = set.intersection(*(set(data.ignored_classes) for data in sets))
    return {
        heading: plan_weights(asked._replace(method=method, params=params), names, ignored)
        for heading, method, params in _columns(methods, asked.params)
    }


def telling(
    columns: Mapping[str, Formula], methods: Sequence[str], sets: Mapping[str, ClassCounts]
) -> dict[str, Formula]:
    """
    The columns without the one that nobody asked for and that says nothing of these sets.

    Where each class is in as many masks as the others, or where there are very many of them,
    `effective-number` by masks gives all classes one weight.
    """
    return {
        heading: formula
        for heading, formula in columns.items()
        if methods or formula.unit != "masks" or _tells(sets.values(), formula)
    }


def _tells(sets: Iterable[ClassCounts], formula: Formula) -> bool:
    try:
        return any(tells_apart(counts, formula) for counts in sets)
    except WeightError:  # which the report says of the set that it is true of
        return True


def _columns(
    methods: Sequence[str], params: Mapping[str, float | str]
) -> Iterator[tuple[str, str, dict[str, float | str]]]:
    """Heading, method and parameters of each column of weights."""
    chosen = dict.fromkeys(methods or _METHODS)
    known = {name for method in chosen for name in parameters_of(method)}
    for name in params:
        if name not in known:
            raise WeightError(f"none of {', '.join(chosen)} has a parameter {name!r}")
    for method in chosen:
        of_method = {} if methods else dict(_METHODS[method])
        of_method |= {name: params[name] for name in params if name in parameters_of(method)}
        shown = [f"{name}={value}" for name, value in of_method.items()]
        yield " ".join([method, *shown]), method, of_method


def choose_format(output: str | None, given: str | None) -> str:
    """
    The format of a report, by -f or the ending of -o.

    Raises
    ------
    OutputError
        If the ending belongs to no format or to another one.
    MissingExtraError
        If it is a picture, and matplotlib is not installed.
    """
    chosen = format_by_ending(output, given, ENDINGS)
    if chosen in BY_MATPLOTLIB:
        from ..report.picture import require_matplotlib

        require_matplotlib()
    return chosen


def best_masks(
    report: Report, sets: Mapping[str, DataSet], tops: Mapping[str, TopMasks]
) -> dict[str, list[ShownClass]]:
    """The masks that a page shows, by the name of their set; those that can be shown are read."""
    if not tops:
        return {}
    from ..report.page import ShownClass, ShownMask, classes_with_masks
    from ..report.thumbnails import class_colors, thumbnail

    found: dict[str, list[ShownClass]] = {}
    for table in report.tables:
        if table.name not in tops:
            continue
        data, of_class = sets[table.name], tops[table.name].of_class
        colors = class_colors(table.counts, data.labels)
        found[table.name] = [
            ShownClass(
                row,
                colors[row.index],
                [
                    ShownMask(
                        top.name,
                        top.pixels,
                        top.mask_pixels,
                        thumbnail(top, row.index, data.labels, colors, data.reading),
                    )
                    for top in of_class[row.index]
                ],
            )
            for row in classes_with_masks(table)
            if row.index in of_class
        ]
    return found


def encode_report(
    report: Report,
    columns: Mapping[str, Formula],
    format_: str,
    output: str | None,
    voice: Voice,
    masks: Mapping[str, Sequence[ShownClass]],
) -> bytes:
    """The bytes of a report; a text fits the terminal it goes to, or 80 columns."""
    if format_ in BY_MATPLOTLIB:
        from ..report.picture import picture

        data, warnings = picture(report, format_)
        voice.warn_each(warnings)
        return data
    if format_ == "text":
        from ..report.text import text_report

        look = _look(output, voice)
        return text_report(report, look).encode(look.encoding)
    if format_ == "svg":
        from ..report.drawing import draw_report
        from ..report.svg import write_svg

        return write_svg(draw_report(report)).encode()
    if format_ == "html":
        from ..report.page import html_report

        return html_report(report, voice.warnings, masks).encode()
    if format_ == "json":
        from ..report.document import json_report

        return json_report(report, columns)
    from ..report.files import csv_report, markdown_report

    return {"csv": csv_report, "markdown": markdown_report}[format_](report).encode()


def _look(output: str | None, voice: Voice) -> Look:
    if output or sys.stdout is None:
        return Look(_WIDTH)
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Look(width, sys.stdout.encoding or "utf-8", voice.wants_color(sys.stdout))
