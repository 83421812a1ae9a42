"""
Counts TIFF masks segment by segment: strips and tiles, one after another.

tifffile finds the directories; the pixels are read here, so that a strip may be as
large as the image, and no pixel is counted that is not in the file. What is compressed
otherwise is left to Pillow.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import (
    ColorError,
    DamagedError,
    DecodeError,
    LimitError,
    LossyError,
    ShapeError,
    UnsupportedError,
    ValuesError,
)
from ..kernels.ndarrays import counted_as, counter_of, whole_numbers
from ..sources.guard import third_party
from ..sources.opening import spooled
from .options import ReadOptions, check_image, check_size
from .pictures import Block, Picture, values_of_samples
from .pillow import check_fax, parse_nodata, picture_of_image, read_image
from .samples import colors_in_use, colors_of_indices, pixel_counter, values_of_pixels
from .tiff_segments import check_places, is_readable, open_segment
from .value_counts import ValueCounts

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

    from ..kernels.counters import ValueCounter

_PIECE = 1 << 20  # bytes of rows at a time
_LARGEST_ROW = 64 << 20
_GREYS = (0, 1, 4)
_MIN_IS_WHITE, _RGB, _PALETTE = 0, 2, 3
_PLANAR, _DIFFERENCES, _FLOAT_DIFFERENCES = 2, 2, 3
_REDUCED, _TRANSPARENCY = 1, 4  # bits of NewSubfileType
_NOT_FULL = _REDUCED | _TRANSPARENCY
_GDAL_NODATA, _LERC = 42113, 34887
_FLOATS = 3
_SIGNS = {1: "u", 2: "i", 3: "f", 4: "u"}
_SAMPLE_NAMES = {2: "grey+alpha", 3: "RGB", 4: "RGBA"}
# JPEG, JPEG 2000, LERC, WebP and JPEG XL: which of them are exact is not written outside.
_OF_PILLOW = {6, 7, 34925, 50000, 50001}
_LOSSY = {6, 7, 33003, 33004, 33005, 33007, 34712, 34887, 34892, 50001, 50002}


def read_tiff(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the pages of a TIFF file, each of which is a mask.

    Without tifffile, and for compressions that are unknown here, Pillow decodes.

    Raises
    ------
    DecodeError
        If it is damaged or lossy, or its samples are no labels.
    """
    check_image(options)
    try:
        from tifffile import TiffFile
    except ImportError:
        yield from read_image(file, "TIFF", options)
        return
    with ExitStack() as stack:
        if not _is_quick_to_seek(file):
            file = stack.enter_context(spooled(file, options.max_bytes))
        stack.enter_context(_silent())
        with third_party("tifffile"):
            tiff = TiffFile(file, name="mask")
        yield from _count_pages(stack.enter_context(tiff), file, options)


