"""How masks encode classes: by index, by colour, and by channel; the counts are the same."""

import itertools
import zipfile

try:
    import h5py
    import zarr
except ImportError:
    h5py = zarr = None
import json

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from support.png_writer import PALETTE, RGB, RGBA, SAMPLES, write_png

from weightcalc.errors import MaskError, PhotographError
from weightcalc.masks import png
from weightcalc.masks.file import count_file
from weightcalc.masks.options import ReadOptions

ROAD, CAR, TREE, VOID = [128, 64, 128], [0, 0, 142], [0, 100, 0], [0, 0, 0]
CLASS_DICT = "name,r,g,b\nroad,128,64,128\ncar,0,0,142\ntree,0,100,0\nvoid,0,0,0\n"
MIDDLE = [64, 32, 135]  # halfway from road to car


@pytest.fixture
def class_dict(tmp_path):
    """The name of a class list with colours."""
    path = tmp_path / "class_dict.csv"
    path.write_text(CLASS_DICT)
    return str(path)


@pytest.fixture
def save_palette(tmp_path):
    """A function that saves rows of indices as a palette PNG with the colours given."""

    def save(rows, colors, name="mask.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.array(rows, np.uint8)).convert("P")
        image.putdata([index for row in rows for index in row])
        image.putpalette([sample for color in colors for sample in color])
        image.save(path)
        return str(path)

    return save


# Three pixels of road, one of car, none of tree, two of void.
ROWS = [[ROAD, ROAD, CAR], [ROAD, VOID, VOID]]
PIXELS = {"road": 3, "car": 1, "tree": 0, "void": 2}


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "webp", "npy"])
def test_color(counted, save_mask, class_dict, tmp_path, ending):
    """Colours are the classes that the class list says, in every format that has colours."""
    name = f"mask.{ending}"
    mask = save_mask(ROWS, name)
    if ending == "webp":
        Image.fromarray(np.array(ROWS, np.uint8)).save(tmp_path / name, lossless=True)
    assert counted(mask, "--encoding", "color", "-c", class_dict) == (PIXELS, {})


@pytest.mark.parametrize("ending", ["png", "tif", "npy"])
@pytest.mark.parametrize("alpha", [0, 7, 255])
def test_one_alpha(counted, save_mask, class_dict, ending, alpha):
    """An alpha that is the same everywhere leaves the colours what they are."""
    mask = save_mask([[[*color, alpha] for color in row] for row in ROWS], f"mask.{ending}")
    assert counted(mask, "--encoding", "color", "-c", class_dict) == (PIXELS, {})


@pytest.mark.parametrize("encoding", ["color", "index", "auto"])
def test_several_alphas(refused, save_mask, class_dict, encoding):
    """Blended colours are no labels."""
    mask = save_mask([[[*ROAD, 255], [*ROAD, 254]]])
    said = refused(mask, "--encoding", encoding, "-c", class_dict)
    assert "mask.png: its alpha is not the same everywhere (2 values: 254, 255" in said
    assert "getchannel('A')" in said


@pytest.mark.parametrize(
    ("rows", "hinted", "counts"),
    [
        ([[(9, 9, 9, 0), (9, 9, 9, 255), (9, 9, 9, 255)]], "A", {0: 1, 255: 2}),
        ([[(0, 0, 0, 0), (9, 9, 9, 255), (7, 7, 7, 255)]], "RGB", {0: 1, 9: 1, 7: 1}),
        ([[(9, 0), (9, 120), (9, 120)]], "A", {0: 1, 120: 2}),
        ([[(0, 0), (9, 255), (9, 255)]], "RGB", {0: 1, 9: 2}),
    ],
)
def test_the_remedy_for_alpha_gives_the_mask(save_mask, rows, hinted, counts):
    """A mask in the alpha, or with transparent pixels, is right after the call that the hint names."""
    name = save_mask(rows, "a.png")
    with pytest.raises(MaskError) as caught:
        count_file(name)
    call = "getchannel('A')" if hinted == "A" else "convert('RGB')"
    assert f"Image.open(OLD).{call}" in caught.value.hint
    with Image.open(name) as image:
        (image.getchannel("A") if hinted == "A" else image.convert("RGB")).save(name)
    assert count_file(name)[0].values == counts


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "gif"])
def test_palettes_that_differ(counted, save_mask, save_palette, class_dict, ending):
    """The colour of a palette counts, also beside RGB, and not its index, which differs."""
    masks = [
        save_palette([[0, 0, 1]], [ROAD, CAR], f"a.{ending}"),
        save_palette([[0, 0, 1]], [CAR, ROAD], f"b.{ending}"),
        save_palette([[0, 1, 2]], [TREE, TREE, ROAD], f"c.{ending}"),  # two indices, one colour
    ]
    rgb = save_mask([[TREE, VOID]], "d.png")
    pixels, _ = counted(*masks, rgb, "--encoding", "color", "-c", class_dict)
    assert pixels == {"road": 4, "car": 3, "tree": 3, "void": 1}
    pixels, _ = counted(*masks, "--encoding", "index")
    assert pixels == {0: 5, 1: 3, 2: 1}


