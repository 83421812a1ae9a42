"""
From counts to the bytes of a weights file, as the command line asks for them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..counting.data_set import DataSet
from ..counts.class_counts import ClassCounts
from ..errors import OutputError, WeightError
from ..files.endings import format_by_ending
from ..labels.values import parse_class
from ..text.voice import Voice
from ..weights.class_weights import list_class_weights, on_spread, remarks
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
from ..weights.weights_report import weights_report
from .formula_options import FormulaOptions


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


def check_names(data: DataSet, layout: str) -> None:
    """
    Refuse a layout that the classes of a data set do not allow, before a mask is read.

    Raises
    ------
    OutputError
        If the classes are only found, and have no order, or if weights
        are to go by names that classes do not have.
    """
    if layout in ("list", "dict") and data.unordered:
        raise OutputError(
            f"without a class list the {data.unordered} have no order, which --layout {layout} needs"
        ).with_hint(f"-c/--classes with a list of the {data.unordered}, or --layout named")
    if layout == "named" and not data.labels.learn_colors:
        lay_out([0.0] * len(data.class_names) or [0.0], data.class_names, layout)


def plan_weights(
    asked: FormulaOptions, class_names: Sequence[str | None], ignored: Collection[int]
) -> Formula:
    """
    The formula that the options ask for, refused now if it never fits.

    Parameters
    ----------
    asked : FormulaOptions
    class_names : sequence of str or None
    ignored : collection of int
        Classes whose pixels are ignored, for which --zero has nothing to do.

    Raises
    ------
    WeightcalcError
    """
    zero = tuple(sorted({parse_class(text, class_names) for text in asked.zero}))
    if (idle := next((c for c in zero if c in ignored), None)) is not None:
        raise WeightError(
            f"--zero {idle}: the pixels of class {idle} are ignored, so that they are in no count "
            "and its weight is 0 already"
        ).with_hint(
            f"--ignore-index none counts them, where a class list ignores them; "
            f"or leave --zero {idle} out"
        )
    return Formula(
        asked.method, asked.params, zero, asked.absent, asked.normalize, asked.clip,
        asked.denominator,
    )  # fmt: skip


def weigh(counts: ClassCounts, formula: Formula, voice: Voice) -> list[float]:
    """
    The weights, with a table and warnings for the person who asked.

    Raises
    ------
    WeightError
    """
    weights = list_class_weights(counts, formula)
    if voice.is_heard:
        from ..report.summary import summary_table, totals_line  # here: pipes need neither

        for line in summary_table(counts, weights):
            voice.say(line)
        voice.say(f"{totals_line(counts)}; method {formula.method}")
    voice.warn_each(remarks(counts, weights, formula))
    if far := on_spread(counts, weights, formula):
        voice.note(far)
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
        return DOCUMENTS[format_](weights_report(counts, weights, formula, digits))
    return encode_weights(lay_out(weights, counts.class_names, layout), format_, key)
