"""Every example runs and prints the numbers that were worked out by hand."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.frameworks import SETTINGS, require

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MASKS = ROOT / "examples" / "masks"

ARGUMENTS = {"make_masks": ["made"]}  # without a folder it would write beside itself

# f in thousandths: 200 250 15 300 50 100 10 45 40 20 25 33.3. The middle two of the twelve are
# 40 and 45: median 42.5. Without the last, void, the middle one is 45.
CAMVID = [0.2125, 0.17, 2.8333, 0.1417, 0.85, 0.425, 4.25, 0.9444, 1.0625, 2.125, 1.7, 0.0]
CAMVID_WITHOUT_VOID = [0.225, 0.18, 3.0, 0.15, 0.9, 0.45, 4.5, 1.0, 1.125, 2.25, 1.8, 0.0]
CAMVID_NAMES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car"]
CAMVID_NAMES += ["pedestrian", "bicyclist", "void"]

# Lines that each example has to print.
EXPECTED = {
    "absent_class": [
        # f = 14/20, 4/10, none, 2/10, whose median is 4/10
        "naive: [nan, nan, nan, nan]",
        "absent=zero: [0.5714, 1.0, 0.0, 2.0]",
        "absent=one: [0.5714, 1.0, 1.0, 2.0]",
        "absent=max: [0.5714, 1.0, 2.0, 2.0]",
        "absent=error: no mask holds class 2",
    ],
    "batch_weights_jump": [
        # 200 / [2, 10, 0, 8], of which 0 is absent; 800 / 20
        "first epoch, batch by batch: [100.0, 20.0, 0.0, 25.0]",
        "first epoch, mean of batches: 36.25",
        "first epoch, counts added up: 40.0",
        # 200 / [4, 6, 10, 0]
        "shuffled epoch, batch by batch: [50.0, 33.3333, 20.0, 0.0]",
        "shuffled epoch, mean of batches: 25.8333",
        "shuffled epoch, counts added up: 40.0",
        "whole data set: 40.0",
    ],
    "keras_class_weight": [
        # ln 2; ln 2 * (90 * 1 + 10 * 9) / 100
        "class_weight: {0: 1.0, 1: 9.0}",
        "pixels: 0.69315",
        "pixels, class_weight: 1.24766",
        "masks, class_weight: TypeError",
        "masks of a Dataset, class_weight: 1.24766",
        "masks, sample_weight: 1.24766",
        "10 epochs lower it: True",
    ],
    "keras_loss_from_pickle": [
        # The numbers of pickle_for_cross_entropy, and a fourth of the sum
        "class_weights.pickle: [1.0, 2.0]",
        "loss of each pixel: [[1.38629, 0.10536], [4.60517, 0.91629]]",
        "sum: 7.01312",
        "Keras, pixels: 1.75328",
        "Keras, image: 7.01312",
        "10 epochs lower it: True",
    ],
    "keras_weighted_crossentropy": [
        # The first image as in pickle_for_cross_entropy, the second 4 ln 2. Weights on predictions:
        # ln(3/2) - ln(9/11) - ln(2/11) + ln 4 and 4 ln 3. At p = 0.5: ln 2 * ((2+1+2+1) + 4) / 2
        "weights: (1, 1, 1, 2) [1.0, 2.0]",
        "unweighted: [4.01738, 2.77259]",
        "weighted: [7.01312, 2.77259]",
        "wrong: [3.69718, 4.39445]",
        "first epoch, p = 0.5: 3.46574",
        "10 epochs lower it: True",
    ],
    "labels_by_map": [
        # 10 / [6, 3, 1]; with the two unknown ones 12 / [6, 3, 1 + 2]
        "unknown label: error: value 40 (2 pixels in 1 mask mask.npy) is neither a class nor ignored",
        "ignored: {'male': 1.6667, 'female': 3.3333, 'unisex': 10.0}",
        "mapped to the last class, wrong: {'male': 2.0, 'female': 4.0, 'unisex': 4.0}",
        "all-zero rows: {'male': 1.6667, 'female': 3.3333, 'unisex': 10.0}",
        "names swapped: {'male': 10.0, 'female': 3.3333, 'unisex': 1.6667}",
    ],
    "labels_by_name": [
        # 10 / [6, 3, 1]; with the unknown ones 12 / [6, 3, 1] and 12 / [6, 3, 1 + 2]
        "pixels: {'male': 6, 'female': 3, 'unisex': 1}",
        "labelled: 10 ignored: 2",
        "weights: {'male': 1.6667, 'female': 3.3333, 'unisex': 10.0}",
        "total over sums, wrong: [2.0, 4.0, 12.0]",
        "-1 as an index, wrong: [2.0, 4.0, 4.0]",
    ],
    "make_masks": [
        # Road: 3 * 830 + 3 * 783 + 2 * 738 less the cars; cars: 5 * 57 + 2 * 31; signs: 2 * 21
        "8 masks of 64 x 48: 24576 pixels",
        "background: 18219 pixels in 8 masks",
        "road: 5968 pixels in 8 masks",
        "car: 347 pixels in 5 masks",
        "sign: 42 pixels in 2 masks",
    ],
    "masks_from_generators": [
        # 16 / [10, 4, 2], as in one_hot_arrays; without the last mask 12 / [10, 2]
        "Sequence, index: 4 masks, [1.6, 4.0, 8.0]",
        "Sequence, one-hot: 4 masks, [1.6, 4.0, 8.0]",
        "generator, index: 4 masks, [1.6, 4.0, 8.0]",
        "generator, one-hot: 4 masks, [1.6, 4.0, 8.0]",
        "rounded down, wrong: 3 masks, [1.2, 6.0]",
    ],
    "masks_from_iterator": [
        # 9 / (3 * [6, 2, 1]); grey of (128, 0, 0) is 0.299 * 128
        "2 masks, [6, 2, 1], 1 ignored",
        "[0.5, 1.5, 3.0]",
        "converted to grey, wrong: value 38 (1 pixels) is neither a class nor ignored",
    ],
    "median_frequency_camvid": [
        f"list: {CAMVID}",
        f"dict: {dict(enumerate(CAMVID))}",
        f"named: {dict(zip(CAMVID_NAMES, CAMVID, strict=True))}",
        f"void ignored instead: {CAMVID_WITHOUT_VOID}",
    ],
    "one_hot_arrays": [
        # 16 / [10, 4, 2]; then 12 / [6, 4, 2], and 16 / [6, 4, 2]
        "index masks (2, 2, 4) [1.6, 4.0, 8.0]",
        "with a channel axis (2, 2, 4, 1) [1.6, 4.0, 8.0]",
        "one-hot masks (2, 2, 4, 3) [1.6, 4.0, 8.0]",
        "total / sums [1.6, 4.0, 8.0]",
        "4 pixels without a label: [2.0, 3.0, 6.0]",
        "total / sums then, wrong: [2.6667, 4.0, 8.0]",
    ],
    "one_hot_files": [
        # 16 / [10, 4, 2]; 48 / [32, 16], the zeros and the ones; then 12 / [6, 4, 2]
        "N*H*W / sums: [1.6, 4.0, 8.0]",
        "index: [1.6, 4.0, 8.0]",
        "one-hot (N, H, W, C): [1.6, 4.0, 8.0]",
        "one-hot (N, C, H, W): [1.6, 4.0, 8.0]",
        "one-hot (H, W, C): [1.6, 4.0, 8.0]",
        "without --encoding: True",
        "as index masks, wrong: [1.5, 3.0]",
        "4 pixels without a label: [2.0, 3.0, 6.0]",
    ],
    "pickle_for_cross_entropy": [
        # 2 ln 2, -ln 0.9, 2 ln 10, -ln 0.4; by columns ln 2 - 2 ln 0.9 + ln 10 - 2 ln 0.4
        "class_weights.pickle: [1.0, 2.0]",
        "loss of each pixel: [[1.38629, 0.10536], [4.60517, 0.91629]]",
        "sum: 7.01312",
        "sum without weights: 4.01738",
        "sum with channels first, wrong: 5.03903",
    ],
    "rare_class_hidden_in_mean": [
        # 200 / (3 * [150, 48, 2]); a = -ln 0.98, b = -ln 0.01; (198 a + 2 b) / 200, and weighted
        # (a + a + b) / 3, the mean of the classes. Binary: c = (a - 2 ln 0.99) / 3 for the found,
        # d = (b - ln 0.02 - ln 0.99) / 3 for the others; (198 c + 2 d) / 200, (c + c + d) / 3.
        "weights: [0.44444, 1.38889, 33.33333]",
        "accuracy: 0.99",
        "loss of the pixels of class 0: 0.02020",
        "loss of the pixels of class 1: 0.02020",
        "loss of the pixels of class 2: 4.60517",
        "mean of pixels: 0.06605, weighted 1.54853",
        "and of classes: 0.04172, weighted 0.95643",
    ],
    "rare_class_sampling": [
        # Shares of 500000 pixels 0.02 and 0.01: odds of e; of 505000, 255 as rare as class 2, whose
        # odds to class 1 are exp(0.5 / 0.505)
        "class 2: drawn 0.7311, from 1 of 1 masks",
        "class 1: drawn 0.2689, from 1 of 2 masks",
        "class 255: drawn 0.4217, from 1 of 2 masks",
        "class 1: drawn 0.1567, from 1 of 2 masks",
    ],
    "tensorflow_weights_tensor": [
        # Of torch 0.70985 and 0.75311; 0.75311 * 17 / 9 is 1.42254
        "class weights: [1.0, 9.0]",
        "weights of the pixels: [[[1, 1, 1], [1, 1, 1], [1, 1, 9]]]",
        "without weights: 0.70985",
        "sum / number of weights: 1.42254",
        "sum / sum of weights: 0.75311",
        "ten times the weights: 14.22538",
        "20 steps lower it: True",
    ],
    "torch_bce_pos_weight": [
        # 10010 / [5005, 1001, 110, 35, 10] - 1; ln 2 * (124 + 1000) / 125, and ln 2
        "weights: {0: 1.0, 1: 9.0, 2: 90.0, 3: 285.0, 4: 1000.0}",
        "one class without weights: 0.93828",
        "one class, weight 9: 1.30017",
        "by class: 6.23278",
        "by column, wrong: 0.69315",
        "20 steps of BCE plus Dice lower it: True",
    ],
    "torch_cross_entropy": [
        "weights: [1.0, 9.0]",
        "without weights: 0.7099",
        "with weights: 0.7531",
        "sum over 8 * 1 + 1 * 9: 0.7531",
        "20 steps lower it: True",
        "only ignored pixels: nan",
        "divided by at least a little: 0.0",
        "only pixels of weight 0, gradient NaN: True",
    ],
    "torch_cross_entropy_by_hand": [
        # Of torch 0.7099 and 0.7531; 0.75311 * 17 / 9 is 1.42254
        "weights: [1.0, 9.0]",
        "without weights: 0.7099",
        "sum of the weights of the targets: 17.0",
        "with weights: 0.7531",
        "with ten times the weights: 0.7531",
        "divided by the pixels instead: 1.4225",
    ],
    "weight_mask_from_truth": [
        # The numbers of pickle_for_cross_entropy; ln 2 - ln 0.9 + ln 10 - 2 ln 0.4;
        # -2 ln 0.51 is 1.34669, -ln 0.49 is 0.71335
        "weights: [1.0, 2.0]",
        "mask: (1, 2, 2, 1) [[[2.0, 1.0], [2.0, 1.0]]]",
        "loss without mask: 4.01738",
        "mask times loss: 7.01312",
        "weights in the loss itself: 7.01312",
        "mask of the prediction: [[[1.0, 1.0], [1.0, 2.0]]]",
        "mask of the prediction times loss: 4.93367",
        "p = 0.51, predicted class 1: 1.34669 by truth, 1.34669 by prediction",
        "p = 0.49, predicted class 0: 1.42670 by truth, 0.71335 by prediction",
    ],
}


def frameworks_of(path: Path) -> list[str]:
    """What an example imports and weightcalc does not need."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in names}
    return sorted(packages - sys.stdlib_module_names - {"PIL", "numpy", "weightcalc"})


