"""Refuse, don't guess: each refusal names the file, the value and the option that settles it."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.png_writer import GREY, PALETTE, RGBA, write_png

from weightcalc import SourceError, list_masks

GOLDEN = Path(__file__).parents[1] / "data" / "counts-1.json"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
CUT = write_png([[0, 1]] * 9)[:-30]


def rgb(*pixels):
    """A colour mask of one row."""
    return np.array([pixels], np.uint8)


def jpeg(tmp_path):
    """The bytes of a grey JPEG that holds 128 everywhere, which survives the compression."""
    Image.new("L", (8, 8), 128).save(tmp_path / "new.jpg")
    return (tmp_path / "new.jpg").read_bytes()


INT8 = np.array([[-1, -1, 0]], np.int8)
REFUSALS = {
    "value outside -n": (
        {"m/a.png": [[0, 9, 9]], "m/b.png": [[9, 200]]},
        "m -n 3",
        [
            "value 9 (3 pixels in 2 masks, one is m/a.png)",
            "value 200 (1 pixel in 1 mask m/b.png)",
            *("0 to 2", "--ignore-index 9", "--map 9:CLASS"),
        ],
    ),
    "255 outside -n": (
        {"a.png": [[0, 255, 255]]},
        "a.png -n 2",
        ["a.png", "value 255 (2 pixels", "--ignore-index 255", "--map 255:1"],
    ),
    "255 without -n": (
        {"a.png": [[0, 255, 255]]},
        "a.png",
        ["a.png", "value 255 (2 pixels", "binary", "--map 255:1", "--ignore-index 255"],
    ),
    "300 without -n": (
        {"a.png": np.array([[0, 300]], np.uint16)},
        "a.png",
        ["value 300 (1 pixel in 1 mask a.png)", "--ignore-index 300", "--map 300:1"],
    ),
    "negative": (
        {"a.npy": INT8},
        "a.npy",
        ["value -1 (2 pixels in 1 mask a.npy)", "--ignore-index -1", "--map -1:CLASS"],
    ),
    "ambiguous": (
        {"a.png": [[0, 1, 1, 7]]},
        "a.png --map 7:1",
        ["value 1 (2 pixels in 1 mask a.png)", "--map 1:1", "--ignore-index 1"],
    ),
    "in a stack": (
        {"a.npy": np.array([np.zeros((5, 5)), np.full((5, 5), 9)], np.uint8)},
        "a.npy -n 3 --encoding index",
        ["value 9 (25 pixels in 1 mask a.npy[1])"],
    ),
    "short last axis": (
        {"a.npy": np.full((9, 9, 4), 7, np.uint8)},
        "a.npy",
        ["a.npy", "(9, 9, 4)", "--encoding index", "one-hot", "multilabel"],
    ),
    "only 0 and 1": (
        {"a.npy": np.ones((3, 9, 9), np.uint8)},
        "a.npy",
        ["a.npy", "(3, 9, 9)", "only 0 and 1", "--encoding index", "one-hot", "multilabel"],
    ),
    "four axes": (
        {"a.npy": np.zeros((2, 3, 4, 5), np.uint8)},
        "a.npy",
        ["a.npy", "(2, 3, 4, 5)", "--encoding one-hot"],
    ),
    "floats": ({"a.npy": np.array([[0, 0.5]])}, "a.npy", ["a.npy", "0.5"]),
    "objects": (
        {"a.npy": np.array([[None, {}]], object)},
        "a.npy",
        ["a.npy", "pickled"],
    ),
    "colours as index": (
        {"a.png": rgb((0, 0, 0), (255, 0, 0), (255, 0, 0))},
        "a.png",
        ["a.png", "(255, 0, 0)", "--encoding color", "--classes"],
    ),
    "changing alpha": (
        {"a.png": write_png([[(1, 1, 1, 9), (1, 1, 1, 255)]], RGBA)},
        "a.png",
        ["a.png", "alpha", "9, 255"],
    ),
    "two modes": (
        {"m/a.png": [[0, 1]], "m/b.png": [[1, 1]], "m/c.png": write_png([[0, 1]], PALETTE)},
        "m",
        ["grey (2, one is m/a.png)", "palette (1, one is m/c.png)", "--include"],
    ),
    "ids beside train ids": (
        {f"m/{n}_gtFine_{kind}.png": [[0]] for n in "ab" for kind in ("labelIds", "labelTrainIds")},
        "m",
        ["_labelIds.png", "_labelTrainIds.png", "m/a_gtFine_label", "--include"],
    ),
    "ids beside train ids of one scene": (
        {"m/a_labelIds.png": [[0]], "m/a_labelTrainIds.png": [[0]]},
        "m",
        ["_labelIds.png", "_labelTrainIds.png", "--include"],
    ),
    "two folders": (
        {f"m/Segmentation{end}/{n}.png": [[0]] for n in "xyz" for end in ("Class", "Object")},
        "m",
        ["SegmentationClass", "SegmentationObject", "--include"],
    ),
    "Git LFS": ({"a.png": LFS_POINTER}, "a.png", ["a.png", "Git LFS", "git lfs pull"]),
    "Git LFS for .npy": ({"a.npy": LFS_POINTER}, "a.npy", ["a.npy", "Git LFS"]),
    "empty file": ({"a.png": b""}, "a.png", ["a.png", "empty"]),
    "a text": ({"a.png": b"hello"}, "a.png", ["a.png", "hello"]),
    "missing file": ({"a.png": [[0]]}, "a.png b.png", ["b.png: no such file", "a.png"]),
    "too many pixels": (
        {"a.png": [[0] * 9]},
        "a.png --max-pixels 8",
        ["a.png", "9 x 1", "--max-pixels"],
    ),
    "too many bytes": ({"a.png": [[0] * 9]}, "a.png --max-bytes 8", ["a.png", "--max-bytes"]),
    "empty folder": ({"m/.hidden.png": [[0]], "m/a.txt": b""}, "m", ["no masks in m", "1 hidden"]),
    "folder of texts": ({"m/a.txt": b"", "m/b.md": b""}, "m", ["no masks in m", "2 files", ".png"]),
    "glob without a match": ({"a.png": [[0]]}, "b*.png", ["b*.png: no file matches"]),
    "nothing included": ({"m/a.png": [[0]]}, "m --include b*", ["--include", "1 mask of m"]),
    "empty list": ({"l.txt": b"# none\n\n"}, "--files-from l.txt", ["no masks in l.txt"]),
    "no list": ({}, "--files-from l.txt", ["l.txt: No such file"]),
    "list of three columns": (
        {"l.txt": b"a.png b.png c.png\n"},
        "--files-from l.txt",
        ["line 1", "a.png b.png c.png", "--null"],
    ),
    "--root without a list": ({}, "m --root m", ["--files-from"]),
    "no source": ({}, "", ["--files-from"]),
}


@pytest.mark.parametrize(("files", "arguments", "named"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.filterwarnings("ignore:pickle")
def test_refusal(refused, files, arguments, named):
    """Data with two common readings is refused, with all that is needed to choose one."""
    stderr = refused(files, *arguments.split())
    assert [text for text in named if text not in stderr] == []


SETTLED = {
    "255 ignored": ({"a.png": [[0, 255]]}, "a.png --ignore-index 255", {0: 1}),
    "255 mapped": ({"a.png": [[0, 255]]}, "a.png --map 255:1", {0: 1, 1: 1}),
    "negative ignored": ({"a.npy": INT8}, "a.npy --ignore-index -1", {0: 1}),
    "negative mapped": ({"a.npy": INT8}, "a.npy --map -1:3", {0: 1, 3: 2}),
    "stack": ({"a.npy": np.ones((3, 9, 9), np.uint8)}, "a.npy --encoding index", {1: 243}),
    "stack under auto": ({"a.npy": np.full((2, 9, 9), 5, np.uint8)}, "a.npy", {5: 162}),
    "grey in three samples": (
        {"a.png": rgb((4, 4, 4), (7, 7, 7), (7, 7, 7))},
        "a.png",
        {4: 1, 7: 2},
    ),
    "constant alpha": ({"a.png": write_png([[(3, 3, 3, 9), (3, 3, 3, 9)]], RGBA)}, "a.png", {3: 2}),
    # by index, though the colour of index 1 is (1, 254, 7)
    "palette": (
        {"a.png": write_png([[0, 1, 1, 200]], PALETTE)},
        "a.png -n 201",
        {0: 1, 1: 2, 200: 1},
    ),
    "palette of 4 bits": ({"a.png": write_png([[0, 9, 9]], PALETTE, 4)}, "a.png", {0: 1, 9: 2}),
    # samples as they are stored, where Pillow scales to 0..255
    "grey of 1 bit": ({"a.png": write_png([[0, 1, 1]], GREY, 1)}, "a.png", {0: 1, 1: 2}),
    "grey of 2 bits": (
        {"a.png": write_png([[0, 1, 3, 3, 2]], GREY, 2)},
        "a.png",
        {0: 1, 1: 1, 2: 1, 3: 2},
    ),
    "grey of 4 bits": ({"a.png": write_png([[1, 15, 15]], GREY, 4)}, "a.png", {1: 1, 15: 2}),
    "grey of 16 bits": (
        {"a.png": write_png([[257, 2, 2]], GREY, 16)},
        "a.png -n 300",
        {2: 2, 257: 1},
    ),
    "one mode by --include": (
        {"m/a.png": [[0, 1]], "m/c.png": write_png([[0, 1]], PALETTE)},
        "m --include a*",
        {0: 1, 1: 1},
    ),
    "both modes by --encoding": (
        {"m/a.png": [[0, 1]], "m/c.png": write_png([[0, 1]], PALETTE)},
        "m --encoding index",
        {0: 2, 1: 2},
    ),
    "ids by --include": (
        {"m/a_labelIds.png": [[7]], "m/a_labelTrainIds.png": [[0]]},
        "m --include *_labelTrainIds.png",
        {0: 1},
    ),
    "train ids out by --exclude": (
        {"m/a_labelIds.png": [[7]], "m/a_labelTrainIds.png": [[0]]},
        "m --exclude *TrainIds.png",
        {7: 1},
    ),
    "numbers are no endings": ({f"m/a_{i}.png": [[0]] for i in range(3)}, "m", {0: 3}),
    "list of two columns": (
        {"m/a.png": [[3]], "l.txt": b"/x/i.jpg /m/a.png\n"},
        "--files-from l.txt --root .",
        {3: 1},
    ),
    "list of stems": (
        {"m/a.png": [[3]], "l.txt": b"a\n"},
        "--files-from l.txt --root m --suffix .png",
        {3: 1},
    ),
}


@pytest.mark.parametrize(("files", "arguments", "pixels"), SETTLED.values(), ids=SETTLED)
def test_settled(counted, files, arguments, pixels):
    """Where there is one reading, or an option chose one, masks are counted in silence."""
    assert counted(files, *arguments.split()) == (pixels, "")


def test_list_masks_refuses_several_kinds(folder):
    """The library refuses a folder of several kinds of masks as the command line does."""
    folder({f"m/{n}_{kind}.png": [[0]] for n in "ab" for kind in ("labelIds", "labelTrainIds")})
    with pytest.raises(SourceError, match="_labelIds"):
        list_masks("m")
    chosen = [os.path.join("m", f"{n}_labelIds.png") for n in "ab"]
    assert list_masks("m", include=["*_labelIds.png"]) == chosen


def test_jpeg(refused, counted, tmp_path):
    """A JPEG is refused under any name, and counted where that is asked for."""
    picture = jpeg(tmp_path)
    for name in ("a.jpg", "b.jpeg", "c.png"):
        stderr = refused({name: picture}, name)
        assert f"{name}: JPEG is lossy" in stderr
        assert "--allow-lossy" in stderr
    assert counted({}, "a.jpg", "--allow-lossy", "-n", 129) == ({128: 64}, "")


UNREADABLE = {"m/a.png": [[0, 1]], "m/b.png": CUT, "m/c.png": b"", "m/d.png": LFS_POINTER}


@pytest.mark.parametrize("jobs", [1, 2])
def test_unreadable_masks(refused, tmp_path, jobs):
    """All unreadable masks are listed with reasons, and no file is touched."""
    (tmp_path / "w.json").write_text("old")
    stderr = refused(UNREADABLE, "m", "-o", "w.json", "-j", jobs)
    for name, reason in [("b", "ends"), ("c", "empty"), ("d", "Git LFS")]:
        assert re.search(rf"^(error: )?m/{name}\.png: .*{reason}", stderr, re.MULTILINE)
    assert "3 of 4 files cannot be read" in stderr
    assert "--on-error skip" in stderr
    assert (tmp_path / "w.json").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["m", "w.json"]


def test_unreadable_masks_leave_no_lines(weightcalc, folder, tmp_path):
    """--per-mask and -o keep their old contents when a mask cannot be read."""
    folder(UNREADABLE | {"lines": b"old", "c.json": b"old"})
    assert weightcalc("count", "m", "--per-mask", "lines", "-o", "c.json").exit_code == 2
    assert (tmp_path / "lines").read_text() == (tmp_path / "c.json").read_text() == "old"


def test_on_error_skip(weightcalc, folder):
    """--on-error skip leaves unreadable masks out, says so for each, and writes."""
    folder(UNREADABLE)
    result = weightcalc("weights", "m", "-m", "balanced", "--on-error", "skip")
    assert (result.exit_code, result.stdout) == (0, b"[1.0, 1.0]\n")
    assert [name for name in "bcd" if f"warning: m/{name}.png: " not in result.stderr] == []
    assert "warning: 3 of 4 files cannot be read and are left out" in result.stderr


def test_nothing_readable(refused):
    """Without a readable mask there is nothing to skip to."""
    stderr = refused({"a.png": CUT}, "a.png", "--on-error", "skip")
    assert "none of 1 files can be read" in stderr


def test_absent_class(weightcalc, folder):
    """An absent class weighs 0 with a warning that names it; --absent error is an error."""
    folder({"a.png": [[0, 0, 2]], "names.txt": b"road\nsky\ncar\nbus"})
    result = weightcalc("weights", "a.png", "-c", "names.txt", "-m", "balanced")
    assert result.json == [0.75, 0.0, 1.5, 0.0]
    assert result.stderr == "warning: no mask holds class sky, bus: weight 0 (--absent zero)\n"
    quiet = weightcalc("weights", "a.png", "-c", "names.txt", "-m", "balanced", "-q")
    assert (quiet.json, quiet.stderr) == (result.json, "")
    error = weightcalc("weights", "a.png", "-c", "names.txt", "--absent", "error")
    assert (error.exit_code, error.stdout) == (2, b"")
    assert "no mask holds class sky, bus" in error.stderr
    assert "--absent" in error.stderr


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ("weights m/b -o m/b", "m/b"),
        ("count m/b -o ./m/../m/b", "m/b"),
        ("count m --per-mask m/a.png", "m/a.png"),
        ("count m -o link", "m/a.png"),
        ("weights m -o link.json", "m/a.png"),
        ("weights mask -o mask", "mask"),
        ("weights c.json -o c.json", "c.json"),
        ("count c.json m -o c.json", "c.json"),
        ("weights m -c names.json -o names.json", "names.json"),
        ("weights --files-from list -o list", "list"),
    ],
)
def test_output_is_an_input(weightcalc, folder, tmp_path, arguments, output):
    """A file that is read is never written over, by whatever name."""
    one = write_png([[0]])
    folder(
        {
            "m/a.png": one,
            "m/b": one,
            "mask": one,
            "c.json": GOLDEN.read_bytes(),
            "list": b"m/a.png\n",
        }
    )
    folder({"names.json": b'["sky"]'})
    (tmp_path / "link").symlink_to("m/a.png")
    (tmp_path / "link.json").symlink_to("m/a.png")
    before = (tmp_path / output).read_bytes()
    result = weightcalc(*arguments.split())
    assert (tmp_path / output).read_bytes() == before
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "is an input" in result.stderr


def test_two_outputs_in_one_file(weightcalc, folder, tmp_path):
    """Two results do not go to one file."""
    folder({"a.png": [[0]]})
    result = weightcalc("count", "a.png", "-o", "out", "--per-mask", "./out")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--jobs 0", "--jobs"),
        ("--encoding grey", "--encoding.*'grey'"),
        ("--on-error retry", "--on-error"),
        ("--max-pixels many", "--max-pixels"),
        ("--max-pixels 2**x", "--max-pixels"),
        ("--max-pixels 2**34", "--max-pixels.*16G"),
        ("--color red", "--color"),
        ("-n many", "--num-classes"),
        ("-f xml", "--format"),
        ("--layout tree", "--layout"),
        ("--digits 0", "--digits"),
        ("--colour never", "--colour"),
    ],
)
def test_bad_option(refused, arguments, named):
    """A bad value of an option is refused with the option named."""
    assert re.search(named, refused({"a.png": [[0, 1]]}, "a.png", *arguments.split()))


@pytest.mark.parametrize("ending", [".csv", ".json", ".txt", ".PARQUET"])
def test_per_mask_is_no_other_format(weightcalc, folder, tmp_path, ending):
    """--per-mask writes JSON lines, and no file whose ending says another format."""
    folder({"a.png": [[0, 1]]})
    result = weightcalc("count", "a.png", "--per-mask", f"lines{ending}", "-o", "c.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert ".jsonl" in result.stderr.partition("hint:")[2]
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
