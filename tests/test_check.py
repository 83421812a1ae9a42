"""`weightcalc check`: each rule, settings and where they come from, and exit codes."""

import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weightcalc import ClassCounts, counting, kernels, mask_pixels, set_rules, splits
from weightcalc.check_rules import RULES
from weightcalc.findings import MOST_KEPT, Finding, Findings, Settings
from weightcalc.mask_pixels import share_on_borders

# Three masks of 8 x 4, of 16, 10, 6; 16, 12, 4; and 16, 8, 8 pixels of road, sky and car.
ROWS = [[0, 0, 0, 0, 1, 1, 2, 1]] * 2 + [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
OTHER = [[0, 0, 0, 0, 1, 1, 2, 1]] * 4
THIRD = [[0, 0, 0, 0, 1, 2, 2, 1]] * 2 + [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
PIXELS = [48, 30, 18]
NAMES = "road\nsky\ncar\n"


@pytest.fixture
def clean(save_mask, tmp_path, monkeypatch):
    """A folder where nothing is wrong: masks, images, another split, a baseline, weights."""
    monkeypatch.chdir(tmp_path)
    for name, rows in (("a", ROWS), ("b", OTHER), ("c", THIRD)):
        save_mask(rows, f"masks/{name}.png")
        save_mask(np.zeros((4, 8, 3)), f"images/{name}.jpg")
    save_mask([[2, 2, 2, 0]], "val/a.png")
    save_mask([[0, 0]], "val/background.png")
    (tmp_path / "names.txt").write_text(NAMES)
    # balanced: 96 / (3 * [48, 30, 18])
    (tmp_path / "weights.json").write_text("[0.66666667, 1.0666667, 1.7777778]")
    (tmp_path / "baseline.json").write_text(json.dumps(counts_of(PIXELS).to_dict()))
    return tmp_path


def counts_of(pixels):
    """Counts of one mask of these pixels."""
    counts = ClassCounts()
    row = [c for c, number in enumerate(pixels) for _ in range(number)]
    counts.add_mask(np.array([row]))
    return counts


ALL = [
    *("masks", "-c", "names.txt", "--images", "images", "--against", "val"),
    *("--baseline", "baseline.json", "--weights", "weights.json", "-m", "balanced"),
    *("--min-masks", 3, "--min-pixels", 18, "--max-imbalance", 2.7, "--max-ignored", 0),
]


@pytest.fixture
def check(weightcalc):
    """A function that runs the check and gives its exit code and findings."""

    def check(*arguments):
        result = weightcalc("check", *arguments, "-f", "json")
        assert result.exit_code in (0, 1), result.stderr
        found = result.json["findings"]
        return result.exit_code, {(f["rule"], where(f)): f["message"] for f in found}

    return check


def where(finding):
    """The mask or the class of a finding, or nothing."""
    return finding.get("mask", finding.get("name", finding.get("class")))


def test_clean(clean, check, weightcalc):
    """A clean set has no finding, whatever is compared, and exits 0."""
    assert check(*ALL) == (0, {})
    rules = weightcalc("check", *ALL, "-f", "json").json["rules"]
    assert list(rules) == list(RULES)
    assert all(rule["tried"] for rule in rules.values())


def truncate(folder):
    """Cut the end of a mask off."""
    path = folder / "masks/a.png"
    path.write_bytes(path.read_bytes()[:-30])


def lossy(folder):
    """Put a JPEG under the name of a mask."""
    Image.fromarray(np.array(ROWS, np.uint8)).save(folder / "masks/a.png", "JPEG")


def palette(folder):
    """Save a mask as a palette image, with the same indices."""
    image = Image.fromarray(np.array(ROWS, np.uint8)).convert("P")
    image.putdata(np.array(ROWS, np.uint8).ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(folder / "masks/a.png")


def in_color(folder):
    """Save a mask in colours."""
    Image.new("RGB", (8, 4), (1, 2, 3)).save(folder / "masks/a.png")


def trailing(folder):
    """Let bytes follow the end of a mask."""
    with (folder / "masks/a.png").open("ab") as file:
        file.write(b"more")


def value(folder):
    """Give two pixels of a mask a value of no class; the counts change, so weights too."""
    rows = np.array(ROWS, np.uint8)
    rows[0, 0:2] = 9
    Image.fromarray(rows).save(folder / "masks/a.png")


def pointer(folder):
    """Put what Git LFS leaves in place of a mask."""
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    (folder / "masks/a.png").write_text(text)


def small_image(folder):
    """Make an image of as many pixels, but with its sides swapped."""
    Image.new("RGB", (4, 8)).save(folder / "images/a.jpg")


def turned_image(folder):
    """Make such an image, which EXIF turns on its side."""
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (4, 8)).save(folder / "images/a.jpg", exif=exif)


def no_image(folder):
    """Remove an image."""
    (folder / "images/b.jpg").unlink()


def no_mask(folder):
    """Add an image."""
    Image.new("RGB", (8, 4)).save(folder / "images/d.jpg")


def copied(folder):
    """Copy a mask into the other split, under another name."""
    (folder / "val/z.png").write_bytes((folder / "masks/b.png").read_bytes())


def recoded(folder):
    """Save a mask in the other split, in other bytes."""
    Image.fromarray(np.array(OTHER, np.uint8)).save(folder / "val/z.png", compress_level=0)


def stale(folder):
    """Change one weight beyond what its digits allow."""
    (folder / "weights.json").write_text("[0.66666667, 1.0666667, 1.7777781]")


def short(folder):
    """Drop a weight."""
    (folder / "weights.json").write_text("[0.667, 1.07]")


def moved(folder):
    """Have a baseline of other shares: 60, 18, 18 of 96."""
    (folder / "baseline.json").write_text(json.dumps(counts_of([60, 18, 18]).to_dict()))


# What is done to the clean set, options, and the only finding: rule, place, part of its text.
BROKEN = [
    (truncate, [], "unreadable", "masks/a.png", "it ends inside its IDAT chunk"),
    (pointer, [], "lfs-pointer", "masks/a.png", "a Git LFS pointer"),
    (lossy, [], "lossy", "masks/a.png", "JPEG is lossy"),
    (palette, [], "wrong-kind", "masks/a.png", "palette, where 2 of 3 masks are grey"),
    (in_color, [], "wrong-kind", "masks/a.png", "pixel (1, 2, 3) (32 pixels) is no index"),
    (trailing, [], "odd-file", "masks/a.png", "bytes follow its end (IEND)"),
    (value, [], "unknown-value", "masks/a.png", "value 9 (2 pixels)"),
    (None, ["--min-masks", 4], "rare-class", "road", "in 3 masks, fewer than 4"),
    (None, ["--min-pixels", 19], "rare-class", "car", "18 pixels, fewer than 19"),
    # 48 / 18
    (None, ["--max-imbalance", 2.6], "imbalance", "car", "2.66667 times as many, above 2.6"),
    (small_image, [], "image-size", "masks/a.png", "8 x 4, but images/a.jpg is 4 x 8"),
    (turned_image, [], "image-size", "masks/a.png", "is 4 x 8, turned on its side by EXIF"),
    (no_image, [], "image-missing", "masks/b.png", "no image in images has its stem"),
    (no_mask, [], "mask-missing", "images/d.jpg", "this image has no mask"),
    (copied, [], "split-leak", "masks/b.png", "the same mask as val/z.png"),
    (recoded, [], "split-leak", "masks/b.png", "the same mask as val/z.png"),
    (stale, [], "stale-weights", "car", "1.7777781 in the file, 1.7777778 by these masks"),
    (short, [], "stale-weights", None, "2 weights do not fit these 3 classes"),
    # half of |48 - 60| + |30 - 18| + 0, of 96
    (moved, [], "drift", None, "total variation distance 0.125 from the baseline is above 0.05"),
]


@pytest.mark.parametrize(
    ("damage", "options", "rule", "place", "text"),
    BROKEN,
    ids=[f"{row[2]}-{row[0].__name__ if row[0] else row[1][0]}" for row in BROKEN],
)
def test_rule(clean, check, damage, options, rule, place, text):
    """A clean set that is broken in one way gives that finding, and its level the exit code."""
    if damage:
        damage(clean)
    arguments = ["--max-drift", 0.6] if damage in UNREAD else []
    code, found = check(*ALL, *arguments, *LENIENT.get(damage, []), *options)
    if options == ["--min-masks", 4]:  # breaks it for each of the three classes
        assert found.keys() == {(rule, name) for name in ("road", "sky", "car")}
    else:
        assert found.keys() == {(rule, place)}
    assert text in found[rule, place]
    assert code == (1 if RULES[rule].level == "error" else 0)


# Where a mask is missing from the counts, classes are rarer than the limits say.
UNREAD = (truncate, pointer, lossy, in_color)
LENIENT = {damage: ["--min-masks", 2, "--min-pixels", 1, "--max-imbalance", 9] for damage in UNREAD}


def test_class_never_seen(clean, check):
    """A class of the list that no mask holds is a warning; an id that the list skips is none."""
    Path("names.txt").write_text("0: road\n1: sky\n2: car\n4: dog\n")
    assert check("masks", "-c", "names.txt") == (
        0,
        {("class-never-seen", "dog"): "no mask holds it"},
    )


def test_class_never_seen_of_number(clean, check):
    """With a number of classes only, every id below it is a class."""
    assert check("masks", "-n", 4)[1].keys() == {("class-never-seen", None)}


def test_class_that_is_ignored(clean, check):
    """A class whose value is ignored is not missed."""
    assert check("masks", "-c", "names.txt", "--ignore-index", "car") == (0, {})


def test_unlabelled_mask(clean, check, save_mask):
    """A mask of ignored pixels only is a warning."""
    save_mask([[255] * 8] * 4, "masks/d.png")
    found = check("masks", "-n", 3, "--ignore-index", 255)
    assert found == (
        0,
        {("unlabelled-mask", "masks/d.png"): "none of its 32 pixels has a class"},
    )


@pytest.mark.parametrize(("limit", "code"), [("25%", 0), ("0.25", 0), ("0.2", 1), ("24.9%", 1)])
def test_ignored_pixels(clean, check, save_mask, limit, code):
    """Ignored pixels may be as many as the limit says, of the whole set: here 32 of 128."""
    save_mask([[255] * 8] * 4, "masks/d.png")
    arguments = ["masks", "-n", 3, "--ignore-index", 255, "--rule", "unlabelled-mask=off"]
    got, found = check(*arguments, "--max-ignored", limit)
    assert got == code
    texts = [text for (rule, _), text in found.items() if rule == "ignored-pixels"]
    assert all(text.startswith("32 of 128 pixels are ignored: 25%, above") for text in texts)
    assert len(texts) == code


COLORS = "road - 0 0 0\nsky - 200 0 0\n"


def save_colors(path, rows):
    """Save rows of reds as an RGB mask."""
    reds = np.array(rows, np.uint8)
    rest = np.zeros_like(reds)
    Image.fromarray(np.dstack([reds, rest, rest])).save(path)


@pytest.mark.parametrize(
    ("row", "blended"),
    [
        ([0, 0, 0, 0, 100, 200, 200, 200, 200], True),  # scaled smoothly
        ([0, 0, 0, 0, 250, 200, 200, 200, 200], False),  # a line of its own colour
        ([0, 0, 0, 0, 0, 0, 0, 100, 100], False),  # a region inside one class
    ],
)
def test_unknown_color(tmp_path, check, row, blended):
    """An unknown colour names the nearest class, and looks interpolated only between two."""
    save_colors(tmp_path / "a.png", [row] * 6)
    (tmp_path / "names.txt").write_text(COLORS)
    code, found = check(tmp_path, "-c", tmp_path / "names.txt", "--rule", "class-never-seen=off")
    (text,) = found.values()
    assert (code, list(found)) == (1, [("unknown-color", str(tmp_path / "a.png"))])
    assert "nearest to the first is" in text
    assert ("looks anti-aliased, interpolated or JPEG: 100% of these pixels" in text) is blended


def blobs():
    """A picture of three classes in large and small shapes, as an RGB image."""
    across, down = np.meshgrid(np.arange(160), np.arange(120))
    classes = np.where((across // 23 + down // 17) % 2, 1, 0)
    classes[(across - 80) ** 2 + (down - 60) ** 2 < 900] = 2
    return np.array([[128, 64, 128], [0, 0, 0], [60, 40, 222]], np.uint8)[classes]


def resized(scale, filter_):
    """The same in another size."""
    return Image.fromarray(blobs()).resize((int(160 * scale), int(120 * scale)), filter_)


def one_more_color():
    """The same, where black is nearly black: a class that nobody declared."""
    picture = blobs()
    picture[(picture == 0).all(axis=2)] = (1, 2, 3)
    return Image.fromarray(picture)


@pytest.mark.parametrize(
    ("picture", "name", "blended"),
    [
        (lambda: resized(1.4, Image.Resampling.BILINEAR), "a.png", True),
        (lambda: resized(0.6, Image.Resampling.LANCZOS), "a.png", True),
        (lambda: resized(4, Image.Resampling.NEAREST), "a.jpg", True),
        (one_more_color, "a.png", False),
    ],
    ids=["bilinear", "lanczos", "jpeg", "undeclared"],
)
def test_blended_pictures(tmp_path, check, picture, name, blended):
    """What scaling and JPEG invent is told from a colour that is missing in the class list."""
    (tmp_path / "names.txt").write_text("road - 128 64 128\nvoid - 0 0 0\ncar - 60 40 222\n")
    picture().save(tmp_path / name, quality=95)
    options = ["-c", tmp_path / "names.txt", "--encoding", "color", "--allow-lossy"]
    (text,) = check(tmp_path / name, *options)[1].values()
    assert ("looks anti-aliased, interpolated or JPEG" in text) is blended


@pytest.mark.parametrize(("middle", "blended"), [(5, True), (11, False)])
def test_unknown_value_between(clean, check, save_mask, middle, blended):
    """An unknown index between 2 and 8, on their border, looks interpolated; 11 does not."""
    save_mask([[2, 2, 2, 2, middle, 8, 8, 8]] * 6, "masks/d.png")
    _, found = check("masks", "--map", "8:1", "-c", "names.txt", "--rule", "class-never-seen=off")
    assert ("looks anti-aliased" in found["unknown-value", "masks/d.png"]) is blended


def test_border_analysis_is_bounded(clean, check, save_mask):
    """Of many masks with unknown values, 20 are read again; all are reported."""
    for number in range(25):
        save_mask([[2, 2, 2, 5, 8, 8, 8]] * 6, f"more/{number:02}.png")
    _, found = check("more", "-n", 3, "--map", "8:1", "--map", "0:0")
    texts = [text for (rule, _), text in found.items() if rule == "unknown-value"]
    assert len(texts) == 25
    assert sum("looks anti-aliased" in text for text in texts) == 20


def test_share_on_borders():
    """Of 3 unknown pixels, the 2 within three pixels of both 0 and 9 lie between them."""
    row = [0, 0, 4, 5, 9, 9, 9, 9, 9, 9, 9, 4, 9, 9, 9]  # 4, 5 between; the second 4 in 9 alone
    assert share_on_borders(np.array([row]), [4, 5]) == pytest.approx(2 / 3)
    assert share_on_borders(np.array([[0, 7, 9], [0, 7, 7]]), [7]) == 1.0


def test_all_background_is_no_leak(clean, check, save_mask):
    """Masks of one value are alike in any two splits, which says nothing."""
    save_mask([[0] * 8] * 4, "masks/d.png")
    save_mask([[0] * 8] * 4, "val/d.png")
    assert check("masks", "-c", "names.txt", "--against", "val") == (0, {})


def test_equal_counts_are_no_leak(clean, check, save_mask):
    """Masks whose counts agree and whose pixels do not are different masks."""
    save_mask(np.array(ROWS)[:, ::-1], "val/z.png")
    assert check("masks", "-c", "names.txt", "--against", "val") == (0, {})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[0.667, 1.07, 1.78]", 0),  # 3 digits
        ("[0.667, 1.07, 1.79]", 1),
        ("[0.67, 1.1, 1.8]", 1),  # at least 3 digits are expected ...
        ('{"0": 0.667, "1": 1.07, "2": 1.78}', 0),
        ('{"road": 0.667, "car": 1.78, "sky": 1.07}', 0),
        ('{"road": 0.667, "cat": 1.78, "sky": 1.07}', 1),
    ],
)
def test_digits_of_weights(clean, check, text, code):
    """Weights agree if these masks give what is stated, to as many digits as are stated."""
    Path("weights.json").write_text(text)
    got, found = check("masks", "-c", "names.txt", "--weights", "weights.json", "-m", "balanced")
    assert (got, {rule for rule, _ in found}) == (code, {"stale-weights"} if code else set())


def test_digits_by_option(clean, check):
    """... unless --digits says that there are less."""
    Path("weights.json").write_text("[0.67, 1.1, 1.8]")
    arguments = ["masks", "-c", "names.txt", "--weights", "weights.json", "-m", "balanced"]
    assert check(*arguments, "--digits", 2) == (0, {})


@pytest.mark.parametrize("digits", [[], ["--digits", 2]])
def test_weights_that_state_their_method(clean, check, weightcalc, digits):
    """A report is computed again with the method, parameters and digits that it states."""
    options = ["-m", "power", "-p", "exponent=0.7", "--clip", "1.5:", "--normalize", "mean"]
    arguments = ["masks", "-c", "names.txt"]
    weightcalc("weights", *arguments, *options, *digits, "--layout", "report", "-o", "w.json")
    assert check(*arguments, "--weights", "w.json") == (0, {})
    Image.fromarray(np.array(OTHER, np.uint8)).save("masks/d.png")
    code, found = check(*arguments, "--weights", "w.json")
    assert code == 1
    assert {rule for rule, _ in found} == {"stale-weights"}


def test_rule_option(clean, check):
    """--rule makes a warning of an error, an error of a warning, and turns a rule off."""
    trailing(clean)
    no_image(clean)
    assert check(*ALL)[0] == 1
    assert check(*ALL, "--rule", "image-missing=warning")[0] == 0
    assert check(*ALL, "--rule", "image-missing=off")[1].keys() == {("odd-file", "masks/a.png")}
    code, _ = check(*ALL, "--rule", "image-missing=off", "--rule", "odd-file=error")
    assert code == 1


def test_exit_codes(clean, weightcalc):
    """Warnings exit 0, with --strict 1; errors 1; what cannot run 2; --exit-zero spares findings."""
    arguments = ["masks", "-n", 3]
    trailing(clean)
    assert weightcalc("check", *arguments).exit_code == 0
    assert weightcalc("check", *arguments, "--strict").exit_code == 1
    value(clean)
    assert weightcalc("check", *arguments).exit_code == 1
    assert weightcalc("check", *arguments, "--exit-zero").exit_code == 0
    assert weightcalc("check", "--exit-zero").exit_code == 2
    assert weightcalc("check", "names.txt/none*", "--exit-zero").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rule", "rare-clas=error"], "did you mean rare-class?"),
        (["--rule", "rare-class=fatal"], "rare-class can be error, warning, off, not 'fatal'"),
        (["--max-ignored", "30"], "expected a share from 0 to 1"),
        (["--max-ignored", "."], "expected a share such as 0.3 or 30%"),
        (["--max-imbalance", "nan"], "expected a finite number above 0, got nan"),
        (["--max-drift", "0.1"], "--baseline FILE"),
        (["--images", "none"], "none: no such file or folder"),
        (["--against", "none"], "none: no such file or folder"),
        (["--baseline", "none.json"], "none.json: No such file or directory"),
        (["--weights", "names.txt"], "names.txt: no weights in JSON"),
        (["--weights", "baseline.json"], "baseline.json: neither a list nor an object of numbers"),
        (["--baseline", "baseline.json", "-o", "baseline.json"], "is an input"),
        (["-o", "x", "--summary", "x"], "two results cannot be written there"),
    ],
)
def test_what_cannot_run(clean, weightcalc, arguments, message):
    """What cannot be checked at all exits 2, names the thing, and leaves standard output empty."""
    result = weightcalc("check", "masks", *arguments)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert message in result.stderr


