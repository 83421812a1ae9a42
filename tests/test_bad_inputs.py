"""The corpus of good and bad files: each gets the verdict that is written beside it."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from weightcalc import MaskError, ReadOptions, count_file

SCRIPT = os.environ.get("WEIGHTCALC_BAD_INPUTS", "")
GROUPS = [
    "good-png",
    "png-header",
    "png-chunks",
    "png-zlib",
    "png-cut",
    "png-bombs",
    "png-animated",
    "good-npy",
    "npy-bad",
]
pytestmark = pytest.mark.skipif(
    not SCRIPT, reason="WEIGHTCALC_BAD_INPUTS does not name the script that makes the files"
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of the files, and their cases by group."""
    folder = tmp_path_factory.mktemp("corpus")
    subprocess.run([sys.executable, SCRIPT, folder], check=True, stdout=subprocess.DEVNULL)
    cases: dict[str, list[dict]] = {}
    for case in json.loads((folder / "cases.json").read_text()):
        case["name"] = os.fsdecode(bytes(folder) + b"/" + unquote_to_bytes(case["path"]))
        cases.setdefault(case["group"], []).append(case)
    yield cases
    for hidden in ("unreadable-dir", "unsearchable-dir"):
        (folder / "fs" / hidden).chmod(0o755)


def verdict(case):
    """What became of a file: "count", "warn" or "refuse", and its counts or the message."""
    encoding = "color" if "," in "".join(case.get("counts") or {}) else "auto"
    counts: Counter[str] = Counter()
    notes: list[str] = []
    try:
        for mask in count_file(case["name"], ReadOptions(encoding)):
            counts.update({as_written(v, encoding): n for v, n in mask.values.items()})
            notes += mask.notes
    except MaskError as error:
        return "refuse", str(error)
    return ("warn" if notes else "count"), dict(counts)


def as_written(value, encoding):
    """A value as the cases write it: "7", or "255,0,0" for a colour."""
    return ",".join(map(str, value.to_bytes(3, "big"))) if encoding == "color" else str(value)


def is_right(case, what, counts):
    """Whether a verdict is that of the case, or one that is stricter for a reason."""
    if what == "refuse":
        blended = "alpha is not the same" in counts or "has no 8-bit form" in counts
        named = os.path.basename(case["path"])[:8] in counts
        return named and (case["expect"] in ("refuse", "bounded") or blended)
    if case["expect"] == "bounded":
        return not case.get("counts") or counts == case["counts"]
    return what == case["expect"] and counts == case["counts"]


@pytest.mark.parametrize("group", GROUPS)
def test_each_file_gets_its_verdict(corpus, group):
    """A file is counted, counted with a note, or refused by name, as its case says."""
    wrong = []
    for case in corpus[group]:
        what, counts = verdict(case)
        if not is_right(case, what, counts):
            wrong.append((case["path"], case["expect"], what, counts))
    assert corpus[group]
    assert not wrong


def test_hostile_names_are_counted_and_harmless(corpus):
    """Each mask of a hostile name counts, and its name cannot control a terminal or a log."""
    names = [case for case in corpus["fs"] if "/names/" in case["path"]]
    for case in names:
        assert verdict(case) == ("count", case["counts"])
        shown = str(MaskError(case["name"], "odd"))
        assert shown.isprintable()
        assert not shown.startswith("::")
        assert "##[" not in shown
    assert len(names) > 50


def obey_modes():
    """Make a process of root ask for permission like any other."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP, until it ends


def run_count(*arguments):
    """Run ``weightcalc count`` in a process of its own, to which file modes apply."""
    return subprocess.run(
        [sys.executable, "-m", "weightcalc", "count", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        preexec_fn=obey_modes,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [
        "link-dangling.png",
        "link-self.png",
        "link-outside.png",
        "empty-dir",
        "unreadable.png",
        "unreadable-dir",
        "unsearchable-dir",
        "deep",
    ],
)
def test_refused_in_the_file_system(corpus, name):
    """What cannot be read is an error that names it, never left out in silence."""
    done = run_count(str(file_system(corpus) / name))
    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert not done.stdout


def file_system(corpus):
    """The folder of the file-system cases."""
    return Path(corpus["fs"][0]["name"]).parents[1]


@pytest.mark.parametrize(
    "name", ["dir.png", "loop", "loop-wide", "hard-link.png", "link-inside.png"]
)
def test_counted_once_in_the_file_system(corpus, name):
    """Folders are walked whatever their name, loops end, and each mask is counted once."""
    folder = file_system(corpus)
    counts = json.loads(run_count(str(folder / name)).stdout)
    assert counts["masks"] == 1
    assert [entry["pixels"] for entry in counts["classes"]] == [23, 42, 118, 9]


def test_special_files_are_skipped_with_a_warning(corpus, tmp_path):
    """FIFOs, sockets, devices and links to folders in a folder are left out and named."""
    folder = file_system(corpus)
    special = ["fifo.png", "socket.png", "link-zero.png", "link-stdin.png"]
    for name in [*special, "plain.png"]:
        (folder / name).rename(tmp_path / name)
    os.symlink("/etc", tmp_path / "link-dir.png")
    done = run_count(str(tmp_path))
    assert json.loads(done.stdout)["masks"] == 1
    for name in [*special, "link-dir.png"]:
        assert f"{name}: left out" in done.stderr
