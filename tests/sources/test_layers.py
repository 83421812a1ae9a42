"""Which scene and which class a path is a layer of, by a pattern."""

from __future__ import annotations

import pytest

from weightcalc import SourceError
from weightcalc.sources.layers import Layers, Pattern
from weightcalc.sources.scenes import Scene


def scenes_of(pattern, files, listed=None, rest=None, folders=("m",)):
    """Scenes by their names, each with the files of each class, and the names of the classes."""
    scenes, names = Layers(Pattern(pattern), listed, rest).scenes(files, folders)
    return {scene.name: {names[c]: list(f) for c, f in scene.layers} for scene in scenes}, names


@pytest.mark.parametrize(
    ("pattern", "path", "scene", "name"),
    [
        ("{scene}_{class}.png", "a_hair.png", "a", "hair"),
        ("{scene}_{class}.png", "0/00001_hair.png", "0/00001", "hair"),
        ("*/{scene}_{class}.png", "0/00001_hair.png", "00001", "hair"),
        ("{scene}/segmentations/{class}.nii.gz", "s01/segmentations/liver.nii.gz", "s01", "liver"),
        ("{scene}/{class}.nii.gz", "a/b/vertebrae_L1.nii.gz", "a/b", "vertebrae_L1"),
        ("{class}/{scene}.png", "hair/b/a.png", "b/a", "hair"),
        ("* {class}/{scene}.tif", "1. Exudates/x 1.tif", "x 1", "Exudates"),
        ("{scene}/masks/*.png", "00ae/masks/1f.png", "00ae", ""),
        (
            "{scene}-annotation-*-by-*-tag-{class}-*.png",
            "task-1-annotation-2-by-3-tag-road-0.png",
            "task-1",
            "road",
        ),
        ("{scene}/{scene}_{class}.nii", "case/case_liver.nii", "case", "liver"),
        ("{scene}.[{class}].png", "a.[b].png", "a", "b"),
    ],
)
def test_split(pattern, path, scene, name):
    """A pattern splits a path into its scene, which may hold slashes, and its class."""
    assert Pattern(pattern).ways(path) == {(scene, name)}


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{scene}_{class}.png", "hair.png"),
        ("{scene}_{class}.png", "a_hair.PNG"),
        ("{scene}_{class}.png", "a_b/hair.png"),
        ("{scene}/masks/*.png", "a/masks/deep/b.png"),
        ("{scene}/{scene}_{class}.nii", "case/other_liver.nii"),
        ("{scene}_{class}xpng", "a_hair.png"),
    ],
)
def test_no_match(pattern, path):
    """Only {scene} spans folders, and what stands in a pattern is meant as it is written."""
    assert not Pattern(pattern).ways(path)


def test_all_ways_are_found():
    """A name that can be split in several ways is known to be, whatever splits it."""
    assert Pattern("{scene}_{class}.png").ways("1_l_eye.png") == {("1", "l_eye"), ("1_l", "eye")}
    assert Pattern("{scene}_*.png").ways("a_b_c.png") == {("a", ""), ("a_b", "")}
    assert Pattern("*{scene}*").ways("ab") == {("a", ""), ("b", ""), ("ab", "")}
    assert len(Pattern("*-*-*-*-{scene}").ways("a-" * 30 + "a")) == 27


@pytest.mark.parametrize("text", ["{class}.png", "masks/*.png", "{scene}_{organ}", "{scene", ""])
def test_no_pattern(text):
    """A pattern names the scene, and knows no other field than the class."""
    with pytest.raises(SourceError):
        Pattern(text)


def test_scenes():
    """The files of one scene and class stand together; classes are sorted by their names."""
    files = ["m/a_skin.png", "m/a_hair.png", "m/b/a_hair.png", "m/c_hair.png"]
    scenes, names = scenes_of("{scene}_{class}.png", files)
    assert names == ["hair", "skin"]
    assert scenes == {
        "m/a": {"skin": ["m/a_skin.png"], "hair": ["m/a_hair.png"]},
        "m/b/a": {"hair": ["m/b/a_hair.png"]},
        "m/c": {"hair": ["m/c_hair.png"]},
    }


def test_instances():
    """Without {class} all files of a scene are class 1, and the rest is class 0."""
    files = ["m/x/masks/1.png", "m/x/masks/2.png", "m/y/masks/1.png"]
    scenes, names = Layers(Pattern("{scene}/masks/*.png")).scenes(files, {"m"})
    assert names == [None, None]
    assert scenes == [
        Scene("m/x", ((1, ("m/x/masks/1.png", "m/x/masks/2.png")),), 0),
        Scene("m/y", ((1, ("m/y/masks/1.png",)),), 0),
    ]


