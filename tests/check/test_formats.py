"""What a check prints: five formats, none of which a name can break out of."""

import json
import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import junitparser
import numpy as np
import pytest
from PIL import Image

from weightcalc.check.formats import MOST_ANNOTATIONS

ROWS = [[0, 0, 1, 2]] * 2


@pytest.fixture
def folder(save_mask, tmp_path, monkeypatch):
    """Two masks of three classes; the second has a value of no class in its two pixels."""
    monkeypatch.chdir(tmp_path)
    save_mask(ROWS, "masks/a.png")
    save_mask([[0, 0, 1, 7]] * 2, "masks/b.png")
    (tmp_path / "names.txt").write_text("road\nsky\ncar\ndog\n")
    return ["check", "masks", "-c", "names.txt"]


HINT = "--ignore-index VALUE leaves it out, --map VALUE:CLASS counts it, -n more classes"
TEXT = f"""\
error unknown-value: value that is neither a class nor ignored (1)
  masks/b.png: value 7 (2 pixels)
  hint: {HINT}

warning class-never-seen: class that no mask holds (1)
  class 3 (dog): no mask holds it

1 error, 1 warning: 2 masks, 16 pixels, 11 rules tried
"""


def test_text(weightcalc, folder):
    """Text has a group for each rule, errors first, and a line of totals at its end."""
    assert weightcalc(*folder) == (1, TEXT.encode(), "")


def test_clean_text(weightcalc, folder):
    """Nothing found is said in one line."""
    result = weightcalc("check", "masks", "-n", 3, "--ignore-index", 7)
    assert result == (0, b"clean: 2 masks, 16 pixels, 11 rules tried\n", "")


def test_color(weightcalc, folder):
    """--color always colours rule and level, and nothing else of the text changes."""
    colored = weightcalc(*folder, "--color", "always").stdout.decode()
    assert "\x1b[31m\x1b[1merror unknown-value\x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == TEXT


def test_long_text(weightcalc, folder, save_mask):
    """Of many findings of a rule the first 20 are shown, all with -v; the number is right."""
    for number in range(30):
        save_mask([[9]], f"masks/x{number:02}.png")
    text = weightcalc(*folder).stdout.decode()
    assert "unknown-value: value that is neither a class nor ignored (31)" in text
    assert text.count("masks/") == 20
    assert "  and 11 more (-v shows more)\n" in text
    assert weightcalc(*folder, "-v").stdout.decode().count("masks/") == 31


def test_json(weightcalc, folder):
    """JSON counts every finding and lists them, with the mask or the class."""
    document = weightcalc(*folder, "-f", "json").json
    assert document["findings"] == [
        {
            "rule": "unknown-value",
            "level": "error",
            "mask": "masks/b.png",
            "message": "value 7 (2 pixels)",
        },
        {
            "rule": "class-never-seen",
            "level": "warning",
            "class": 3,
            "name": "dog",
            "message": "no mask holds it",
        },
    ]
    assert (document["errors"], document["warnings"], document["masks"]) == (1, 1, 2)
    entry = {"level": "error", "hint": HINT, "tried": True, "findings": 1, "listed": 1}
    assert document["rules"]["unknown-value"] == entry
    assert document["rules"]["class-never-seen"]["hint"] == ""


def test_github(weightcalc, folder):
    """GitHub gets a workflow command for each finding, and a line for the log."""
    lines = weightcalc(*folder, "-f", "github").stdout.decode().splitlines()
    text = f"masks/b.png: value 7 (2 pixels)%0Ahint: {HINT}"
    assert lines == [
        f"::error file=masks/b.png,title=weightcalc unknown-value::{text}",
        "::warning title=weightcalc class-never-seen::class 3 (dog): no mask holds it",
        "1 error, 1 warning: 2 masks, 16 pixels, 11 rules tried",
    ]


def annotated_files(result):
    """The files that the workflow commands of a result name."""
    return re.findall(r"^::\w+ file=([^,:]*),", result.stdout.decode(), re.MULTILINE)


