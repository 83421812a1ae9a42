"""
Counts images other than PNG, decoded by Pillow.

Pillow gets the open file and the one decoder that the file's first bytes ask for,
never a name: by name it maps files into memory, and starts a program for some.
Where it changes samples (scaled greys, inverted TIFF), the change is undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from .counts import ValueCounts
from .encodings import ReadOptions, check_size, values_of_pixels
from .errors import DecodeError
from .kernels import ValueCounter, largest_of, whole_numbers

if TYPE_CHECKING:
    from PIL import ImageFile

_LARGEST_IMAGE = 1 << 28  # pixels; Pillow holds an image whole
_STRIP = 1 << 20  # pixels turned into an array at a time
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
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


def read_image(file: BinaryIO, format_: str, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count an image of a format that Pillow knows; each page of a TIFF is a mask.

    Parameters
    ----------
    format_ : str
        BMP, GIF, TIFF, WEBP, JPEG or PPM: what the first bytes of the file say.

    Raises
    ------
    DecodeError
        If it is lossy, or its samples are no labels. Pillow raises others.
    """
    if not options.allow_lossy and _is_lossy(file, format_):
        raise DecodeError(
            f"{format_} is lossy: between two classes it invents values of a third"
        ).with_hint("--allow-lossy to count it all the same, --exclude if it is no mask")
    image = _open(file, format_)
    num_pages = getattr(image, "n_frames", 1) if format_ == "TIFF" else 1
    for page in range(num_pages):
        if page:
            image.seek(page)
        yield _count_page(image, format_, options)


def _open(file: BinaryIO, format_: str) -> ImageFile.ImageFile:
    from PIL import (
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PpmImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    # The classes themselves, not Image.open: its limit on pixels is not ours.
    decoders: dict[str, type[ImageFile.ImageFile]] = {
        "BMP": BmpImagePlugin.BmpImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PPM": PpmImagePlugin.PpmImageFile,
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
    check_size(width, height, options)
    if width * height > _LARGEST_IMAGE:
        raise DecodeError(
            f"{width} x {height} pixels of {format_} must be held whole: more than {_LARGEST_IMAGE}"
        ).with_hint("PNG, .npy and tiled TIFF are counted in pieces")
    notes = []
    if format_ == "GIF" and getattr(image, "n_frames", 1) > 1:
        notes.append("an animation: only its first frame is counted")
    image.load()
    if image.mode in _SAMPLES:
        samples = _SAMPLES[image.mode]
        pixels = _count_samples(image, np.dtype(f"V{samples}")).counts()
        values, largest = values_of_pixels(pixels, samples, 8, options.encoding), 255
    elif image.mode in _KINDS:
        counter = _count_samples(image, None)
        values, largest = counter.counts(), largest_of(counter.dtype)
    else:
        raise DecodeError(f"{format_} of mode {image.mode} is no mask")
    if format_ == "TIFF":
        values = _stored_samples(image, values, notes)
    kind = _KINDS.get(image.mode, image.mode)
    return ValueCounts(values, width * height, kind, largest, notes=tuple(notes))


def _count_samples(image: ImageFile.ImageFile, pixel: np.dtype[np.generic] | None) -> ValueCounter:
    """Count the pixels of an image as `pixel`, or as numbers of the type of their array."""
    counter = None
    for samples in _strips(image):
        numbers = samples if pixel else whole_numbers(samples)
        if numbers.dtype.kind == "b":
            numbers = numbers.astype(np.uint8)  # Pillow's True is a byte of 255
        counter = counter or ValueCounter(pixel or numbers.dtype)
        counter.add(np.ascontiguousarray(numbers).view(np.uint8))
    assert counter is not None  # images without rows are refused before
    return counter


def _strips(image: ImageFile.ImageFile) -> Iterator[np.ndarray]:
    width, height = image.size
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        yield np.asarray(image.crop((0, top, width, min(top + rows, height))))


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
    if image.mode == "L" and bits == 8 and tags.get(_SAMPLE_FORMAT, (1,))[0] == 2:
        values = {value - 256 if value > 127 else value: n for value, n in values.items()}
    return values
