"""
The patterns of ``--mask-name`` and ``--image-name`` that names of masks and images themselves show.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ..text.escape import printable
from .findings import STEM

_SAMPLES = 20  # masks that are tried before all are
_MOST_LONGEST = 3  # of them whose parts are looked for in the names of all images
_MOST_CUTS = 40  # ways to cut masks, and, for each of them, images
_MOST_FOUND = 20_000  # places of stems in names of images, as short ones are in all
_NEARLY_ALL = 0.9  # of the masks have an image by a pattern that is no chance
_TOKENS = r"\d+|[A-Z]*[a-z]+|[^\W\d_]+|."

_Affixes = tuple[str, str]  # what stands before and after the stem that both share


class Patterns(NamedTuple):
    """
    Patterns of names, and for how many masks they find an image.

    Attributes
    ----------
    mask_name, image_name : str
        In which {} stands for what both share.
    num_paired : int
    """

    mask_name: str
    image_name: str
    num_paired: int


def derive_patterns(masks: Sequence[str], images: Collection[str]) -> Patterns | None:
    """
    The shortest patterns by which nearly all masks, two of them at least, have an image.

    Parameters
    ----------
    masks, images : sequence and collection of str
        Names without folders and endings.
    """
    known = set(images)
    names = sorted(set(masks))
    samples = names[:: max(1, len(names) // _SAMPLES)]
    candidates = {
        (of_mask, of_image)
        for of_mask in _cuts_of_masks(samples)
        for of_image in _cuts_of_images(samples, of_mask, known)
    }
    found = [
        Patterns(
            STEM.join(of_mask), STEM.join(of_image), _num_paired(masks, known, of_mask, of_image)
        )
        for of_mask, of_image in candidates
        if _pairs_enough(samples, known, of_mask, of_image)
        and _pairs_enough(masks, known, of_mask, of_image)
    ]
    return min(found, key=_preference, default=None)


def _preference(patterns: Patterns) -> tuple[int, int, str, str]:
    """Most pairs first, then the shortest patterns."""
    mask_name, image_name, num_paired = patterns
    return -num_paired, len(mask_name) + len(image_name), mask_name, image_name


def _pairs_enough(
    names: Sequence[str], images: Collection[str], of_mask: _Affixes, of_image: _Affixes
) -> bool:
    number = _num_paired(names, images, of_mask, of_image)
    return number >= max(2, _NEARLY_ALL * len(names))


def _num_paired(
    names: Iterable[str], images: Collection[str], of_mask: _Affixes, of_image: _Affixes
) -> int:
    """How many masks have an image where both are cut so."""
    before, after = of_image
    stems = (_stem(name, of_mask) for name in names)
    return sum(bool(stem) and f"{before}{stem}{after}" in images for stem in stems)


def _stem(name: str, affixes: _Affixes) -> str:
    """What is left of a name; "" where it does not begin and end so."""
    before, after = affixes
    fits = name.startswith(before) and name.endswith(after)
    return name[len(before) : len(name) - len(after)] if fits else ""


def _cuts_of_masks(samples: Sequence[str]) -> list[_Affixes]:
    """What nearly all masks begin and end with, at the bounds of words and of numbers."""
    cuts = {affixes for name in samples for affixes in _cuts(name)}
    least = _NEARLY_ALL * len(samples)
    shared = [cut for cut in cuts if sum(bool(_stem(name, cut)) for name in samples) >= least]
    return sorted(shared, key=lambda cut: (len("".join(cut)), cut))[:_MOST_CUTS]


def _cuts(name: str) -> Iterator[_Affixes]:
    """Ways to cut a name between words and numbers; signs go with what is cut off."""
    bounds = [*(match.start() for match in re.finditer(_TOKENS, name, re.DOTALL)), len(name)]
    starts = [at for at in bounds[:-1] if not at or name[at].isalnum()]
    ends = [at for at in bounds[1:] if at == len(name) or name[at - 1].isalnum()]
    for start in starts:
        for end in (end for end in ends if end > start):
            before, after = name[:start], name[end:]
            if _is_plain(before) and _is_plain(after):
                yield before, after


def _is_plain(affix: str) -> bool:
    """Whether an option can hold an affix, and a terminal show it."""
    return STEM not in affix and printable(affix) == affix


def _cuts_of_images(
    samples: Sequence[str], of_mask: _Affixes, images: Collection[str]
) -> list[_Affixes]:
    """What most often stands around the stems of some masks in the names of images."""
    stems = sorted(filter(None, (_stem(name, of_mask) for name in samples)), key=len)
    around = (cut for stem in stems[-_MOST_LONGEST:] for cut in _around(stem, images))
    cuts = [cut for cut, _ in Counter(islice(around, _MOST_FOUND)).most_common(_MOST_CUTS)]
    return [cut for cut in cuts if all(map(_is_plain, cut))]


def _around(stem: str, images: Collection[str]) -> Iterator[_Affixes]:
    """What stands before and after a stem, wherever it is in a name of an image."""
    expression = re.compile(_alone(stem))
    for image in images:
        if stem in image:  # as in few
            for match in expression.finditer(image):
                yield image[: match.start()], image[match.end() :]


def _alone(stem: str) -> str:
    """A stem as an expression that finds no part of a longer number."""
    before = r"(?<!\d)" if stem[0].isdecimal() else ""
    after = r"(?!\d)" if stem[-1].isdecimal() else ""
    return f"{before}{re.escape(stem)}{after}"
