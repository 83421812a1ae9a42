"""Images beside masks: the options that leave them out, told by names alone."""

import shlex

import pytest

from weightcalc import SourceError
from weightcalc.sources.apart import check_no_photographs, how_to_leave_out

QUOTED = shlex.quote("it's/*")


def names(pattern, number=3):
    """Names of the files of so many scenes."""
    return [pattern.format(n) for n in range(number)]


@pytest.mark.parametrize(
    ("images", "masks", "options", "folder"),
    [
        ("d/{}.jpg", "d/{}.png", "--exclude '*.jpg'", None),
        ("d/im/{}.tif", "d/ma/{}.png", "--exclude '*.tif'", "d/ma"),
        ("d/im/{}.png", "d/ma/{}.png", "--exclude 'im/*'", "d/ma"),
        ("im/{}.png", "ma/{}.png", "--exclude 'im/*'", "ma"),
        ("/d/im/train/{}.png", "/d/ma/train/{}.png", "--exclude 'im/*'", "/d/ma/train"),
        ("d/c{}/im/a.png", "d/c{}/ma/a.png", "--exclude 'im/*'", None),
        ("d/{}_sat.png", "d/{}_mask.png", "--exclude '*_sat.png'", None),
        ("d/{}_sat.png", "d/{}.png", "--exclude '*_sat.png'", None),
        ("d/{}.png", "d/{}_mask.png", "--include '*_mask.png'", None),
        ("d/img_{}.png", "d/mask_{}.png", "--exclude 'img_*'", None),
        ("d/{}.png", "d/mask_{}.png", "--include 'mask_*'", None),
        ("d/{}.png", "d/ma/{}.png", "--include 'ma/*'", "d/ma"),
        ("d/c{}/image.png", "d/c{}/label.png", "--exclude 'image.*'", None),
        ("d/it's/{}.png", "d/ma/{}.png", f"--exclude {QUOTED}", "d/ma"),
        ("d/[1]/{}.png", "d/ma/{}.png", "--exclude '[[]1]/*'", "d/ma"),
        ("zip://im/{}.png::a.zip", "zip://ma/{}.png::a.zip", "--exclude 'im/*'", None),
        ("https://x.org/im/{}.png", "https://x.org/ma/{}.png", "--exclude 'im/*'", None),
    ],
)
def test_what_tells_them_apart(images, masks, options, folder):
    """The option comes first; the folder of the masks is named where it holds no image."""
    hint = how_to_leave_out(names(images), names(masks))
    assert hint.startswith(f"{options} leaves the images out")
    assert hint.endswith(f", or name the folder of the masks: {folder}") == bool(folder)
    assert ("folder of the masks" in hint) == bool(folder)


def test_folders_of_several_splits():
    """The folder of one split is not named, as the masks of the other would be left out."""
    images = names("d/train/im/{}.png") + names("d/val/im/{}.png")
    masks = names("d/train/ma/{}.png") + names("d/val/ma/{}.png")
    assert how_to_leave_out(images, masks) == "--exclude 'im/*' leaves the images out"


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        (["d/1.png", "d/x2.png"], ["d/x1.png", "d/2.png"]),
        # all images are in im/, and so is a mask
        (["d/im/1.png", "d/im/2.png"], ["d/ma/1.png", "d/im/3.png"]),
        # four folders are no rule
        (names("d/{}/a.png", 4), [*names("e/{}/a.png", 4), "d/9/a.png"]),
    ],
)
def test_nothing_tells_them_apart(images, masks):
    """No pattern is offered that would leave a mask out or keep an image."""
    assert how_to_leave_out(images, masks) == ""


def test_jpeg_beside_masks():
    """JPEG files beside masks are refused with their number, the pattern first."""
    with pytest.raises(SourceError, match="3 of 6 files are JPEG") as caught:
        check_no_photographs([*names("d/im/{}.JPG"), *names("d/ma/{}.png")])
    assert caught.value.hint == (
        "--exclude '*.JPG' leaves the images out, or name the folder of the masks: d/ma; "
        "--allow-lossy counts them all"
    )
    check_no_photographs(names("d/im/{}.jpg"))
