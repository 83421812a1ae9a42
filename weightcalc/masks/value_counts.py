"""
`ValueCounts`, what a reader finds in one mask, and `MaskSums`, what it finds in several.
"""

from typing import NamedTuple


class ValueCounts(NamedTuple):
    """
    What one mask holds, before any class is known.

    Attributes
    ----------
    values : dict of int to int
        Value to pixels: an index sample, a packed colour, or a channel.
    pixels : int
        All pixels of the mask, each position once.
    kind : str
        Mode of the mask, such as "palette" or "16-bit grey": masks of one set share it.
    largest : int
        Largest value that the sample type can hold.
    unlabelled : int
        Pixels that carry no label at all: the all-zero vectors of a one-hot mask.
    num_channels : int
        Channels of a one-hot or multilabel mask, also those without a one; else 0.
    notes : tuple of str
        What is odd about the file but leaves its counts right.
    nodata : int, optional
        The value that the file declares to be no data.
    colors : dict of int to int, optional
        Used index of a palette image to its colour, ``0xRRGGBB``. None for other masks, and
        where the palette is a plain ramp of greys, which says nothing.
    overlapping : bool
        Whether a pixel may have several values, as in multilabel masks, or none of them.
    """

    values: dict[int, int]
    pixels: int
    kind: str
    largest: int = 255
    unlabelled: int = 0
    num_channels: int = 0
    notes: tuple[str, ...] = ()
    nodata: int | None = None
    colors: dict[int, int] | None = None
    overlapping: bool = False

    @property
    def fingerprint(self) -> int:
        """Equal for masks whose counts and number of pixels agree, and hardly ever for others."""
        return hash((self.pixels, frozenset(self.values.items())))


class MaskSums(NamedTuple):
    """
    What several grey masks hold together, each value of which is a class or ignored.

    Attributes
    ----------
    num_masks : int
        Each is a file of its own.
    pixels, ignored_pixels : int
        Of all of them.
    values : dict of int to tuple of int
        Value to its pixels, the number of masks that hold it, the pixels of these masks, and
        those of them that are not ignored.
    kind, largest
        As of `ValueCounts`.
    """

    num_masks: int
    pixels: int
    ignored_pixels: int
    values: dict[int, tuple[int, int, int, int]]
    kind: str = "grey"
    largest: int = 255