@pytest.mark.parametrize(
    ("workspace", "source", "file"),
    [
        (".", "masks", "masks/b.png"),
        ("..", "masks", "w/masks/b.png"),
        ("masks", "masks", "b.png"),
        ("masks/", "{here}/masks", "b.png"),
        ("../link", "masks", "masks/b.png"),
        ("../link", "../link/masks", "masks/b.png"),
        ("mask", "masks", "masks/b.png"),
        ("..", "m.zip", "w/m.zip"),
        ("..", "stack.npy", "w/stack.npy"),
        ("", "./masks", "masks/b.png"),
    ],
)
def test_github_names_files_from_the_workspace(
    weightcalc, save_mask, tmp_path, monkeypatch, workspace, source, file
):
    """Annotations name files from GITHUB_WORKSPACE, however it and the masks are spelled."""
    here = tmp_path / "w"
    save_mask([[0, 7]], "w/masks/b.png")
    save_mask([[[0, 0]] * 3, [[0, 7]] * 3, [[0, 0]] * 3], "w/stack.npy")
    (tmp_path / "link").symlink_to(here)
    monkeypatch.chdir(here)
    with zipfile.ZipFile("m.zip", "w") as archive:
        archive.write("masks/b.png")
    monkeypatch.setenv("GITHUB_WORKSPACE", workspace and os.path.abspath(workspace))
    result = weightcalc("check", source.format(here=here), "-n", 3, "-f", "github", "--rule", OFF)
    assert annotated_files(result) == [file]


OFF = "class-never-seen=off"


def test_github_shows_ten(weightcalc, folder, save_mask):
    """GitHub drops more than ten annotations, so each rule gets some of the ten."""
    for number in range(30):
        save_mask([[9]], f"masks/x{number:02}.png")
    lines = weightcalc(*folder, "-f", "github").stdout.decode().splitlines()
    assert [line.split(" ")[0] for line in lines[:-1]] == ["::error"] * 9 + ["::warning"]
    assert len(lines) == MOST_ANNOTATIONS + 1
    assert lines[-1].endswith("22 findings more than GitHub shows")


def test_junit(weightcalc, folder):
    """JUnit XML has a case for each rule, or each rule and class; only errors fail."""
    weightcalc(*folder, "-o", "report.xml")
    report = junitparser.JUnitXml.fromfile("report.xml")
    (suite,) = report
    cases = {(case.classname.removeprefix("weightcalc."), case.name): case for case in suite}
    assert suite.tests == len(cases) == len(suite)
    failed = [key for key, case in cases.items() if case.is_failure]
    assert [rule for rule, _ in failed] == ["unknown-value"]
    assert (suite.failures, report.failures) == (1, 1)
    (failure,) = cases[failed[0]].result
    assert failure.text == f"masks/b.png: value 7 (2 pixels)\nhint: {HINT}"
    seen = {name: case for (rule, name), case in cases.items() if rule == "class-never-seen"}
    assert list(seen) == ["class 0 road", "class 1 sky", "class 2 car", "class 3 dog"]
    assert seen["class 3 dog"].system_out == "class 3 (dog): no mask holds it"
    assert "weightcalc.rare-class" in {case.classname for case in suite if case.is_skipped}
    assert suite.skipped == sum(case.is_skipped for case in suite)


def test_junit_strict(weightcalc, folder):
    """With --strict warnings fail there too."""
    weightcalc(*folder, "--strict", "-o", "report.xml")
    (suite,) = junitparser.JUnitXml.fromfile("report.xml")
    assert suite.failures == 2


def test_junit_has_no_case_for_masks(weightcalc, folder, save_mask):
    """However many masks there are, JUnit has as many cases."""
    before = weightcalc(*folder, "-f", "junit").stdout.count(b"<testcase")
    for number in range(30):
        save_mask([[9]], f"masks/x{number:02}.png")
    assert weightcalc(*folder, "-f", "junit").stdout.count(b"<testcase") == before


def test_markdown(weightcalc, folder):
    """Markdown has a table of rules, and findings in fences."""
    text = weightcalc(*folder, "-f", "markdown").stdout.decode()
    assert "| error | `unknown-value` | 1 | value that is neither a class nor ignored |" in text
    assert "```text\nmasks/b.png: value 7 (2 pixels)\n```" in text
    assert weightcalc(*folder, "-o", "x.md").exit_code == 1
    assert Path("x.md").read_text() == text


def test_summary(weightcalc, folder):
    """--summary appends Markdown to what a step has written before; stdout has its own format."""
    Path("summary").write_text("before\n")
    result = weightcalc(*folder, "--summary", "summary")
    markdown = weightcalc(*folder, "-f", "markdown").stdout.decode()
    assert result.stdout.decode() == TEXT
    assert Path("summary").read_text() == "before\n" + markdown


@pytest.mark.parametrize(("before", "after"), [(0, 16), (1_040_000, 3), (1_047_000, 0)])
def test_summary_stays_small(weightcalc, folder, before, after):
    """A summary stays under 1 MiB with what it held before; what does not fit is left out."""
    for number in range(60):
        Path("masks", "\U0001f600" * 50 + f"{number:02}.png").write_bytes(b"no mask")
    Path("summary").write_bytes(b"x" * before)
    weightcalc(*folder, "--summary", "summary")
    added = Path("summary").read_bytes()[before:]
    assert before + len(added) < 1 << 20
    assert len(added) // 1000 == pytest.approx(after, abs=4) if after else not added
    assert (b"do not fit here" in added) == (after == 3)
    assert added.count(b"```") % 2 == 0


