"""The class balance as a page: what it holds, and what it never does."""

import base64
import hashlib
import html
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from support.report_sets import counts_of, many, saved

from weightcalc.cli import reporting
from weightcalc.counts.class_counts import ClassCounts
from weightcalc.labels.label_map import LabelMap
from weightcalc.report.page import MOST_CLASSES_WITH_MASKS
from weightcalc.report.thumbnails import MOST_SIDE, class_colors

VOID = {"meta", "img", "rect", "path"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text in them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(weightcalc, *words):
    """The page of a report of these sources, read as a browser reads it."""
    result = weightcalc("report", *words, "-f", "html")
    assert result.exit_code == 0, result.stderr
    page = Page(result.stdout.decode())
    assert page.open == []
    return page


def pictures_of(page):
    """The pictures of a page, as arrays of red, green, blue and opacity, by their alt texts."""
    found = {}
    for image in page.all("img"):
        data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        with Image.open(io.BytesIO(data)) as picture:
            found[image["alt"]] = np.asarray(picture.convert("RGBA"))
    return found


def test_page_has_what_the_text_has(weightcalc):
    """Totals, imbalance, a row for each class with its share and weights, and the remarks."""
    name = saved("c.json", [9000, 900, 100, 0], ["sky", "road", "car", "bus"], 4, ignore=10)
    page = page_of(weightcalc, name, "--raw")
    cells = page.texts["td"]
    # balanced is 10000 / (3 n)
    assert [cell for cell in cells if cell in ("9,000", "90%", "0.3704")] == [
        "9,000",
        "90%",
        "0.3704",
    ]
    assert "absent" in cells
    assert page.texts["th"][-4:] == ["sky", "road", "car", "bus"]
    assert any("4 masks, 10,010 pixels, 10 ignored" in text for text in page.texts["p"])
    assert any("no mask holds class bus" in text for text in page.texts["li"])


def test_table_is_accessible(weightcalc):
    """The table has a caption, each heading a scope, each row one heading; the picture a title."""
    plain = page_of(weightcalc, saved("plain.json", [3, 1]), "-m", "enet")
    page = page_of(weightcalc, saved("c.json", [3, 1], ["sky", "road"]), "-m", "enet")
    for each, columns, rows in ((plain, 5, ["0", "1"]), (page, 6, ["sky", "road"])):
        assert each.texts["caption"]
        assert [h["scope"] for h in each.all("th")] == ["col"] * columns + ["row"] * 2
        assert each.texts["th"][columns:] == rows
    (picture,) = (svg for svg in page.all("svg") if "aria-labelledby" in svg)
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert picture["role"] == "img"
    assert set(picture["aria-labelledby"].split()) <= ids
    assert page.all("html") == [{"lang": "en"}]


def test_several_sets(weightcalc):
    """Each set has its columns under its name, and the weights are those of the first."""
    saved("a.json", [3, 1])
    saved("b.json", [1, 1])
    page = page_of(weightcalc, "a.json", "b.json", "-m", "enet")
    groups = [h for h in page.all("th") if h["scope"] == "colgroup"]
    assert [group["colspan"] for group in groups] == ["3", "3", "1"]
    rows = page.all("tr")
    assert len(rows) == 4
    assert any("drift from a to b" in text for text in page.texts["li"])


def test_findings_are_on_the_page(weightcalc, save_mask):
    """What the run warns of stands on the page, also where the run is quiet."""
    save_mask([[0, 1]], "masks/a.png")
    words = ["report", "masks", "-n", "2", "--map", "9:1", "--map", "1:1", "-f", "html"]
    loud, quiet = weightcalc(*words), weightcalc(*words, "-q")
    assert "no mask holds the value 9" in loud.stderr
    assert "no mask holds the value 9" in html.unescape(loud.stdout.decode())
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout


NASTY = [
    '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'-->", "</title><b>", "&lt;i&gt;",
    "</style>", "{{x}}", "a\x00b",
]  # fmt: skip


def test_names_are_no_markup(weightcalc, save_mask):
    """Names of classes, masks and folders with HTML in them are text, wherever they stand."""
    names = {f'{k} "><img src=x onerror=alert(1)><!--.png': k for k in range(3)}
    for name, k in names.items():
        save_mask([[*range(len(NASTY)), k]], f"<i>/{name}")
    for path, classes in (("classes.json", NASTY), ("plain.json", [*"abcdefgh"])):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(classes, file)
    plain = page_of(weightcalc, "<i>", "-c", "plain.json")
    page = page_of(weightcalc, "<i>", "-c", "classes.json")
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    shown = " ".join(page.texts["th"])
    assert all(name in shown for name in NASTY[:4])
    assert any(name in text for name in names for text in page.texts["span"])


def test_page_needs_nothing_else(weightcalc, save_mask):
    """The page asks for nothing, and its policy allows its own script and styles alone."""
    save_mask([[0, 1]], "masks/a.png")
    page = page_of(weightcalc, "masks")
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:")
    (policy,) = (m["content"] for m in page.all("meta") if "http-equiv" in m)
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    assert rules["img-src"] == ["data:"]
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        digests = [hashlib.sha256(text.encode()).digest() for text in page.texts[tag]]
        assert rules[rule] == [f"'sha256-{base64.b64encode(d).decode()}'" for d in digests]
        assert len(page.all(tag)) == len(digests)


def test_same_bytes(weightcalc, save_mask, tmp_path, monkeypatch):
    """Jobs, a cache, -v and another folder change nothing, and no absolute path is told."""
    for number in range(6):
        save_mask([[0, 1, number % 3]] * 5, f"one/masks/{number}.png")
        save_mask([[0, 1, number % 3]] * 5, f"two/masks/{number}.png")
    pages = set()
    for place, words in {
        "one": [[], ["-j", "2"], ["--cache", "../c.db"], ["--cache", "../c.db", "-v"]],
        "two": [[]],
    }.items():
        monkeypatch.chdir(tmp_path / place)
        pages |= {weightcalc("report", "masks", "-f", "html", *each).stdout for each in words}
    (page,) = pages
    assert str(tmp_path).encode() not in page
    assert page.count(b"<img ") == 3 + 3 + 2  # two masks hold class 2


def test_pictures_of_masks(weightcalc, save_mask):
    """A picture has the colours of the classes, the rarest dots too, and nothing where ignored."""
    values = np.zeros((400, 200), np.uint8)
    values[200:] = 1
    values[0, 0] = 2
    values[:, 150:] = 255
    save_mask(values, "m/a.png")
    with open("classes.csv", "w") as file:
        file.write("name,r,g,b\nsky,10,20,30\nroad,40,50,60\ncar,70,80,90\n")
    words = ["m", "-c", "classes.csv", "--encoding", "index", "--ignore-index", "255"]
    pictures = pictures_of(page_of(weightcalc, *words))
    assert {picture.shape for picture in pictures.values()} == {(MOST_SIDE, MOST_SIDE // 2, 4)}
    (car,) = (picture for alt, picture in pictures.items() if "car" in alt)
    (sky,) = (picture for alt, picture in pictures.items() if "sky" in alt)
    assert car[0, 0].tolist() == [70, 80, 90, 255]  # one pixel of 80000
    assert sky[0, 0].tolist() == [10, 20, 30, 255]
    assert sky[-1, 0].tolist() == [40, 50, 60, 255]
    assert sky[0, -1, 3] == 0
    assert np.count_nonzero(np.all(car == car[0, 0], axis=2)) == 1


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.bmp", "a.tif", "z.zip"])
def test_pictures_of_formats(weightcalc, save_mask, tmp_path, name):
    """Masks of every format of pictures, and members of archives, are shown."""
    values = np.arange(6, dtype=np.uint8).reshape(2, 3) // 3
    path = save_mask(values, "a.png" if name == "z.zip" else f"m/{name}")
    if name == "z.zip":
        (tmp_path / "m").mkdir()
        with zipfile.ZipFile("m/z.zip", "w") as archive:
            archive.write(path, "a.png")
    source = "m/z.zip" if name == "z.zip" else "m"
    pictures = pictures_of(page_of(weightcalc, source))
    assert [picture.shape for picture in pictures.values()] == [(2, 3, 4)] * 2
    (first, second) = pictures.values()
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_colors_of_color_masks(weightcalc, save_mask):
    """Masks that are read by their colours are shown in them."""
    save_mask([[[255, 0, 0], [0, 0, 255]]], "m/a.png")
    pictures = pictures_of(page_of(weightcalc, "m", "--encoding", "color"))
    for picture in pictures.values():
        assert picture[0].tolist() == [[255, 0, 0, 255], [0, 0, 255, 255]]


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 4, 4), ["--encoding", "index"]),  # a stack
        ((4, 4, 2), ["--encoding", "multilabel"]),
        ((1, 900), []),  # no picture: nobody would see anything
    ],
)
def test_masks_that_are_named_alone(weightcalc, save_mask, shape, options):
    """A mask that cannot be shown stands on the page by its name."""
    save_mask(np.arange(np.prod(shape)).reshape(shape) % 2, "m/stack.npy")
    page = page_of(weightcalc, "m", *options)
    assert page.all("img") == []
    assert any("m/stack.npy" in text for text in page.texts["span"])


