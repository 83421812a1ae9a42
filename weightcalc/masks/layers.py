"""
Counts scenes: the union of the files of each class, one pixel once.

A file is counted first, as any mask is, with all checks. Its pixels are read a second time,
a block after the other, only where files must be united; then they must be as many as those
that were counted. A union is held as bits.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import ColorError, MaskError, ShapeError, UnsupportedError, ValuesError
from ..kernels.counters import ValueCounter
from ..kernels.special import NAN, NODATA
from ..sources.names import is_zarr, name_from
from ..sources.opening import is_quick_to_seek, spooled
from ..sources.scenes import Scene
from ..text.escape import printable, quoted
from ..text.numbers import number_of
from .file import read_file
from .formats import picture_of, read_masks
from .options import ReadOptions
from .pictures import Picture
from .value_counts import ValueCounts

_KIND = "layers"  # of all scenes, whatever the modes of their files
_MOST_NOTES = 8  # of a scene
_MOST_SHOWN = 4  # values in a message
_MOST_OF_A_LAYER = 16  # values, for what is not blurred


def count_scene(scene: Scene, options: ReadOptions, folder: str = "") -> ValueCounts:
    """
    Count the files of a scene as one mask.

    Parameters
    ----------
    scene : Scene
    options : ReadOptions
        Its `foreground` says which values are in the class of a file. Default is the only
        value that is not 0.
    folder : str
        Where relative names begin.

    Returns
    -------
    ValueCounts
        The values are the classes.

    Raises
    ------
    MaskError
        If a file, which it names, cannot be read, holds several values, or has another size.
    MissingExtraError
        If the format of a file needs a package that is not installed.
    """
    files = _Files(options, folder)
    all_layers = _Union() if scene.rest is not None and len(scene.layers) > 1 else None
    values = {}
    for index, names in scene.layers:
        own = _Union() if len(names) > 1 else None
        unions = [union for union in (own, all_layers) if union is not None]
        values[index] = sum(files.add(name, unions) for name in names)
        if own is not None:
            values[index] = own.count()
    if scene.rest is not None:
        covered = sum(values.values()) if all_layers is None else all_layers.count()
        values[scene.rest] = files.pixels - covered
    return ValueCounts(
        {index: number for index, number in values.items() if number},
        files.pixels,
        _KIND,
        num_channels=max(values) + 1,
        notes=tuple(files.notes),
        overlapping=scene.rest is None or len(scene.layers) > 1,
    )


class _Layer(NamedTuple):
    """What one file holds: all its pixels, those of its class, and what is odd about it."""

    pixels: int
    inside: int
    notes: list[str]


class _Files:
    """The files of a scene, one after the other, which must have one size."""

    def __init__(self, options: ReadOptions, folder: str) -> None:
        self.pixels = 0
        self.notes: list[str] = []
        self._options = options
        self._folder = folder
        self._first = ""

    def add(self, name: str, unions: Sequence[_Union]) -> int:
        """Add the pixels of the class of a file to unions, and give their number."""
        layer = self._read(name, unions)
        if not self._first:
            self._first, self.pixels = name, layer.pixels
        if layer.pixels != self.pixels:
            raise MaskError.of(name, self._other_size(layer.pixels))
        for note in layer.notes[: _MOST_NOTES - len(self.notes)]:
            self.notes.append(f"{printable(name)}: {note}")
        return layer.inside

    def _read(self, name: str, unions: Sequence[_Union]) -> _Layer:
        read = partial(_read_layer, name=name, options=self._options, unions=unions)
        attempts = 1 if unions else 2  # what has been united cannot be taken back
        path = name_from(self._folder, name)
        if os.path.isdir(path) and is_zarr(path):
            error = UnsupportedError("a Zarr in a folder cannot be a layer")
            raise MaskError.of(name, error.with_hint("save it as .npy, or as .zarr.zip"))
        try:
            return read_file(path, read, self._options, attempts=attempts)
        except MaskError as error:
            raise error.renamed(name) from error

    def _other_size(self, pixels: int) -> ShapeError:
        return ShapeError(
            f"it has {number_of(pixels, 'pixel')}, but {printable(self._first)} of the same scene has "
            f"{self.pixels}"
        )


def _read_layer(
    file: BinaryIO, *, name: str, options: ReadOptions, unions: Sequence[_Union]
) -> _Layer:
    if not is_quick_to_seek(file):  # once for both readings
        with spooled(file, options.max_bytes) as copy:
            return _read_layer(copy, name=name, options=options, unions=unions)
    encoding, masks = _counted(file, name, options)
    values: Counter[int] = Counter()
    for mask in masks:
        values.update(mask.values)
    inside = _number_inside(values, options.foreground, name)
    if inside and unions:
        file.seek(0)
        picture = picture_of(file, name, options._replace(encoding=encoding))
        _unite(picture, options.foreground, unions, inside)
    notes = [note for mask in masks for note in mask.notes]
    if not inside and len(others := values.keys() - {0}) == 1:
        notes.append(f"it holds 0 and {others.pop()}, and nothing of the value of --foreground")
    return _Layer(sum(mask.pixels for mask in masks), inside, notes)


def _counted(file: BinaryIO, name: str, options: ReadOptions) -> tuple[str, list[ValueCounts]]:
    """The masks of a file by their values, and whether these are indices or colours."""
    try:
        return "index", list(read_masks(name, file, options._replace(encoding="index")))
    except ColorError:
        file.seek(0)
        return "color", list(read_masks(name, file, options._replace(encoding="color")))


def _number_inside(values: Mapping[int, int], foreground: tuple[int, int] | None, name: str) -> int:
    """The pixels that are in the class."""
    if foreground is not None:
        low, high = foreground
        return sum(number for value, number in values.items() if low <= value <= high)
    others = sorted(values.keys() - {0})
    if len(others) > 1:
        error = _several(sorted(values))
        if _is_image(values):
            file = os.path.basename(name)
            raise error.with_hint(f"is it an image? --exclude {quoted(file)} leaves it out")
        raise error
    return sum(values[value] for value in others)


def _is_image(values: Mapping[int, int]) -> bool:
    """Whether neither the lowest nor the highest value, black and white, is usual."""
    ends = values[min(values)] + values[max(values)]
    return len(values) > _MOST_OF_A_LAYER and 2 * ends < sum(values.values())


def _several(values: list[int]) -> ValuesError:
    """What to raise about a file of several values, of which any may be its class."""
    words = {NAN: "nan", NODATA: "nodata"}
    some = ", ".join(words.get(value, str(value)) for value in values[:_MOST_SHOWN])
    more = ", ..." if len(values) > _MOST_SHOWN else ""
    low = next((value for value in values if value not in (0, NAN, NODATA)), 0)
    return ValuesError(
        f"a layer of {len(values)} values ({some}{more}): it is not known which of them are in its "
        "class"
    ).with_hint(f"--foreground {values[-1]}, or a range such as --foreground {low}-{values[-1]}")


def _unite(
    picture: Picture, foreground: tuple[int, int] | None, unions: Sequence[_Union], expected: int
) -> None:
    """Add the pixels of the class to unions; they must be as many as were counted."""
    number = 0
    for row, column, values in picture.blocks:
        if foreground is None:
            inside = values != 0
        else:
            inside = (values >= foreground[0]) & (values <= foreground[1])
        number += int(np.count_nonzero(inside))
        bits = np.packbits(inside, axis=1)
        for union in unions:
            union.add(picture, row, column // 8, bits)
    if number != expected:
        raise UnsupportedError(
            f"{number} pixels of its class were found in their places, but {expected} were counted"
        ).with_hint("save it as a plain PNG or .npy file")


class _Union:
    """The pixels that some files of a scene cover, a bit each; rows begin with a whole byte."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._axes = ""
        self._bits = np.zeros((0, 0), np.uint8)

    def add(self, picture: Picture, row: int, column: int, bits: np.ndarray) -> None:
        """Add a block of bits of a picture at a row, and at a byte of it."""
        size = picture.width, picture.height
        if not self._bits.size:
            self._size = size
            self._bits = np.zeros((picture.height, (picture.width + 7) // 8), np.uint8)
        if size != self._size:
            raise ShapeError(
                f"it is {size[0]} x {size[1]}, but another file of its scene "
                f"{self._size[0]} x {self._size[1]}"
            )
        if picture.axes and self._axes not in ("", picture.axes):
            raise ShapeError(
                f"its axes lead to {picture.axes}, but those of another file of its scene to "
                f"{self._axes}"
            ).with_hint("save all files of a scene in one orientation")
        self._axes = self._axes or picture.axes
        self._bits[row : row + len(bits), column : column + bits.shape[1]] |= bits

    def count(self) -> int:
        """The number of pixels that are covered."""
        counter = ValueCounter(1)
        counter.add(self._bits)
        return sum(number * byte.bit_count() for byte, number in counter.counts().items())
