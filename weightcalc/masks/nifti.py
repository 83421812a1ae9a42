"""
Counts NIfTI volumes, plain or gzipped: one mask each, whatever the number of slices.

nibabel reads the header and scales the values; a piece of them is in memory at a time.
"""

from __future__ import annotations

import gzip
import logging
import math
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import (
    ColorError,
    DamagedError,
    MissingExtraError,
    ShapeError,
    UnsupportedError,
    ValuesError,
)
from ..files.limits import check_bytes
from ..kernels.counters import ValueCounter
from ..kernels.ndarrays import counter_of, whole_numbers
from ..sources.guard import Foreign, guarded, third_party
from .arrays import boxes, steps_within
from .channels import ChannelCounter
from .options import ReadOptions, check_size
from .pictures import Block, Picture
from .value_counts import ValueCounts

_PIECE = 4 << 20  # bytes of values at a time
_FLOAT32 = 2.0**-22  # a few roundings of float32, relative to the value
_SIZES = {348: "Nifti1Header", 540: "Nifti2Header"}  # of the header, which begins with it
_LOGGER = logging.getLogger("weightcalc.nifti")
_LOGGER.addHandler(logging.NullHandler())  # else Python writes to standard error


def read_nifti(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the labels of a volume of three axes; further axes must be 1 long.

    By channels (one-hot, multilabel) its axes are (X, Y, Z, C), or with another channel axis
    (C, X, Y, Z).

    Raises
    ------
    MissingExtraError
        If nibabel is not installed.
    DecodeError
        If it is no single volume, or its scaled values are not whole.
    """
    volume = _open_volume(file, options)
    mask = _count_channels(volume, options) if options.by_channels else _count_labels(volume)
    while volume.file.read(_PIECE):  # the checksum of gzip comes after the last byte
        pass
    yield mask


def picture_of_nifti(file: BinaryIO, options: ReadOptions) -> Picture:
    """
    The labels of a volume that has been counted: the first axis is a row.

    Raises
    ------
    DecodeError
        As `read_nifti`.
    """
    volume = _open_volume(file, options)
    blocks = (Block(*piece) for piece in _pieces(volume))
    return Picture(volume.shape[0], math.prod(volume.shape[1:]), blocks, _axes(volume))


class _Volume(NamedTuple):
    """An open volume: its inflated bytes, header, values, and shape without axes 1 long."""

    file: BinaryIO
    header: Foreign
    array: Foreign
    shape: tuple[int, ...]


def _axes(volume: _Volume) -> str:
    """Where the axes lead, such as RAS for right, anterior and superior; "" if nobody says."""
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        affine = volume.header.get_best_affine()
        if not np.isfinite(affine).all():
            return ""
        return "".join(code or "?" for code in _nibabel().aff2axcodes(affine))


def _open_volume(file: BinaryIO, options: ReadOptions) -> _Volume:
    if options.encoding == "color":
        raise ColorError("a NIfTI volume has no colours")
    nibabel = _nibabel()
    if file.read(2) == b"\x1f\x8b":
        file.seek(0)
        file = guarded(gzip.GzipFile(fileobj=file), "gzip")
    file.seek(0)
    header = _read_header(nibabel, file)
    shape = (_channel_shape if options.by_channels else _check_shape)(header, options)
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        return _Volume(file, header, nibabel.arrayproxy.ArrayProxy(file, header), shape)


def _count_labels(volume: _Volume) -> ValueCounts:
    counter = _count_pieces(volume)
    # One kind for all types: those of a data set differ from case to case.
    return ValueCounts(counter.counts(), math.prod(volume.shape), "volume", counter.largest)


def _count_channels(volume: _Volume, options: ReadOptions) -> ValueCounts:
    """Count blocks in the order of the file, in which the first axis is the fastest."""
    array, shape = volume.array, volume.shape
    axis = 3 if options.channel_axis in (None, -1, len(array.shape) - 1) else 0
    counter = ChannelCounter((*shape[:axis], *shape[axis + 1 :]), shape[axis], options)
    stored = shape[::-1]
    for box in boxes(stored, steps_within(stored, (1, 1, 1, 1), _PIECE // 8)):
        place = box[::-1]
        ones = (0,) * (len(array.shape) - 4)  # axes before the last, 1 long
        with third_party("nibabel"), np.errstate(all="ignore"):
            values = np.asarray(array[(*place[:3], *ones, place[3])])
        block = np.moveaxis(_labels(values, array), axis, -1)
        counter.add(block, place[axis].start, (*place[:axis], *place[axis + 1 :]))
    return counter.counts()


def _nibabel() -> Foreign:
    try:
        import nibabel
    except ImportError as error:
        raise MissingExtraError("reading .nii masks", "nifti") from error
    return nibabel


def _read_header(nibabel: Foreign, file: BinaryIO) -> Foreign:
    size = file.read(4)
    kind = _SIZES.get(int.from_bytes(size, "little")) or _SIZES.get(int.from_bytes(size, "big"))
    if kind is None:
        raise UnsupportedError(f"no NIfTI file: it begins with {size!r}")
    class_ = getattr(nibabel, kind)
    block = size + file.read(class_.sizeof_hdr - 4)
    if len(block) < class_.sizeof_hdr:
        raise DamagedError("it ends inside its header")
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        header = class_(block, check=False)
        said = int(header["sizeof_hdr"])  # in the byte order of the axes
        header.check_fix(logger=_LOGGER, error_level=40)
        place = header.get_data_offset()
    if said != class_.sizeof_hdr:
        raise DamagedError("its header begins in another byte order than its axes have")
    if not bytes(header["magic"]).startswith((b"n+1", b"n+2")):
        raise UnsupportedError("its values are in another file (.hdr and .img)").with_hint(
            "save it as one .nii file"
        )
    if place < class_.sizeof_hdr:
        raise DamagedError(f"its values are said to begin at byte {place}, inside its header")
    return header


def _check_shape(header: Foreign, options: ReadOptions) -> tuple[int, ...]:
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        shape = header.get_data_shape()
    space = tuple(int(size) for size in shape[:3])
    if any(size != 1 for size in shape[3:]) or len(space) < 2:
        error = ShapeError(f"a NIfTI file of shape {shape} is not one volume of labels")
        raise error.with_hint(
            "--encoding one-hot if its last axis holds classes, multilabel if these may overlap"
            if len(shape) > 3
            else ""
        )
    _check_values(header, space, options)
    check_size(space[0], math.prod(space[1:]), options)
    return space


def _channel_shape(header: Foreign, options: ReadOptions) -> tuple[int, ...]:
    """The shape (X, Y, Z, C) or (C, X, Y, Z), without axes before the last that are 1 long."""
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        shape = tuple(int(size) for size in header.get_data_shape())
    last = len(shape) - 1
    if last < 3 or any(size != 1 for size in shape[3:-1]):
        raise ShapeError(
            f"a NIfTI file of shape {shape} has no channels: they are the last axis of (X, Y, Z, C)"
        ).with_hint("--encoding index if it is a volume of labels")
    if options.channel_axis not in (None, last, -1, *([0, -4] if last == 3 else [])):
        raise ShapeError(
            f"axis {options.channel_axis} of a NIfTI file of shape {shape} is no channel axis"
        ).with_hint(f"--channel-axis {last}, or none, which means the last")
    _check_values(header, shape, options)
    return (*shape[:3], shape[last])


def _check_values(header: Foreign, shape: tuple[int, ...], options: ReadOptions) -> None:
    if min(shape) < 1:
        raise DamagedError(f"its size is {' x '.join(map(str, shape))}")
    with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
        dtype = header.get_data_dtype()
    if dtype.kind not in "iuf":
        raise ValuesError(f"values of type {dtype} are no labels")
    size = math.prod(shape) * dtype.itemsize
    check_bytes(f"its volume of shape {shape}", size, options.max_bytes)


def _labels(values: np.ndarray, volume: Foreign) -> np.ndarray:
    """Whole numbers, also of a slope that float32 cannot hold: 255 times 1/255 is 1."""
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            near = np.rint(values)
            close = np.abs(values - near) <= _FLOAT32 * np.maximum(1, np.abs(near))
        values = np.where(close, near, values)
    try:
        return whole_numbers(values)
    except ValuesError as error:
        slope, inter = float(volume.slope), float(volume.inter)
        if (slope, inter) == (1.0, 0.0):
            raise
        raise ValuesError(
            f"{error}: its stored values are scaled, by a slope of {slope:g} and an intercept of "
            f"{inter:g}"
        ).with_hint("save the labels unscaled, with scl_slope 1 and scl_inter 0") from error


def _count_pieces(volume: _Volume) -> ValueCounter:
    counter = None
    for _, _, numbers in _pieces(volume):
        counter = counter or counter_of(numbers.dtype)
        counter.add(numbers.ravel(order="K").view(np.uint8))  # in any order, so without a copy
    assert counter is not None  # volumes without voxels are refused before
    return counter


def _pieces(volume: _Volume) -> Iterator[tuple[int, int, np.ndarray]]:
    """Labels in the order of the file, (rows, length of a row): first row, column, and values."""
    array, stored = volume.array, volume.shape[::-1]
    rest = (0,) * (len(array.shape) - len(stored))
    for box in boxes(stored, steps_within(stored, (1,) * len(stored), _PIECE // 8)):
        with third_party("nibabel"), np.errstate(all="ignore"):  # a slope may be anything
            values = np.asarray(array[(*box[::-1], *rest)])
        first = [part.start for part in box[:-1]]
        rows = _labels(values.T.reshape(-1, values.shape[0]), array)
        yield int(np.ravel_multi_index(first, stored[:-1])), box[-1].start, rows
