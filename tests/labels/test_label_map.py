"""From values to classes: class lists, --ignore-index, --map and --reduce-zero-label."""

import re

import numpy as np
import pytest
from PIL import Image

from weightcalc import ClassCounts, LabelError, LabelMap
from weightcalc.counts.value_patterns import instance_factor

# 4 of value 0, 3 of value 1, 2 of value 2, 1 of value 7.
ROW = [0, 0, 0, 0, 1, 1, 1, 2, 2, 7]


@pytest.fixture
def count(weightcalc, save_mask):
    """A function that counts a mask of one row and gives names, pixels and ignored pixels."""

    def run(row, *options, name="mask.png", dtype=np.uint8):
        result = weightcalc("count", save_mask([row], name, dtype), *options)
        assert (result.exit_code, result.stderr) == (0, "")
        entries = result.json["classes"]
        ignored = {entry["value"]: entry["pixels"] for entry in result.json["ignored"]}
        return [e["name"] for e in entries], [e["pixels"] for e in entries], ignored

    return run


@pytest.fixture
def refused(weightcalc, save_mask):
    """A function that counts a mask of one row, which fails, and gives the message."""

    def run(row, *options):
        result = weightcalc("count", save_mask([row]), *options)
        assert (result.exit_code, result.stdout) == (2, b"")
        assert "Traceback" not in result.stderr
        return result.stderr

    return run


@pytest.fixture
def save_list(tmp_path):
    """A function that saves a class list and returns its name."""

    def save(text, name="classes.json"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return save


@pytest.mark.parametrize(
    ("options", "pixels"),
    [
        ([], [4, 3, 2, 0, 0, 0, 0, 1]),
        (["-n", "8"], [4, 3, 2, 0, 0, 0, 0, 1]),
        (["-n", "10"], [4, 3, 2, 0, 0, 0, 0, 1, 0, 0]),
    ],
)
def test_num_classes(count, options, pixels):
    """Classes are 0 to the largest value, or as many as -n says."""
    assert count(ROW, *options)[1] == pixels


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("classes.txt", "road\nsky\ncar\n", ["road", "sky", "car"]),
        ("classes.txt", "\ufeffroad\r\nsky\r\n\r\ntraffic sign", ["road", "sky", "traffic sign"]),
        ("names", "stra\u00dfe\n\u7a7a\ncar", ["stra\u00dfe", "\u7a7a", "car"]),
        ("c.json", '["road", "sky", "car"]', ["road", "sky", "car"]),
        ("c.json", '{"0": "road", "1": "sky", "2": "car"}', ["road", "sky", "car"]),
        ("c.json", '{"road": 0, "sky": 1, "car": 2}', ["road", "sky", "car"]),
        # ids are numbers: 10 comes after 2
        (
            "c.json",
            '{"10": "k", "2": "c", "0": "a", "1": "b"}',
            ["a", "b", "c", *[None] * 7, "k"],
        ),
        # BraTS: 0, 1, 2 and 4; the hole keeps its place
        ("c.json", '{"bg": 0, "core": 1, "edema": 2, "t": 4}', ["bg", "core", "edema", None, "t"]),
    ],
)
def test_class_list(count, save_list, name, text, names):
    """Class lists are text, or JSON of three shapes; ids that are skipped have no name."""
    found, pixels, _ = count(ROW[:-1], "-c", save_list(text, name))
    assert found == names
    assert pixels == [4, 3, 2] + [0] * (len(names) - 3)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.txt", "road\nsky\nroad\n", "classes 0 and 2 are both named 'road'"),
        ("c.json", '["road", "sky", "road"]', "classes 0 and 2 are both named 'road'"),
        ("c.json", '{"0": "road", "1": "road"}', "classes 0 and 1 are both named 'road'"),
        ("c.json", '{"road": 0, "sky": 0}', "'road' and 'sky' both have the id 0"),
        ("c.json", '{"0": "road", "0": "sky"}', "'0' twice"),
        ("c.json", '{"road": 0, "road": 1}', "'road' twice"),
        ("c.json", '{"road": -1}', "class id -1"),
        ("c.json", '{"road": 1.5}', "1.5"),
        ("c.json", '{"road": true}', "True"),
        ("c.json", '{"road": 99999999}', "99999999"),
        ("c.json", '{"x": "road"}', "'x'"),
        ("c.json", '["road", 7]', "names only"),
        ("c.json", '["road"', "JSON|text"),
        ("c.json", "7", "JSON"),
        ("c.json", "[" * 100_000, "recursion"),
        ("c.json", "[]", "no class"),
        ("c.json", "{}", "no class"),
        ("c.txt", "\n\n", "no class"),
        ("c.txt", b"\xff\xfe\x00r\x00", "text"),
        ("c.txt", "sky\n<<<<<<< HEAD\nroad\n=======\ncar\n>>>>>>> main\n", "line 2 .* conflict"),
        ("c.txt", "sky\r\nroad\r\n=======\r\ncar\r\n", "line 3 .* conflict markers"),
        ("c.csv", "name,r,g,b\n||||||| 12ab\nsky,0,0,0\n", "line 2 .* conflict markers"),
        ("c.json", '["sky",\n"road"\n>>>>>>> main\n]', "line 3 .* conflict markers"),
    ],
)
def test_wrong_class_list(refused, save_list, name, text, message):
    """A list that names no class, or one twice, is refused with its name and the double."""
    path = save_list(text, name)
    stderr = refused(ROW, "-c", path)
    assert stderr.startswith(f"error: {path}: ")
    assert re.search(message, stderr)


