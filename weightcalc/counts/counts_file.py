"""
Counts files: where work is stopped, shipped, added up, and weighted again.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping

from ..errors import CountsError
from ..files.atomic import write_file
from ..files.bounded import Json, SmallFile
from ..labels.label_map import LabelMap
from ..sources.foreign import HELP, foreign_document
from ..sources.globs import matches_of
from ..sources.names import COUNTS_ENDING, is_url
from ..sources.opening import read_small
from ..text.escape import printable
from .class_counts import COLUMNS, FORMAT, REPORT, ClassCounts

ENDINGS = {"json": (COUNTS_ENDING,)}
_FILE = SmallFile(  # of 65,536 classes it has 10 MB
    "counts file", 64 << 20, CountsError, "not JSON"
)
_MOST = 1 << 128  # more would overflow in formulas, and is no data set


def matching_files(source: str) -> list[str]:
    """The counts files that a source names; a name that exists is no pattern."""
    if is_url(source):
        from ..sources.remote import list_urls  # here: few counts files are remote

        return list_urls(source, (COUNTS_ENDING,)).names
    if os.path.lexists(source) or not glob.has_magic(source):
        return [source]
    return sorted(matches_of(source)) or [source]


def read_counts(path: str | os.PathLike[str]) -> ClassCounts:
    """
    Read a counts file.

    Raises
    ------
    CountsError
        If the file cannot be read or is no counts file.
    """
    import json  # here: many runs read none

    return read_small(_FILE, os.fspath(path), lambda data: counts_of_document(json.loads(data)))


def write_counts(counts: ClassCounts, path: str | os.PathLike[str]) -> None:
    """
    Write a counts file; the old one is whole until the new one is.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_file(os.fspath(path), counts.to_json().encode())


def counts_of_document(document: object) -> ClassCounts:
    """
    The counts of the JSON object of a counts file or a report; every number is checked.

    Raises
    ------
    CountsError
        If it is none.
    """
    if isinstance(document, dict) and document.get("format") == REPORT:
        document = document.get("counts")  # a report holds the counts that it was made of
    if what := foreign_document(document):
        raise CountsError(f"it is {what}, which is not read; {HELP}")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CountsError(f"not a counts file: its format is not {FORMAT}").with_hint(
            "weightcalc count makes one, and weightcalc weights --layout report holds one"
        )
    try:
        return _counts_of(document)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, CountsError):
            raise
        raise CountsError(f"not a whole counts file: {_shown(error)}") from error


def _counts_of(document: Mapping[str, Json]) -> ClassCounts:
    entries = document["classes"]
    names = [_text(entry["name"]) for entry in entries]
    if [_whole(entry["index"]) for entry in entries] != list(range(len(entries))):
        raise CountsError("the classes are not numbered 0, 1, 2, ...")
    inferred = document.get("inferred", False) is True
    if not inferred and not names:
        raise CountsError("there are no classes")
    counts = ClassCounts(LabelMap(None if inferred else len(names), None if inferred else names))
    counts.unordered = document.get("unordered", False) is True
    if counts.unordered and len({*names} - {None}) < len(names):
        raise CountsError("the classes have no order, so that each must have a name of its own")
    counts.grow(len(names))
    counts.class_names = names
    for column in COLUMNS:
        setattr(counts, column, [_whole(entry[column]) for entry in entries])
    counts.num_masks = _whole(document["masks"])
    counts.num_pixels = _whole(document["pixels"])
    counts.ignored_pixels = _whole(document["ignored_pixels"])
    counts.ignored = {
        None if entry["value"] is None else _integer(entry["value"]): [
            _whole(entry["pixels"]),
            _whole(entry["masks"]),
        ]
        for entry in document["ignored"]
    }
    counts.ignored_classes = {entry["index"] for entry in entries if entry.get("ignored") is True}
    source = document.get("source", {})
    counts.sources = sorted(str(name) for name in source.get("names", []))
    counts.options = dict(source.get("options", {}))
    counts.palette = {
        int(index): _color(color) for index, color in document.get("palette", {}).items()
    }
    _check_sums(counts)
    return counts


def _color(text: Json) -> int:
    if not (isinstance(text, str) and re.fullmatch("#[0-9a-f]{6}", text)):
        raise CountsError(f"{_shown(text)} is no colour")
    return int(text[1:], 16)


def _check_sums(counts: ClassCounts) -> None:
    if counts.labelled_pixels < 0:
        raise CountsError("more pixels are ignored than there are")
    for index in range(counts.num_classes):
        pixels, masks, mask_pixels, labelled = (column[index] for column in counts.columns())
        if not (
            pixels <= labelled <= mask_pixels <= counts.num_pixels
            and labelled <= counts.labelled_pixels
            and masks <= counts.num_masks
            and (pixels == 0) == (masks == 0)
        ):
            raise CountsError(f"the numbers of class {index} contradict each other")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise CountsError(f"{_shown(value)} is not an integer")


def _whole(value: object) -> int:
    number = _integer(value)
    if number < 0:
        raise CountsError(f"{_shown(value)} is negative")
    if number >= _MOST:
        raise CountsError(f"{_shown(value)} is above 2**128")
    return number


def _shown(value: object) -> str:
    return printable(repr(value)[:80])


def _text(value: object) -> str | None:
    if not (value is None or isinstance(value, str)):
        raise CountsError(f"the class name {_shown(value)} is not a text")
    return value
