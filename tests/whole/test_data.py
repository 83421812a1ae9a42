"""Numbers that others published, met on their masks: FORMULAS, "Numbers to meet"."""

from pathlib import Path

import pytest

# 367 masks of 480 x 360, values 0 to 11, as the SegNet authors published them first.
FOLDER = Path("segnet-camvid-v0", "trainannot")
PIXELS = [10667303, 15120524, 606559, 19594653, 2916618, 6405466, 214885, 739200, 4068712]
PIXELS += [386191, 212692, 2484797]
MASKS = [366, 365, 366, 367, 349, 324, 274, 180, 367, 319, 207, 367]
# The weights in their published network, to 4 decimals.
SEGNET = [0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614]
PUBLISHED = [0.2867, 0.2017, 5.0427, 0.1565, 1, 0.4227, 10.6561, 2.0350, 0.7538, 6.9031, 8.1334]
LABELLED = [0.2868, 0.2018, 5.0433, 0.1566, 1, 0.4241, 10.6551, 2.0433, 0.7540, 6.9274, 8.1257]


@pytest.mark.parametrize("jobs", [1, 2])
def test_camvid_counts(weightcalc, data, jobs):
    """Pixels and masks of each class are those of the published masks, exactly."""
    result = weightcalc("count", data / FOLDER, "-n", 12, "-j", jobs)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [entry["pixels"] for entry in result.json["classes"]] == PIXELS
    assert [entry["masks"] for entry in result.json["classes"]] == MASKS
    assert (result.json["masks"], result.json["pixels"]) == (367, 367 * 480 * 360)
    assert sum(PIXELS) == 367 * 480 * 360


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-m median-frequency -n 12 --zero 11", SEGNET),
        ("-n 12 --zero 11", SEGNET),
        ("-n 12 --ignore-index 11", PUBLISHED),
        ("-n 12 --ignore-index 11 --denominator published", PUBLISHED),
        ("-n 12 --ignore-index 11 --denominator labelled", LABELLED),
    ],
)
def test_camvid_weights(weightcalc, data, options, expected):
    """The published weights come out to 4 decimals, the void class last with 0.0, in silence."""
    result = weightcalc("weights", data / FOLDER, *options.split())
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.json == pytest.approx([*expected, 0.0], abs=5.1e-5, rel=0)


def test_camvid_by_counts_file(weightcalc, data, tmp_path):
    """A counts file gives the weights that its masks give, to the last bit."""
    counts = tmp_path / "counts.json"
    assert weightcalc("count", data / FOLDER, "-n", 12, "-o", counts).exit_code == 0
    saved = weightcalc("weights", counts, "--zero", 11)
    assert saved.stdout == weightcalc("weights", data / FOLDER, "-n", 12, "--zero", 11).stdout
