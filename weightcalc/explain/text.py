"""
An explanation as a text and as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._version import __version__
from ..text.columns import display_width, pad, shorten, wrap
from ..text.escape import printable
from ..weights.weights_file import write_json
from .explanation import KINDS, Explanation, classes_in_words, details_of
from .inversions import NO, YES, Reading
from .weight_list import WeightList


def explanation_document(explanation: Explanation) -> bytes:
    """All that was found, as JSON."""
    listed = explanation.listed
    document = {
        "format": "weightcalc-explanation/1",
        "verdict": explanation.verdict,
        "weights": listed.weights,
        "names": explanation.names,
        "precision": listed.precision,
        "tolerances": listed.tolerances,
        "zero": listed.zeros,
        "normalized": listed.normalizations(),
        "with_counts": explanation.with_counts,
        "readings": [_entry(reading) for reading in explanation.readings],
        "version": __version__,
    }
    return write_json(document)


def _entry(reading: Reading) -> Mapping[str, object]:
    return {
        "method": reading.method,
        "mistake": reading.mistake or None,
        "parameters": reading.parameters,
        "options": reading.options,
        "fits": reading.fits,
        "reason": reading.reason or None,
        "sum_of_shares": reading.total,
        "shares": reading.shares or None,
        "never_seen": reading.never_seen,
        "largest_deviation": reading.deviation,
        "largest_deviation_class": reading.deviates,
        "computed": reading.computed or None,
    }


def explanation_text(explanation: Explanation) -> bytes:
    """The verdict, a table of the methods, and one of the classes, for people."""
    best, listed = explanation.best, explanation.listed
    lines = [*wrap(explanation.verdict, _WIDTH, ""), "", *wrap(_about(listed), _WIDTH, ""), ""]
    lines += _method_table(explanation) if explanation.readings else []
    if best:
        lines += ["", *_class_table(explanation, best)]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


ENDINGS = {"text": (".txt",), "json": (".json",)}
EXPLANATIONS = {"text": explanation_text, "json": explanation_document}


def _about(listed: WeightList) -> str:
    size = len(listed.weights)
    text = f"{size} weight{'s' * (size > 1)} ({listed.precision})"
    if listed.zeros:
        text += f"; {classes_in_words(listed.zeros, 'weighs', 'weigh')} 0"
    kinds = [KINDS[kind] for kind in listed.normalizations()]
    return f"{text}; 1 is the {' and the '.join(kinds)} of the weights" if kinds else text


def _method_table(explanation: Explanation) -> list[str]:
    number = "off by" if explanation.with_counts else "sum"
    rows = [["method", "with", number, "verdict"]]
    for reading in explanation.readings:
        off_by = _deviation_text(reading.deviation)
        cell = off_by if explanation.with_counts else _sum_text(reading.total)
        wrong = reading.mistake.partition(" for ")[0]
        how = " ".join([*details_of(reading), wrong]).strip()
        rows.append([reading.method, how, cell, _cell(reading)])
    taken = sum(len(_GAP) + max(display_width(row[i]) for row in rows) for i in (0, 2, 3))
    kept = [[row[0], shorten(row[1], _WIDTH - taken), *row[2:]] for row in rows]
    return list(_columns(kept, "<<><"))


def _deviation_text(deviation: float | None) -> str:
    if deviation is None:
        return "-"
    return f"{deviation:.2g}" if deviation < 10 else f"{deviation:.3g}"


def _sum_text(total: float | None) -> str:
    return "-" if total is None else f"{total:.4f}" if total < 10 else f"{total:.5g}"


def _cell(reading: Reading) -> str:
    if reading.fits == YES:
        return "mistake" if reading.mistake else "fits"
    word = "no" if reading.fits == NO else "possible"
    if not reading.reason:
        return word
    return f"{word}{'' if reading.reason.startswith('if ') else ':'} {reading.reason}"


def _class_table(explanation: Explanation, best: Reading) -> list[str]:
    of_counts = explanation.with_counts
    values = (best.computed if of_counts else best.shares) or [None] * len(explanation.names)
    never_seen = set(best.never_seen)
    implied = "x median" if best.method == "median-frequency" else "share"
    rows = [["class", "name", "weight", "computed" if of_counts else implied, ""]]
    for index, weight in enumerate(explanation.listed.weights):
        value = 0 if index in never_seen and not of_counts else values[index]
        rows.append(
            [
                str(index),
                shorten(printable(explanation.names[index] or ""), _NAME),
                f"{weight:.6g}",
                "" if value is None else f"{value:.6g}",
                "never seen" if index in never_seen else "",
            ]
        )
    filled = [i for i in range(5) if any(row[i] for row in rows[1:])]
    kept = [[row[i] for i in filled] for row in rows]
    return list(_columns(kept, "".join("><>><"[i] for i in filled)))


def _columns(rows: Sequence[Sequence[str]], aligned: str) -> Iterator[str]:
    widths = [max(display_width(row[i]) for row in rows) for i in range(len(aligned))]
    for row in rows:
        cells = (pad(cell, w, a) for cell, w, a in zip(row, widths, aligned, strict=True))
        yield _GAP.join(cells).rstrip()


_WIDTH = 80


_NAME, _GAP = 24, "  "