def marked(path: Path) -> Any:
    """An example as a parameter, of the marker `frameworks` if it needs one."""
    return pytest.param(
        path, id=path.stem, marks=pytest.mark.frameworks if frameworks_of(path) else ()
    )


@pytest.fixture
def run_python(tmp_path: Path, environment: dict[str, str]) -> Callable[..., str]:
    """A function that runs Python in an empty folder and returns what it prints."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**environment, **SETTINGS, "KERAS_HOME": ".", "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr.lower()
        return done.stdout

    return run


def read_mask(path: Path) -> np.ndarray:
    """The palette indices of a mask."""
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.array(image)


@pytest.mark.parametrize("path", [marked(path) for path in EXAMPLES])
def test_example_prints_its_numbers(path, run_python):
    """An example ends well and prints each line that is expected of it."""
    require(*frameworks_of(path))
    assert EXPECTED.get(path.stem), f"no expectation is listed for {path.name}"
    printed = run_python(str(path), *ARGUMENTS.get(path.stem, [])).splitlines()
    for line in EXPECTED[path.stem]:
        assert line in printed


def test_no_expectation_is_left_over():
    """What is expected belongs to an example that exists."""
    assert EXPECTED.keys() | ARGUMENTS.keys() <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_says_question_and_trap(path):
    """An example opens with the question that it answers and the trap in it."""
    first, _, rest = path.read_text(encoding="utf-8").partition("?\nThe trap: ")
    assert first.startswith('"""\n')
    assert '"""' not in first[3:]
    assert rest