def test_no_class_list(refused, tmp_path):
    """A class list that does not exist is refused with its name and the reason."""
    assert f"{tmp_path}/none.txt: No such file" in refused(ROW, "-c", f"{tmp_path}/none.txt")


@pytest.mark.parametrize(
    ("options", "pixels", "ignored"),
    [
        (["--ignore-index", "7"], [4, 3, 2], {7: 1}),
        (["--ignore-index", "7", "--ignore-index", "0"], [0, 3, 2], {0: 4, 7: 1}),
        (["-n", "8", "--ignore-index", "7"], [4, 3, 2, 0, 0, 0, 0, 0], {7: 1}),
        # not in the mask, and said so
        (["--ignore-index", "255"], [4, 3, 2, 0, 0, 0, 0, 1], {255: 0}),
        (["--map", "7:2", "--map", "2:2"], [4, 3, 3], {}),
        # many to one
        (["--map", "7:0", "--map", "2:0", "--map", "0:0", "--map", "1:1"], [7, 3], {}),
        (["--map", "7:2", "--ignore-index", "2"], [4, 3, 1], {2: 2}),
        # 1 and 2 change places
        (["--map", "1:2", "--map", "2:1", "--map", "7:0", "--map", "0:0"], [5, 2, 3], {}),
        (["--map", "7:3"], [4, 3, 2, 1], {}),
        (["--map", "255:1", "--map", "1:1", "-n", "8"], [4, 3, 2, 0, 0, 0, 0, 1], {}),
        (["--map", "7:65535"], [4, 3, 2, *[0] * 65532, 1], {}),
    ],
)
def test_ignore_and_map(count, options, pixels, ignored):
    """Values are ignored, or joined in a class; those that are not named keep their number."""
    assert count(ROW, *options)[1:] == (pixels, ignored)


