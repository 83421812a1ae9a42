"""
Weights in the frameworks that train with them: every recipe of the manual, and every trap.

The scores, the target and the weights [1, 9] are those of a published question about PyTorch's
cross entropy, whose answers are 0.7099 without weights and 0.7531 with them. Models stay at
p = 0.5, so that their loss is ln 2 times what the weights make of it.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from math import log
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.frameworks import (
    HYDRA,
    LIGHTNING,
    MEAN_OF_PIXELS,
    MEAN_OF_WEIGHTS,
    RECIPES,
    SCORES,
    SETTINGS,
    TARGET,
    close,
    framework,
    recipe,
    require,
    shell,
)

import weightcalc as library

pytestmark = pytest.mark.frameworks

LABELS = np.repeat([0, 1], [90, 10]).reshape(1, 10, 10)
PLAIN, WEIGHTED = log(2), log(2) * (90 * 1 + 10 * 9) / 100


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, weightcalc):
    """The current folder: masks of 90 and 10 pixels, and weights.json of [1.0, 9.0]."""
    for name, value in {**SETTINGS, "KERAS_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("masks").mkdir()
    np.save("masks/a.npy", LABELS[0].astype(np.uint8))
    options = ["-m", "inverse-frequency", "--normalize", "min", "--digits", 6]
    assert weightcalc("weights", "masks", *options, "-o", "weights.json").exit_code == 0
    return tmp_path


@pytest.fixture
def weights(folder):
    """What weights.json holds."""
    read = json.loads(Path("weights.json").read_text())
    assert read == [1.0, 9.0]
    return read


@pytest.fixture
def torch():
    """PyTorch."""
    return framework("torch")


@pytest.fixture
def scores(torch):
    """The scores, (N, C, H, W)."""
    return torch.tensor([SCORES])


@pytest.fixture
def target(torch):
    """The target, (N, H, W)."""
    return torch.tensor([TARGET])


@pytest.fixture
def keras(folder):
    """Keras, on TensorFlow."""
    require("tensorflow")
    return framework("keras")


@pytest.fixture
def model(keras):
    """A function that makes a model of two classes which stays at p = 0.5."""

    def make(**loss: Any) -> Any:
        layer = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
        made = keras.Sequential([layer])
        loss_ = keras.losses.SparseCategoricalCrossentropy(**loss)
        made.compile(keras.optimizers.SGD(0.0), loss=loss_, run_eagerly=True)
        return made

    return make


@pytest.fixture(scope="module")
def mmseg_loss():
    """mmsegmentation's cross entropy; the package around it needs the compiled mmcv."""
    require("torch", "mmengine", "mmseg")
    (home,) = find_spec("mmseg").submodule_search_locations
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mmseg", "mmseg.models", "mmseg.models.losses"):
            package = ModuleType(name)
            package.__path__ = [str(Path(home, *name.split(".")[1:]))]
            patch.setitem(sys.modules, name, package)
        yield import_module("mmseg.models.losses.cross_entropy_loss")


# Recipes


def test_pytorch(torch, scores, target, weights):
    """PyTorch takes the list; its loss is the published one, also with a pixel to be ignored."""
    loss = eval(recipe("PyTorch"), {"torch": torch, "weights": weights})
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)
    pad = torch.nn.functional.pad
    ignored = loss(pad(scores, (0, 1)), pad(target, (0, 1), value=255))
    assert ignored.item() == close(MEAN_OF_WEIGHTS)


def test_pytorch_multilabel(torch, scores, target, weightcalc):
    """BCEWithLogitsLoss weighs by class: 9 for that of a tenth of the pixels, 1 for that of half."""
    np.save("multilabel.npy", np.arange(100).reshape(1, 10, 10, 1) < [50, 10])
    done = weightcalc("weights", "multilabel.npy", "--encoding", "multilabel", "-m", "pos-weight")
    loss = eval(recipe("PyTorch, multilabel"), {"torch": torch, "weights": done.json})
    logits = torch.stack([torch.zeros_like(scores[:, 1]), scores[:, 1]], dim=1)
    truth = torch.stack([torch.zeros_like(target), target], dim=1).float()
    assert loss(logits, truth).item() == close((log(2) + 1.30017) / 2)


def first_loss(code: str, **names: Any) -> float:
    """The loss of the first epoch of a recipe that calls `model.fit`."""
    return eval(code, {"np": np, **names}).history["loss"][0]