def test_baseline_of_other_classes(clean, weightcalc):
    """A baseline whose classes have other names cannot be compared with."""
    Path("others.txt").write_text("road\ncar\nsky\n")
    weightcalc("count", "masks", "-c", "others.txt", "-o", "base.json")
    result = weightcalc("check", "masks", "-c", "names.txt", "--baseline", "base.json")
    assert result.exit_code == 2
    assert "class 1 is car in the baseline, and sky here" in result.stderr


CONFIG = """
[tool.weightcalc.check]
min-masks = 4
max-ignored = "30%"

[tool.weightcalc.check.rules]
odd-file = "error"
rare-class = "warning"
"""


def test_config(clean, check):
    """Levels and limits come from pyproject.toml, and the command line wins."""
    Path("pyproject.toml").write_text(CONFIG)
    code, found = check("masks", "-n", 3)
    assert code == 0
    assert {rule for rule, _ in found} == {"rare-class"}
    assert check("masks", "-n", 3, "--rule", "rare-class=error")[0] == 1
    assert check("masks", "-n", 3, "--min-masks", 3) == (0, {})
    trailing(clean)
    assert check("masks", "-n", 3)[0] == 1
    assert check("masks", "-n", 3, "--rule", "odd-file=warning")[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min_masks = 3", "has no key 'min_masks'; did you mean min-masks"),
        ("maxdrift = 3", "did you mean max-drift"),
        ("rules = {rare-clas = 'off'}", "there is no rule 'rare-clas'; did you mean rare-class"),
        ("rules = {rare-class = true}", "rare-class can be error, warning, off, not 'True'"),
        ("min-masks = -1", "expected a whole number"),
        (f"max-imbalance = 1{'0' * 400}", "expected a number above 0, of at most 308 digits"),
        ("max-imbalance = nan", "expected a number above 0"),
        ("min-masks = '3'", "min-masks = '3': expected a whole number"),
        ("strict = 1", "expected true or false"),
        ("max-ignored = 2", "expected a share from 0 to 1"),
        ("min-masks 3", "pyproject.toml: "),
    ],
)
def test_wrong_config(clean, weightcalc, text, message):
    """An unknown key or a wrong value is an error that names it, and what is like it."""
    Path("pyproject.toml").write_text(f"[tool.weightcalc.check]\n{text}\n")
    result = weightcalc("check", "masks")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("text", ["[tool.weightcalc.chek]\n", "[tool.weightcalc]\ncheck = 3\n"])