@pytest.mark.parametrize(
    ("options", "pixels", "ignored"),
    [
        (["--map", "0-1:0", "--map", "2-9:1"], [7, 3], {}),
        # a single value comes before a range, and a range before the rest
        (["--map", "1-9:1", "--map", "2:0", "--map", "*:0"], [6, 4], {}),
        # -n names no value, so that all others go where * says
        (["-n", "3", "--map", "7:1", "--map", "*:0"], [9, 1, 0], {}),
        (["--ignore-index", "2-7"], [4, 3], {2: 2, 7: 1}),
        (["--ignore-index", "0", "--map", "*:0"], [6], {0: 4}),
        (["--ignore-index", "1-2", "--map", "7:1", "--map", "*:0"], [4, 1], {1: 3, 2: 2}),
        # ranges that overlap are no contradiction where they say the same
        (["--map", "0-5:0", "--map", "3-9:0"], [10], {}),
    ],
)
def test_ranges_and_the_rest(count, options, pixels, ignored):
    """LOW-HIGH stands for all values between, and * for those that nothing else names."""
    assert count(ROW, *options)[1:] == (pixels, ignored)


def test_listed_values_are_named(count, save_list):
    """The values of a class list are named by it: * takes what is not in the list."""
    names = save_list("road\nsky\ncar", "classes.txt")
    assert count(ROW, "-c", names, "--map", "*:car")[1] == [4, 3, 3]


def test_ignore_none(count):
    """`--ignore-index none` drops what a preset ignores; other values can be ignored beside it."""
    row = [0, 0, 1, 11]
    assert count(row, "-c", "camvid", "--encoding", "index")[2] == {11: 1}
    names, pixels, ignored = count(
        row, "-c", "camvid", "--encoding", "index", "--ignore-index", "none"
    )
    assert (names[11], pixels[11], ignored) == ("Unlabelled", 1, {})
    options = [
        "-c",
        "camvid",
        "--encoding",
        "index",
        "--ignore-index",
        "none",
        "--ignore-index",
        "1",
    ]
    assert count(row, *options)[2] == {1: 1}


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ([24001, 24002, 24003, 26000, 26001], 1000),  # Cityscapes: number 0 or 1 is the first
        ([*range(6656, 6660), *range(2817, 2820)], 256),  # 26 * 256 and 11 * 256 + 1
        ([300], 0),
        ([300, 450, 777, 1300], 0),
        ([4000, 9000, 65535], 0),
    ],
)
def test_instance_factor(values, factor):
    """Ids of instances are those of which a class has several, numbered from 0 or 1 on."""
    assert instance_factor(values) == factor


@pytest.mark.parametrize(
    ("options", "pixels", "ignored"),
    [
        # a name of the list stands for its value
        (["--ignore-index", "car"], [4, 3, 0], {2: 2, 7: 1}),
        # by name, the left side a value and the right side a class
        (["--map", "car:road", "--map", "road:road"], [6, 3, 0], {7: 1}),
        (["--map", "car:0", "--map", "0:road"], [6, 3, 0], {7: 1}),
        (["--map", "2:sky", "--map", "sky:sky"], [4, 5, 0], {7: 1}),
    ],
)
def test_names_of_values(count, save_list, options, pixels, ignored):
    """A name of the class list may stand for a value and for a class."""
    names = save_list("road\nsky\ncar", "classes.txt")
    found = count(ROW, "-c", names, "--ignore-index", "7", *options)
    assert found == (["road", "sky", "car"], pixels, ignored)


def test_zero_by_name(weightcalc, save_mask, save_list):
    """--zero takes an id or a name of the class list."""
    mask, names = save_mask([ROW[:-1]]), save_list("road\nsky\ncar", "classes.txt")
    by_name = weightcalc("weights", mask, "-c", names, "--zero", "sky", "--zero", 2)
    # f = [4, 3, 2] / 9, median 3/9
    assert by_name.json == [pytest.approx(0.75), 0, 0]


