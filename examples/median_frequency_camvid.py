"""
How does a 12-class set with a void class get its median-frequency weights, void at 0.0?
The trap: `--ignore-index 11` is not `--zero 11`, for it takes void out of the median and so
changes every other weight too.
"""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# Pixels of each class in three masks of 10 x 20 pixels. Class ids follow the order.
PIXELS = {
    "sky": (40, 44, 36),
    "building": (50, 40, 60),
    "pole": (2, 4, 0),
    "road": (60, 60, 60),
    "pavement": (12, 0, 8),
    "tree": (16, 24, 20),
    "sign": (0, 2, 0),
    "fence": (0, 9, 0),
    "car": (8, 10, 6),
    "pedestrian": (4, 0, 0),
    "bicyclist": (0, 0, 5),
    "void": (8, 7, 5),
}


def weights(*options):
    """What `weightcalc weights` writes to standard output."""
    command = [sys.executable, "-m", "weightcalc", "weights", "-m", "median-frequency", *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


with TemporaryDirectory() as name:
    folder, names, saved = Path(name, "masks"), Path(name, "names.txt"), Path(name, "w.pickle")
    folder.mkdir()
    for number, pixels in enumerate(zip(*PIXELS.values(), strict=True)):
        mask = np.repeat(np.arange(12, dtype=np.uint8), pixels)
        np.save(folder / f"{number}.npy", mask.reshape(10, 20))
    names.write_text("\n".join(PIXELS))

    as_list = json.loads(weights(str(folder), "-n", "12", "--zero", "11"))
    print("list:", [round(w, 4) for w in as_list])

    weights(str(folder), "-n", "12", "--zero", "11", "--layout", "dict", "-o", str(saved))
    with saved.open("rb") as file:
        print("dict:", {c: round(w, 4) for c, w in pickle.load(file).items()})

    named = weights(str(folder), "-c", str(names), "--zero", "void", "--layout", "named")
    print("named:", {c: round(w, 4) for c, w in json.loads(named).items()})

    ignored = json.loads(weights(str(folder), "-n", "12", "--ignore-index", "11"))
    print("void ignored instead:", [round(w, 4) for w in ignored])
