"""
What the header of a PNG file says. Specification: https://www.w3.org/TR/png-3/
"""

from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_NAMES = {GREY: "grey", RGB: "RGB", PALETTE: "palette", GREY_ALPHA: "grey+alpha", RGBA: "RGBA"}
# First column and row, and steps between columns and rows, of the passes of Adam7.
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class Header(NamedTuple):
    """What IHDR says: pixels, bits of a sample, colour type, and whether Adam7 is used."""

    width: int
    height: int
    depth: int
    color: int
    interlaced: bool

    @property
    def num_samples(self) -> int:
        """Samples of a pixel."""
        return _SAMPLES[self.color]

    @property
    def kind(self) -> str:
        """Mode of the image; depths up to 8 bits are one kind, as optimisers change them."""
        return f"16-bit {_NAMES[self.color]}" if self.depth == 16 else _NAMES[self.color]

    def passes(self) -> Iterator[tuple[int, int]]:
        """Width and height of the images that follow each other in the stream."""
        if not self.interlaced:
            yield self.width, self.height
            return
        for x, y, dx, dy in _ADAM7:
            width, height = -((x - self.width) // dx), -((y - self.height) // dy)
            if width > 0 and height > 0:
                yield width, height

    def places(self) -> Iterator[tuple[int, int, int, int]]:
        """First column and row, and steps between columns and rows, of each of `passes`."""
        for x, y, dx, dy in _ADAM7 if self.interlaced else ((0, 0, 1, 1),):
            if x < self.width and y < self.height:
                yield x, y, dx, dy

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of `width` pixels, without its filter type."""
        return (width * self.num_samples * self.depth + 7) // 8
