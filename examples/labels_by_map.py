"""
How are labels weighed on the command line that a dictionary of names turns into class ids?
The trap: a label that is not in it counts as no class only if it is ignored; mapped to the last
class, as an id of -1 is by an index, it makes that class look more common than it is.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# The masks hold 10, 20 and 30 for the three names, and 40 for a name that is not in the dictionary.
VALUES = {"male": 10, "female": 20, "unisex": 30, "kids": 40}
CLASSES = {"unisex": 2, "female": 1, "male": 0}
LABELS = [
    ["male", "male", "male", "female"],
    ["male", "unisex", "kids", "female"],
    ["male", "male", "kids", "female"],
]

mask = np.array([[VALUES[name] for name in row] for row in LABELS], np.uint8)
ids = np.array([[CLASSES.get(name, -1) for name in row] for row in LABELS])
one_hot = ids[..., np.newaxis] == np.arange(len(CLASSES))  # -1 equals no class: all zero
to_class = [option for name in CLASSES for option in ("--map", f"{VALUES[name]}:{name}")]


def run(*options):
    """What `weightcalc weights` does."""
    method = ["-m", "inverse-frequency", "--layout", "named", "--digits", "5"]
    command = [sys.executable, "-m", "weightcalc", "weights", *method, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)


with TemporaryDirectory() as folder:
    path, channels = Path(folder, "mask.npy"), Path(folder, "one_hot.npy")
    names = Path(folder, "names.txt")
    np.save(path, mask)
    np.save(channels, one_hot)
    names.write_text("\n".join(sorted(CLASSES, key=CLASSES.get)))
    of_mask = [str(path), "-c", str(names), *to_class]

    print("unknown label:", run(*of_mask).stderr.splitlines()[0].replace(str(path), path.name))
    print("ignored:", json.loads(run(*of_mask, "--ignore-index", "40").stdout))
    print("mapped to the last class, wrong:", json.loads(run(*of_mask, "--map", "40:2").stdout))

    # The channels of the one-hot file in another order, by name.
    by_name = [str(channels), "-c", str(names), "--encoding", "one-hot"]
    print("all-zero rows:", json.loads(run(*by_name).stdout))
    swapped = ("--map", "male:unisex", "--map", "unisex:male")
    print("names swapped:", json.loads(run(*by_name, *swapped).stdout))
