"""The masks that hold most of each class, kept while masks are counted."""

import numpy as np

from weightcalc import LabelMap, ReadOptions, count_masks
from weightcalc.counts.top_masks import MOST_KEPT, TopMasks


def tops_of(names, labels, **options):
    """The masks that are kept of such files, by class: their names and pixels."""
    tops = TopMasks(labels)
    count_masks(names, labels, on_mask=tops.add, **options)
    return {
        index: [(top.name, top.pixels) for top in kept] for index, kept in tops.of_class.items()
    }


def test_most_of_a_class_comes_first(save_mask):
    """Of each class the masks with most pixels are kept, and of equal ones those counted first."""
    names = [save_mask([[1] * n + [0] * (9 - n)], f"{n}{k}.png") for n in range(1, 5) for k in "ab"]
    kept = tops_of(names, LabelMap(2))
    assert kept[1] == [(names[6], 4), (names[7], 4), (names[4], 3)]
    assert kept[0] == [(names[0], 8), (names[1], 8), (names[2], 7)]


def test_a_few_masks_are_kept(save_mask):
    """However many masks are counted, no more are kept than a few of each class."""
    names = [save_mask([[0, 1, k % 2]], f"{k}.png") for k in range(50)]
    tops = TopMasks(LabelMap(2))
    count_masks(names, LabelMap(2), on_mask=tops.add)
    assert [len(kept) for kept in tops.of_class.values()] == [MOST_KEPT, MOST_KEPT]


def test_values_of_the_class(save_mask):
    """With a mask go the values that are the class in it: mapped ones, and no ignored ones."""
    labels = LabelMap(2, mapping={7: 1, 8: 1}, ignore=[255])
    tops = TopMasks(labels)
    count_masks([save_mask([[0, 7, 8, 8, 255]])], labels, on_mask=tops.add)
    assert tops.of_class[1][0].values == {7, 8}
    assert tops.of_class[0][0].values == {0}
    assert tops.of_class[1][0].mask_pixels == 5


def test_channels_have_no_values(save_mask):
    """The classes of a multilabel mask are channels, whose pixels cannot be found by a value."""
    name = save_mask(np.ones((2, 2, 3)), "m.npy")
    tops = TopMasks(LabelMap())
    options = ReadOptions(encoding="multilabel")
    count_masks([name], options=options, on_mask=tops.add)
    assert [kept[0].values for kept in tops.of_class.values()] == [frozenset()] * 3
