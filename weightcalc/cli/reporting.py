"""
A run of `report`: which sets of masks to compare, by which formulas, and in which format.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..counting.run import Plan, carry_out, matching_paths, plan_run
from ..errors import OutputError, WeightError
from ..report.formats import FORMATS, PICTURES
from ..report.table import Report, make_report
from ..report.text import Look
from ..text.escape import printable
from ..text.voice import Voice, wants_color
from ..weights.formula import Formula, parameters_of
from .weighing import plan_weights

_METHODS: dict[str, dict[str, float | str]] = {
    "median-frequency": {},
    "balanced": {},
    "enet": {},
    "effective-number": {"unit": "masks"},  # by pixels its weights hardly differ
}
_NOT_FOR_COUNTS: dict[str, Any] = {
    **dict.fromkeys(("null", "allow_remote", "reduce_zero_label"), False),
    **dict.fromkeys(("ignore_index", "mapping"), ()),
    **dict.fromkeys(("root", "suffix"), ""),
    "files_from": None,
}
_WIDTH = 80  # of a text that goes into a file


@dataclass(frozen=True)
class ReportPlan:
    """
    What a report will show.

    Attributes
    ----------
    plans : dict of str to Plan
        By the name of each set.
    formulas : dict of str to Formula
        By the heading of each column of weights.
    """

    plans: dict[str, Plan]
    formulas: dict[str, Formula]
    sort: str
    format_: str
    output: str | None
    color: str


def plan_report(
    sources: Sequence[str],
    output: str | None,
    voice: Voice,
    *,
    methods: Sequence[str],
    params: Mapping[str, float | str],
    sort: str,
    format_: str | None,
    color: str,
    **options: Any,
) -> ReportPlan:
    """
    Find all that a report needs, and refuse all that can be refused by now.

    Each counts file is a set of its own; all masks together are one.

    Raises
    ------
    WeightcalcError, click.UsageError
    """
    chosen = _format(output, format_)
    parts = [*_parts(sources, options["files_from"])]
    plans = {
        name: plan_run(part, voice, outputs=[output], **(options | changed))
        for (part, changed), name in zip(parts, _names(parts), strict=True)
    }
    named = next((plan for plan in plans.values() if any(plan.class_names)), None)
    speaker = named or next(iter(plans.values()))
    formulas = {
        heading: plan_weights(speaker, method=method, params=of_method, **options)
        for heading, method, of_method in _columns(methods, params)
    }
    return ReportPlan(plans, formulas, sort, chosen, output, color)


def _parts(
    sources: Sequence[str], files_from: str | None
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The sources of each set, and the options that are not meant for it."""
    masks = [source for source in sources if not _is_counts(source)]
    any_masks = bool(masks or files_from)
    first = next((i for i, source in enumerate(sources) if not _is_counts(source)), None)
    for position, source in enumerate(sources):
        if _is_counts(source):
            yield from (
                ([path], _NOT_FOR_COUNTS if any_masks else {}) for path in matching_paths(source)
            )
        elif position == first:
            yield masks, {}
    if not masks and (files_from or not sources):
        yield [], {}


def _is_counts(source: str) -> bool:
    return source.lower().endswith(".json")


def _names(parts: Sequence[tuple[list[str], dict[str, Any]]]) -> list[str]:
    """What sets are called: counts files by their stems, as long as these differ."""
    each = [[*dict.fromkeys(part)] for part, _ in parts]
    texts = [", ".join(part[:2]) + ", ..." * (len(part) > 2) or "masks" for part in each]
    stems = [os.path.splitext(os.path.basename(t))[0] if _is_counts(t) else t for t in texts]
    names: list[str] = []
    for text in stems if len(set(stems)) == len(parts) > 1 else texts:
        name = printable(text)
        names.append(f"{name} ({len(names) + 1})" if name in names else name)
    return names


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


def _format(output: str | None, format_: str | None) -> str:
    suffix = os.path.splitext(output or "")[1].lower()
    by_suffix = {end: name for name, ends in FORMATS.items() for end in ends} | {"": "text"}
    if format_ is None and suffix not in by_suffix:
        raise OutputError(
            f"{printable(output or '')}: no report has the ending {printable(suffix)}"
        ).with_hint(f"-f {'|'.join(FORMATS)}")
    chosen = format_ or by_suffix[suffix]
    if chosen in PICTURES:
        from ..report.picture import require_matplotlib

        require_matplotlib()
        if not output and sys.stdout.isatty():
            raise click.UsageError(f"{chosen} is no text, and standard output a terminal: -o FILE")
    return chosen


def carry_out_report(plan: ReportPlan) -> Report:
    """
    Count each set, and put them side by side.

    Raises
    ------
    WeightcalcError
    """
    sets = {name: carry_out(part) for name, part in plan.plans.items()}
    return make_report(sets, plan.formulas, plan.sort)


def encode_report(report: Report, plan: ReportPlan, voice: Voice) -> bytes:
    """The bytes of a report in the format of the plan."""
    if plan.format_ in PICTURES:
        from ..report.picture import picture

        data, warnings = picture(report, plan.format_)
        for warning in warnings:
            voice.warn(warning)
        return data
    if plan.format_ == "text":
        from ..report.text import text_report

        look = _look(plan)
        return text_report(report, look).encode(look.encoding)
    from ..report.files import csv_report, markdown_report

    return {"csv": csv_report, "markdown": markdown_report}[plan.format_](report).encode()


def _look(plan: ReportPlan) -> Look:
    if plan.output or sys.stdout is None:
        return Look(_WIDTH)
    seen = sys.stdout.isatty() and wants_color(plan.color)
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Look(width, sys.stdout.encoding or "utf-8", seen or plan.color == "always")
