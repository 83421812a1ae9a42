"""The set of masks that the tests of `check` break, one thing at a time."""

import json

import numpy as np
from PIL import Image

from weightcalc import ClassCounts

# Three masks of 8 x 4, of 16, 10, 6; 16, 12, 4; and 16, 8, 8 pixels of road, sky and car.
ROWS = [[0, 0, 0, 0, 1, 1, 2, 1]] * 2 + [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
OTHER = [[0, 0, 0, 0, 1, 1, 2, 1]] * 4
THIRD = [[0, 0, 0, 0, 1, 2, 2, 1]] * 2 + [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
PIXELS = [48, 30, 18]
NAMES = "road\nsky\ncar\n"


def counts_of(pixels):
    """Counts of one mask of these pixels."""
    counts = ClassCounts()
    row = [c for c, number in enumerate(pixels) for _ in range(number)]
    counts.add_mask(np.array([row]))
    return counts


ALL = [
    *("masks", "-c", "names.txt", "--images", "images", "--against", "val"),
    *("--baseline", "baseline.json", "--weights", "weights.json", "-m", "balanced"),
    *("--min-masks", 3, "--min-pixels", 18, "--max-imbalance", 2.7, "--max-ignored", 0),
    *(
        "--max-class-drift",
        9,
        "--rule",
        "duplicate-mask=error",
        "--rule",
        "single-value-mask=error",
    ),
]


def where(finding):
    """The mask or the class of a finding, or nothing."""
    return finding.get("mask", finding.get("name", finding.get("class")))


def truncate(folder):
    """Cut the end of a mask off."""
    path = folder / "masks/a.png"
    path.write_bytes(path.read_bytes()[:-30])


def lossy(folder):
    """Put a JPEG under the name of a mask."""
    Image.fromarray(np.array(ROWS, np.uint8)).save(folder / "masks/a.png", "JPEG")


def palette(folder):
    """Save a mask as a palette image, with the same indices."""
    image = Image.fromarray(np.array(ROWS, np.uint8)).convert("P")
    image.putdata(np.array(ROWS, np.uint8).ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(folder / "masks/a.png")


def in_color(folder):
    """Save a mask in colours."""
    Image.new("RGB", (8, 4), (1, 2, 3)).save(folder / "masks/a.png")


def blended(folder):
    """Save a mask with a soft edge: alpha that differs from pixel to pixel."""
    image = Image.new("RGBA", (8, 4), (1, 1, 1, 255))
    image.putpixel((0, 0), (1, 1, 1, 7))
    image.save(folder / "masks/a.png")


def trailing(folder):
    """Let bytes follow the end of a mask."""
    with (folder / "masks/a.png").open("ab") as file:
        file.write(b"more")


def value(folder):
    """Give two pixels of a mask a value of no class; the counts change, so weights too."""
    rows = np.array(ROWS, np.uint8)
    rows[0, 0:2] = 9
    Image.fromarray(rows).save(folder / "masks/a.png")


def pointer(folder):
    """Put what Git LFS leaves in place of a mask."""
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    (folder / "masks/a.png").write_text(text)


def small_image(folder):
    """Make an image of as many pixels, but with its sides swapped."""
    Image.new("RGB", (4, 8)).save(folder / "images/a.jpg")


def turned_image(folder):
    """Make such an image, which EXIF turns on its side."""
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (4, 8)).save(folder / "images/a.jpg", exif=exif)


def mirrored_image(folder):
    """Make an image that EXIF mirrors; its sides stay as they are."""
    exif = Image.Exif()
    exif[274] = 2
    Image.new("RGB", (8, 4)).save(folder / "images/a.jpg", exif=exif)


def save_runs(path, *pixels, **options):
    """Save a mask of 8 x 4 that holds so many pixels of each class, one after the other."""
    flat = [c for c, number in enumerate(pixels) for _ in range(number)]
    Image.fromarray(np.array(flat, np.uint8).reshape(4, 8)).save(path, **options)


def twice(folder):
    """Have a mask twice, in other bytes; the classes keep their pixels, 48, 30 and 18."""
    save_runs(folder / "masks/a.png", 16, 9, 7)
    save_runs(folder / "masks/c.png", 16, 9, 7, compress_level=0)


def of_one_value(folder):
    """Have a mask of road alone; the classes keep their pixels."""
    save_runs(folder / "masks/a.png", 32, 0, 0)
    save_runs(folder / "masks/b.png", 8, 14, 10)
    save_runs(folder / "masks/c.png", 8, 16, 8)


def no_image(folder):
    """Remove an image."""
    (folder / "images/b.jpg").unlink()


def no_mask(folder):
    """Add an image."""
    Image.new("RGB", (8, 4)).save(folder / "images/d.jpg")


def copied(folder):
    """Copy a mask into the other split, under another name."""
    (folder / "val/z.png").write_bytes((folder / "masks/b.png").read_bytes())


def recoded(folder):
    """Save a mask in the other split, in other bytes."""
    Image.fromarray(np.array(OTHER, np.uint8)).save(folder / "val/z.png", compress_level=0)


def stale(folder):
    """Change one weight beyond what its digits allow."""
    (folder / "weights.json").write_text("[0.66666667, 1.0666667, 1.7777781]")


def short(folder):
    """Drop a weight."""
    (folder / "weights.json").write_text("[0.667, 1.07]")


def moved(folder):
    """Have a baseline of other shares: 60, 18, 18 of 96."""
    (folder / "baseline.json").write_text(json.dumps(counts_of([60, 18, 18]).to_dict()))


def one_less(folder):
    """Have a baseline with a class that the masks do not hold: 2 of 98 pixels."""
    (folder / "baseline.json").write_text(json.dumps(counts_of([48, 30, 18, 2]).to_dict()))


def more_cars(folder):
    """Have a baseline with few cars, 2 of 132 pixels; road and sky are as 48 to 30."""
    (folder / "baseline.json").write_text(json.dumps(counts_of([80, 50, 2]).to_dict()))
