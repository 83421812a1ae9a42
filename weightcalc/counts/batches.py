"""
Masks that are in memory already, of any library that NumPy can read, to their value counts.

NumPy is imported inside functions, so that counting PNG files needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import LabelError
from ..labels.label_map import LabelMap
from ..masks.value_counts import ValueCounts

if TYPE_CHECKING:
    import numpy as np

_FEWEST_COLUMNS = 33  # more channels than that are rather the columns of a mask
_CHANNELS_LAST = "numpy.moveaxis(batch, 1, -1) puts the channels last"
_OF_VOLUMES = (
    "batch.reshape(len(batch), -1, batch.shape[-1]) makes masks of the same pixels, if these are "
    "volumes of one value for each voxel"
)
_TIMES = 4  # an axis so much shorter than both others is rather that of the channels


def count_mask(mask: Any) -> ValueCounts:
    """
    Count the values of one mask.

    Parameters
    ----------
    mask : array_like of int or bool, shape (H, W)

    Raises
    ------
    LabelError
        If it has another number of axes, or values that are masked out.
    """
    array = _as_array(mask)
    if array.ndim != 2:
        way = (
            ": mask.reshape(-1, mask.shape[-1]) makes one of the same pixels of a volume, and "
            "add_batch takes batches"
        )
        raise LabelError(f"a mask has 2 axes, got shape {array.shape}{way * (array.ndim > 2)}")
    return _count_index(array)


def count_batch(
    batch: Any, one_hot: bool | None, overlapping: bool, labels: LabelMap
) -> list[ValueCounts]:
    """
    Count the values, or the channels, of the masks of a batch.

    Parameters
    ----------
    batch : array_like, shape (N, H, W), (N, H, W, 1), (N, 1, H, W) or (N, H, W, C)
    one_hot : bool, optional
        None lets the values tell.
    overlapping : bool
        Whether the channels are classes that may overlap.
    labels : LabelMap
        The classes, which the channels must fit.

    Raises
    ------
    LabelError
        If it cannot be told what the batch holds, or it has values that are masked out.
    """
    batch = _as_array(batch)
    if one_hot is None and not overlapping:
        if batch.ndim == 4 and 1 not in batch.shape[1:]:
            _check_channels_last(batch.shape, labels)
        one_hot = _is_one_hot(batch)
    if one_hot or overlapping:
        if batch.ndim != 4:
            way = (
                "batch[None] makes one of a single mask"
                if batch.ndim < 4
                else "batch.reshape(len(batch), -1, *batch.shape[-2:]) makes masks of volumes whose "
                f"channels are last, and {_CHANNELS_LAST}"
            )
            raise LabelError(f"a batch of channels has axes (N, H, W, C), got {batch.shape}; {way}")
        _check_channels_last(batch.shape, labels)
        _check_number(batch.shape, labels)
        return [_count_vectors(mask, overlapping) for mask in batch]
    if batch.ndim == 4 and 1 in (batch.shape[3], batch.shape[1]):
        batch = batch[..., 0] if batch.shape[3] == 1 else batch[:, 0]
    if batch.ndim != 3:
        way = f"; {_OF_VOLUMES}" if batch.ndim > 3 else ""
        raise LabelError(f"a batch has axes (N, H, W) or (N, H, W, C), got {batch.shape}{way}")
    return [_count_index(mask) for mask in batch]


def _check_channels_last(shape: tuple[int, ...], labels: LabelMap) -> None:
    """
    Refuse a batch (N, C, H, W) in the place of (N, H, W, C), by its shape.

    Raises
    ------
    LabelError
    """
    _, second, third, last = shape
    if labels.num_classes is None:
        is_first = last >= _FEWEST_COLUMNS and _TIMES * second < min(third, last)
        also = f", or LabelMap({last}) if its {last} channels are last"
    else:
        is_first, also = last != labels.num_classes == second and last >= _FEWEST_COLUMNS, ""
    if is_first:
        raise LabelError(
            f"a batch of shape {shape} looks like (N, C, H, W), channels first: "
            f"{_CHANNELS_LAST}{also}"
        )


def _check_number(shape: tuple[int, ...], labels: LabelMap) -> None:
    """
    Refuse channels that are not as many as the classes.

    Raises
    ------
    LabelError
    """
    channels, size = shape[-1], labels.num_classes
    if size is None or channels == size or labels.mapping or labels.regions:
        return
    outside = labels.classify(dict.fromkeys(range(channels), 1), 0, channels=True).unknown
    if channels < size or outside:
        raise LabelError(
            f"a batch of shape {shape} has {channels} channels along its last axis, "
            f"and the label map has {size} classes: {_CHANNELS_LAST}, if axis 1 holds them"
        )


def _as_array(mask: Any) -> np.ndarray:
    import numpy as np

    if np.ma.is_masked(mask):
        raise LabelError("an array some of whose values are masked out").with_hint(
            "mask.filled(255), and LabelMap(ignore=[255]), if such pixels are to be left out"
        )
    return np.asarray(mask)


def _count_index(mask: np.ndarray) -> ValueCounts:
    from ..kernels.ndarrays import count_array

    values, largest = count_array(mask)
    return ValueCounts(values, mask.size, "array", largest)


def _is_one_hot(batch: np.ndarray) -> bool:
    """
    Whether a batch holds one-hot vectors, as nobody says.

    Raises
    ------
    LabelError
        If that cannot be told.
    """
    if batch.ndim == 4 and 1 in batch.shape[1:]:
        return False
    if batch.ndim not in (3, 4) or batch.shape[-1] < 2:
        return False
    vectors = bool(((batch == 0) | (batch == 1)).all() and (batch.sum(axis=-1) == 1).all())
    if batch.ndim == 4 and not vectors:
        raise LabelError(
            f"a batch of shape {batch.shape} has channels that are not one-hot: pass "
            f"one_hot=True if all-zero vectors are ignored pixels, or overlapping=True; {_OF_VOLUMES}"
        )
    if batch.ndim == 3 and vectors:
        raise LabelError(
            f"an array of shape {batch.shape} may be {batch.shape[0]} masks or one one-hot mask: "
            "pass one_hot=False, or batch[None] with one_hot=True"
        )
    return vectors


def _count_vectors(mask: np.ndarray, overlapping: bool) -> ValueCounts:
    from ..kernels.ndarrays import count_one_hot, count_ones

    channels = mask.shape[-1]
    count, kind = (count_ones, "multilabel") if overlapping else (count_one_hot, "one-hot")
    sums, unlabelled = count(mask.reshape(-1, channels))
    return ValueCounts(
        sums, mask.size // channels, kind, unlabelled=unlabelled, num_channels=channels,
        overlapping=overlapping,
    )  # fmt: skip
