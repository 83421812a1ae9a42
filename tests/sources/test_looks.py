"""Which sets look like layers by their names, and the pattern that fits them."""

from __future__ import annotations

import pytest

from weightcalc.sources.layers import Pattern
from weightcalc.sources.looks import look_at


def names_of(template, **fields):
    """Names by a template for each of the scenes `s` and the words `w`, as they are sorted."""
    return sorted(template.format(s=s, w=w) for s in fields["s"] for w in fields["w"])


@pytest.mark.parametrize(
    ("template", "words", "pattern"),
    [
        ("m/{s}_{w}.png", ["hair", "skin"], "{scene}_{class}.png"),
        ("m/0/{s}-{w}.tif", ["MA", "HE"], "{scene}-{class}.tif"),
        ("m/{s}.{w}.npy", ["road", "car"], "{scene}.{class}.npy"),
        ("m/{s}/seg/{w}.nii.gz", ["liver", "spleen"], "{scene}/seg/{class}.nii.gz"),
        ("m/{s}/{w}.nii.gz", ["liver", "lung_lobe_left"], "{scene}/{class}.nii.gz"),
        (
            "m/task-{s}-annotation-2-by-3-tag-{w}-0.png",
            ["road", "sky"],
            "{scene}-annotation-*-by-*-tag-{class}-*.png",
        ),
        ("zip://{s}_{w}.png::m.zip", ["hair", "skin"], "{scene}_{class}.png"),
    ],
)
def test_a_file_a_class(template, words, pattern):
    """Two names without digits that recur from scene to scene look like classes."""
    names = names_of(template, s=["00001", "00002"], w=words)
    looks = look_at(names)
    assert looks.classes == pattern
    assert set(looks.first) == set(words)
    assert [looks.word_of(name) for name in names] == sorted(words) * 2
    assert Pattern(pattern).ways("a/" + names[0].removeprefix("zip://").partition("::")[0])


@pytest.mark.parametrize(
    "names",
    [
        names_of("m/{s}/{w}.nii.gz", s="abc", w=["seg"]),
        names_of("m/{s}/{w}.png", s=["bear", "camel"], w=["00000", "00001"]),
        names_of("m/case_{s}_slice_{w}.png", s="12", w=["01", "02"]),
        names_of("m/{s}_{w}.png", s="ab", w=["north", "south"]),
        names_of("m/{s}_{w}.png", s="ab", w=["x1y1", "x2y1"]),
        names_of("m/{s}_{w}.png", s="ab", w=["a", "b"]),
        names_of("m/{s}_{w}.png", s="a", w=["hair", "skin"]),
        ["m/a_hair.png", "m/b_hair.png", "m/c_skin.png", "m/d_skin.png"],
        names_of("m/{s}.png", s=["road", "sky"], w="-"),
        [],
    ],
)
def test_no_file_a_class(names):
    """One name a case, numbered frames and slices, tiles, and a single scene do not look so."""
    looks = look_at(names)
    assert (looks.classes, looks.first) == ("", {})
    assert not any(map(looks.word_of, names))


@pytest.mark.parametrize(
    ("template", "scenes", "pattern"),
    [
        ("m/{s}/masks/{w}.png", ["00ae", "00b2"], "{scene}/masks/*.png"),
        ("m/{s}/{w}.png", ["00ae", "00b2"], "{scene}/*.png"),
        ("m/{s}/{w}.png", ["train", "val"], ""),
        ("m/{s}/masks/{w}.png", ["Training", "test"], ""),
        ("m/{s}/{w}.png", ["all"], ""),
        ("m_{s}_{w}.png", ["1", "2"], ""),
    ],
)
def test_a_file_an_instance(template, scenes, pattern):
    """Folders that hold several masks look like scenes of instances, but splits do not."""
    assert look_at(names_of(template, s=scenes, w=["1f3", "2a7"])).instances == pattern


def test_images_beside_instances():
    """Folders of one file each, such as the image of a scene, are no part of the pattern."""
    names = [f"m/{s}/images/{s}.png" for s in "ab"] + [
        f"m/{s}/masks/{n}.png" for s in "ab" for n in "12"
    ]
    assert look_at(sorted(names)).instances == "{scene}/masks/*.png"


def test_few_of_many_folders():
    """Where most folders hold one mask, they are no scenes of instances."""
    names = [f"m/{n}/masks/1.png" for n in range(9)] + ["m/1/masks/2.png", "m/2/masks/2.png"]
    assert look_at(sorted(names)).instances == ""
