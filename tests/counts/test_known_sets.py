"""Values that a preset does not have: which other list of the same data set has them all."""

from __future__ import annotations

import pytest

TRAIN_IDS = [*range(19), 255]
IDS = range(34)


@pytest.mark.parametrize(
    ("values", "preset", "other"),
    [(IDS, "cityscapes", "cityscapes-ids"), (TRAIN_IDS, "cityscapes-ids", "cityscapes")],
)
def test_the_other_ids_are_offered(weightcalc, save_mask, values, preset, other):
    """Where all values are of the other preset of a data set, it is offered, and counts them."""
    name = save_mask([list(values)])
    result = weightcalc("count", name, "-c", preset)
    assert result.exit_code == 2
    assert f"hint: -c {other} in the place of -c {preset}" in result.stderr
    assert "--ignore-index" not in result.stderr
    assert weightcalc("count", name, "-c", other).json["pixels"] == len(values)


@pytest.mark.parametrize("value", [34, 255])
def test_other_ids_that_do_not_fit(weightcalc, save_mask, value):
    """A preset that does not have all values is not offered."""
    name = save_mask([[*IDS, value]])
    assert "cityscapes-ids" not in weightcalc("count", name, "-c", "cityscapes").stderr


def test_a_number_for_what_has_no_class(weightcalc, save_mask):
    """Train ids with 19 for void are no raw ids, of which 19 is the traffic light."""
    name = save_mask([[*range(20)]])
    assert "cityscapes-ids" not in weightcalc("count", name, "-c", "cityscapes").stderr


def test_reduced_ids(weightcalc, save_mask):
    """ADE20K less 1 holds wall as 0: the numbers without the list are offered, not to ignore 255."""
    name = save_mask([[0, 0, 1, 149, 255]])
    error = weightcalc("count", name, "-c", "ade20k").stderr
    assert "hint: -n 150 --ignore-index 255 in the place of -c ade20k" in error
    counted = weightcalc("count", name, "-n", 150, "--ignore-index", 255).json
    assert [counted["classes"][c]["pixels"] for c in (0, 1, 149)] == [2, 1, 1]


def test_a_preset_gets_no_further_name(weightcalc, save_mask):
    """COCO-Stuff that begins at 1 is offered --reduce-zero-label, and no longer list of names."""
    name = save_mask([[0, 1, 182]])
    error = weightcalc("count", name, "-c", "coco-stuff").stderr
    assert "--reduce-zero-label if" in error
    assert "class list" not in error
    counted = weightcalc("count", name, "-c", "coco-stuff", "--reduce-zero-label").json
    assert [counted["classes"][c]["pixels"] for c in (0, 181)] == [1, 1]
