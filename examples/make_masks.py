"""
What is in `examples/masks`, the small set of street scenes that `weightcalc weights` is tried on?
The trap: they are palette images whose pixels are class ids, and a program that turns them to
grey or RGB first counts colours.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import weightcalc

NAMES = ["background", "road", "car", "sign"]
PALETTE = [(200, 210, 220), (128, 64, 128), (0, 0, 142), (220, 220, 0)]
WIDTH, HEIGHT, NUM_MASKS = 64, 48, 8

y, x = np.mgrid[:HEIGHT, :WIDTH]


def draw(number):
    """A road up to the horizon, none to two cars on it, and beside some roads a sign."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    horizon = 18 + number % 3
    middle = 25 + 2 * number
    mask[(y >= horizon) & (abs(x - middle) <= 4 + (y - horizon) * 2 // 3)] = 1
    for car in range(number % 3):
        across, down = x - middle + 8 - 15 * car, y - 40 + 9 * car
        mask[across**2 * 4 + down**2 * 9 <= 100 - 45 * car] = 2
    if number % 4 == 1:
        mask[(x - middle - 14) ** 2 + (y - 22) ** 2 <= 5] = 3
    return mask


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "masks"
folder.mkdir(parents=True, exist_ok=True)
for number in range(NUM_MASKS):
    image = Image.fromarray(draw(number))
    image.putpalette([sample for color in PALETTE for sample in color])
    image.save(folder / f"street{number}.png", optimize=True)

counts = weightcalc.count_masks(
    weightcalc.list_masks(str(folder)), weightcalc.LabelMap(class_names=NAMES)
)
print(f"{counts.num_masks} masks of {WIDTH} x {HEIGHT}: {counts.num_pixels} pixels")
for name, pixels, masks in zip(counts.class_names, counts.pixels, counts.masks, strict=True):
    print(f"{name}: {pixels} pixels in {masks} masks")
