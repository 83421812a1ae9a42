"""
Why must class weights come from the whole data set, and not from each batch?
The trap: weights of batches jump with the luck of the draw and their mean is no remedy; what may
be added up are counts.
"""

import numpy as np

import weightcalc

RARE = [0, 2, 10, 0, 0, 0, 4, 4]  # pixels of class 1 in each of eight masks of 10 x 10
MASKS = [(np.arange(100) < rare).astype(np.uint8).reshape(10, 10) for rare in RARE]
EPOCHS = {"first": [0, 1, 2, 3, 4, 5, 6, 7], "shuffled": [0, 6, 1, 7, 2, 4, 3, 5]}


def count(masks):
    """Counts of some masks."""
    counts = weightcalc.ClassCounts(weightcalc.LabelMap(2))
    for mask in masks:
        counts.add_mask(mask)
    return counts


def weight(counts):
    """Weight of the rare class."""
    return weightcalc.compute_class_weights(counts, "inverse-frequency")[1]


for epoch, order in EPOCHS.items():
    batches = [count([MASKS[i], MASKS[j]]) for i, j in zip(order[::2], order[1::2], strict=True)]
    weights = np.array([weight(counts) for counts in batches])
    print(f"{epoch} epoch, batch by batch:", np.round(weights, 4).tolist())
    print(f"{epoch} epoch, mean of batches:", round(weights.mean(), 4))
    print(f"{epoch} epoch, counts added up:", weight(sum(batches, count([]))))

print("whole data set:", weight(count(MASKS)))
