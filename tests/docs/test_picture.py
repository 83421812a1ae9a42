"""The picture of the README: the command that stands in the manual draws it."""

import json
import re
import shlex
import shutil
from pathlib import Path
from xml.etree import ElementTree

from support.camvid import MASKS, PIXELS

from weightcalc.manual import page

ROOT = Path(__file__).parents[2]
MOST_BYTES = 100_000


def test_picture_is_what_its_command_draws(weightcalc, tmp_path, monkeypatch):
    """The command of the manual makes the very file that lies in `examples`, which is small."""
    (command,) = re.findall(
        r"^weightcalc (report .* -o examples/.*\.svg)$", page("report"), re.MULTILINE
    )
    *words, output = shlex.split(command)
    (counts,) = (word for word in words if word.endswith(".json"))
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / counts, tmp_path / counts)
    monkeypatch.chdir(tmp_path)
    assert weightcalc(*words, output).exit_code == 0
    assert (ROOT / output).read_bytes() == (tmp_path / output).read_bytes()
    assert (ROOT / output).stat().st_size < MOST_BYTES


def test_picture_needs_nothing_else():
    """The picture is SVG without a script, a link or a file of its own."""
    (picture,) = (ROOT / "examples").glob("*.svg")
    for element in ElementTree.parse(picture).iter():
        assert element.tag.partition("}")[2] in (
            "svg",
            "title",
            "desc",
            "style",
            "rect",
            "path",
            "text",
        )
        assert not [name for name in element.attrib if "href" in name or name.startswith("on")]
        assert "url(" not in (element.text or "")


def test_counts_are_those_of_segnet():
    """The counts beside it are those that the authors of SegNet published weights for."""
    counts = json.loads((ROOT / "examples" / "camvid_counts.json").read_text())
    assert [entry["pixels"] for entry in counts["classes"]] == PIXELS
    assert [entry["masks"] for entry in counts["classes"]] == MASKS
