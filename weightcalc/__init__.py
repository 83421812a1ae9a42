"""
Class weights for segmentation, counted exactly from masks.

>>> import numpy as np
>>> import weightcalc
>>> counts = weightcalc.ClassCounts()
>>> counts.add_mask(np.array([[0, 0, 0, 0, 1, 1]]))
>>> weightcalc.compute_class_weights(counts, "balanced")
array([0.75, 1.5 ])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .counting import count_file, count_masks, list_masks
    from .counts import ClassCounts, ValueCounts
    from .counts_file import read_counts, write_counts
    from .encodings import ReadOptions
    from .engines import local_pool
    from .errors import (
        CountsError,
        LabelError,
        MaskError,
        MasksError,
        MissingExtraError,
        OutputError,
        SourceError,
        WeightcalcError,
        WeightError,
    )
    from .explain import explain_weights
    from .formulas import METHODS
    from .labels import LabelMap
    from .weights import compute_class_weights
    from .writers import write_weights

__all__ = [
    "METHODS",
    "ClassCounts",
    "CountsError",
    "LabelError",
    "LabelMap",
    "MaskError",
    "MasksError",
    "MissingExtraError",
    "OutputError",
    "ReadOptions",
    "SourceError",
    "ValueCounts",
    "WeightError",
    "WeightcalcError",
    "__version__",
    "compute_class_weights",
    "count_file",
    "count_masks",
    "explain_weights",
    "list_masks",
    "local_pool",
    "read_counts",
    "write_counts",
    "write_weights",
]

_HOMES = {
    "METHODS": "formulas",
    "ClassCounts": "counts",
    "LabelMap": "labels",
    "ReadOptions": "encodings",
    "ValueCounts": "counts",
    "compute_class_weights": "weights",
    "count_file": "counting",
    "count_masks": "counting",
    "explain_weights": "explain",
    "list_masks": "counting",
    "local_pool": "engines",
    "read_counts": "counts_file",
    "write_counts": "counts_file",
    "write_weights": "writers",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line answers --help at once."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
