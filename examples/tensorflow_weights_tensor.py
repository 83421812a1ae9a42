"""
How do class weights become the weights tensor of TensorFlow's `sparse_softmax_cross_entropy`?
The trap: by default it divides by the number of weights that are not zero, so that the loss grows
with the weights; only `Reduction.MEAN` divides by their sum, as PyTorch does.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tensorflow as tf

with TemporaryDirectory() as name:
    np.save(Path(name, "mask.npy"), np.repeat([0, 1], [90, 10]).reshape(10, 10))
    options = ["-m", "inverse-frequency", "--normalize", "min"]
    command = [sys.executable, "-m", "weightcalc", "weights", name, *options]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
class_weights = tf.constant(json.loads(printed), tf.float32)
print("class weights:", class_weights.numpy().tolist())

class_0 = [[0.5546, 0.1304, 0.9288], [0.6879, 0.3553, 0.9984], [0.1474, 0.6745, 0.8948]]
class_1 = [[0.8524, 0.2278, 0.6476], [0.6203, 0.6977, 0.3352], [0.4946, 0.4613, 0.6882]]
logits = tf.Variable(tf.stack([[class_0], [class_1]], axis=-1))  # (N, H, W, C)
labels = tf.constant([[[0, 0, 0], [0, 0, 0], [0, 0, 1]]])  # (N, H, W)

weights = tf.gather(class_weights, labels)
print("weights of the pixels:", weights.numpy().astype(int).tolist())

losses = tf.compat.v1.losses
cross_entropy = losses.sparse_softmax_cross_entropy
by_number = cross_entropy(labels, logits, weights)
by_sum = cross_entropy(labels, logits, weights, reduction=losses.Reduction.MEAN)
print(f"without weights: {cross_entropy(labels, logits):.5f}")
print(f"sum / number of weights: {by_number:.5f}")
print(f"sum / sum of weights: {by_sum:.5f}")
print(f"ten times the weights: {cross_entropy(labels, logits, 10 * weights):.5f}")

for _ in range(20):
    with tf.GradientTape() as tape:
        pixels = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_sum(weights * pixels) / tf.reduce_sum(weights)
    logits.assign_sub(tape.gradient(loss, logits))
print("20 steps lower it:", bool(loss < by_sum))