HOSTILE = {
    "newline": "a\n::error::x",
    "command": "::error::x",
    "inner": "a##[error]x",
    "pipe": "a|b|c",
    "tag": "<b>&amp;]]>",
    "fence": "a```\n# h\n~~~",
    "quotes": "\"'`x`",
    "ansi": "a\x1b[31mred\x07",
    "bytes": "a\udcff\udc80",
    "percent": "50%25,a:b%0A",
    "bidi": "a\u202eb\u2066",
}


@pytest.fixture(params=HOSTILE)
def hostile(request, save_mask, tmp_path, monkeypatch):
    """A folder where a mask with an unknown value, its folder and a class have a hostile name."""
    monkeypatch.chdir(tmp_path)
    name = HOSTILE[request.param]
    (tmp_path / "names.json").write_text(
        json.dumps(["road", name.encode(errors="replace").decode()])
    )
    folder = Path("masks")
    folder.mkdir()
    Image.fromarray(np.array([[0, 9]], np.uint8)).save(tmp_path / "mask.png")
    os.rename("mask.png", folder / f"{name.replace('/', '')}.png")
    save_mask([[0, 0]], "masks/zz.png")
    return name, ["check", "masks", "-c", "names.json"]


def plain(data):
    """Text of a result: no control character but newlines, no bidi, nothing undecodable."""
    text = data.decode()
    assert all(c.isprintable() for line in text.split("\n") for c in line)
    return text


@pytest.mark.parametrize("format_", ["text", "github", "markdown", "junit"])
def test_number_of_lines(weightcalc, hostile, format_):
    """A hostile name adds no line, no control character and no workflow command to any format."""
    _, command = hostile
    got = plain(weightcalc(*command, "-f", format_).stdout)
    os.rename(next(Path("masks").glob("*[!z].png")), "masks/plain.png")
    Path("names.json").write_text('["road", "sky"]')
    usual = weightcalc(*command, "-f", format_).stdout.decode()
    assert len(got.splitlines()) == len(usual.splitlines())
    commands = [line for line in got.splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == (2 if format_ == "github" else 0)
    assert "##[" not in got


def unescaped(text):
    """What the runner of GitHub makes of an escaped text."""
    for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_properties_of_commands(weightcalc, hostile):
    """Properties of a workflow command end where they should, and give the name back."""
    name, command = hostile
    line = weightcalc(*command, "-f", "github").stdout.decode().splitlines()[0]
    keys = re.fullmatch(r"::error file=([^,:]*),title=([^,:]*)::(.*)", line)
    assert keys[2] == "weightcalc unknown-value"
    if name.isprintable() and not name.startswith("::") and "##[" not in name:
        assert unescaped(keys[1]) == f"masks/{name}.png"
    assert unescaped(keys[3]) == f"{unescaped(keys[1])}: value 9 (1 pixel)\nhint: {HINT}"


def test_names_in_json(weightcalc, hostile):
    """JSON gives the names back as they are, bytes that are not UTF-8 included."""
    name, command = hostile
    found = {f["rule"]: f for f in weightcalc(*command, "-f", "json").json["findings"]}
    assert found["unknown-value"]["mask"] == f"masks/{name.replace('/', '')}.png"
    assert os.path.exists(found["unknown-value"]["mask"])


def test_junit_parses(weightcalc, hostile):
    """JUnit XML parses, and only the texts differ by what names hold."""
    _, command = hostile
    data = weightcalc(*command, "-f", "junit").stdout
    (suite,) = junitparser.JUnitXml.fromstring(data)
    assert (suite.tests, suite.failures) == (len(suite), 1)
    tags = {element.tag for element in ElementTree.fromstring(data).iter()}
    assert tags == {"testsuites", "testsuite", "testcase", "failure", "system-out", "skipped"}


def test_fences_of_markdown(weightcalc, hostile):
    """What comes from names stands in fences that nothing in them closes."""
    _, command = hostile
    text = weightcalc(*command, "-f", "markdown").stdout.decode()
    outside, fence = [], ""
    for line in text.splitlines():
        opening = re.match("(`{3,})(text)?$", line)
        if fence:
            fence = "" if line == fence else fence
        elif opening:
            fence = opening[1]
        else:
            outside.append(line)
    assert not fence
    assert not [line for line in outside if "masks/" in line or "no mask holds it" in line]
