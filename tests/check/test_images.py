"""`weightcalc check --images`: which image is that of a mask, by their names."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.checked_set import ROWS

from weightcalc.check import image_sizes, pixels
from weightcalc.check.image_sizes import size_of
from weightcalc.check.rules import RULES

COMPOSED, DECOMPOSED = "Stra\u00dfe \u00e9", "Stra\u00dfe e\u0301"


@pytest.fixture
def names(check, save_mask, tmp_path, monkeypatch):
    """A function that gives the findings of masks and images of these names."""
    monkeypatch.chdir(tmp_path)

    def names(masks, images, *options):
        for name in masks:
            save_mask(ROWS, f"masks/{name}")
        for name in images:
            save_mask(np.zeros((4, 8, 3)), f"images/{name}")
        return check("masks", "-n", 3, "--images", "images", *options)[1]

    return names


@pytest.mark.parametrize(
    ("mask", "image", "options"),
    [
        ("a.png", "a.jpg", []),
        ("a.PNG", "a.JPG", []),
        ("a_labelIds.png", "a_photo.png", ["{}_labelIds", "{}_photo"]),
        ("segmentation-0.png", "volume-0.jpg", ["segmentation-{}", "volume-{}"]),
        ("m 7 x.png", "7.png", ["m {} x", "{}"]),
        ("case_0.npy", "case_0_0000.jpg", ["{}", "{}_0000"]),
        ("a.b.npy", "a.b.jpg", []),
        (f"{COMPOSED}.png", f"{DECOMPOSED}.jpg", []),
        (f"{DECOMPOSED}-0.png", f"0-{DECOMPOSED}.jpg", [f"{COMPOSED}-{{}}", f"{{}}-{COMPOSED}"]),
    ],
)
def test_pairs(names, mask, image, options):
    """A mask and an image are a pair where their patterns leave the same stem, in NFC."""
    options = ["--mask-name", options[0], "--image-name", options[1]] if options else []
    assert names([mask], [image], *options) == {}


def test_volumes_are_images(check, save_mask, tmp_path, monkeypatch):
    """Volumes beside segmentations, in one folder, are found by their names as LiTS has them."""
    monkeypatch.chdir(tmp_path)
    save_mask([ROWS], "d/segmentation-0.npy")
    for name in ("volume-0.nii", "VOLUME-1.NII.GZ"):
        Path("d", name).write_bytes(b"")
    options = ["--mask-name", "segmentation-{}", "--image-name", "volume-{}"]
    arguments = ["d", "-n", 3, "--include", "seg*", "--images", "d", *options]
    assert check(*arguments) == (0, {})
    Path("d/VOLUME-1.NII.GZ").rename("d/volume-1.NII.GZ")
    assert check(*arguments)[1].keys() == {("mask-missing", "d/volume-1.NII.GZ")}


def test_pattern_from_the_settings(names):
    """Patterns stand in pyproject.toml too, and the command line wins."""
    lines = ["[tool.weightcalc.check]", "images = 'images'", "mask-name = 'm-{}'"]
    Path("pyproject.toml").write_text("\n".join(lines))
    assert names(["m-a.png"], ["a.jpg"]) == {}
    assert len(names([], [], "--mask-name", "x-{}")) == 2


def test_mask_of_another_form(names):
    """A mask that its pattern does not fit has no image, and an image of another form is none."""
    found = names(["a.png", "m-b.png", "m-.png"], ["a.jpg", "b.jpg"], "--mask-name", "m-{}")
    form = "its name is not of the form m-{} of --mask-name"
    assert found == {
        ("image-missing", "masks/a.png"): form,
        ("image-missing", "masks/m-.png"): form,
        ("mask-missing", "images/a.jpg"): "this image has no mask",
    }
    found = names([], ["p_a.jpg"], "--image-name", "p_{}")
    assert found.keys() == {("image-missing", f"masks/{name}.png") for name in ("m-b", "m-")}


@pytest.mark.parametrize(
    ("mask", "image", "options"),
    [
        ("A.PNG", "a.JPG", []),
        ("street-01.png", "street_01.jpg", []),
        ("street 01.png", "Street_01.jpg", []),
        ("Segmentation_0.png", "volume-0.jpg", ["segmentation-{}", "volume-{}"]),
        ("segmentation-0.png", "Volume_0.jpg", ["segmentation-{}", "volume-{}"]),
    ],
)
def test_near_names(names, mask, image, options):
    """A name that differs by case, - or _ is no match, but each finding offers the other file."""
    options = ["--mask-name", options[0], "--image-name", options[1]] if options else []
    found = names([mask], [image], *options)
    near = f"did you mean images/{image}?"
    assert near in found["image-missing", f"masks/{mask}"]
    if ("mask-missing", f"images/{image}") in found:
        assert f"did you mean masks/{mask}?" in found["mask-missing", f"images/{image}"]


@pytest.mark.parametrize(
    ("mask", "image", "patterns"),
    [
        ("segmentation-{}.npy", "volume-{}.jpg", ["segmentation-{}", "volume-{}"]),
        ("case_{}.npy", "case_{}_0000.jpg", ["{}", "{}_0000"]),
        ("a{}_mask.png", "a{}.jpg", ["{}_mask", "{}"]),
        ("label_{}.png", "image_{}.jpg", ["label_{}", "image_{}"]),
        ("{}_gtFine_labelIds.png", "{}_leftImg8bit.jpg", ["{}_gtFine_labelIds", "{}_leftImg8bit"]),
        ("Mask{}.png", "IMG{} (1).jpg", ["Mask{}", "IMG{} (1)"]),
    ],
)
def test_patterns_are_derived(names, weightcalc, mask, image, patterns):
    """The hint has the patterns that names show, and with them nothing is missing."""
    numbers = [0, 1, 10, 21]
    names([mask.format(n) for n in numbers], [image.format(n) for n in numbers])
    arguments = ["check", "masks", "-n", 3, "--images", "images", "-f", "json"]
    hint = weightcalc(*arguments).json["rules"]["image-missing"]["hint"]
    options = shlex.split(hint)[:4]
    assert options == ["--mask-name", patterns[0], "--image-name", patterns[1]]
    assert weightcalc(*arguments, *options).json["findings"] == []


@pytest.mark.parametrize(
    ("masks", "images"),
    [
        (["a", "b", "c"], ["d", "e", "f"]),
        (["m1", "m2", "m3"], ["i11", "i12", "i13"]),
        (["a", "b", "c"], ["a", "b", "d"]),
        (["m_a", "m_b", "m_c", "m_d"], ["a", "b", "x", "y"]),
        (["a_m"], ["a"]),
    ],
)
def test_no_pattern_is_made_up(names, weightcalc, masks, images):
    """Where no pattern finds the images of nearly all masks, and more than before, none is named."""
    names([f"{name}.png" for name in masks], [f"{name}.jpg" for name in images])
    result = weightcalc("check", "masks", "-n", 3, "--images", "images", "-f", "json")
    for rule in ("image-missing", "mask-missing"):
        assert result.json["rules"][rule]["hint"] == RULES[rule].hint


def test_no_near_name(names):
    """Where no name is like it, none is offered."""
    found = names(["a.png", "b.png"], ["b.jpg", "c.jpg"])
    assert found == {
        ("image-missing", "masks/a.png"): "no image in images is called a.*",
        ("mask-missing", "images/c.jpg"): "this image has no mask",
    }


def test_mask_missing_alone(names):
    """Images with masks have them also where no rule but `mask-missing` looks for images."""
    off = [f"--rule={rule}=off" for rule in ("image-missing", "image-size")]
    found = names(["a.png"], ["a.jpg", "b.jpg"], *off)
    assert found.keys() == {("mask-missing", "images/b.jpg")}


def test_image_of_a_broken_mask(names):
    """The image of a mask that cannot be read has a mask, such as it is."""
    Path("masks").mkdir()
    Path("masks/a.png").write_bytes(b"no mask")
    assert names([], ["a.jpg"]).keys() == {("unreadable", "masks/a.png")}


def test_image_in_the_folder_of_its_name(check, save_mask, tmp_path, monkeypatch):
    """Of two images with the name of a mask, that of the folder of the same name is meant."""
    monkeypatch.chdir(tmp_path)
    for folder, size in (("x", (4, 8)), (COMPOSED, (2, 2))):
        save_mask(np.arange(np.prod(size)).reshape(size) % 3, f"m/{folder}/a.png")
        save_mask(np.zeros((*size, 3)), f"p/{folder.replace(COMPOSED, DECOMPOSED)}/a.png")
    assert check("m", "-n", 3, "--images", "p") == (0, {})


def test_images_in_the_folder_of_the_masks(check, save_mask, tmp_path, monkeypatch):
    """Masks are no images, however the folder that holds both is spelled."""
    monkeypatch.chdir(tmp_path)
    for name in ("0.png", "0_mask.png"):
        save_mask([[0, 1, 2]], f"s/{name}")
    arguments = ["s", "-n", 3, "--include", "*_mask.png", "--mask-name", "{}_mask"]
    assert check(*arguments, "--images", tmp_path / "s") == (0, {})


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.mat", "a.zarr", "a.zarr.zip", "a.npy"])
def test_arrays_have_no_header_of_an_image(name):
    """The size of an array is not looked for in the header of a picture."""
    assert size_of(name) is None


def test_links_to_folders_of_images_are_said(weightcalc, save_mask, tmp_path, monkeypatch):
    """Images behind a link to a folder are left out, which is said with the option that takes them."""
    monkeypatch.chdir(tmp_path)
    save_mask(ROWS, "masks/a.png")
    save_mask(np.zeros((4, 8, 3)), "elsewhere/a.png")
    Path("images").mkdir()
    Path("images/linked").symlink_to(tmp_path / "elsewhere")
    arguments = ["check", "masks", "-n", 3, "--images", "images"]
    result = weightcalc(*arguments)
    assert result.exit_code == 1
    [line] = [line for line in result.stderr.splitlines() if "images/linked" in line]
    assert "--follow" in line
    assert weightcalc(*arguments, "--follow").exit_code == 0


def test_a_bug_in_the_reading_of_sizes(weightcalc, save_mask, tmp_path, monkeypatch):
    """A fault of our own code is a traceback, and no image that cannot be read."""
    monkeypatch.chdir(tmp_path)
    save_mask(ROWS, "masks/a.png")
    Path("images").mkdir()
    Image.fromarray(np.zeros((4, 8), np.uint8)).save("images/a.jpg")
    monkeypatch.setattr(image_sizes, "_FRAMES", None)  # which cannot be looked up
    done = weightcalc("check", "masks", "-n", 3, "--images", "images")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "TypeError" in done.stderr
    assert "cannot be read" not in done.stderr


def test_a_bug_in_the_reading_of_pixels(weightcalc, save_mask, tmp_path, monkeypatch):
    """A fault of our own code is a traceback where unknown values are looked at, too."""
    monkeypatch.chdir(tmp_path)
    save_mask([[0, 1, 9]], "masks/a.png")
    monkeypatch.setattr(pixels, "SIGNATURE", None)
    done = weightcalc("check", "masks", "-n", 2)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "TypeError" in done.stderr
