"""
Runs a target: with atheris, coverage guides the damage; without, it is blind.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Protocol

try:
    import atheris
except ImportError:
    atheris = None

TARGETS = {
    "png": "png_files", "lists": "class_lists", "npy": "npy_files", "nifti": "nifti_files",
    "tiff": "tiff_files", "zip": "zip_files", "tar": "tar_files",
}  # fmt: skip
MOST_MEMORY = 100_000_000  # bytes that a small file may take more than those before it
LONGEST = 20_000  # bytes of an input
Raw = Callable[[bytes], bytes]


class Target(Protocol):
    """A module of this package: files of one format, right ones and ways to damage them."""

    def seeds(self) -> Iterator[bytes]:
        """Right files, to begin with."""

    def damage(self, data: bytes, dice: random.Random, raw: Raw) -> bytes:
        """A damaged copy; `raw` damages bytes that have no meaning."""

    def check(self, data: bytes) -> bool:
        """Whether a file is read, as a plain reader reads it; AssertionError if otherwise."""


def target(name: str) -> Target:
    """A target, and the modules that it imports with what coverage needs in them."""
    with atheris.instrument_imports(include=["weightcalc"]) if atheris else nullcontext():
        return import_module(f"fuzzing.{TARGETS[name]}")  # type: ignore[return-value]


def run(name: str, seconds: int) -> int:
    """Run a target for some seconds; without any, read the files that it begins with."""
    chosen = target(name)
    if seconds:
        return (guided if atheris else blind)(name, chosen, seconds)
    found = [check(chosen, data) for data in chosen.seeds()]
    print(f"{name}: {sum(found)} of {len(found)} right files are read")
    return 0 if any(found) else 1


def check(chosen: Target, data: bytes) -> bool:
    """Check one input, and the memory that it takes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = chosen.check(data)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert more < MOST_MEMORY, f"{len(data)} bytes take {more} bytes of memory"
    return found


def blind(name: str, chosen: Target, seconds: float) -> int:
    """Damage without guidance, one to five times in a row, until the time is over."""
    dice, inputs, tried = random.Random(time.time_ns()), list(chosen.seeds()), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = dice.choice(inputs)
        for _ in range(dice.randint(1, 5)):
            data = chosen.damage(data, dice, lambda data: damage_bytes(data, dice))[:LONGEST]
        tried += 1
        try:
            check(chosen, data)
        except Exception:
            failed = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-")) / "input"
            failed.write_bytes(data)
            print(f"{name}: failed on {failed}", flush=True)
            raise
    print(f"{name}: {tried} inputs, nothing found")
    return 0


def damage_bytes(data: bytes, dice: random.Random) -> bytes:
    """Change, cut out or put in a few bytes."""
    changed, at = bytearray(data), dice.randint(0, len(data))
    match dice.randrange(4):
        case 0 if at < len(data):
            changed[at] ^= 1 << dice.randrange(8)
        case 1:
            changed[at : at + dice.randint(1, 8)] = b""
        case 2:
            changed[at:at] = dice.randbytes(dice.randint(1, 8))
        case _:
            changed[at : at + 1] = bytes([dice.choice([0, 1, 4, 5, 127, 128, 255])])
    return bytes(changed)


def guided(name: str, chosen: Target, seconds: int) -> int:
    """Damage that coverage guides; libFuzzer ends the process."""

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        dice = random.Random(seed)
        return chosen.damage(data, dice, lambda part: atheris.Mutate(part, 4096))[:limit]

    def check_one(data: bytes) -> None:
        check(chosen, data)

    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    (corpus / "seeds").mkdir()
    for number, data in enumerate(chosen.seeds()):
        (corpus / "seeds" / str(number)).write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={corpus}/", f"-max_len={LONGEST}"]
    options += ["-timeout=10", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus / "seeds")], check_one, custom_mutator=mutate)
    atheris.Fuzz()
    return 0
