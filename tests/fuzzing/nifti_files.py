"""
Volumes of NIfTI-1 and NIfTI-2, plain and gzipped: fields of their headers take odd numbers.

Fields: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h and nifti2.h
"""

from __future__ import annotations

import gzip
import io
import math
import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from weightcalc import ReadOptions
from weightcalc.errors import DecodeError
from weightcalc.kernels.special import NAN
from weightcalc.masks.nifti import read_nifti

OPTIONS = ReadOptions(max_pixels=20_000, max_bytes=1 << 20)
TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
         1024: "i8", 1280: "u8"}  # fmt: skip
ROUNDING = 2.0**-22  # of float32, which scaled values may have gone through
# Size of the header: where axes, type, bits, place of the values and scaling stand, and how.
FIELDS = {
    348: {"dim": (40, "8h"), "datatype": (70, "h"), "bitpix": (72, "h"), "vox_offset": (108, "f"),
          "scl_slope": (112, "f"), "scl_inter": (116, "f"), "magic": (344, "4s")},
    540: {"dim": (16, "8q"), "datatype": (12, "h"), "bitpix": (14, "h"), "vox_offset": (168, "q"),
          "scl_slope": (176, "d"), "scl_inter": (184, "d"), "magic": (4, "8s")},
}  # fmt: skip
ODD = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    -1,
    16,
    24,
    352,
    353,
    544,
    32767,
    0.5,
    2.0,
    255.0,
    1 / 255,
    math.nan,
    math.inf,
]


def check(data: bytes) -> bool:
    """Compare a volume with what its header says in plain words; False if it is refused."""
    try:
        (mask,) = read_nifti(io.BytesIO(data), OPTIONS)
    except DecodeError:
        return False
    plain = unpacked(data)
    fields = fields_of(plain)
    if fields["dim"][1] < 0:  # FreeSurfer keeps the length of long axes elsewhere
        return True
    right = plain_values(plain, fields)
    assert mask.pixels == sum(right.values()), (mask, right)
    assert mask.values == right, (mask, right, fields)
    return True


def unpacked(data: bytes) -> bytes:
    """What a file holds, or its parts that gzip packed; other bytes may follow them."""
    if data[:2] != b"\x1f\x8b":
        return data
    plain = b""
    try:
        with gzip.open(io.BytesIO(data)) as file:
            while piece := file.read1():
                plain += piece
    except (OSError, EOFError, zlib.error):
        pass  # other bytes follow, or the comparison fails
    return plain


def plain_values(data: bytes, fields: dict) -> Counter[int]:
    """Value to voxels."""
    number = math.prod(fields["dim"][1 : 1 + fields["dim"][0]])
    place = int(fields["vox_offset"]) or {348: 352, 540: 544}[fields["size"]]
    dtype = np.dtype(fields["order"] + TYPES[fields["datatype"]])
    values = np.frombuffer(data, dtype, number, place).tolist()
    slope, inter = fields["scl_slope"], fields["scl_inter"]
    if slope == 0 or not math.isfinite(slope):
        slope, inter = 1, 0
    if (slope, inter) != (1, 0):
        values = [value * slope + inter for value in values]
    found: Counter[int] = Counter()
    for value, times in Counter(values).items():
        if math.isnan(value):
            found[NAN] += times
            continue
        near = round(value)
        assert abs(value - near) <= ROUNDING * max(1, abs(near)), value
        found[near] += times
    return found


def fields_of(data: bytes) -> dict:
    """The fields that say where the values are and what they mean."""
    order = "<" if int.from_bytes(data[:4], "little") in FIELDS else ">"
    (size,) = struct.unpack_from(order + "i", data)
    found = {}
    for name, (at, form) in FIELDS[size].items():
        numbers = struct.unpack_from(order + form, data, at)
        found[name] = numbers if name == "dim" else numbers[0]
    return {"size": size, "order": order, **found}


def nifti_of(values: np.ndarray, size: int = 348, order: str = "<") -> bytes:
    """A plain file of a volume; the first axis is the fastest."""
    header = bytearray({348: 352, 540: 544}[size])
    struct.pack_into(order + "i", header, 0, size)
    magic = {348: b"n+1\0", 540: b"n+2\0\r\n\x1a\n"}[size]
    code = next(code for code, name in TYPES.items() if name == values.dtype.str[1:])
    dim = (values.ndim, *values.shape, *[1] * (7 - values.ndim))
    numbers = {"dim": dim, "datatype": [code], "bitpix": [values.dtype.itemsize * 8],
               "vox_offset": [len(header)], "scl_slope": [1], "magic": [magic]}  # fmt: skip
    for name, given in numbers.items():
        at, form = FIELDS[size][name]
        struct.pack_into(order + form, header, at, *given)
    return bytes(header) + values.astype(values.dtype.newbyteorder(order)).tobytes("F")


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another number in a field, other values, gzipped or not, or other bytes anywhere."""
    packed = data[:2] == b"\x1f\x8b"
    if packed and dice.random() < 0.3:
        return raw(data)
    try:
        plain = gzip.decompress(data) if packed else data
    except (OSError, EOFError, zlib.error):
        return raw(data)
    match dice.randrange(4):
        case 0 | 1:
            plain = damage_field(plain, dice)
        case 2:
            plain = plain[:352] + raw(plain[352:])
        case _:
            plain = raw(plain)
    packed ^= dice.random() < 0.1
    return gzip.compress(plain, 1, mtime=0) if packed else plain


def damage_field(data: bytes, dice: random.Random) -> bytes:
    """One field of the header changed, or an axis."""
    order = "<" if int.from_bytes(data[:4], "little") in FIELDS else ">"
    size = int.from_bytes(data[:4], "little" if order == "<" else "big")
    if size not in FIELDS or len(data) < size:
        return data
    at, form = FIELDS[size][dice.choice([name for name in FIELDS[size] if name != "magic"])]
    if form[0] == "8":
        form = form[1:]
        at += dice.randrange(6) * struct.calcsize("<" + form)
    number = dice.choice(ODD)
    if form in "hq":
        number = int(number) if math.isfinite(number) else 0
        number = dice.choice([number, *TYPES])
    changed = bytearray(data)
    struct.pack_into(order + form, changed, at, number)
    return bytes(changed)


def seeds() -> Iterator[bytes]:
    """Volumes of all types, with headers of both versions and both byte orders."""
    for name in TYPES.values():
        for size in FIELDS:
            for order in "<>":
                values = (np.arange(24) * 5 % 7).astype(name).reshape(2, 3, 4)
                yield nifti_of(values, size, order)
                yield gzip.compress(nifti_of(values, size, order), mtime=0)
