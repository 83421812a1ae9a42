"""
Counts NumPy arrays: integers, booleans, and floats that are whole numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ValuesError
from .counters import ValueCounter
from .special import NAN, NODATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDED = 1e-4  # how far float32 takes 255 times a label from a whole number
_LARGEST_WHOLE = 2.0**53  # beyond it not every whole number is a float


def counter_of(dtype: np.dtype[np.generic]) -> ValueCounter:
    """
    A counter of values of a type: integers or booleans of any byte order; floats are counted as
    int64, see `whole_numbers`; void stands for pixels of several samples of 8 or 16 bits.
    """
    if dtype.kind not in "uibfV":
        raise TypeError(f"cannot count values of type {dtype}")
    if dtype.kind == "f":
        return ValueCounter(8, signed=True)
    big = dtype.kind == "V" or dtype.byteorder == ">"
    return ValueCounter(dtype.itemsize, "big" if big else "little", signed=dtype.kind == "i")


def count_array(array: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count the values of an array.

    Parameters
    ----------
    array : ndarray of int, bool, or whole float numbers, any shape

    Returns
    -------
    counts : dict of int to int
        Value to number of times.
    largest : int
        Largest value that the type can hold.

    Raises
    ------
    DecodeError
        If the type holds no integers, or a float is not a whole number.
    """
    flat = whole_numbers(array.ravel(order="K"))
    counter = counter_of(flat.dtype)
    counter.add(flat.view(np.uint8))
    counts = counter.counts()
    if flat.dtype.kind == "b" and counts.keys() - {0, 1}:  # Pillow keeps True as 255
        zeros = counts.get(0, 0)
        counts = {value: n for value, n in enumerate((zeros, flat.size - zeros)) if n}
    return counts, counter.largest


def count_one_hot(vectors: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count one-hot vectors.

    Parameters
    ----------
    vectors : ndarray of 0 and 1, shape (N, C)

    Returns
    -------
    counts : dict of int to int
        Channel to number of vectors in which it is the one; 0 included.
    unlabelled : int
        Number of vectors without a one.

    Raises
    ------
    DecodeError
        If there is another value than 0 and 1, or two ones in a vector.
    """
    ones = _ones(vectors)
    per_vector = np.count_nonzero(ones, axis=1)
    if np.any(per_vector > 1):
        most = int(per_vector.max())
        raise ValuesError(f"{most} ones in a pixel of a one-hot mask").with_hint(
            "--encoding multilabel, where classes may overlap"
        )
    return _sums(ones), int(np.count_nonzero(per_vector == 0))


def count_ones(vectors: NDArray[np.generic]) -> tuple[dict[int, int], int]:
    """
    Count the ones of each channel, which may overlap.

    Parameters
    ----------
    vectors : ndarray of 0 and 1, shape (N, C)

    Returns
    -------
    counts : dict of int to int
        Channel to number of ones.
    unlabelled : int
        Always 0: a vector without a one is a negative of every class.

    Raises
    ------
    DecodeError
        If there is another value than 0 and 1.
    """
    return _sums(_ones(vectors)), 0


def _ones(vectors: NDArray[np.generic]) -> NDArray[np.bool_]:
    ones = vectors != 0
    others = vectors[ones & (vectors != 1)]
    if len(others):
        raise ValuesError(f"value {others[0]} in a mask of channels, which hold 0 and 1").with_hint(
            f"--foreground {others[0]:g} if that is what is in a class, "
            "--encoding index for arrays of class ids"
        )
    return ones


def _sums(ones: NDArray[np.bool_]) -> dict[int, int]:
    sums = np.count_nonzero(ones, axis=0).tolist()
    return {channel: number for channel, number in enumerate(sums) if number}


def whole_numbers(array: NDArray[np.generic], nodata: float | None = None) -> NDArray[np.generic]:
    """
    Turn an array of floats into int64, if all are whole; leave integers as they are.

    Parameters
    ----------
    array : ndarray, any shape
    nodata : float, optional
        A value that need not be whole: it becomes `special.NODATA`, as NaN becomes
        `special.NAN`.

    Raises
    ------
    DecodeError
        If a float is not a whole number, or the type is neither.
    """
    if array.dtype.kind in "uib":
        return array
    if array.dtype.kind != "f":
        raise ValuesError(f"values of type {array.dtype} are no labels")
    with np.errstate(invalid="ignore", over="ignore"):
        whole = np.isfinite(array) & (array == np.rint(array)) & (np.abs(array) < _LARGEST_WHOLE)
        if whole.all():
            return array.astype(np.int64)
        is_nan = np.isnan(array)
        is_nodata = ~whole & (array == array.dtype.type(np.nan if nodata is None else nodata))
    odd = array[~(whole | is_nan | is_nodata)]
    if len(odd):
        raise _not_whole(float(odd[0]))
    numbers = np.where(whole, array, 0).astype(np.int64)
    numbers[is_nan], numbers[is_nodata] = NAN, NODATA
    return numbers


def _not_whole(value: float) -> ValuesError:
    error = ValuesError(f"value {value} is not a whole number, so not a label")
    if 0 < value < 1 and abs(255 * value - round(255 * value)) < _ROUNDED:
        return error.with_hint(
            f"save numpy.rint(255 * mask) as integers, if the labels were divided by 255, as {value:g} "
            f"is {round(255 * value)} / 255"
        )
    return error.with_hint(
        "save the labels as integers: numpy.argmax over the axis of the classes, if these are "
        "scores or probabilities; --exclude, if it is an image"
    )


def counted_as(nodata: float | None) -> int | None:
    """What `whole_numbers` makes of a declared nodata value; None where there is none."""
    if nodata is None:
        return None
    if math.isnan(nodata):
        return NAN
    is_whole = nodata.is_integer() and abs(nodata) < _LARGEST_WHOLE
    return int(nodata) if is_whole else NODATA
