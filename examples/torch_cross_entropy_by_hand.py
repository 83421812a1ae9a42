"""
What does `torch.nn.functional.cross_entropy(input, target, weight)` make of class weights?
The trap: its mean divides by the sum of the weights of the targets, not by the pixels, so that
ten times the weights are the same loss while sums and other frameworks see ten times the loss.
"""

import numpy as np

import weightcalc

counts = weightcalc.ClassCounts()
counts.add_mask(np.repeat([0, 1], [90, 10]).reshape(10, 10))
weights = weightcalc.compute_class_weights(counts, "inverse-frequency", normalize="min")
print("weights:", np.round(weights, 4).tolist())

scores = np.array(
    [
        [[0.5546, 0.1304, 0.9288], [0.6879, 0.3553, 0.9984], [0.1474, 0.6745, 0.8948]],
        [[0.8524, 0.2278, 0.6476], [0.6203, 0.6977, 0.3352], [0.4946, 0.4613, 0.6882]],
    ]
)  # (C, H, W)
target = np.zeros((3, 3), dtype=int)
target[2, 2] = 1

log_softmax = scores - np.log(np.exp(scores).sum(axis=0))
loss = -np.take_along_axis(log_softmax, target[np.newaxis], axis=0)[0]  # (H, W)


def mean(weights):
    """Mean as torch computes it."""
    of_target = weights[target]
    return (of_target * loss).sum() / of_target.sum()


print("without weights:", round(mean(np.ones(2)), 4))
print("sum of the weights of the targets:", round(weights[target].sum(), 4))
print("with weights:", round(mean(weights), 4))
print("with ten times the weights:", round(mean(10 * weights), 4))
print("divided by the pixels instead:", round((weights[target] * loss).sum() / loss.size, 4))
