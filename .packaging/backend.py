"""
Builds the package with setuptools; a source distribution holds the whole tree.

setuptools looks for the list of files in `MANIFEST.in` at the top of the tree. It lies in this
folder instead, so that the top holds only what a reader of the project looks for.
"""

from __future__ import annotations

from setuptools.build_meta import *
from setuptools.command.egg_info import manifest_maker

manifest_maker.template = ".packaging/MANIFEST.in"
