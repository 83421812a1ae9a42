"""
Knows files that hold labels in a form that is not read, but can be turned into one that is.
"""

from __future__ import annotations

import os
import re

HEAD = 2048  # bytes by which a file is told
_PATTERNS = (
    (rb"MATLAB 5\.0 MAT-file", "a MATLAB file older than 7.3"),
    (rb"NRRD\d{4}", "an NRRD file"),
    (rb"(?:ObjectType|NDims|Comment) *= *", "a MetaImage file (.mha, .mhd)"),
    (rb"(?s:.{128})DICM", "a DICOM file"),
    (rb"PAR1", "a Parquet file"),
    (rb"\d+(?:[ \t]+\d*\.\d+){4,}[ \t]*(?:\r?\n|\Z)", "a text file of YOLO"),
)
_BY_KEYS = (
    ({"annotations", "categories"}, "a JSON file of COCO"),
    ({"shapes", "imagePath"}, "a JSON file of LabelMe"),
)
_BY_ENDING = {
    ".nrrd": "NRRD",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
    ".dcm": "DICOM",
    ".parquet": "Parquet",
}
HELP = "`weightcalc help formats` has the lines that turn it into masks"


def foreign_file(head: bytes) -> str:
    """
    What a file is by its first `HEAD` bytes, such as "an NRRD file"; "" if it is none of these.
    """
    return next((what for pattern, what in _PATTERNS if re.match(pattern, head)), "")


def foreign_document(document: object) -> str:
    """What a JSON document is by its keys; "" if it is no annotations that are known."""
    keys = set(document) if isinstance(document, dict) else set()
    return next((what for wanted, what in _BY_KEYS if wanted <= keys), "")


def foreign_ending(name: str) -> str:
    """The format of a file by its ending, such as "NRRD"; "" if it is none of these."""
    return _BY_ENDING.get(os.path.splitext(name)[1].lower(), "")
