"""
Rules on one mask: each a function that says what is wrong with it, or "".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from ..counts.palettes import Palettes
from ..counts.tally import LabelledMask
from ..errors import (
    ColorError,
    DecodeError,
    LimitError,
    LossyError,
    MaskError,
    PointerError,
    ShapeError,
    ValuesError,
    WeightcalcError,
)
from ..labels.colors import nearest_color
from ..labels.label_map import LabelMap
from ..masks.value_counts import ValueCounts
from ..sources.scenes import Item, files_of, name_of
from ..text.escape import printable
from ..text.numbers import number_of

if TYPE_CHECKING:
    from .image_names import Images
    from .same_masks import SameMasks

MOST_LOOKED_AT = 20  # masks with unknown values that are read again in a run
_MOST_LISTED = 5
_UPRIGHT, _ON_ITS_SIDE = 1, 5  # of EXIF orientations; the latter and all above
_INTERPOLATED = 0.6  # of the unknown pixels lie between two known values
_OF_ERRORS: dict[type[DecodeError], str] = {  # all others are "unreadable"
    PointerError: "lfs-pointer",
    LossyError: "lossy",
    ColorError: "wrong-kind",
    ValuesError: "unusable",
    ShapeError: "unusable",
    LimitError: "unusable",
}


@dataclass
class Surroundings:
    """
    What a rule may know besides the mask.

    Attributes
    ----------
    labels : LabelMap
    encoding : str
        How the masks hold classes.
    images : Images or None
    splits : SameMasks or None
        The masks of other splits.
    duplicates : SameMasks or None
        The masks of this set, as far as they were seen.
    palettes : Palettes or None
        Of the masks before this one; None where indices count whatever their colours.
    item : str or Scene
        The file that holds the mask, or the scene that it is.
    alone : bool
        Whether the file holds no other.
    number : int
        Which of its masks is looked at, from 0.
    looks : int
        Masks that may still be read again for their unknown values.
    """

    labels: LabelMap
    encoding: str
    images: Images | None = None
    splits: SameMasks | None = None
    duplicates: SameMasks | None = None
    palettes: Palettes | None = None
    item: Item = ""
    alone: bool = True
    number: int = 0
    looks: int = MOST_LOOKED_AT

    @property
    def file(self) -> str:
        """The file that holds the mask, or the first one of the scene."""
        return files_of(self.item)[0]

    @property
    def name(self) -> str:
        """What the file or the scene is called, and its image."""
        return name_of(self.item)


def rule_of_error(error: MaskError) -> str:
    """The rule that a mask breaks which cannot be counted."""
    kind = error.kind or DecodeError
    return next((rule for root, rule in _OF_ERRORS.items() if issubclass(kind, root)), "unreadable")


def odd_file(mask: LabelledMask, _: Surroundings) -> str:
    """What the reader noted."""
    return printable("; ".join(mask.mask.notes))


def unknown_value(mask: LabelledMask, around: Surroundings) -> str:
    """Values that are neither a class nor ignored."""
    unknown = mask.labelled.unknown
    if not unknown or around.labels.colors is not None:
        return ""
    ambiguous = any(map(around.labels.is_ambiguous, unknown))
    remark = "; --map sends another value to this number" if ambiguous else ""
    return _listed("value", unknown, around.labels) + remark + _look_again(mask, around)


def unknown_color(mask: LabelledMask, around: Surroundings) -> str:
    """Colours that are neither a class nor ignored."""
    unknown, labels = mask.labelled.unknown, around.labels
    if not unknown or labels.colors is None:
        return ""
    text = _listed("colour", unknown, labels)
    known = labels.known_colors()
    if known:
        nearest = nearest_color(max(unknown, key=lambda color: (unknown[color], -color)), known)
        names = labels.class_names or ()
        index = known[nearest]
        name = (names[index] if index < len(names) else None) or f"class {index}"
        text += f"; nearest to the first is {labels.name_of_value(nearest)}, {printable(name)}"
    return text + _look_again(mask, around)


def palette_differs(mask: LabelledMask, around: Surroundings) -> str:
    """An index has another colour than in other masks, or the colour of another class."""
    if around.palettes is None:
        return ""
    return around.palettes.add(mask.name, mask.mask, mask.labelled)


def unlabelled_mask(mask: LabelledMask, _: Surroundings) -> str:
    """No pixel of a class; an empty multilabel mask is a negative of every class."""
    if mask.labelled.classes or mask.labelled.unknown or mask.mask.overlapping:
        return ""
    return f"none of its {number_of(mask.mask.pixels, 'pixel')} has a class"


def single_value_mask(mask: LabelledMask, around: Surroundings) -> str:
    """All pixels are alike."""
    if not is_of_one_value(mask.mask):
        return ""
    values = [value for value, number in mask.mask.values.items() if number]
    names = " and ".join(map(around.labels.name_of_value, values))
    return f"all of its {number_of(mask.mask.pixels, 'pixel')} have {_what_they_have(names, mask)}"


def _what_they_have(names: str, mask: LabelledMask) -> str:
    if not names:
        return "no class"
    return f"{'channel' if mask.mask.num_channels else 'value'} {names}"


def is_of_one_value(mask: ValueCounts) -> bool:
    """Whether all pixels of a mask are alike: each value is that of all of them, or of none."""
    return all(number in (0, mask.pixels) for number in (*mask.values.values(), mask.unlabelled))


def duplicate_mask(mask: LabelledMask, around: Surroundings) -> str:
    """The same mask came before, in this set; masks of one value say nothing."""
    return _twin(around.duplicates, mask, around, keep=True)


def image_missing(_: LabelledMask, around: Surroundings) -> str:
    """No image has the name that that of the mask asks for."""
    images, name = around.images, around.name
    if images is None or images.find(name) is not None:
        return ""
    if (wanted := images.wanted_name(name)) is None:
        text = f"its name is not of the form {printable(images.mask_name)} of --mask-name"
    else:
        text = f"no image in {printable(images.folder)} is called {printable(wanted)}.*"
    near = images.near_image(name)
    return text + (f"; did you mean {printable(near)}?" if near else "")


def image_size(mask: LabelledMask, around: Surroundings) -> str:
    """The size of the image is not that of the mask."""
    from .image_sizes import size_of  # here, as other imports below: few runs need it

    if around.images is None or not around.alone:
        return ""
    if (image := around.images.find(around.name)) is None:
        return ""
    try:
        of_image, of_mask = size_of(image), size_of(around.file)
    except MaskError as error:
        return str(error)
    if of_image is None:
        return ""
    width, height = of_image
    if of_mask is None:
        if mask.mask.pixels == width * height:
            return ""
        return (
            f"{number_of(mask.mask.pixels, 'pixel')}, but {printable(image)} is {width} x {height}"
        )
    if of_mask == of_image:
        return ""
    remark = ", turned on its side by EXIF" if _orientation_of(image) >= _ON_ITS_SIDE else ""
    return f"{of_mask[0]} x {of_mask[1]}, but {printable(image)} is {width} x {height}{remark}"


def image_rotated(_: LabelledMask, around: Surroundings) -> str:
    """The image is to be turned or mirrored when it is shown; of a stack this is said once."""
    if around.images is None or around.number:
        return ""
    if (image := around.images.find(around.name)) is None:
        return ""
    said = _orientation_of(image)
    return f"{printable(image)} has EXIF orientation {said}" if said != _UPRIGHT else ""


def _orientation_of(image: str) -> int:
    from .orientation import orientation_of

    try:
        return orientation_of(image)
    except (WeightcalcError, OSError):
        return _UPRIGHT  # image-size says that it cannot be read


def split_leak(mask: LabelledMask, around: Surroundings) -> str:
    """The same mask stands in another split; two scenes of one value may be different scenes."""
    return _twin(around.splits, mask, around, keep=False)


def _twin(others: SameMasks | None, mask: LabelledMask, around: Surroundings, *, keep: bool) -> str:
    if others is None or is_of_one_value(mask.mask):
        return ""
    number = None if around.alone else around.number
    twin = others.twin(around.item, number, mask.mask, keep=keep)
    return f"the same mask as {printable(twin)}" if twin else ""


def _listed(noun: str, unknown: Mapping[int, int], labels: LabelMap) -> str:
    """The values with most pixels, and how many others there are."""
    some = nlargest(_MOST_LISTED, unknown, key=lambda value: (unknown[value], -value))
    words = [f"{labels.name_of_value(v)} ({number_of(unknown[v], 'pixel')})" for v in some]
    rest = len(unknown) - len(some)
    if rest:
        pixels = sum(unknown.values()) - sum(unknown[value] for value in some)
        words.append(f"{number_of(rest, 'other')} ({number_of(pixels, 'pixel')})")
    return f"{noun} {', '.join(words)}"


def _look_again(mask: LabelledMask, around: Surroundings) -> str:
    """Read a mask again to see whether its unknown values lie between known ones."""
    colors = around.labels.known_colors()  # JPEG may leave none of them as it was
    known = colors or mask.mask.values.keys() - mask.labelled.unknown.keys()
    if not around.alone or around.looks < 1 or len(known) < 2:
        return ""
    from .pixels import pixel_values, share_on_borders

    around.looks -= 1
    values = pixel_values(around.file, mask.mask, around.encoding)
    if values is None or values.ndim != 2:
        return ""
    share = share_on_borders(values, mask.labelled.unknown, colors)
    if share < _INTERPOLATED:
        return ""
    return (
        f"; looks anti-aliased, interpolated or JPEG: {100 * share:.0f}% of these pixels "
        "lie on borders between two known values, or miss one by little"
    )
