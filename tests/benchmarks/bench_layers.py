"""
How fast and in how much memory a scene is counted whose organs have a file each.

    python tests/benchmarks/bench_layers.py [--organs 100] [--slices 500] [--side 512]

Makes a volume as TotalSegmentator keeps it, a .nii.gz for each organ, and counts it in one
process each: the files one by one without a union; the scene; the scene with the class of the
rest, which needs the union of all files; and all files as instances of one class. Prints
seconds, the ratio to counting one by one, and the peak of memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np

COUNT = """
import sys, time
from weightcalc import ReadOptions, count_file
from weightcalc.masks.layers import count_scene
from weightcalc.sources.layers import Layers, Pattern
from weightcalc.sources.listing import list_files

pattern, rest = sys.argv[2], sys.argv[3] or None
start = time.perf_counter()
listing = list_files([sys.argv[1]], [".nii.gz"])
if pattern:
    (scene,), _ = Layers(Pattern(pattern), None, rest).scenes(listing.names, listing.folders)
    pixels = count_scene(scene, ReadOptions()).pixels
else:
    pixels = [mask.pixels for name in listing.names for mask in count_file(name)][0]
seconds = time.perf_counter() - start
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
print(pixels, seconds, peak)
"""
WAYS = {
    "one by one, no union": ("", ""),
    "a scene": ("{scene}/segmentations/{class}.nii.gz", ""),
    "a scene and its rest": ("{scene}/segmentations/{class}.nii.gz", "rest"),
    "instances of one class": ("{scene}/segmentations/*.nii.gz", ""),
}


def make(folder: Path, organs: int, shape: tuple[int, int, int]) -> None:
    """A ball of another size and place for each organ."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    nibabel.openers.Opener.default_compresslevel = 1
    for number in range(organs):
        center, radius = random.uniform(0, shape), random.uniform(10, 80)
        volume = np.zeros(shape, np.uint8)
        box = [
            slice(max(0, int(c - radius)), min(size, int(c + radius) + 1))
            for c, size in zip(center, shape, strict=True)
        ]
        distance = sum(
            (axis - c) ** 2 for axis, c in zip(np.ogrid[tuple(box)], center, strict=True)
        )
        volume[tuple(box)] = distance <= radius**2
        image = nibabel.Nifti1Image(volume, np.eye(4))
        nibabel.save(
            image, folder / f"organ_{chr(97 + number // 26)}{chr(97 + number % 26)}.nii.gz"
        )


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organs", type=int, default=100)
    parser.add_argument("--slices", type=int, default=500)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--in", dest="folder", default=None, help="Where files are made, or lie.")
    arguments = parser.parse_args()
    shape = (arguments.side, arguments.side, arguments.slices)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(arguments.folder or temporary)
        if not (root / "case").exists():
            make(root / "case/segmentations", arguments.organs, shape)
        alone = None
        for way, words in WAYS.items():
            done = subprocess.run(
                [sys.executable, "-c", COUNT, str(root), *words],
                check=True, capture_output=True, text=True, env=os.environ,
            )  # fmt: skip
            pixels, seconds, peak = done.stdout.split()
            assert int(pixels) == arguments.side**2 * arguments.slices
            alone = alone or float(seconds)
            ratio = float(seconds) / alone
            print(f"  {way:24} {float(seconds):8.2f} s {ratio:6.2f} {int(peak) / 1000:8.0f} MB")


if __name__ == "__main__":
    main()
