"""
How are labels weighed that come as names, through a dictionary of names and class ids?
The trap: a name that is not in it must be an all-zero one-hot row, which counts as ignored; an id
of -1 for it would pick the last class, and a total of all pixels would count it too.
"""

import numpy as np

import weightcalc

CLASSES = {"unisex": 2, "female": 1, "male": 0}
LABELS = [
    ["male", "male", "male", "female"],
    ["male", "unisex", "kids", "female"],
    ["male", "male", "kids", "female"],
]

ids = np.array([[CLASSES.get(name, -1) for name in row] for row in LABELS])
one_hot = ids[..., np.newaxis] == np.arange(len(CLASSES))  # -1 equals no class: all zero

labels = weightcalc.LabelMap(class_names=sorted(CLASSES, key=CLASSES.get))
counts = weightcalc.ClassCounts(labels)
counts.add_batch(one_hot[np.newaxis], one_hot=True)
weights = weightcalc.compute_class_weights(counts, "inverse-frequency")

print("pixels:", dict(zip(counts.class_names, counts.pixels, strict=True)))
print("labelled:", counts.labelled_pixels, "ignored:", counts.ignored_pixels)
print("weights:", dict(zip(counts.class_names, np.round(weights, 4).tolist(), strict=True)))

print("total over sums, wrong:", (ids.size / one_hot.sum(axis=(0, 1))).tolist())
last_class = np.eye(len(CLASSES))[ids]
print("-1 as an index, wrong:", (ids.size / last_class.sum(axis=(0, 1))).tolist())
