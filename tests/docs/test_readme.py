"""README and manual: what they say is there, and what is there they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from weightcalc.check.rules import RULES
from weightcalc.cli.app import main
from weightcalc.manual import page, topics
from weightcalc.masks.formats import READERS
from weightcalc.weights.formula import parameters_of
from weightcalc.weights.formulas import METHODS
from weightcalc.weights.weights_file import WRITERS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MANUAL = "\n".join(map(page, topics()))
SHELL = "".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL))
TASKS = re.findall(r"^weightcalc .*?(?=\s+#|$)", SHELL, re.MULTILINE)
OPTIONS = sorted(
    {
        name
        for command in main.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in [*parameter.opts, *parameter.secondary_opts]
    }
)


@pytest.mark.parametrize("method", METHODS)
def test_method_is_documented(method):
    """Each method has a row in the manual, with its parameters and their defaults."""
    row = next(line for line in page("methods").splitlines() if line.startswith(f"| `{method}` |"))
    for name, default in parameters_of(method).items():
        text = default if isinstance(default, str) else f"{default:g}"
        assert f"`{name}={text}`" in row


@pytest.mark.parametrize("command", main.commands)
def test_command_is_documented(command):
    """Each command has an example in the README."""
    assert any(task.startswith(f"weightcalc {command} ") for task in TASKS)


@pytest.mark.parametrize("option", OPTIONS)
def test_option_is_documented(option):
    """Each option stands in the manual, in code type."""
    assert re.search(rf"[`|, ]{re.escape(option)}[`|, =]", MANUAL)


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_documented(rule):
    """Each rule of `check` has a row in the manual, with its level."""
    assert f"\n| `{rule}` | {RULES[rule].level} |" in page("rules")


@pytest.mark.parametrize("name", [*READERS, *WRITERS])
def test_format_is_documented(name):
    """Each ending of masks and each output format stands in the manual, in code type."""
    assert f"`{name}`" in MANUAL


@pytest.fixture
def folder(tmp_path, save_mask):
    """A folder in which the commands of the README find what they name."""
    for stem in ("a", "b"):
        save_mask([[0, 1, 2, 3]], f"masks/{stem}_labelTrainIds.png")
        save_mask([[0, 1, 2, 3]], f"data/masks/{stem}.png")
    (tmp_path / "classes.txt").write_text("road\nsky\ncar\ntree\n")
    (tmp_path / "train.txt").write_text("masks/a.png\nmasks/b.png\n")
    for shard in ("1", "2"):
        run(f"weightcalc count masks/ -o shard-{shard}.json", tmp_path)
    return tmp_path


def run(command, folder):
    """Run a command line of the README there."""
    words = [sys.executable, "-m", *shlex.split(command)]
    expanded = [str(p) for w in words for p in (sorted(folder.glob(w)) if "shard-*" in w else [w])]
    return subprocess.run(expanded, cwd=folder, capture_output=True, text=True, check=False)


def test_commands_run(folder):
    """Every command line among the examples does its task, in the order they stand in."""
    assert len(TASKS) > 10
    for task in TASKS:
        done = run(task, folder)
        assert done.returncode == 0, (task, done.stderr)


def test_python_example_runs():
    """The Python example of the README runs as it stands."""
    (example,) = re.findall(r"```python\n(import numpy.*?)```", README, re.DOTALL)
    shown = example + "\nprint(len(weights), counts.num_masks)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", shown], check=True, capture_output=True, text=True
    )
    assert done.stdout == "3 32\n"  # classes; 4 batches of 8


def test_each_page_is_listed():
    """The README links to each page of the manual, with the summary that `help` shows."""
    for topic, summary in topics().items():
        assert f"| [{topic}](weightcalc/manual/{topic}.md) | {summary} |" in README


def test_first_example(folder):
    """The first example of the README prints what stands under it, but for what -v adds before."""
    (block,) = re.findall(r"```console\n\$ (weightcalc .*?)\n(.*?)```", README, re.DOTALL)
    command, shown = block
    done = run(command.replace("examples/masks", shlex.quote(str(ROOT / "examples/masks"))), folder)
    assert done.stderr.endswith(shown)


def start_here(beginning):
    """The words of the command in the row of "Start here" that begins so."""
    row = next(line for line in README.splitlines() if line.startswith(f"| {beginning}"))
    return shlex.split(row.split("| `weightcalc ")[1].rstrip("` |"))


def test_start_with_jpeg(weightcalc, tmp_path, monkeypatch):
    """Binary JPEG masks are counted by the command of their row and the option that it adds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "masks").mkdir()
    half = np.repeat(np.array([[0] * 16 + [255] * 16], np.uint8), 32, axis=0)
    Image.fromarray(half).save("masks/a.jpg", quality=50)
    command = start_here("binary masks that were resized")
    assert weightcalc(*command).exit_code == 2
    assert weightcalc(*command, "--allow-lossy", "-m", "balanced").json == [1, 1]


def test_start_with_a_file_for_each_class(weightcalc, save_mask, tmp_path, monkeypatch):
    """A file for each class gives weights in the order of the list, or by their names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("background\nliver\nspleen\n")
    for scene in "ab":
        save_mask([[255, 255, 0, 0, 0, 0, 0, 0]], f"masks/{scene}_spleen.png")
        save_mask([[0, 0, 255, 0, 0, 0, 0, 0]], f"masks/{scene}_liver.png")
    inverse = ["-m", "inverse-frequency"]
    listed = start_here("one file for each class, in the order of a list")
    assert weightcalc(*listed, *inverse).json == [8 / 5, 8, 4]
    named = start_here("one file for each class, by name")
    assert weightcalc(*named, *inverse).json == {"liver": 8, "spleen": 4}