def test_index_past_the_palette(refused, tmp_path, class_dict):
    """An index without a colour is refused as a colour."""
    mask = tmp_path / "mask.png"
    mask.write_bytes(write_png([[0, 0, 2]], PALETTE, palette=2))
    said = refused(mask, "--encoding", "color", "-c", class_dict)
    assert "index 2 (1 pixels) lies past its palette of 2 colours" in said


def test_grey_as_color(counted, save_mask, class_dict):
    """Grey of 8 bits is the colour of three samples alike."""
    mask = save_mask([[0, 0, 255]])
    assert counted(mask, "--encoding", "color") == ({"#000000": 2, "#ffffff": 1}, {})
    white = ("--map", "#ffffff:tree")
    pixels, _ = counted(mask, "--encoding", "color", "-c", class_dict, *white)
    assert pixels == {"road": 0, "car": 0, "tree": 1, "void": 2}


def test_16_bit_as_color(counted, refused, save_mask):
    """Grey of 16 bits is a colour where it is one of 8 bits stretched, and refused elsewhere."""
    mask = save_mask([[0, 257, 65535]], dtype=np.uint16)
    pixels = {"#000000": 1, "#010101": 1, "#ffffff": 1}
    assert counted(mask, "--encoding", "color") == (pixels, {})
    mask = save_mask([[0, 7001]], dtype=np.uint16)
    assert "16-bit colour 7001,7001,7001 has no 8-bit form" in refused(mask, "--encoding", "color")


def test_unknown_color(refused, save_mask, class_dict):
    """An unknown colour is named with its pixels, masks, one file and the nearest class."""
    pink = [255, 64, 128]
    masks = [save_mask([[ROAD, pink]], "a.png"), save_mask([[pink, pink]], "b.png")]
    said = refused(*masks, "--encoding", "color", "-c", class_dict)
    assert "value #ff4080 (3 pixels in 2 masks, one is " in said
    assert "a.png) is neither a class nor ignored; " in said
    assert "the nearest colour is #804080, class road" in said
    assert "4 colours are classes" in said
    assert "between" not in said
    assert "--ignore-index '#ff4080'" in said


def test_blended_color(refused, save_mask, class_dict):
    """A colour between two classes is said to come from an edge that was smoothed."""
    mask = save_mask([[ROAD, MIDDLE, CAR]])
    said = refused(mask, "--encoding", "color", "-c", class_dict)
    assert "value #402087 (1 pixel in 1 mask " in said
    assert "lie between two known ones: anti-aliased, resized or JPEG" in said


