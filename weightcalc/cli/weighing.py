"""
From counts to the bytes of a weights file, as the command line asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..counting.run import Plan
from ..counts.class_counts import ClassCounts
from ..labels.label_map import parse_class
from ..report.summary import summary_table, totals_line
from ..text.voice import Voice, is_terminal
from ..weights.class_weights import list_class_weights, remarks
from ..weights.formula import Formula
from ..weights.weights_file import WRITERS, lay_out, round_digits, write_json
from ..weights.weights_report import weights_report


def plan_weights(
    plan: Plan,
    *,
    method: str,
    params: Mapping[str, float | str],
    zero: Sequence[str],
    absent: str,
    normalize: str,
    clip: tuple[float, float] | None,
    denominator: str,
    **_: Any,
) -> Formula:
    """
    The formula that the options ask for, refused now if it never fits.

    Raises
    ------
    WeightcalcError
    """
    zeros = tuple(sorted({parse_class(text, plan.class_names) for text in zero}))
    return Formula(method, params, zeros, absent, normalize, clip, denominator)


def weigh(counts: ClassCounts, formula: Formula, voice: Voice) -> list[float]:
    """
    The weights, with a table and warnings for the person who asked.

    Raises
    ------
    WeightError
    """
    weights = list_class_weights(counts, formula)
    for remark in remarks(counts, weights, formula):
        voice.warn(remark)
    if voice.verbose or (is_terminal() and not voice.quiet):
        for line in summary_table(counts, weights):
            voice.say(line)
        voice.say(f"{totals_line(counts)}; method {formula.method}")
    return weights


def encode(
    counts: ClassCounts,
    weights: Sequence[float],
    formula: Formula,
    format_: str,
    layout: str,
    digits: int | None,
) -> bytes:
    """
    The bytes of a weights file.

    Raises
    ------
    OutputError
        If the layout needs names that the classes have not.
    """
    if digits is not None:
        weights = [round_digits(weight, digits) for weight in weights]
    if layout == "report":
        return write_json(weights_report(counts, weights, formula, digits))  # no other has it
    return WRITERS[format_](lay_out(weights, counts.class_names, layout))