def picture_of_tiff(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The samples of the pages of a TIFF file that has been counted, one below the other.

    Raises
    ------
    DecodeError
        If the pages differ in size, or their tiles are odd.
    """
    try:
        from tifffile import TiffFile
    except ImportError:
        return picture_of_image(file, "TIFF", options)
    if not _is_quick_to_seek(file):
        file = spooled(file, options.max_bytes)
    with _silent():
        with third_party("tifffile"):
            tiff = TiffFile(file, name="mask")
        pages = [page for page in _pages(tiff) if not page.subfiletype & _NOT_FULL]
        images = [_image(page, tiff.byteorder) for page in pages]
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
    pages: Sequence[Any], images: Sequence[_Image], file: BinaryIO, encoding: str
) -> Iterator[Block]:
    for number, (page, image) in enumerate(zip(pages, images, strict=True)):
        nodata = _nodata(page)
        for row, column, rows in _placed_rows(page, image, file, nodata):
            values = whole_numbers(rows, nodata) if image.stored.kind == "f" else rows
            top = number * image.height + row
            yield Block(top, column, values_of_samples(values, encoding))


def _is_quick_to_seek(file: BinaryIO) -> bool:
    """Whether it is a file or in memory; a member of an archive begins again for each jump."""
    try:
        file.fileno()
    except OSError:
        return hasattr(file, "getbuffer")
    return True


@contextmanager
def _silent() -> Iterator[None]:
    """Keep tifffile from logging to standard error what is odd about a file."""
    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _count_pages(tiff: TiffFile, file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    held: ValueCounts | None = None
    num_left_out = 0
    for page in _pages(tiff):
        if page.subfiletype & _NOT_FULL:
            num_left_out += bool(page.subfiletype & _TRANSPARENCY)
            continue
        image = _image(page, tiff.byteorder)
        _check_compression(image, options)
        if held is None and _is_for_pillow(image):
            full = [n for n, p in enumerate(_pages(tiff)) if not p.subfiletype & _NOT_FULL]
            file.seek(0)
            yield from read_image(file, "TIFF", options, full)
            return
        if held is not None:
            yield held
        held = _count_page(page, image, file, options)
    if held is None:
        raise UnsupportedError("it has no page that is a whole image")
    _check_description(tiff)
    yield _with_note(held, num_left_out)


def _is_for_pillow(image: _Image) -> bool:
    """Whether Pillow decodes what is unknown here; it changes signed and wide samples."""
    simple = image.stored.kind == "u" and image.bits <= 16
    return simple and image.compression in _OF_PILLOW and not is_readable(image.compression)


def _pages(tiff: TiffFile) -> Iterator[Any]:
    """The pages, unless their directories lead in a circle."""
    seen = set()
    with third_party("tifffile"):
        pages: Any = iter(tiff.pages)
    while True:
        with third_party("tifffile"):  # not around the yield: it would guard our code too
            page = next(pages, None)
        if page is None:
            return
        if page.offset in seen:
            raise DamagedError("its directories lead in a circle")
        seen.add(page.offset)
        yield page


def _with_note(mask: ValueCounts, num_left_out: int) -> ValueCounts:
    if not num_left_out:
        return mask
    note = f"{num_left_out} pages of transparency are left out"
    return mask._replace(notes=(*mask.notes, note))


def _check_description(tiff: TiffFile) -> None:
    """Refuse a stack whose masks follow each other behind one directory."""
    with third_party("tifffile"):
        page = tiff.pages.first
        if len(tiff.pages) > 1 or not (page.is_imagej or page.is_shaped):
            return
        described = max((math.prod(series.shape) for series in tiff.series), default=0)
        stored = math.prod(page.shape)
    if described > stored:
        raise UnsupportedError(
            f"its description speaks of {described} samples, its only directory of {stored}"
        ).with_hint("save the stack with a directory for each image")


class _Image(NamedTuple):
    """What the directory of a page says of its pixels."""

    width: int
    height: int
    samples: int
    bits: int
    stored: np.dtype[np.generic]  # a sample in the file; bytes for fewer than 8 bits
    photometric: int
    planar: bool
    compression: int
    predictor: int
    reverse: bool
    tile: tuple[int, int]  # width and height of a segment

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of a segment."""
        return (self.tile[0] * (1 if self.planar else self.samples) * self.bits + 7) // 8

    @property
    def kind(self) -> str:
        """Mode of the image, as that of PNG and of Pillow is called."""
        if self.photometric == _PALETTE:
            return "palette"
        if self.stored.kind == "f":
            return "float"
        name = _SAMPLE_NAMES.get(self.samples, "grey")
        return name if self.bits <= 8 else f"{self.bits}-bit {name}"

    def grid(self) -> tuple[int, int]:
        """Segments in a row of them, and rows of segments."""
        return -(-self.width // self.tile[0]), -(-self.height // self.tile[1])


def _tag(page: TiffPage, code: int, default: Any) -> Any:
    with third_party("tifffile"):  # which may read the value only now
        return page.tags.valueof(code, default)


def _image(page: TiffPage, byte_order: str) -> _Image:
    def tag(code: int, default: int) -> int:
        value = _tag(page, code, default)
        if isinstance(value, tuple):
            if len(set(value)) != 1:
                raise DamagedError(f"its tag {code} differs from sample to sample: {value[:4]}")
            value = value[0]
        if not isinstance(value, int | float) or not float(value).is_integer():
            raise DamagedError(f"its tag {code} is no whole number: {str(value)[:40]!r}")
        return int(value)

    width, height, bits = tag(256, 0), tag(257, 0), tag(258, 1)
    samples, sample_format = tag(277, 1), tag(339, 1)
    too_short = sample_format == _FLOATS and bits < 16
    if bits not in (1, 2, 4, 8, 16, 32, 64) or sample_format not in _SIGNS or too_short:
        raise ValuesError(f"samples of {bits} bits in format {sample_format} are no labels")
    tile = (tag(322, 0), tag(323, 0)) if 322 in page.tags else (width, tag(278, height) or height)
    return _Image(
        width, height, samples, bits,
        np.dtype(f"{byte_order}{_SIGNS[sample_format]}{bits // 8}" if bits >= 8 else "u1"),
        tag(262, 1), tag(284, 1) == _PLANAR and samples > 1, tag(259, 1), tag(317, 1),
        tag(266, 1) == 2, (tile[0], min(tile[1], height) if 322 not in page.tags else tile[1]),
    )  # fmt: skip


def _check_compression(image: _Image, options: ReadOptions) -> None:
    check_fax(image.compression)
    if image.compression == _LERC:
        raise LossyError("it is compressed as LERC, which may be lossy, and is not read").with_hint(
            "save it with LZW or DEFLATE, such as gdal_translate -co COMPRESS=LZW"
        )
    if image.compression in _LOSSY and not options.allow_lossy:
        raise LossyError(
            f"its compression ({image.compression}) is lossy or may be: "
            "between two classes it invents values of a third"
        ).with_hint("--allow-lossy to count it all the same, --exclude if it is no mask")


def _check_page(page: TiffPage, image: _Image, options: ReadOptions) -> None:
    check_size(image.width, image.height, options)
    grey = image.samples in (1, 2) and image.photometric in _GREYS
    color = image.samples in (3, 4) and image.photometric == _RGB
    if not (grey or color or (image.samples == 1 and image.photometric == _PALETTE)):
        kind = ColorError if image.samples > 1 else UnsupportedError
        raise kind(
            f"{image.samples} samples a pixel of photometric interpretation "
            f"{image.photometric} are no mask"
        )
    if image.samples > 1 and (image.stored.kind != "u" or image.bits not in (8, 16)):
        raise ColorError(f"{image.samples} samples of {image.bits} bits a pixel are no mask")
    with third_party("tifffile"):
        is_volume = page.imagedepth > 1
    if min(image.tile) < 1 or is_volume:
        raise DamagedError(f"its segments have a size of {image.tile[0]} x {image.tile[1]}")
    if image.row_bytes > _LARGEST_ROW:
        raise LimitError(f"a row of {image.row_bytes} bytes is longer than {_LARGEST_ROW}")
    total = image.width * image.height * image.samples * image.bits // 8
    if total > options.max_bytes:
        raise LimitError(f"its rows have {total} bytes, more than {options.max_bytes}").with_hint(
            "--max-bytes, if the file is what it should be"
        )
    if image.predictor not in (1, _DIFFERENCES, _FLOAT_DIFFERENCES):
        raise UnsupportedError(f"its predictor {image.predictor} is unknown")
    floats = image.predictor == _FLOAT_DIFFERENCES
    if image.predictor != 1 and (image.bits < 8 or (floats and image.stored.kind != "f")):
        raise UnsupportedError(f"predictor {image.predictor} on such samples is not supported")


def _count_page(page: TiffPage, image: _Image, file: BinaryIO, options: ReadOptions) -> ValueCounts:
    _check_page(page, image, options)
    if not is_readable(image.compression):
        raise UnsupportedError(f"its compression ({image.compression}) is unknown").with_hint(
            "pip install imagecodecs, which may know it"
        )
    nodata = _nodata(page)
    values, largest = _count_samples(page, image, file, nodata, options)
    values = _meaning(page, image, values, options.encoding)
    by_index = image.photometric == _PALETTE and options.encoding != "color"
    colors = colors_in_use(values, _palette(page)) if by_index else None
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
    page: TiffPage, image: _Image, file: BinaryIO, nodata: float | None, options: ReadOptions
) -> tuple[dict[int, int], int]:
    """Stored value to pixels, and the largest value that the samples can have."""
    if image.samples > 1:
        counter = pixel_counter(image.samples, image.bits, options)
        _add_segments(counter, page, image, file, nodata, None)
        return counter.counts(), (1 << image.bits) - 1
    values: Counter[int] = Counter()
    for times, numbers in _by_repeats(page, image).items():
        counter = counter_of(image.stored)
        _add_segments(counter, page, image, file, nodata, numbers)
        for value, number in counter.counts().items():
            values[value] += times * number
    return dict(values), counter_of(image.stored).largest


def _by_repeats(page: TiffPage, image: _Image) -> dict[int, list[int]]:
    """
    How often a segment stands in a page, and the first of those that stand there so often.

    A file of some kilobytes can name one strip a million times, and a sparse one leaves most of
    its tiles out: time goes by what is stored, not by how often it is named.
    """
    first: dict[tuple[int, ...], int] = {}
    times: Counter[int] = Counter()
    for number, place in enumerate(_places(page, image)):
        times[first.setdefault(place, number)] += 1
    groups: dict[int, list[int]] = {}
    for number, repeats in times.items():
        groups.setdefault(repeats, []).append(number)
    return groups


def _places(page: TiffPage, image: _Image) -> Iterator[tuple[int, ...]]:
    """Of each segment its place, its size in the file, and the columns and rows that count."""
    across, down = image.grid()
    starts, sizes = _stored_places(page, image)
    for number in range(across * down):
        yield starts[number], sizes[number], *_extent(image, number)


def _add_segments(
    counter: ValueCounter, page: TiffPage, image: _Image, file: BinaryIO, nodata: float | None,
    numbers: Sequence[int] | None,
) -> None:  # fmt: skip
    for _, _, rows in _placed_rows(page, image, file, nodata, numbers):
        counter.add(_pixels(rows, image, nodata).view(np.uint8))


def _notes(page: TiffPage, image: _Image) -> list[str]:
    if image.photometric == _MIN_IS_WHITE:
        return ["its photometric interpretation is inverted; the stored samples are counted"]
    return []


def _nodata(page: TiffPage) -> float | None:
    return parse_nodata(_tag(page, _GDAL_NODATA, ""))


def _meaning(
    page: TiffPage, image: _Image, values: Mapping[int, int], encoding: str
) -> dict[int, int]:
    if image.samples > 1:
        return values_of_pixels(values, image.samples, image.bits, encoding)
    if encoding != "color":
        return dict(values)
    if image.photometric == _PALETTE:
        return colors_of_indices(values, _palette(page))
    if image.bits > 8 or image.stored.kind != "u":
        raise ColorError(f"{image.kind} samples have no colours")
    scale = 255 // ((1 << image.bits) - 1)
    return values_of_pixels({v * scale: n for v, n in values.items()}, 1, 8, encoding)


def _palette(page: TiffPage) -> bytes:
    with third_party("tifffile"):  # the tag may be of any type and length
        colors = np.array(page.tags.valueof(320, ()), np.int64).reshape(3, -1).T
    if colors.size and colors.max() > 255:  # else some writer took 8 bits for the 16 of TIFF
        colors >>= 8
    return colors.astype(np.uint8).tobytes()


def _stored_places(page: TiffPage, image: _Image) -> tuple[Sequence[int], Sequence[int]]:
    """Where the segments of a page begin in the file, and how many bytes they have."""
    across, down = image.grid()
    expected = across * down * (image.samples if image.planar else 1)
    starts, sizes = page.dataoffsets, page.databytecounts
    check_places(starts, sizes)
    if min(len(starts), len(sizes)) < expected:
        raise DamagedError(f"it has {min(len(starts), len(sizes))} of {expected} strips or tiles")
    return starts, sizes


def _extent(image: _Image, number: int) -> tuple[int, int]:
    """Columns and rows of a segment that are not padding."""
    y, x = divmod(number, image.grid()[0])
    columns = min(image.tile[0], image.width - x * image.tile[0])
    return columns, min(image.tile[1], image.height - y * image.tile[1])


def _placed_rows(
    page: TiffPage,
    image: _Image,
    file: BinaryIO,
    nodata: float | None,
    numbers: Iterable[int] | None = None,
) -> Iterator[tuple[int, int, np.ndarray]]:
    """
    Rows of segments without padding, and the row and the column where they begin.

    All segments are read, or those of `numbers`.

    A segment that the file leaves out, whose place and size are 0, holds the nodata value, or 0
    where none is declared, as GDAL reads it.
    """
    across, down = image.grid()
    planes = image.samples if image.planar else 1
    starts, sizes = _stored_places(page, image)
    for number in range(across * down) if numbers is None else numbers:
        y, x = divmod(number, across)
        columns, height = _extent(image, number)
        parts = [
            _segment(file, starts[i], sizes[i], image, height, i)
            if starts[i] or sizes[i]
            else _empty_segment(image, height, nodata)
            for i in range(number, across * down * planes, across * down)
        ]
        row = y * image.tile[1]
        for rows in zip(*parts, strict=True):
            samples = rows[0] if planes == 1 else np.concatenate(rows, axis=2)
            yield row, x * image.tile[0], samples[:, :columns]
            row += len(samples)


def _segment(
    file: BinaryIO, start: int, stored: int, image: _Image, height: int, index: int
) -> Iterator[np.ndarray]:
    """The first rows of a strip or a tile, a piece of them at a time."""
    size = image.tile[1] * image.row_bytes
    try:
        segment = open_segment(file, start, stored, size, image.compression, reverse=image.reverse)
        at_once = max(1, _PIECE // image.row_bytes)
        for first in range(0, height, at_once):
            number = min(at_once, height - first)
            data = np.frombuffer(segment.read(number * image.row_bytes), np.uint8)
            yield _samples(data.reshape(number, -1), image)
        segment.finish()
    except DecodeError as error:
        named = type(error)(f"strip or tile {index}: {error}")
        raise named.with_hint(error.hint) from error


def _empty_segment(image: _Image, height: int, nodata: float | None) -> Iterator[np.ndarray]:
    """The rows of a segment that is left out."""
    depth = 1 if image.planar else image.samples
    with np.errstate(invalid="ignore", over="ignore"):
        value = np.array(0 if nodata is None else nodata).astype(image.stored)
    if nodata is not None and not math.isnan(nodata) and float(value) != nodata:
        value = np.zeros((), image.stored)  # the type of the samples cannot hold it
    at_once = max(1, _PIECE // image.row_bytes)
    for first in range(0, height, at_once):
        yield np.full((min(at_once, height - first), image.tile[0], depth), value)


def _samples(rows: np.ndarray, image: _Image) -> np.ndarray:
    """Rows of bytes as samples of shape (rows, columns, samples of a pixel)."""
    if image.bits < 8:
        shifts = np.arange(8 - image.bits, -1, -image.bits, dtype=np.uint8)
        samples = rows[:, :, None] >> shifts & ((1 << image.bits) - 1)
        return samples.reshape(len(rows), -1)[:, : image.tile[0], None]
    depth = 1 if image.planar else image.samples
    shape = (len(rows), image.tile[0], depth)
    if image.predictor == _DIFFERENCES:
        numbers = rows.view(image.stored.str.replace("i", "u").replace("f", "u")).reshape(shape)
        sums = np.cumsum(numbers, axis=1, dtype=numbers.dtype.newbyteorder("="))
        return sums.astype(numbers.dtype).view(image.stored)
    if image.predictor == _FLOAT_DIFFERENCES:
        sums = np.cumsum(rows.reshape(len(rows), -1, depth), axis=1, dtype=np.uint8)
        planes = sums.reshape(len(rows), image.stored.itemsize, -1)
        floats = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{image.stored.itemsize}")
        return floats.reshape(shape)
    return rows.view(image.stored).reshape(shape)


def _pixels(rows: np.ndarray, image: _Image, nodata: float | None) -> np.ndarray:
    """Samples as the counter wants them: whole numbers, or pixels of big-endian samples."""
    if image.samples > 1:
        rows = rows.astype(f">u{image.bits // 8}", copy=False)
    elif image.stored.kind == "f":
        rows = whole_numbers(rows, nodata)
    return np.ascontiguousarray(rows).reshape(-1)
