"""
From the counted pixels of a PNG mask to its values.
"""

from __future__ import annotations

from .options import ReadOptions
from .png_header import GREY, PALETTE, Header
from .samples import colors_in_use, colors_of_indices, values_of_pixels
from .value_counts import ValueCounts


def mask_of(
    header: Header, pixels: dict[int, int], palette: bytes, notes: list[str], options: ReadOptions
) -> ValueCounts:
    """
    What a mask holds by its header and its counted pixels.

    Parameters
    ----------
    header : Header
    pixels : dict of int to int
        Packed pixel to how many there are.
    palette : bytes
        Body of PLTE; empty without one.
    notes : list of str
        What is odd about the file; more may be added.
    options : ReadOptions

    Raises
    ------
    DecodeError
        If the pixels are no labels.
    """
    width, height, depth, color, _ = header
    by_index = options.encoding != "color"
    if color == GREY and by_index:
        return mask_of_grey(pixels, width * height, depth, tuple(notes))
    values = _values(header, pixels, palette, notes, options)
    colors = colors_in_use(values, palette) if color == PALETTE and by_index else None
    largest = 65535 if depth == 16 else 255
    return ValueCounts(
        values, width * height, header.kind, largest, notes=tuple(notes), colors=colors
    )


def mask_of_grey(
    values: dict[int, int], num_pixels: int, depth: int, notes: tuple[str, ...] = ()
) -> ValueCounts:
    """What a grey mask holds that is read by index: nothing is to be worked out."""
    if depth == 16:
        return ValueCounts(values, num_pixels, "16-bit grey", 65535, 0, 0, notes)
    return ValueCounts(values, num_pixels, "grey", 255, 0, 0, notes)


def _values(
    header: Header, pixels: dict[int, int], palette: bytes, notes: list[str], options: ReadOptions
) -> dict[int, int]:
    if header.color != PALETTE:
        bits = max(8, header.depth)
        if header.num_samples == 1 and options.encoding == "color" and header.depth < 8:
            pixels = {v * 255 // ((1 << header.depth) - 1): n for v, n in pixels.items()}
        return values_of_pixels(pixels, header.num_samples, bits, options)
    if options.encoding == "color":
        return colors_of_indices(pixels, palette)
    entries = len(palette) // 3
    if max(pixels) >= entries:
        notes.append(f"index {max(pixels)} lies past its palette of {entries} colours")
    return pixels