def test_colours(weightcalc, tmp_path):
    """#RRGGBB names a value of colour masks in --ignore-index and --map."""
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    pixels = np.array([[red, red, red, green, blue, blue]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "c.png")
    options = ["--map", "#FF0000:0", "--map", "#00ff00:1", "--ignore-index", "#0000ff"]
    result = weightcalc("count", tmp_path / "c.png", "--encoding", "color", *options)
    assert [entry["pixels"] for entry in result.json["classes"]] == [3, 1]
    assert result.json["ignored_pixels"] == 2


def test_colour_without_a_class(weightcalc, tmp_path):
    """A colour without a class is named as a colour, in the message and in the hint."""
    Image.fromarray(np.array([[(255, 0, 0), (0, 128, 0)]], np.uint8)).save(tmp_path / "c.png")
    options = ["--encoding", "color", "--map", "#ff0000:0"]
    result = weightcalc("count", tmp_path / "c.png", *options)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "#008000 (1 pixel in 1 mask" in result.stderr
    assert "--ignore-index '#008000'" in result.stderr


def test_ambiguous_value(refused, count):
    """A value whose number is the target of a --map is refused until something is said of it."""
    stderr = refused(ROW, "--map", "7:1")
    assert "mask.png" in stderr
    assert "value 1 (3 pixels" in stderr
    assert "--map 1:1" in stderr
    assert "--ignore-index 1" in stderr
    assert count(ROW, "-n3", "--map", "7:1", "--map", "1:1")[1] == [4, 4, 2]
    assert count(ROW, "-n3", "--map", "7:1", "--ignore-index", "1")[1] == [4, 1, 2]
    assert count([0, 7], "--map", "7:1")[1] == [1, 1]


@pytest.mark.parametrize(
    ("row", "dtype", "name", "pixels", "ignored"),
    [
        # ADE20K: 0 is ignored, 1 to 150 are the classes 0 to 149
        ([0, 0, 1, 2, 2, 255], "uint8", "m.png", [1, 2], {0: 2, 255: 1}),
        ([0, 1, 3, 65535, 65535], "uint16", "m.png", [1, 0, 1], {0: 1, 65535: 2}),
        ([0, 1, 3, 65535, 65535], "uint16", "m.npy", [1, 0, 1], {0: 1, 65535: 2}),
        # 255 is no more than a value of 16 bits
        ([1, 60], "uint16", "m.png", [1, *[0] * 58, 1], {}),
        ([0, 1, 2**31 - 1], "int32", "m.npy", [1], {0: 1, 2**31 - 1: 1}),
    ],
)
def test_reduce_zero_label(count, row, dtype, name, pixels, ignored):
    """0 and the largest value of the type are ignored, and v becomes v - 1."""
    found = count(row, "--reduce-zero-label", name=name, dtype=dtype)
    assert found[1:] == (pixels, ignored)


def test_reduce_zero_label_and_ignore(count):
    """With --reduce-zero-label, --ignore-index still names raw values."""
    found = count([0, 1, 2, 3, 3], "--reduce-zero-label", "--ignore-index", 2, "-n", 3)
    assert found[1:] == ([1, 0, 2], {0: 1, 2: 1})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--reduce-zero-label --map 1:0", "--reduce-zero-label and --map exclude each other"),
        ("--ignore-index 7 --map 7:1", "value 7 is both ignored and mapped to class 1"),
        ("--map 7:1 --map 7:2", "value 7 to two classes, 1 and 2"),
        ("-n 3 --map 7:3", "value 7 is mapped to class 3, but the classes are 0 to 2"),
        ("--map 7:65536", "65536"),
        ("-n 0", "number of classes must be 1"),
        ("-n -1", "number of classes must be 1"),
        ("-n 65537", "65536"),
        (
            "--ignore-index tree",
            "'tree' is neither a number, nor a range LOW-HIGH, nor #RRGGBB, nor a name",
        ),
        ("--ignore-index #12345", "#12345"),
        ("--ignore-index 1.0", "1.0"),
        ("--map tree:0", "'tree'"),
        ("--map 0:tree", "'tree' is neither a class id nor a name"),
        ("--map 0:-1", "'-1' is neither a class id"),
        ("--map 0", "--map.*VALUE:CLASS"),
        ("--map 0:", "--map.*VALUE:CLASS"),
        ("-c LIST --map car:bus", "'bus' is neither a class id nor a name"),
        ("-c LIST --ignore-index bus", "'bus'"),
        ("--ignore-index 9-7", "range 9-7 ends before it begins"),
        ("--map 0-5:0 --map 4-9:1", "ranges 0-5 and 4-9 overlap"),
        ("--map *:0 --map *:1", "value \\* to two classes, 0 and 1"),
        ("--encoding color --map 0-5:0", "0-5 is a range of indices"),
        ("--encoding color --map 255:0", "255 is an index"),
        ("--encoding color --ignore-index 255", "255 is an index"),
        ("--encoding color --ignore-index 0 -n 2", "0 is an index"),
        ("--map *:0 --ignore-index *", "both ignored and mapped"),
        ("--ignore-index *", "-n/--num-classes"),
        ("--encoding index --map #804080:0", "#804080 is a colour.*\\n?.*--encoding color"),
        ("--map 128,64,128:0", "hint: '#804080' for the colour"),
        ("--ignore-index (128,64,128)", "hint: '#804080' for the colour"),
        ("-c LIST -n 4", "4 classes are asked for, but the class list has 3"),
    ],
)
def test_contradictions(refused, save_list, options, message):
    """Options that contradict each other or the class list are refused before counting."""
    names = save_list("road\nsky\ncar", "classes.txt")
    words = [names if word == "LIST" else word for word in options.split()]
    assert re.search(message, refused(ROW, *words))


