"""Masks that are counted several at once: what comes out is what counting them one by one gives."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from weightcalc import LabelMap, count_file, count_masks, local_pool
from weightcalc.counting import count
from weightcalc.counting.count import add_files, count_each
from weightcalc.counts.tally import Tally
from weightcalc.errors import WeightcalcError
from weightcalc.kernels import fast_png
from weightcalc.kernels.roles import IS_CLASS
from weightcalc.labels.values import Values

compiled = pytest.mark.skipif(not fast_png.FAST_PNG, reason="the fast path is off")
CLASSES = bytes([IS_CLASS]) * 256
NO_LIMIT = 1 << 40
LABELS = {
    "found": {},
    "all": {"num_classes": 256},
    "few": {"num_classes": 4},
    "ignored": {"num_classes": 4, "ignore": [255]},
    "mapped": {"num_classes": 4, "mapping": {255: 1}},
    "a range ignored": {"num_classes": 3, "ranges": [(Values(3, 255), None)]},
    "a rest": {"num_classes": 4, "rest": 3},
    "the rest ignored": {"num_classes": 2, "ignore_rest": True},
    "moved by one": {"num_classes": 5, "reduce_zero_label": True},
    "of a nodata value": {"num_classes": 4, "ignore": [255], "ignore_nodata": True},
    "shared": {"class_names": ["a", "b"], "regions": {1: [0, 1], 2: [1]}},
}


def picture(dice, values):
    """A small mask of some of these values."""
    height, width = dice.randint(1, 9), dice.randint(1, 9)
    return np.array(dice.choices(values, k=height * width), np.uint8).reshape(height, width)


def save_odd(path, dice):
    """Save a file that cannot be counted together with others."""
    kind = dice.choice(["palette", "16 bits", "damaged", "not there", "other values"])
    mask = picture(dice, [0, 1, 2])
    if kind == "palette":
        image = Image.fromarray(mask).convert("P")
        image.putpalette([9, 9, 9, 1, 2, 3, 4, 5, 6])
        image.save(path)
    elif kind == "16 bits":
        Image.fromarray(mask.astype(np.uint16)).save(path)
    elif kind == "damaged":
        path.write_bytes(b"\x89PNG\r\n\x1a\n junk")
    elif kind == "other values":
        Image.fromarray(picture(dice, [0, 1, 200, 255])).save(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two folders of 150 masks of values 0 to 3 and 255, one after the other odd in some way."""
    dice = random.Random(7)
    names = []
    for folder in ("a", "b"):
        root = tmp_path_factory.mktemp(folder)
        for number in range(150):
            path = root / f"{number:03}.png"
            if number > 70 and dice.random() < 0.1:
                save_odd(path, dice)
            else:
                values = dice.choice([[0, 1, 2, 3], [0, 1], [2, 255], [0, 1, 2, 3, 255]])
                Image.fromarray(picture(dice, values)).save(path)
            names.append(str(path))
    return names


def result(files, labels, **how):
    """All that counting ends in: counts, remarks, and the error with its lines and its hint."""
    tally = Tally(LabelMap(**labels), one_kind=False)
    add_files(
        tally,
        count_each(files, roles=tally.roles(len(files)) if how.pop("together") else None, **how),
    )
    said = tally.remarks()
    try:
        return tally.finish("skip", files).to_json(), said
    except WeightcalcError as error:
        return str(error), error.details, error.hint, said, tally.counts.to_json()


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_the_result_is_that_of_each_alone(files, labels):
    """Whatever the classes and the odd files among them, counting together changes no answer."""
    assert result(files, labels, together=True) == result(files, labels, together=False)


def test_processes_count_together(files):
    """Processes that count parts of the files together give the same."""
    labels = LABELS["ignored"]
    with local_pool(2) as pool:
        found = result(files, labels, together=True, executor=pool, num_workers=2)
    assert found == result(files, labels, together=False)


def test_copies_are_found_behind_files_that_cannot_be_read(tmp_path):
    """Whoever counts how many masks at once, the same is said of folders that hold the same masks."""
    dice = random.Random(3)
    names = []
    for folder in ("a", "a copy"):
        for number in range(200):
            path = tmp_path / folder / f"{number:03}.png"
            path.parent.mkdir(exist_ok=True)
            if number % 2 and number < 100:
                path.write_bytes(b"damaged")
            elif folder == "a":
                Image.fromarray(picture(dice, [0, 1, 2, 3])).save(path)
            else:
                path.write_bytes((tmp_path / "a" / path.name).read_bytes())
            names.append(str(path))
    found = [result(names, LABELS["all"], together=together) for together in (False, True)]
    with ThreadPoolExecutor(3) as pool:
        found.append(result(names, LABELS["all"], together=True, executor=pool, num_workers=3))
    assert "hold 32 masks of the same names and the same counts" in found[0][1][0]
    assert found[1:] == found[:1] * 2


