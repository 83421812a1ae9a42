"""
What values may be that are neither a class nor ignored, and which option settles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from ..errors import LabelError
from ..kernels.special import NAN, NODATA
from ..labels.colors import blended_from, nearest_color
from ..labels.label_map import MOST_CLASSES, MOST_INFERRED
from ..sources.apart import how_to_leave_out
from ..sources.layer_options import options_of_class_folders, options_of_instances
from ..text.escape import printable, quoted
from ..text.numbers import MOST_LINES, listed, number_of, shortened
from .class_counts import ClassCounts
from .known_sets import fitting_sibling, greys_of_palette, is_reduced, preset_of
from .unknown_values import FEWEST_LEVELS, MANY, UnknownValues
from .value_patterns import are_measured, instance_factor, is_black_and_white, stretch_of

_MOST_NEAR = 100  # values whose nearest colour is looked for
_MOST_OF_INSTANCES = 5  # classes that a message names where ids of instances are meant


class Causes:
    """
    What the unknown values of a set of masks may come from.

    Parameters
    ----------
    unknown : UnknownValues
        At least one.
    counts : ClassCounts
        Of the same masks: the values that are classes.
    files : sequence of str
        Names of all files of the run, if they are known: they tell images from masks.
    """

    def __init__(
        self, unknown: UnknownValues, counts: ClassCounts, files: Sequence[str] = ()
    ) -> None:
        found = {index: pixels for index, pixels in enumerate(counts.pixels) if pixels}
        self._unknown = unknown
        self._files = files
        self._counts = counts
        self._labels = unknown.labels
        self._seen = unknown.seen
        self._counted = found.keys()
        self._ignored = {value for value, (pixels, _) in counts.ignored.items() if pixels}
        self._pixels = found | {value: seen.pixels for value, seen in self._seen.items()}

    def in_words(self) -> str:
        """What all values look like, and what to do; "" if they look like nothing in particular."""
        error = self._likely() if self._labels.colors is None else None
        return f"{str(error).splitlines()[-1]}: {error.hint}" if error else ""

    def error(self) -> LabelError:
        """What to raise about them."""
        found = self._pixels
        if self._labels.colors is not None:
            return self._of_colors()
        value = max(self._seen)
        is_asked = value == 255 or (self._labels.num_classes or 2) <= 2
        if found.keys() <= {0, value} and value >= MOST_INFERRED and is_asked:
            return self._binary(value)
        if (
            found.keys() == {0, 1, 255}
            and is_asked
            and self._unknown.is_plain
            and not self._unknown.has_one
        ):
            end = "no mask holds 1 and 255, as in a set of which some binary masks have 1 for 255"
            return self._listed_indices(end, "--map 1:1 --map 255:1 if both are the foreground")
        return self._likely() or self._of_indices()

    def _likely(self) -> LabelError | None:
        """What all values of the masks look like, where options say nothing of them."""
        pixels = self._pixels
        if error := self._of_known_set():
            return error
        factor = 0 if are_measured(pixels) else instance_factor(self._seen)
        if self._unknown.is_plain and not factor:
            if levels := self._fitting(stretch_of(pixels)):
                return self._renumbered(
                    levels, "are evenly spaced, as class ids that were multiplied"
                )
            if greys := greys_of_palette(pixels, self._labels.listed_colors):
                return self._of_greys(*greys)
            if is_black_and_white(pixels):
                return self._listed_indices(
                    "nearly all pixels are near 0 or 255, as those of blurred masks of black and white",
                    "--map 128-255:1 --map '*:0' if they are",
                )
        if are_measured(pixels):
            return self._measured()
        return self._instances(factor) if factor else None

    def _of_known_set(self) -> LabelError | None:
        """Ids of the data set of a preset, but not those that the preset has."""
        preset = preset_of(self._labels.class_names or ())
        if not preset or not self._unknown.is_plain or None in self._ignored:
            return None  # others than those seen are among them
        values = {*self._counted, *self._seen, *(v for v in self._ignored if v is not None)}
        is_void = {*self._seen} == {self._labels.num_classes}  # as many number what has no class
        if not is_void and (other := fitting_sibling(preset, values)):
            end = f"all values are ids of the preset {other}, and not all are those of {preset}"
            return self._listed_indices(
                end, f"-c {other} in the place of -c {preset} if the masks hold those ids"
            )
        if is_reduced(preset, values):
            last = len(self._labels.class_names or ()) - 2
            end = f"0 to {last} and 255 are the ids of {preset} less 1, where 255 was 0"
            return self._listed_indices(
                end, f"-n {last + 1} --ignore-index 255 in the place of -c {preset} if they are"
            )
        return None

    def _fitting(self, levels: dict[int, int]) -> dict[int, int]:
        """What values look like, if there are classes for it."""
        size = self._labels.num_classes or MOST_INFERRED
        return levels if all(index < size or index == 255 for index in levels.values()) else {}

    def _renumbered(self, levels: dict[int, int], what: str) -> LabelError:
        """Values that stand for classes of other numbers, and the options that say so."""
        options = [f"--map {v}:{c}" for v, c in levels.items() if v != c != 255]
        options += [f"--ignore-index {value}" for value, c in levels.items() if c == 255]
        many = " ..., or all of them in a CSV file of value,class: --map FILE"
        shown = " ".join(options[:MOST_LINES]) + many * (len(options) > MOST_LINES)
        either = (
            ", --ignore-index 255 in the place of --map 255 if 255 is no class"
            if 255 in levels and levels[255] != 255
            else ""
        )
        return self._listed_indices(
            f"the values {listed(list(map(str, levels)))} {what}", f"{shown} if they are{either}"
        )

    def _of_greys(self, palette: str, classes: Mapping[int, set[int]]) -> LabelError:
        """Colours that were turned to grey, which can be undone where no two have one grey."""
        what = f"are greys (luminances) of the palette of {palette}"
        if all(len(shared) == 1 for shared in classes.values()):
            return self._renumbered({v: min(shared) for v, shared in classes.items()}, what)
        value = next(value for value, shared in classes.items() if len(shared) > 1)
        return self._listed_indices(
            f"the values {listed(list(map(str, classes)))} {what}, in which classes "
            f"{listed(list(map(str, sorted(classes[value]))))} both are {value}",
            "count the masks as they were before they were turned to grey",
        )

    def _measured(self) -> LabelError:
        pixels = self._pixels
        low, high = min(pixels), max(pixels)
        what = "intensities of an image" + ", or numbers of objects" * (low >= 0)
        objects = "; --map 128-255:1 --map '*:0' if they are soft masks" * (high <= 255)
        objects += f"; --map 1-{high}:1 --map 0:0 if they are objects of one class"
        objects += f"; -n {high + 1} if there are so many classes" * (high < MOST_CLASSES)
        return LabelError(
            f"{printable(self._seen[max(self._seen)].first)}: the masks hold "
            f"{len(pixels)} different values from {low} to {high}: {what}, and no class ids"
        ).with_hint(
            (
                self._without_images()
                or "the folder of the masks, or --include and --exclude, where these are images"
            )
            + objects * (low >= 0)
        )

    def _without_images(self) -> str:
        """How to leave out the files of many values, where names tell them from others; "" elsewhere."""
        images, masks = self._unknown.told_apart(self._files)
        how = how_to_leave_out(images, masks) if images and masks else ""
        return f"{how}, if the files of so many values are images" if how else ""

    def _binary(self, value: int) -> LabelError:
        instances = options_of_instances(self._unknown.looks)
        folders = options_of_class_folders(self._unknown.looks)
        return LabelError(
            f"value {value} ({self._seen[value]}) is neither a class nor ignored; "
            f"no other value than 0 and {value} occurs, which looks like binary masks"
        ).with_hint(
            f"{folders} if each folder holds the masks of a class, " * bool(folders)
            + f"--map {value}:1 if {value} is the foreground, "
            + f"{instances} if the files of a folder are the instances of one scene, "
            * bool(instances)
            + f"--ignore-index {value} if such pixels are to be left out"
        )

    def _instances(self, factor: int) -> LabelError:
        """Ids of instances, by the classes that they belong to."""
        lines = []
        ids = sorted(value for value in self._seen if value >= factor)
        groups = [(c, list(found)) for c, found in groupby(ids, key=lambda v: v // factor)]
        for index, found in groups[:_MOST_OF_INSTANCES]:
            low, pixels = index * factor, sum(self._seen[value].pixels for value in found)
            lines.append(
                f"values {found[0]} to {found[-1]} ({number_of(len(found), 'value')}, "
                f"{number_of(pixels, 'pixel')}) look like instances of class {index}: "
                f"--map {low}-{low + factor - 1}:CLASS"
            )
        if len(groups) > _MOST_OF_INSTANCES:
            lines.append(f"and {len(groups) - _MOST_OF_INSTANCES} more classes of instances")
        first = self._seen[ids[0]].first
        text = f"{printable(first)}: holds instance ids (class x {factor} + number), not class ids"
        low = groups[0][0] * factor
        rest = "--map '*:0' for all other values"
        if self._labels.num_classes is not None:  # * leaves alone what is a class by its number
            rest = "--map or --ignore-index for each other value, as one below "
            rest += f"{self._labels.num_classes} counts as the class of its number"
        return LabelError("\n".join([text, *lines])).with_hint(
            "masks of class ids, if there are any beside these; or "
            f"--map {low}-{low + factor - 1}:CLASS for each class, and {rest}"
        )

    def _of_indices(self) -> LabelError:
        ambiguous = all(map(self._labels.is_ambiguous, self._seen))
        return self._listed_indices("" if ambiguous else self._classes_in_words())

    def _listed_indices(self, end: str, remedy: str = "") -> LabelError:
        return self._listed([self._line(value) for value in sorted(self._seen)], end, remedy)

    def _listed(self, lines: Sequence[str], end: str, remedy: str = "") -> LabelError:
        """An error of a line for each value, of which `details` has all."""
        said = [*shortened(lines), *filter(None, [end])]
        error = LabelError("\n".join(said)).with_hint(self._hint(remedy))
        error.details = lines if len(lines) > MOST_LINES else ()
        return error

    def _line(self, value: int) -> str:
        what = f"value {self._labels.name_of_value(value)} ({self._seen[value]})"
        if self._labels.is_ambiguous(value):
            return f"{what} is not mapped, but --map maps another value to class {value}"
        return f"{what} is neither a class nor ignored"

    def _of_colors(self) -> LabelError:
        known = self._labels.known_colors()
        values = sorted(self._seen)
        lines = [self._line(value) for value in values]
        lines[:_MOST_NEAR] = [
            line + self._near(value, known)
            for line, value in zip(lines[:_MOST_NEAR], values, strict=False)
        ]
        end = "1 colour is a class" if len(known) == 1 else f"{len(known)} colours are classes"
        if any(blended_from(value, known) for value in values[:MOST_LINES]):
            end = "unknown colours lie between two known ones: anti-aliased, resized or JPEG"
        return self._listed(lines, end)

    def _near(self, value: int, colors: Mapping[int, int]) -> str:
        if not colors:
            return ""
        nearest = nearest_color(value, colors)
        name = self._counts.name(colors[nearest])
        return f"; the nearest colour is {self._labels.name_of_value(nearest)}, class {name}"

    def _classes_in_words(self) -> str:
        if self._labels.regions:
            values = [str(value) for value in sorted(self._labels.regions)]
            return f"the class list names the values {listed(values)}"
        if self._labels.num_classes is None:
            return f"without -n, -c or --map at most {MOST_INFERRED} classes are inferred"
        return f"the classes are 0 to {self._labels.num_classes - 1}"

    def _hint(self, first: str = "") -> str:
        """The most likely remedy first; each of them leads to a right answer."""
        if first:
            else_ = "; else --map VALUE:CLASS or --ignore-index VALUE for each of them"
            return first + else_ * first.startswith("--")
        value = min(self._seen, key=lambda v: (v != 255, v in (NAN, NODATA), v))
        name = self._labels.name_of_value(value)
        if self._labels.is_ambiguous(value):
            return f"--map {name}:{name} to join them, or --ignore-index {name} to leave it out"
        ignore, map_ = f"--ignore-index {quoted(name)}", f"--map {quoted(f'{name}:CLASS')}"
        larger = self._larger(value)
        if first := self._one_too_many():
            return f"{first}; {larger}{ignore} if such pixels are to be left out"
        if len(self._seen) >= MANY and self._labels.colors is None:
            rest = "--map LOW-HIGH:CLASS and --map '*:CLASS' join many values"
            or_ = "or " * bool(larger)
            images = self._without_images() or (
                "leave out what is a photograph or has soft edges (--exclude)"
            )
            return f"{larger}{or_}{images}; {rest}"
        return larger + (
            self._all_at_once()
            or f"{ignore} if such pixels are to be left out, {map_} if they are pixels of a class"
        )

    def _all_at_once(self) -> str:
        """What settles several values, where it is said which the classes are; "" otherwise."""
        labels = self._labels
        if len(self._seen) == 1 or labels.num_classes is None:
            return ""
        if labels.colors is None and labels.class_names is None:  # '*' would map all classes
            name = labels.name_of_value(min(self._seen))
            return (
                f"--ignore-index '*' if all such pixels are to be left out (--ignore-index {name} "
                f"for one value), --map {name}:CLASS if they are pixels of a class"
            )
        return (
            "--ignore-index '*' if all such pixels are to be left out, "
            "--map '*:CLASS' if all are pixels of one class"
        )

    def _one_too_many(self) -> str:
        """What a list without the background, or ids that begin at 1, ask for; "" otherwise."""
        labels = self._labels
        if labels.colors is not None and labels.class_names and {*self._seen} == {0}:
            return "#000000 as a class of the list, if the list leaves the background out"
        if (
            not self._unknown.is_plain
            or 0 in labels.ignore
            or set(self._seen) != {labels.num_classes}
        ):
            return ""
        if 0 not in self._counted:
            return "--reduce-zero-label if the classes begin at 1, as no mask holds 0"
        if labels.class_names is None or preset_of(labels.class_names):
            return "--reduce-zero-label if the classes begin at 1" * bool(labels.class_names)
        return (
            "the background as the first name of the class list, if value 0 is the background and "
            "the list leaves it out; --reduce-zero-label if the background is to be left out"
        )

    def _larger(self, value: int) -> str:
        """More classes, where numbers without names may be classes."""
        largest = max(self._seen)
        named = self._labels.colors is not None or self._labels.class_names is not None
        alone = value in (255, NAN, NODATA) and len(self._seen) < MANY
        if named or alone or not 0 <= largest < MOST_CLASSES:
            return ""
        return f"{self._in_order()}-n {largest + 1} if there are so many classes, "

    def _in_order(self) -> str:
        """Numbers from 0 on for few values of large numbers, as land covers have them."""
        values = sorted({*self._counted, *self._seen} - {255})
        is_sparse = FEWEST_LEVELS <= len(values) <= MOST_INFERRED and 2 * len(values) <= values[-1]
        if not (
            is_sparse
            and self._unknown.is_plain
            and self._labels.num_classes is None
            and values[0] >= 0
        ):
            return ""
        maps = " ".join(f"--map {value}:{n}" for n, value in enumerate(values) if value != n)
        return f"{maps} if the {len(values)} values are numbered in their order, "
