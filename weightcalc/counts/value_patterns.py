"""
What the values of a set look like, where they are no class ids: stretched, measured, instances.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from math import gcd

FACTORS = (1000, 256)  # of a class id in the ids of its instances: Cityscapes, KITTI and Vistas
_MOST_STRETCHED = 64  # levels of grey that are told apart
_MANY_VALUES = 256  # more than masks of classes have
_CONTIGUOUS = 200  # values without large gaps: no ids of instances by class
_FEW_IDS = 10  # whose rests are all small by no chance: one of five values has such
_FEW_GREYS = 5  # of the greys of a palette are no chance
_ENDS = (7, 248)  # how far black and white move in JPEG, or where masks are resized
_LIGHT, _FEW_LIGHT = 192, 3  # more values from there to 254 than ids beside 255 have
_NEARLY_ALL = 0.8  # of the pixels lie at the ends


def stretch_of(values: Collection[int]) -> dict[int, int]:
    """
    The classes of values that were multiplied, so that a person sees them.

    Parameters
    ----------
    values : collection of int
        All values of a set, such as 0, 60, 120 and 180, or 0, 85, 170 and 255.

    Returns
    -------
    dict of int to int
        Value to class, for all but 0; empty if the values are not evenly stretched.
    """
    others = sorted({*values} - {0})
    if len(others) < 2 or others[0] < 0:
        return {}
    for levels in _scales(others):
        if levels.keys() >= {*others} and 4 * len(others) >= 3 * levels[others[-1]]:
            return {value: levels[value] for value in others}
    return {}


def _scales(values: list[int]) -> Iterator[dict[int, int]]:
    """Value to class, for each way to stretch ids up to the largest of some values."""
    step, largest = gcd(*values), values[-1]
    if step > 1 and largest // step < _MOST_STRETCHED:
        yield {step * number: number for number in range(1, largest // step + 1)}
    if largest != 255:
        return
    for last in range(2, min(_MOST_STRETCHED, 255 // values[0] + 2)):
        numbers = range(1, last + 1)
        yield {255 * number // last: number for number in numbers}
        yield {(510 * number + last) // (2 * last): number for number in numbers}
        yield {min(255, 256 * number // last): number for number in numbers}


def greys_of(values: Collection[int], colors: Mapping[int, int]) -> dict[int, set[int]]:
    """
    The classes of greys that a palette of colours was turned to.

    The luminance is 0.299 R + 0.587 G + 0.114 B of ITU-R BT.601, cut or rounded.

    Parameters
    ----------
    values : collection of int
        All values of a set.
    colors : mapping of int to int
        Packed colour, ``0xRRGGBB``, to class or ignored value.

    Returns
    -------
    dict of int to set of int
        Value to the classes whose colours have this grey; empty if a value is no such grey.
    """
    tables = [_greys(colors, 0), _greys(colors, 500)]
    fitting = [table for table in tables if table.keys() >= {*values}]
    if len({*values} - {0}) < _FEW_GREYS or len(colors) > _MOST_STRETCHED:
        return {}
    return {v: set().union(*(table[v] for table in fitting)) for v in sorted(values) if fitting}


def _greys(colors: Mapping[int, int], added: int) -> dict[int, set[int]]:
    """The luminances of colours, of which thousandths are cut when `added` is added to them."""
    classes: dict[int, set[int]] = {}
    for color, index in colors.items():
        thousandths = 299 * (color >> 16) + 587 * (color >> 8 & 255) + 114 * (color & 255)
        classes.setdefault((thousandths + added) // 1000, set()).add(index)
    return classes


def is_black_and_white(pixels: Mapping[int, int]) -> bool:
    """Whether values are those of binary masks with soft edges, or saved as JPEG."""
    low, high = _ENDS
    greys = sum(_LIGHT <= value < 255 for value in pixels)
    if min(pixels) < 0 or max(pixels) > 255 or greys < _FEW_LIGHT:
        return False
    black = sum(number for value, number in pixels.items() if value <= low)
    white = sum(number for value, number in pixels.items() if value >= high)
    return black > 0 and black + white >= _NEARLY_ALL * sum(pixels.values())


def are_measured(values: Collection[int]) -> bool:
    """Whether there are so many values that they are intensities, or numbers of objects."""
    low, high = min(values), max(values)
    if low < -1 and len(values) >= 16:
        return True
    is_contiguous = len(values) >= _CONTIGUOUS and 2 * len(values) > high - low
    return is_contiguous or (len(values) >= _MANY_VALUES and not instance_factor(values))


def instance_factor(values: Collection[int]) -> int:
    """
    The number by which classes are multiplied in ids of instances; 0 if values are none.

    Ids are class x factor + number, where the numbers of each class are consecutive from 0 or 1
    on, or all are small.
    """
    ids = sorted(value for value in values if value >= min(FACTORS))
    for factor in FACTORS:
        large = [value for value in ids if value >= factor]
        groups = [list(found) for _, found in groupby(large, key=lambda v: v // factor)]
        runs = [found for found in groups if len(found) > 1]
        if runs and len(large) >= len(ids):
            small = len(large) >= _FEW_IDS and all(v % factor < factor // 5 for v in large)
            if small or all(_is_dense(group, factor) for group in groups):
                return factor
    return 0


def _is_dense(group: list[int], factor: int) -> bool:
    """Whether the numbers of the instances of a class begin at 0 or 1, with few gaps."""
    numbers = [value % factor for value in group]
    return numbers[0] <= 1 and numbers[-1] <= 2 * len(numbers) + 1
