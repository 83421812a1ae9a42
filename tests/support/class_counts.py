"""Class counts for tests: of rows of values, and of numbers of pixels."""

import numpy as np

from weightcalc import ClassCounts
from weightcalc.counts.counts_file import counts_of_document


def counts_of(*masks, labels=None):
    """Counts of masks, each a list of values."""
    counts = ClassCounts(labels)
    for values in masks:
        counts.add_mask(np.array([values]))
    return counts


def counts_of_pixels(*pixels):
    """Counts of one mask that holds each class so often."""
    total = sum(pixels)
    entries = [
        {"index": index, "name": None, "pixels": n, "masks": int(n > 0)}
        | dict.fromkeys(("mask_pixels", "labelled_mask_pixels"), total if n else 0)
        for index, n in enumerate(pixels)
    ]
    document = {"format": "weightcalc-counts/1", "classes": entries, "ignored": []}
    return counts_of_document(document | {"masks": 1, "pixels": total, "ignored_pixels": 0})
