"""Counts files of known numbers, for the tests of reports."""

from weightcalc import ClassCounts, LabelMap, write_counts


def counts_of(pixels, names=None, masks=1, ignore=0):
    """Counts of equal masks, each with the same pixels of every class and so many of 255."""
    labels = LabelMap(len(pixels), names, ignore=[255] if ignore else [])
    counts = ClassCounts(labels)
    counts.num_masks, counts.ignored_pixels = masks, ignore
    counts.num_pixels = sum(pixels) + ignore
    counts.pixels = list(pixels)
    counts.masks = [masks if n else 0 for n in pixels]
    counts.mask_pixels = [counts.num_pixels if n else 0 for n in pixels]
    counts.labelled_mask_pixels = [sum(pixels) if n else 0 for n in pixels]
    if ignore:
        counts.ignored[255] = [ignore, masks]
    return counts


def saved(name, *arguments, **options):
    """Save such counts in the working folder, and give the name of the file."""
    write_counts(counts_of(*arguments, **options), name)
    return name


def many(number):
    """Pixels and names of so many classes: one is absent and one a millionth of all."""
    pixels = [1000 + 37 * index for index in range(number)]
    pixels[1], pixels[-1] = 0, 1
    pixels[0] += 10**6 - sum(pixels)
    names = [f"class number {index} of the list" for index in range(number)]
    return pixels, names