@pytest.mark.parametrize("encoding", ["auto", "index", "color"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("color", [RGB, RGBA])
def test_a_photograph_is_not_read_to_its_end(tmp_path, monkeypatch, encoding, depth, color):
    """Of a photograph only the beginning is read: damage behind it is not even found."""
    monkeypatch.setattr(png, "_PIECE", 1 << 13)
    samples, top = SAMPLES[color], (1 << depth) - 1
    noise = np.random.default_rng(1).integers(0, top + 1, (100, 100, samples))
    noise[..., 3:] = top
    rows = [[tuple(pixel) for pixel in row] for row in noise.tolist()]
    data = write_png(rows, color, depth, level=0, split=1000)
    (tmp_path / "a.png").write_bytes(data[: len(data) * 7 // 8])
    with pytest.raises(MaskError, match="a photograph") as caught:
        count_file(str(tmp_path / "a.png"), ReadOptions(encoding))
    assert caught.value.kind is PhotographError


@pytest.mark.parametrize(
    ("options", "pixels", "ignored"),
    [
        ("--map #ff0000:1 --map #000000:0 --map #804080:0", {0: 3, 1: 3}, {}),
        # in order found: the least of the first mask first
        ("--ignore-index #000000", {"#804080": 1, "#ff0000": 3}, {0: 2}),
    ],
)
def test_map_and_ignore_without_a_list(counted, save_mask, options, pixels, ignored):
    """Colours are mapped and ignored by their numbers."""
    red = [255, 0, 0]
    mask = save_mask([[red, red, red], [VOID, VOID, ROAD]])
    assert counted(mask, "--encoding", "color", *options.split()) == (pixels, ignored)


@pytest.mark.parametrize(
    "options",
    [
        ["--map", "#804080:1", "--map", "*:0"],
        ["--map", "#804080:1", "--map", "#000000:0", "--map", "#ff0000:0"],
        ["--map", "FILE"],
    ],
)
def test_colours_that_options_name_are_counted(counted, save_mask, tmp_path, options):
    """Where --map or its file names a colour, colours are counted, unasked."""
    (tmp_path / "map.csv").write_text("value,class\n#804080,1\n*,0\n")
    words = [str(tmp_path / "map.csv") if word == "FILE" else word for word in options]
    red = [255, 0, 0]
    mask = save_mask([[red, red, red], [VOID, VOID, ROAD]])
    assert counted(mask, *words) == ({0: 5, 1: 1}, {})


@pytest.mark.parametrize("value", ["#000000", "void"])
def test_ignore_with_a_list(counted, save_mask, class_dict, value):
    """A colour of the list is ignored by itself or by its name, and keeps its place."""
    options = ("--encoding", "color", "-c", class_dict, "--ignore-index", value)
    pixels, ignored = counted(save_mask(ROWS), *options)
    assert (pixels, ignored) == ({"road": 3, "car": 1, "tree": 0, "void": 0}, {0: 2})


@pytest.mark.parametrize("target", ["2", "tree"])
@pytest.mark.parametrize("value", ["void", "#000000"])
def test_map_with_a_list(counted, save_mask, class_dict, value, target):
    """A colour of the list is mapped to another class by number or by name."""
    options = ("--encoding", "color", "-c", class_dict, "--map", f"{value}:{target}")
    pixels, _ = counted(save_mask(ROWS), *options)
    assert pixels == {"road": 3, "car": 1, "tree": 2, "void": 0}


def test_list_without_colors(refused, save_mask, tmp_path):
    """Colours cannot be told by a list that has none."""
    names = tmp_path / "names.txt"
    names.write_text("road\ncar\n")
    said = refused(save_mask(ROWS), "--encoding", "color", "-c", names)
    assert "the class list has no colours" in said
    assert "--map '#RRGGBB:CLASS'" in said


def test_auto_with_colors(weightcalc, save_mask, class_dict):
    """A list with colours and a first mask that is RGB mean colours, which is said."""
    result = weightcalc("count", save_mask(ROWS), "-c", class_dict)
    assert [entry["pixels"] for entry in result.json["classes"]] == list(PIXELS.values())
    assert "counting colours (--encoding color)" in result.stderr


def test_auto_with_indices(weightcalc, save_mask, save_palette, class_dict):
    """A list with colours and a first mask that is grey or palette mean indices."""
    for mask in (
        save_mask([[0, 0, 3]], "a.png"),
        save_palette([[0, 0, 3]], [(1, 2, 3)] * 4, "b.png"),
    ):
        result = weightcalc("count", mask, "-c", class_dict)
        assert [entry["pixels"] for entry in result.json["classes"]] == [2, 0, 0, 1]
        assert "counting indices (--encoding index)" in result.stderr


def test_auto_without_colors(refused, save_mask):
    """Colours without a list are refused until it is said that they are meant."""
    said = refused(save_mask(ROWS))
    assert "a colour mask" in said
    assert "hint: --encoding color" in said


def _write_hdf5(path, values):
    with h5py.File(path, "w") as file:
        file.create_dataset("y", data=values, chunks=(2, *values.shape[1:]), compression="gzip")


def _save_forms(folder, masks, palette, names):
    """Save masks in each form, and give the sources and options that count it."""

    def save(form, write):
        (folder / form).mkdir()
        for number, mask in enumerate(masks):
            write(folder / form / f"{number}", mask)

    rgb = np.array(palette, np.uint8)
    eye = np.eye(len(palette), dtype=np.uint8)
    save("index", lambda p, m: Image.fromarray(m).save(f"{p}.png"))
    save("rgb", lambda p, m: Image.fromarray(rgb[m]).save(f"{p}.png"))
    save("tiff", lambda p, m: tifffile.imwrite(f"{p}.tif", m, tile=(16, 16), compression="zlib"))
    save("nifti", lambda p, m: nibabel.save(nibabel.Nifti1Image(m, np.eye(4)), f"{p}.nii.gz"))
    save("npy", lambda p, m: np.save(f"{p}.npy", m))
    save("npz", lambda p, m: np.savez_compressed(f"{p}.npz", m))
    save("one-hot", lambda p, m: np.save(f"{p}.npy", eye[m]))

    save("hdf5", lambda p, m: _write_hdf5(f"{p}.h5", m))
    save("one-hot hdf5", lambda p, m: _write_hdf5(f"{p}.h5", np.moveaxis(eye[m], -1, 0)))
    save("zarr", lambda p, m: zarr.save_array(f"{p}.zarr", m, zarr_format=3))
    save("one-hot zarr", lambda p, m: zarr.save_array(f"{p}.zarr", eye[m], zarr_format=2))
    save("rgb zarr", lambda p, m: zarr.save_array(f"{p}.zarr", rgb[m], zarr_format=2))

    def write_palette(path, mask):
        image = Image.frombytes("P", mask.shape[::-1], mask.tobytes())
        image.putpalette(rgb.tobytes())
        image.save(f"{path}.png")

    save("palette", write_palette)
    with zipfile.ZipFile(folder / "masks.zip", "w") as archive:
        for path in sorted((folder / "index").iterdir()):
            archive.write(path, f"masks/{path.name}")
    listed = ["-c", names]
    forms = {form: [folder / form, *listed, "--encoding", "index"] for form in ("index", "palette")}
    forms |= {form: [folder / form, *listed] for form in ("rgb", "tiff", "nifti", "npy", "npz")}
    forms |= {form: [folder / form, *listed, "--encoding", "index"] for form in ("hdf5", "zarr")}
    first = ["--channel-axis", "0"]
    forms["one-hot hdf5"] = [folder / "one-hot hdf5", *listed, "--encoding", "one-hot", *first]
    forms["one-hot zarr"] = [folder / "one-hot zarr", *listed, "--encoding", "multilabel"]
    forms["rgb zarr"] = [folder / "rgb zarr", *listed, "--encoding", "color"]
    forms["palette as colours"] = [folder / "palette", *listed, "--encoding", "color"]
    forms["zip"] = [folder / "masks.zip", *listed]
    forms["one-hot"] = [folder / "one-hot", *listed, "--encoding", "one-hot"]
    forms["multilabel"] = [folder / "one-hot", *listed, "--encoding", "multilabel"]
    return forms


def test_all_forms_are_equal(weightcalc, tmp_path, class_dict):
    """One mask set gives the same counts in whatever form it is saved."""
    pytest.importorskip("h5py", reason="h5py is not installed")
    pytest.importorskip("zarr", reason="zarr is not installed")
    rng = np.random.default_rng(4)
    masks = [rng.integers(0, 3, shape, np.uint8) for shape in ((17, 40), (33, 9), (64, 64))]
    masks[0][masks[0] == 1] = 2  # a mask without class 1; no mask has class 3
    expected = [[0, 0] for _ in range(4)]
    for mask, index in itertools.product(masks, range(4)):
        found = sum(value == index for row in mask.tolist() for value in row)
        expected[index][0] += found
        expected[index][1] += found > 0
    for form, arguments in _save_forms(
        tmp_path, masks, [ROAD, CAR, TREE, VOID], class_dict
    ).items():
        result = weightcalc("count", *arguments)
        assert result.exit_code == 0, (form, result.stderr)
        entries = result.json["classes"]
        assert [[entry["pixels"], entry["masks"]] for entry in entries] == expected, form
        assert (result.json["masks"], result.json["ignored_pixels"]) == (3, 0), form
        assert result.json["pixels"] == 17 * 40 + 33 * 9 + 64 * 64, form


def test_a_list_without_the_background(refused, save_mask, tmp_path):
    """A list as Supervisely has it names no background: the hint is to add it, which then counts."""
    objects = [{"title": "road", "color": "#804080"}]
    listed = tmp_path / "meta.json"
    listed.write_text(json.dumps({"classes": objects}))
    mask = save_mask([[ROAD, (0, 0, 0)]])
    assert "hint: #000000 as a class of the list" in refused(mask, "-c", listed)
