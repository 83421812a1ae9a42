"""NumPy arrays of any layout and type are counted value by value, by both kernels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from weightcalc.errors import DecodeError
from weightcalc.kernels import ndarrays

SQUARE = np.arange(35, dtype=np.int16).reshape(5, 7) // 3 - 4


@pytest.mark.parametrize(
    ("array", "largest"),
    [
        (SQUARE, 2**15 - 1),
        (SQUARE[::2, 1::3], 2**15 - 1),
        (SQUARE[::-1, ::-2], 2**15 - 1),
        (np.asfortranarray(SQUARE), 2**15 - 1),
        (SQUARE.T, 2**15 - 1),
        (SQUARE.astype(">i4"), 2**31 - 1),
        (SQUARE.astype(">u8"), 2**64 - 1),
        (SQUARE.view(np.uint8), 255),
        (SQUARE > 0, 255),
        (SQUARE.astype(np.float16), 2**63 - 1),
        (SQUARE.astype(">f4")[:, ::2], 2**63 - 1),
        (SQUARE.astype(np.float64) * 2.0**40, 2**63 - 1),
        (SQUARE.astype(np.longdouble), 2**63 - 1),
        (np.array([-0.0, 0.0, 2.0**53 - 1, 1 - 2.0**53]), 2**63 - 1),
        (SQUARE[:0], 2**15 - 1),
        (np.array(7, dtype=np.uint32), 2**32 - 1),
        (np.broadcast_to(np.uint8(9), (3, 4)), 255),
    ],
    ids=lambda item: f"{item.dtype}{item.strides}" if isinstance(item, np.ndarray) else "",
)
def test_arrays(kernel, array, largest):
    """Arrays of any layout and type are counted value by value."""
    expected = Counter(int(value) for value in array.flat)
    assert ndarrays.count_array(array) == (dict(expected), largest)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1.0, 0.5], "value 0.5 is not a whole number"),
        ([0.0, -np.inf], "value -inf is not a whole number"),
        ([2.0**53], r"value 9007199254740992\.0 is not a whole number"),
        ([1e300], r"value 1e\+300 is not a whole number"),
        (np.array([np.inf], np.float16), "value inf is not a whole number"),
        ([1 + 0j], "values of type complex128 are no labels"),
        (["sky"], "values of type <U3 are no labels"),
        ([None], "values of type object are no labels"),
        (np.array([0], "m8[s]"), r"values of type timedelta64\[s\] are no labels"),
    ],
)
def test_arrays_that_are_no_labels(values, reason):
    """A value that is no integer is named, and so is a type that has none."""
    with pytest.raises(DecodeError, match=reason):
        ndarrays.count_array(np.array(values))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, bool])
def test_one_hot(dtype):
    """Channels are counted by their ones, and pixels without a one by themselves."""
    vectors = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1]], dtype)
    assert ndarrays.count_one_hot(vectors) == ({0: 1, 2: 2}, 1)


@pytest.mark.parametrize(
    ("vectors", "reason"),
    [
        ([[0, 2]], "0 and 1"),
        ([[0, 0.5]], "0 and 1"),
        ([[0, np.nan]], "0 and 1"),
        ([[1, 0, 0], [1, 1, 1]], "3 ones in a pixel"),
    ],
)
def test_not_one_hot(vectors, reason):
    """Other values than 0 and 1, or several ones in a pixel, are refused."""
    with pytest.raises(DecodeError, match=reason):
        ndarrays.count_one_hot(np.array(vectors))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [1, 3, 127, 254])
def test_labels_that_were_divided(dtype, label):
    """Labels that a framework divided by 255 are called so, and what is offered brings them back."""
    array = np.array([0, label], dtype) / dtype(255)
    with pytest.raises(DecodeError) as caught:
        ndarrays.whole_numbers(array)
    assert "numpy.rint(255 * mask)" in caught.value.hint
    assert ndarrays.whole_numbers(np.rint(255 * array)).tolist() == [0, label]


@pytest.mark.parametrize("value", [0.5, 0.1234, -1 / 255, 300 / 255])
def test_scores_are_no_labels(value):
    """Other fractions are offered the class of the largest score."""
    with pytest.raises(DecodeError) as caught:
        ndarrays.whole_numbers(np.array([value]))
    assert "numpy.argmax" in caught.value.hint
