"""
From counts to the bytes of a weights file, as the command line asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..counts.class_counts import ClassCounts
from ..files.endings import format_by_ending
from ..text.voice import Voice
from ..weights.class_weights import list_class_weights, remarks
from ..weights.formula import Formula
from ..weights.weights_file import (
    DOCUMENTS,
    ENDINGS,
    REFUSED,
    check_key,
    check_layout,
    encode_weights,
    lay_out,
    round_digits,
)


def choose_format(output: str | None, given: str | None, layout: str, key: str | None) -> str:
    """
    The format of a weights file, by -f or the ending of -o.

    Raises
    ------
    OutputError
        If the ending belongs to no format or to another one, or the format lacks the layout
        or keys.
    """
    name = format_by_ending(output, given, ENDINGS, REFUSED)
    check_layout(name, layout)
    check_key(name, layout, key)
    return name


def weigh(counts: ClassCounts, formula: Formula, voice: Voice, remedy: str = "") -> list[float]:
    """
    The weights, with a table and warnings for the person who asked.

    `remedy` is what to do where a class is in no mask.

    Raises
    ------
    WeightError
    """
    weights = list_class_weights(counts, formula)
    if voice.is_heard:
        from ..report.summary import summary_table, totals_line  # here: pipes need neither

        for line in summary_table(counts, weights):
            voice.say(line)
        voice.tell(f"{totals_line(counts)}; method {formula.method}")
    voice.warn_each(remarks(counts, weights, formula, remedy))
    return weights


def encode(
    counts: ClassCounts,
    weights: Sequence[float],
    formula: Formula,
    format_: str,
    layout: str,
    key: str | None,
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
        from ..weights.weights_report import weights_report  # here: most want weights alone

        return DOCUMENTS[format_](weights_report(counts, weights, formula, digits))
    return encode_weights(lay_out(weights, counts.class_names, layout), format_, key)
