"""
Finds the image of a mask by the part that their names share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from functools import cached_property, lru_cache
from unicodedata import normalize

from ..sources.listing import list_files
from ..sources.names import path_in, split_ending
from .findings import STEM
from .name_patterns import Patterns, derive_patterns

_PLAIN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".ppm", ".jp2")
SUFFIXES = (*_PLAIN, ".nii", ".nii.gz")


def _nfc(text: str) -> str:
    return normalize("NFC", text)


class Images:
    """
    The images of a folder by the stems that they share with masks.

    Names are compared in Unicode NFC, as macOS writes an accent as a character of its own.

    Parameters
    ----------
    folder : str
        Or whatever else `list_files` takes.
    masks : collection of str
        The masks, which are no images, though the folder may hold them.
    mask_name, image_name : str
        Patterns of their names without endings; {} is the stem that both share.

    follow : bool
        Whether links to folders are followed.
    scenes : collection of str, optional
        Names of the scenes that the masks are layers of, which have no endings.

    Attributes
    ----------
    warnings : list of str
        What the listing left out though it may be images: links to folders.

    Raises
    ------
    SourceError
        If the folder cannot be read.
    """

    def __init__(
        self,
        folder: str,
        masks: Collection[str],
        mask_name: str = STEM,
        image_name: str = STEM,
        *,
        follow: bool = False,
        scenes: Collection[str] | None = None,
    ) -> None:
        self.folder, self.mask_name, self.image_name = folder, mask_name, image_name
        self._masks = masks if scenes is None else scenes
        self._has_ending = scenes is None
        self._last: tuple[str, str | None] = "", None  # each rule asks again
        own = set(map(place_of, masks))
        listing = list_files([folder], SUFFIXES, follow=follow)
        self.warnings = listing.warnings
        self._images = [name for name in listing.names if place_of(name) not in own]
        self._by_stem = _by_stem(self._images, image_name)

    @property
    def num_masks(self) -> int:
        """How many masks images are looked for."""
        return len(self._masks)

    def find(self, mask: str) -> str | None:
        """The image of a mask; of several the one whose folders agree best."""
        if mask != self._last[0]:
            names = self._by_stem.get(self._stem_of_mask(mask) or "", [])
            best = max(names, key=lambda name: _agreement(name, mask)) if names[1:] else None
            self._last = mask, best or next(iter(names), None)
        return self._last[1]

    def without_mask(self) -> list[str]:
        """Images that are found for no mask."""
        found = set(map(self.find, self._masks))
        return sorted(name for name in self._images if name not in found and self._is_one(name))

    def wanted_name(self, mask: str) -> str | None:
        """What the image of a mask would be called; None if the mask has not the pattern."""
        stem = self._stem_of_mask(mask)
        return None if stem is None else self.image_name.replace(STEM, stem)

    def near_image(self, mask: str) -> str | None:
        """An image that would be that of the mask, but for upper case, - and _ in its name."""
        return _first(self._near_images, self._stem_of_mask(mask, _folded))

    def near_mask(self, image: str) -> str | None:
        """A mask that would be that of the image, but for upper case, - and _ in its name."""
        return _first(self._near_masks, _stem(image, self.image_name, _folded))

    def better_patterns(self) -> Patterns | None:
        """Patterns by which nearly all masks have an image, where these find fewer; None if none do."""
        stripped = _without_ending if self._has_ending else _base
        masks = [_nfc(stripped(mask)) for mask in self._masks]
        found = derive_patterns(masks, {_nfc(_without_ending(image)) for image in self._images})
        paired = sum(self.find(mask) is not None for mask in self._masks)
        return found if found is not None and found.num_paired > paired else None

    def _stem_of_mask(self, mask: str, written: Callable[[str], str] = _nfc) -> str | None:
        return _stem(mask, self.mask_name, written, has_ending=self._has_ending)

    def _is_one(self, name: str) -> bool:
        return _stem(name, self.image_name) is not None

    @cached_property
    def _near_images(self) -> dict[str, list[str]]:
        return _by_stem(self._images, self.image_name, _folded)

    @cached_property
    def _near_masks(self) -> dict[str, list[str]]:
        return _by_stem(self._masks, self.mask_name, _folded, has_ending=self._has_ending)


def _folded(text: str) -> str:
    """A text in which upper case, and - and blanks for _, make no difference."""
    return _nfc(text).casefold().replace("-", "_").replace(" ", "_")


def _stem(
    name: str,
    pattern: str,
    written: Callable[[str], str] = _nfc,
    *,
    has_ending: bool = True,
) -> str | None:
    """What {} stands for in a name without its ending; None where the pattern does not fit."""
    before, after = map(written, pattern.split(STEM))
    base = written(_without_ending(name) if has_ending else _base(name))
    fits = len(base) > len(before) + len(after)
    if not (fits and base.startswith(before) and base.endswith(after)):
        return None
    return base[len(before) : len(base) - len(after)]


def _by_stem(
    names: Iterable[str],
    pattern: str,
    written: Callable[[str], str] = _nfc,
    *,
    has_ending: bool = True,
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if (stem := _stem(name, pattern, written, has_ending=has_ending)) is not None:
            found.setdefault(stem, []).append(name)
    return found


def _first(names: dict[str, list[str]], stem: str | None) -> str | None:
    return next(iter(names.get(stem or "", [])), None)


def _base(name: str) -> str:
    return os.path.basename(path_in(name) if "://" in name else name)


def _without_ending(name: str) -> str:
    return split_ending(_base(name))[0]


def place_of(name: str) -> str:
    """What a file is called however its folder is spelled."""
    if "://" in name:
        return name
    folder, base = os.path.split(name)
    return os.path.join(_real_folder(os.path.join(os.getcwd(), folder)), base)


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _agreement(image: str, mask: str) -> int:
    """How many folders, from the inside out, have the same name."""
    folders = [_nfc(os.path.dirname(path_in(name))).split(os.sep)[::-1] for name in (image, mask)]
    same = 0
    for a, b in zip(*folders, strict=False):
        if a != b:
            break
        same += 1
    return same
