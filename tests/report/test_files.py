"""The class balance as Markdown, as CSV and as a picture."""

import csv
import html
import io
import json
import re
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image
from support.report_sets import many, saved

from weightcalc.report.files import escape_markdown
from weightcalc.report.formats import ENDINGS

NASTY = ["a|b", "<b>bold</b>", "two\nlines", "\x1b[31mred", "::error::x", "=1+1", "$\\frac{$"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("traffic_light", "traffic_light"),
        ("__ignore__", r"\_\_ignore\_\_"),
        ("*a* `b` [c](d)", r"\*a\* \`b\` \[c\](d)"),
        ("@me", "&#64;me"),
        ("https://x", "https&#58;//x"),
        ("a&lt;b", "a&amp;lt;b"),
    ],
)
def test_escape_markdown(text, escaped):
    """What Markdown or GitHub would act on is escaped; snake case stays as it is."""
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize("classes", [3, 19, 150])
@pytest.mark.parametrize("sets", [1, 3])
def test_svg_names_every_class(weightcalc, classes, sets):
    """Every class and every set has its name in the picture, as text."""
    pixels, names = many(classes)
    files = [saved(f"set{n}.json", pixels, names) for n in range(sets)]
    assert weightcalc("report", *files, "-o", "r.svg") == (0, b"", "")
    shown = {"".join(e.itertext()) for e in ElementTree.parse("r.svg").iter() if "text" in e.tag}
    assert {f"{index} {name}" for index, name in enumerate(names)} <= shown
    assert {"median-frequency", "enet"} <= {text.strip() for text in shown}
    assert any(text.startswith("set0") for text in shown)


def test_svg_of_a_rare_class(weightcalc):
    """However rare a class is, the scale begins at a trillionth, with a number at every second."""
    name = saved("rare.json", [10**30, 1])
    assert weightcalc("report", name, "-m", "uniform", "-o", "r.svg").exit_code == 0
    ticks = [e.text for e in ElementTree.parse("r.svg").iter() if e.get("class") == "tick"]
    assert {text for text in ticks if text.endswith("%")} == {
        "1e-10%",
        "1e-08%",
        "1e-06%",
        "0.0001%",
        "0.01%",
        "1%",
        "100%",
    }


def test_picture_grows(weightcalc):
    """A png of more classes is larger, and every class has room for its name."""
    sizes = {}
    for classes in (3, 19, 150):
        pixels, names = many(classes)
        name = saved("c.json", pixels, names)
        assert weightcalc("report", name, "-o", "r.png") == (0, b"", "")
        with Image.open("r.png") as image:
            image.verify()
            sizes[classes] = image.size
    # 144 dots an inch, of which a drawing has 96 pixels: 36 for a row of 24; a long picture has
    # its scale below too, in another 14 pixels
    heights = [sizes[n][1] for n in (3, 19, 150)]
    assert heights[1] - heights[0] == pytest.approx(16 * 36, abs=1)
    assert heights[2] - heights[1] == pytest.approx(131 * 36 + 21, abs=1)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "html", "json"])
def test_same_report_same_bytes(weightcalc, ending):
    """A picture holds no date and no random id."""
    name = saved("c.json", [90, 0, 10], ["sky", "road", "$x$"])
    for path in (f"a.{ending}", f"b.{ending}"):
        assert weightcalc("report", name, "-o", path).exit_code == 0
    with open(f"a.{ending}", "rb") as first, open(f"b.{ending}", "rb") as second:
        data = first.read()
        assert data == second.read()
    assert b"CreationDate" not in data
    assert b"<dc:date>" not in data


def test_settings_of_the_user_do_not_matter(weightcalc):
    """Settings of matplotlib neither change the picture nor are they changed."""
    import matplotlib

    name = saved("c.json", [90, 10])
    weightcalc("report", name, "-o", "a.png")
    with matplotlib.rc_context({"font.size": 20.0, "lines.markersize": 9.0}):
        weightcalc("report", name, "-o", "b.png")
        assert matplotlib.rcParams["font.size"] == 20.0
    with open("a.png", "rb") as first, open("b.png", "rb") as second:
        assert first.read() == second.read()
    assert "matplotlib.pyplot" not in sys.modules


