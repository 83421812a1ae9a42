"""
The bytes of a weights file, in each format that is written, to plain lists and dicts of numbers.

None of them is unpickled or executed.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from decimal import Decimal
from typing import NamedTuple

from ..errors import DecodeError, WeightError
from ..files.bounded import Json
from ..labels.label_map import MOST_CLASSES
from ..text.escape import printable

PICKLES = (".pickle", ".pkl", ".pt", ".pth")
_LONGEST_NUMBER = 400
_DIGITS = {2: 3, 4: 6}  # significant digits that a float of so many bytes keeps of any number
# A string as it is, or the key of {0: 0.5}, as Python prints it and YAML has it. A string that does
# not end is taken to the end, or each quotation mark in it would be tried anew.
_KEY = re.compile(r'("(?:[^"\\]|\\.)*+"?)|([{,]\s*)([0-9]+)\s*:')


class Document(NamedTuple):
    """
    What a file holds.

    Attributes
    ----------
    content : list or dict
        With Decimal for fractions, whose digits are those of the file.
    digits : int or None
        Significant digits that the format keeps, where the numbers themselves do not tell.
    """

    content: Json
    digits: int | None = None


def read_document(data: bytes) -> Document:
    """
    Read JSON, YAML as `weights` writes it, a list as it is pasted, CSV, or .npy.

    Raises
    ------
    WeightError
        If it is a pickle, which is never opened, or no list or dict of numbers.
    ValueError
        If it is none of these formats.
    """
    if data.startswith((b"\x80", b"PK\x03\x04")):
        raise never_opened()
    if data.startswith(b"\x93NUMPY"):
        return _read_npy(data)
    text = data.decode("utf-8-sig").strip()
    if re.match(r"class\s*,\s*weight\s*(\r?\n|\Z)", text):
        return Document(_read_csv(text))
    return Document(_within_keys(_read_json(text)))


def never_opened(name: str = "") -> WeightError:
    """Why a pickle, or an archive that may hold one, is refused unread."""
    reason = "a pickle, or an archive that may hold one, is not opened, as it could run any code"
    return WeightError(f"{name}: {reason}" if name else reason).with_hint(
        '-o weights.json; or the list as it is printed: explain "0.5, 2.0"'
    )


def _read_npy(data: bytes) -> Document:
    import numpy as np  # with the reader, which other formats need not wait for

    from ..masks.npy import read_header

    file = io.BytesIO(data)
    try:
        header = read_header(file)
    except DecodeError as error:
        raise WeightError(str(error)) from error
    size = math.prod(header.shape)
    if len(header.shape) != 1 or size > MOST_CLASSES or header.dtype.kind not in "fiu":
        raise WeightError(
            f"an array of {header.dtype} and shape {header.shape} is no list of weights"
        )
    stored = data[file.tell() :]
    if len(stored) != size * header.dtype.itemsize:
        raise WeightError(f"{len(stored)} bytes of weights, not {size * header.dtype.itemsize}")
    values = np.frombuffer(stored, header.dtype)
    digits = _DIGITS.get(header.dtype.itemsize) if header.dtype.kind == "f" else None
    return Document([Decimal(repr(value)) for value in values.tolist()], digits)


def _read_csv(text: str) -> dict[str, Decimal]:
    try:
        _, *rows = csv.reader(io.StringIO(text))
    except csv.Error as error:
        raise WeightError(f"no CSV: {printable(str(error))}") from error
    for row in rows:
        if len(row) != 2:
            raise WeightError(f"a line has {len(row)} fields, not 2: class and weight")
    return _without_repeats([(name, _number(weight)) for name, weight in rows])


def _read_json(text: str) -> Json:
    if not text.startswith(("[", "{")):
        text = re.sub(r"^- ", "", text, flags=re.MULTILINE)  # a list of YAML, one number a line
        text = "[" + re.sub(r"\s*,\s*|\s+", ",", text) + "]"
    text = _KEY.sub(lambda found: found[1] or f'{found[2]}"{found[3]}":', text)
    return json.loads(
        text,
        parse_float=_number,
        parse_constant=Decimal,
        object_pairs_hook=_without_repeats,
    )


def _within_keys(document: Json) -> Json:
    """What stands under the keys of --key: {"loss": {"weight": [...]}}."""
    while isinstance(document, dict) and len(document) == 1:
        (inner,) = document.values()
        if not isinstance(inner, list | dict):
            break
        document = inner
    return document


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise WeightError(f"a number of {len(text)} characters")
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond all bounds, or no number
        raise WeightError(f"{printable(text)} is no number, or beyond all bounds") from None


def _without_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise WeightError(f"the key '{printable(key)}' occurs twice")
        found[key] = value
    return found
