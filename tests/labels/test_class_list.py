"""Class lists: each format as it is really found, the presets, and what is refused."""

import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weightcalc import LabelError, MissingExtraError
from weightcalc.labels.class_list import read_class_list

LABELME = "__ignore__\n_background_\naeroplane\n"
PADDLE = "background -\noptic_disk - 128 0 0 // a colour for each label\n"
ID2LABEL = '{"0": "road", "1": "sidewalk", "10": "sky"}'
HF_CONFIG = '{"id2label": {"1": "sky", "0": "road"}, "label2id": {"sky": 1, "road": 0}}'
CAMVID = "64 128 64\tAnimal\n128 0 0\t\tBuilding\n0 0 0\t\tVoid\n21 9 82 left leg\n"
CAMVID_COLORS = {0x408040: 0, 0x800000: 1, 0: 2, 0x150952: 3}
CSV = '\ufeffrank, Class , R, G, B, x\n\n7,"paved, wet", 128, 64,128, x\n8,dirt,1,2,3,y\n'
CVAT = "# label:color_rgb:parts:actions\nbackground:0,0,0::\naeroplane:128,0,0:a,b:c\ncar:::\n"
RAW = {7: 0, 8: 1, 9: 1}
V7_COLORS = 'class_name,class_color\n__background__,0 0 0\n"car, red",255 51 51\n'
V7_GREYS = "class_name,class_color\nbackground,0\ncar,127\ntree,255\n"
HASTY = (
    '{"export_format_version": "1.1", "attributes": [], "label_classes": [{"class_name": "car", '
)
HASTY += '"color": "#1f78b44d", "class_type": "object", "png_index": 2}], "images": []}'
LUXONIS = '{"source": null, "ldf_version": "2.0.0", "classes": {"": {"background": 0, "car": 1}}, '
LUXONIS += '"tasks": {"": ["segmentation"]}, "skeletons": {}}'
WORDS = "no|7|2001-01-01|x|~"
ADE_CSV = "Idx,Ratio,Train,Val,Stuff,Name\n1,0.1576,11664,1172,1,wall\n"
ADE_CSV += "2,0.1072,6046,612,1,building;edifice\n"
ADE_TXT = "Idx\tRatio\tTrain\tVal\tName\n1\t0.1576\t11664\t1172\twall\n2 \t0.1\t6046\t612\tbed \n"
NNUNET = '{"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1, "ignore": 2}, '
NNUNET += '"numTraining": 9, "file_ending": ".nii.gz"}'
SUPERVISELY = '{"classes":[{"title":"lemon","shape":"bitmap","color":"#720F8A","id":2714448,'
SUPERVISELY += '"geometry_config":{},"hotkey":""},{"title":"kiwi","color":"#00ff00"}],"tags":[]}'
COCO = '[{"supercategory":"person","color":[220,20,60],"isthing":1,"id":1,"name":"person"},'
COCO += '{"id":3,"name":"car","color":[0,0,142]}]'
DATUMARO = '{"label_map": {"0": "Void", "1": "Animal"}, '
DATUMARO += '"segmentation_colors": [[0,0,0],[64,128,64]], "background_label": "0"}'
MAPILLARY = '{"labels": [{"color": [165, 42, 42], "instances": true, "readable": "Bird", '
MAPILLARY += '"name": "animal--bird", "evaluate": true}], "version": "1.1"}'
KITTI = '# comment\nlabels: \n  0 : "unlabeled"\n  1 : "outlier"\n  4: "car"\n'
KITTI += "color_map: # bgr\n  0 : [0, 0, 0]\n  4: [245, 150, 100]\n"
COCO_YAML = "path: coco8\nnames:\n  0: person\n  1: traffic light\ndownload: |\n  import os\n"
MAPPED = "masks_dir: masks\nnames:\n  0: road\n  1: sidewalk\nlabel_mapping:\n"
MAPPED += "  -1: ignore_label\n  0: ignore\n  5: 255\n  7: 0\n  8: 1\n  9: 1\n"

