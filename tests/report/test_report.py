"""The class balance on a terminal, and the comparison of sets."""

import csv
import io
import re
import sys
import unicodedata

import pytest
from support.report_sets import counts_of, many, saved

from weightcalc.counts.drift import class_drift
from weightcalc.report.summary import summary_table
from weightcalc.report.table import log_floor
from weightcalc.report.text import Look, draw_bar
from weightcalc.text import columns as text_width
from weightcalc.text.columns import display_width, shorten, wrap
from weightcalc.text.numbers import percent

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder, and a terminal of no known width."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def rows_of(text):
    """Lines of a table on a terminal, by the class id they begin with."""
    found = (re.match(r" *(\d+)\b(.*)", line) for line in text.splitlines())
    return {int(match[1]): match[2] for match in found if match}


# 9000, 900 and 100 of 10000 pixels: 90 %, 9 % and 1 %; the scale begins at 0.1 %, so that
# the bars are 1 - log(share) / log(0.001) long: 0.9847, 0.6514 and 0.3333 of the longest.
@pytest.mark.parametrize(
    ("share", "columns", "bar"),
    [
        (0.9, 24, "█" * 23 + "▋"),  # 23.63: 5 eighths
        (0.09, 24, "█" * 15 + "▋"),  # 15.63
        (0.01, 24, "█" * 8),  # 8
        (0.01, 3, "█"),
        (0.0010001, 3, "▏"),  # next to nothing, and not nothing
        (0.0, 24, ""),
        (1.0, 6, "█" * 6),
        (1e-30, 24, "▏"),  # below the scale
    ],
)
def test_bar(share, columns, bar):
    """A bar has the length of the logarithm, in eighths of columns."""
    assert draw_bar(share, -3, columns) == bar


def test_bar_without_blocks():
    """Where there are no blocks, number signs draw whole columns, and never none."""
    bars = [draw_bar(share, -3, 24, blocks=False) for share in (0.9, 0.01, 0.0010001, 0)]
    assert bars == ["#" * 24, "#" * 8, "#", ""]


def test_terminal(weightcalc):
    """A line has the share, a bar, the masks that hold the class, and weights by the methods."""
    name = saved("c.json", [9000, 900, 100], ["sky", "road", "car"], 4)
    result = weightcalc("report", name, "--raw")
    text = result.stdout.decode()
    assert (result.exit_code, result.stderr) == (0, "")
    rows = {index: line.split() for index, line in rows_of(text).items()}
    # balanced is 10000 / (3 n); median frequency 0.09 / p; enet 1 / ln(1.02 + p); the effective
    # number of masks is that of 4 for all classes, which says nothing, and is left out
    assert [cell for cell in rows[1] if "█" not in cell] == (
        ["road", "9%", "4", "1", "3.704", "9.582"]
    )
    assert [cell for cell in rows[2] if "█" not in cell] == (
        ["car", "1%", "4", "9", "33.33", "33.83"]
    )
    assert "log scale from 0.1% to 100%" in text
    assert "4 masks, 10,000 pixels, 0 ignored" in text


def test_chosen_methods(weightcalc):
    """-m chooses the columns, -p goes to the methods that know it, and all choices apply."""
    name = saved("c.json", [75, 25])
    options = ["-m", "inverse-frequency", "-m", "power", "-p", "exponent=1", "--zero", "0"]
    table = weightcalc("report", name, *options, "-f", "csv").stdout.decode()
    rows = [*csv.DictReader(io.StringIO(table))]
    assert [row["inverse-frequency"] for row in rows] == ["0.0", "4.0"]
    assert [row["power exponent=1.0"] for row in rows] == ["0.0", "4.0"]
    result = weightcalc("report", name, "-m", "enet", "-p", "beta=0.5")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "none of enet has a parameter 'beta'" in result.stderr


