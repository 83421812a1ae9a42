"""Awkward data sets as people have them: each command answers as the case says."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys

import pytest

SCRIPT = os.environ.get("WEIGHTCALC_HARD_CASES", "")


def load():
    """The module that holds the cases; None where it is not named."""
    if not SCRIPT:
        return None
    spec = importlib.util.spec_from_file_location("hard_cases", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["hard_cases"] = module
    spec.loader.exec_module(module)
    return module


CASES = load()
BUILDS = CASES.cases(vars(CASES)) if CASES else []


@pytest.mark.skipif(CASES is None, reason="WEIGHTCALC_HARD_CASES names no script of cases")
@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.id)
def test_hard_case(build, tmp_path):
    """Each run of a case has the exit code, the numbers and the words that it should have."""
    program = shutil.which("weightcalc", path=os.path.dirname(sys.executable))
    wrong = {str(run): what for run, what in CASES.try_case(program, build, tmp_path) if what}
    assert not wrong
