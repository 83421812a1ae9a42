"""
How unbalanced the classes of a set are, in two numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..counts.class_counts import ClassCounts
from .notes import short_name


class Imbalance(NamedTuple):
    """
    How unbalanced a set is; classes without pixels are left out.

    Attributes
    ----------
    largest, smallest : int
        The class with the most pixels, and that with the fewest.
    ratio : float
        Pixels of the largest to those of the smallest class.
    entropy : float
        Normalised entropy of the shares: 1 if all classes have as many pixels, near 0 if one
        has nearly all.
    """

    largest: int
    smallest: int
    ratio: float
    entropy: float


def imbalance_of(counts: ClassCounts) -> Imbalance | None:
    """How unbalanced a set is; None if fewer than two classes have pixels."""
    present = [index for index, pixels in enumerate(counts.pixels) if pixels]
    if len(present) < 2:
        return None
    largest = max(present, key=counts.pixels.__getitem__)
    smallest = min(present, key=counts.pixels.__getitem__)
    ratio = counts.pixels[largest] / counts.pixels[smallest]
    pixels = [counts.pixels[index] for index in present]
    return Imbalance(largest, smallest, ratio, normalized_entropy(pixels))


def normalized_entropy(pixels: Sequence[int]) -> float:
    """
    The entropy of shares as a part of the largest that so many classes can have.

    H / ln K with H = -sum p ln p, the evenness J' of Pielou (1966, "The measurement of
    diversity in different types of biological collections").

    Parameters
    ----------
    pixels : sequence of int
        Of two classes or more, all above 0.
    """
    total = sum(pixels)
    shares = [number / total for number in pixels]
    entropy = -math.fsum(share * math.log(share) for share in shares if share)
    return min(max(entropy / math.log(len(pixels)), 0.0), 1.0)


def imbalance_line(counts: ClassCounts) -> str:
    """One sentence of it; "" if there is nothing to compare."""
    found = imbalance_of(counts)
    if found is None:
        return ""
    largest, smallest = (short_name(counts.name(i)) for i in (found.largest, found.smallest))
    return (
        f"imbalance: class {largest} has {_times(found.ratio)} the pixels of class {smallest}; "
        f"normalised entropy of the shares {found.entropy:.2g} (1 is balanced)"
    )


def _times(ratio: float) -> str:
    text = f"{ratio:.3g}" if ratio < 100 or ratio >= 1e15 else f"{ratio:,.0f}"
    return f"{text} times"