def test_weights_agree(weightcalc):
    """A column holds what `weights` writes for the method."""
    name = saved("c.json", [9000, 900, 0, 100], masks=3)
    table = weightcalc("report", name, "-f", "csv").stdout.decode()
    rows = [*csv.DictReader(io.StringIO(table))]
    for method in ("median-frequency", "balanced", "enet"):
        assert [float(r[method]) for r in rows] == weightcalc("weights", name, "-m", method).json
    weights = weightcalc("weights", name, "-m", "effective-number", "-p", "unit=masks").json
    assert [float(row["effective-number unit=masks"]) for row in rows] == weights


def test_absent_and_ignored(weightcalc, save_mask):
    """Absent classes, ignored classes and ignored values are called so."""
    save_mask([[0, 0, 3, 255]])
    words = ["report", "mask.png", "-n", "4", "--ignore-index", "3", "--ignore-index", "255"]
    text = weightcalc(*words).stdout.decode()
    rows = rows_of(text)
    assert rows[0].split()[0] == "100%"
    assert rows[1].split()[0] == "absent"
    assert rows[3].split()[0] == "ignored"
    assert "ignored: value 255, 1 pixels in 1 masks (25% of all pixels)" in text
    assert "no mask holds class 1, 2 (--absent zero)" in text


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("classes", [3, 19, 150])
@pytest.mark.parametrize("width", [30, 50, 80, 100, 200])
def test_fits_the_terminal(weightcalc, monkeypatch, width, classes, sets):
    """No line is wider than the terminal, and every class has its share and all its weights."""
    monkeypatch.setenv("COLUMNS", str(width))
    pixels, names = many(classes)
    files = [saved(f"a long name of a set {n}.json", pixels, names) for n in range(sets)]
    text = weightcalc("report", *files, "--raw").stdout.decode()
    assert max(map(display_width, text.splitlines())) <= width
    last = [line for line in text.splitlines() if line.startswith(f"{classes - 1} ")]
    cells = " ".join(last).split()
    assert cells.count("0.0001%") == sets
    assert cells.count("50.5") == 1  # enet: 1 / ln(1.02 + 1e-6)


def test_eighty_columns_when_piped(weightcalc):
    """Without a terminal the text is 80 columns wide, and has no colours."""
    pixels, names = many(19)
    text = weightcalc("report", saved("c.json", pixels, names)).stdout.decode()
    assert max(map(display_width, text.splitlines())) == 80
    assert "\x1b" not in text


def test_colors_say_nothing_alone(weightcalc, monkeypatch):
    """Colours, where they are asked for, are all that differs from the text without."""
    name = saved("c.json", [9, 0, 1], ["sky", "road", "car"])
    plain = weightcalc("report", name).stdout.decode()
    colored = weightcalc("report", name, "--color", "always").stdout.decode()
    assert "\x1b[31mabsent" in colored
    assert ANSI.sub("", colored) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert weightcalc("report", name).stdout.decode() == plain


def test_ascii_terminal(weightcalc, monkeypatch):
    """A terminal that has no blocks and no such letters gets neither."""
    name = saved("c.json", [9, 1], ["道路", "car"])
    stream = io.TextIOWrapper(sys.stdout.buffer, "ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    text = weightcalc("report", name).stdout.decode("ascii")
    assert r"\u9053\u8def" in text
    assert "#" in text
    stream.detach()


@pytest.mark.parametrize(
    ("text", "width"),
    [("road", 4), ("道路", 4), ("n\u0303a", 2), ("ﾊﾞｽ", 3), ("한국", 4), ("\u1112\u1161\u11ab", 2)],
)
def test_display_width(text, width):
    """East Asian characters take two columns, halfwidth ones one, combining marks none."""
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("road", 4, "road"),
        ("traffic light", 9, "traf…ight"),
        ("自動車と歩行者", 8, "自動…者"),  # 4 + 1 + 2; another character would make 9
        ("ab\u0303cdef\u0303", 4, "ab\u0303…f\u0303"),
        ("road", 1, "…"),
    ],
)
def test_shorten(text, width, short):
    """The middle is cut out, never between a letter and its mark, and what is left fits."""
    assert shorten(text, width) == short
    assert display_width(short) <= width


