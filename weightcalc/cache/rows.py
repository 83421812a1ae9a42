"""
Value counts as the bytes of a row of the cache: small, quick to read, and never trusted.

A row is a CRC-32 and one record for each mask: a head with its length, which many masks share,
and integers of the narrowest type that holds them, all little-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

from ..masks.value_counts import ValueCounts

LARGEST_ROW = 1 << 20  # bytes; files whose counts need more are counted each time

_TYPES = "BHIQbhiq"  # of struct
_WHOLE = _TYPES[:4]  # those of pixels, which are never negative
_LIMITS = [(0, 1 << bits) for bits in (8, 16, 32, 64)]
_LIMITS += [(-1 << bits, 1 << bits) for bits in (7, 15, 31, 63)]
_MOSTLY: list[Any] = [
    None,
    None,
    0,
]  # nodata, colours and overlapping of most masks, which are not written
_HEAD = struct.Struct("<BBI")  # type of values, type of pixels, number of values


# The numbers behind a head (pixels, unlabelled, pixels of each value, values), where the values
# begin among them, and kind, largest, num_channels, notes, nodata, colours of the mask, and
# whether its values may overlap.
_Colors = dict[int, int] | None
_Layout = tuple[struct.Struct, int, str, int, int, tuple[str, ...], int | None, _Colors, bool]


def pack(masks: Sequence[ValueCounts], seed: int) -> bytes:
    """
    The row of a file.

    Parameters
    ----------
    masks : sequence of ValueCounts
    seed : int
        CRC-32 of what the row belongs to, without which it cannot be read.

    Returns
    -------
    bytes
        None of them if the counts do not fit into a row.
    """
    records = [b""]
    size = 4
    for mask in masks:
        records.append(_pack_mask(mask))
        size += len(records[-1])
        if size > LARGEST_ROW or not records[-1]:
            return b""
    body = b"".join(records)
    return crc32(body, seed).to_bytes(4, "little") + body


def _pack_mask(mask: ValueCounts) -> bytes:
    pixels = (mask.pixels, mask.unlabelled, *mask.values.values())
    value_type, pixel_type = _type_of(mask.values), _type_of(pixels)
    if value_type is None or pixel_type not in range(4) or not _agree(mask):
        return b""
    colors = None if mask.colors is None else list(mask.colors.items())
    rest = [mask.nodata, colors, int(mask.overlapping)]
    if rest == _MOSTLY:
        rest = []
    shared = (mask.kind, mask.largest, mask.num_channels, mask.notes, *rest)
    text = json.dumps(shared, separators=(",", ":")).encode()
    head = _HEAD.pack(value_type, pixel_type, len(mask.values)) + text
    numbers = _layout(head)[0].pack(*pixels, *mask.values)
    return len(head).to_bytes(2, "little") + head + numbers if len(head) < 1 << 16 else b""


def _type_of(numbers: Collection[int]) -> int | None:
    low, high = min(numbers, default=0), max(numbers, default=0)
    fitting = (i for i, (least, end) in enumerate(_LIMITS) if least <= low and high < end)
    return next(fitting, None)


def unpack(row: bytes, seed: int) -> list[ValueCounts]:
    """
    The masks of a row.

    Raises
    ------
    ValueError
        If it is no row of that seed, in whatever way.
    """
    body = row[4:]
    if int.from_bytes(row[:4], "little") != crc32(body, seed):
        raise ValueError("its checksum does not fit")
    masks = []
    start = 0
    try:
        while start < len(body):
            mask, start = _unpack_mask(body, start)
            masks.append(mask)
    except (struct.error, IndexError, TypeError, RecursionError) as error:
        raise ValueError(f"it ends too early or is no row: {error}") from error
    return masks


def _unpack_mask(body: bytes, start: int) -> tuple[ValueCounts, int]:
    head_end = start + 2 + body[start] + (body[start + 1] << 8)
    head = _layout(body[start + 2 : head_end])
    layout, values_at, kind, largest, num_channels, notes, nodata, colors, overlaps = head
    numbers = layout.unpack_from(body, head_end)
    values = dict(zip(numbers[values_at:], numbers[2:values_at]))  # noqa: B905  # slow if strict
    mask = ValueCounts(
        values, numbers[0], kind, largest, numbers[1], num_channels, notes, nodata, colors, overlaps
    )
    if len(values) != values_at - 2 or not _agree(mask):
        raise ValueError(f"its numbers do not add up to {mask.pixels} pixels")
    return mask, head_end + layout.size


def _agree(mask: ValueCounts) -> bool:
    """Whether the pixels of the values are those of the mask, or may be where they overlap."""
    if mask.overlapping:
        most = max([0, *mask.values.values()])
        return 0 <= mask.unlabelled <= mask.pixels and most <= mask.pixels
    return sum(mask.values.values()) + mask.unlabelled == mask.pixels


@lru_cache(256)
def _layout(head: bytes) -> _Layout:
    """What a head says; most masks of a data set have one of a few."""
    value_type, pixel_type, num_values = _HEAD.unpack_from(head)
    kind, largest, num_channels, notes, *rest = json.loads(head[_HEAD.size :])
    nodata, colors, overlapping = rest or _MOSTLY
    whole = type(largest) is int and type(num_channels) is int and num_channels >= 0
    texts = type(notes) is list and all(type(text) is str for text in [kind, *notes])
    if not (whole and texts and (nodata is None or type(nodata) is int) and overlapping in (0, 1)):
        raise ValueError(f"{head[:80]!r} does not describe a mask")
    layout = f"<{num_values + 2}{_WHOLE[pixel_type]}{num_values}{_TYPES[value_type]}"
    return (
        struct.Struct(layout), num_values + 2, kind, largest, num_channels, tuple(notes), nodata,
        None if colors is None else _colors_of(colors), bool(overlapping),
    )  # fmt: skip


def _colors_of(pairs: list[tuple[int, int]]) -> dict[int, int]:
    colors = dict(pairs)
    if not all(type(i) is int and type(c) is int for i, c in colors.items()):
        raise ValueError("its colours are no numbers")
    return colors
