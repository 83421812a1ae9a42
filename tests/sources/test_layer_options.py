"""The options that are offered to a set of layers: with them the layers are counted, and no images."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest

SCENES = ["00001", "00002"]
LAYER = [[0, 255, 255, 0]]
GREY = np.arange(24).reshape(2, 12) * 10
COLOR = np.full((2, 2, 3), (200, 100, 50))


@pytest.mark.parametrize(
    ("layers", "others"),
    [
        ("{s}_{w}.png", {}),
        ("{s}_{w}.png", {"{s}_image.png": GREY}),
        ("{s}_{w}.png", {"{s}_image.png": COLOR}),
        ("{s}_{w}.png", {"{s}.png": GREY}),
        ("{s}_{w}.png", {"{s}.tif": GREY}),
        ("{s}_{w}.png", {"images/{s}.png": GREY}),
        ("img_{s}_{w}.png", {"img_{s}.png": GREY}),
        ("{s}/{w}.png", {"{s}/image.png": GREY}),
        ("{s}/masks/{w}.png", {"{s}/image.png": GREY, "{s}/depth.png": GREY}),
    ],
)
def test_the_options_count_layers_only(
    weightcalc, save_mask, tmp_path, monkeypatch, layers, others
):
    """Whoever follows the hint counts each scene once, and all of its layers but no other file."""
    monkeypatch.chdir(tmp_path)
    for scene in SCENES:
        for word in ("hair", "skin"):
            save_mask(LAYER, "m/" + layers.format(s=scene, w=word))
        for name, rows in others.items():
            save_mask(rows, "m/" + name.format(s=scene))
    save_mask(LAYER, "m/" + layers.format(s=SCENES[1], w="hat"))  # in one scene only
    result = weightcalc("weights", "m")
    assert (result.exit_code, result.stdout) == (2, b"")
    hint = re.search("hint: (--layers .*?),? (counts each scene once|where LIST)", result.stderr)[1]
    (tmp_path / "LIST").write_text("hair\nhat\nskin\n")
    counted = weightcalc("count", "m", *shlex.split(hint)).json
    assert counted["masks"] == len(SCENES)
    assert {c["name"]: c["pixels"] for c in counted["classes"]} == {"hair": 4, "hat": 2, "skin": 4}


def test_no_pattern_that_does_not_fit(weightcalc, save_mask, tmp_path, monkeypatch):
    """Where folders of scenes are sources themselves, no pattern fits from below them: none is offered."""
    monkeypatch.chdir(tmp_path)
    for scene in SCENES:
        for word in ("liver", "spleen"):
            save_mask(LAYER, f"{scene}/{word}.png")
    result = weightcalc("weights", *SCENES)
    assert result.exit_code == 2
    assert "help layers" in result.stderr
    assert "--layers '" not in result.stderr
