"""
Why is the loss of a Keras model small although it never finds the rare class?
The trap: Keras averages over pixels, images and, for binary cross entropy, classes too, so that a
class of a hundredth of the pixels is a hundredth of the loss; weights bring it back.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

labels = np.repeat([0, 1, 2], [150, 48, 2]).reshape(1, 10, 20)  # (N, H, W)

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), labels[0])
    command = [sys.executable, "-m", "weightcalc", "weights", name, "-m", "balanced"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
weights = np.array(json.loads(printed))
print("weights:", np.round(weights, 5).tolist())

# Classes 0 and 1 are found with p = 0.98, and so are the pixels of class 2, as class 0.
found = np.where(labels == 2, 0, labels)
output = np.where(np.eye(3)[found] == 1, 0.98, 0.01).astype(np.float32)
target = np.eye(3, dtype=np.float32)[labels]

print("accuracy:", (found == labels).mean().item())
pixels = keras.losses.CategoricalCrossentropy(reduction=None)(target, output)
pixels = keras.ops.convert_to_numpy(pixels)
for index in range(3):
    print(f"loss of the pixels of class {index}: {pixels[labels == index].mean():.5f}")


def both(loss, **options):
    """The same error, without weights and with them."""
    return f"{loss(target, output):.5f}, weighted {loss(target, output, **options):.5f}"


of_truth = weights[labels]  # (N, H, W)
print("mean of pixels:", both(keras.losses.CategoricalCrossentropy(), sample_weight=of_truth))
print("and of classes:", both(keras.losses.BinaryCrossentropy(), sample_weight=of_truth))
