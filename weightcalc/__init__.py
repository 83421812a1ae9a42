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
    from .counting.count import count_masks, list_masks
    from .counting.engines import local_pool
    from .counting.weighing import class_weights
    from .counts.class_counts import ClassCounts
    from .counts.counts_file import read_counts, write_counts
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
    from .explain.explanation import explain_weights
    from .labels.label_map import LabelMap
    from .masks.file import count_file
    from .masks.options import ReadOptions
    from .masks.value_counts import ValueCounts
    from .weights.class_weights import compute_class_weights
    from .weights.formulas import METHODS
    from .weights.weights_file import write_weights

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
    "class_weights",
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
    "METHODS": "weights.formulas",
    "ClassCounts": "counts.class_counts",
    "LabelMap": "labels.label_map",
    "ReadOptions": "masks.options",
    "ValueCounts": "masks.value_counts",
    "class_weights": "counting.weighing",
    "compute_class_weights": "weights.class_weights",
    "count_file": "masks.file",
    "count_masks": "counting.count",
    "explain_weights": "explain.explanation",
    "list_masks": "counting.count",
    "local_pool": "counting.engines",
    "read_counts": "counts.counts_file",
    "write_counts": "counts.counts_file",
    "write_weights": "weights.weights_file",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line answers --help at once."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
