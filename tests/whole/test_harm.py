"""A run writes its outputs and nothing else, starts no program and unpickles nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from support.processes import watch
done = watch()
from weightcalc.cli.app import exit_code_of
code = exit_code_of(sys.argv[1:])
print(*done, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def test_nothing_but_the_output_is_written(environment, save_mask, tmp_path):
    """A run writes beside its outputs and over them, starts nothing, and unpickles nothing."""
    for name in ("a.png", "b.npy", "c.bmp", "d.tif", "e.gif"):
        save_mask([[0, 1, 2]], f"masks/{name}")
    (tmp_path / "out").mkdir()
    (tmp_path / "names.json").write_text('["road", "sky", "car"]')
    words = [
        "weights",
        "masks",
        "--encoding",
        "index",
        "-c",
        "names.json",
        "-o",
        "out/w.json",
        "-j1",
    ]
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, Path(__file__).parents[1], *words],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    harm = done.stderr.strip().replace(f"{tmp_path}/", "").splitlines()
    temporary = r"'out/\.w\.json\.weightcalc-\w{12}'"
    allowed = (
        rf"open {temporary}|os\.chmod \({temporary}, .*|os\.rename \({temporary}, 'out/w\.json'.*"
    )
    assert [line for line in harm if not re.fullmatch(allowed, line)] == []
    assert len(harm) >= 2
    assert os.listdir(tmp_path / "out") == ["w.json"]


HARM = {
    "open": "open('new', 'w')",
    "os.mkdir": "os.mkdir('new')",
    "os.rename": "os.rename('old', 'new')",
    "os.system": "os.system('true')",
    "subprocess.Popen": "__import__('subprocess').run('true')",
    "pickle.find_class": "__import__('pickle').loads(b'cos\\nsystem\\n.')",
    "mmap.__new__": "__import__('mmap').mmap(-1, 1)",
}


@pytest.mark.parametrize("event", HARM)
def test_harm_is_seen(tmp_path, event):
    """The watch that other tests rely on does see harm."""
    (tmp_path / "old").write_text("")
    code = f"import os; from support.processes import watch; done = watch(); {HARM[event]}; print(done)"
    path = os.fspath(Path(__file__).parents[1])
    seen = subprocess.check_output(
        [sys.executable, "-B", "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    )
    assert event in seen.decode()
