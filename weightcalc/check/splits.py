"""
Masks of other splits, by what they hold: the same mask in two splits is a leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ..errors import MaskError
from ..sources.opening import open_mask
from ..sources.scenes import Item, Scene, name_of

if TYPE_CHECKING:
    from ..counts.tally import Counted
    from ..masks.value_counts import ValueCounts

_MOST_TWINS = 64  # masks of equal counts that are compared with one
_MOST_DECODED = 1000  # pairs whose bytes differ and whose pixels are compared
_MOST_DIGESTS = 100_000
_PIECE = 1 << 20


class Splits:
    """
    The masks of other splits.

    The counts of the pass are the key: masks whose counts differ are different. Only
    where they agree are the files read again, their bytes first and, where those
    differ, their pixels. A mask of a single value says nothing: two scenes that are
    all background have the same mask and may be different scenes.

    Parameters
    ----------
    encoding : str
        How the masks hold classes.

    Attributes
    ----------
    num_unread : int
        Masks of other splits that cannot be read.
    num_uncompared : int
        Pairs of equal counts and other bytes whose pixels were not compared.
    """

    def __init__(self, encoding: str) -> None:
        self.num_unread = self.num_uncompared = 0
        self._encoding = encoding
        self._items: dict[int, list[Item]] = {}
        self._num_more: dict[int, int] = {}  # beyond those items
        self._digests: dict[Item, bytes] = {}
        self._decoded = 0

    def add(self, item: Item, counted: Counted) -> None:
        """Remember the masks of a file, or a scene."""
        self.num_unread += counted.error is not None
        for mask in counted.masks:
            if len(mask.values) > 1:
                key = mask.fingerprint
                items = self._items.setdefault(key, [])
                if len(items) >= _MOST_TWINS:
                    self._num_more[key] = self._num_more.get(key, 0) + 1
                elif item not in items[-1:]:
                    items.append(item)

    def twin(self, item: Item, mask: ValueCounts, alone: bool) -> str | None:
        """
        The name of a file or a scene of another split that holds the same mask.

        Parameters
        ----------
        item : str or Scene
        mask : ValueCounts
            Of a mask in it.
        alone : bool
            Whether the file holds no other mask; where it does, whole files are compared.
        """
        key = mask.fingerprint
        others = self._items.get(key)
        if others is None or len(mask.values) < 2:
            return None
        try:
            twin = self._same_bytes(item, others) or self._same_pixels(item, others, mask, alone)
        except (MaskError, OSError):  # gone since it was counted
            self.num_uncompared += len(others)
            return None
        if twin is None:
            self.num_uncompared += self._num_more.get(key, 0)
            return None
        return name_of(twin)

    def _same_bytes(self, item: Item, others: Sequence[Item]) -> Item | None:
        wanted = digest_of(item)
        return next((other for other in others if self._digest(other) == wanted), None)

    def _digest(self, item: Item) -> bytes:
        if item not in self._digests:
            if len(self._digests) >= _MOST_DIGESTS:
                self._digests.clear()
            self._digests[item] = digest_of(item)
        return self._digests[item]

    def _same_pixels(
        self, item: Item, others: Sequence[Item], mask: ValueCounts, alone: bool
    ) -> Item | None:
        from .pixels import same_pixels  # here: it needs NumPy, and few masks need it

        uncompared = 0
        for other in others:
            same = None
            if alone and self._decoded < _MOST_DECODED and not isinstance(item, Scene):
                self._decoded += 1
                same = same_pixels(item, name_of(other), mask, self._encoding)
            if same:
                return other
            uncompared += same is None
        self.num_uncompared += uncompared
        return None


def digest_of(item: Item) -> bytes:
    """
    A digest of the bytes of a file, which is read in pieces, or of all files of a scene.

    Raises
    ------
    MaskError, OSError
        If one cannot be opened or read.
    """
    import hashlib  # here, as few masks need it

    if isinstance(item, Scene):
        files = sorted((c, digest_of(name)) for c, names in item.layers for name in names)
        return hashlib.blake2b(repr(files).encode(), digest_size=16).digest()
    state = hashlib.blake2b(digest_size=16)
    with closing(open_mask(item)) as file:
        while piece := file.read(_PIECE):
            state.update(piece)
    return state.digest()
