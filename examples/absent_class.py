"""
What is the median-frequency weight of a class that no mask holds?
The trap: its frequency is 0 / 0, and one NaN in the median makes every weight NaN; it has to stay
out of the median, and what it weighs is a choice.
"""

import numpy as np

import weightcalc

# Class 2 is missing in all masks, classes 1 and 3 in one of two.
MASKS = [
    np.array([[0, 0, 0, 0, 0], [0, 1, 1, 1, 1]]),
    np.array([[0, 0, 0, 0, 0], [0, 0, 0, 3, 3]]),
]

pixels = np.array([[np.sum(mask == c) for c in range(4)] for mask in MASKS])
with np.errstate(invalid="ignore"):
    frequency = pixels.sum(axis=0) / (10 * (pixels > 0).sum(axis=0))
print("naive:", (np.median(frequency) / frequency).tolist())

counts = weightcalc.ClassCounts(weightcalc.LabelMap(4))
for mask in MASKS:
    counts.add_mask(mask)

for absent in ("zero", "one", "max"):
    weights = weightcalc.compute_class_weights(counts, "median-frequency", absent=absent)
    print(f"absent={absent}:", np.round(weights, 4).tolist())

try:
    weightcalc.compute_class_weights(counts, "median-frequency", absent="error")
except weightcalc.WeightError as error:
    print("absent=error:", error)