# name of the file, text, names (| between them, none for a hole), colours, ignored, mapping
SAMPLES = {
    "names": ("classes.txt", "# all\nroad\n\n traffic light \n", "road|traffic light"),
    "names in any file": ("list.names", "road\r\nsky", "road|sky"),
    "labelme": ("labels.txt", LABELME, "_background_|aeroplane", None, {-1, 255}),
    "labelme class_names": ("class_names.txt", "_background_\ncar", "_background_|car"),
    "COCO-Stuff": ("labels.txt", "0: unlabeled\n1: person\n3: car", "unlabeled|person||car"),
    "numbers and names": ("labels.txt", "0 sky\n2\tstreet lamp\n", "sky||street lamp"),
    "PaddleLabel": ("labels.txt", PADDLE, "background|optic_disk", {0x800000: 1}),
    "PaddleLabel without -": ("l.txt", "sky\ncar - 0 0 9", "sky|car", {9: 1}),
    "PaddleLabel grey": ("l.txt", "background -\noptic_disk -", "background|optic_disk"),
    "HF id2label": ("id2label.json", ID2LABEL, "road|sidewalk" + "|" * 9 + "sky"),
    "HF config": ("config.json", HF_CONFIG, "road|sky"),
    "CamVid": ("label_colors.txt", CAMVID, "Animal|Building|Void|left leg", CAMVID_COLORS),
    "CVAT CamVid": ("label_colors.txt", "# color (RGB) label\n0 0 0 Void", "Void", {0: 0}),
    "CVAT CamVid, names only": ("label_colors.txt", "# label\nVoid\nAnimal", "Void|Animal"),
    "class_dict": ("class_dict.csv", "name,r,g,b\nAnimal,64,128,64\n", "Animal", {0x408040: 0}),
    "class_dict as seen": ("c.csv", CSV, "paved, wet|dirt", {0x804080: 0, 0x010203: 1}),
    "class_dict with ids": ("c.csv", "id;label;r;g;b\n2;sky;0;0;1", "||sky", {1: 2}),
    "ADE20K, commas": ("objectInfo150.csv", ADE_CSV, "|wall|building;edifice"),
    "ADE20K, tabs": ("objectInfo150.txt", ADE_TXT, "|wall|bed"),
    "Roboflow": ("_classes.csv", "Pixel Value, Class\n0, background\n2, car\n", "background||car"),
    "luxonis": ("_classes.csv", "id, Class\r\n0, background\r\n1,car\r\n", "background|car"),
    "luxonis data set": ("metadata.json", LUXONIS, "background|car"),
    "V7": ("class_mapping.csv", V7_COLORS, "__background__|car, red", {0: 0, 0xFF3333: 1}),
    "V7 index": ("c.csv", "class_name,class_color\nsky,0\ncar,1\n", "sky|car"),
    "V7 grey": ("c.csv", V7_GREYS, "background|car|tree", None, None, {0: 0, 127: 1, 255: 2}),
    "Hasty": ("export.json", HASTY, "||car"),
    "CVAT": ("labelmap.txt", CVAT, "background|aeroplane|car", {0: 0, 0x800000: 1}),
    "TF-lite": ("labelmap.txt", "???\nperson\n", "???|person"),
    "Supervisely": ("meta.json", SUPERVISELY, "lemon|kiwi", {0x720F8A: 0, 0x00FF00: 1}),
    "COCO": ("panoptic.json", COCO, "|person||car", {0xDC143C: 1, 0x00008E: 3}),
    "COCO annotations": ("val.json", '{"categories": [{"id": 2, "name": "sky"}]}', "||sky"),
    "Mapillary": ("config_v1.2.json", MAPILLARY, "animal--bird", {0xA52A2A: 0}),
    "nnU-Net": ("dataset.json", NNUNET, "background|liver|ignore", None, {2}),
    "nnU-Net 1": ("dataset.json", '{"labels": {"0": "bg", "1": "liver"}}', "bg|liver"),
    "datumaro": ("dataset_meta.json", DATUMARO, "Void|Animal", {0: 0, 0x408040: 1}),
    "datumaro, short": ("m.json", '{"label_map": {"0": "sky", "1": "man"}}', "sky|man"),
    "JSON without its ending": ("classes", ' ["road", "sky"]', "road|sky"),
    "ultralytics": ("data.yaml", COCO_YAML, "person|traffic light"),
    "ultralytics, list": ("data.YML", "names: ['person','car']", "person|car"),
    "ultralytics, mapping": ("c8.yaml", MAPPED, "road|sidewalk", None, {-1, 0, 5}, RAW),
    "YAML words are text": ("d.yml", "names: [no, 7, 2001-01-01, !!int x, ~]", WORDS),
    "SemanticKITTI": ("semantic-kitti.yaml", KITTI, "unlabeled|outlier|||car"),
    "YAML without its ending": ("data.txt", "nc: 1\nnames: [a]", "a"),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample(read, sample):
    """Each format, as it is found, gives the classes that it shows."""
    name, text, names, colors, ignore, mapping = (*SAMPLES[sample], None, None, None)[:6]
    found = read(name, text)
    assert found.names == [name or None for name in names.split("|")]
    assert found.colors == colors
    assert found.ignore == frozenset(ignore or ())
    assert found.mapping == (mapping or {})


REFUSALS = [
    # no class, or no class list
    ("c.txt", "", "names no class"),
    ("c.csv", "", "no header"),
    ("c.yaml", "", "neither"),
    ("c.json", "null", "neither"),
    ("c.json", '{"labels": [], "version": 1}', "names no class"),
    ("c.txt", "\u0000", "NUL"),
    ("c.txt", b"\x89PNG\r\n", "no text"),
    ("c.txt", "a" * 1001, "line 1 has 1001 characters"),
    ("c.txt", "\n".join(map(str, range(1 << 16))) + "\nx", "65536.* is not 0 to 65535"),
    ("c.json", '["road", ""]', "class 1 has an empty name"),
    ("c.json", '["\\ud800"]', "no text"),
    # twice the same
    ("c.txt", "road\nsky\nroad", "classes 0 and 2 are both named 'road'"),
    ("c.json", '{"0": "road", "00": "sky"}', "'road' and 'sky' both have the id 0"),
    ("c.json", '{"0": "road", "0": "sky"}', "'0' twice, with 'road' and 'sky'"),
    ("c.json", '{"id2label": {"0": "a"}, "id2label": 1}', "'id2label' twice"),
    ("c.json", '[{"id":1,"name":"a"},{"id":1,"name":"b"}]', "'a' and 'b' both have the id 1"),
    ("c.yaml", "names:\n  0: road\n  0: sky", "'0' twice, with 'road' and 'sky'"),
    ("c.yaml", "names: [a]\nlabel_mapping: {7: 0, +7: 0}", "value 7 twice"),
    ("c.csv", "name,r,g,b\nrocks,9,9,9\ncar,9,9,9", "'rocks' and 'car' both have .* #090909"),
    ("c.txt", "0 0 0 Void\n0 0 0 Sky", "'Void' and 'Sky' both have the colour #000000"),
    ("c.txt", "1: sky\n1: car", "'sky' and 'car' both have the id 1"),
    # a part of the lines, or of the classes
    ("c.txt", "64 128 64 Animal\n0 128 Void", "line 2 has no colour, but .*'0 128 Void'"),
    ("c.txt", "sky:0,0,0::\n\nroad", "line 3 has no colour"),
    ("c.txt", "0: sky\nroad", "line 2 has no id"),
    ("c.txt", "sky\n__ignore__", "__ignore__ is not its first line"),
    ("c.json", '[{"id":1,"name":"a"},{"name":"b"}]', "None is no class id"),
    ("c.json", '[{"id":1,"name":"a"},"b"]', "names only"),
    ("c.json", '[{"id":1}]', "entry 0 has no name"),
    ("c.json", DATUMARO.replace("[0,0,0],", ""), "segmentation_colors is no list of 2"),
    # lists that may mean two things
    (
        "c.json",
        '{"labels": {"road": 1}, "classes": {"car": 0}}',
        "'labels' and 'classes' name other",
    ),
    ("c.json", '{"tools": [{"name": "a", "color": "#804080"}], "classifications": []}', "Labelbox"),
    ("c.json", '{"road": [1,1,1], "bg": [0,0,0]}', "may mean value 1"),
    ("c.json", '{"#804080": "road", "#000000": "road"}', "'road' has several colours"),
    pytest.param(  # many names, of which only the last is there twice
        "c.json",
        json.dumps({f"#{n:06x}": f"n{min(n, 199_998)}" for n in range(200_000)}),
        "'n199998' has several colours",
        id="the last of many names",
    ),
    ("c.json", '[{"name": "a", "id": 7, "trainId": 0}]', "'id' and 'trainid' both"),
    ("c.json", '[{"name": "a", "one": [1,2,3], "other": [4,5,6]}]', "'one' and 'other' both"),
    ("c.json", '{"classes": ["a", "b"], "palette": [[0,0,0]]}', "palette is no list of 2 colours"),
    ("c.csv", "id,value,name\n0,7,road", "'id' and 'value' both"),
    ("c.csv", "name,color\nroad,green", "'green' is no colour"),
    ("c.txt", "Stra\xdfe".encode("latin-1"), "Latin-1 or Windows-1252"),
    # colours
    ("c.csv", "name,r,g,b\nsky,0,256,0", "line 2: '256' is no colour sample"),
    ("c.csv", "name,r,g,b\nsky,0,-1,0", "'-1'"),
    ("c.csv", "name,r,g,b\n\nsky,0,0", "line 3 has 3 cells, but the header 4"),
    ("c.csv", 'name,r,g,b\n"' + "a" * 140_000, "characters"),
    ("c.txt", "300 0 0 sky", "line 1: '300' is no colour sample"),
    ("c.json", '[{"name":"a","color":[1,2]}]', "entry 0: .* is no colour"),
    ("c.json", '[{"name":"a","color":[1,2,true]}]', "True is no colour sample"),
    ("c.json", '[{"name":"a","color":"red"}]', "'red' is no colour"),
    ("c.csv", "class_name,class_color\nsky,0 0", "line 2: '0 0' is neither"),
    ("c.csv", "class_name,class_color\nsky,256", "line 2: '256' is no colour sample"),
    ("c.csv", "class_name,class_color\nsky,7\ncar,7", "line 3: the value 7 is of two classes"),
    ("c.csv", "class_name,class_color\nsky,7\ncar,0 0 7", "values in some lines"),
    # exports without what index masks hold
    ("c.json", '{"label_classes": [{"class_name": "car"}]}', "entry 0 has no png_index"),
    ("c.json", '{"ldf_version": "2", "classes": {"a": {"x": 0}, "b": {}}}', "2 tasks: 'a', 'b'"),
    ("c.json", '{"ldf_version": "2", "classes": {}}', "0 tasks"),
    # tables of something else
    ("_classes.csv", "filename, car, bus\na.jpg, 0, 1", "no header with name"),
    ("class_dict.csv", "class_index,class,height\n0,cat,224", "no header with name and r, g, b"),
    ("objectInfo150.csv", "wall,0\nbuilding;edifice,0", "'wall,0'"),
    # ids
    ("c.json", '{"labels": {"background": 0, "kidney": -1}}', "class id -1 of 'kidney'"),
    ("c.json", '{"a": {"b": {"c": {"d": 1}}}}', r"\{'b': \{'c': \{\.\.\.\}\}\} is no class id"),
    ("c.yaml", "names: [a]\nlabel_mapping: {7: 40}", "sends 7 to class 40, .* 0 to 0"),
    ("c.yaml", "names: [a]\nlabel_mapping: {x: 0}", "'x' is no value"),
    ("c.yaml", "names: [a]\nlabel_mapping: [1]", "label_mapping is no mapping"),
    # hostile
    ("c.txt", '{"0": "road",', "no JSON"),
    ("c.json", "[" * 100_000, "recursion"),
    ("c.yaml", "[" * 10_000, "nested more than 64 deep"),
    ("c.yaml", "names: [a", "no YAML: .* line 1"),
    ("c.yaml", "names: &x [a]\nlabels: *x", "line 1 is used again through a YAML alias"),
    ("c.yaml", "a: &x\n  <<: *x", "YAML"),
    ("c.yaml", "? [a]\n: b", "line 1: a key of YAML"),
    ("c.yaml", "!!python/object/apply:os.system ['exit 1', 2]\n---\na", "no YAML"),
    ("labels.py", "import os", "Python is not executed"),
    ("c.txt", "\u202e\x1b\n" * 2, r"are both named '\\u202e\\x1b'"),
]


COLORED = {0: 0, 0x804080: 1, 0x00008E: 2}
PAINTS = {
    "lists": ["[0,0,0]", "[128,64,128]", "[0,0,142]"],
    "hex": ['"#000000"', '"#804080"', '"#00008e"'],
    "words": ['"0 0 0"', '"128, 64, 128"', '"rgb(0,0,142)"'],
    "objects": ['{"r":0,"g":0,"b":0}', '{"r":128,"g":64,"b":128}', '{"r":0,"g":0,"b":142}'],
}


@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize(
    "form",
    [
        '{"bg":0,"road":1,"car":2}',
        '[{"name":"bg","rgb":0},{"name":"road","rgb":1},{"name":"car","rgb":2}]',
        '[{"class":"bg","rgb_value":0},{"class":"road","rgb_value":1},{"class":"car","rgb_value":2}]',
        '[{"label":"bg","paint":0},{"label":"road","paint":1},{"label":"car","paint":2}]',
        '{"road":{"id":"1","color":1},"bg":{"id":"0","color":0},"car":{"id":"2","color":2}}',
        '{"0":{"name":"bg","color":0},"1":{"name":"road","color":1},"2":{"name":"car","color":2}}',
        '{"id2label":{"0":"bg","1":"road","2":"car"},"palette":{"0":0,"1":1,"2":2}}',
        '{"CLASSES":["bg","road","car"],"PALETTE":[0,1,2]}',
    ],
)
def test_colours_in_json(read, form, paint):
    """Names and colours are read from JSON whatever their members are called."""
    colors = PAINTS[paint]
    listed = read(
        "c.json", re.sub(r"(?<=[:\[,])([012])(?=[,}\]])", lambda m: colors[int(m[1])], form)
    )
    assert (listed.names, listed.colors) == (["bg", "road", "car"], COLORED)


def test_colours_as_keys(read):
    """An object may lead from a colour to its class."""
    for keys in (["#000000", "#804080", "#00008e"], ["(0, 0, 0)", "(128, 64, 128)", "(0, 0, 142)"]):
        text = json.dumps(dict(zip(keys, ["bg", "road", "car"], strict=True)))
        assert read("c.json", text).colors == COLORED


def test_three_values_are_a_region(read):
    """Lists of three values that are numbered as nnU-Net does are regions, and no colours."""
    listed = read("c.json", '{"whole": [1,2,3], "rest": [0,4,5]}')
    assert listed.colors is None
    assert listed.regions == {1: (0,), 2: (0,), 3: (0,), 0: (1,), 4: (1,), 5: (1,)}


@pytest.mark.parametrize(
    "text",
    [
        "Pixel Value, Class\n0, bg\n1, road\n2, car",
        "pixel_value,class_name\n0,bg\n1,road\n2,car",
        "value;label\n2;car\n1;road\n0;bg",
        "class,red,green,blue\nbg,0,0,0\nroad,128,64,128\ncar,0,0,142",
        "name,rgb\nbg,0 0 0\nroad,128 64 128\ncar,0 0 142",
        "label_id,label,hex\n1,road,#804080\n0,bg,#000000\n2,car,#00008e",
    ],
)
def test_columns_of_other_names(read, text):
    """Tables of values and colours are read by the names that their columns commonly have."""
    listed = read("c.csv", text)
    assert listed.names == ["bg", "road", "car"]
    assert listed.colors in (None, COLORED)


@pytest.mark.parametrize(("name", "text", "message"), REFUSALS)
def test_refusal(read, tmp_path, name, text, message):
    """A list that is wrong, or right in part, is refused with its path and the reason."""
    with pytest.raises(LabelError) as refusal:
        read(name, text)
    assert str(refusal.value).startswith(f"{tmp_path / name}: ")
    assert re.search(message, str(refusal.value))


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("labels.py", "", "cityscapes-ids, voc, ade20k"),
        ("labels.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:4d", "git lfs pull"),
        ("class_dict.csv", "a,b", "name,r,g,b"),
        ("c.txt", "0 0 0 a\n0 0 0 b", "without colours"),
    ],
)
def test_hint(read, name, text, hint):
    """A refusal that knows the way out says it."""
    with pytest.raises(LabelError) as refusal:
        read(name, text)
    assert hint in refusal.value.hint


