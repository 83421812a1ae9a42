"""Sets with a file for each class or instance, as people have them, counted scene by scene."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

RANDOM = np.random.default_rng(3)


def regions(*shape):
    """Some random pixels, which are in the class."""
    return RANDOM.random(shape) < 0.3


def save(path, mask, on=255):
    """Save a mask of 0 and `on` by its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.where(mask, on, 0).astype(np.uint8)
    if path.name.endswith(".nii.gz"):
        nibabel = pytest.importorskip("nibabel")
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    elif path.suffix == ".npy":
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)


def expected(masks):
    """
    Pixels and masks of each class, and the pixels of all scenes, by plain NumPy.

    `masks` are (scene, class, array), of which those of one scene and class are united.
    """
    unions, sizes = {}, {}
    for scene, name, mask in masks:
        unions[name, scene] = unions.get((name, scene), False) | mask
        sizes[scene] = mask.size
    names = sorted({name for name, _ in unions})
    pixels = [sum(int(u.sum()) for (n, _), u in unions.items() if n == name) for name in names]
    seen = [sum(bool(u.any()) for (n, _), u in unions.items() if n == name) for name in names]
    return names, pixels, seen, sum(sizes.values())


# Layout: the files of scenes and classes, the pattern, how many files a class, values, and shape.
LAYOUTS = {
    "TotalSegmentator": (
        "{scene}/segmentations/{name}.nii.gz", "{scene}/segmentations/{class}.nii.gz",
        ["liver", "spleen", "vertebrae_L1"], 1, 1, (5, 6, 7),
    ),
    "CelebAMask-HQ": (
        "0/{scene}_{name}.png", "{scene}_{class}.png", ["hair", "skin", "nose"], 1, 255, (9, 11),
    ),
    "IDRiD": (
        "1. {name}/IDRiD_{scene}_XX.tif", "*. {class}/IDRiD_{scene}_*.tif",
        ["Exudates", "Microaneurysms"], 1, 255, (9, 11),
    ),
    "Label Studio": (
        "task-{scene}-annotation-{n}-by-1-tag-{name}-0.png",
        "{scene}-annotation-*-by-*-tag-{class}-*.png", ["road", "sky"], 3, 255, (9, 11),
    ),
    "a folder a class": ("{name}/{scene}.npy", "{class}/{scene}.npy", ["car", "tree"], 1, 1, (9, 11)),
    "instances by classes": (
        "{scene}/{name}_{n}.npy", "{scene}/{class}_*.npy", ["car", "tree"], 4, 1, (9, 11),
    ),
}  # fmt: skip


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, monkeypatch):
    """A set in the folder `set`: its pattern, and (scene, class, array) of each file."""
    template, pattern, names, number, on, shape = LAYOUTS[request.param]
    monkeypatch.chdir(tmp_path)
    masks = []
    for scene in ("001", "002", "003"):
        for name in names if scene != "003" else names[:-1]:
            for n in range(number):
                mask = regions(*shape)
                path = template.format(scene=scene, name=name, n=n)
                save(tmp_path / "set" / path, mask, on)
                masks.append((scene, name, mask))
    return pattern, masks


def test_layout(layout, weightcalc):
    """Pixels, masks and totals of each layout are those of the unions by NumPy."""
    pattern, masks = layout
    result = weightcalc("count", "set", "--layers", pattern)
    assert result.exit_code == 0, result.stderr
    names, pixels, seen, total = expected(masks)
    classes = result.json["classes"]
    assert [entry["name"] for entry in classes] == names
    assert [entry["pixels"] for entry in classes] == pixels
    assert [entry["masks"] for entry in classes] == seen
    assert (result.json["masks"], result.json["pixels"]) == (3, total)


def test_rest_of_each_layout(layout, weightcalc):
    """The rest is what no file of a scene covers."""
    pattern, masks = layout
    result = weightcalc("count", "set", "--layers", pattern, "--rest", "zzz")
    _, pixels, _, total = expected([(scene, "any", mask) for scene, _, mask in masks])
    assert result.json["classes"][-1]["pixels"] == total - pixels[0]
    assert result.json["classes"][-1]["name"] == "zzz"


