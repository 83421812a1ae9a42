"""The manual: all there is stands on a page, and the commands on the pages do what they show."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from weightcalc.check.formats import ENDINGS as CHECKS
from weightcalc.cli.app import DONE, FAILED, INTERRUPTED, TERMINATED
from weightcalc.explain.text import ENDINGS as EXPLANATIONS
from weightcalc.labels.class_list import PRESETS
from weightcalc.manual import page, parts, topics
from weightcalc.report.formats import ENDINGS as REPORTS
from weightcalc.weights.formula import parameters_of
from weightcalc.weights.formulas import METHODS
from weightcalc.weights.weights_file import ENDINGS as WEIGHTS
from weightcalc.weights.weights_file import REFUSED

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(?:sh|console|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"^(?:\$ )?(weightcalc .*?)(?:\s+#.*)?\n((?:(?!\$ |weightcalc ).*\n)*)", re.MULTILINE
)
# What needs a cluster or a program that is not weightcalc's.
ELSEWHERE = re.compile(r"tcp://| \| ")
# Pages whose commands show what they print, whatever the data of the test is.
EXACT = ("methods", "explain", "report")


def commands():
    """Each command of the blocks of a page, in their order, and the lines below it."""
    for topic in topics():
        for block in BLOCK.finditer(page(topic)):
            found = [c.groups() for c in COMMAND.finditer(block[1]) if not ELSEWHERE.search(c[1])]
            if found:
                yield pytest.param(topic, found, id=f"{topic}-{found[0][0]}")


@pytest.fixture
def room(tmp_path, save_mask, monkeypatch):
    """A folder in which the commands of the pages find what they name."""
    shutil.copytree(ROOT / "examples" / "masks", tmp_path / "examples" / "masks")
    for stem in "ab":
        save_mask([[0, 1, 2, 3]], f"masks/{stem}.png")
        save_mask([[7, 7, 7, 7]], f"images/{stem}.png")
        save_mask([[0, 1, 2, 3]], f"gtFine/train/{stem}_gtFine_labelTrainIds.png")
        save_mask([[7, 7, 7, 7]], f"leftImg8bit/train/{stem}_leftImg8bit.png")
        save_mask([[0, 1, 2, 3]], f"lits/segmentation-{stem}.png")
        save_mask([[7, 7, 7, 7]], f"lits/volume-{stem}.png")
        for name in ("hair", "skin"):
            save_mask([[0, 255]], f"faces/{stem}_{name}.png")
            save_mask([[0, 255]], f"stage1_train/{stem}/masks/{name}.png")
        for name in ("liver", "spleen"):
            save_mask([[0, 255]], f"scans/{stem}_{name}.png")
    save_mask([[3, 3, 0, 0]], "val/x.png")
    (tmp_path / "classes.txt").write_text("road\nsky\ncar\ntree\n")
    (tmp_path / "organs.txt").write_text("background\nliver\nspleen\n")
    (tmp_path / "shard-7.txt").write_text("masks/a.png\nmasks/b.png\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def save_volumes(room):
    """The volumes of two organs of a case."""
    nibabel = pytest.importorskip("nibabel", reason="nibabel is not installed")
    folder = room / "cases" / "1" / "segmentations"
    folder.mkdir(parents=True)
    for name in ("liver", "spleen"):
        volume = nibabel.Nifti1Image(np.array([[[0, 1]]], np.uint8), np.eye(4))
        nibabel.save(volume, folder / f"{name}.nii.gz")


@pytest.mark.parametrize(("topic", "found"), list(commands()))
def test_commands_of_a_block(weightcalc, room, topic, found):
    """The commands of a block do their task, and where the page shows what they print, print it."""
    if any("cases/" in command for command, _ in found):
        save_volumes(room)
    for command, shown in found:
        result = weightcalc(*shlex.split(command)[1:])
        allowed = (0, 1) if command.startswith("weightcalc check") else (0,)
        assert result.exit_code in allowed, (command, result.stderr)
        if topic in EXACT and shown:
            assert result.stdout.decode() == shown, command


def test_python_page_runs(room):
    """The blocks of the page on Python run in their order, with warnings shown as they are."""
    blocks = re.findall(r"^```python\n(.*?)^```", page("python"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    code = "\n".join([*blocks, "print(len(weights))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"
    assert "<string>:3: UserWarning: no mask holds class 4, " in done.stderr


def test_many_commands_are_run():
    """The test above finds the commands of the pages."""
    assert len(list(commands())) > 15


@pytest.mark.parametrize("method", METHODS)
def test_method_has_a_part(weightcalc, method):
    """`help METHOD` shows its formula, parameters with their defaults, source, and an example."""
    text = parts()[method]
    assert weightcalc("help", method).stdout.decode() == text
    for heading in ("Weight: ", "Parameters: ", "Source: "):
        assert text.count(f"\n{heading}") == 1
    for name, default in parameters_of(method).items():
        assert f"`{name}={default if isinstance(default, str) else f'{default:g}'}`" in text
    assert f"-m {method}" in text


def test_each_part_is_one_thing():
    """No part has the name of a page, or holds another part."""
    assert not parts().keys() & topics().keys()
    assert all(text.count("\n## ") == 0 for text in parts().values())


@pytest.mark.parametrize(
    ("topic", "endings"),
    [
        ("output", WEIGHTS),
        ("report", REPORTS),
        ("check", CHECKS),
        ("explain", EXPLANATIONS),
    ],
)
def test_formats_of_results_are_documented(topic, endings):
    """Each format of `-f`, and each ending of `-o`, stands on the page of what is written."""
    text = page(topic)
    for name, its in endings.items():
        assert f"`{name}`" in text
        for ending in its:
            assert f"`{ending}`" in text


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_is_documented(preset):
    """Each preset stands on its page with a command that uses it."""
    assert f"`{preset}`" in page("presets")
    assert f"-c {preset}" in page("presets")


@pytest.mark.parametrize("code", [DONE, 1, FAILED, INTERRUPTED, TERMINATED])
def test_exit_code_is_documented(code):
    """Each exit code has its meaning on the page of output."""
    assert re.search(rf"^\|[^|]*\b{code}\b[^|]*\| \S", page("output"), re.MULTILINE)


def test_lines_instead_of_formats():
    """The lines that a refused format is answered with stand on the page of output too."""
    for text in REFUSED.values():
        for line in text.splitlines()[1:]:
            assert line.strip() in page("output").splitlines()


@pytest.mark.frameworks
def test_tensor_lines_run(tmp_path, monkeypatch):
    """The two lines for a tensor save what PyTorch loads again."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.chdir(tmp_path)
    Path("weights.json").write_text("[0.5, 2.0]")
    code = "\n".join(line.strip() for line in REFUSED["pt"].splitlines()[1:])
    subprocess.run([sys.executable, "-c", f"import json, torch\n{code}"], check=True)
    assert torch.load("weights.pt").tolist() == [0.5, 2.0]


def test_completion_line_of_bash(tmp_path, environment):
    """After the line for bash, Tab completes the beginning of a method."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "weightcalc"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m weightcalc "$@"\n')
    program.chmod(0o755)
    (line,) = re.findall(r"^(eval .*bash_source.*?)\s+#", page("output"), re.MULTILINE)
    script = f"""{line}
COMP_WORDS=(weightcalc weights masks -m med) COMP_CWORD=4
_weightcalc_completion weightcalc
echo "${{COMPREPLY[@]}}"
"""
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    command = [bash, "-c", script]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.stdout.split() == ["median-frequency"], said.stderr