def test_wrong_table(clean, weightcalc, text):
    """So is a table of another name."""
    Path("pyproject.toml").write_text(text)
    assert weightcalc("check", "masks").exit_code == 2


def test_config_of_others(clean, check):
    """A pyproject.toml that says nothing to weightcalc changes nothing."""
    Path("pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert check("masks", "-n", 3) == (0, {})


def test_single_files(clean, check, weightcalc):
    """Of single files rules on masks are tried, and rules on sets only if the command line asks."""
    palette(clean)
    files = ["masks/a.png", "masks/b.png"]
    assert check(*files, "-n", 4, "--min-masks", 9) == (0, {})
    result = weightcalc("check", *files, "-n", 4)
    assert "rules on whole sets are left out (wrong-kind, class-never-seen)" in result.stderr
    code, found = check(*files, "-n", 4, "--rule", "class-never-seen=error")
    assert (code, len(found)) == (1, 1)
    value(clean)
    assert check(*files, "-n", 3)[1].keys() == {("unknown-value", "masks/a.png")}


def test_missing_file(clean, check):
    """A file that is not there is unreadable, as a finding."""
    assert check("masks/none.png", "-n", 3)[1].keys() == {("unreadable", "masks/none.png")}


def test_counts_file(clean, check, weightcalc):
    """Saved counts are checked by the rules on sets."""
    weightcalc("count", "masks", "-c", "names.txt", "-o", "counts.json")
    code, found = check("counts.json", "--min-pixels", 19)
    assert (code, list(found)) == (1, [("rare-class", "car")])


def test_kinds_may_differ_where_an_encoding_is_named(clean, check):
    """--encoding index says that indices count, whatever the mode."""
    palette(clean)
    assert check("masks", "-n", 3, "--encoding", "index") == (0, {})


def test_endings_of_stems(clean, check, save_mask):
    """Endings that only masks or only images have are left out of the comparison."""
    for name in ("a", "b"):
        save_mask(ROWS, f"city/{name}_labelIds.png")
        save_mask(np.zeros((4, 8, 3)), f"photos/{name}_leftImg8bit.png")
    ends = ["--mask-ending", "_labelIds", "--image-ending", "_leftImg8bit"]
    assert check("city", "-n", 3, "--images", "photos", *ends) == (0, {})
    assert len(check("city", "-n", 3, "--images", "photos")[1]) == 4


def test_image_in_the_folder_of_its_name(clean, check, save_mask):
    """Of two images with the stem of a mask, that of the folder of the same name is meant."""
    for folder, size in (("x", (4, 8)), ("y", (2, 2))):
        save_mask(np.arange(np.prod(size)).reshape(size) % 3, f"m/{folder}/a.png")
        save_mask(np.zeros((*size, 3)), f"p/{folder}/a.png")
    assert check("m", "-n", 3, "--images", "p") == (0, {})


def test_jobs(clean, weightcalc):
    """The findings are the same for any number of processes."""
    for damage in (palette, no_image, copied):
        damage(clean)
    one, two = (weightcalc("check", *ALL, "-f", "json", "-j", jobs) for jobs in (1, 2))
    assert one.exit_code == 1
    assert one.stdout == two.stdout


def test_findings_are_bounded():
    """All findings of a rule are counted, and the first thousand kept."""
    findings = Findings({"odd-file": "warning", "lossy": "off"})
    for number in range(MOST_KEPT + 5):
        findings.add(Finding("odd-file", "odd", mask=f"{number}.png"))
        findings.add(Finding("lossy", "lossy", mask=f"{number}.png"))
    assert findings.numbers == {"odd-file": MOST_KEPT + 5}
    assert [f.mask for f in findings.kept["odd-file"]] == [f"{n}.png" for n in range(MOST_KEPT)]


def test_help(weightcalc):
    """--help shows no option that check has no use for."""
    shown = weightcalc("check", "--help").stdout.decode()
    assert "--min-masks" in shown
    assert "--on-error" not in shown


def test_masks_are_read_once(clean, monkeypatch, weightcalc):
    """Each mask is opened once where nothing is odd about it."""
    opened = []
    real = counting.open_mask

    def spy(name):
        opened.append(name)
        return real(name)

    monkeypatch.setattr(counting, "open_mask", spy)
    assert weightcalc("check", "masks", "-c", "names.txt", "-j1").exit_code == 0
    assert opened == ["masks/a.png", "masks/b.png", "masks/c.png"]


def test_imports(clean, environment):
    """Where masks are PNG and nothing is odd, neither NumPy nor Pillow is imported."""
    code = "from weightcalc.cli import exit_code_of as run; run(['check', 'masks', '-n3', '-j1'])"
    code += "\nimport sys; sys.exit(' '.join({'numpy', 'PIL', 'tomllib'} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment, text=True, check=False)
    if kernels.COMPILED:
        assert done.stderr.strip() == ""
    assert done.stdout.startswith("clean: 3 masks")


@pytest.mark.parametrize("order", [["masks", "more.zip"], ["--files-from", "list.txt"]])
def test_other_sources(clean, check, order):
    """Archives and lists are whole sets, as folders are; members are matched by stem."""
    with zipfile.ZipFile("more.zip", "w") as archive:
        for name in ("a", "b", "c"):
            archive.write(f"masks/{name}.png", f"in/{name}.png")
    Path("list.txt").write_text("zip://in/a.png::more.zip\nmasks/b.png\nmasks/c.png\n")
    got = check(*order, "-n", 4, "--images", "images", "--rule", "class-never-seen=error")
    assert got == (1, {("class-never-seen", None): "no mask holds it"})
    copied(clean)
    found = check(*order, "-n", 3, "--against", "val")[1]
    assert {rule for rule, _ in found} == {"split-leak"}
    assert len(found) == (2 if "masks" in order else 1)


def test_stack(clean, check, save_mask):
    """Findings on a stack of masks name the mask in it."""
    save_mask([ROWS, [[7] * 8] * 4], "stack.npy")
    _, found = check("stack.npy", "-n", 3)
    assert found == {("unknown-value", "stack.npy[1]"): "value 7 (32 pixels)"}


def test_wrong_size_of_array(clean, check, save_mask):
    """Arrays are compared with images by their pixels."""
    save_mask(ROWS, "arrays/a.npy")
    save_mask([[0, 1, 2]] * 2, "arrays/b.npy")
    found = check("arrays", "-n", 3, "--images", "images", "--rule", "mask-missing=off")
    text = "6 pixels, but images/b.jpg is 8 x 4"
    assert found == (1, {("image-size", "arrays/b.npy"): text})


def test_process(clean, environment):
    """The exit code of the process is that of the check."""
    value(clean)
    command = [sys.executable, "-m", "weightcalc", "check", "masks", "-n", "3"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("rules", [[], ["--rule", "unreadable=off"]])
def test_masks_that_are_left_out_are_said(clean, weightcalc, rules):
    """Masks that cannot be counted are never clean; a rule that is off hands them on."""
    in_color(clean)
    Image.new("L", (8, 4)).save("masks/d.jpg")
    options = ["--include", "*.png", "--include", "*.jpg"]
    off = ["--rule", "wrong-kind=off", "--rule", "lossy=off", *rules]
    result = weightcalc("check", "masks", "-n", 3, *options, *off)
    assert (
        result.stdout.decode()
        .splitlines()[-1]
        .startswith(f"{0 if rules else 2} errors, 0 warnings: 2 masks and 2 that cannot be read, ")
    )
    assert result.exit_code == (0 if rules else 1)
    assert (b"error unreadable" in result.stdout) is not bool(rules)
    result = weightcalc("check", "masks", "-n", 3, *options, *off, "-f", "json")
    assert (result.json["masks"], result.json["unread"]) == (2, 2)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *[({"options": {"digits": digits}}, "options.digits") for digits in ("abc", -3, 10**9)],
        *[({"options": {"clip": clip}}, "options.clip") for clip in ("ab", [0], [True, 10**400])],
        *[({"options": {"zero": zero}}, "options.zero") for zero in (["x"], 5, [-1])],
        ({"options": {"absent": ["x"]}}, "options.absent"),
        *[({"method": method}, "method") for method in (["x"], "none")],
        *[({"parameters": p}, "parameters.counts") for p in ({"counts": 1.0},)],
        ({"method": "enet", "parameters": {"c": 10**400}}, "parameters.c"),
        ({"method": "effective-number", "parameters": {"unit": 3}}, "parameters.unit"),
    ],
)
def test_malformed_report(clean, weightcalc, change, field):
    """A report that breaks its schema is refused, with its name and the field."""
    weightcalc("weights", "masks", "-n", 3, "--layout", "report", "-o", "w.json")
    report = json.loads(Path("w.json").read_text())
    options = report["options"] | change.get("options", {})
    Path("w.json").write_text(json.dumps(report | change | {"options": options}))
    result = weightcalc("check", "masks", "-n", 3, "--weights", "w.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"w.json: {field} is " in result.stderr


def test_images_in_the_folder_of_the_masks(check, save_mask, tmp_path, monkeypatch):
    """Masks are no images, however the folder that holds both is spelled."""
    monkeypatch.chdir(tmp_path)
    for name in ("0.png", "0_mask.png"):
        save_mask([[0, 1, 2]], f"s/{name}")
    arguments = ["s", "-n", 3, "--include", "*_mask.png", "--mask-ending", "_mask"]
    assert check(*arguments, "--images", tmp_path / "s") == (0, {})


def write_low_depth(path, depth, level):
    """Write rows of 3 and 1 as a grey PNG of 2 or 4 bits, packed at some level."""
    digits = "".join(f"{value:0{depth}b}" for value in [3, 1] * 4)
    row = b"\0" + int(digits, 2).to_bytes(depth, "big")
    header = (8).to_bytes(4, "big") * 2 + bytes([depth, 0, 0, 0, 0])
    data = b"\x89PNG\r\n\x1a\n"
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row * 8, level)), (b"IEND", b"")]
    for name, body in chunks:
        data += len(body).to_bytes(4, "big") + name + body
        data += zlib.crc32(name + body).to_bytes(4, "big")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("depth", [2, 4])
