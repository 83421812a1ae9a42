"""
The options with which a set that looks like layers is counted: tried on its names before they are said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from ..errors import SourceError
from ..text.escape import printable, quoted
from .listing import matches
from .looks import Looks, pattern_of
from .names import path_in

_MOST_GLOBS = 5  # that a person would type


def options_of_classes(looks: Looks, words: Collection[str]) -> str:
    """
    The options that count layers of some classes, and nothing that stands beside them.

    Parameters
    ----------
    looks : Looks
        Of the set.
    words : collection of str
        The names that are classes.

    Returns
    -------
    str
        "" if no pattern and no few globs part the layers from other files.
    """
    layers = [name for name in looks.names if looks.word_of(name) in words]
    others = [name for name in looks.names if looks.word_of(name) not in words]
    globs = _options_to_choose(layers, others, looks)
    if globs is None:
        return ""
    pattern = pattern_of([split for name in layers if (split := looks.split_of(name))], "{class}")
    options = " ".join([f"--layers '{printable(pattern)}'", *globs])
    if _classes(pattern, layers, looks) == {*words}:
        return options
    if _classes(pattern, layers, looks, sorted(words)):
        return f"{options} -c LIST, where LIST is a text file of the names of classes, one a line,"
    return ""


def options_of_instances(looks: Looks) -> str:
    """The option that counts a file for each instance; "" where it does not fit all names."""
    if not looks.instances or not _classes(looks.instances, looks.names, looks):
        return ""
    return f"--layers '{printable(looks.instances)}'"


def options_of_class_folders(looks: Looks) -> str:
    """The option that counts a folder for each class; "" where it does not fit all names."""
    words = {path_in(name).split("/")[-2] for name in looks.names if "/" in path_in(name)}
    pattern = looks.class_folders
    if not pattern or _classes(pattern, looks.names, looks) != words:
        return ""
    return f"--layers '{printable(pattern)}'"


def _classes(
    pattern: str, names: Sequence[str], looks: Looks, listed: Sequence[str] | None = None
) -> set[str | None]:
    """The classes that a pattern finds; none where a name does not fit, or fits in several ways."""
    from .layers import Layers, Pattern  # here: few runs come to this

    try:
        scenes, classes = Layers(Pattern(pattern), listed).scenes(names, looks.folders)
    except SourceError:
        return set()
    return {*classes} if scenes else set()


def _options_to_choose(
    layers: Sequence[str], others: Sequence[str], looks: Looks
) -> list[str] | None:
    """Options that leave out all other files and no layer; None if there are no few of them."""
    excluded: list[str] = []
    for other in others:
        if any(_matches(other, glob) for glob in excluded):
            continue
        globs = filter(partial(_matches, other), _globs(other, looks))
        glob = next((g for g in globs if not any(_matches(name, g) for name in layers)), None)
        if glob is None or len(excluded) == _MOST_GLOBS:
            return _options_to_include(layers, others, looks)
        excluded.append(glob)
    return [f"--exclude {quoted(glob)}" for glob in excluded]


def _options_to_include(
    layers: Sequence[str], others: Sequence[str], looks: Looks
) -> list[str] | None:
    """Options that name the files of each class."""
    globs = sorted({next(_globs(name, looks)) for name in layers})
    if len(globs) > _MOST_GLOBS or any(_matches(other, glob) for other in others for glob in globs):
        return None
    return [f"--include {quoted(glob)}" for glob in globs]


def _globs(name: str, looks: Looks) -> Iterator[str]:
    """Globs that match a name: for its word, its ending and its folder."""
    split = looks.split_of(name)
    if split is not None:
        yield f"{'' if split.between == '/' else '*' + split.between}{split.word}{split.ending}"
    folder, _, base = path_in(name).rpartition("/")
    if "." in base:
        yield f"*{base[base.rindex('.') :]}"
    if folder:
        yield f"*/{folder.rpartition('/')[2]}/*"


def _matches(name: str, glob: str) -> bool:
    return matches(path_in(name), glob)
