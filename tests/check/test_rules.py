"""`weightcalc check`: each rule finds what it is made for, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.checked_set import (
    ALL,
    OTHER,
    ROWS,
    blended,
    copied,
    counts_of,
    in_color,
    lossy,
    mirrored_image,
    more_cars,
    moved,
    no_image,
    no_mask,
    of_one_value,
    one_less,
    palette,
    pointer,
    recoded,
    short,
    small_image,
    stale,
    trailing,
    truncate,
    turned_image,
    twice,
    value,
)

from weightcalc.check import set_rules
from weightcalc.check.findings import Settings
from weightcalc.check.pixels import share_on_borders
from weightcalc.check.rules import RULES
from weightcalc.weights.formula import Formula


def test_clean(clean, check, weightcalc):
    """A clean set has no finding, whatever is compared, and exits 0."""
    assert check(*ALL) == (0, {})
    rules = weightcalc("check", *ALL, "-f", "json").json["rules"]
    assert list(rules) == list(RULES)
    assert all(rule["tried"] for rule in rules.values())


# What is done to the clean set, options, and the only finding: rule, place, part of its text.
BROKEN = [
    (truncate, [], "unreadable", "masks/a.png", "it ends inside its IDAT chunk"),
    (blended, [], "unusable", "masks/a.png", "its alpha is not the same everywhere"),
    (pointer, [], "lfs-pointer", "masks/a.png", "a Git LFS pointer"),
    (lossy, [], "lossy", "masks/a.png", "JPEG is lossy"),
    (palette, [], "wrong-kind", "masks/a.png", "palette, where 2 of 3 masks are grey"),
    (in_color, [], "wrong-kind", "masks/a.png", "pixel (1, 2, 3) is no index"),
    (trailing, [], "odd-file", "masks/a.png", "bytes follow its end (IEND)"),
    (value, [], "unknown-value", "masks/a.png", "value 9 (2 pixels)"),
    (None, ["--min-masks", 4], "rare-class", "road", "in 3 masks, fewer than 4"),
    (None, ["--min-pixels", 19], "rare-class", "car", "18 pixels, fewer than 19"),
    # 48 / 18
    (None, ["--max-imbalance", 2.6], "imbalance", "car", "2.66667 times as many, above 2.6"),
    (small_image, [], "image-size", "masks/a.png", "8 x 4, but images/a.jpg is 4 x 8"),
    (turned_image, [], "image-size", "masks/a.png", "is 4 x 8, turned on its side by EXIF"),
    (mirrored_image, [], "image-rotated", "masks/a.png", "images/a.jpg has EXIF orientation 2"),
    (of_one_value, [], "single-value-mask", "masks/a.png", "all of its 32 pixels have value 0"),
    (twice, [], "duplicate-mask", "masks/c.png", "the same mask as masks/a.png"),
    (one_less, [], "class-vanished", None, "the baseline has 2 pixels in 1 mask"),
    # 2 of 132, 18 of 96
    (
        more_cars,
        [],
        "class-drift",
        "car",
        "1.52% of the labelled pixels in the baseline, 18.8% here",
    ),
    (no_image, [], "image-missing", "masks/b.png", "no image in images is called b.*"),
    (no_mask, [], "mask-missing", "images/d.jpg", "this image has no mask"),
    (copied, [], "split-leak", "masks/b.png", "the same mask as val/z.png"),
    (recoded, [], "split-leak", "masks/b.png", "the same mask as val/z.png"),
    (stale, [], "stale-weights", "car", "1.7777781 in the file, 1.7777778 by these masks"),
    (short, [], "stale-weights", None, "2 weights do not fit these 3 classes"),
    # half of |48 - 60| + |30 - 18| + 0, of 96
    (moved, [], "drift", None, "total variation distance 0.125 from the baseline is above 0.05"),
]


@pytest.mark.parametrize(
    ("damage", "options", "rule", "place", "text"),
    BROKEN,
    ids=[f"{row[2]}-{row[0].__name__ if row[0] else row[1][0]}" for row in BROKEN],
)
def test_rule(clean, check, damage, options, rule, place, text):
    """A clean set that is broken in one way gives that finding, and its level the exit code."""
    if damage:
        damage(clean)
    arguments = ["--max-drift", 0.6] if damage in UNREAD else []
    code, found = check(*ALL, *arguments, *LENIENT.get(damage, []), *options)
    if options == ["--min-masks", 4]:  # breaks it for each of the three classes
        assert found.keys() == {(rule, name) for name in ("road", "sky", "car")}
    else:
        assert found.keys() - ALSO.get(damage, set()) == {(rule, place)}
    assert text in found[rule, place]
    assert code == (0 if RULES[rule].level == "warning" else 1)


# Where a mask is missing from the counts, classes are rarer than the limits say.
UNREAD = (truncate, blended, pointer, lossy, in_color)
FEWER = ["--min-masks", 2, "--min-pixels", 1, "--max-imbalance", 9]
LENIENT = dict.fromkeys([*UNREAD, of_one_value], FEWER)
ALSO = {turned_image: {("image-rotated", "masks/a.png")}}


def test_class_never_seen(clean, check):
    """A class of the list that no mask holds is a warning; an id that the list skips is none."""
    Path("names.txt").write_text("0: road\n1: sky\n2: car\n4: dog\n")
    assert check("masks", "-c", "names.txt") == (
        0,
        {("class-never-seen", "dog"): "no mask holds it"},
    )


def test_class_never_seen_of_number(clean, check):
    """With a number of classes only, every id below it is a class."""
    assert check("masks", "-n", 4)[1].keys() == {("class-never-seen", None)}


def test_class_that_is_ignored(clean, check):
    """A class whose value is ignored is not missed."""
    assert check("masks", "-c", "names.txt", "--ignore-index", "car") == (0, {})


def test_unlabelled_mask(clean, check, save_mask):
    """A mask of ignored pixels only is a warning."""
    save_mask([[255] * 8] * 4, "masks/d.png")
    found = check("masks", "-n", 3, "--ignore-index", 255)
    assert found == (
        0,
        {("unlabelled-mask", "masks/d.png"): "none of its 32 pixels has a class"},
    )


@pytest.mark.parametrize(
    ("encoding", "found"), [("one-hot", ["none of its 32 pixels has a class"]), ("multilabel", [])]
)
def test_an_empty_mask_of_channels(clean, check, save_mask, encoding, found):
    """Channels without a one are no label where classes exclude each other, else a negative."""
    save_mask(np.eye(3)[np.arange(32).reshape(4, 8) % 3], "channels/a.npy")
    save_mask(np.zeros((4, 8, 3)), "channels/b.npy")
    _, said = check("channels", "--encoding", encoding)
    assert [text for (rule, _), text in said.items() if rule == "unlabelled-mask"] == found


@pytest.mark.parametrize(("limit", "code"), [("25%", 0), ("0.25", 0), ("0.2", 1), ("24.9%", 1)])
def test_ignored_pixels(clean, check, save_mask, limit, code):
    """Ignored pixels may be as many as the limit says, of the whole set: here 32 of 128."""
    save_mask([[255] * 8] * 4, "masks/d.png")
    arguments = ["masks", "-n", 3, "--ignore-index", 255, "--rule", "unlabelled-mask=off"]
    got, found = check(*arguments, "--max-ignored", limit)
    assert got == code
    texts = [text for (rule, _), text in found.items() if rule == "ignored-pixels"]
    assert all(text.startswith("32 of 128 pixels are ignored: 25%, above") for text in texts)
    assert len(texts) == code


COLORS = "road - 0 0 0\nsky - 200 0 0\n"


def save_colors(path, rows):
    """Save rows of reds as an RGB mask."""
    reds = np.array(rows, np.uint8)
    rest = np.zeros_like(reds)
    Image.fromarray(np.dstack([reds, rest, rest])).save(path)


@pytest.mark.parametrize(
    ("row", "blended"),
    [
        ([0, 0, 0, 0, 100, 200, 200, 200, 200], True),  # scaled smoothly
        ([0, 0, 0, 0, 250, 200, 200, 200, 200], False),  # a line of its own colour
        ([0, 0, 0, 0, 0, 0, 0, 100, 100], False),  # a region inside one class
    ],
)
def test_unknown_color(tmp_path, check, row, blended):
    """An unknown colour names the nearest class, and looks interpolated only between two."""
    save_colors(tmp_path / "a.png", [row] * 6)
    (tmp_path / "names.txt").write_text(COLORS)
    code, found = check(tmp_path, "-c", tmp_path / "names.txt", "--rule", "class-never-seen=off")
    (text,) = found.values()
    assert (code, list(found)) == (1, [("unknown-color", str(tmp_path / "a.png"))])
    assert "nearest to the first is" in text
    assert ("looks anti-aliased, interpolated or JPEG: 100% of these pixels" in text) is blended


def blobs():
    """A picture of three classes in large and small shapes, as an RGB image."""
    across, down = np.meshgrid(np.arange(160), np.arange(120))
    classes = np.where((across // 23 + down // 17) % 2, 1, 0)
    classes[(across - 80) ** 2 + (down - 60) ** 2 < 900] = 2
    return np.array([[128, 64, 128], [0, 0, 0], [60, 40, 222]], np.uint8)[classes]


def resized(scale, filter_):
    """The same in another size."""
    return Image.fromarray(blobs()).resize((int(160 * scale), int(120 * scale)), filter_)


def one_more_color():
    """The same, where black is nearly black: a class that nobody declared."""
    picture = blobs()
    picture[(picture == 0).all(axis=2)] = (1, 2, 3)
    return Image.fromarray(picture)


@pytest.mark.parametrize(
    ("picture", "name", "blended"),
    [
        (lambda: resized(1.4, Image.Resampling.BILINEAR), "a.png", True),
        (lambda: resized(0.6, Image.Resampling.LANCZOS), "a.png", True),
        (lambda: resized(4, Image.Resampling.NEAREST), "a.jpg", True),
        (one_more_color, "a.png", False),
    ],
    ids=["bilinear", "lanczos", "jpeg", "undeclared"],
)
def test_blended_pictures(tmp_path, check, picture, name, blended):
    """What scaling and JPEG invent is told from a colour that is missing in the class list."""
    (tmp_path / "names.txt").write_text("road - 128 64 128\nvoid - 0 0 0\ncar - 60 40 222\n")
    picture().save(tmp_path / name, quality=95)
    options = ["-c", tmp_path / "names.txt", "--encoding", "color", "--allow-lossy"]
    (text,) = check(tmp_path / name, *options)[1].values()
    assert ("looks anti-aliased, interpolated or JPEG" in text) is blended


@pytest.mark.parametrize(("middle", "blended"), [(5, True), (11, False)])
def test_unknown_value_between(clean, check, save_mask, middle, blended):
    """An unknown index between 2 and 8, on their border, looks interpolated; 11 does not."""
    save_mask([[2, 2, 2, 2, middle, 8, 8, 8]] * 6, "masks/d.png")
    _, found = check("masks", "--map", "8:1", "-c", "names.txt", "--rule", "class-never-seen=off")
    assert ("looks anti-aliased" in found["unknown-value", "masks/d.png"]) is blended


def test_border_analysis_is_bounded(clean, check, save_mask):
    """Of many masks with unknown values, 20 are read again; all are reported."""
    for number in range(25):
        save_mask([[2, 2, 2, 5, 8, 8, 8]] * 6, f"more/{number:02}.png")
    _, found = check("more", "-n", 3, "--map", "8:1", "--map", "0:0")
    texts = [text for (rule, _), text in found.items() if rule == "unknown-value"]
    assert len(texts) == 25
    assert sum("looks anti-aliased" in text for text in texts) == 20


def test_share_on_borders():
    """Of 3 unknown pixels, the 2 within three pixels of both 0 and 9 lie between them."""
    row = [0, 0, 4, 5, 9, 9, 9, 9, 9, 9, 9, 4, 9, 9, 9]  # 4, 5 between; the second 4 in 9 alone
    assert share_on_borders(np.array([row]), [4, 5]) == pytest.approx(2 / 3)
    assert share_on_borders(np.array([[0, 7, 9], [0, 7, 7]]), [7]) == 1.0


def test_all_background_is_no_leak(clean, check, save_mask):
    """Masks of one value are alike in any two splits, which says nothing."""
    save_mask([[0] * 8] * 4, "masks/d.png")
    save_mask([[0] * 8] * 4, "val/d.png")
    assert check("masks", "-c", "names.txt", "--against", "val") == (0, {})


def test_equal_counts_are_no_leak(clean, check, save_mask):
    """Masks whose counts agree and whose pixels do not are different masks."""
    save_mask(np.array(ROWS)[:, ::-1], "val/z.png")
    assert check("masks", "-c", "names.txt", "--against", "val") == (0, {})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[0.667, 1.07, 1.78]", 0),  # 3 digits
        ("[0.667, 1.07, 1.79]", 1),
        ("[0.67, 1.1, 1.8]", 1),  # at least 3 digits are expected ...
        ('{"0": 0.667, "1": 1.07, "2": 1.78}', 0),
        ('{"road": 0.667, "car": 1.78, "sky": 1.07}', 0),
        ('{"road": 0.667, "cat": 1.78, "sky": 1.07}', 1),
    ],
)
def test_digits_of_weights(clean, check, text, code):
    """Weights agree if these masks give what is stated, to as many digits as are stated."""
    Path("weights.json").write_text(text)
    got, found = check("masks", "-c", "names.txt", "--weights", "weights.json", "-m", "balanced")
    assert (got, {rule for rule, _ in found}) == (code, {"stale-weights"} if code else set())


def test_digits_by_option(clean, check):
    """... unless --digits says that there are less."""
    Path("weights.json").write_text("[0.67, 1.1, 1.8]")
    arguments = ["masks", "-c", "names.txt", "--weights", "weights.json", "-m", "balanced"]
    assert check(*arguments, "--digits", 2) == (0, {})


@pytest.mark.parametrize("digits", [[], ["--digits", 2]])
def test_weights_that_state_their_method(clean, check, weightcalc, digits):
    """A report is computed again with the method, parameters and digits that it states."""
    options = ["-m", "power", "-p", "exponent=0.7", "--clip", "1.5:", "--normalize", "mean"]
    arguments = ["masks", "-c", "names.txt"]
    weightcalc("weights", *arguments, *options, *digits, "--layout", "report", "-o", "w.json")
    assert check(*arguments, "--weights", "w.json") == (0, {})
    Image.fromarray(np.array(OTHER, np.uint8)).save("masks/d.png")
    code, found = check(*arguments, "--weights", "w.json")
    assert code == 1
    assert {rule for rule, _ in found} == {"stale-weights"}


def whole_of(pixels, ignored=0, **limits):
    """Counts and limits for a rule on sets."""
    counts = counts_of([1, 1])
    counts.pixels[:] = pixels
    counts.num_pixels = sum(pixels) + ignored
    counts.ignored_pixels = ignored
    return set_rules.Whole(counts, Settings({}, **limits), Formula())


@pytest.mark.parametrize(
    ("pixels", "limit", "ratios"),
    [
        ([23, 10], 2.3, []),  # 2.3 as a float is less than 23 / 10
        ([24, 10], 2.3, ["2.4 times"]),
        ([10**400, 1], 2.0, ["e+400 times"]),
        ([2 * 10**400, 10**400], 1e300, []),
    ],
)
def test_imbalance_is_exact(pixels, limit, ratios):
    """Ratios are compared as whole numbers, however large, with the limit as it was typed."""
    found = list(set_rules.imbalance(whole_of(pixels, max_imbalance=limit)))
    assert [ratio in finding.text for ratio, finding in zip(ratios, found, strict=True)] == [
        True for _ in ratios
    ]


def test_nearly_all_is_not_all():
    """A share just below 100% is not rounded to it."""
    whole = whole_of([1, 0], ignored=99_999, max_ignored=0.9999)
    assert "99999 of 100000 pixels are ignored: >99.9%, above 99.99%" in [
        finding.text for finding in set_rules.ignored_pixels(whole)
    ]
