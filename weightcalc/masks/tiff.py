"""
Counts TIFF masks segment by segment: strips and tiles, one after another.

tifffile finds the directories; the pixels are read here, so that a strip may be as
large as the image, and no pixel is counted that is not in the file. What is compressed
otherwise is left to Pillow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..errors import (
    ColorError,
    MissingExtraError,
    ShapeError,
    UnsupportedError,
    ValuesError,
)
from ..files.limits import LONGEST_TAG
from ..kernels.counters import MOST_VALUES
from ..kernels.ndarrays import counted_as, counter_of, whole_numbers
from ..sources.guard import BoundedReads, Foreign, third_party
from ..sources.opening import is_quick_to_seek, spooled
from .channels import ChannelCounter
from .options import ReadOptions
from .pictures import Block, Picture, values_of_samples
from .pillow import picture_of_image, read_image
from .samples import colors_in_use, colors_of_indices, pixel_counter, values_of_pixels
from .tiff_directories import pages_of
from .tiff_pages import (
    MIN_IS_WHITE,
    NOT_FULL,
    PALETTE,
    TRANSPARENCY,
    TiffImage,
    check_channels,
    check_compression,
    check_description,
    check_page,
    image_of,
    nodata_of,
    palette_of,
    silent,
)
from .tiff_rows import placed_rows, places_of
from .tiff_segments import is_readable
from .value_counts import ValueCounts

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage


# JPEG, JPEG 2000, LERC, WebP and JPEG XL: which of them are exact is not written outside.
_OF_PILLOW = {6, 7, 34925, 50000, 50001}


def read_tiff(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the pages of a TIFF file, each of which is a mask.

    Without tifffile, and for compressions that are unknown here, Pillow decodes. By channels
    (one-hot, multilabel) the bands of a page are the channels of a mask, or the pages of a
    file whose pages have one band.

    Raises
    ------
    DecodeError
        If it is damaged or lossy, or its samples are no labels.
    """
    try:
        from tifffile import TiffFile
    except ImportError as error:
        if options.by_channels:
            raise MissingExtraError("reading channels of TIFF", "tiff") from error
        yield from read_image(file, "TIFF", options)
        return
    with ExitStack() as stack:
        if not is_quick_to_seek(file):
            file = stack.enter_context(spooled(file, options.max_bytes))
        stack.enter_context(silent())
        with third_party("tifffile"):
            tiff = TiffFile(_directories(file), name="mask")
        count = _count_channels if options.by_channels else _count_pages
        yield from count(stack.enter_context(tiff), file, options)


def _directories(file: BinaryIO) -> Foreign:
    """A file for tifffile, which holds each tag of a directory; pixels are not read through it."""
    return BoundedReads(file, LONGEST_TAG, "a tag in it")