def test_wrap():
    """Lines break at spaces, by columns; a word wider than a line is broken."""
    assert [*wrap("道路 and 道路 too", 9)] == ["道路 and", "  道路", "  too"]
    assert [*wrap("abcdefghij", 6)] == ["abcdef", "  ghij"]


def test_wrap_walks_a_word_once(monkeypatch):
    """The work that a word of many lines makes grows with its length, not with its square."""
    measured = []
    width = text_width._width
    monkeypatch.setattr(text_width, "_width", lambda c: measured.append(c) or width(c))
    lines = [*wrap("so " + "é" * 9000, 80)]
    assert lines[:2] == ["so", "  " + "é" * 78]
    assert "".join(line.strip() for line in lines) == "so" + "é" * 9000
    assert len(measured) < 5 * 9000


def test_long_names_in_sentences(weightcalc):
    """Sentences cut the middle out of a long name, as the tables do."""
    names = ["sky", "é" * 5000, "car"]
    files = [saved("a.json", [5, 5, 0], names), saved("b.json", [5, 0, 5], names)]
    text = " ".join(weightcalc("report", *files, "-m", "enet").stdout.decode().split())
    short = "é" * 19 + "..." + "é" * 18
    assert f"moved most: {short} 50% -> 0%" in text
    assert f"b: no mask holds class {short} (--absent zero)" in text


def test_log_scale_ends():
    """However rare a class is, bars begin at a trillionth or above."""
    pixels = [[9, 1], [10**11, 1], [10**30, 1], [10**320, 1]]
    assert [log_floor(counts_of(each)) for each in pixels] == [-2, -12, -12, -12]


