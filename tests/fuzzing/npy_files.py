"""
Arrays of NumPy: headers get another shape, type or order, and keep their length right.
"""

from __future__ import annotations

import io
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from weightcalc import ReadOptions
from weightcalc.errors import DecodeError
from weightcalc.kernels.special import NAN
from weightcalc.masks.npy import read_npy

OPTIONS = ReadOptions(encoding="index", max_pixels=20_000, max_bytes=1 << 20)
TYPES = ["|u1", "|i1", "|b1", "<u2", ">i2", "<i4", ">u4", "<i8", ">u8", "<f2", "<f4", ">f8"]
SHAPES = [(4, 6), (3, 4, 6), (24,), (1, 4, 6), (2, 1, 3, 4), (4, 6, 1), (2, 3, 0), (1 << 40, 6)]
WORDS = re.compile(r"\d+|True|False|[<>|=][a-z]\d")


def check(data: bytes) -> bool:
    """Compare the masks of an array with what NumPy loads; False if it is refused."""
    try:
        masks = list(read_npy(io.BytesIO(data), OPTIONS))
    except DecodeError:
        return False
    array = np.load(io.BytesIO(data), allow_pickle=False)
    assert array.size == sum(mask.pixels for mask in masks), (array.shape, masks)
    assert len(masks) in (1, *array.shape), (array.shape, masks)
    for mask, values in zip(masks, array.reshape(len(masks), -1), strict=True):
        right = Counter(map(meaning, values.tolist()))
        assert mask.values == right, (array.shape, array.dtype, mask, right)
    return True


def meaning(number: float) -> int:
    """What a value counts as, which is whole."""
    if math.isnan(number):
        return NAN
    assert int(number) == number, number
    return int(number)


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another number or word of the header, other values, or other bytes anywhere."""
    end = 10 + int.from_bytes(data[8:10], "little")
    header, values = data[10:end].decode("latin-1"), data[end:]
    words = list(WORDS.finditer(header))
    match dice.randrange(5):
        case 0 | 1 if words:
            start, stop = dice.choice(words).span()
            new = dice.choice([*TYPES, "True", "False", "0", "1", "2", "3", "4", "6", "24", "12"])
            return npy_of(header[:start] + new + header[stop:], values)
        case 2:
            return npy_of(header, raw(values))
        case 3:
            shape = re.escape(header[header.find("(") : header.find(")") + 1])
            return npy_of(re.sub(shape or "$", str(dice.choice(SHAPES)), header, count=1), values)
    return raw(data)


def npy_of(header: str, values: bytes) -> bytes:
    """A file of version 1 with a header of the right length."""
    text = header.encode("latin-1", "replace")[:60_000]
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + values


def seeds() -> Iterator[bytes]:
    """Arrays of all types, shapes and orders that are masks."""
    for dtype in TYPES:
        for shape in [(4, 6), (3, 4, 6), (24,), (1, 4, 6)]:
            for order in "CF":
                file = io.BytesIO()
                values = np.arange(np.prod(shape)) * 7 % (2 if "b" in dtype else 9)
                np.save(file, np.asarray(values.reshape(shape), dtype=dtype, order=order))
                yield file.getvalue()