def test_too_large(read):
    """More than 16 MiB are not read."""
    with pytest.raises(LabelError, match="larger than 16 MiB"):
        read("c.txt", b"\n" * ((16 << 20) + 1))


def test_tags_are_not_obeyed(read):
    """A tag of YAML that would run something is no more than a list."""
    assert read("c.yaml", "names: !!python/object/apply:os.abort [a, b]").names == ["a", "b"]


def test_without_pyyaml(read, monkeypatch):
    """YAML without PyYAML names the extra to install."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"weightcalc\[yaml\]"):
        read("data.yaml", COCO_YAML)


@given(
    st.sampled_from(["a", "a.json", "a.csv", "a.yaml", "a.txt"]),
    st.lists(st.sampled_from([*"{}[]:,\"'0179#-ab \t\n", "r,g,b", "name", "names:", "1 2 3 "])),
)
def test_any_text(tmp_path_factory, name, pieces):
    """Whatever the text, it is a class list that holds together or a refusal."""
    path = tmp_path_factory.getbasetemp() / name
    path.write_text("".join(pieces))
    try:
        found = read_class_list(str(path))
    except LabelError:
        return
    named = [name for name in found.names if name is not None]
    assert len(set(named)) == len(named) > 0
    assert found.names[-1] is not None
    assert set((found.colors or {}).values()) <= set(range(len(found.names)))


@pytest.fixture
def count(weightcalc, save_mask):
    """A function that counts a mask of one row: pixels by class, names, pixels by ignored value."""

    def run(row, *options):
        result = weightcalc("count", save_mask([row]), *options)
        assert result.exit_code == 0, result.stderr
        pixels = {entry["index"]: entry["pixels"] for entry in result.json["classes"]}
        ignored = {entry["value"]: entry["pixels"] for entry in result.json["ignored"]}
        names = [entry["name"] for entry in result.json["classes"]]
        found = {index: n for index, n in pixels.items() if n}
        return found, names, {value: n for value, n in ignored.items() if n}

    return run


@pytest.mark.parametrize(
    ("row", "options", "pixels", "ignored"),
    [
        ([0, 0, 18, 255], "-c cityscapes", {0: 2, 18: 1}, {255: 1}),
        ([0, 3, 7, 7, 33], "-c cityscapes-ids", {7: 2, 33: 1}, {0: 1, 3: 1}),
        # what an option says of a value comes first
        ([0, 255], "-c cityscapes --map 255:road --map 0:road", {0: 2}, {}),
        ([0, 1, 255], "-c cityscapes --ignore-index road", {1: 1}, {0: 1, 255: 1}),
        ([0, 1, 150], "-c ade20k", {1: 1, 150: 1}, {0: 1}),
        # the classes move, the names of values do not
        (
            [0, 1, 2, 150, 255],
            "-c ade20k --reduce-zero-label",
            {0: 1, 1: 1, 149: 1},
            {0: 1, 255: 1},
        ),
        ([1, 2], "-c ade20k --reduce-zero-label --ignore-index wall", {1: 1}, {1: 1}),
        ([0, 5, 7, 8, 9], "-c mapped.yaml", {0: 1, 1: 2}, {0: 1, 5: 1}),
        ([7, 8, 9], "-c mapped.yaml --map 9:road", {0: 2, 1: 1}, {}),
        ([7, 8, 9], "-c mapped.yaml --ignore-index road --ignore-index 9", {1: 1}, {7: 1, 9: 1}),
    ],
)
def test_count(count, read, tmp_path, monkeypatch, row, options, pixels, ignored):
    """What a list ignores and maps is ignored and mapped, unless an option says otherwise."""
    monkeypatch.chdir(tmp_path)
    read("mapped.yaml", MAPPED)
    found, names, left_out = count(row, *options.split())
    assert (found, left_out) == (pixels, ignored)
    if "reduce" in options:
        assert (len(names), names[0]) == (150, "wall")


def test_saved_counts(weightcalc, save_mask, tmp_path):
    """A list that ignores values may name the classes of counts, which ignore nothing anew."""
    saved = tmp_path / "counts.json"
    weightcalc("count", save_mask([[0, 0, 7]]), "-o", saved)
    result = weightcalc("count", saved, "-c", "cityscapes-ids")
    assert result.exit_code == 0, result.stderr
    entries = result.json["classes"]
    assert (entries[0]["name"], entries[0]["pixels"]) == ("unlabeled", 2)
    assert (entries[7]["name"], entries[7]["pixels"]) == ("road", 1)
