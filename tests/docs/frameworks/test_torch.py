"""Weights in PyTorch, and in the libraries that train with it: the recipes of the manual."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from support.frameworks import LABELS, MEAN_OF_WEIGHTS, bare, close, framework, recipe, require

import weightcalc as library

pytestmark = pytest.mark.frameworks


def test_pytorch(torch, scores, target, w):
    """PyTorch takes the list; its loss is the published one, also with a pixel to be ignored."""
    loss = eval(recipe("PyTorch"), {"torch": torch, "w": w})
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)
    pad = torch.nn.functional.pad
    ignored = loss(pad(scores, (0, 1)), pad(target, (0, 1), value=255))
    assert ignored.item() == close(MEAN_OF_WEIGHTS)


def test_pytorch_multilabel(torch, scores, target, weightcalc):
    """BCEWithLogitsLoss weighs by class: 9 for that of a tenth of the pixels, 1 for that of half."""
    np.save("multilabel.npy", np.arange(100).reshape(1, 10, 10, 1) < [50, 10])
    done = weightcalc("weights", "multilabel.npy", "--encoding", "multilabel", "-m", "pos-weight")
    loss = eval(recipe("PyTorch, multilabel"), {"torch": torch, "w": torch.tensor(done.json)})
    logits = torch.stack([torch.zeros_like(scores[:, 1]), scores[:, 1]], dim=1)
    truth = torch.stack([torch.zeros_like(target), target], dim=1).float()
    assert loss(logits, truth).item() == close((log(2) + 1.30017) / 2)


def test_mmsegmentation(mmseg_loss, scores, target, weights):
    """mmsegmentation loads the path of a config, by mmengine, and its loss is PyTorch's."""
    config = eval(recipe("mmsegmentation"))
    assert framework("mmengine").load(config["class_weight"]) == weights
    assert mmseg_loss.get_class_weight(config["class_weight"]) == weights
    loss = getattr(mmseg_loss, config.pop("type"))(**config)
    assert loss(scores, target).item() == close(MEAN_OF_WEIGHTS)


def test_monai(torch, target, w):
    """MONAI weighs the cross entropy and the Dice term of each class."""
    names = {"torch": torch, "monai": framework("monai"), "w": w}
    loss = eval(recipe("MONAI"), names)
    # At p = 0.5: 1 - 2 * 4 / (4.5 + 8), and 9 * (1 - 2 * 0.5 / (4.5 + 1)).
    dice = (0.36 + 9 * 4.5 / 5.5) / 2
    assert loss(torch.zeros(1, 2, 3, 3), target[:, None]).item() == close(log(2) + dice)


def test_nnunet(scores, target, w):
    """nnU-Net's compound loss gives the weights to its cross entropy, as PyTorch's."""
    losses = framework("nnunetv2.training.loss.compound_losses")
    names = {"DC_and_CE_loss": losses.DC_and_CE_loss, "w": w}
    loss = eval(recipe("nnU-Net"), names)
    loss.weight_dice = 0
    assert loss(scores, target[:, None]).item() == close(MEAN_OF_WEIGHTS)


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


def test_hugging_face(torch, w, folder):
    """The trainer's loss weighs the labels, to whose size the logits are interpolated."""
    transformers = framework("transformers")
    require("accelerate")
    tiny = {"hidden_sizes": [8] * 4, "depths": [1] * 4, "decoder_hidden_size": 8, "num_labels": 2}
    config = transformers.SegformerConfig(num_attention_heads=[1] * 4, **tiny)
    model = transformers.SegformerForSemanticSegmentation(config)
    torch.nn.init.zeros_(model.decode_head.classifier.weight)  # so that p = 0.5 everywhere
    labels = torch.from_numpy(LABELS[0]).repeat(4, 4)[:32, :32]
    data = [{"pixel_values": torch.zeros(3, 32, 32), "labels": labels}]
    args = transformers.TrainingArguments(
        str(folder / "out"),
        num_train_epochs=1,
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
    )
    names = {"Trainer": transformers.Trainer, "torch": torch, "w": w}
    trainer = eval(recipe("Hugging Face"), {**names, "model": model, "args": args, "data": data})
    assert trainer.train().training_loss == close(log(2))
    bias = torch.tensor([0.0, 1.0])  # scores of 1 for class 1
    outputs = transformers.modeling_outputs.SemanticSegmenterOutput(
        logits=bias.view(1, 2, 1, 1).expand(1, 2, 8, 8)
    )
    ones = int(labels.sum())
    zeros = labels.numel() - ones
    # -log p is log(1 + e) for class 0, and 1 less for class 1
    expected = log(1 + exp(1)) - 9 * ones / (zeros + 9 * ones)
    assert trainer.compute_loss_func(outputs, labels[None]).item() == close(expected)


def test_segmentation_models_pytorch(torch, target, weights):
    """Its Dice loss is the mean of those of the classes, weighted."""
    require("segmentation_models_pytorch")
    with bare("segmentation_models_pytorch") as load:
        losses = load("segmentation_models_pytorch.losses")
        loss = eval(
            recipe("segmentation_models_pytorch"),
            {"DiceLoss": losses.DiceLoss, "weights": weights},
        )
        found = loss(torch.zeros(1, 2, 3, 3), target).item()
    # At p = 0.5: 1 - 2 * 4 / (4.5 + 8), and 1 - 2 * 0.5 / (4.5 + 1).
    assert found == close((1 * 0.36 + 9 * 4.5 / 5.5) / (1 + 9))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_fastai(scores, target, w):
    """fastai's cross entropy takes the tensor, and its classes lie along axis 1."""
    losses = framework("fastai.losses")
    names = {"CrossEntropyLossFlat": losses.CrossEntropyLossFlat, "w": w}
    loss = eval(recipe("fastai"), names)
    assert float(loss(scores, target)) == close(MEAN_OF_WEIGHTS)
