"""Files for rare-class sampling, and lines for Caffe: what their readers make of them."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weightcalc.manual import page

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "rare_class_sampling.py"
JQ = r"""jq -r '.[] | "class_weighting: \(.)"' """.strip()

# Of 100 labelled pixels 97, 2 and 1, so that (1 - share) / 0.01 is 3, 98 and 99.
MASKS = {
    "aachen/a_labelTrainIds.png": {0: 40, 255: 24},
    "aachen/b_labelTrainIds.png": {0: 37, 1: 2, 7: 1},
    "bremen/c_labelTrainIds.png": {0: 20, 255: 4},
    "bremen/d_labelTrainIds.png": {255: 16},
}
SHARES = {7: 0.01, 1: 0.02, 0: 0.97}


@pytest.fixture
def convert(weightcalc, tmp_path, monkeypatch, environment):
    """A function that counts the masks of a folder, runs the script, and gives what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*options):
        arguments = ["gtFine", *options, "--per-mask", "lines.jsonl", "-o", "counts.json"]
        assert weightcalc("count", *arguments).exit_code == 0
        command = [sys.executable, str(SCRIPT), "lines.jsonl", "out/cityscapes"]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def converted(convert, save_mask):
    """The folder of the three files of MASKS."""
    for name, pixels in MASKS.items():
        save_mask([np.repeat(list(pixels), list(pixels.values()))], f"gtFine/{name}")
    done = convert("--ignore-index", "255")
    assert done.returncode == 0, done.stderr
    return Path("out/cityscapes")


def load(folder, name):
    """One of the files."""
    return json.loads((folder / f"{name}.json").read_text())


def trainer_classes(folder, class_temp):
    """The classes, from rare to frequent, and how often each is drawn: as a trainer reads them."""
    totals = {}
    for entry in load(folder, "sample_class_stats"):
        entry.pop("file")
        for key, pixels in entry.items():
            totals[int(key)] = totals.get(int(key), 0) + pixels
    classes = sorted(totals, key=totals.get)
    pixels = np.array([totals[c] for c in classes])
    scores = (1 - (pixels / pixels.sum()).astype(np.float32)) / class_temp
    powers = np.exp(scores - scores.max())
    return classes, powers / powers.sum()


def trainer_files(folder, classes, min_pixels):
    """The file names that are drawn for each class: as a trainer reads them."""
    samples = {int(key): files for key, files in load(folder, "samples_with_class").items()}
    return {
        c: [file.split("/")[-1] for file, pixels in samples[c] if pixels > min_pixels]
        for c in classes
    }


@pytest.mark.parametrize(
    ("class_temp", "expected"),
    [
        # e^-1 to 1, and e^-96 to it: 1 / (1 + e^-1) is 0.731059
        (0.01, [0.731059, 0.268941, 0.0]),
        # e^-0.01, e^-0.02 and e^-0.97: 0.990050, 0.980199 and 0.379083
        (1.0, [0.421418, 0.417225, 0.161357]),
    ],
)
def test_trainer_draws_classes(converted, class_temp, expected):
    """A trainer gets the probabilities worked out by hand, of labelled pixels alone."""
    classes, probabilities = trainer_classes(converted, class_temp)
    assert classes == list(SHARES)
    np.testing.assert_allclose(probabilities, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("min_pixels", "expected"),
    [
        (0, {7: ["b"], 1: ["b"], 0: ["a", "b", "c"]}),
        (1, {7: [], 1: ["b"], 0: ["a", "b", "c"]}),
        (20, {7: [], 1: [], 0: ["a", "b"]}),
    ],
)
def test_trainer_draws_masks(converted, min_pixels, expected):
    """A trainer finds, by file name, the masks with more pixels of a class than it asks for."""
    index_of = {path.name: path for path in Path("gtFine").rglob("*.png")}
    for index, files in trainer_files(converted, SHARES, min_pixels).items():
        assert files == [f"{stem}_labelTrainIds.png" for stem in expected[index]]
        for file in files:
            with Image.open(index_of[file]) as mask:
                assert np.count_nonzero(np.array(mask) == index) > min_pixels


def test_form_of_the_files(converted):
    """The files are a list of dicts, a dict of dicts, and a dict of lists of pairs, by path."""
    a, b, c, d = (f"gtFine/{name}" for name in MASKS)
    pixels = {a: {"0": 40}, b: {"0": 37, "1": 2, "7": 1}, c: {"0": 20}, d: {}}
    assert load(converted, "sample_class_stats_dict") == pixels
    assert load(converted, "sample_class_stats") == [
        {"file": name, **numbers} for name, numbers in pixels.items()
    ]
    assert load(converted, "samples_with_class") == {
        "0": [[a, 40], [b, 37], [c, 20]],
        "1": [[b, 2]],
        "7": [[b, 1]],
    }


def test_class_that_no_mask_has_enough_of(convert, save_mask):
    """A class at which a trainer would stop is named: it asks for a mask with 3001 pixels."""
    save_mask(np.repeat([0, 1, 2], [3001, 3000, 3999]).reshape(100, 100), "gtFine/a.png")
    said = convert().stdout.splitlines()
    assert "class 1: lower min_pixels, or the trainer stops at an assertion" in said
    assert sum("lower min_pixels" in line for line in said) == 1


def test_two_masks_of_one_name(convert, save_mask):
    """Masks that the trainer would take for one another are refused by their name."""
    for folder in ("aachen", "bremen"):
        save_mask([[0, 1]], f"gtFine/{folder}/a.png")
    done = convert()
    assert (done.returncode, done.stderr) == (1, "two masks are named a.png\n")


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_lines_for_caffe(weightcalc, save_mask):
    """jq makes a line of each weight, in order, with the same floats in protobuf's spelling."""
    mask = save_mask([np.repeat([0, 1, 3], [10**6, 6, 4])], "mask.npy")
    weights = weightcalc("weights", mask, "-m", "pos-weight", "-q").stdout
    # 10 / 10^6, 1000004 / 6, none, 1000006 / 4
    expected = [1e-05, 1000004 / 6, 0, 250001.5]
    lines = subprocess.run(shlex.split(JQ), input=weights, capture_output=True, check=True)
    assert lines.stderr == b""
    float_ = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
    found = re.findall(rf"(?m)^ *class_weighting: ({float_})$", lines.stdout.decode())
    assert [float(number) for number in found] == expected
    assert lines.stdout.count(b"\n") == 4


def test_lines_for_caffe_are_documented():
    """The manual has the command that the test above runs."""
    assert JQ in page("frameworks")