def test_leak_of_few_bits(tmp_path, check, depth):
    """A grey mask of 2 or 4 bits is found in another split, though its bytes are others."""
    write_low_depth(tmp_path / "a/0.png", depth, 9)
    write_low_depth(tmp_path / "b/1.png", depth, 0)
    arguments = [tmp_path / "a", "-n", 4, "--against", tmp_path / "b"]
    assert ("split-leak", str(tmp_path / "a/0.png")) in check(*arguments)[1]


@pytest.mark.parametrize(
    "limit", [(mask_pixels, "MOST_PIXELS"), (splits, "_MOST_DECODED"), (splits, "_MOST_TWINS")]
)
def test_pairs_that_are_not_compared_are_said(clean, weightcalc, monkeypatch, limit):
    """Pairs of equal counts beyond a limit are no findings, but a warning tells their number."""
    recoded(clean)
    monkeypatch.setattr(*limit, 0)
    result = weightcalc("check", "masks", "-c", "names.txt", "--against", "val", "-j1")
    assert result.exit_code == 0
    assert "1 pair of equal counts was not compared" in result.stderr


def whole_of(pixels, ignored=0, **limits):
    """Counts and limits for a rule on sets."""
    counts = counts_of([1, 1])
    counts.pixels[:] = pixels
    counts.num_pixels = sum(pixels) + ignored
    counts.ignored_pixels = ignored
    return set_rules.Whole(counts, Settings({}, **limits), {})


@pytest.mark.parametrize(
    ("pixels", "limit", "ratios"),
    [
        ([23, 10], 2.3, []),  # 2.3 as a float is less than 23 / 10
        ([24, 10], 2.3, ["2.4 times"]),
        ([10**400, 1], 2.0, ["e+400 times"]),
        ([2 * 10**400, 10**400], 1e300, []),
    ],
)
def test_imbalance_is_exact(pixels, limit, ratios):
    """Ratios are compared as whole numbers, however large, with the limit as it was typed."""
    found = list(set_rules.imbalance(whole_of(pixels, max_imbalance=limit)))
    assert [ratio in finding.text for ratio, finding in zip(ratios, found, strict=True)] == [
        True for _ in ratios
    ]


def test_nearly_all_is_not_all():
    """A share just below 100% is not rounded to it."""
    whole = whole_of([1, 0], ignored=99_999, max_ignored=0.9999)
    assert "99999 of 100000 pixels are ignored: >99.9%, above 99.99%" in [
        finding.text for finding in set_rules.ignored_pixels(whole)
    ]
