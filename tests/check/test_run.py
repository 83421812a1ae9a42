"""`weightcalc check`: settings and where they come from, what is read, and exit codes."""

import itertools
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.checked_set import (
    ALL,
    ROWS,
    copied,
    in_color,
    no_image,
    palette,
    recoded,
    trailing,
    value,
)

from weightcalc.check import pixels as mask_pixels
from weightcalc.check.findings import MOST_KEPT, Finding, Findings
from weightcalc.kernels import counters as kernels
from weightcalc.masks import file as mask_file


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
        (["--images", "images", "--mask-name", "_mask"], "'--mask-name': expected a pattern"),
        (["--images", "images", "--image-name", "{}_{}"], "'--image-name': expected a pattern"),
        (["--mask-name", "{}_mask"], "hint: --images DIR"),
        (["--baseline", "none.json"], "none.json: No such file or directory"),
        (["--weights", "names.txt"], "names.txt: not JSON"),
        (
            ["--weights", "baseline.json"],
            "baseline.json: its format is weightcalc-counts/1, so it holds no weights",
        ),
        (["--baseline", "baseline.json", "-o", "baseline.json"], "is an input"),
        (["-o", "x", "--summary", "x"], "-o and --summary name the same file: x"),
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
        ("rules = {rare-class = true}", "rare-class can be error, warning, off, not 'true'"),
        ("min-masks = -1", "expected a whole number"),
        (f"max-imbalance = 1{'0' * 400}", "expected a number above 0, of at most 308 digits"),
        ("max-imbalance = nan", "expected a number above 0"),
        ("min-masks = '3'", "min-masks = '3': expected a whole number"),
        ("mask-name = '_mask'", "mask-name = '_mask': expected a pattern that holds {} once"),
        ("image-name = 3", "image-name = 3: expected a pattern that holds {} once"),
        ("mask-ending = '_mask'", "has no key 'mask-ending'"),
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


def test_missing_file(clean, weightcalc):
    """A source that does not exist cannot be checked, and one that is like it is offered."""
    result = weightcalc("check", "mask", "-n", 3)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "did you mean masks" in result.stderr


def test_counts_file(clean, check, weightcalc):
    """Saved counts are checked by the rules on sets."""
    weightcalc("count", "masks", "-c", "names.txt", "-o", "counts.json")
    code, found = check("counts.json", "--min-pixels", 19)
    assert (code, list(found)) == (1, [("rare-class", "car")])


def test_kinds_may_differ_where_an_encoding_is_named(clean, check):
    """--encoding index says that indices count, whatever the mode."""
    palette(clean)
    assert check("masks", "-n", 3, "--encoding", "index") == (0, {})


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
    fast, careful = mask_file.count_plain, mask_file.open_mask

    def spy_fast(name, options):
        if (mask := fast(name, options)) is not None:
            opened.append(name)
        return mask

    def spy_careful(name):
        opened.append(name)
        return careful(name)

    monkeypatch.setattr(mask_file, "count_plain", spy_fast)
    monkeypatch.setattr(mask_file, "open_mask", spy_careful)
    assert weightcalc("check", "masks", "-c", "names.txt", "-j1").exit_code == 0
    assert opened == ["masks/a.png", "masks/b.png", "masks/c.png"]


def test_imports(clean, environment):
    """Where masks are PNG and nothing is odd, neither NumPy nor Pillow is imported."""
    code = (
        "from weightcalc.cli.app import exit_code_of as run; run(['check', 'masks', '-n3', '-j1'])"
    )
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


def test_leak_of_a_stack(tmp_path, check, save_mask):
    """A mask of a stack is found in a stack of another split, and both are named with their numbers."""
    first, second = np.array(ROWS), np.array(ROWS)[:, ::-1]
    save_mask([first, second], "a/0.npy")
    save_mask([np.array(ROWS)[::-1], first], "b/1.npy")
    arguments = [tmp_path / "a", "-n", 4, "--against", tmp_path / "b"]
    leaks = {mask: text for (rule, mask), text in check(*arguments)[1].items() if "leak" in rule}
    assert leaks == {f"{tmp_path}/a/0.npy[0]": f"the same mask as {tmp_path}/b/1.npy[1]"}


def test_what_unknown_values_look_like_is_said(weightcalc, save_mask, tmp_path):
    """Where unknown values have a pattern, the options that fit are said as other commands do."""
    save_mask([[0, 60, 120, 180]], "m/a.png")
    result = weightcalc("check", tmp_path / "m")
    assert result.exit_code == 1
    assert "--map 60:1 --map 120:2 --map 180:3" in result.stderr


def test_copied_folders_are_said(weightcalc, save_mask, tmp_path):
    """Folders that hold the same masks under the same names are a warning of the check too."""
    for folder, name in itertools.product(("masks", "masks (1)"), "abc"):
        save_mask(ROWS, f"m/{folder}/{name}.png")
    result = weightcalc("check", tmp_path / "m", "-n", 3)
    assert result.exit_code == 0
    assert "masks (1)" in result.stderr


@pytest.mark.parametrize("depth", [2, 4])
def test_leak_of_few_bits(tmp_path, check, depth):
    """A grey mask of 2 or 4 bits is found in another split, though its bytes are others."""
    write_low_depth(tmp_path / "a/0.png", depth, 9)
    write_low_depth(tmp_path / "b/1.png", depth, 0)
    arguments = [tmp_path / "a", "-n", 4, "--against", tmp_path / "b"]
    assert ("split-leak", str(tmp_path / "a/0.png")) in check(*arguments)[1]


def test_masks_that_are_not_compared_are_said(clean, weightcalc, monkeypatch):
    """Masks of equal counts beyond a limit are no findings, but a warning tells their number."""
    recoded(clean)
    monkeypatch.setattr(mask_pixels, "MOST_PIXELS", 0)
    result = weightcalc("check", "masks", "-c", "names.txt", "--against", "val", "-j1")
    assert result.exit_code == 0
    assert "1 mask of equal counts was not compared" in result.stderr
