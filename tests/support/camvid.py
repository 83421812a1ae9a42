"""The counts of the CamVid masks of SegNet, and the weights that go with them."""

from decimal import Decimal

from weightcalc.counts.counts_file import counts_of_document

# Pixels and masks of SegNet's 367 CamVid masks of 480 x 360, class 11 being void.
PIXELS = [
    10667303, 15120524, 606559, 19594653, 2916618, 6405466,
    214885, 739200, 4068712, 386191, 212692, 2484797,
]  # fmt: skip
MASKS = [366, 365, 366, 367, 349, 324, 274, 180, 367, 319, 207, 367]
# What its authors published, and what the paper's formula gives where void is ignored.
ZEROED = "0.2595 0.1826 4.5640 0.1417 0.9051 0.3826 9.6446 1.8418 0.6823 6.2478 7.3614 0.0"
IGNORED = "0.2867 0.2017 5.0427 0.1565 1.0000 0.4227 10.6561 2.0350 0.7538 6.9031 8.1334 0.0"


def counts_of(pixels, masks=None, size=0, ignored=0):
    """Counts of so many pixels and masks of a class, all masks being of one size."""
    masks = masks or [int(n > 0) for n in pixels]
    size = size or sum(pixels) + ignored
    entries = [
        {"index": i, "name": None, "pixels": n, "masks": m}
        | {"mask_pixels": m * size, "labelled_mask_pixels": m * (size - ignored)}
        for i, (n, m) in enumerate(zip(pixels, masks, strict=True))
    ]
    total = max(masks) * size
    document = {"format": "weightcalc-counts/1", "classes": entries, "ignored": []}
    document |= {"masks": max(masks), "pixels": total, "ignored_pixels": ignored}
    return counts_of_document(document)


CAMVID = counts_of(PIXELS, MASKS, 480 * 360)
FREQUENCIES = [n / (m * 480 * 360) for n, m in zip(PIXELS, MASKS, strict=True)]


def pasted(text):
    """Numbers of a text, with the zeros at their ends."""
    return [Decimal(word) for word in text.split()]
