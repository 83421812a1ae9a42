"""
Which masks hold which class, in the three files that the rare-class sampling of DAFormer reads?
The trap: ids must be train ids with void left out, or void is drawn as a class, and a mask is
looked up by its file name without folders, so that two masks of one name are one to the trainer.
"""

import json
import math
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

MIN_PIXELS, CLASS_TEMP = 3000, 0.01  # as DAFormer, HRDA and MIC set them
# Pixels of each train id in three masks; 255 is void.
PIXELS = {0: (195_000, 190_000, 100_000), 1: (0, 8000, 2000), 2: (5000, 0, 0)}
PIXELS[255] = (0, 1500, 3500)


def write_files(lines, folder):
    """Write the files line by line, and give the masks and pixels of each class."""
    # Masks by class are known only at the end: some 100 bytes are kept for each pair of them.
    samples, names = {}, set()
    with (
        open(folder / "sample_class_stats.json", "w") as stats,
        open(folder / "sample_class_stats_dict.json", "w") as by_name,
    ):
        stats.write("[")
        by_name.write("{")
        for line in lines:
            mask = json.loads(line)
            path, pixels = mask["mask"], mask["pixels"]
            name = path.split("/")[-1]
            if name in names:
                sys.exit(f"two masks are named {name}")
            comma = ",\n" if names else ""
            stats.write(comma + json.dumps({"file": path, **pixels}))
            by_name.write(f"{comma}{json.dumps(path)}: {json.dumps(pixels)}")
            names.add(name)
            for index, number in pixels.items():
                samples.setdefault(index, []).append((path, number))
        stats.write("]\n")
        by_name.write("}\n")
    with open(folder / "samples_with_class.json", "w") as file:
        json.dump(samples, file)
    return samples


def convert(lines, folder="."):
    """Write the three files, and print how often the trainer will draw each class."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with open(lines) as file:
        samples = write_files(file, Path(folder))
    totals = {index: sum(number for _, number in found) for index, found in samples.items()}
    scores = {index: (1 - n / sum(totals.values())) / CLASS_TEMP for index, n in totals.items()}
    powers = {index: math.exp(score - max(scores.values())) for index, score in scores.items()}
    for index in sorted(totals, key=totals.get):
        enough = sum(number > MIN_PIXELS for _, number in samples[index])
        share = powers[index] / sum(powers.values())
        print(f"class {index}: drawn {share:.4f}, from {enough} of {len(samples[index])} masks")
        if not enough:
            print(f"class {index}: lower min_pixels, or the trainer stops at an assertion")


if sys.argv[1:]:
    convert(*sys.argv[1:])  # lines of `weightcalc count --per-mask`, and a folder
    sys.exit()
with TemporaryDirectory() as name:
    masks, lines = Path(name, "gtFine"), Path(name, "lines.jsonl")
    masks.mkdir()
    for number, pixels in enumerate(zip(*PIXELS.values(), strict=True)):
        mask = np.repeat(np.array(list(PIXELS), np.uint8), pixels).reshape(-1, 500)
        Image.fromarray(mask).save(masks / f"{number}_labelTrainIds.png")
    for void, options in (("ignored", ["--ignore-index", "255"]), ("a class, wrong", ["-n256"])):
        print(f"void is {void}:")
        command = [sys.executable, "-m", "weightcalc", "count", masks, "--per-mask", lines]
        subprocess.run([*command, *options, "-o", f"{name}/counts.json"], check=True)
        convert(lines, name)
