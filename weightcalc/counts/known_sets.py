"""
What the values of a set are by the lists of well-known data sets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .value_patterns import greys_of

if TYPE_CHECKING:
    from ..labels.class_list import ClassList


def _presets() -> Iterator[tuple[str, ClassList]]:
    from ..labels.class_list import PRESETS, read_preset  # here: few runs come to this

    return ((preset, read_preset(preset)) for preset in PRESETS)


def preset_of(names: Sequence[str | None]) -> str:
    """The preset that has these names of classes; "" if none has."""
    return next((preset for preset, listed in _presets() if listed.names == list(names)), "")


def fitting_sibling(preset: str, values: Collection[int]) -> str:
    """
    The other preset of the same data set that has all values of the masks.

    Parameters
    ----------
    preset : str
        One of `PRESETS`, in which some of the values are no classes.
    values : collection of int
        Ignored ones included.

    Returns
    -------
    str
        "" if there is none.
    """
    family = preset.split("-")[0]
    fitting = (
        other
        for other, listed in _presets()
        if other != preset and other.split("-")[0] == family and _has(listed, values)
    )
    return next(fitting, "")


def _has(listed: ClassList, values: Collection[int]) -> bool:
    named = {value for value, name in enumerate(listed.names) if name is not None}
    return named | listed.ignore >= {*values}


def is_reduced(preset: str, values: Collection[int]) -> bool:
    """Whether the ids of a preset that ignores 0 were made one less, and 0 became 255."""
    names = dict(_presets())[preset].names
    return names[0] is None and {0, 255} <= {*values} <= {*range(len(names) - 1), 255}


def greys_of_palette(
    values: Mapping[int, int], listed: Mapping[int, int]
) -> tuple[str, dict[int, set[int]]] | None:
    """The palette of the class list, or of a well-known data set, whose greys are the values."""
    presets = ((name, preset.colors or {}) for name, preset in _presets())
    for name, colors in [("the class list", listed)] if listed else presets:
        if greys := greys_of(values, colors):
            return name, greys
    return None
