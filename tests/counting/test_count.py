"""Counting many masks: whoever runs the work, the result is the same."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from weightcalc import LabelMap, MasksError, count_masks, local_pool
from weightcalc.counting.count import count_each


class AtOnce(Executor):
    """The least that an executor can be: it does the work when it is asked to."""

    def submit(self, function, /, *args, **kwargs):
        future: Future = Future()
        future.set_result(function(*args, **kwargs))
        return future


@pytest.fixture
def masks(save_mask):
    """Names of 40 masks, whose i-th holds i pixels of class 1 and 40 - i of class 0."""
    return [save_mask([[1] * i + [0] * (40 - i)], f"m/{i:02}.png") for i in range(1, 41)]


EXECUTORS = {
    "no executor": lambda: None,
    "the least": AtOnce,
    "threads": lambda: ThreadPoolExecutor(3),
    "processes": lambda: ProcessPoolExecutor(2),
    "spawned processes": lambda: ProcessPoolExecutor(2, get_context("spawn")),
}


@pytest.mark.parametrize("name", EXECUTORS)
def test_any_executor(masks, name):
    """Every executor gives the counts worked out by hand, and the same bytes."""
    executor = EXECUTORS[name]()
    try:
        counts = count_masks(masks, LabelMap(2), executor=executor, num_workers=2)
    finally:
        if executor is not None:
            executor.shutdown()
    # 1 + 2 + ... + 40 = 820 pixels of class 1, of 40 * 40
    assert counts.pixels == [780, 820]
    assert counts.masks == [39, 40]
    assert counts.to_json() == count_masks(masks[::-1], LabelMap(2)).to_json()


def test_results_come_in_order_of_names(masks):
    """Files come back in the order they were given in, also from a pool."""
    with local_pool(2) as pool:
        found = [counted.name for counted in count_each(masks, executor=pool, num_workers=2)]
    assert found == masks


def test_each_file_and_mask_is_shown(masks):
    """Callers see each file and each mask once, in order."""
    files, shown = [], []
    count_masks(
        masks[:3],
        LabelMap(2),
        on_file=lambda counted: files.append(counted.name),
        on_mask=lambda mask: shown.append((mask.name, mask.labelled.classes[1])),
    )
    assert files == masks[:3]
    assert shown == list(zip(masks[:3], [1, 2, 3], strict=True))


def test_errors_travel_from_processes(masks, tmp_path):
    """A mask that cannot be read in another process is named like one in this."""
    (tmp_path / "m/07.png").write_bytes(b"junk")
    with local_pool(2) as pool, pytest.raises(MasksError, match=r"07\.png: no image") as caught:
        count_masks(masks, LabelMap(2), executor=pool, num_workers=2)
    assert len(caught.value.errors) == 1
    assert caught.value.num_masks == 40


def test_no_value_is_a_bin_too_far(save_mask):
    """Values 0 and 11 are two classes, 0 and 11: no histogram without a range."""
    counts = count_masks([save_mask(np.array([[0, 11, 11]]))], LabelMap(12))
    assert counts.pixels == [1, *[0] * 10, 2]