@compiled
def test_no_mask_is_counted_twice(tmp_path, monkeypatch):
    """Masks that cannot be added up come back as they were counted, and nobody reads them again."""
    names = [str(tmp_path / f"{number:03}.png") for number in range(200)]
    for name in names:
        Image.fromarray(np.zeros((2, 2), np.uint8)).convert("P").save(name)
    alone = []
    monkeypatch.setattr(count, "count_file", lambda n, o: alone.append(n) or count_file(n, o))
    counts = count_masks(names, LabelMap(256))
    assert counts.masks[0] == 200
    assert alone == names[:64]


@compiled
@pytest.mark.parametrize("in_threads", [False, True])
def test_most_masks_are_counted_together(files, in_threads):
    """After the first 64 of a folder, most plain masks are, and not less so in batches."""
    roles = LabelMap(4, ignore=[255]).roles()
    with ThreadPoolExecutor(2) as pool:
        executor = pool if in_threads else None
        found = list(count_each(files, executor=executor, num_workers=2, roles=roles))
    assert sum(counted.num_files for counted in found) == 300
    assert sum(counted.num_files for counted in found if counted.sums) > 90
    assert [counted.sums for counted in found[:64]] == [None] * 64


@compiled
def test_numbers_by_hand(save_mask):
    """Two masks of 4 and 6 pixels where 255 is ignored, and one that cannot be added."""
    names = ["not looked at", save_mask([[0, 0, 1, 255]], "1.png")]
    names += [save_mask([[1, 1, 255], [255, 2, 1]], "2.png"), save_mask([[7], [1]], "3.png")]
    roles = bytes([1, 1, 1]) + bytes(252) + bytes([2])
    assert fast_png.count_plain_png_files(names, 1, roles, NO_LIMIT, NO_LIMIT) == (
        2,
        10,
        3,
        # pixels, masks, their pixels, and those that are not ignored
        {0: (2, 1, 4, 3), 1: (4, 2, 10, 7), 2: (1, 1, 6, 4), 255: (3, 2, 10, 7)},
        (1, 2, 8, 0, b"", {1: 1, 7: 1}),  # 7 has no role: the mask is given as it was counted
    )


@compiled
@pytest.mark.parametrize(
    "after",
    ["sub/1.png", "1.npy", "none.png", "file://{}/1.png", None, 5, "a\0b.png", ""],
)
def test_what_follows_must_be_a_png_file_of_the_same_folder(save_mask, tmp_path, after):
    """Other names end what is counted together, as does what is no name, or no file."""
    first, last = save_mask([[1]], "0.png"), save_mask([[1]], "9.png")
    save_mask([[1]], "sub/1.png"), save_mask([[1]], "1.png"), save_mask([[1]], "1.npy")
    after = str(tmp_path / after.format(tmp_path)) if isinstance(after, str) and after else after
    names = [first, after, last]
    found = fast_png.count_plain_png_files(names, 0, CLASSES, NO_LIMIT, NO_LIMIT)
    assert found == (1, 1, 0, {1: (1, 1, 1, 1)}, None)
    if after is None:
        assert fast_png.count_plain_png_files(names, 1, CLASSES, NO_LIMIT, NO_LIMIT)[0] == 0


@compiled
@pytest.mark.parametrize(("pixels", "num_bytes", "counts"), [(6, 8, 3), (5, 8, 2), (6, 7, 2)])
def test_limits(save_mask, pixels, num_bytes, counts):
    """Masks beyond a limit on pixels, or on bytes of rows, are left to the others."""
    names = [save_mask([[1]], "0.png"), save_mask([[1]], "1.png")]
    names.append(save_mask([[1, 1, 1], [1, 1, 1]], "2.png"))
    found = fast_png.count_plain_png_files(names, 0, CLASSES, pixels, num_bytes)
    assert found[0] == counts


@compiled
@pytest.mark.parametrize(("place", "roles"), [(0, b"\1"), (-1, CLASSES)])
def test_sizes_that_do_not_fit_are_refused(save_mask, place, roles):
    """There is a role for each of 256 values, and no place before the first."""
    with pytest.raises(ValueError, match="sizes"):
        fast_png.count_plain_png_files([save_mask([[1]])], place, roles, NO_LIMIT, NO_LIMIT)


def test_callers_see_each_file_and_mask(files):
    """Where somebody looks at files or at masks, each is shown on its own."""
    shown, masks = [], []
    labels = LabelMap(256)
    several = {"on_error": "skip", "one_kind": False}
    count_masks(files, labels, on_file=lambda counted: shown.append(counted.name), **several)
    assert shown == files
    counts = count_masks(files, labels, on_mask=masks.append, **several)
    assert len(masks) == counts.num_masks


@pytest.mark.parametrize(
    ("labels", "roles"),
    [
        ({"num_classes": 2, "ignore": [255]}, {0: 1, 1: 1, 255: 2}),
        ({}, dict.fromkeys(range(64), 1)),
        ({"num_classes": 3, "mapping": {1: 2}}, {0: 1}),  # 2 is ambiguous
        ({"num_classes": 3, "reduce_zero_label": True}, {}),
        ({"learn_colors": True}, {}),
    ],
)
def test_roles(labels, roles):
    """A value is the class of its number, or ignored; what else it may be, others find out."""
    assert LabelMap(**labels).roles() == bytes(roles.get(value, 0) for value in range(256))