@pytest.mark.parametrize("engine", [["-j1"], ["-j2"]])
def test_engines_and_lines(layout, weightcalc, engine, tmp_path):
    """One process and two give the same counts, and a line for each scene."""
    pattern, masks = layout
    lines = tmp_path / "lines.jsonl"
    result = weightcalc("count", "set", "--layers", pattern, "--per-mask", lines, *engine)
    plain = weightcalc("count", "set", "--layers", pattern)
    assert result.stdout == plain.stdout
    found = {
        line["mask"].rpartition("/")[2]: sum(line["pixels"].values())
        for line in map(json.loads, lines.read_text().splitlines())
    }
    by_scene = {}
    for scene in {scene for scene, _, _ in masks}:
        by_scene[scene] = sum(expected([m for m in masks if m[0] == scene])[1])
    assert found == {scene: by_scene[scene.rpartition("-")[2]] for scene in found}
    assert len(found) == 3


def test_class_list(layout, weightcalc, tmp_path):
    """A class list gives the order, and names that no file has."""
    pattern, masks = layout
    names, pixels, *_ = expected(masks)
    (tmp_path / "names.txt").write_text("\n".join(["none", *reversed(names)]))
    result = weightcalc("count", "set", "--layers", pattern, "-c", "names.txt")
    assert [entry["pixels"] for entry in result.json["classes"]] == [0, *reversed(pixels)]


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """A set as DSB2018 has it: a file for each nucleus of an image; some touch or overlap."""
    monkeypatch.chdir(tmp_path)
    masks = []
    for scene in ("00ae65", "01b2c7"):
        for n in range(5):
            masks.append((scene, "any", regions(16, 12)))
            save(tmp_path / f"stage1/{scene}/masks/{n}f{scene}.png", masks[-1][2])
    return masks


def test_instances(cells, weightcalc):
    """Without {class} the classes are the rest and what is in any file, in this order."""
    result = weightcalc(
        "weights", "stage1", "--layers", "{scene}/masks/*.png", "-m", "inverse-frequency"
    )
    _, (inside,), _, total = expected(cells)
    counts = np.array([total - inside, inside])
    np.testing.assert_allclose(result.json, total / counts, rtol=1e-12)


def test_instances_are_offered(cells, weightcalc):
    """Folders of several binary masks are offered --layers beside --map."""
    result = weightcalc("weights", "stage1")
    assert result.exit_code == 2
    assert "--map 255:1" in result.stderr
    assert "--layers '{scene}/masks/*.png'" in result.stderr
    assert weightcalc("weights", "stage1", "--map", "255:1").exit_code == 0


def test_two_classes_by_a_list(cells, weightcalc, tmp_path):
    """A list of two names names the rest and the instances; another is refused."""
    (tmp_path / "two.txt").write_text("background\nnucleus\n")
    (tmp_path / "three.txt").write_text("background\nnucleus\ndebris\n")
    words = ["count", "stage1", "--layers", "{scene}/masks/*.png", "-c"]
    result = weightcalc(*words, "two.txt")
    assert [entry["name"] for entry in result.json["classes"]] == ["background", "nucleus"]
    assert weightcalc(*words, "three.txt").exit_code == 2


def test_archive(layout, weightcalc, tmp_path):
    """Scenes in an archive are counted as those in a folder."""
    pattern, _ = layout
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.*")):
            if path.is_file():
                archive.write(path, path.relative_to(tmp_path / "set"))
    one = weightcalc("count", "set.zip", "--layers", pattern).json
    other = weightcalc("count", "set", "--layers", pattern).json
    assert one | {"source": {}} == other | {"source": {}}


def test_list_of_files(layout, weightcalc, tmp_path):
    """Names of a list are split from below --root."""
    pattern, _ = layout
    files = [p for p in sorted((tmp_path / "set").rglob("*.*")) if p.is_file()]
    text = "".join(f"{p.relative_to(tmp_path / 'set')}\0" for p in files)
    (tmp_path / "list.txt").write_text(text)
    words = ["--files-from", "list.txt", "-0", "--root", "set", "--layers", pattern]
    one = weightcalc("count", *words).json
    other = weightcalc("count", "set", "--layers", pattern).json
    assert one["classes"] == other["classes"]


@pytest.mark.parametrize("name", ["TotalSegmentator", "CelebAMask-HQ", "Label Studio"])
def test_files_of_classes_are_refused_without_layers(name, weightcalc, tmp_path, monkeypatch):
    """A file a class is refused with the pattern that fits; following it leads to the counts."""
    template, pattern, names, _, on, shape = LAYOUTS[name]
    monkeypatch.chdir(tmp_path)
    for scene in ("001", "002"):
        for word in names:
            save(
                tmp_path / "set" / template.format(scene=scene, name=word, n=0), regions(*shape), on
            )
    for command in ("weights", "count", "check"):
        result = weightcalc(command, "set")
        assert (result.exit_code, result.stdout) == (2, b"")
        assert f"--layers '{pattern}'" in result.stderr
    assert weightcalc("count", "set", "--layers", pattern).exit_code == 0
    taken = weightcalc("count", "set", "--include", "*", "-n", on + 1)
    assert taken.json["masks"] == 2 * len(names)


