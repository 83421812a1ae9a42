"""
Does `class_weight={0: w0, ...}` of Keras 3's `model.fit` weigh the pixels of masks?
The trap: it weighs one label a sample, refuses masks in arrays, and takes them from a
`tf.data.Dataset` only; a map of sample weights, `weights[labels]`, works with all of them.
"""

import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf

labels = np.repeat([0, 1], [90, 10]).reshape(1, 10, 10)  # (N, H, W)
images = np.random.default_rng(0).random((1, 10, 10, 3), np.float32)

with TemporaryDirectory() as name:
    np.save(Path(name, "masks.npy"), labels)
    saved = Path(name, "weights.pickle")
    options = ["-m", "inverse-frequency", "--normalize", "min", "--encoding", "index"]
    options += ["--digits", "6", "--layout", "dict", "-o", str(saved)]
    subprocess.run([sys.executable, "-m", "weightcalc", "weights", name, *options], check=True)
    with saved.open("rb") as file:
        class_weight = pickle.load(file)
print("class_weight:", class_weight)


def fit(*data, **options):
    """Losses of a new model that begins with p = 0.5 for each of two classes."""
    layer = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    return model.fit(*data, epochs=10, shuffle=False, verbose=0, **options).history["loss"]


pixels = images.reshape(100, 3), labels.reshape(100)  # each is a sample
print(f"pixels: {fit(*pixels, batch_size=100)[0]:.5f}")
weighted = fit(*pixels, batch_size=100, class_weight=class_weight)
print(f"pixels, class_weight: {weighted[0]:.5f}")

try:
    fit(images, labels, class_weight=class_weight)
except TypeError as error:
    print("masks, class_weight:", type(error).__name__)

batches = tf.data.Dataset.from_tensors((images, labels[..., np.newaxis]))  # (N, H, W, 1)
print(f"masks of a Dataset, class_weight: {fit(batches, class_weight=class_weight)[0]:.5f}")

weights = np.array(list(class_weight.values()))
losses = fit(images, labels, sample_weight=weights[labels])  # (N, H, W), by the true classes
print(f"masks, sample_weight: {losses[0]:.5f}")
print("10 epochs lower it:", losses[-1] < losses[0])
