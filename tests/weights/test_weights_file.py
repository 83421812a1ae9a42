"""What comes out: layouts, formats, files that are whole or not there, exit codes."""

import csv
import errno
import io
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
import tomllib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.one_mask import BALANCED

from weightcalc import OutputError, __version__, write_weights
from weightcalc.files.atomic import replacing, write_file
from weightcalc.weights.weights_file import LAYOUTS, WRITERS


def names_in(folder):
    """Names of all that is in a folder, hidden files included."""
    return sorted(os.listdir(folder))


def read_csv(data):
    """Rows of a CSV text."""
    return list(csv.reader(io.StringIO(data.decode())))


HEAD = ["class", "weight"]
EXPECTED = {
    ("json", "list"): (json.loads, BALANCED),
    ("json", "dict"): (json.loads, {"0": 0.5, "1": 2.0, "2": 2.0}),
    ("json", "named"): (json.loads, {"road": 0.5, "sky": 2.0, "car": 2.0}),
    ("yaml", "list"): (yaml.safe_load, BALANCED),
    ("yaml", "dict"): (yaml.safe_load, {0: 0.5, 1: 2.0, 2: 2.0}),
    ("yaml", "named"): (yaml.safe_load, {"road": 0.5, "sky": 2.0, "car": 2.0}),
    ("pickle", "list"): (pickle.loads, BALANCED),
    ("pickle", "dict"): (pickle.loads, {0: 0.5, 1: 2.0, 2: 2.0}),
    ("pickle", "named"): (pickle.loads, {"road": 0.5, "sky": 2.0, "car": 2.0}),
    ("npy", "list"): (lambda data: np.load(io.BytesIO(data)).tolist(), BALANCED),
    ("csv", "list"): (read_csv, [HEAD, ["0", "0.5"], ["1", "2.0"], ["2", "2.0"]]),
    ("csv", "named"): (read_csv, [HEAD, ["road", "0.5"], ["sky", "2.0"], ["car", "2.0"]]),
    ("json", "report"): (lambda data: json.loads(data)["weights"], BALANCED),
    ("yaml", "report"): (lambda data: yaml.safe_load(data)["weights"], BALANCED),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("format_", WRITERS)
def test_format_and_layout(weightcalc, balanced_mask, format_, layout):
    """Each pair is what the table says, and a pair that is not in it is a usage error."""
    result = weightcalc("weights", *balanced_mask, "-f", format_, "--layout", layout)
    if (format_, layout) in EXPECTED:
        read, expected = EXPECTED[format_, layout]
        assert (result.exit_code, result.stderr) == (0, "")
        assert read(result.stdout) == expected
    else:
        assert (result.exit_code, result.stdout) == (2, b"")
        assert f"{format_} has no layout {layout}" in result.stderr


def test_pickle_without_numpy(weightcalc, balanced_mask):
    """A pickle has protocol 4 and loads where NumPy cannot be imported."""
    weightcalc("weights", *balanced_mask, "-o", "w.pickle", "--layout", "dict")
    assert Path("w.pickle").read_bytes()[:2] == b"\x80\x04"
    code = "import sys; sys.modules['numpy'] = None; import pickle; "
    code += "w = pickle.load(open('w.pickle', 'rb')); print(w, {type(x) for x in w.values()})"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert loaded == "{0: 0.5, 1: 2.0, 2: 2.0} {<class 'float'>}\n"


def test_npy_is_float32(weightcalc, balanced_mask):
    """A .npy file holds float32, which frameworks compute in."""
    weightcalc("weights", *balanced_mask, "-o", "w.npy")
    array = np.load("w.npy", allow_pickle=False)
    assert (array.dtype, array.shape) == (np.float32, (3,))


@pytest.mark.parametrize(
    ("format_", "endings"),
    [
        ("json", " .json .JSON"),
        ("yaml", ".yaml .yml"),
        ("pickle", ".pickle .pkl"),
        *(("npy", ".npy"), ("csv", ".csv")),
    ],
)
def test_format_by_ending(weightcalc, balanced_mask, format_, endings):
    """The ending of -o chooses the format; stdout stays empty."""
    read, expected = EXPECTED[format_, "list"]
    for ending in endings.split(" "):
        assert weightcalc("weights", *balanced_mask, "-o", f"w{ending}") == (0, b"", "")
        assert read(Path(f"w{ending}").read_bytes()) == expected


def test_unknown_ending(weightcalc, balanced_mask):
    """An ending of no format is refused with the option that settles it, and -f settles it."""
    refused = weightcalc("weights", *balanced_mask, "-o", "w.txt")
    assert (refused.exit_code, refused.stdout) == (2, b"")
    assert "w.txt: no format has the ending .txt" in refused.stderr
    assert "-f json" in refused.stderr
    assert weightcalc("weights", *balanced_mask, "-o", "w.txt", "-f", "csv").exit_code == 0
    assert read_csv(Path("w.txt").read_bytes()) == EXPECTED["csv", "list"][1]


@pytest.mark.parametrize("ending", [".pt", ".pth", ".toml"])
def test_formats_that_two_lines_make(weightcalc, balanced_mask, ending):
    """A format that needs PyTorch or a key is refused by -o and by -f, with two lines that make it."""
    for options in (["-o", f"w{ending}"], ["-f", ending[1:]], ["-o", f"w{ending}", "-f", "json"]):
        refused = weightcalc("weights", *balanced_mask, *options)
        assert (refused.exit_code, refused.stdout) == (2, b"")
        assert len(lines_to_paste(refused.stderr)) == 2
    assert not Path(f"w{ending}").exists()


def lines_to_paste(text):
    """The indented lines of a message."""
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def test_two_lines_make_toml(weightcalc, balanced_mask):
    """The lines for TOML, pasted into a shell, write a file that TOML readers take."""
    code = "\n".join(lines_to_paste(weightcalc("weights", *balanced_mask, "-o", "w.toml").stderr))
    code = code.replace("weightcalc weights masks/", f"echo '{json.dumps(BALANCED)}'")
    subprocess.run(["sh", "-ec", code], check=True)
    assert tomllib.loads(Path("weights.toml").read_text()) == {"class_weights": BALANCED}


@pytest.mark.parametrize(("format_", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_key(weightcalc, balanced_mask, format_, read):
    """--key puts the result under names, as configurations want it, in every layout but a report."""
    options = [*balanced_mask, "-f", format_, "--key", "loss.weight"]
    assert read(weightcalc("weights", *options).stdout) == {"loss": {"weight": BALANCED}}
    named = read(weightcalc("weights", *options, "--layout", "named").stdout)
    assert named["loss"]["weight"]["sky"] == 2.0


@pytest.mark.parametrize(
    "options",
    [
        ["--key", "a", "-f", "csv"],
        ["--key", "a", "-o", "w.npy"],
        ["--key", "a", "-f", "pickle"],
        ["--key", "a", "--layout", "report"],
        ["--key", ""],
        ["--key", "a..b"],
        ["--key", ".a"],
    ],
)
def test_key_that_does_not_fit(weightcalc, balanced_mask, options):
    """A key is refused before masks are read where the format or layout has no place for it."""
    refused = weightcalc("weights", "no-masks-here", *balanced_mask[1:], *options)
    assert (refused.exit_code, refused.stdout) == (2, b"")
    assert "--key" in refused.stderr
    assert "no-masks-here" not in refused.stderr


def test_key_in_python(tmp_path):
    """`write_weights` nests as --key does."""
    write_weights([0.5, 2.0], tmp_path / "w.json", key="loss.weight")
    assert json.loads((tmp_path / "w.json").read_text()) == {"loss": {"weight": [0.5, 2.0]}}
    with pytest.raises(OutputError, match="npy has no keys"):
        write_weights([0.5, 2.0], tmp_path / "w.npy", key="loss.weight")


@pytest.mark.parametrize(
    ("digits", "expected"), [([], 4 / 9996), (["--digits", 1], 4e-4), (["--digits", 5], 4.0016e-4)]
)
def test_digits(weightcalc, save_mask, digits, expected):
    """--digits rounds to significant digits: a small weight does not become 0."""
    mask = save_mask([np.repeat([0, 1], [9996, 4])], "m.npy")
    # pos-weight of class 0: 4 / 9996 = 0.000400160
    assert weightcalc("weights", mask, "-m", "pos-weight", *digits).json[0] == expected


def test_named_without_names(weightcalc, balanced_mask):
    """A layout of names needs names, and says which option gives them."""
    result = weightcalc("weights", *balanced_mask[:3], "--layout", "named")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "--classes" in result.stderr


def test_report(weightcalc, balanced_mask):
    """A report holds all that is needed to make its weights again."""
    options = ["-m", "enet", "-p", "c=1.1", "--zero", "car", "--normalize", "max", "--clip", "1:9"]
    report = weightcalc("weights", *balanced_mask, *options, "--layout", "report").json
    assert report["names"] == ["road", "sky", "car"]
    assert report["method"] == "enet"
    assert report["parameters"] == {"c": 1.1}
    chosen = {"zero": [2], "absent": "zero", "normalize": "max", "clip": [1, 9]}
    assert report["options"] == chosen | {"denominator": "published", "digits": None}
    assert report["version"] == __version__
    Path("counts.json").write_text(json.dumps(report["counts"]))
    again = weightcalc("weights", "counts.json", *options).json
    assert again == report["weights"]
    assert again[1:] == [1, 0]


def test_mode_is_kept_and_links_are_followed(tmp_path):
    """A file that is written anew keeps its mode, and a link stays a link."""
    target, link = tmp_path / "w.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to("w.json")
    write_weights(BALANCED, str(link))
    assert json.loads(target.read_text()) == BALANCED
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert names_in(tmp_path) == ["link.json", "w.json"]


def test_fifo_is_written_straight(tmp_path):
    """A FIFO is written to, not replaced."""
    fifo = tmp_path / "w.json"
    os.mkfifo(fifo)
    received = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()))
    reader.start()
    write_weights(BALANCED, str(fifo))
    reader.join(10)
    assert received == [b"[0.5, 2.0, 2.0]\n"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_exception_leaves_the_old_file(tmp_path):
    """After an exception the old file is whole and nothing else is there."""
    target = tmp_path / "w.json"
    target.write_text("old")
    with suppress(KeyboardInterrupt), replacing(str(target)) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["w.json"]


def test_stale_temporary_file(tmp_path):
    """The temporary file of a dead run is removed, that of a living one is not."""
    target = tmp_path / "w.json"
    with replacing(str(target)) as file:
        (temporary,) = names_in(tmp_path)
        write_file(str(target), b"other")
        assert names_in(tmp_path) == sorted([temporary, "w.json"])
        file.write(b"mine")
    assert (target.read_bytes(), names_in(tmp_path)) == (b"mine", ["w.json"])
    (tmp_path / temporary).write_text("of a dead run")
    (tmp_path / ".w.json.swp").write_text("of an editor")
    write_file(str(target), b"new")
    assert names_in(tmp_path) == [".w.json.swp", "w.json"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [(".", errno.EISDIR), ("/dev/full", errno.ENOSPC)],
)
def test_output_cannot_be_written(weightcalc, balanced_mask, output, reason):
    """An output that cannot be written is an error of that name and reason."""
    result = weightcalc("weights", *balanced_mask, "-f", "json", "-o", output)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert result.stderr == f"error: {output}: {os.strerror(reason)}\n"


@pytest.mark.parametrize("output", ["no/w.json", "s3://bucket/w.json"])
def test_no_place_for_an_output(weightcalc, balanced_mask, tmp_path, output):
    """A folder that is not there and a URL are refused before a mask is read."""
    (tmp_path / "broken.png").write_bytes(b"")
    result = weightcalc("weights", tmp_path, "-o", output)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert output in result.stderr
    assert "broken.png" not in result.stderr