def test_summary_of_wide_names():
    """The columns of the summary stand below one another where names are of wide characters."""
    lines = summary_table(counts_of([50, 50], ["道路", "car"]), [1.0, 1.0])
    assert len({display_width(line[: line.rindex("%")]) for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("share", "text"),
    [
        *((1.0, "100%"), (0.99951, ">99.9%"), (0.5, "50%"), (0.012345, "1.23%")),
        *((1e-6, "0.0001%"), (1e-9, "1e-07%"), (0.0, "0%")),
    ],
)
def test_percent(share, text):
    """A share is never rounded to nothing or to all."""
    assert percent(share) == text


def test_drift():
    """The drift is half the sum of the differences; what moved most comes first."""
    # shares 0.5 0.3 0.2 0 and 0.2 0.4 0 0.4: differences 0.3 0.1 0.2 0.4, half of 1.0
    drift = class_drift(counts_of([50, 30, 20, 0]), counts_of([20, 40, 0, 40]))
    assert drift.distance == pytest.approx(0.5)
    assert [move.index for move in drift.moves] == [3, 0, 2, 1]
    assert (drift.moves[1].before, drift.moves[1].after) == (0.5, 0.2)


@pytest.mark.parametrize(
    ("before", "after", "distance"),
    [([7, 3], [70, 30], 0), ([1, 0], [0, 1], 1), ([1], [1, 3], 0.75)],
)
def test_drift_is_of_shares(before, after, distance):
    """Equal shares have no drift, disjoint classes all of it; a class may be new."""
    assert class_drift(counts_of(before), counts_of(after)).distance == distance


def test_comparison(weightcalc):
    """Counts files are put side by side, not added up; the first is compared with the others."""
    names = ["sky", "road", "car"]
    saved("train.json", [50, 30, 20], names)
    saved("val.json", [100, 100, 0], names, masks=2)
    result = weightcalc("report", "train.json", "val.json")
    text = " ".join(result.stdout.decode().split())
    assert "train: 1 masks, 100 pixels" in text
    assert "val: 2 masks, 200 pixels" in text
    assert re.search(r"1 road 30% █+.? +1 50% █+.? +2", text)
    # half of 0 + 0.2 + 0.2
    assert "drift from train to val: 0.2 (total variation" in text
    assert "moved most: road 30% -> 50% (+20 points), car 20% -> 0% (-20 points)" in text
    assert "val: no mask holds class car" in text
    assert "weights of train" in text


def test_masks_are_one_set(weightcalc, save_mask):
    """All masks together are one set; a counts file beside them is another."""
    save_mask([[0, 1]], "a/1.png")
    save_mask([[0, 0]], "b/1.png")
    text = weightcalc("report", "a", "b").stdout.decode()
    assert "a, b: 2 masks, 4 pixels" in text
    assert rows_of(text)[0].split()[0] == "75%"
    saved("old.json", [1, 3])
    table = weightcalc("report", "old.json", "a", "b", "-f", "csv").stdout.decode()
    rows = [*csv.DictReader(io.StringIO(table))]
    assert [(row["set"], row["share"]) for row in rows] == (
        [("old", "0.25"), ("old", "0.75"), ("a, b", "0.75"), ("a, b", "0.25")]
    )


@pytest.mark.parametrize("sources", [["a", "a"], ["a", "old.json", "a", "b", "a"]])
def test_masks_named_twice(weightcalc, save_mask, sources):
    """A folder that is named twice makes no second set of the masks."""
    save_mask([[0, 1]], "a/1.png")
    save_mask([[0, 0]], "b/1.png")
    saved("old.json", [1, 3])
    table = weightcalc("report", *sources, "-n", "2", "-f", "csv").stdout.decode()
    rows = [*csv.DictReader(io.StringIO(table))]
    shown = "a, b" if "b" in sources else "a"
    assert [row["set"] for row in rows] == [shown] * 2 + ["old"] * 2 * ("old.json" in sources)


def test_same_stem(weightcalc, tmp_path):
    """Counts files of one stem are called by their paths, and one named twice is counted."""
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        saved(f"{folder}/c.json", [1, 1])
    names = ["x/c.json", "y/c.json", "y/c.json"]
    rows = csv.DictReader(io.StringIO(weightcalc("report", *names, "-f", "csv").stdout.decode()))
    assert [*dict.fromkeys(row["set"] for row in rows)] == [*names[:2], "y/c.json (3)"]


def test_other_classes(weightcalc):
    """Sets of other classes cannot be compared."""
    saved("a.json", [1, 1], ["sky", "road"])
    saved("b.json", [1, 1], ["sky", "car"])
    result = weightcalc("report", "a.json", "b.json")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "a, b cannot be compared: the classes differ" in result.stderr


def test_nothing_to_weigh(weightcalc):
    """A set without a labelled pixel is an error that names the set."""
    result = weightcalc("report", saved("a.json", [1, 1]), saved("b.json", [0, 0]))
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "b: no class has a pixel" in result.stderr


def test_sorted_by_share(weightcalc):
    """--sort share puts the largest class first."""
    name = saved("c.json", [2, 0, 9, 5])
    text = weightcalc("report", name, "--sort", "share").stdout.decode()
    assert [*rows_of(text)] == [2, 3, 0, 1]


def test_values_of_masks_beside_counts(weightcalc, save_mask):
    """Options on values speak of the masks alone; counts of the same classes are compared."""
    save_mask([[0, 1, 255]])
    weightcalc("count", "mask.png", "--ignore-index", "255", "-n", "2", "-o", "same.json")
    saved("other.json", [1, 1])
    words = ["report", "mask.png", "--ignore-index", "255", "-n", "2"]
    assert weightcalc(*words, "same.json").exit_code == 0
    assert weightcalc(*words, "other.json").exit_code == 0
    assert weightcalc("report", "same.json", "--ignore-index", "3").exit_code == 2


def test_overlapping_classes(weightcalc, save_mask):
    """Where channels overlap, shares add up to more than all, and the report says so."""
    save_mask([[[1, 1], [1, 0]]], "m.npy")  # two pixels: channel 0 in both, 1 in one
    text = weightcalc("report", "m.npy", "--encoding", "multilabel").stdout.decode()
    assert [line.split()[0] for line in rows_of(text).values()] == ["100%", "50%"]
    assert "classes overlap: their shares add up to 150%" in text


def test_look():
    """Whether there are blocks is asked of the encoding, not guessed."""
    assert [Look(80, name).blocks for name in ("utf-8", "ascii", "latin-1")] == [True, False, False]
    assert unicodedata.name("█") == "FULL BLOCK"
