"""
Counts and weights for people: the table of a summary, and the report layout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .._version import __version__
from ..counts.class_counts import REPORT, ClassCounts
from .class_weights import parameters_of

_OPTIONS = ("zero", "absent", "normalize", "clip", "denominator")


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
        "format": REPORT,
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
