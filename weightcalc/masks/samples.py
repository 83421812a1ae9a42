"""
From counted pixels to values: several samples of a pixel are one integer.

Pixels are made values after they are counted, when only the few different ones of a mask
are left. The first sample of a pixel is the most significant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from itertools import pairwise

from ..errors import ColorError, PhotographError, ValuesError
from ..kernels.counters import ValueCounter
from .options import ReadOptions

_MOST_COLORS = 256  # of a mask: more are a photograph, or edges that are blended
_MOST_IDS = 64  # class ids are small, and reds of colours are not
_ONE_CHANNEL = "save the channel that holds the classes as a grey image: weightcalc help formats"
_ALPHA = "save the alpha as a grey image, Image.open(OLD).getchannel('A').save(NEW) with Pillow"
_NO_ALPHA = (
    "save the mask without alpha, in which its transparent pixels keep their colour: "
    "Image.open(OLD).convert('RGB').save(NEW) with Pillow"
)
_NEARLY_ALL = 0.9  # of the pixels of a mask have one of so few colours, whatever its edges


def colors_of_indices(indices: Mapping[int, int], palette: bytes) -> dict[int, int]:
    """
    The colours that the indices of a palette image stand for.

    Parameters
    ----------
    indices : mapping of int to int
        Index to pixels.
    palette : bytes
        Red, green and blue of each index.

    Raises
    ------
    DecodeError
        If an index lies past the palette, so that it has no colour.
    """
    colors: dict[int, int] = {}
    for index, number in indices.items():
        entry = palette[3 * index : 3 * index + 3]
        if len(entry) < 3:
            raise ValuesError(
                f"index {index} ({number} pixels) lies past its palette of "
                f"{len(palette) // 3} colours"
            ).with_hint("--encoding index counts indices, whatever their colours")
        color = int.from_bytes(entry, "big")
        colors[color] = colors.get(color, 0) + number
    return colors


def colors_in_use(indices: Mapping[int, int], palette: bytes) -> dict[int, int] | None:
    """
    The colours of the indices that a palette image uses, for comparison with other masks.

    Parameters
    ----------
    indices : mapping of int to int
        Index to pixels.
    palette : bytes
        Red, green and blue of each index.

    Returns
    -------
    dict of int to int, or None
        Index to packed colour. None where the palette is a ramp of greys: such a palette
        stands in the place of none.
    """
    used = palette[: 3 * max(indices) + 3]
    greys = used[::3]
    if greys == used[1::3] == used[2::3] and all(a < b for a, b in pairwise(greys)):
        return None
    entries = {index: palette[3 * index : 3 * index + 3] for index in sorted(indices)}
    return {index: int.from_bytes(e, "big") for index, e in entries.items() if len(e) == 3}


def pixel_counter(num_samples: int, sample_bits: int, options: ReadOptions) -> ValueCounter:
    """
    A counter of packed pixels, which refuses a photograph when it has seen enough of it.

    Parameters
    ----------
    num_samples, sample_bits
        As in `values_of_pixels`.
    options : ReadOptions
        Where `encoding` is not "color", the first pixel that is not grey is refused, else
        the 257th colour, unless a `blended` mask may have it.
    """
    width = num_samples * sample_bits // 8
    if num_samples <= 2:
        return ValueCounter(width, "big")
    alpha_bits = sample_bits if num_samples == 4 else 0
    if options.encoding == "color" and options.blended:  # judged at the end, by all pixels
        return ValueCounter(width, "big")
    if options.encoding == "color":
        return ValueCounter(width, "big", on_piece=partial(_check_colors, alpha_bits=alpha_bits))
    return ValueCounter(width, "big", on_piece=_GreyCheck(sample_bits, alpha_bits))


def may_be_refused(
    pixels: Mapping[int, int], num_samples: int, sample_bits: int, options: ReadOptions
) -> bool:
    """
    Whether `pixel_counter` may refuse pixels that have been counted without it.

    Parameters
    ----------
    pixels : mapping of int to int
        Packed pixel to how many there are.
    num_samples, sample_bits, options
        As of `pixel_counter`.
    """
    if num_samples <= 2:
        return False
    if options.encoding == "color":
        return len(pixels) > _MOST_COLORS and not options.blended
    alpha_bits = sample_bits if num_samples == 4 else 0
    colors = (_samples(pixel >> alpha_bits, sample_bits) for pixel in pixels)
    return any(not red == green == blue for red, green, blue in colors)


def _check_colors(counter: ValueCounter, alpha_bits: int) -> None:
    """Refuse a photograph by its many colours, before all of them are counted."""
    if len(counter.numbers) > _MOST_COLORS:
        colors = {pixel >> alpha_bits for pixel in counter.values_after(0)}
        if len(colors) > _MOST_COLORS:
            raise _photograph()


def _check_all_colors(colors: Mapping[int, int], blended: bool) -> None:
    """Refuse a photograph by all its colours, of which few must hold nearly all pixels."""
    if len(colors) <= _MOST_COLORS:
        return
    few = sum(number for _, number in Counter(colors).most_common(_MOST_COLORS))
    if not blended or few < _NEARLY_ALL * sum(colors.values()):
        raise _photograph()


class _GreyCheck:
    """Refuses colours where indices are wanted, and calls them a photograph if there are many."""

    def __init__(self, bits: int, alpha_bits: int) -> None:
        self._bits = bits
        self._alpha_bits = alpha_bits
        self._num_known = 0

    def __call__(self, counter: ValueCounter) -> None:
        found: set[tuple[int, int, int]] = set()
        for pixel in counter.values_after(self._num_known):
            color = _samples(pixel >> self._alpha_bits, self._bits)
            if not color[0] == color[1] == color[2]:
                found.add(color)
                if len(found) > _MOST_COLORS:
                    raise _photograph()
        if found and not self._alpha_bits:  # else alpha says at the end what the colours are
            raise _no_index(found, self._bits)
        self._num_known = len(counter.numbers)


def _photograph() -> PhotographError:
    return PhotographError(
        f"more than {_MOST_COLORS} different colours: a photograph, or a mask whose edges are blended"
    ).with_hint(
        "name the masks without the photographs; save masks without anti-aliasing, and resize "
        "them by nearest neighbour; -c/--classes with a list of all colours, if these are classes"
    )


def _no_index(colors: Collection[tuple[int, int, int]], bits: int) -> ColorError:
    text = f"a colour mask: pixel {min(colors)} is no index"
    if bits == 16 and any(sample % 257 for color in colors for sample in color):
        return ColorError(f"{text}, and 16-bit samples are no colours").with_hint(_ONE_CHANNEL)
    if all(color[1:] == (0, 0) and color[0] < _MOST_IDS for color in colors):  # as CARLA has them
        return ColorError(f"{text}; only its red channel is used").with_hint(
            f"{_ONE_CHANNEL}; --encoding color if they are colours"
        )
    return ColorError(text).with_hint(
        "--encoding color, and -c/--classes with a list that has colours; "
        "ids of segments or instances must be turned into classes first: weightcalc help formats"
    )


def values_of_pixels(
    pixels: Mapping[int, int], num_samples: int, sample_bits: int, options: ReadOptions
) -> dict[int, int]:
    """
    The values of an image of several samples a pixel: grey with alpha, RGB or RGBA.

    Parameters
    ----------
    pixels : mapping of int to int
        Packed pixel to how often it occurs.
    num_samples : int
        Samples of a pixel: 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).
    sample_bits : int
        Bits of a sample, 8 or 16.
    options : ReadOptions
        The encoding "color" packs 8-bit samples to ``0xRRGGBB``; for any other all of them are
        alike, which `pixel_counter` checks.

    Raises
    ------
    DecodeError
        If alpha is not the same everywhere, a colour has no 8-bit form, or it is a photograph.
    """
    if num_samples in (2, 4):
        pixels = _without_alpha(pixels, sample_bits)
    num_colors = 1 if num_samples <= 2 else 3
    if options.encoding == "color":
        _check_all_colors(pixels, options.blended)
        return {_packed(pixel, num_colors, sample_bits): n for pixel, n in pixels.items()}
    if num_colors == 1:
        return dict(pixels)
    colors = {_samples(pixel, sample_bits) for pixel in pixels}
    if odd := {color for color in colors if not color[0] == color[1] == color[2]}:
        raise _no_index(odd, sample_bits)
    return {pixel & ((1 << sample_bits) - 1): number for pixel, number in pixels.items()}


def _without_alpha(pixels: Mapping[int, int], bits: int) -> dict[int, int]:
    alphas = {pixel & ((1 << bits) - 1) for pixel in pixels}
    if len(alphas) > 1:
        raise _alpha_differs(pixels, alphas, bits)
    return {pixel >> bits: number for pixel, number in pixels.items()}


def _alpha_differs(pixels: Iterable[int], alphas: Collection[int], bits: int) -> ValuesError:
    """What an alpha that differs from pixel to pixel means, and how the mask is saved without."""
    opaque = (1 << bits) - 1
    seen = {pixel >> bits for pixel in pixels if pixel & opaque == opaque}
    hidden = {pixel >> bits for pixel in pixels if not pixel & opaque}
    some = ", ".join(map(str, sorted(alphas)[:3])) + ", ..." * (len(alphas) > 3)
    text = f"its alpha is not the same everywhere ({len(alphas)} values: {some})"
    if bits == 16:  # of which Pillow keeps only 8
        return ValuesError(text).with_hint(_ONE_CHANNEL)
    if len({pixel >> bits for pixel in pixels}) == 1:
        return ValuesError(f"{text}, and its colour is: the mask may be in the alpha").with_hint(
            _ALPHA
        )
    if {*alphas} == {0, opaque} and len(hidden) == 1 and not hidden & seen:
        return ValuesError(f"{text}: some of its pixels are transparent").with_hint(_NO_ALPHA)
    return ValuesError(f"{text}, so its colours are blended and are no labels").with_hint(
        f"masks saved without anti-aliasing, all of whose pixels are opaque; or {_ALPHA}, if the "
        "alpha is the mask"
    )


def _packed(pixel: int, num_colors: int, bits: int) -> int:
    if num_colors == 1:
        pixel *= 1 + (1 << bits) + (1 << 2 * bits)
    if bits == 8:
        return pixel
    red, green, blue = _samples(pixel, bits)
    if any(sample % 257 for sample in (red, green, blue)):
        raise ValuesError(f"16-bit colour {red},{green},{blue} has no 8-bit form").with_hint(
            _ONE_CHANNEL
        )
    return red // 257 << 16 | green // 257 << 8 | blue // 257


def _samples(pixel: int, bits: int) -> tuple[int, int, int]:
    low = (1 << bits) - 1
    return pixel >> 2 * bits, pixel >> bits & low, pixel & low