def test_same_map_twice_is_no_contradiction(count):
    """Saying the same twice is not saying two things."""
    options = ["--map", "7:3", "--map", "7:3", "--ignore-index", 1, "--ignore-index", 1]
    assert count(ROW, *options)[1:] == ([4, 0, 2, 1], {1: 3})


def test_all_other_values_are_ignored():
    """Values that are neither a class nor mapped are ignored together; classes are counted."""
    labels = LabelMap(2, mapping={7: 1}, ignore=[9], ignore_rest=True)
    counts = ClassCounts(labels)
    counts.add_mask(np.array([[0, 7, 7, 9, 100, 200]], np.uint8))
    assert (counts.pixels, counts.ignored) == ([1, 2], {9: [1, 1], None: [2, 1]})
    assert counts.ignored_pixels == 3


def test_label_map_of_colours():
    """`LabelMap` takes packed colours: several may be one class, others have none."""
    labels = LabelMap(2, colors={0x0000FF: 0, 0x00FF00: 1, 0x808080: 1}, ignore=[0])
    counts = ClassCounts(labels)
    counts.add_mask(np.array([[0x0000FF, 0x00FF00, 0x808080, 0]]))
    assert (counts.pixels, counts.ignored_pixels) == ([1, 2], 1)
    with pytest.raises(LabelError, match="1 pixel"):
        counts.add_mask(np.array([[1]]))


@pytest.mark.parametrize("name", ["map.csv", "map.json"])
def test_map_file_is_never_cut(weightcalc, save_mask, tmp_path, name):
    """A map of more than 1 MiB is refused: its first MiB would map other values than it says."""
    pairs = "7,0\n" * (1 << 18)
    (tmp_path / name).write_text(pairs + "8,1\n")
    result = weightcalc("count", save_mask([[7, 8]]), "-n2", "--map", tmp_path / name)
    assert result.exit_code == 2
    assert f"{name}: larger than 1 MiB, so no map" in result.stderr


def test_a_mask_like_those_before_it():
    """What a value stands for does not change when other masks hold it too."""
    labels = LabelMap(3, ignore=[-1], mapping={7: 1})
    for values, expected in [
        ({0: 1, -1: 2, 7: 3, -2: 4}, ({0: 1, 1: 3}, {-1: 2}, {-2: 4})),
        ({-1: 2}, ({}, {-1: 2}, {})),
        ({-2: 5}, ({}, {}, {-2: 5})),
        ({0: 6}, ({0: 6}, {}, {})),
        ({7: 6}, ({1: 6}, {}, {})),
    ]:
        assert labels.classify(values, 127) == expected
