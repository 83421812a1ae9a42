"""
Scenes: the files of ``--layers`` that together are one mask, a file for each class or instance.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from .names import is_url


class Scene(NamedTuple):
    """
    The files that together are one mask.

    Attributes
    ----------
    name : str
        What messages and lines of ``--per-mask`` call it.
    layers : tuple of (int, tuple of str)
        Class, and the files whose union it is, in the order in which they were listed.
    rest : int, optional
        Class of the pixels that no file covers.
    """

    name: str
    layers: tuple[tuple[int, tuple[str, ...]], ...]
    rest: int | None = None

    @property
    def files(self) -> list[str]:
        """All files of the scene."""
        return [file for _, files in self.layers for file in files]


Item: TypeAlias = str | Scene  # what is counted as one: a file, or a scene


def name_of(item: Item) -> str:
    """The name of a file or a scene."""
    return item.name if isinstance(item, Scene) else item


def files_of(item: Item) -> list[str]:
    """The files that are read for a file or a scene."""
    return item.files if isinstance(item, Scene) else [item]


def is_any_remote(items: Iterable[Item]) -> bool:
    """Whether something is behind a URL."""
    for item in items:  # without a generator or a list for each of very many names
        if any(map(is_url, item.files)) if isinstance(item, Scene) else is_url(item):
            return True
    return False
