"""
The same mask twice in one set.

The counts of the pass are the key: only masks whose counts and sizes agree are read again.
A digest of their pixels finds the pair, so that many masks of equal counts cost one reading
each, and the pixels themselves decide. Of each mask that was seen, one number and the place
of the mask are held.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..errors import MaskError
from ..sources.opening import open_mask
from ..sources.scenes import Item, Scene, name_of
from .splits import digest_of

if TYPE_CHECKING:
    import numpy as np

    from ..masks.value_counts import ValueCounts

_PIECE = 1 << 20


class _Place(NamedTuple):
    item: Item
    number: int | None

    @property
    def name(self) -> str:
        name = name_of(self.item)
        return name if self.number is None else f"{name}[{self.number}]"


class Duplicates:
    """
    The masks of a set that were seen so far.

    Parameters
    ----------
    encoding : str
        How the masks hold classes.

    Attributes
    ----------
    num_uncompared : int
        Masks whose counts another one has, and whose pixels were not compared with it.
    """

    def __init__(self, encoding: str) -> None:
        self.num_uncompared = 0
        self._encoding = encoding
        self._only: dict[int, _Place | None] = {}  # None where several have those counts
        self._read: dict[tuple[int, bytes], list[_Place]] = {}  # by counts and digest
        self._opaque: set[int] = set()  # counts that a mask has whose pixels are not to be had

    def twin(self, item: Item, number: int | None, mask: ValueCounts) -> str | None:
        """
        The name of a mask that was seen before and is the same; this one is remembered.

        Parameters
        ----------
        item : str or Scene
        number : int or None
            Which mask of the file it is; None where that holds no other.
        mask : ValueCounts
            Its counts.
        """
        place, key = _Place(item, number), mask.fingerprint
        if key not in self._only:
            self._only[key] = place
            return None
        if (first := self._only[key]) is not None:
            self._only[key] = None
            self._compare(first, key, mask)
        twin = self._compare(place, key, mask)
        self.num_uncompared += twin is None and key in self._opaque
        return None if twin is None else twin.name

    def _compare(self, place: _Place, key: int, mask: ValueCounts) -> _Place | None:
        """The same mask among those with these counts; else this one is added to them."""
        try:
            alike = self._read.setdefault((key, self._digest(place, key, mask)), [])
            for other in alike:
                if self._are_same(place, other, mask):
                    return other
            alike.append(place)
        except (MaskError, OSError):  # gone since it was counted
            self._opaque.add(key)
        return None

    def _digest(self, place: _Place, key: int, mask: ValueCounts) -> bytes:
        pixels = self._pixels(place, mask)
        if pixels is not None:
            return _digest_of_pixels(pixels)
        self._opaque.add(key)
        return digest_of(place.item) + str(place.number).encode()

    def _are_same(self, a: _Place, b: _Place, mask: ValueCounts) -> bool:
        if isinstance(a.item, Scene) or isinstance(b.item, Scene):
            return digest_of(a.item) == digest_of(b.item)
        if a.number == b.number and _same_bytes(a.item, b.item):
            return True
        import numpy as np

        one = self._pixels(a, mask)
        other = None if one is None else self._pixels(b, mask)
        return one is not None and other is not None and np.array_equal(one, other)

    def _pixels(self, place: _Place, mask: ValueCounts) -> np.ndarray | None:
        from .pixels import pixel_values  # here: it needs NumPy, and few masks need it

        if isinstance(place.item, Scene):
            return None
        return pixel_values(place.item, mask, self._encoding, place.number)


def _digest_of_pixels(pixels: np.ndarray) -> bytes:
    """A digest of shape and values, whatever type holds them."""
    state = hashlib.blake2b(str(pixels.shape).encode(), digest_size=16)
    rows = max(1, _PIECE // max(1, pixels[0].size))
    for top in range(0, len(pixels), rows):
        state.update(pixels[top : top + rows].astype("<i8").tobytes())
    return state.digest()


def _same_bytes(a: str, b: str) -> bool:
    with closing(open_mask(a)) as one, closing(open_mask(b)) as other:
        while True:
            piece = _exactly(one)
            if piece != _exactly(other):
                return False
            if not piece:
                return True


def _exactly(file: BinaryIO) -> bytes:
    """The next piece, which is short only at the end of the file."""
    data = b""
    while len(data) < _PIECE and (more := file.read(_PIECE - len(data))):
        data += more
    return data
