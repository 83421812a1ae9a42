"""
How does a pixel-wise weighted cross entropy use the list in `class_weights.pickle`?
The trap: the list belongs to the one-hot channels, but NumPy lays it along whatever axis is
last, so arrays with channels first are weighed by column without an error.
"""

import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

target = np.array([[[0, 1], [1, 0]], [[0, 1], [1, 0]]])
output = np.array([[[0.5, 0.5], [0.9, 0.1]], [[0.9, 0.1], [0.4, 0.6]]])

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), np.array([[0, 0, 0], [0, 1, 1]]))  # 4 and 2 pixels
    saved = Path(name, "class_weights.pickle")
    options = ["-m", "inverse-frequency", "--normalize", "min", "-f", "pickle", "-o", str(saved)]
    subprocess.run([sys.executable, "-m", "weightcalc", "weights", name, *options], check=True)
    with saved.open("rb") as file:
        weights = pickle.load(file)

print("class_weights.pickle:", weights)


def cross_entropy(target, output, weights):
    """Weighted loss of each entry; without the clip, 0 * log(0) would be NaN."""
    return -(target * weights * np.log(np.clip(output, 1e-7, 1 - 1e-7)))


matrix = cross_entropy(target, output, weights).sum(axis=-1)
print("loss of each pixel:", np.round(matrix, 5).tolist())
print("sum:", round(matrix.sum(), 5))
print("sum without weights:", round(cross_entropy(target, output, [1, 1]).sum(), 5))

first = cross_entropy(np.moveaxis(target, -1, 0), np.moveaxis(output, -1, 0), weights)
print("sum with channels first, wrong:", round(first.sum(), 5))
