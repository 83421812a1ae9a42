"""Presets say what their data sets publish."""

import pytest

from weightcalc import LabelError
from weightcalc.labels.class_list import PRESETS, read_class_list, read_preset


def voc_color(value):
    """The colour of a value by the colour map of the VOC development kit."""
    bits = [(value >> 3 * bit + channel & 1) << 7 - bit for channel in range(3) for bit in range(8)]
    return sum(bits[:8]) << 16 | sum(bits[8:16]) << 8 | sum(bits[16:])


def test_voc():
    """VOC: 21 classes in the colours of its colour map, of which 255 is the border."""
    voc = read_class_list("voc")
    assert (voc.names[0], voc.names[15], voc.names[20]) == ("background", "person", "tvmonitor")
    assert len(voc.names) == 21
    assert voc.ignore == {255}
    assert voc.colors == {voc_color(value): value for value in [*range(21), 255]}
    assert voc.colors[0xE0E0C0] == 255


def test_cityscapes():
    """Cityscapes: the classes whose ids are evaluated, in their order, are the train ids."""
    train, ids = read_class_list("cityscapes"), read_class_list("cityscapes-ids")
    assert ids.ignore == {*range(7), 9, 10, 14, 15, 16, 18, 29, 30}
    kept = [name for index, name in enumerate(ids.names) if index not in ids.ignore]
    assert train.names == kept
    assert (len(train.names), len(ids.names)) == (19, 34)
    assert [train.names[index] for index in (0, 10, 18)] == ["road", "sky", "bicycle"]
    assert [ids.names[index] for index in (0, 7, 33)] == ["unlabeled", "road", "bicycle"]
    assert train.ignore == {255}
    assert len(train.colors) == 20
    assert {train.colors[color] for color in (0x804080, 0x4682B4, 0x770B20)} == {0, 10, 18}
    assert train.colors[0] == 255
    assert ids.colors is None


def test_ade20k():
    """ADE20K: values 1 to 150 are named, 0 is ignored."""
    ade = read_class_list("ade20k")
    assert (len(ade.names), ade.names[0], ade.ignore, ade.colors) == (151, None, {0}, None)
    named = {1: "wall", 8: "bed", 13: "person", 59: "screen door", 131: "screen", 150: "flag"}
    assert {index: ade.names[index] for index in named} == named


def test_camvid():
    """CamVid as SegNet has it: 11 classes, and 11 for what is not labelled."""
    camvid = read_class_list("camvid")
    assert camvid.names[:4] == ["Sky", "Building", "Pole", "Road"]
    assert camvid.names[9:] == ["Pedestrian", "Bicyclist", "Unlabelled"]
    assert camvid.ignore == {11}
    assert list(camvid.colors.values()) == list(range(12))
    assert (camvid.colors[0x808080], camvid.colors[0x3C28DE], camvid.colors[0]) == (0, 4, 11)


def test_coco_stuff():
    """COCO-Stuff: 80 things up to 89 and 91 kinds of stuff, one below the ids of COCO."""
    stuff = read_class_list("coco-stuff")
    assert len(stuff.names) == 182
    assert sum(name is not None for name in stuff.names[:91]) == 80
    assert stuff.names[91:].count(None) == 0
    assert [i for i, name in enumerate(stuff.names) if name is None][:3] == [11, 25, 28]
    named = {0: "person", 12: "stop sign", 89: "toothbrush", 91: "banner", 181: "wood"}
    assert {index: stuff.names[index] for index in named} == named
    assert stuff.ignore == {255}


@pytest.mark.parametrize("name", PRESETS)
def test_preset(name):
    """Each preset names its classes once, and its colours are those of classes or ignored."""
    preset = read_class_list(name)
    named = [name for name in preset.names if name is not None]
    assert len(set(named)) == len(named)
    assert all(name == name.strip() for name in named)
    assert set((preset.colors or {}).values()) <= {*range(len(preset.names)), *preset.ignore}


def test_preset_and_file(tmp_path, monkeypatch, read):
    """A preset that is also a file is refused; one that is also a folder is the preset."""
    monkeypatch.chdir(tmp_path)
    read("voc", "road")
    with pytest.raises(LabelError, match=r"^voc: ") as refusal:
        read_class_list("voc")
    assert "./voc" in refusal.value.hint
    assert read_class_list("./voc").names == ["road"]
    assert len(read_preset("voc").names) == 21  # for whoever can only mean the preset
    (tmp_path / "cityscapes").mkdir()
    assert len(read_class_list("cityscapes").names) == 19


def test_no_such_preset(tmp_path):
    """A name that is neither a file nor a preset is answered with the presets."""
    with pytest.raises(LabelError, match=f"mine: .*{', '.join(PRESETS)}"):
        read_class_list("mine")
    with pytest.raises(LabelError, match="none: No such file"):
        read_class_list(f"{tmp_path}/none")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("cityscape", "cityscapes"), ("ade20", "ade20k"), ("cocostuf", "coco-stuff")],
)
def test_preset_with_a_slip(typed, meant):
    """A name that is like that of a preset is answered with that preset."""
    with pytest.raises(LabelError, match=f"did you mean {meant}"):
        read_class_list(typed)


def test_preset_in_other_letters(tmp_path, monkeypatch):
    """A preset may be named in capitals and with _, as long as no file has that very name."""
    monkeypatch.chdir(tmp_path)
    assert read_class_list("Coco_Stuff") == read_class_list("coco-stuff")
    (tmp_path / "Coco_Stuff").write_text("road\n")
    assert read_class_list("Coco_Stuff").names == ["road"]


def test_missing_class_list_has_neighbours(tmp_path):
    """A class list that is not there is answered with files beside it that are called like it."""
    (tmp_path / "classes.txt").write_text("road\n")
    with pytest.raises(LabelError, match="No such file") as refusal:
        read_class_list(f"{tmp_path}/clases.txt")
    assert refusal.value.hint == f"did you mean {tmp_path}/classes.txt?"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("clases.txt", "did you mean classes.txt?"),
        ("cityscape.txt", "did you mean the preset cityscapes or cityscapes-ids?"),
        ("somewhere/list.json", ""),
    ],
)
def test_missing_class_list_names_its_option(tmp_path, monkeypatch, typed, hint):
    """A class list that is not there is said to be that of -c, with a file or a preset like it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "classes.txt").write_text("road\n")
    with pytest.raises(LabelError) as refusal:
        read_class_list(typed)
    assert str(refusal.value).startswith(f"-c/--classes {typed}: ")
    assert refusal.value.hint == hint
