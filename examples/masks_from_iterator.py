"""
How are masks counted that only Python can reach, such as the rows of a Hugging Face data set, and
how does the command line go on from there?
The trap: an image of mode P holds class ids already, and `convert("L")` makes greys of them.
"""

import subprocess
import sys

import numpy as np
from PIL import Image

import weightcalc

ROWS = [[[0, 0], [0, 1]], [[0, 0, 2], [0, 1, 255]]]
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0]


def stream():
    """What `datasets.load_dataset(..., streaming=True)` looks like: a dict for each row."""
    for rows in ROWS:
        label = Image.fromarray(np.array(rows, np.uint8))
        label.putpalette(PALETTE)
        yield {"image": Image.new("RGB", label.size), "label": label}


def new_counts():
    """Counts of three classes; 255 is ignored."""
    return weightcalc.ClassCounts(weightcalc.LabelMap(num_classes=3, ignore=[255]))


counts = new_counts()
for row in stream():
    counts.add_mask(row["label"])
print(f"{counts.num_masks} masks, {counts.pixels}, {counts.ignored_pixels} ignored")

weightcalc.write_counts(counts, "counts.json")
command = ["-m", "weightcalc", "weights", "counts.json", "-m", "balanced"]
done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
print(done.stdout, end="")

try:
    for row in stream():
        new_counts().add_mask(row["label"].convert("L"))
except weightcalc.LabelError as error:
    print("converted to grey, wrong:", error)
