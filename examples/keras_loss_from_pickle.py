"""
How does a Keras loss function load `class_weights.pickle` and weigh the cross entropy of pixels?
The trap: Keras averages whatever the function returns, so that a sum over the pixels and a loss for
each pixel differ by the size of the image, and so does the learning rate that suits them.
"""

import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), np.array([[0, 0, 0], [0, 1, 1]]))  # 4 and 2 pixels
    saved = Path(name, "class_weights.pickle")
    options = ["-m", "inverse-frequency", "--normalize", "min", "-f", "pickle", "-o", str(saved)]
    subprocess.run([sys.executable, "-m", "weightcalc", "weights", name, *options], check=True)
    with saved.open("rb") as file:
        class_weights = pickle.load(file)
print("class_weights.pickle:", class_weights)


def pixels(target, output):
    """Loss of each pixel; without the clip, 0 * log(0) would be NaN."""
    log = tf.math.log(tf.clip_by_value(output, 1e-7, 1 - 1e-7))
    return -tf.reduce_sum(target * class_weights * log, axis=-1)


def image(target, output):
    """The sum over the pixels of each image."""
    return tf.reduce_sum(pixels(target, output), axis=(1, 2))


# One image of 2 x 2 pixels and two classes: (N, H, W, C).
target = np.array([[[[0, 1], [1, 0]], [[0, 1], [1, 0]]]], np.float32)
output = np.array([[[[0.5, 0.5], [0.9, 0.1]], [[0.9, 0.1], [0.4, 0.6]]]], np.float32)
print(
    "loss of each pixel:", [[round(float(v), 5) for v in row] for row in pixels(target, output)[0]]
)
print(f"sum: {image(target, output)[0]:.5f}")

for loss in (pixels, image):
    unit = keras.layers.Activation("linear")  # the output is the input: known probabilities
    model = keras.Sequential([keras.Input((2, 2, 2)), unit])
    model.compile(loss=loss)
    print(f"Keras, {loss.__name__}: {model.evaluate(output, target, verbose=0):.5f}")

model = keras.Sequential([keras.Input((2, 2, 2)), keras.layers.Conv2D(2, 1, activation="softmax")])
model.compile(keras.optimizers.SGD(0.1), loss=pixels)
history = model.fit(output, target, epochs=10, verbose=0).history["loss"]
print("10 epochs lower it:", history[-1] < history[0])
