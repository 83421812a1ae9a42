"""
The same mask twice: in one set a duplicate, and in two splits a leak.

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


class SameMasks:
    """
    The masks that others are compared with: those of other splits, or those of a set so far.

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
        self._unread: dict[int, list[_Place]] = {}  # by counts
        self._read: dict[tuple[int, bytes], list[_Place]] = {}  # by counts and digest
        self._opaque: set[int] = set()  # counts that a mask has whose pixels are not to be had

    def add(self, item: Item, number: int | None, mask: ValueCounts) -> None:
        """
        Remember a mask.

        Parameters
        ----------
        item : str or Scene
        number : int or None
            Which mask of the file it is; None where that holds no other.
        mask : ValueCounts
            Its counts.
        """
        self._unread.setdefault(mask.fingerprint, []).append(_Place(item, number))

    def twin(
        self, item: Item, number: int | None, mask: ValueCounts, *, keep: bool = False
    ) -> str | None:
        """
        The name of a mask that is remembered and is the same; None if there is none.

        Parameters
        ----------
        item, number, mask
            As of `add`.
        keep : bool
            Whether this one is remembered if it is like no other.
        """
        place, key = _Place(item, number), mask.fingerprint
        if key not in self._unread:
            if keep:
                self.add(item, number, mask)
            return None
        unread, self._unread[key] = self._unread[key], []
        for other in unread:
            self._compare(other, key, mask, keep=True)
        twin = self._compare(place, key, mask, keep=keep)
        self.num_uncompared += twin is None and key in self._opaque
        return None if twin is None else twin.name

    def _compare(self, place: _Place, key: int, mask: ValueCounts, *, keep: bool) -> _Place | None:
        """The same mask among those with these counts; else this one may be added to them."""
        try:
            alike = self._read.setdefault((key, self._digest(place, key, mask)), [])
            for other in alike:
                if self._are_same(place, other, mask):
                    return other
            if keep:
                alike.append(place)
        except (MaskError, OSError):  # gone since it was counted
            self._opaque.add(key)
        return None

    def _digest(self, place: _Place, key: int, mask: ValueCounts) -> bytes:
        pixels = self._pixels(place, mask)
        if pixels is not None:
            return _digest_of_pixels(pixels)
        self._opaque.add(key)
        return _digest_of(place.item) + str(place.number).encode()

    def _are_same(self, a: _Place, b: _Place, mask: ValueCounts) -> bool:
        if isinstance(a.item, Scene) or isinstance(b.item, Scene):
            return _digest_of(a.item) == _digest_of(b.item)
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


def _digest_of(item: Item) -> bytes:
    """A digest of the bytes of a file, which is read in pieces, or of all files of a scene."""
    if isinstance(item, Scene):
        files = sorted((c, _digest_of(name)) for c, names in item.layers for name in names)
        return hashlib.blake2b(repr(files).encode(), digest_size=16).digest()
    state = hashlib.blake2b(digest_size=16)
    with closing(open_mask(item)) as file:
        while piece := file.read(_PIECE):
            state.update(piece)
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
