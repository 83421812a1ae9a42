"""What goes wrong between the weights and the loss: every trap of the manual."""

from __future__ import annotations

import pickle
from math import log

import numpy as np
import pytest
from support.frameworks import MEAN_OF_WEIGHTS, close, framework, recipe

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("factor", [1, 10])
def test_scale_of_pytorch(torch, scores, target, factor):
    """PyTorch's mean divides by the weights of the targets: their scale changes nothing."""
    weight = factor * torch.tensor([1.0, 9.0])
    loss = torch.nn.functional.cross_entropy(scores, target, weight)
    assert loss.item() == close(MEAN_OF_WEIGHTS)


def test_scale_of_dice(torch, target):
    """Ten times the weights are ten times MONAI's Dice term, beside the same cross entropy."""
    losses = framework("monai.losses")
    values = []
    for weight in (torch.tensor([1.0, 9.0]), torch.tensor([10.0, 90.0])):
        loss = losses.DiceCELoss(to_onehot_y=True, softmax=True, weight=weight)
        values.append(loss(torch.zeros(1, 2, 3, 3), target[:, None]).item() - log(2))
    assert values[1] == close(10 * values[0])


@pytest.mark.parametrize(
    ("value", "weight", "gradient_is_nan"),
    [(255, [1.0, 9.0], False), (0, [0.0, 9.0], True)],
    ids=["ignored", "weight 0"],
)
def test_nan_of_pytorch(torch, value, weight, gradient_is_nan):
    """A batch of ignored pixels has a loss of NaN, one of weight 0 a gradient of NaN too."""
    scores = torch.zeros(1, 2, 2, 2, requires_grad=True)
    target, weight = torch.full((1, 2, 2), value), torch.tensor(weight)
    options = {"weight": weight, "ignore_index": 255}
    loss = torch.nn.functional.cross_entropy(scores, target, **options)
    loss.backward()
    assert loss.isnan()
    assert scores.grad.isnan().all().item() == gradient_is_nan
    assert torch.nn.functional.cross_entropy(scores, target, **options, reduction="sum") == 0


def test_pos_weight_lies_along_the_columns(torch):
    """A pos_weight of shape (C,) weighs columns of images C wide, and is refused on others."""
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    pos_weight = torch.tensor([1.0, 9.0])
    target = torch.zeros(1, 2, 2, 2)
    target[0, 1, 0, 0] = 1  # class 1 in column 0
    wrong = bce(torch.zeros_like(target), target, pos_weight=pos_weight)
    right = bce(torch.zeros_like(target), target, pos_weight=pos_weight.view(-1, 1, 1))
    assert wrong.item() == close(log(2))
    assert right.item() == close(log(2) * (7 + 9) / 8)
    with pytest.raises(RuntimeError, match="must match the size"):
        bce(torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 2, 3), pos_weight=pos_weight)


def test_integers_are_refused_by_pytorch(torch, scores, target):
    """Weights that are whole numbers become integers, which the loss refuses, without a dtype."""
    assert torch.tensor([1, 9]).dtype == torch.int64
    with pytest.raises(RuntimeError, match="Float but found Long"):
        torch.nn.functional.cross_entropy(scores, target, torch.tensor([1, 9]))
    loss = eval(recipe("PyTorch"), {"torch": torch, "w": torch.tensor([1, 9], dtype=torch.float32)})
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)


def test_checkpoint_brings_old_weights_back(torch, tmp_path):
    """A checkpoint of a loss holds its weights, and loading it replaces the new ones."""
    old = torch.nn.CrossEntropyLoss(torch.tensor([1.0, 2.0]))
    torch.save(old.state_dict(), tmp_path / "checkpoint.pt")
    new = torch.nn.CrossEntropyLoss(torch.tensor([1.0, 9.0]))
    new.load_state_dict(torch.load(tmp_path / "checkpoint.pt"))
    assert new.weight.tolist() == [1.0, 2.0]


def test_mmsegmentation_looks_up_ignored_pixels(mmseg_loss, torch, scores, target):
    """A weighted mean fails where 255 occurs; void as a class of weight 0 is what was meant."""
    target[0, 0, 0] = 255
    expected = torch.nn.functional.cross_entropy(
        scores, target, torch.tensor([1.0, 9.0]), ignore_index=255
    )
    loss = mmseg_loss.CrossEntropyLoss(class_weight=[1.0, 9.0], avg_non_ignore=True)
    with pytest.raises(IndexError, match="index 255 is out of bounds"):
        loss(scores, target, ignore_index=255)
    target[0, 0, 0] = 2
    never = torch.full((1, 1, 3, 3), -1e4)  # the score of void
    loss = mmseg_loss.CrossEntropyLoss(class_weight=[1.0, 9.0, 0.0], avg_non_ignore=True)
    assert loss(torch.cat([scores, never], dim=1), target).item() == close(expected.item())


def test_types_of_pytorch(torch, scores, target):
    """Labels of uint8 and weights of float64 are refused; long and float32 are taken."""
    cross_entropy = torch.nn.functional.cross_entropy
    w = torch.tensor([1.0, 9.0])
    with pytest.raises(RuntimeError):
        cross_entropy(scores, target.to(torch.int32), w)
    with pytest.raises(RuntimeError):
        cross_entropy(scores, target, torch.tensor(np.array([1.0, 9.0])))
    taken = target.to(torch.uint8).long()
    assert cross_entropy(scores, taken, w).item() == close(MEAN_OF_WEIGHTS)


def test_a_dict_gives_its_keys(weightcalc):
    """A list of a dict of weights holds class ids."""
    done = weightcalc("weights", "masks", "--layout", "dict")
    assert list(done.json) == ["0", "1"]
    done = weightcalc("weights", "masks", "--layout", "dict", "-f", "pickle")
    assert list(pickle.loads(done.stdout)) == [0, 1]