def picture_of_tiff(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The samples of the pages of a TIFF file that has been counted, one below the other.

    The file is one that can be sought quickly.

    Raises
    ------
    DecodeError
        If the pages differ in size, or their tiles are odd.
    """
    try:
        from tifffile import TiffFile
    except ImportError:
        return picture_of_image(file, "TIFF", options)
    with silent():
        with third_party("tifffile"):
            tiff = TiffFile(_directories(file), name="mask")
        pages = [page for page in pages_of(tiff) if not page.subfiletype & NOT_FULL]
        images = [image_of(page, tiff.byteorder) for page in pages]
    if _is_for_pillow(images[0]):
        file.seek(0)
        return picture_of_image(file, "TIFF", options)
    width, height = images[0].width, images[0].height
    if any((image.width, image.height) != (width, height) for image in images):
        raise ShapeError("its pages differ in size, so that they are no layer")
    if any(image.tile[0] % 8 and image.tile[0] < width for image in images):
        raise UnsupportedError(f"tiles of {images[0].tile[0]} columns cannot be united")
    return Picture(width, height * len(pages), _blocks(pages, images, file, options.encoding))


def _blocks(
    pages: Sequence[Foreign], images: Sequence[TiffImage], file: BinaryIO, encoding: str
) -> Iterator[Block]:
    with silent():
        for number, (page, image) in enumerate(zip(pages, images, strict=True)):
            nodata = nodata_of(page)
            for row, column, rows in placed_rows(page, image, file, nodata):
                values = whole_numbers(rows, nodata) if image.stored.kind == "f" else rows
                top = number * image.height + row
                yield Block(top, column, values_of_samples(values, encoding))


def _count_pages(tiff: TiffFile, file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    held: ValueCounts | None = None
    num_left_out = 0
    for page in pages_of(tiff):
        if page.subfiletype & NOT_FULL:
            num_left_out += bool(page.subfiletype & TRANSPARENCY)
            continue
        image = image_of(page, tiff.byteorder)
        check_compression(image, options)
        if held is None and _is_for_pillow(image):
            full = [n for n, p in enumerate(pages_of(tiff)) if not p.subfiletype & NOT_FULL]
            file.seek(0)
            yield from read_image(file, "TIFF", options, full)
            return
        if held is not None:
            yield held
        held = _count_page(page, image, file, options)
    if held is None:
        raise UnsupportedError("it has no page that is a whole image")
    check_description(tiff)
    yield _with_note(held, num_left_out)


def _count_channels(tiff: TiffFile, file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    if options.channel_axis is not None:
        raise ShapeError("the channels of a TIFF are its bands, or its pages").with_hint(
            "leave --channel-axis out"
        )
    full = [page for page in pages_of(tiff) if not page.subfiletype & NOT_FULL]
    images = [image_of(page, tiff.byteorder) for page in full]
    for page, image in zip(full, images, strict=True):
        check_compression(image, options)
        check_channels(page, image, options)
    check_description(tiff)
    if any(image.samples > 1 for image in images):
        for page, image in zip(full, images, strict=True):
            yield _count_bands(page, image, file, options)
    else:
        yield _count_pages_as_channels(full, images, file, options)


def _count_pages_as_channels(
    pages: Sequence[Foreign], images: Sequence[TiffImage], file: BinaryIO, options: ReadOptions
) -> ValueCounts:
    sizes = {(image.height, image.width) for image in images}
    if len(images) < 2 or len(sizes) > 1:
        what = f"{len(images)} pages of one band" + " and of different sizes" * (len(sizes) > 1)
        raise ShapeError(f"it has no channels to read as {options.encoding}: {what}").with_hint(
            "--encoding index if its samples are class ids"
        )
    counter = ChannelCounter((images[0].height, images[0].width), len(images), options)
    for channel, (page, image) in enumerate(zip(pages, images, strict=True)):
        for row, column, rows in placed_rows(page, image, file, nodata_of(page)):
            place = slice(row, row + rows.shape[0]), slice(column, column + rows.shape[1])
            counter.add(rows, channel, place)
    return counter.counts()


def _count_bands(
    page: TiffPage, image: TiffImage, file: BinaryIO, options: ReadOptions
) -> ValueCounts:
    counter = ChannelCounter((image.height, image.width), image.samples, options)
    for _, _, rows in placed_rows(page, image, file, nodata_of(page)):
        counter.add(rows, 0, ())
    return counter.counts()


def _is_for_pillow(image: TiffImage) -> bool:
    """Whether Pillow decodes what is unknown here; it changes signed and wide samples."""
    simple = image.stored.kind == "u" and image.bits <= 16
    return simple and image.compression in _OF_PILLOW and not is_readable(image.compression)


def _with_note(mask: ValueCounts, num_left_out: int) -> ValueCounts:
    if not num_left_out:
        return mask
    note = f"{num_left_out} pages of transparency are left out"
    return mask._replace(notes=(*mask.notes, note))


def _count_page(
    page: TiffPage, image: TiffImage, file: BinaryIO, options: ReadOptions
) -> ValueCounts:
    check_page(page, image, options)
    nodata = nodata_of(page)
    values, largest = _count_samples(page, image, file, nodata, options)
    values = _meaning(page, image, values, options)
    by_index = image.photometric == PALETTE and options.encoding != "color"
    colors = colors_in_use(values, palette_of(page)) if by_index else None
    size = image.width * image.height
    declared = counted_as(nodata) if image.samples == 1 and options.encoding != "color" else None
    return ValueCounts(
        values,
        size,
        image.kind,
        largest,
        notes=tuple(_notes(page, image)),
        nodata=declared,
        colors=colors,
    )


def _count_samples(
    page: TiffPage, image: TiffImage, file: BinaryIO, nodata: float | None, options: ReadOptions
) -> tuple[dict[int, int], int]:
    """Stored value to pixels, and the largest value that the samples can have."""
    values: dict[int, int] = {}
    for times, numbers in _by_repeats(page, image).items():
        if image.samples > 1:
            counter = pixel_counter(image.samples, image.bits, options)
        else:
            counter = counter_of(image.stored)
        for _, _, rows in placed_rows(page, image, file, nodata, numbers):
            counter.add(_pixels(rows, image, nodata).view(np.uint8))
        for value, number in counter.counts().items():
            values[value] = values.get(value, 0) + times * number
        if len(values) > MOST_VALUES:
            raise ValuesError(f"more than {MOST_VALUES} different values: not a mask")
    return values, (1 << image.bits) - 1 if image.samples > 1 else counter.largest


def _by_repeats(page: TiffPage, image: TiffImage) -> dict[int, list[int]]:
    """
    How often a segment stands in a page, and the first of those that stand there so often.

    A file of some kilobytes can name one strip a million times, and a sparse one leaves most of
    its tiles out: time goes by what is stored, not by how often it is named.
    """
    first: dict[tuple[int, ...], int] = {}
    times: dict[int, int] = {}
    for number, place in enumerate(places_of(page, image)):
        seen = first.setdefault(place, number)
        times[seen] = times.get(seen, 0) + 1
    groups: dict[int, list[int]] = {}
    for number, repeats in times.items():
        groups.setdefault(repeats, []).append(number)
    return groups


def _notes(page: TiffPage, image: TiffImage) -> list[str]:
    if image.photometric == MIN_IS_WHITE:
        return ["its photometric interpretation is inverted; the stored samples are counted"]
    return []


def _meaning(
    page: TiffPage, image: TiffImage, values: Mapping[int, int], options: ReadOptions
) -> dict[int, int]:
    if image.samples > 1:
        return values_of_pixels(values, image.samples, image.bits, options)
    if options.encoding != "color":
        return dict(values)
    if image.photometric == PALETTE:
        return colors_of_indices(values, palette_of(page))
    if image.bits > 8 or image.stored.kind != "u":
        raise ColorError(f"{image.kind} samples have no colours")
    scale = 255 // ((1 << image.bits) - 1)
    return values_of_pixels({v * scale: n for v, n in values.items()}, 1, 8, options)


def _pixels(rows: np.ndarray, image: TiffImage, nodata: float | None) -> np.ndarray:
    """Samples as the counter wants them: whole numbers, or pixels of big-endian samples."""
    if image.samples > 1:
        rows = rows.astype(f">u{image.bits // 8}", copy=False)
    elif image.stored.kind == "f":
        rows = whole_numbers(rows, nodata)
    return np.ascontiguousarray(rows).reshape(-1)
