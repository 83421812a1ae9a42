"""Ways to change a mask that a cache must notice."""

from __future__ import annotations

import os

LONG_AGO = 1_000_000_000  # seconds since the epoch


def rewrite(path, save):
    save([[1] * 8], "m/0.png", LONG_AGO + 9)


def rewrite_and_restore_times(path, save):
    save([[1] * 8], "m/0.png")


def replace_by_a_copy(path, save):
    other = save([[1] * 8], "other.png")
    os.replace(other, path)


def grow(path, save):
    path.write_bytes(path.read_bytes() + bytes(100))
    os.utime(path, (LONG_AGO, LONG_AGO))


def lead_elsewhere(path, save):
    path.unlink()
    path.symlink_to(save([[1] * 8], "other.png"))