@pytest.mark.parametrize(
    "template",
    [
        "{scene}/seg.npy",
        "{scene}/{n:05}.npy",
        "{scene}_slice_{n}.npy",
        "{scene}_{side}.npy",
    ],
)
def test_what_is_no_layer_passes(template, weightcalc, tmp_path, monkeypatch):
    """One name a case, numbered frames and slices, and tiles are masks of their own."""
    monkeypatch.chdir(tmp_path)
    number = 2 if "{n" in template or "{side}" in template else 1
    for scene in ("bear", "camel", "dog"):
        for n in range(number):
            path = template.format(scene=scene, n=n, side=("north", "south")[n])
            save(tmp_path / "set" / path, regions(4, 4), 1)
    assert weightcalc("count", "set").json["masks"] == 3 * number


def test_numbers_are_shown(layout, weightcalc):
    """The run says how many scenes there were, and of how many files."""
    pattern, masks = layout
    result = weightcalc("count", "set", "--layers", pattern)
    assert f"3 scenes of {len(masks)} files" in result.stderr
    assert "scene" not in weightcalc("count", "set", "--layers", pattern, "-q").stderr


@pytest.mark.parametrize("layout_of_result", ["list", "dict"])
def test_classes_without_a_list_have_no_order(layout, weightcalc, layout_of_result):
    """Weights by class ids need a list of the classes."""
    words = ["weights", "set", "--layers", layout[0], "--layout"]
    result = weightcalc(*words, layout_of_result)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert "-c" in result.stderr
    assert weightcalc(*words, "named").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--layers", "{class}.png"],
        ["--layers", "{scene}_{class}.png", "--map", "255:1"],
        ["--layers", "{scene}_{class}.png", "--ignore-index", "0"],
        ["--layers", "{scene}_{class}.png", "--encoding", "index"],
        ["--layers", "{scene}_{class}.png", "--reduce-zero-label"],
        ["--layers", "{scene}_{class}.png", "-n", "3"],
        ["--layers", "{scene}/*.png", "--rest", "other"],
        ["--rest", "other"],
        ["--foreground", "255"],
    ],
)
@pytest.mark.parametrize("command", ["weights", "count", "check", "report"])
def test_options_that_do_not_fit(weightcalc, tmp_path, words, command):
    """Options that speak of values, and those that mean nothing here, are errors of usage."""
    save(tmp_path / "a_k.png", regions(2, 2))
    result = weightcalc(command, tmp_path, *words)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"weightcalc {command} --help" in result.stderr


def test_damaged_layer(layout, weightcalc, tmp_path):
    """A damaged file is named, and --on-error skip leaves its scene out."""
    pattern, masks = layout
    bad = min(p for p in (tmp_path / "set").rglob("*.*") if p.is_file() and "001" in str(p))
    bad.write_bytes(bad.read_bytes()[:-30])
    words = ["count", "set", "--layers", pattern]
    failed = weightcalc(*words)
    assert (failed.exit_code, failed.stdout) == (2, b"")
    assert bad.name in failed.stderr
    _, pixels, *_ = expected([mask for mask in masks if mask[0] != "001"])
    rest = weightcalc(*words, "--on-error", "skip").json
    assert rest["masks"] == 2
    assert [entry["pixels"] for entry in rest["classes"]] == pixels


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        ("background\nhair\nskin\n", "--rest background"),
        ("hair\nskin\nBackground\n", "--rest Background"),
        ("hair\nskin\nhat\n", None),
    ],
)
def test_the_rest_is_offered(weightcalc, tmp_path, monkeypatch, names, offered):
    """Where the background of a list is never seen, --rest is named, by check too, and counts it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text(names)
    for word in ("hair", "skin"):
        save(tmp_path / f"m/1_{word}.png", np.eye(4, dtype=bool))
    arguments = ["m", "--layers", "{scene}_{class}.png", "-c", "names.txt"]
    said = weightcalc("weights", *arguments).stderr
    hint = weightcalc("check", *arguments, "-f", "json").json["rules"]["class-never-seen"]["hint"]
    if offered is None:
        assert "--rest" not in said + hint
        return
    assert f"{offered} if" in said
    assert hint.startswith(offered)
    counted = weightcalc("count", *arguments, *offered.split()).json["classes"]
    assert {c["name"].lower(): c["pixels"] for c in counted}["background"] == 12
    assert "--rest" not in weightcalc("weights", *arguments, *offered.split()).stderr
