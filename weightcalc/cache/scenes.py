"""
Counts of scenes in the cache: by the places of their layers, whatever their classes are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..masks.value_counts import ValueCounts
from ..sources.scenes import Item, Scene


def by_places(item: Item, masks: Sequence[ValueCounts]) -> Sequence[ValueCounts]:
    """The counts to keep: of a scene, those of its first layer, its second, ..., and the rest."""
    if not isinstance(item, Scene):
        return masks
    places = {index: place for place, index in enumerate(_classes(item))}
    return [_renamed(mask, places) for mask in masks]


def by_classes(item: Item, masks: Sequence[ValueCounts]) -> list[ValueCounts]:
    """
    The counts that `by_places` kept, by the classes that the layers are now.

    Raises
    ------
    ValueError
        If they are not those of such a scene.
    """
    if not isinstance(item, Scene):
        return list(masks)
    classes = dict(enumerate(_classes(item)))
    if not all(mask.values.keys() <= classes.keys() for mask in masks):
        raise ValueError("it has more layers than the scene")
    return [_renamed(mask, classes) for mask in masks]


def _classes(scene: Scene) -> list[int]:
    rest = [] if scene.rest is None else [scene.rest]
    return [index for index, _ in scene.layers] + rest


def _renamed(mask: ValueCounts, names: Mapping[int, int]) -> ValueCounts:
    values = {names[value]: number for value, number in mask.values.items()}
    return mask._replace(values=values, num_channels=max(names.values()) + 1)
