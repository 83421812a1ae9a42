"""The table of recipes as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from support.frameworks import RECIPES


def test_every_recipe_is_tested():
    """Each row of the manual's table of recipes is used by a test here."""
    rows = re.findall(r"^\| ([^|]+) \| `", RECIPES, re.MULTILINE)
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert len(rows) > 10
    assert set(rows) == set(re.findall(r'recipe\("([^"]+)"\)', tests))


def test_colours_become_labels():
    """The line for masks in colours gives the place of each colour in the list, or 255."""
    (line,) = re.findall(r"^labels = (np\.select.*)$", RECIPES, re.MULTILINE)
    mask = np.array([[[0, 0, 0], [9, 8, 7]], [[9, 8, 7], [1, 1, 1]]])
    found = eval(line, {"np": np, "mask": mask, "colors": [[9, 8, 7], [0, 0, 0]]})
    assert found.tolist() == [[1, 0], [0, 255]]


def test_recipes_of_the_readme():
    """The README shows recipes of the manual, as they stand there."""
    readme = Path(__file__).parents[3].joinpath("README.md").read_text()
    table = readme[readme.index("| framework |") :].partition("\n\n")[0]
    assert len(table.splitlines()) > 10
    assert set(table.splitlines()) <= set(RECIPES.splitlines())
