"""
The report layout of weights: all that is needed to make them again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._version import __version__
from ..counts.class_counts import REPORT, ClassCounts
from .formula import Formula


def weights_report(
    counts: ClassCounts,
    weights: Sequence[float],
    formula: Formula,
    digits: int | None = None,
) -> dict[str, object]:
    """
    Weights with all that is needed to make them again, as one JSON object.

    Its form is that of ``schemas/report.json``.

    Parameters
    ----------
    counts : ClassCounts
    weights : sequence of float, one for each class
    formula : Formula
    digits : int, optional
        Significant digits that the weights were rounded to.
    """
    return {
        "format": REPORT,
        "weights": [float(weight) for weight in weights],
        "names": counts.class_names,
        "method": formula.method,
        "parameters": formula.all_params(),
        "options": {
            "zero": list(formula.zero),
            "absent": formula.absent,
            "normalize": formula.normalize,
            "clip": _limits(formula.clip),
            "denominator": formula.denominator,
            "digits": digits,
        },
        "counts": counts.to_dict(),
        "version": __version__,
    }


def _limits(clip: tuple[float, float] | None) -> list[float | None] | None:
    """The limits of --clip; None stands for no limit, as JSON has no word for infinity."""
    return None if clip is None else [limit if math.isfinite(limit) else None for limit in clip]
