"""
How do five sigmoid classes that overlap get a `pos_weight` for weighted BCE plus Dice in PyTorch?
The trap: a `pos_weight` of shape (C,) lies along the last axis, so that on (N, C, H, W) it weighs
the columns of an image that is C pixels wide, without an error; its shape has to be (C, 1, 1).
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch.nn import functional as F

# Of 10010 pixels, those that each class is in; the first ten pixels are in all five.
PIXELS = [5005, 1001, 110, 35, 10]
masks = (np.arange(10010)[:, np.newaxis] < PIXELS).reshape(5, 26, 77, 5)  # (N, H, W, C)

with TemporaryDirectory() as name:
    np.save(Path(name, "masks.npy"), masks)
    options = ["--encoding", "multilabel", "-m", "pos-weight"]
    command = [sys.executable, "-m", "weightcalc", "weights", name, *options]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
pos_weight = torch.tensor(json.loads(printed), dtype=torch.float32)
print("weights:", dict(enumerate(pos_weight.tolist())))

row = [[0.8524, 0.2278, 0.6476], [0.6203, 0.6977, 0.3352], [0.4946, 0.4613, 0.6882]]
logits, positive = torch.tensor(row), torch.zeros(3, 3)
positive[2, 2] = 1
bce = F.binary_cross_entropy_with_logits
print(f"one class without weights: {bce(logits, positive):.5f}")
print(f"one class, weight 9: {bce(logits, positive, pos_weight=pos_weight[1]):.5f}")

# An image of 5 x 5 pixels, of which one, in the first column, is of class 4.
logits, target = torch.zeros(1, 5, 5, 5), torch.zeros(1, 5, 5, 5)
target[0, 4, 0, 0] = 1
by_class = pos_weight.view(-1, 1, 1)
print(f"by class: {bce(logits, target, pos_weight=by_class):.5f}")
print(f"by column, wrong: {bce(logits, target, pos_weight=pos_weight):.5f}")


def dice(logits, target):
    """Soft Dice loss, the mean of all classes."""
    probability = logits.sigmoid()
    overlap = (probability * target).sum(dim=(0, 2, 3))
    total = (probability + target).sum(dim=(0, 2, 3))
    return (1 - (2 * overlap + 1) / (total + 1)).mean()


target = torch.from_numpy(masks).permute(0, 3, 1, 2).float()  # (N, C, H, W)
logits = torch.zeros_like(target, requires_grad=True)
optimizer = torch.optim.Adam([logits], lr=0.1)
losses = []
for _ in range(20):
    loss = bce(logits, target, pos_weight=by_class) + dice(logits, target)
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("20 steps of BCE plus Dice lower it:", losses[-1] < losses[0])
