"""
How fast a large .npy mask is counted, beside NumPy.

    python tests/bench_npy.py [--rounds 5] [--side 30000]

Makes one mask of 8 bits, counts it in turn with weightcalc and with np.bincount, and
prints medians: seconds, Mpx/s, and the ratio to np.bincount. All read the file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from bench_png import blobs

from weightcalc import LabelMap, count_masks


def make(path: Path, side: int) -> None:
    """A mask of blobs, written piece by piece."""
    tile = blobs(1000, 1000, 0)
    rows = np.tile(tile, (1, -(-side // 1000)))[:, :side]
    mask = np.lib.format.open_memmap(path, "w+", np.uint8, (side, side))
    for top in range(0, side, 1000):
        mask[top : top + 1000] = rows[: side - top]
    mask.flush()


def by_bincount(path: Path) -> list[int]:
    """What users write."""
    return np.bincount(np.load(path).ravel(), minlength=19).tolist()


def by_mapped_bincount(path: Path) -> list[int]:
    """The same, of a mapped file, row by row in pieces of 1 Mpx."""
    flat = np.load(path, mmap_mode="r").reshape(-1)
    pieces = (flat[start : start + (1 << 20)] for start in range(0, len(flat), 1 << 20))
    return sum(np.bincount(piece, minlength=19) for piece in pieces).tolist()


def by_weightcalc(path: Path) -> list[int]:
    """Ours, in one process."""
    return count_masks([str(path)], LabelMap(19)).pixels


def main() -> None:
    """Make the mask, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=30_000)
    arguments = parser.parse_args()
    contenders = {
        "np.bincount": by_bincount,
        "np.bincount, mapped": by_mapped_bincount,
        "weightcalc": by_weightcalc,
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mask.npy")
        make(path, arguments.side)
        expected = by_weightcalc(path)
        for _ in range(arguments.rounds):
            for name, contender in contenders.items():
                start = time.perf_counter()
                found = contender(path)
                seconds[name].append(time.perf_counter() - start)
                assert found == expected
    for name, times in seconds.items():
        ratio = median(a / b for a, b in zip(seconds["np.bincount"], times, strict=True))
        speed = arguments.side**2 / median(times) / 1e6
        print(f"  {name:22} {median(times):8.3f} s {speed:9.0f} Mpx/s {ratio:7.2f} x np.bincount")


if __name__ == "__main__":
    main()