def test_keras_masks(model, weights):
    """The map of sample weights weighs every pixel by its true class."""
    names = {"images": np.zeros((1, 10, 10, 3)), "labels": LABELS, "weights": weights}
    assert first_loss(recipe("Keras 3, masks"), model=model(), **names) == close(WEIGHTED)


def test_keras_masks_with_ignored_pixels(model, weights):
    """Ignored pixels add nothing, and the sum is divided by the others."""
    labels = np.concatenate([LABELS, np.full((1, 10, 5), 255)], axis=2)
    names = {"images": np.zeros((1, 10, 15, 3)), "labels": labels, "weights": weights}
    fitted = model(ignore_class=255)
    assert first_loss(recipe("Keras 3, 255 ignored"), model=fitted, **names) == close(WEIGHTED)


def test_keras_class_weight(model, weights):
    """`class_weight` weighs single labels by their class."""
    names = {"samples": np.zeros((100, 3)), "targets": LABELS.ravel(), "weights": weights}
    code = recipe("Keras 3, one label a sample")
    assert first_loss(code, model=model(), **names) == close(WEIGHTED)


def test_tensorflow(keras, weights):
    """TensorFlow's loss takes the weights of the pixels and divides by their number."""
    tf = framework("tensorflow")
    logits = np.moveaxis(np.array([SCORES], np.float32), 1, -1)
    names = {"tf": tf, "labels": np.array([TARGET]), "logits": logits, "weights": weights}
    assert float(eval(recipe("TensorFlow"), names)) == close(MEAN_OF_PIXELS)


def test_mmsegmentation(mmseg_loss, scores, target, weights):
    """mmsegmentation loads the path of a config, by mmengine, and its loss is PyTorch's."""
    config = eval(recipe("mmsegmentation"))
    assert framework("mmengine").load(config["class_weight"]) == weights
    assert mmseg_loss.get_class_weight(config["class_weight"]) == weights
    loss = getattr(mmseg_loss, config.pop("type"))(**config)
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)


def test_monai(torch, target, weights):
    """MONAI weighs the cross entropy and the Dice term of each class."""
    names = {"torch": torch, "monai": framework("monai"), "weights": weights}
    loss = eval(recipe("MONAI"), names)
    # At p = 0.5: 1 - 2 * 4 / (4.5 + 8), and 9 * (1 - 2 * 0.5 / (4.5 + 1)).
    dice = (0.36 + 9 * 4.5 / 5.5) / 2
    assert loss(torch.zeros(1, 2, 3, 3), target[:, None]).item() == close(log(2) + dice)


def test_nnunet(torch, scores, target, weights):
    """nnU-Net's compound loss gives the weights to its cross entropy, as PyTorch's."""
    losses = framework("nnunetv2.training.loss.compound_losses")
    names = {"torch": torch, "DC_and_CE_loss": losses.DC_and_CE_loss, "weights": weights}
    loss = eval(recipe("nnU-Net"), names)
    loss.weight_dice = 0
    assert loss(scores, target[:, None]).item() == close(MEAN_OF_WEIGHTS)


def test_lightning_cli(folder, environment):
    """The parser of Lightning's command line gives the model a list of floats."""
    require("jsonargparse")
    Path("main.py").write_text(LIGHTNING)
    printed = shell(recipe("Lightning CLI"), folder, environment)
    assert json.loads(printed) == close_to_median_frequency()


def test_hydra(folder, environment):
    """A Hydra override takes the printed list as floats."""
    require("hydra")
    Path("config.yaml").write_text("loss:\n  weight: null\n")
    Path("train.py").write_text(HYDRA)
    printed = shell(recipe("Hydra"), folder, environment)
    assert json.loads(printed) == close_to_median_frequency()


def close_to_median_frequency() -> Any:
    """The weights of the masks by default: f is 0.9 and 0.1, their median 0.5."""
    return pytest.approx([0.5 / 0.9, 0.5 / 0.1], rel=1e-12)


def test_omegaconf(weights):
    """OmegaConf reads the file, and the list of a command line."""
    omegaconf = framework("omegaconf")
    assert list(eval(recipe("OmegaConf"), {"OmegaConf": omegaconf.OmegaConf})) == weights
    line = f"loss.weight={Path('weights.json').read_text()}"
    assert omegaconf.OmegaConf.from_dotlist([line]) == {"loss": {"weight": weights}}


