"""
The directories of a TIFF file, and the pages that they describe, one after the other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DamagedError
from ..sources.guard import Foreign, third_party
from .tiff_pages import GDAL_NODATA

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

# Tags without which the pixels of a page would be read in another way.
_OF_PIXELS = {254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324,
              325, 339, 32997, GDAL_NODATA}  # fmt: skip
_OF_TILES = {322, 323, 324, 325}
_START, _SIZE = 273, 279  # of strips
_WHOLE_NUMBERS = {3: "H", 4: "I", 16: "Q"}  # types that a place is stored in


class _Directory(NamedTuple):
    """The entries of a directory: code, type, count, and the value or where it is stored."""

    entries: list[tuple[int, int, int, bytes]]
    behind: int  # where the next directory is, or 0

    def strip(self, byte_order: str) -> tuple[int, ...]:
        """Where the only strip of the page is, and its bytes; nothing if that is not so simple."""
        found = {}
        for code, kind, count, value in self.entries:
            form = _WHOLE_NUMBERS.get(kind) if code in (_START, _SIZE) and count == 1 else None
            if form and struct.calcsize(form) <= len(value):  # else it is stored elsewhere
                (found[code],) = struct.unpack_from(byte_order + form, value)
        return (found[_START], found[_SIZE]) if len(found) == 2 else ()

    def rest(self) -> list[tuple[int, int, int, bytes]]:
        """The entries but for the places of strips."""
        return [entry for entry in self.entries if entry[0] not in (_START, _SIZE)]


def pages_of(tiff: TiffFile) -> Iterator[Foreign]:
    """
    The pages of a file, one after the other.

    A page of one strip, whose directory says the same as the one before but for the place of
    the strip, is not read tag by tag: a stack may have such pages by the hundred thousand.

    Raises
    ------
    DamagedError
        If their directories lead in a circle or out of the file, or tags cannot be read: of
        both tifffile says nothing, and goes on without them.
    """
    with third_party("tifffile"):
        offset = tiff.pages.first.offset
        is_plain = not (tiff.is_lsm or tiff.is_ndpi)  # which extend places of 32 bits
    seen: set[int] = set()
    page, said = None, None
    while offset:
        if offset in seen:
            raise DamagedError("its directories lead in a circle")
        directory = _directory_at(tiff, offset)
        strip = directory.strip(tiff.byteorder) if is_plain else ()
        if page is None or not strip or directory.rest() != said:
            page = _page_at(tiff, len(seen), offset)
            _check_tags(page, [entry[0] for entry in directory.entries])
            said = directory.rest() if strip else None
        else:
            page = copy(page)
            page.offset, page.dataoffsets, page.databytecounts = offset, strip[:1], strip[1:]
        seen.add(offset)
        yield page
        offset = directory.behind


def _directory_at(tiff: TiffFile, offset: int) -> _Directory:
    form, file = tiff.tiff, tiff.filehandle
    file.seek(offset)
    head = file.read(form.tagnosize)
    if len(head) < form.tagnosize:
        raise DamagedError(f"a page is missing: there is no directory at byte {offset}")
    (number,) = struct.unpack(form.tagnoformat, head)
    body = file.read(number * form.tagsize + form.offsetsize)
    if len(body) < number * form.tagsize + form.offsetsize:
        raise DamagedError("it ends inside a directory")
    entry = form.byteorder + ("HHI4s" if form.tagsize == 12 else "HHQ8s")
    entries = struct.iter_unpack(entry, body[: number * form.tagsize])
    (behind,) = struct.unpack(form.offsetformat, body[number * form.tagsize :])
    return _Directory(list(entries), behind)


def _page_at(tiff: TiffFile, number: int, offset: int) -> TiffPage:
    """What tifffile reads of a page."""
    with third_party("tifffile"):
        page: Foreign = tiff.pages[number]
    if page.offset != offset:
        raise DamagedError(f"a page is missing: there is no directory at byte {offset}")
    return page


def _check_tags(page: TiffPage, codes: list[int]) -> None:
    """Look for tags of a directory that tifffile has left out."""
    for code in _OF_PIXELS.intersection(codes):
        if code not in page.tags:
            raise DamagedError(f"its tag {code} cannot be read")
        if codes.count(code) > 1:
            raise DamagedError(f"its tag {code} stands in one directory more than once")
    if (lost := _OF_TILES.difference(codes)) and lost < _OF_TILES:
        raise DamagedError(f"it has tiles, but no tag {min(lost)} of theirs")
