"""
The table of classes that every run shows on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..counts.class_counts import ClassCounts
from ..text.columns import display_width, pad, shorten
from ..text.escape import printable
from ..text.numbers import grouped

_BAR = 12  # columns of a full bar


_NAME = 24


def summary_table(counts: ClassCounts, weights: Sequence[float]) -> list[str]:
    """
    Lines of a table: class, name, pixels, share, masks, weight, and a bar of the share.

    Names are left out where there are none, and masks where pixels alone are known.
    """
    named = any(name is not None for name in counts.class_names)
    left_out = {"name": not named, "masks": not counts.num_masks}
    columns = ["class", "name", "pixels", "share", "masks", "weight", ""]
    kept = [i for i, column in enumerate(columns) if not left_out.get(column)]
    header = [columns[i] for i in kept]
    each = [_summary_row(counts, weights, index) for index in range(counts.num_classes)]
    rows = [[row[i] for i in kept] for row in each]
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
        grouped(counts.pixels[index]),
        "ignored" if ignored else f"{100 * share:.3f}%",
        grouped(counts.masks[index]),
        f"{weights[index]:.4g}",
        "#" * round(_BAR * counts.pixels[index] / (max(counts.pixels) or 1)),
    ]


def totals_line(counts: ClassCounts) -> str:
    """One sentence of totals."""
    share = 100 * counts.ignored_pixels / counts.num_pixels if counts.num_pixels else 0.0
    masks = f"{grouped(counts.num_masks)} masks, " if counts.num_masks else ""
    pixels, ignored = grouped(counts.num_pixels), grouped(counts.ignored_pixels)
    return f"{masks}{pixels} pixels, {ignored} ignored ({share:.2f}%)"