def test_mask_that_changed(weightcalc, save_mask, monkeypatch):
    """A mask whose pixels are no longer those that were counted is named alone."""
    save_mask([[0, 1, 1]], "m/a.png")
    best_masks = reporting.best_masks

    def change_first(*arguments):
        save_mask([[0, 0, 1]], "m/a.png")
        return best_masks(*arguments)

    monkeypatch.setattr(reporting, "best_masks", change_first)
    assert page_of(weightcalc, "m").all("img") == []


def test_counts_files_show_no_masks(weightcalc):
    """Counts say nothing of single masks, and the page has no such part."""
    page = page_of(weightcalc, saved("c.json", *many(19)))
    assert page.all("img") == []
    assert page.all("h3") == []


def test_page_is_bounded(weightcalc, save_mask):
    """Of many classes the rarest have pictures, and the page tells how many these are."""
    number = MOST_CLASSES_WITH_MASKS + 10
    for k in range(5):
        save_mask(np.reshape([*range(number), *range(10)], (6, 10)), f"m/{k}.png")
    page = page_of(weightcalc, "m", "-n", str(number))
    headings = page.texts["h3"]
    assert headings == [str(index) for index in range(10, number)]
    assert len(page.all("img")) == 3 * MOST_CLASSES_WITH_MASKS
    assert any(f"the {MOST_CLASSES_WITH_MASKS} rarest of {number}" in t for t in page.texts["p"])


def test_long_names_are_cut(weightcalc, save_mask):
    """A page does not grow with the length of names."""
    save_mask([[0, 1]], "m/a.png")
    sizes = []
    for length in (300, 900):
        with open("classes.txt", "w") as file:
            file.write("x" * length + "\n" + "y" * length + "\n")
        sizes.append(len(weightcalc("report", "m", "-c", "classes.txt", "-f", "html").stdout))
    assert sizes[0] == sizes[1]


def test_made_up_colors_differ():
    """Classes without colours get different ones."""
    colors = class_colors(counts_of([1] * 100), LabelMap(100))
    assert len(set(colors.values())) == 100


def test_colors_of_palettes():
    """The palettes of masks say the colours of classes, and a class list before them."""
    counts = ClassCounts(LabelMap(3, mapping={7: 1}))
    counts.palette = {0: 0x0000FF, 7: 0x00FF00}
    labels = LabelMap(3, mapping={7: 1}, listed_colors={0x123456: 0})
    colors = class_colors(counts, labels)
    assert (colors[0], colors[1]) == (0x123456, 0x00FF00)
    assert re.fullmatch(r"[0-9a-f]{6}", f"{colors[2]:06x}")