def test_make_masks_makes_the_masks_of_the_repository(tmp_path, run_python):
    """The script makes the masks beside it, pixel by pixel, and no other."""
    run_python(str(ROOT / "examples" / "make_masks.py"), "made")
    made = sorted((tmp_path / "made").iterdir())
    kept = sorted(MASKS.iterdir())
    assert [path.name for path in made] == [path.name for path in kept]
    for new, old in zip(made, kept, strict=True):
        np.testing.assert_array_equal(read_mask(new), read_mask(old))


def test_weights_of_the_masks_of_the_repository(run_python):
    """The first command of the README prints median-frequency weights, worked out by loops."""
    masks = [read_mask(path) for path in MASKS.iterdir()]
    frequencies = []
    for index in range(4):
        pixels = of_masks = 0
        for mask in masks:
            found = sum(value == index for row in mask.tolist() for value in row)
            pixels += found
            of_masks += mask.size if found else 0
        frequencies.append(pixels / of_masks)
    _, second, third, _ = sorted(frequencies)
    expected = [(second + third) / 2 / frequency for frequency in frequencies]
    weights = json.loads(run_python("-m", "weightcalc", "weights", str(MASKS)))
    assert weights == pytest.approx(expected, rel=1e-12)


def test_masks_of_the_repository_are_small():
    """The masks that everybody downloads are eight, of classes 0 to 3, in under 20 kB."""
    paths = list(MASKS.iterdir())
    assert len(paths) == 8
    assert sum(path.stat().st_size for path in paths) < 20_000
    assert {value for path in paths for value in np.unique(read_mask(path)).tolist()} == {
        0,
        1,
        2,
        3,
    }
