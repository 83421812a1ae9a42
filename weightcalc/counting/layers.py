"""
What goes with files that are layers, and what does not.
"""

from __future__ import annotations

from ..labels.options import LabelOptions
from ..masks.options import ReadOptions
from ..sources.names import is_counts_file
from ..sources.options import SourceOptions


def contradiction(sources: SourceOptions, labels: LabelOptions, reading: ReadOptions) -> str:
    """Say which options do not go with --layers, or go with nothing else; "" if all is well."""
    channels = reading.encoding in ("one-hot", "multilabel")
    if sources.layers is None:
        if labels.rest is not None:
            return "--rest goes with --layers"
        if reading.foreground is not None and not channels:
            return "--foreground goes with --layers, or with --encoding one-hot or multilabel"
        return ""
    if labels.of_values or reading.encoding != "auto":
        return (
            "--ignore-index, --map, --reduce-zero-label and --encoding speak of the values of "
            "masks, but with --layers the files are the classes: --foreground VALUE says which "
            "values are in the class of a file"
        )
    if labels.num_classes is not None and labels.classes is None:
        return (
            "-n says nothing of the order of the classes of --layers: give -c with a list of them"
        )
    if labels.rest is not None and not sources.layers.has_class:
        return "without {class} in --layers the rest is class 0 already: leave --rest out"
    if sources.files_from is None and all(map(is_counts_file, sources.sources)):
        return "--layers describes masks, but there are only counts files"
    return ""
