"""
Counts masks of one folder several at once, where nobody looks at each of them.

The first files of each folder are counted one by one, as `Copies` compares them with others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..counts.copies import ENOUGH_OF_FOLDER
from ..counts.tally import Counted
from ..masks.options import ReadOptions
from ..masks.png_plain import count_several
from ..sources.names import name_from
from ..sources.scenes import Item, name_of

_LONGEST_PAUSE = 255  # files that are counted one by one after some that were no plain masks


class Stretch(list[Item]):
    """
    Items that follow each other in a longer list, for a worker that does not see the others.

    Attributes
    ----------
    num_before : int
        Files of the same folder right before the first item, as far as `Copies` compares them. A
        part of a stretch knows of none, and begins anew.
    """

    num_before = 0

    @classmethod
    def of(cls, items: Sequence[Item], start: int, size: int) -> Stretch:
        """So many items from a place on."""
        stretch = cls(items[start : start + size])
        before = items[max(0, start - ENOUGH_OF_FOLDER) : start]
        stretch.num_before = sum(_folder_of(item) == _folder_of(items[start]) for item in before)
        return stretch


def count_at_once(
    items: Sequence[Item],
    folder: str,
    roles: bytes,
    options: ReadOptions,
    count_one: Callable[[Item], Counted],
) -> Iterator[Counted]:
    """
    Count items, plain masks of one folder several at once.

    Parameters
    ----------
    items : sequence of str or Scene
    folder : str
        Where relative names begin; "" for the working directory.
    roles : bytes
        As of `count_several`.
    options : ReadOptions
        Those of images that are read by index.
    count_one : callable
        Counts an item that is no plain mask, or one of the first of its folder.
    """
    paths = [name_from(folder, i) if isinstance(i, str) else i for i in items] if folder else items
    num_done = items.num_before if isinstance(items, Stretch) else 0  # of the same folder
    place = pause = next_pause = 0
    while place < len(items):
        if place and _folder_of(items[place]) != _folder_of(items[place - 1]):
            num_done = 0
        found = []
        if num_done >= ENOUGH_OF_FOLDER and not pause:
            sums, mask = count_several(paths, place, roles, options)
            if sums is not None:
                found.append(Counted(name_of(items[place]), [], None, sums))
            if mask is not None:
                last = items[place + (sums.num_masks if sums else 0)]
                found.append(Counted(name_of(last), [mask]))
            # Where nothing comes of it, it is tried again later and later.
            pause = next_pause = 0 if found else min(2 * next_pause + 1, _LONGEST_PAUSE)
        elif pause:
            pause -= 1
        found = found or [count_one(items[place])]
        yield from found
        num_files = sum(counted.num_files for counted in found)
        place += num_files
        num_done += num_files


def _folder_of(item: Item) -> str:
    return name_of(item).rpartition("/")[0]
