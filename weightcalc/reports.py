"""
Counts and weights for people: the table of a summary, and the report layout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ._version import __version__
from .counts import ClassCounts
from .errors import printable
from .text_width import display_width, pad, shorten
from .weights import parameters_of

_BAR = 12  # columns of a full bar
_NAME = 24
_OPTIONS = ("zero", "absent", "normalize", "clip", "denominator")


def summary_table(counts: ClassCounts, weights: Sequence[float]) -> list[str]:
    """Lines of a table: class, name, pixels, share, masks, weight, and a bar of the share."""
    named = any(name is not None for name in counts.class_names)
    rows = [_summary_row(counts, weights, index) for index in range(counts.num_classes)]
    header = ["class", "name", "pixels", "share", "masks", "weight", ""]
    if not named:
        header, rows = header[:1] + header[2:], [row[:1] + row[2:] for row in rows]
    widths = [max(display_width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    left = {header.index("name")} if named else set()
    return [
        "  ".join(
            pad(cell, width, "<" if i in left or i == len(header) - 1 else ">")
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    ]


def _summary_row(counts: ClassCounts, weights: Sequence[float], index: int) -> list[str]:
    share = counts.pixels[index] / counts.labelled_pixels if counts.labelled_pixels else 0.0
    name = printable(counts.class_names[index] or "")
    ignored = index in counts.ignored_classes
    return [
        str(index),
        shorten(name, _NAME, "..."),
        str(counts.pixels[index]),
        "ignored" if ignored else f"{100 * share:.3f}%",
        str(counts.masks[index]),
        f"{weights[index]:.4g}",
        "#" * round(_BAR * counts.pixels[index] / (max(counts.pixels) or 1)),
    ]


def totals_line(counts: ClassCounts) -> str:
    """One sentence of totals."""
    share = 100 * counts.ignored_pixels / counts.num_pixels if counts.num_pixels else 0.0
    return (
        f"{counts.num_masks} masks, {counts.num_pixels} pixels, "
        f"{counts.ignored_pixels} ignored ({share:.2f}%)"
    )


def weights_report(
    counts: ClassCounts,
    weights: Sequence[float],
    formula: Mapping[str, Any],
    digits: int | None = None,
) -> dict[str, Any]:
    """
    Weights with all that is needed to make them again, as one JSON object.

    Its form is that of ``schemas/report.json``.

    Parameters
    ----------
    counts : ClassCounts
    weights : sequence of float, one for each class
    formula : mapping of str
        The arguments of `list_class_weights`.
    digits : int, optional
        Significant digits that the weights were rounded to.
    """
    options = {name: formula[name] for name in _OPTIONS}
    given = {name: formula[name] for name in formula if name not in ("method", *_OPTIONS)}
    return {
        "format": "weightcalc-weights/1",
        "weights": [float(weight) for weight in weights],
        "names": counts.class_names,
        "method": formula["method"],
        "parameters": {**parameters_of(formula["method"]), **given},
        "options": {**options, "clip": _limits(formula["clip"]), "digits": digits},
        "counts": counts.to_dict(),
        "version": __version__,
    }


def _limits(clip: tuple[float, float] | None) -> list[float | None] | None:
    """The limits of --clip; None stands for no limit, as JSON has no word for infinity."""
    return None if clip is None else [limit if math.isfinite(limit) else None for limit in clip]
