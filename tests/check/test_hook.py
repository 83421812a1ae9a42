"""The hook of `.pre-commit-hooks.yaml`, run by pre-commit itself in a repository of masks."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from weightcalc.masks.formats import READERS

ROOT = Path(__file__).parents[2]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def repository(tmp_path, monkeypatch, environment, save_mask):
    """A function that adds files to a new git repository and commits them as the hooks allow."""
    weightcalc = [sys.executable, "-m", "weightcalc"]
    local = {**HOOK, "entry": shlex.join([*weightcalc, *HOOK["entry"].split()[1:]])}
    local |= {"language": "system", "args": ["-n", "3", "--color", "never"]}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(json.dumps(config))  # JSON is YAML
    home = tmp_path.parent / f"{tmp_path.name}-home"
    environment |= {
        "PRE_COMMIT_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # of a commit that runs the tests
        environment.pop(name, None)
    monkeypatch.chdir(tmp_path)

    def run(*command):
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def commit():
        assert run("git", "add", "-A").returncode == 0
        return run("git", *AUTHOR, "commit", "-m", "masks")

    assert run("git", "init", "-q").returncode == 0
    installed = run(sys.executable, "-m", "pre_commit", "install")
    assert installed.returncode == 0, installed.stderr
    return commit


def test_hook_lets_pass(repository, save_mask):
    """Masks that break no rule are committed, and other files are not looked at."""
    for number in range(3):
        save_mask([[0, 1, 2]], f"masks/{number} a.png")
    Path("notes.txt").write_text("no mask")
    done = repository()
    assert done.returncode == 0, done.stderr
    assert HOOK["name"] in done.stderr
    assert "Passed" in done.stderr


def test_hook_stops(repository, save_mask):
    """A mask that breaks a rule stops the commit, and is named with the number."""
    save_mask([[0, 1, 2]], "masks/a.png")
    save_mask([[0, 1, 7]], "masks/b.png")
    done = repository()
    assert done.returncode == 1
    assert "masks/b.png: value 7 (1 pixel)" in done.stderr
    assert "masks/a.png" not in done.stderr
    assert "exit code: 1" in done.stderr


def test_hook_looks_at_what_is_committed(repository, save_mask):
    """Only masks of the commit are looked at; that classes are missing from them is no finding."""
    save_mask([[0, 1, 2]], "masks/a.png")
    assert repository().returncode == 0
    save_mask([[0]], "masks/b.png")
    done = repository()
    assert (done.returncode, "Passed" in done.stderr) == (0, True)


def test_hook_looks_at_upper_case(repository, save_mask):
    """A mask whose ending is in upper case is looked at too."""
    save_mask([[0, 1, 7]], "masks/b.PNG")
    done = repository()
    assert done.returncode == 1
    assert "masks/b.PNG: value 7 (1 pixel)" in done.stderr


def recipe_for_sets():
    """The hook of the manual that looks at the whole set."""
    manual = (ROOT / "weightcalc/manual/check.md").read_text()
    (recipe,) = (b for b in re.findall("```yaml\n(.*?)```", manual, re.DOTALL) if "always_run" in b)
    return yaml.safe_load(recipe)[0]


def test_hook_for_the_whole_set(repository, save_mask):
    """The recipe of the manual tries rules on sets, whatever is committed."""
    recipe = recipe_for_sets()
    assert recipe.pop("id") == HOOK["id"]
    config = json.loads(Path(".pre-commit-config.yaml").read_text())
    config["repos"][0]["hooks"][0] |= recipe
    Path(".pre-commit-config.yaml").write_text(json.dumps(config))
    Path("data").mkdir()
    Path("data/classes.txt").write_text("road\nsky\n")
    for number in range(8):
        save_mask([[0, 1]], f"data/masks/{number}.png")
    assert repository().returncode == 0
    Path("data/masks/3.png").unlink()
    done = repository()
    assert done.returncode == 1
    assert "class 1 (sky): in 7 masks, fewer than 8" in done.stderr


@pytest.mark.parametrize("suffix", READERS)
def test_endings_of_hook(suffix):
    """The hook takes files of every ending of masks, in any case, but those that often are something else."""
    something_else = {".jpg", ".jpeg"}  # photographs
    something_else |= {".h5", ".hdf5", ".mat"}  # models, measurements
    something_else |= {".zarr", ".zarr.zip"}  # folders, of which git knows no more than the files
    for ending in (suffix, suffix.upper()):
        taken = re.search(HOOK["files"], f"masks/a{ending}")
        assert bool(taken) is (suffix not in something_else)
    assert not re.search(HOOK["files"], "masks/png")


@pytest.mark.long
def test_hook_installs(repository, save_mask, tmp_path, environment):
    """pre-commit builds and installs the package by itself, as it does from a clone."""
    clone = tmp_path.parent / f"{tmp_path.name}-clone"
    clone.mkdir()
    for name in (
        "pyproject.toml",
        "README.md",
        ".pre-commit-hooks.yaml",
        ".packaging",
        "weightcalc",
    ):
        subprocess.run(["cp", "-r", str(ROOT / name), str(clone)], check=True)
    for command in (["init", "-q"], ["add", "-A"], [*AUTHOR, "commit", "-qm", "hook"]):
        subprocess.run(["git", *command], cwd=clone, check=True, env=environment)
    save_mask([[0, 300]], "masks/b.png", np.uint16)
    subprocess.run(["git", "add", "-A"], check=True, env=environment)
    command = [
        sys.executable,
        "-m",
        "pre_commit",
        "try-repo",
        str(clone),
        HOOK["id"],
        "--all-files",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "masks/b.png: value 300 (1 pixel)" in done.stdout
