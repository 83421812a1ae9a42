"""
How fast PNG masks are counted, beside the loops that users write.

    python tests/benchmarks/bench_png.py [--rounds 3] [--only blobs-2048]

Makes its own masks, runs all contenders in turn, round after round, and prints
medians: masks/s, Mpx/s, and the ratio to the plain loop (Pillow, then bincount).
Starting up is left out, but for whole processes, which come last.
"read+inflate" is each file read and decompressed, nothing counted: by zlib, and by
zlib-ng where that is installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from weightcalc import LabelMap, ReadOptions, count_masks, local_pool
from weightcalc.counting import several
from weightcalc.kernels import counters as kernels
from weightcalc.kernels import fast_png
from weightcalc.kernels import numpy_twin as numpy_kernels
from weightcalc.masks import file

Contender = Callable[[list[str]], int]
LEAST = 0.1  # seconds that are measured at a time


def few_blobs(height: int, width: int, seed: int) -> np.ndarray:
    """What a small mask holds: a part of such an image."""
    return blobs(height, width, seed, 6)


@cache  # as several sets are made of the same pictures
def blobs(height: int, width: int, seed: int, number: int = 60) -> np.ndarray:
    """A street-like label image: bands, and patches of 19 classes in long runs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    mask = np.where(y < height // 3, 10, np.where(y < height // 2, 2, 0)).astype(np.uint8)
    for _ in range(number):
        cx, cy = random.integers(width), random.integers(height)
        a, b = random.integers(3, width // 12), random.integers(3, height // 8)
        mask[((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1] = random.integers(19)
    return mask


def noise(height: int, width: int, seed: int) -> np.ndarray:
    """The worst case: no two pixels agree."""
    return np.random.default_rng(seed).integers(0, 200, (height, width), np.uint8)


def by_pillow(mask: np.ndarray, path: str) -> None:
    """Pillow's default: grey, adaptive filters."""
    Image.fromarray(mask).save(path)


def as_palette(mask: np.ndarray, path: str) -> None:
    """A palette image of 8 bits, as PASCAL VOC has them: no filters."""
    image = Image.fromarray(mask, "L").convert("P")
    image.putdata(mask.ravel().tolist())
    image.putpalette([i * 37 % 256 for i in range(768)])
    image.save(path, bits=8)


def as_rgb(mask: np.ndarray, path: str) -> None:
    """The same picture in colours."""
    palette = np.array([[i * 37 % 256, i * 91 % 256, i * 53 % 256] for i in range(256)], np.uint8)
    Image.fromarray(palette[mask]).save(path)


def as_16_bit(mask: np.ndarray, path: str) -> None:
    """Grey of 16 bits, such as instance ids."""
    Image.fromarray(mask.astype(np.uint16) * 1000).save(path)


def by_opencv(mask: np.ndarray, path: str) -> None:
    """What OpenCV writes by default: filter Sub throughout, level 1."""
    residual = np.diff(mask, axis=1, prepend=np.uint8(0))
    write_rows(path, mask.shape, 1, residual, 1)


def by_optimiser(mask: np.ndarray, path: str) -> None:
    """What optimisers write: filter None, level 9."""
    write_rows(path, mask.shape, 0, mask, 9)


def write_rows(
    path: str, shape: tuple[int, ...], filter_type: int, rows: np.ndarray, level: int
) -> None:
    """Write filtered rows of a grey 8-bit image as a PNG file."""
    filtered = np.insert(rows, 0, filter_type, axis=1)
    header = shape[1].to_bytes(4, "big") + shape[0].to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    body = zlib.compress(filtered.tobytes(), level)
    chunks = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            crc = zlib.crc32(kind + data).to_bytes(4, "big")
            file.write(len(data).to_bytes(4, "big") + kind + data + crc)


REAL = os.environ.get("WEIGHTCALC_DATA", "")
SETS = {  # picture, who writes it, height, width, how many
    "blobs-2048": (blobs, by_pillow, 1024, 2048, 20),
    "blobs-2048-opencv": (blobs, by_opencv, 1024, 2048, 12),
    "blobs-2048-optimiser": (blobs, by_optimiser, 1024, 2048, 12),
    "blobs-2048-palette": (blobs, as_palette, 1024, 2048, 12),
    "blobs-2048-16-bit": (blobs, as_16_bit, 1024, 2048, 12),
    "blobs-2048-colour": (blobs, as_rgb, 1024, 2048, 12),
    "noise-2048": (noise, by_pillow, 1024, 2048, 4),
    "blobs-480": (blobs, by_pillow, 360, 480, 60),
    "blobs-64": (few_blobs, by_pillow, 64, 64, 500),
}
REAL_SETS = ["camvid", "camvid-2048"] if REAL else []  # as they are, 480 x 360, and made larger
WHOLE = {"blobs-2048": 200, "camvid": 367}  # sets that whole processes count


def plain_loop(files: list[str]) -> int:
    """The loop that users write; colours are made one number first."""
    counts = np.zeros(65536, np.int64)
    total = 0
    for name in files:
        pixels = np.asarray(Image.open(name))
        if pixels.ndim == 3:
            found = np.unique(pixels @ (256 ** np.arange(pixels.shape[2])), return_counts=True)
            total += int(found[1].sum())
        else:
            counts += np.bincount(pixels.ravel(), minlength=65536)
    return total + int(counts.sum())


def pillow_histogram(files: list[str]) -> int:
    """Pillow decodes and counts."""
    return sum(sum(Image.open(name).histogram()) for name in files)


def opencv_loop(files: list[str]) -> int:
    """OpenCV decodes, NumPy counts."""
    import cv2

    total = 0
    for name in files:
        total += int(np.bincount(cv2.imread(name, cv2.IMREAD_UNCHANGED).ravel()).sum())
    return total


def read_and_inflate(library: Any, files: list[str]) -> int:
    """Each file read, and its pixels inflated in pieces."""
    total = 0
    for name in files:
        data = Path(name).read_bytes()
        inflater, position = library.decompressobj(), 8
        while position < len(data):
            length = int.from_bytes(data[position : position + 4], "big")
            if data[position + 4 : position + 8] == b"IDAT":
                rest = data[position + 8 : position + 8 + length]
                while rest:
                    total += len(inflater.decompress(rest, 1 << 16))
                    rest = inflater.unconsumed_tail
            position += 12 + length
    return total


def ours(pool: Executor | None, jobs: int = 1) -> Contender:
    """weightcalc in this process, or on processes that have been started."""

    def run(files: list[str]) -> int:
        is_colour = "colour" in files[0]
        options = ReadOptions(encoding="color" if is_colour else "index")
        size = 65536 if "16-bit" in files[0] else 256
        labels = LabelMap(learn_colors=True) if is_colour else LabelMap(size)
        counts = count_masks(files, labels, executor=pool, num_workers=jobs, options=options)
        return counts.num_pixels

    return run


@contextmanager
def replaced(module: object, **values: object) -> Iterator[None]:
    """Attributes of a module replaced for a while."""
    before = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def on_the_careful_path(files: list[str]) -> int:
    """weightcalc as it counts what the fast path declines."""
    with (
        replaced(file, count_plain=lambda *_: None),
        replaced(several, count_several=lambda *_: (None, None)),
    ):
        return ours(None)(files)


def on_the_twin(files: list[str]) -> int:
    """weightcalc without its compiled kernel."""
    twin = numpy_kernels
    with replaced(kernels, count_rows=twin.count_rows, count_values=twin.count_values):
        return on_the_careful_path(files)


def contenders(pool: Executor) -> dict[str, Contender]:
    """All that take part, by the names they are printed with."""
    found: dict[str, Contender] = {
        "plain loop": plain_loop,
        "Pillow.histogram": pillow_histogram,
        "OpenCV + bincount": opencv_loop,
        "weightcalc -j1": ours(None),
        "weightcalc -j2": ours(pool, 2),
        "  on the careful path": on_the_careful_path,
        "  without the kernel": on_the_twin,
        "read+inflate": partial(read_and_inflate, zlib),
    }
    if find_spec("cv2") is None:
        del found["OpenCV + bincount"]
    if find_spec("zlib_ng") is not None:  # several times as quick, and not our limit
        from zlib_ng import zlib_ng

        found["read+inflate, zlib-ng"] = partial(read_and_inflate, zlib_ng)
    return found


def make(folder: Path, name: str, number: int | None = None) -> tuple[list[str], int]:
    """Files of a set, and their pixels; at most 20 different pictures, then copies."""
    if name.startswith("camvid"):
        found = sorted(map(str, Path(REAL, "segnet-camvid-v0/trainannot").glob("*.png")))
        if name == "camvid":
            return found, len(found) * 360 * 480
        return enlarged(folder, found[::10]), len(found[::10]) * 1024 * 2048
    picture, save, height, width, usual = SETS[name]
    files = []
    for i in range(number or usual):
        path = folder / f"{name}-{i:04}.png"
        if i < 20:
            save(picture(height, width, i), str(path))
        else:
            path.write_bytes((folder / f"{name}-{i % 20:04}.png").read_bytes())
        files.append(str(path))
    return files, len(files) * height * width


def enlarged(folder: Path, files: list[str]) -> list[str]:
    """Real masks made 2048 x 1024 pixels."""
    found = []
    for name in files:
        path = folder / Path(name).name
        Image.open(name).resize((2048, 1024), Image.Resampling.NEAREST).save(path)
        found.append(str(path))
    return found


def measure(files: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round; they take turns."""
    with local_pool(2) as pool:
        taking_part = contenders(pool)
        seconds: dict[str, list[float]] = {name: [] for name in taking_part}
        for number in range(rounds + 1):
            for name, contender in taking_part.items():
                taken = seconds_of(contender, files)
                if number:  # the first round warms up
                    seconds[name].append(taken)
    return seconds


def seconds_of(contender: Contender, files: list[str]) -> float:
    """Seconds that a contender takes: the mean of several runs, if it is soon done."""
    start, number, taken = time.perf_counter(), 0, 0.0
    while taken < LEAST:
        contender(files)
        number += 1
        taken = time.perf_counter() - start
    return taken / number


def whole_process(files: list[str], rounds: int) -> None:
    """Whole processes on a folder: the plain loop, and the command line."""
    folder = str(Path(files[0]).parent)
    out = tempfile.mkdtemp()
    loop = (
        "import sys,glob,numpy as np\nfrom PIL import Image\nc=np.zeros(65536,np.int64)\n"
        "for f in sorted(glob.glob(sys.argv[1]+'/*.png')):\n"
        "    c+=np.bincount(np.asarray(Image.open(f)).ravel(),minlength=65536)"
    )
    ours_ = [sys.executable, "-m", "weightcalc", "count", folder, "-n", "256", "-o"]
    ours_ += [str(Path(out, "counts.json")), "-q"]
    commands = {
        "plain loop": [sys.executable, "-c", loop, folder],
        "weightcalc -j1": [*ours_, "-j1"],
        "weightcalc -j2": [*ours_, "-j2"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    shutil.rmtree(out)
    for name, times in seconds.items():
        ratio = median(a / b for a, b in zip(seconds["plain loop"], times, strict=True))
        print(f"  {name:22} {median(times):8.3f} s {ratio:10.2f} x the plain loop")


def report(name: str, num_files: int, pixels: int, seconds: dict[str, list[float]]) -> None:
    """Print the medians of a set."""
    print(f"\n{name}: {num_files} masks, {pixels / num_files / 1e6:.2f} Mpx each")
    for contender, times in seconds.items():
        middle = median(times)
        ratio = median(a / b for a, b in zip(seconds["plain loop"], times, strict=True))
        print(
            f"  {contender:22} {num_files / middle:9.0f} masks/s {pixels / middle / 1e6:8.0f} Mpx/s"
            f" {ratio:7.2f} x the plain loop"
        )


def main() -> None:
    """Make the sets, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    names = [*SETS, *REAL_SETS]
    parser.add_argument("--only", choices=names, nargs="+", default=names)
    arguments = parser.parse_args()
    path = "fast" if fast_png.FAST_PNG else "careful"
    print(f"kernel {'compiled' if kernels.COMPILED else 'NumPy'}, path {path}")
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as temporary:
            files, pixels = make(Path(temporary), name)
            report(name, len(files), pixels, measure(files, arguments.rounds))
    for name in [name for name in arguments.only if name in WHOLE]:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "masks")
            folder.mkdir()
            files, _ = make(folder, name, WHOLE[name])
            print(f"\n{name}: whole processes on {len(files)} masks")
            whole_process(files, arguments.rounds)


if __name__ == "__main__":
    main()
