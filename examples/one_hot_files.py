"""
Do one-hot masks in .npy files give, on the command line, the weights that index masks give?
The trap: a file of shape (H, W, C) may as well be H masks of W x C pixels; `--encoding one-hot`
says that its last axis holds channels, `--channel-axis` that another one does.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# Two masks of 2 x 4 pixels: 10 of class 0, 4 of class 1, 2 of class 2.
labels = np.array([[[0, 0, 0, 0], [0, 0, 1, 1]], [[0, 0, 0, 0], [1, 1, 2, 2]]])
one_hot = np.eye(3, dtype=np.uint8)[labels]


def run(*options):
    """What `weightcalc weights` does."""
    method = ["-m", "inverse-frequency"]
    command = [sys.executable, "-m", "weightcalc", "weights", *method, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def inverse_frequency(array, *options):
    """Weights of the masks of one file."""
    np.save(path, array)
    return json.loads(run(str(path), *options).stdout)


with TemporaryDirectory() as folder:
    path = Path(folder, "masks.npy")
    total, sums = one_hot[..., 0].size, one_hot.sum(axis=(0, 1, 2))
    print("N*H*W / sums:", (total / sums).tolist())
    print("index:", inverse_frequency(labels, "--encoding", "index"))
    print("one-hot (N, H, W, C):", inverse_frequency(one_hot, "--encoding", "one-hot"))
    first = ("--encoding", "one-hot", "--channel-axis", "1")
    print("one-hot (N, C, H, W):", inverse_frequency(one_hot.transpose(0, 3, 1, 2), *first))

    for number, mask in enumerate(one_hot):
        np.save(Path(folder, f"{number}.npy"), mask)
    files = [str(Path(folder, f"{number}.npy")) for number in range(len(one_hot))]
    print("one-hot (H, W, C):", json.loads(run(*files, "--encoding", "one-hot").stdout))
    print("without --encoding:", "may be masks or channels" in run(*files).stderr)
    print("as index masks, wrong:", json.loads(run(*files, "--encoding", "index").stdout))

    one_hot[0, 0] = 0  # four pixels of class 0 lose their label
    print("4 pixels without a label:", inverse_frequency(one_hot, "--encoding", "one-hot"))