@pytest.mark.parametrize(
    ("file", "folders", "scene"),
    [
        ("m/a/x_k.png", {"m"}, "m/a/x"),
        ("m/a/x_k.png", {"m", "m/a"}, "m/a/x"),
        ("/data/x_k.png", {"/data"}, "/data/x"),
        ("x_k.png", {"."}, "x"),
        ("zip://in/x_k.png::m/set.zip", {"m"}, "zip://in/x::m/set.zip"),
        ("https://h.org/d/x_k.png", {"https://h.org/d"}, "https://h.org/d/x"),
        ("m/x_k.png", set(), "m/x"),
    ],
)
def test_name_of_a_scene(file, folders, scene):
    """The name of a scene begins with its source, so that those of two sources differ."""
    assert list(scenes_of("{scene}_{class}.png", [file], folders=folders)[0]) == [scene]


def test_paths_begin_below_their_source():
    """What stands above the source is no part of the path that a pattern splits."""
    scenes, _ = scenes_of("{class}/{scene}.png", ["m/hair/a.png"], folders={"m"})
    assert scenes == {"m/a": {"hair": ["m/hair/a.png"]}}
    with pytest.raises(SourceError, match=r"m/a\.png.*1 of 2 files"):
        scenes_of("{class}/{scene}.png", ["m/hair/a.png", "m/a.png"], folders={"m"})


def test_the_longest_listed_class_is_taken():
    """Where a name can be split in several ways, the list says which; its order is kept."""
    files = ["m/1_l_eye.png", "m/1_skin.png"]
    scenes, names = scenes_of("{scene}_{class}.png", files, ["skin", "eye", "l_eye"])
    assert names == ["skin", "eye", "l_eye"]
    assert scenes == {"m/1": {"l_eye": ["m/1_l_eye.png"], "skin": ["m/1_skin.png"]}}


def test_names_of_scenes_that_hold_what_parts_them():
    """With a list, the scene may hold the character that stands before the class, as in IDRiD."""
    files = ["m/1. Microaneurysms/IDRiD_01_MA.tif", "m/2. Haemorrhages/IDRiD_01_HE.tif"]
    scenes, _ = scenes_of("*/{scene}_{class}.tif", files, ["MA", "HE"])
    assert scenes == {"m/IDRiD_01": {"MA": files[:1], "HE": files[1:]}}


@pytest.mark.parametrize(
    ("pattern", "file", "listed", "word"),
    [
        ("{scene}_{class}.png", "m/1_l_eye.png", None, "-c"),
        ("{scene}_{class}.png", "m/1_hat.png", ["hair", "skin"], "hat"),
        ("{scene}_{class}.png", "m/1_hari.png", ["hair", "skin"], "did you mean hair"),
        ("{scene}_*.png", "m/a_b_c.png", None, "2 ways"),
    ],
)
def test_refused_names(pattern, file, listed, word):
    """A name that can be split in several ways, and a class that is not in the list, are refused."""
    with pytest.raises(SourceError) as caught:
        scenes_of(pattern, [file], listed)
    assert str(caught.value).startswith(file)
    assert word in f"{caught.value} {caught.value.hint}"


def test_rest():
    """The rest is a class of its own, which may have no files."""
    (scene,), names = Layers(Pattern("{scene}_{class}.png"), None, "other").scenes(["a_k.png"], [])
    assert (names, scene.rest) == (["k", "other"], 1)
    with pytest.raises(SourceError, match="k"):
        Layers(Pattern("{scene}_{class}.png"), None, "k").scenes(["a_k.png"], [])


@pytest.mark.parametrize(
    ("pattern", "files", "hint"),
    [
        (
            "{scene}/{class}",
            ["a/liver.nii.gz", "b/liver.nii.gz"],
            "--layers '{scene}/{class}.nii.gz'",
        ),
        ("{class}/{scene}", ["liver/a.png"], "--layers '{class}/{scene}.png'"),
        ("{scene}/{class}", ["a/liver.png", "b/liver.tif"], "--layers '{scene}/{class}.*'"),
        ("{scene}/{class}", ["a/liver.png", "b/liver.nii.gz"], "the ending of one format"),
    ],
)
def test_pattern_without_an_ending(pattern, files, hint):
    """Endings are no part of names: a pattern without one is refused, with one that fits the files."""
    with pytest.raises(SourceError) as refusal:
        Layers(Pattern(pattern)).scenes(files, [])
    assert hint in refusal.value.hint
    if hint.startswith("--layers"):
        scenes, classes = Layers(Pattern(hint.split("'")[1])).scenes(files, [])
        assert (len(scenes), classes) == (len(files), ["liver"])