def test_paddleseg(weightcalc):
    """A PaddleSeg config holds the printed list, small weights too, as floats."""
    yaml = framework("yaml")
    np.save("rare.npy", np.arange(100_000).reshape(100, 1000) == 0)
    done = weightcalc("weights", "rare.npy", "-m", "inverse-frequency", "--normalize", "sum")
    code = re.sub(r"\[.*\]", lambda _: done.stdout.decode().strip(), recipe("PaddleSeg"))
    config = yaml.load(f"loss:\n  types:\n    - {code}\n  coef: [1]\n", yaml.FullLoader)
    # 100000 / 99999 and 100000, over their sum
    expected = pytest.approx([1e-5, 1 - 1e-5], rel=1e-12)
    assert config["loss"]["types"] == [{"type": "CrossEntropyLoss", "weight": expected}]


def test_scikit_learn():
    """`balanced` gives the weights of scikit-learn, and a classifier takes them as a dict."""
    sklearn = framework("sklearn.utils.class_weight")
    linear_model = framework("sklearn.linear_model")
    labels = np.repeat([0, 1, 2], [60, 37, 3])
    counts = library.ClassCounts()
    counts.add_mask(labels.reshape(10, 10))
    weights = library.compute_class_weights(counts, "balanced")
    theirs = sklearn.compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)
    names = {"SGDClassifier": linear_model.SGDClassifier, "weights": weights}
    classifier = eval(recipe("scikit-learn"), names)
    samples = np.random.default_rng(0).normal(labels[:, None], size=(100, 2))
    ours, balanced = (
        a.set_params(random_state=0).fit(samples, labels).coef_
        for a in (classifier, linear_model.SGDClassifier(class_weight="balanced"))
    )
    np.testing.assert_allclose(ours, balanced, rtol=1e-9)


# Traps


@pytest.mark.parametrize("factor", [1, 10])
def test_scale_of_pytorch(torch, scores, target, factor):
    """PyTorch's mean divides by the weights of the targets: their scale changes nothing."""
    weight = factor * torch.tensor([1.0, 9.0])
    loss = torch.nn.functional.cross_entropy(scores, target, weight)
    assert loss.item() == close(MEAN_OF_WEIGHTS)


@pytest.mark.parametrize("factor", [1, 10])
@pytest.mark.parametrize(
    ("reduction", "times", "expected"),
    [
        ("sum_over_batch_size", True, MEAN_OF_PIXELS),
        ("mean_with_sample_weight", False, MEAN_OF_WEIGHTS),
    ],
)
def test_scale_of_keras(keras, factor, reduction, times, expected):
    """Keras divides by the pixels unless it is told to divide by the weights, as PyTorch does."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    sample_weight = factor * np.array([1.0, 9.0])[TARGET]
    value = loss(np.array(TARGET), np.moveaxis(SCORES, 0, -1), sample_weight=sample_weight)
    assert float(value) == close(factor * expected if times else expected)


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


def test_keras_ignores_keys_of_json(keras, model, weightcalc):
    """The string keys of a JSON dict are no class ids to Keras up to 3.15: nothing is weighed."""
    assert weightcalc("weights", "masks", "--layout", "dict", "-o", "dict.json").exit_code == 0
    class_weight = json.loads(Path("dict.json").read_text())
    assert list(class_weight) == ["0", "1"]
    samples, targets = np.zeros((100, 3)), LABELS.ravel()
    if tuple(int(part) for part in keras.__version__.split(".")[:2]) > (3, 15):
        pytest.skip(f"Keras {keras.__version__} is newer than the trap")
    assert model().fit(samples, targets, class_weight=class_weight).history["loss"][0] == close(
        PLAIN
    )


def test_integers_are_refused_by_pytorch(torch, scores, target):
    """Weights that are whole numbers become integers, which the loss refuses, without a dtype."""
    assert torch.tensor([1, 9]).dtype == torch.int64
    with pytest.raises(RuntimeError, match="Float but found Long"):
        torch.nn.functional.cross_entropy(scores, target, torch.tensor([1, 9]))
    loss = eval(recipe("PyTorch"), {"torch": torch, "weights": [1, 9]})
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


def test_every_recipe_is_tested():
    """Each row of the manual's table of recipes is used by a test here."""
    rows = re.findall(r"^\| ([^|]+) \| `", RECIPES, re.MULTILINE)
    tested = re.findall(r'recipe\("([^"]+)"\)', Path(__file__).read_text(encoding="utf-8"))
    assert len(rows) > 10
    assert set(rows) == set(tested)
