"""Laws that hold for all masks, and for all floats and names that are written."""

import json
import math
from functools import reduce
from operator import add

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from weightcalc import (
    METHODS,
    ClassCounts,
    LabelMap,
    OutputError,
    WeightError,
    compute_class_weights,
    write_weights,
)
from weightcalc.counts.counts_file import counts_of_document
from weightcalc.weights.weights_file import write_json

NUM_CLASSES = 5
IGNORED = 9
METHOD = st.sampled_from(sorted(METHODS))


@st.composite
def masks_of(draw, values=(*range(NUM_CLASSES), IGNORED)):
    """A mask of up to 6 x 6 pixels."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    row = st.lists(st.sampled_from(values), min_size=width, max_size=width)
    return np.array(draw(st.lists(row, min_size=height, max_size=height)), np.uint8)


MASKS = st.lists(masks_of(), min_size=1, max_size=8)
LABELS = st.sampled_from(
    [
        {"num_classes": NUM_CLASSES, "ignore": [IGNORED]},
        {"ignore": [IGNORED]},
        {"class_names": ["road", None, "sky", "car", "caf\u00e9"], "ignore": [IGNORED, 1]},
        {"num_classes": 3, "mapping": {IGNORED: 1, 4: 0, 3: 2, 0: 0, 1: 1, 2: 2}},
    ]
)


def counts_of(masks, labels):
    """Counts of masks."""
    counts = ClassCounts(LabelMap(**labels))
    for mask in masks:
        counts.add_mask(mask)
    return counts


def weights_of(counts, method):
    """The weights, or the message why there are none."""
    try:
        return compute_class_weights(counts, method).tolist()
    except WeightError as error:
        return str(error)


@given(MASKS, LABELS)
def test_columns_by_plain_loops(masks, labels):
    """The columns are what a loop over pixels finds."""
    counts = counts_of(masks, labels)
    mapping, ignore = labels.get("mapping", {}), labels.get("ignore", [])
    for index in range(counts.num_classes):
        values = [v for v in range(10) if v not in ignore and mapping.get(v, v) == index]
        holding = [mask for mask in masks if np.isin(mask, values).any()]
        assert counts.pixels[index] == sum(np.isin(mask, values).sum() for mask in masks)
        assert counts.masks[index] == len(holding)
        assert counts.mask_pixels[index] == sum(mask.size for mask in holding)
        labelled = sum((~np.isin(mask, ignore)).sum() for mask in holding)
        assert counts.labelled_mask_pixels[index] == labelled
    assert counts.num_pixels == sum(mask.size for mask in masks)
    assert counts.ignored_pixels == sum(np.isin(mask, ignore).sum() for mask in masks)


@given(MASKS, LABELS, st.data())
def test_partition(masks, labels, data):
    """The counts of the parts of any partition add up to the counts of all."""
    part = data.draw(st.lists(st.integers(0, 3), min_size=len(masks), max_size=len(masks)))
    parts = [[m for m, p in zip(masks, part, strict=True) if p == k] for k in range(4)]
    counts = [counts_of(some, labels) for some in data.draw(st.permutations(parts))]
    assert reduce(add, counts) == counts_of(masks, labels)


@given(MASKS, LABELS, METHOD, st.randoms(use_true_random=False))
def test_order_of_masks(masks, labels, method, random):
    """Weights are the same to the last bit in whatever order masks are counted."""
    expected = weights_of(counts_of(masks, labels), method)
    random.shuffle(masks)
    assert weights_of(counts_of(masks, labels), method) == expected


@given(masks_of(), st.integers(1, 4), METHOD)
def test_layout_of_pixels(mask, number, method):
    """Where in a mask its pixels are makes no difference, nor does its memory order."""
    labels = {"num_classes": NUM_CLASSES, "ignore": [IGNORED]}
    expected = counts_of([mask] * number, labels)
    other = np.asfortranarray(np.sort(mask.ravel())[::-1].reshape(1, -1))
    assert counts_of([other] * number, labels) == expected
    assert weights_of(counts_of([mask.T] * number, labels), method) == weights_of(expected, method)


@given(st.lists(st.permutations(range(6)), min_size=1, max_size=4), st.booleans())
def test_index_and_one_hot_agree(rows, whole):
    """One-hot masks, all-zero pixels included, count as index masks with an ignored value."""
    batch = np.array(rows).reshape(len(rows), 2, 3).repeat(2, axis=2)  # value 5 is no class
    one_hot = np.eye(6)[batch][..., :NUM_CLASSES]
    index, vectors = (ClassCounts(LabelMap(NUM_CLASSES, ignore=[5])) for _ in range(2))
    index.add_batch(batch)
    vectors.add_batch(one_hot.astype(np.uint8) if whole else one_hot, one_hot=True)
    assert vectors.columns() == index.columns()
    assert vectors.ignored_pixels == index.ignored_pixels == 2 * len(rows)
    assert vectors.ignored[None] == index.ignored[5]


@given(MASKS, LABELS, METHOD)
def test_counts_survive_json(masks, labels, method):
    """Counts that were saved and read are the same counts and weigh the same."""
    counts = counts_of(masks, labels)
    text = counts.to_json()
    again = counts_of_document(json.loads(text))
    assert again == counts
    assert again.to_json() == text
    assert weights_of(again, method) == weights_of(counts, method)
    assert again + again == counts + counts


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_json_and_yaml(value):
    """A float that was written is the same float to a reader of JSON and of YAML 1.1."""
    text = write_json([value])
    for read in (json.loads, yaml.safe_load):
        (found,) = read(text)
        assert isinstance(found, float)
        assert found.hex() == value.hex()


@pytest.mark.parametrize(
    ("value", "text"), [(1e-05, "1.0e-05"), (1e16, "1.0e+16"), (2.5e-7, "2.5e-07"), (1.0, "1.0")]
)
def test_float_text(value, text):
    """Exponents have a dot before them, or YAML 1.1 reads a text."""
    assert write_json([value]) == f"[{text}]\n".encode()
    assert write_json({"road": value}) == f'{{"road": {text}}}\n'.encode()


@pytest.mark.parametrize(
    "name", ["road", "yes", "1", "null", "a: b", 'the "sky"', "stra\u00dfe", "\u7a7a", "\U0001f697"]
)
def test_names_survive_json_and_yaml(name):
    """A class name that was written is the same text to a reader of JSON and of YAML 1.1."""
    for read in (json.loads, yaml.safe_load):
        assert read(write_json({name: 1.0})) == {name: 1.0}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("format_", ["json", "csv"])
def test_no_word_for_infinity(tmp_path, value, format_):
    """What is no finite number is never written."""
    with pytest.raises(OutputError, match="cannot be written"):
        write_weights([value], str(tmp_path / "w"), format_=format_)
    assert list(tmp_path.iterdir()) == []
