"""
What a cache costs, and what it saves.

    python tests/bench_cache.py [--masks 100000] [--rounds 5]

Makes masks of 480 x 360 with ten classes (links to a few), counts them twice with one
cache, and prints medians: microseconds a mask of a run in which nothing has changed, as
a whole process less one of a single mask, and by its parts; bytes a mask of the file,
less those of the names.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench_png import blobs
from PIL import Image

from weightcalc import LabelMap, ReadOptions
from weightcalc.cache.cache import open_cache
from weightcalc.counts.tally import Counted, Tally
from weightcalc.masks.formats import READERS
from weightcalc.sources.listing import list_files

LONG_AGO = (1_000_000_000, 1_000_000_000)
A_FOLDER = 1000  # masks of it


def make(folder: Path, num_masks: int) -> None:
    """Links to ten masks, in folders of a thousand."""
    originals = []
    for number in range(10):
        originals.append(folder / f"{number}.png")
        Image.fromarray(blobs(480, 360, number) % 10).save(originals[-1])
        os.utime(originals[-1], LONG_AGO)
    for number in range(num_masks):
        place = folder / "masks" / f"{number // A_FOLDER:04}"
        if number % A_FOLDER == 0:
            place.mkdir(parents=True)
        os.link(originals[number % 10], place / f"frame_{number:08}.png")


def command(source: Path, cache: Path) -> float:
    """Seconds of a whole run, in a process of its own."""
    words = [sys.executable, "-m", "weightcalc", "count", source, "--cache", cache, "-q"]
    start = time.perf_counter()
    subprocess.run([*map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def nothing(names: object) -> Iterator[Counted]:
    """Stands for the counting that an unchanged folder does not need."""
    raise AssertionError(names)


def parts(source: Path, cache: Path) -> dict[str, float]:
    """Seconds of each step of a run in which nothing has changed."""
    times = [time.perf_counter()]
    names = list_files([str(source)], READERS).names
    times.append(time.perf_counter())
    with open_cache(str(cache), ReadOptions()) as opened:
        deque(opened.count_each(names, nothing), 0)
        times.append(time.perf_counter())
        opened.drop_gone([str(source)])
        times.append(time.perf_counter())
        tally = Tally(LabelMap())
        for counted in opened.count_each(names, nothing):
            tally.add(counted)
        times.append(time.perf_counter())
    steps = ["listing", "cache", "looking for vanished masks", "cache again, and adding up"]
    return {step: times[i + 1] - times[i] for i, step in enumerate(steps)}


def main() -> None:
    """Make masks, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    size = arguments.masks
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, size)
        source, cache = folder / "masks", folder / "cache.db"
        first = command(source, cache)
        print(f"  first run, which counts   {first / size * 1e6:8.1f} us a mask")
        one = [command(folder / "0.png", folder / "one.db") for _ in range(arguments.rounds)]
        again = [command(source, cache) for _ in range(arguments.rounds)]
        print(f"  start-up, a single mask   {median(one) * 1e3:8.1f} ms")
        rest = (median(again) - median(one)) / size * 1e6
        print(f"  nothing has changed       {rest:8.1f} us a mask besides")
        rounds = [parts(source, cache) for _ in range(arguments.rounds)]
        for name in rounds[0]:
            share = median(taken[name] for taken in rounds) / size * 1e6
            print(f"    {name:36}{share:6.1f} us a mask")
        name_bytes = len(os.fsencode(source / "0000" / "frame_00000000.png"))
        print(f"  the file                  {cache.stat().st_size / size:8.1f} bytes a mask,")
        print(f"    of which its name takes {name_bytes:8.1f}")


if __name__ == "__main__":
    main()
