"""
How do class weights become a weight for each pixel, a mask of shape (N, H, W, 1)?
The trap: a mask looked up with the predicted classes makes a rare pixel cheaper the moment it is
predicted wrongly, so look it up with the true ones.
"""

import numpy as np

import weightcalc

counts = weightcalc.ClassCounts()
counts.add_mask(np.array([[0, 0, 0], [0, 1, 1]]))  # class 1 is half as frequent
weights = weightcalc.compute_class_weights(counts, "inverse-frequency", normalize="min")
print("weights:", weights.tolist())

labels = np.array([[[1, 0], [1, 0]]])
output = np.array([[[[0.5, 0.5], [0.9, 0.1]], [[0.9, 0.1], [0.4, 0.6]]]])
target = labels[..., np.newaxis] == np.arange(2)  # one-hot
loss = -np.log(np.clip(output, 1e-7, 1)) * target  # (N, H, W, C)

mask = weights[labels][..., np.newaxis]
print("mask:", mask.shape, mask[..., 0].tolist())
print("loss without mask:", round(loss.sum(), 5))
print("mask times loss:", round((mask * loss).sum(), 5))
print("weights in the loss itself:", round((weights * loss).sum(), 5))

wrong = weights[output.argmax(axis=-1)][..., np.newaxis]
print("mask of the prediction:", wrong[..., 0].tolist())
print("mask of the prediction times loss:", round((wrong * loss).sum(), 5))

for probability in (0.51, 0.49):  # of class 1 at one pixel of class 1: just right, just wrong
    predicted = int(probability > 0.5)
    cost = -np.log(probability)
    print(
        f"p = {probability}, predicted class {predicted}:",
        f"{weights[1] * cost:.5f} by truth, {weights[predicted] * cost:.5f} by prediction",
    )
