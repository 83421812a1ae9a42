"""Which masks a run is about, as its user named them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .layers import Pattern


class SourceOptions(NamedTuple):
    """
    The sources of a run, and which of their files are wanted.

    Attributes
    ----------
    sources : tuple of str
        Mask files, folders, globs, archives, URLs and counts files.
    include, exclude : tuple of str
        Globs of file names, or of paths where they hold a slash.
    follow : bool
        Whether links to folders are followed.
    files_from : str, optional
        A list of masks; "-" is standard input.
    null : bool
        Whether the names of that list end with NUL.
    root, suffix : str
        Folder of the names of that list, and the ending to add to each of them.
    allow_remote : bool
        Whether that list may hold URLs.
    layers : Pattern, optional
        How paths name scenes and classes, where each class or instance has a file of its own.
    """

    sources: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow: bool = False
    files_from: str | None = None
    null: bool = False
    root: str = ""
    suffix: str = ""
    allow_remote: bool = False
    layers: Pattern | None = None

    @property
    def given(self) -> list[str]:
        """What the user named, sorted, each once."""
        return sorted({*self.sources, *filter(None, [self.files_from])})
