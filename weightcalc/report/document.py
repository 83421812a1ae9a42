"""
A report as JSON, for programs.
"""

from __future__ import annotations

from .._version import __version__
from ..counts.drift import Drift
from ..weights.weights_file import write_json
from .table import ClassTable, Report

FORMAT = "weightcalc-balance/1"


def json_report(report: Report) -> bytes:
    """
    All numbers of a report as one JSON object: what the CSV holds, drifts and notes.

    Names of classes are as they are, not escaped, and null where there is none.
    """
    return write_json(
        {
            "format": FORMAT,
            "methods": report.methods,
            "sets": [_set(table, report.methods) for table in report.tables],
            "drifts": [
                _drift(table.name, drift)
                for table, drift in zip(report.tables[1:], report.drifts, strict=True)
            ],
            "notes": report.notes,
            "version": __version__,
        }
    )


def _set(table: ClassTable, methods: list[str]) -> dict[str, object]:
    counts = table.counts
    classes = [
        {
            "index": row.index,
            "name": counts.class_names[row.index],
            "status": row.status,
            "pixels": row.pixels,
            "masks": row.masks,
            "share": row.share,
            "weights": dict(zip(methods, row.weights, strict=True)),
        }
        for row in table.rows
    ]
    ignored = [
        {"value": value, "pixels": pixels, "masks": masks}
        for value, (pixels, masks) in counts.ignored.items()
    ]
    return {
        "name": table.name,
        "masks": counts.num_masks,
        "pixels": counts.num_pixels,
        "ignored_pixels": counts.ignored_pixels,
        "classes": classes,
        "ignored": ignored,
    }


def _drift(name: str, drift: Drift) -> dict[str, object]:
    """How far a set lies from the first: total variation distance, and the classes that moved."""
    moves = [{"index": m.index, "before": m.before, "after": m.after} for m in drift.moves]
    return {"set": name, "distance": drift.distance, "moves": moves}
