"""
How are the masks counted that only a Keras `Sequence` or a `yield` generator can give?
The trap: a plain `for` over either may never end, so ask `len()` of the one and take
`batches_per_epoch` of the other, rounded up, or the last images are lost.
"""

from itertools import islice
from math import ceil

import numpy as np

import weightcalc

LABELS = np.array([[[0, 0], [0, 0]], [[0, 0], [1, 1]], [[0, 0], [0, 0]], [[1, 1], [2, 2]]])
BATCH_SIZE = 3


class Batches:
    """What a Keras Sequence looks like: `generator[i]` is the pair of images and masks."""

    def __init__(self, masks):
        self.masks = masks

    def __len__(self):
        return ceil(len(self.masks) / BATCH_SIZE)

    def __getitem__(self, i):
        y = self.masks[i * BATCH_SIZE : (i + 1) * BATCH_SIZE]
        x = np.zeros((*y.shape[:3], 3))
        return x, y


def endless(masks):
    """The same pairs as a generator, epoch after epoch."""
    sequence = Batches(masks)
    while True:
        for i in range(len(sequence)):
            yield sequence[i]


def weights_of(pairs):
    """Weights of all masks of an iterable of (x, y)."""
    counts = weightcalc.ClassCounts()
    for _, y in pairs:
        counts.add_batch(y)
    weights = weightcalc.compute_class_weights(counts, "inverse-frequency")
    return f"{counts.num_masks} masks, {weights.tolist()}"


for kind, masks in (("index", LABELS), ("one-hot", np.eye(3)[LABELS])):
    generator = Batches(masks)
    batches_per_epoch = ceil(len(masks) / BATCH_SIZE)
    print(f"Sequence, {kind}:", weights_of(generator[i] for i in range(len(generator))))
    print(f"generator, {kind}:", weights_of(islice(endless(masks), batches_per_epoch)))

rounded_down = len(LABELS) // BATCH_SIZE
print("rounded down, wrong:", weights_of(islice(endless(LABELS), rounded_down)))
