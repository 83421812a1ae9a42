"""
Do one-hot masks (N, H, W, C) in memory give the weights that index masks give?
The trap: total pixels over the sums of the channels is inverse frequency only where every pixel
has a class, since a pixel without one is in no sum but still in the total.
"""

import numpy as np

import weightcalc

# Two masks of 2 x 4 pixels: 10 of class 0, 4 of class 1, 2 of class 2.
labels = np.array([[[0, 0, 0, 0], [0, 0, 1, 1]], [[0, 0, 0, 0], [1, 1, 2, 2]]])
one_hot = np.eye(3)[labels]


def inverse_frequency(batch):
    """Weights of a batch of masks, and the counts they come from."""
    counts = weightcalc.ClassCounts()
    counts.add_batch(batch, one_hot=batch.ndim == 4 and batch.shape[3] > 1)
    return weightcalc.compute_class_weights(counts, "inverse-frequency").tolist(), counts


def by_hand(batch):
    """Total pixels over the sums of the channels."""
    return (batch[..., 0].size / batch.sum(axis=(0, 1, 2))).tolist()


print("index masks", labels.shape, inverse_frequency(labels)[0])
print("with a channel axis", labels[..., np.newaxis].shape, inverse_frequency(labels[..., None])[0])
print("one-hot masks", one_hot.shape, inverse_frequency(one_hot)[0])
print("total / sums", by_hand(one_hot))

one_hot[0, 0] = 0  # four pixels of class 0 lose their label
weights, counts = inverse_frequency(one_hot)
print(f"{counts.ignored_pixels} pixels without a label:", weights)
print("total / sums then, wrong:", np.round(by_hand(one_hot), 4).tolist())
