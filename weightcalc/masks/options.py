"""
How masks encode classes, and what a reader must know besides the file.
"""

from typing import NamedTuple

from ..errors import DamagedError, LimitError, ShapeError
from ..files.limits import MAX_BYTES, MAX_PIXELS


class ReadOptions(NamedTuple):
    """
    What a reader must know besides the file.

    Attributes
    ----------
    encoding : str
        One of `ENCODINGS`. "auto" reads as "index" does, and refuses what may be
        meant otherwise.
    channel_axis : int, optional
        Axis of the channels of one-hot and multilabel arrays. Default is the last.
    foreground : tuple of int, optional
        Least and largest value that means "in the class" in the channels of one-hot and
        multilabel arrays. Default is 1, where all others are 0.
    array : str, optional
        Name of the array that is the mask, in files that hold several: .npz, HDF5 and Zarr.
    allow_lossy : bool
        Whether JPEG and lossy WebP are read.
    max_pixels : int
        Most pixels of a mask.
    max_bytes : int
        Most bytes that a mask may inflate to.
    blended : bool
        Whether a mask read as "color" may have more than 256 colours where few of them hold
        nearly all pixels: its edges are blended, and somebody will tell which are classes.
    """

    encoding: str = "auto"
    channel_axis: int | None = None
    foreground: tuple[int, int] | None = None
    array: str | None = None
    allow_lossy: bool = False
    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES
    blended: bool = False

    @property
    def by_channels(self) -> bool:
        """Whether the channels of a mask are its classes."""
        return self.encoding in ("one-hot", "multilabel")


DEFAULTS = ReadOptions()


def check_size(width: int, height: int, options: ReadOptions) -> None:
    """
    Refuse an image without pixels, or with more than `options` allow.

    Raises
    ------
    DecodeError
    """
    if width < 1 or height < 1:
        raise DamagedError(f"its size is {width} x {height}")
    if width * height > options.max_pixels:
        raise LimitError(
            f"{width} x {height} pixels are more than the limit of {options.max_pixels}"
        ).with_hint("--max-pixels, if the file is what it should be")


def check_image(options: ReadOptions) -> None:
    """
    Refuse an image where arrays of channels are asked for.

    Raises
    ------
    DecodeError
    """
    if options.by_channels:
        raise ShapeError(f"an image has no channels to read as {options.encoding}").with_hint(
            "--encoding index or color; one-hot and multilabel masks are arrays, bands of a TIFF "
            "or the fourth axis of a NIfTI volume"
        )
