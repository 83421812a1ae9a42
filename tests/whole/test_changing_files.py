"""Masks that change, shrink, grow or vanish while they are read: as they were, or refused."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from weightcalc import MaskError, count_file
from weightcalc.masks import file as mask_file

TIMES = 200
SHAPE = 100, 201
LONG_AGO = 1_000_000_000


def overwrite(path, dice):
    """Some rows get another value, in place."""
    with open(path, "r+b") as file:
        file.seek(dice.randrange(1000, 15_000))
        file.write(b"\2" * 5000)


def shrink(path, dice):
    os.truncate(path, dice.randrange(os.path.getsize(path)))


def grow(path, dice):
    with open(path, "ab") as file:
        file.write(b"\3" * dice.randint(1, 5000))


def vanish(path, _):
    os.unlink(path)


def replace(path, _):
    np.save(f"{path}.new.npy", np.full(SHAPE, 4, np.uint8))
    os.replace(f"{path}.new.npy", path)


def plain_counts(path):
    """What a file holds now; None if it is no whole array or is gone."""
    try:
        values, numbers = np.unique(np.load(path), return_counts=True)
    except (OSError, ValueError, EOFError):
        return None
    return dict(zip(values.tolist(), numbers.tolist(), strict=True))


def counts_of(path):
    """What is counted; None if it is refused by its name."""
    try:
        (mask,) = count_file(path)
    except MaskError as error:
        return None if str(error).startswith(f"{path}: ") else error
    return mask.values


@pytest.mark.parametrize("change", [overwrite, shrink, grow, vanish, replace])
def test_changes_between_two_reads(tmp_path, monkeypatch, change):
    """A mask that changes once while it is read counts as it was or as it is, never as a mixture;
    200 times, at any of its reads."""
    path = str(tmp_path / "m.npy")
    dice = random.Random(change.__name__)
    waiting = []

    class Changing(io.FileIO):
        def readinto(self, buffer):
            if waiting:
                waiting.append(waiting.pop() - 1)
                if waiting[0] < 0:
                    waiting.clear()
                    change(path, dice)
            return super().readinto(memoryview(buffer)[:2048])

    monkeypatch.setattr(mask_file, "open_mask", Changing)
    monkeypatch.setattr(mask_file, "_READ_AT_ONCE", 1000)
    monkeypatch.setattr(mask_file, "_BUFFER", 1 << 12)
    for _ in range(TIMES):
        np.save(path, np.ones(SHAPE, np.uint8))
        os.utime(path, (LONG_AGO, LONG_AGO))  # clocks of old systems may stand still for 10 ms
        waiting[:] = [dice.randrange(8)]
        found = counts_of(path)
        assert not waiting
        assert found in ({1: SHAPE[0] * SHAPE[1]}, plain_counts(path))


def test_changes_whenever_it_is_read(tmp_path, monkeypatch):
    """A mask that changes each time that it is read is refused, and said to be written."""
    path = tmp_path / "m.npy"
    np.save(path, np.ones(SHAPE, np.uint8))

    class Changing(io.FileIO):
        def readall(self):
            grow(path, random)
            return super().readall()

        def read(self, size=-1):
            grow(path, random)
            return super().read(size)

    monkeypatch.setattr(mask_file, "open_mask", Changing)
    with pytest.raises(MaskError, match=r"m\.npy: it changes while it is read"):
        count_file(path)


WRITE = """
import random, sys, time

import numpy as np
import importlib.util; spec = importlib.util.spec_from_file_location("changes", sys.argv[1]); changes = importlib.util.module_from_spec(spec); spec.loader.exec_module(changes)

path, change = sys.argv[2], getattr(changes, sys.argv[3])
while True:
    np.save(path, np.ones(changes.SHAPE, np.uint8))
    time.sleep(random.uniform(0, 0.01))
    change(path, random)
    print(flush=True)
    time.sleep(random.uniform(0, 0.01))
"""


@pytest.mark.long
@pytest.mark.parametrize("change", [overwrite, shrink, grow, vanish, replace])
def test_changes_all_the_time(environment, tmp_path, change):
    """Beside a program that writes a mask over and over, 200 times, nothing but whole states of it
    is counted: ones all over, or ones with up to 5,000 pixels of the change."""
    path = str(tmp_path / "m.npy")
    np.save(path, np.ones(SHAPE, np.uint8))

    command = [sys.executable, "-c", WRITE, __file__, path, change.__name__]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline()  # it is at work
            os.set_blocking(writer.stdout.fileno(), False)
            for _ in range(TIMES):
                found = counts_of(path)
                writer.stdout.read()
                pixels = SHAPE[0] * SHAPE[1]
                assert found in (None, {1: pixels}, {4: pixels}, {1: pixels - 5000, 2: 5000})
        finally:
            writer.kill()
    assert writer.poll() is not None
