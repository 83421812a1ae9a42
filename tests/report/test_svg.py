"""The class balance as SVG, which is drawn without any package."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from support.report_sets import counts_of, many, saved

from weightcalc.report import inks
from weightcalc.report.drawing import draw_report
from weightcalc.report.scales import decades, ticks_between
from weightcalc.report.svg import write_svg
from weightcalc.report.table import make_report
from weightcalc.weights.formula import Formula


def drawn(pixels, **options):
    """The elements of a drawing of weights by `balanced`, with their attributes."""
    report = make_report({"set": counts_of(pixels)}, {"balanced": Formula("balanced")}, **options)
    return [*ElementTree.fromstring(write_svg(draw_report(report))).iter()]


def dots_of(elements, style):
    """The places of the dots of a series, without the sign that tells what they are."""
    paths = [e.get("d") for e in elements if e.get("class") == style]
    places = [re.findall(r"M([\d.]+) ([\d.]+)", path) for path in paths]
    return [tuple(map(float, place)) for place in max(places, key=len)]


def test_dots_stand_on_a_log_scale():
    """Ten times the share is one step to the right, and each class has its own line."""
    elements = drawn([900, 90, 9, 1])
    ticks = {e.text: float(e.get("x")) for e in elements if "tick" in e.get("class", "")}
    dots = dots_of(elements, "c0")
    assert len({y for _, y in dots}) == 4
    (first, second, third, fourth) = (x for x, _ in dots[:4])
    assert first - second == pytest.approx(second - third, abs=0.2)
    assert fourth == pytest.approx(ticks["0.1%"], abs=0.1)
    assert first < ticks["100%"]
    step = second - third
    assert (first - fourth) / step == pytest.approx(math.log10(900), abs=0.02)


def test_what_has_no_place_on_a_log_scale():
    """An absent class is called so, and weight 0 has a cross."""
    elements = drawn([9, 0])
    assert "absent" in [e.text for e in elements]
    assert len(dots_of(elements, "none")) == 1
    assert not [e for e in drawn([9, 1]) if e.get("class") == "none"]


@pytest.mark.parametrize("number", [3, 19, 150])
def test_texts_do_not_touch(number):
    """Names have a line each, and numbers of a scale have room, however many classes there are."""
    pixels = [max(1, 10**7 // 3**k) for k in range(number)]
    elements = [e for e in drawn(pixels) if e.tag.endswith("text")]
    names = [
        float(e.get("y")) for e in elements if re.fullmatch(r"\d+", e.text) and not e.get("class")
    ]
    assert len(names) == number
    assert min(b - a for a, b in itertools.pairwise(names)) >= 20
    ticks = [e for e in elements if e.get("class") == "tick"]
    for one, other in itertools.combinations(ticks, 2):
        apart = abs(float(one.get("x")) - float(other.get("x")))
        if one.get("y") == other.get("y"):
            assert apart >= 7 * (len(one.text) + len(other.text)) / 2


def test_picture_of_150_classes_is_small(weightcalc, tmp_path, monkeypatch):
    """A picture of 150 classes with four methods stays below 100 kB."""
    monkeypatch.chdir(tmp_path)
    pixels, names = many(150)
    assert weightcalc("report", saved("c.json", pixels, names), "-o", "r.svg").exit_code == 0
    assert (tmp_path / "r.svg").stat().st_size < 100_000


def luminance(color):
    """Relative luminance of a colour #RRGGBB, as WCAG 2 defines it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("words", "dots"), [(inks.LIGHT, inks.LIGHT_DOTS), (inks.DARK, inks.DARK_DOTS)]
)
def test_contrast(words, dots):
    """Text and dots have a contrast of 4.5 and more with the paper and the bands, light and dark."""
    for paper in (words["paper"], words["band"]):
        for ink in (words["ink"], words["soft"], words["bad"], *dots):
            light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


def test_ticks():
    """Few powers of ten have 2 and 5 between them, and of very many some are left out."""
    assert ticks_between(-1, 0) == pytest.approx([0.1, 0.2, 0.5, 1])
    assert ticks_between(-3, 1) == pytest.approx([0.001, 0.01, 0.1, 1, 10])
    assert len(ticks_between(-12, 0)) == 7
    assert decades([0.0, 0.02, 30.0]) == (-2, 2)
    assert decades([0.0]) == (0, 1)
