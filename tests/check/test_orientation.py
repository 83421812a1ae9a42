"""`image-rotated` of `weightcalc check`: the orientation of images, from their headers."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weightcalc.check import orientation
from weightcalc.check.orientation import orientation_of

OPTIONS = ["-n", 3, "--images", "images"]


def save_turned(path, said, size=(8, 4), **options):
    """Save an image with that EXIF orientation."""
    exif = Image.Exif()
    exif[274] = said
    Image.new("RGB", size, (9, 90, 200)).save(path, exif=exif, **options)


@pytest.mark.parametrize("said", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_orientation(tmp_path, name, said):
    """All formats with EXIF, and the tag of TIFF, say their orientation."""
    save_turned(tmp_path / name, said)
    assert orientation_of(str(tmp_path / name)) == said


@pytest.mark.parametrize("said", [0, 9])
def test_no_orientation(tmp_path, said):
    """A number that means nothing turns nothing; so do files without EXIF."""
    save_turned(tmp_path / "a.jpg", said)
    assert orientation_of(str(tmp_path / "a.jpg")) == 1
    for name in ("b.jpg", "b.png", "b.webp", "b.tif", "b.bmp", "b.gif"):
        Image.new("RGB", (8, 4)).save(tmp_path / name)
        assert orientation_of(str(tmp_path / name)) == 1


@pytest.mark.parametrize("order", ["II", "MM"])
def test_byte_orders(tmp_path, order):
    """EXIF may be in either byte order, and other segments may stand before it."""
    number = lambda n, size: n.to_bytes(size, "little" if order == "II" else "big")
    entry = number(274, 2) + number(3, 2) + number(1, 4) + number(8, 2) + b"\0\0"
    exif = b"Exif\0\0" + order.encode() + number(42, 2) + number(8, 4) + number(1, 2) + entry
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x/>"
    plain = io.BytesIO()
    Image.new("RGB", (8, 4)).save(plain, "JPEG")
    head = b"\xff\xd8" + b"".join(
        b"\xff\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body for body in (xmp, exif)
    )
    (tmp_path / "a.jpg").write_bytes(head + plain.getvalue()[2:])
    assert orientation_of(str(tmp_path / "a.jpg")) == 8


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_cut_headers_say_nothing(tmp_path, name):
    """A header that ends anywhere raises nothing, and says 1 or what it says."""
    save_turned(tmp_path / name, 6)
    data = (tmp_path / name).read_bytes()
    for size in range(len(data)):
        (tmp_path / "cut").write_bytes(data[:size])
        assert orientation_of(str(tmp_path / "cut")) in (1, 6)


def test_reading_is_bounded(tmp_path, monkeypatch):
    """Of a photograph only the header is read, however large it and its colour profile are."""
    pixels = np.random.default_rng(1).integers(0, 256, (1500, 1500, 3), np.uint8)
    for name in ("a.jpg", "a.png", "a.webp", "b.jpg"):
        exif = Image.Exif()
        exif[274] = 6
        said = {} if name == "b.jpg" else {"exif": exif}
        Image.fromarray(pixels).save(tmp_path / name, icc_profile=bytes(200_000), **said)

    read = []

    class Counting(io.FileIO):
        def readinto(self, buffer):
            size = super().readinto(buffer)
            read.append(size)
            return size

    monkeypatch.setattr(orientation, "open_mask", Counting)
    for path in sorted(tmp_path.iterdir()):
        read.clear()
        assert orientation_of(str(path)) == (1 if path.name == "b.jpg" else 6)
        assert sum(read) < 100_000 < path.stat().st_size


def test_all_images_of_masks(clean, check):
    """Images that are turned are warnings, one for each, and those of 1 are none."""
    save_turned("images/a.jpg", 3)
    save_turned("images/b.jpg", 1)
    code, found = check("masks", *OPTIONS)
    assert (code, found) == (
        0,
        {("image-rotated", "masks/a.png"): "images/a.jpg has EXIF orientation 3"},
    )
    assert check("masks", *OPTIONS, "--rule", "image-rotated=error")[0] == 1
    assert check("masks", "-n", 3) == (0, {})


def test_image_of_a_stack_is_said_once(clean, check, save_mask, weightcalc):
    """An image has one orientation, however many masks stand in the file of its stem."""
    save_mask(np.arange(3 * 4 * 8).reshape(3, 4, 8) % 3, "stack/a.npy")
    save_turned("images/a.jpg", 5)
    found = weightcalc("check", "stack", *OPTIONS, "-f", "json").json["rules"]
    assert found["image-rotated"]["findings"] == 1


def test_images_in_an_archive(clean, check):
    """Members of archives are looked at too."""
    save_turned("images/a.jpg", 7)
    with zipfile.ZipFile("images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(Path("images").iterdir()):
            archive.write(path)
    _, found = check("masks", "-n", 3, "--images", "images.zip")
    assert found.keys() == {("image-rotated", "masks/a.png")}


def test_masks_of_one_kind_do_not_differ(clean, check):
    """Where all masks are alike, none differs, whatever their mode."""
    for name in ("a", "b", "c"):
        with Image.open(f"masks/{name}.png") as image:
            image.convert("P").save(f"masks/{name}.png")
    assert check("masks", "-n", 3, "--encoding", "auto") == (0, {})
