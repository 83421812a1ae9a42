"""
A report as JSON, for programs. Its form is that of ``schemas/balance.json``.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._version import __version__
from ..counts.class_counts import ClassCounts
from ..weights.formula import Formula
from ..weights.weights_file import write_json
from .imbalance import imbalance_of
from .table import ClassTable, Report

FORMAT = "weightcalc-balance/1"


def json_report(report: Report, formulas: Mapping[str, Formula]) -> bytes:
    """
    A report with all of its classes and what is to be said of them.

    Parameters
    ----------
    report : Report
    formulas : mapping of str to Formula
        By the headings of the columns of weights.
    """
    return write_json(
        {
            "format": FORMAT,
            "methods": [
                {"name": name, "method": formula.method, "parameters": formula.all_params()}
                for name, formula in formulas.items()
            ],
            "sets": [_set_entry(table, report) for table in report.tables],
            "drifts": [
                {"set": table.name, "distance": drift.distance}
                for table, drift in zip(report.tables[1:], report.drifts, strict=True)
            ],
            "version": __version__,
        }
    )


def _set_entry(table: ClassTable, report: Report) -> dict[str, object]:
    counts = table.counts
    return {
        "name": table.name,
        "masks": counts.num_masks,
        "pixels": counts.num_pixels,
        "ignored_pixels": counts.ignored_pixels,
        "imbalance": _imbalance_entry(counts),
        "classes": [
            {
                "index": row.index,
                "name": counts.class_names[row.index],
                "status": row.status,
                "pixels": row.pixels,
                "share": row.share,
                "masks": row.masks,
                "weights": dict(zip(report.methods, row.weights, strict=True)),
            }
            for row in table.rows
        ],
        "ignored": [
            {"value": value, "pixels": pixels, "masks": masks}
            for value, (pixels, masks) in counts.ignored.items()
        ],
        "notes": table.notes,
    }


def _imbalance_entry(counts: ClassCounts) -> dict[str, object] | None:
    found = imbalance_of(counts)
    return None if found is None else found._asdict()
