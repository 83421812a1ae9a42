"""Patterns of the command line."""

from __future__ import annotations

import glob
import os
import subprocess
from pathlib import Path

import pytest
from support.processes import RUN, obey_modes

from weightcalc.masks.formats import READERS
from weightcalc.sources.globs import matches_of
from weightcalc.sources.listing import list_files

DEPTH = 1500  # beyond the calls that Python allows within each other


@pytest.fixture
def deep(tree):
    """The masks m/a.png and one that lies 1,500 folders below, whose path is given."""
    tree("m/a.png")
    start = os.getcwd()
    os.chdir("m")
    for _ in range(DEPTH):
        os.mkdir("d")
        os.chdir("d")
    Path("b.png").write_bytes(Path(start, "m/a.png").read_bytes())
    os.chdir(start)
    yield "/".join(["m", *["d"] * DEPTH, "b.png"])
    os.chdir("m")
    for _ in range(DEPTH):  # pytest removes folders by calls within each other
        os.chdir("d")
    os.unlink("b.png")
    for _ in range(DEPTH):
        os.chdir("..")
        os.rmdir("d")
    os.chdir(start)


@pytest.mark.parametrize("source", ["m", "m/**", "m/**/*.png", "**/*.png", "**"])
def test_deep_folders(deep, source):
    """Folders and patterns reach as deep as paths do."""
    assert list_files([source], READERS).names == ["m/a.png", deep]


def test_deep_counts(deep, weightcalc):
    """A run over deep folders counts what is in them, whether these or a pattern are named."""
    assert weightcalc("count", "m").json["masks"] == 2
    assert weightcalc("count", "m/**/*.png").json["masks"] == 2


@pytest.mark.parametrize(
    "pattern",
    ["*", "*.png", "**/*.png", "m/**/a.png", "m/**/n/*", "**/n/**/*.png", "**/[ab].png", "x/**/y"],
)
def test_as_the_standard_library(tree, pattern):
    """Patterns match what those of Python match, hidden names left out."""
    tree("a.png", "m/a.png", "m/n/b.png", "m/n/o/a.png", "m/.h/a.png", "[x]/a.png", "m/[n]/a.png")
    assert sorted(matches_of(pattern)) == sorted(glob.glob(pattern, recursive=True))
    whole = os.path.join(glob.escape(os.getcwd()), pattern)
    assert sorted(matches_of(whole)) == sorted(glob.glob(whole, recursive=True))


def test_links_in_a_circle(tree):
    """A link is followed, a circle of them once."""
    tree("m/a.png", "far/b.png")
    os.symlink("..", "m/up")
    os.symlink("../far", "m/far")
    assert sorted(map(os.path.basename, matches_of("m/**/*.png"))) == ["a.png", "b.png"]


def test_a_folder_that_cannot_be_read(tree, environment):
    """A folder that may not be read is an error, not left out."""
    tree("m/a.png", "m/n/b.png")
    os.chmod("m/n", 0)
    done = subprocess.run(
        [*RUN, "count", "m/**/*.png"], env=environment, preexec_fn=obey_modes, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    os.chmod("m/n", 0o755)
    assert (done.returncode, done.stderr) == (2, "error: m/n: Permission denied\n")
