"""
Counts images other than PNG, decoded by Pillow.

Pillow gets the open file and the one decoder that the file's first bytes ask for,
never a name: by name it maps files into memory, and starts a program for some.
Where it changes samples (scaled greys, inverted TIFF), the change is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO

import numpy as np

from ..errors import (
    ColorError,
    DamagedError,
    LossyError,
    ShapeError,
    UnsupportedError,
)
from ..files.limits import check_held
from ..kernels.counters import ValueCounter
from ..kernels.ndarrays import counted_as, counter_of, whole_numbers
from ..sources.guard import third_party
from .bmp import count_bmp
from .options import ReadOptions, check_image, check_size
from .pictures import Block, Picture, values_of_samples
from .samples import colors_in_use, colors_of_indices, pixel_counter, values_of_pixels
from .value_counts import ValueCounts

if TYPE_CHECKING:
    from PIL import ImageFile

_WEBP_PIXEL = 16  # bytes: Pillow holds four images of 4 bytes a pixel
_STRIP = 1 << 20  # pixels turned into an array at a time
_BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _SAMPLES_PER_PIXEL = 258, 259, 262, 277
_STRIP_BYTES, _SAMPLE_FORMAT = 279, 339
_GDAL_NODATA = 42113
_FAX = (2, 3, 4, 32771, "tiff_ccitt", "group3", "group4", "tiff_raw_16")
_JPEG_IN_TIFF = ("jpeg", "tiff_jpeg", 6, 7)
_SAMPLES = {"LA": 2, "RGB": 3, "RGBA": 4}
_KINDS = {
    "1": "grey",
    "L": "grey",
    "P": "palette",
    "I;16": "16-bit grey",
    "I;16B": "16-bit grey",
    "I": "32-bit grey",
    "F": "float",
}


def read_image(
    file: BinaryIO, format_: str, options: ReadOptions, pages: Sequence[int] | None = None
) -> Iterator[ValueCounts]:
    """
    Count an image of a format that Pillow knows; each page of a TIFF is a mask.

    Parameters
    ----------
    format_ : str
        BMP, GIF, TIFF, WEBP or JPEG: what the first bytes of the file say.
    pages : sequence of int, optional
        Pages of a TIFF to count. Default is all of them.

    Raises
    ------
    DecodeError
        If it is damaged or lossy, or its samples are no labels.
    """
    check_image(options)
    if not options.allow_lossy and _is_lossy(file, format_):
        raise LossyError(
            f"{format_} is lossy: between two classes it invents values of a third"
        ).with_hint("--allow-lossy to count it all the same, --exclude if it is no mask")
    if format_ == "BMP" and (mask := count_bmp(file, options)) is not None:
        yield mask
        return
    if format_ == "WEBP":
        _check_held(*_size_of_webp(file), format_, options, _WEBP_PIXEL)
    with _limit_given_way():
        with third_party("Pillow"):
            image = _open(file, format_)
            num_pages = getattr(image, "n_frames", 1) if format_ == "TIFF" else 1
        for page in range(num_pages) if pages is None else pages:
            if page:
                with third_party("Pillow"):
                    image.seek(page)
            yield _count_page(image, format_, options)


def picture_of_image(file: BinaryIO, format_: str, options: ReadOptions) -> Picture:
    """
    The samples of an image that has been counted; the pages of a TIFF stand one below the other.

    Raises
    ------
    DecodeError
        If it is damaged, or its pages differ in size.
    """
    with _limit_given_way(), third_party("Pillow"):
        image = _open(file, format_)
        num_pages = getattr(image, "n_frames", 1) if format_ == "TIFF" else 1
    width, height = image.size
    return Picture(width, height * num_pages, _blocks(image, num_pages, options))


def _blocks(image: ImageFile.ImageFile, num_pages: int, options: ReadOptions) -> Iterator[Block]:
    width, height = image.size
    for page in range(num_pages):
        with _limit_given_way(), third_party("Pillow"):
            if page:
                image.seek(page)
            image.load()
        if image.size != (width, height):
            raise ShapeError("its pages differ in size, so that they are no layer")
        row = page * height
        for samples in _strips(image):
            if image.mode in _SAMPLES:
                values = values_of_samples(samples, options.encoding)
            else:
                values = _undone(image, whole_numbers(samples, _nodata(image)))
            yield Block(row, 0, values)
            row += len(values)


def _undone(image: ImageFile.ImageFile, values: np.ndarray) -> np.ndarray:
    """The samples that a file stores, where Pillow changes those of TIFF."""
    if image.format != "TIFF":
        return values
    found, places = np.unique(values, return_inverse=True)
    stored = _stored_samples(image, dict.fromkeys(map(int, found), 1), [])
    return np.array(list(stored), np.int64)[places].reshape(values.shape)


@contextmanager
def _limit_given_way() -> Iterator[None]:
    """Pillow's own limit on pixels gives way to ours, for which it is lower."""
    from PIL import Image

    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _open(file: BinaryIO, format_: str) -> ImageFile.ImageFile:
    from PIL import (
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    decoders: dict[str, type[ImageFile.ImageFile]] = {
        "BMP": BmpImagePlugin.BmpImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
    }
    return decoders[format_](file)


def _is_lossy(file: BinaryIO, format_: str) -> bool:
    if format_ != "WEBP":
        return format_ == "JPEG"
    file.seek(12)
    for _ in range(16):  # chunks before the pixels; animations may have more, and are refused
        head = file.read(8)
        if head[:4] == b"VP8L" or len(head) < 8:
            file.seek(0)
            return False
        if head[:4] in (b"VP8 ", b"ANIM"):
            break
        size = int.from_bytes(head[4:], "little")
        file.seek(size + size % 2, 1)
    file.seek(0)
    return True


def _count_page(image: ImageFile.ImageFile, format_: str, options: ReadOptions) -> ValueCounts:
    width, height = image.size
    _check_held(width, height, format_, options)
    if format_ == "TIFF":
        _check_tiff(image, options)
    notes = _notes_on_gif(image.fp) if format_ == "GIF" and image.fp else []
    with third_party("Pillow"):
        image.load()
    values, largest = _values(image, format_, options, notes)
    kind = _KINDS.get(image.mode, image.mode)
    by_index = image.mode == "P" and options.encoding != "color"
    colors = colors_in_use(values, _palette(image)) if by_index else None
    nodata = counted_as(_nodata(image)) if options.encoding != "color" else None
    return ValueCounts(
        values,
        width * height,
        kind,
        largest,
        notes=tuple(notes),
        nodata=nodata,
        colors=colors,
    )


def _nodata(image: ImageFile.ImageFile) -> float | None:
    """What a TIFF declares to be no data; None for other formats."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else parse_nodata(tags.get(_GDAL_NODATA, ""))


def _check_held(
    width: int, height: int, format_: str, options: ReadOptions, pixel_bytes: int = 4
) -> None:
    """Refuse an image that is larger than `options` allow, or than is held whole."""
    check_size(width, height, options)
    size = width * height * pixel_bytes
    what = f"a {format_} image of {width} x {height} pixels"
    check_held(what, size, "PNG, .npy and tiled TIFF are counted in pieces")


def _size_of_webp(file: BinaryIO) -> tuple[int, int]:
    """Width and height by the first header: Pillow takes the memory for them when it opens."""
    file.seek(12)
    kind, body = file.read(8)[:4], file.read(10)
    file.seek(0)
    if len(body) < 10 or kind not in (b"VP8X", b"VP8L", b"VP8 "):
        raise DamagedError("no WebP: it has no header of an image")
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    sides = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:], "little")
    return sides[0] & 0x3FFF, sides[1] & 0x3FFF


def _notes_on_gif(file: IO[bytes]) -> list[str]:
    """Walk over the blocks of a GIF file, which Pillow leaves where the first frame begins."""
    position, frames = file.tell(), 0
    file.seek(10)
    _skip_colors(file, file.read(3))
    while (kind := file.read(1)) in (b",", b"!"):
        if kind == b",":
            frames += 1
            _skip_colors(file, file.read(9)[8:])
        file.seek(1, 1)  # the label of an extension, the code size of a frame
        while size := file.read(1):
            if size == b"\0":
                break
            file.seek(size[0], 1)
    file.seek(position)
    notes = ["an animation: only its first frame is counted"] if frames > 1 else []
    return notes if kind == b";" else [*notes, "its end mark is missing"]


def _skip_colors(file: IO[bytes], flags: bytes) -> None:
    """Skip the colour table that the first of `flags` announces."""
    if flags and flags[0] & 0x80:
        file.seek(6 << (flags[0] & 7), 1)


def _values(
    image: ImageFile.ImageFile, format_: str, options: ReadOptions, notes: list[str]
) -> tuple[dict[int, int], int]:
    """Value counts of a decoded image, and the largest value that its type can hold."""
    if image.mode in _SAMPLES:
        samples = _SAMPLES[image.mode]
        pixels = _count_samples(image, pixel_counter(samples, 8, options)).counts()
        return values_of_pixels(pixels, samples, 8, options), 255
    if image.mode not in _KINDS:
        raise UnsupportedError(f"{format_} of mode {image.mode} is no mask")
    counter = _count_samples(image)
    values = counter.counts()
    if format_ == "TIFF":
        values = _stored_samples(image, values, notes)
    if options.encoding == "color":
        values = _colors(image, values, options)
    return values, counter.largest


def _colors(
    image: ImageFile.ImageFile, values: dict[int, int], options: ReadOptions
) -> dict[int, int]:
    if image.mode == "P":
        return colors_of_indices(values, _palette(image))
    if image.mode != "L":
        raise ColorError(f"an image of mode {image.mode} has no colours")
    return values_of_pixels(values, 1, 8, options)


def _palette(image: ImageFile.ImageFile) -> bytes:
    with third_party("Pillow"):
        return bytes(image.getpalette() or [])


def _count_samples(
    image: ImageFile.ImageFile, of_pixels: ValueCounter | None = None
) -> ValueCounter:
    """Count the samples of an image as numbers of the type of their array, or whole pixels."""
    counter, nodata = of_pixels, _nodata(image)
    for samples in _strips(image):
        numbers = samples if of_pixels else whole_numbers(samples, nodata)
        if numbers.dtype.kind == "b":
            numbers = numbers.astype(np.uint8)  # Pillow's True is a byte of 255
        counter = counter or counter_of(numbers.dtype)
        counter.add(np.ascontiguousarray(numbers).view(np.uint8))
    assert counter is not None  # images without rows are refused before
    return counter


def _strips(image: ImageFile.ImageFile) -> Iterator[np.ndarray]:
    width, height = image.size
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        with third_party("Pillow"):
            strip = np.asarray(image.crop((0, top, width, min(top + rows, height))))
        yield strip


def check_fax(compression: object) -> None:
    """
    Refuse TIFF in a compression of fax machines.

    Raises
    ------
    UnsupportedError
    """
    if compression in _FAX:
        raise UnsupportedError(
            "it is compressed as CCITT fax, whose decoders fill in what they cannot read, so that "
            "damage would be counted"
        ).with_hint("save it as PNG, or as TIFF with LZW or DEFLATE: tiffcp -c lzw IN OUT")


def parse_nodata(text: object) -> float | None:
    """The nodata value of a GDAL tag; None where it is none."""
    try:
        return float(str(text).strip("\0 "))
    except ValueError:
        return None


def _check_tiff(image: ImageFile.ImageFile, options: ReadOptions) -> None:
    """Refuse TIFF that is lossy, short, or of more bits than Pillow keeps."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    compression, bits = tags.get(_COMPRESSION, 1), max(tags.get(_BITS_PER_SAMPLE, (1,)))
    check_fax(compression)
    if compression in _JPEG_IN_TIFF and not options.allow_lossy:
        raise LossyError("TIFF compressed as JPEG is lossy").with_hint("--allow-lossy")
    if image.mode in _SAMPLES and bits > 8:
        raise UnsupportedError(
            f"{image.mode} of {bits} bits a sample needs: pip install 'weightcalc[tiff]'"
        )
    if compression == 1 and _STRIP_BYTES in tags:
        width, height = image.size
        samples = tags.get(_SAMPLES_PER_PIXEL, 1)
        with third_party("Pillow"):  # the tag may be of any type
            stored = sum(tags[_STRIP_BYTES])
        wanted = (width * samples * bits + 7) // 8 * height
        if stored < wanted:
            raise DamagedError(f"its strips have {stored} bytes, its rows {wanted}")


def _stored_samples(
    image: ImageFile.ImageFile, values: dict[int, int], notes: list[str]
) -> dict[int, int]:
    """Undo what Pillow does to the samples of TIFF: scaling, inverting, dropping the sign."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits = tags.get(_BITS_PER_SAMPLE, (1,))[0]
    if image.mode == "L" and bits in (2, 4):
        values = {value // (255 // ((1 << bits) - 1)): n for value, n in values.items()}
    if tags.get(_PHOTOMETRIC) == 0 and image.mode in ("1", "L"):
        notes.append("its photometric interpretation is inverted; the stored samples are counted")
        values = {(1 << bits) - 1 - value: n for value, n in values.items()}
    if image.mode == "I" and bits == 32 and tags.get(_SAMPLE_FORMAT, (1,))[0] == 1:
        values = {value & 0xFFFFFFFF: n for value, n in values.items()}
    if image.mode == "L" and bits == 8 and tags.get(_SAMPLE_FORMAT, (1,))[0] == 2:
        values = {value - 256 if value > 127 else value: n for value, n in values.items()}
    return values
