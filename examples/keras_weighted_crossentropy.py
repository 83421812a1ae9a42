"""
How is categorical cross entropy weighed with a tensor of shape (1, 1, 1, C), image by image?
The trap: the weight is that of the true class; a widespread recipe multiplies the predictions
instead, which makes mistakes on a heavy class cheaper than without any weights.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from keras import ops

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), np.array([[0, 0, 0], [0, 1, 1]]))  # 4 and 2 pixels
    options = ["-m", "inverse-frequency", "--normalize", "min"]
    command = [sys.executable, "-m", "weightcalc", "weights", name, *options]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
weights = ops.reshape(ops.array(json.loads(printed), "float32"), (1, 1, 1, -1))
print("weights:", weights.shape, ops.convert_to_numpy(weights).ravel().tolist())


def weighted(y_true, y_pred):
    """Loss of each image, a sum over its pixels: the weight picked by the truth."""
    of_pixels = ops.sum(weights * y_true, axis=-1)
    return ops.sum(of_pixels * ops.categorical_crossentropy(y_true, y_pred), axis=(1, 2))


def unweighted(y_true, y_pred):
    """The same without weights."""
    return ops.sum(ops.categorical_crossentropy(y_true, y_pred), axis=(1, 2))


def wrong(y_true, y_pred):
    """The weights on the predictions, which Keras then divides by their new sum."""
    return ops.sum(ops.categorical_crossentropy(y_true, weights * y_pred), axis=(1, 2))


# Two images of 2 x 2 pixels and two classes: (N, H, W, C). Nothing is known of the second.
y_true = np.array([[[[0, 1], [1, 0]], [[0, 1], [1, 0]]], [[[1, 0]] * 2] * 2], np.float32)
y_pred = np.array([[[[0.5, 0.5], [0.9, 0.1]], [[0.9, 0.1], [0.4, 0.6]]], [[[0.5, 0.5]] * 2] * 2])
y_pred = y_pred.astype(np.float32)

for loss in (unweighted, weighted, wrong):
    of_images = ops.convert_to_numpy(loss(y_true, y_pred))
    print(f"{loss.__name__}: {[round(float(value), 5) for value in of_images]}")

layer = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
model = keras.Sequential([layer])
model.compile(keras.optimizers.SGD(0.1), loss=weighted)
history = model.fit(y_pred, y_true, epochs=10, verbose=0).history["loss"]
print(f"first epoch, p = 0.5: {history[0]:.5f}")
print("10 epochs lower it:", history[-1] < history[0])