def test_without_matplotlib(weightcalc, monkeypatch):
    """Without matplotlib the error names the extra, before any mask is read."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = weightcalc("report", "no such mask.png", "-o", "r.png")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "drawing a picture needs: pip install 'weightcalc[plot]'" in result.stderr
    for output in ([], ["-o", "r.svg"], ["-o", "r.html"]):
        assert weightcalc("report", saved("c.json", [1, 1]), *output).exit_code == 0


def test_letters_that_no_font_has(weightcalc):
    """A picture with boxes for letters says so; in an SVG they are text, and stay letters."""
    name = saved("c.json", [1, 1], ["\U0001f9ff", "road"])  # no CJK or Latin font has it
    assert "no font here has all characters" in weightcalc("report", name, "-o", "r.png").stderr
    assert weightcalc("report", name, "-o", "r.svg") == (0, b"", "")


@pytest.mark.parametrize("ending", ["png", "svg", "html"])
def test_too_many_classes_for_a_picture(weightcalc, ending):
    """More classes than a picture can show are an error that names what can."""
    result = weightcalc("report", saved("c.json", [1] * 1001), "-o", f"r.{ending}")
    assert result.exit_code == 2
    assert "1001 classes are too many for a picture" in result.stderr
    assert "-o FILE.csv" in result.stderr


def test_old_file_stays(weightcalc, tmp_path):
    """A report that fails leaves the old file whole, and an input is never written over."""
    saved("a.json", [1, 1], ["sky", "road"])
    saved("b.json", [1, 1], ["sky", "car"])
    (tmp_path / "r.md").write_text("old")
    assert weightcalc("report", "a.json", "b.json", "-o", "r.md").exit_code == 2
    assert (tmp_path / "r.md").read_text() == "old"
    result = weightcalc("report", "a.json", "-f", "json", "-o", "a.json")
    assert result.exit_code == 2
    assert "is an input" in result.stderr
    assert json.loads((tmp_path / "a.json").read_text())["masks"] == 1


@pytest.mark.parametrize("format_", ENDINGS)
def test_format_by_ending(weightcalc, format_):
    """The ending of -o chooses the format, in any case, as -f does by name."""
    name = saved("c.json", [3, 1])
    data = weightcalc("report", name, "-f", format_).stdout
    for ending in ENDINGS[format_]:
        assert weightcalc("report", name, "-o", f"r{ending.upper()}") == (0, b"", "")
        with open(f"r{ending.upper()}", "rb") as file:
            assert file.read() == data


def test_unknown_ending(weightcalc):
    """An ending of no format is refused with the option that settles it."""
    name = saved("c.json", [3, 1])
    result = weightcalc("report", name, "-o", "r.xyz")
    assert result.exit_code == 2
    assert "no format has the ending .xyz" in result.stderr
    assert "-f text|markdown" in result.stderr


def test_csv(weightcalc):
    """A line for each class of each set and each ignored value reads back as it was."""
    name = saved("c.json", [30, 0, 10], ["sky", "a,b", 'say "x"'], masks=2, ignore=10)
    assert weightcalc("report", name, "-m", "balanced", "-o", "r.csv") == (0, b"", "")
    with open("r.csv", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["set", "class", "name", "status", "pixels", "share", "masks", "balanced"]
    # balanced is 40 / (2 n)
    assert rows == [
        ["c.json", "0", "sky", "present", "30", "0.75", "2", repr(40 / 60)],
        ["c.json", "1", "a,b", "absent", "0", "0.0", "0", "0.0"],
        ["c.json", "2", 'say "x"', "present", "10", "0.25", "2", "2.0"],
        ["c.json", "", "value 255", "ignored", "10", "", "2", ""],
    ]


def cells_of(line):
    """Cells of a row of a Markdown table, as GitHub splits it and a browser shows them."""
    parts = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(p.strip())) for p in parts]


def test_markdown(weightcalc):
    """The table has a heading, a ruler and a row for each class, all of as many cells."""
    saved("a.json", [75, 25], ["sky", "road"])
    saved("b.json", [50, 50], ["sky", "road"])
    assert (
        weightcalc("report", "a.json", "b.json", "-m", "balanced", "--raw", "-o", "r.md").exit_code
        == 0
    )
    with open("r.md", encoding="utf-8") as file:
        text = file.read()
    heading, ruler, sky, road = (
        cells_of(line) for line in text.splitlines() if line.startswith("|")
    )
    assert heading[:4] == ["class", "name", "a: pixels", "share"]
    assert set("".join(ruler)) == {"-", ":"}
    assert len(heading) == len(ruler) == len(sky) == len(road) == 11
    # balanced is 100 / (2 n)
    assert (sky[1], sky[3], sky[7], sky[-1]) == ("sky", "75%", "50%", "0.6667")
    assert road[-1] == "2"
    assert "drift from a to b: 0.25" in text


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "svg", "html"])
def test_names_cannot_inject(weightcalc, format_):
    """Names with newlines, bars, HTML, escapes and formulas stay names in every format."""
    name = saved("c.json", [10 - i for i in range(len(NASTY))], NASTY)
    text = weightcalc("report", name, "-f", format_).stdout.decode()
    assert "\x1b" not in text
    assert "\ntwo" not in text
    assert "\nlines" not in text
    assert "<b>" not in text or format_ in ("text", "csv")  # which know no HTML
    if format_ == "markdown":
        rows = [cells_of(line) for line in text.splitlines() if line.startswith("|")][2:]
        shown = ["a|b", "<b>bold</b>", r"two\x0alines", r"\x1b[31mred", r":\x3aerror::x", "=1+1"]
        assert [row[1] for row in rows] == [*shown, "$\\frac{$"]
        assert len({len(row) for row in rows}) == 1
    if format_ == "csv":
        rows = [*csv.DictReader(io.StringIO(text))]
        assert [row["name"] for row in rows][-2:] == ["'=1+1", "$\\frac{$"]
        assert {None not in row and len(row) for row in rows} == {11}
