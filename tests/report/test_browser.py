"""
The page of a report in a browser: it fits wide and narrow windows, and its table sorts.

Where there is no Chromium these tests are skipped, or fail where WEIGHTCALC_REQUIRE_BROWSER is set,
so that nothing is left out unnoticed.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess

import pytest
from support.report_sets import many, saved

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
# Frames are as wide as is asked, which the windows of a browser without a screen are not. A frame
# with a sandbox runs no script, but the page around it can look into it.
FRAME = '<iframe id="{name}" width="{width}" height="900" {sandbox} srcdoc="{page}"></iframe>'
LOOK = """
<pre id="found"></pre>
<script>
addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, root = page.documentElement;
    const column = (number) =>
      [...page.querySelectorAll("tbody tr")].map((row) => row.cells[number].textContent);
    const one = found[frame.id] = {
      window: frame.clientWidth,
      page: Math.max(root.scrollWidth, page.body.scrollWidth),
      buttons: page.querySelectorAll("thead button").length,
      headings: page.querySelectorAll("thead tr:last-child th").length,
      before: column(0),
      ink: frame.contentWindow.getComputedStyle(page.body).color,
      paper: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
      loaded: [...page.images].filter((image) => image.naturalWidth > 0).length,
      images: page.images.length,
      drawn: page.querySelector("svg.balance").getBoundingClientRect().height,
    };
    const button = page.querySelectorAll("thead button")[2];
    if (button) {
      one.clicked = [1, 2].map(() => {
        button.click();
        return [button.parentNode.getAttribute("aria-sort"), column(0)];
      });
    }
  }
  document.getElementById("found").textContent = JSON.stringify(found);
});
</script>
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def look(tmp_path):
    """A function that shows a page in several frames, and gives what a browser made of each."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        if os.environ.get("WEIGHTCALC_REQUIRE_BROWSER"):
            pytest.fail("there is no Chromium, which WEIGHTCALC_REQUIRE_BROWSER asks for")
        pytest.skip("there is no Chromium")

    def look(page, *flags):
        frames = {"wide": (1280, ""), "narrow": (400, ""), "plain": (400, "allow-same-origin")}
        shown = [
            FRAME.format(
                name=name,
                width=width,
                sandbox=f'sandbox="{allowed}"' * bool(allowed),
                page=html.escape(page),
            )
            for name, (width, allowed) in frames.items()
        ]
        around = tmp_path / "around.html"
        around.write_text("<!doctype html>" + "".join(shown) + LOOK, encoding="utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [browser, *FLAGS, profile, *flags, "--dump-dom", around.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        (found,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
        return json.loads(html.unescape(found))

    return look


def shares(number):
    """Pixels of so many classes, no two of them equal, and long names."""
    return [10 + (37 * k) % (10 * number) for k in range(number)], many(number)[1]


def test_page_in_a_browser(weightcalc, save_mask, look):
    """At 1280 and 400 pixels nothing overflows, pictures load, and a click sorts the rows."""
    for k in range(4):
        name = f"masks/a_mask_with_a_long_name_that_has_no_place_where_a_line_would_break_{k}.png"
        save_mask([[0] * 9, [1] * 6 + [2] * 2 + [3]], name)
    with open("classes.txt", "w") as file:
        file.write("road\nsky\n" + "thenameofaclasswithoutanyspace" * 4 + "\ncar\n")
    page = weightcalc("report", "masks", "-c", "classes.txt", "-f", "html").stdout.decode()
    found = look(page)
    for frame, width in (("wide", 1280), ("narrow", 400), ("plain", 400)):
        assert found[frame]["window"] == width
        assert found[frame]["page"] <= width
        assert found[frame]["loaded"] == found[frame]["images"] == 12
        assert found[frame]["drawn"] > 100
        assert brightness(found[frame]["ink"]) < brightness(found[frame]["paper"])
        assert found[frame]["before"] == ["0", "1", "2", "3"]
    for frame in ("wide", "narrow"):
        assert found[frame]["buttons"] == found[frame]["headings"] > 5
        assert found[frame]["clicked"] == [
            ["ascending", ["3", "2", "1", "0"]],
            ["descending", ["0", "1", "2", "3"]],
        ]
    assert found["plain"]["buttons"] == 0


def test_several_sets_and_many_classes_in_a_browser(weightcalc, look):
    """Three sets of 150 classes fit too, and their columns sort by numbers."""
    pixels, names = shares(150)
    files = [saved(f"a set with a long name {n}.json", pixels, names) for n in range(3)]
    page = weightcalc("report", *files, "-f", "html").stdout.decode()
    found = look(page)
    order = [str(index) for index in sorted(range(150), key=pixels.__getitem__)]
    for frame, width in (("wide", 1280), ("narrow", 400)):
        assert found[frame]["page"] <= width
        assert found[frame]["clicked"][0] == ["ascending", order]
        assert found[frame]["clicked"][1] == ["descending", order[::-1]]


def test_dark_in_a_browser(weightcalc, look):
    """Whoever prefers the dark gets light text on a dark page."""
    page = weightcalc("report", saved("c.json", [3, 1]), "-f", "html").stdout.decode()
    wide = look(page, "--blink-settings=preferredColorScheme=0")["wide"]
    assert brightness(wide["ink"]) > brightness(wide["paper"])


def brightness(color):
    """The sum of red, green and blue of a colour, as a browser writes it."""
    return sum(map(int, re.findall(r"\d+", color)[:3]))
