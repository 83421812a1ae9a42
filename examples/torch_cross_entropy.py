"""
How do the weights that weightcalc prints get into PyTorch's cross entropy?
The trap: its mean divides by the sum of the weights of the targets, so that a batch in which every
pixel is ignored or weighs 0 has a loss of NaN, and from weights of 0 comes a gradient of NaN too.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch.nn import functional as F

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), np.repeat([0, 1], [90, 10]).reshape(10, 10))
    options = ["-m", "inverse-frequency", "--normalize", "min"]
    command = [sys.executable, "-m", "weightcalc", "weights", name, *options]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

# Without the dtype, weights that are all written as whole numbers would be integers.
weight = torch.tensor(json.loads(printed), dtype=torch.float32)
print("weights:", weight.tolist())

scores = torch.tensor(
    [
        [
            [[0.5546, 0.1304, 0.9288], [0.6879, 0.3553, 0.9984], [0.1474, 0.6745, 0.8948]],
            [[0.8524, 0.2278, 0.6476], [0.6203, 0.6977, 0.3352], [0.4946, 0.4613, 0.6882]],
        ]
    ]
)  # (N, C, H, W)
target = torch.tensor([[[0, 0, 0], [0, 0, 0], [0, 0, 1]]])  # (N, H, W)

print(f"without weights: {F.cross_entropy(scores, target):.4f}")
print(f"with weights: {F.cross_entropy(scores, target, weight):.4f}")
total = F.cross_entropy(scores, target, weight, reduction="sum")
print(f"sum over 8 * 1 + 1 * 9: {total / 17:.4f}")

parameters = scores.clone().requires_grad_()
optimizer = torch.optim.SGD([parameters], lr=1.0)
for _ in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(parameters, target, weight)
    loss.backward()
    optimizer.step()
print("20 steps lower it:", loss.item() < F.cross_entropy(scores, target, weight).item())

ignored = torch.full_like(target, 255)
print("only ignored pixels:", F.cross_entropy(scores, ignored, weight, ignore_index=255).item())
total = F.cross_entropy(scores, ignored, weight, ignore_index=255, reduction="sum")
weighed = weight[ignored[ignored != 255]].sum()
print("divided by at least a little:", (total / weighed.clamp(min=1e-6)).item())

optimizer.zero_grad()
F.cross_entropy(parameters, torch.zeros_like(target), torch.tensor([0.0, 9.0])).backward()
print("only pixels of weight 0, gradient NaN:", parameters.grad.isnan().all().item())
