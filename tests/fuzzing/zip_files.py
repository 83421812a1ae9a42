"""
Zip files: the numbers of their records change, of each member and of the directory.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator

from fuzzing.archives import check_archive
from support import plain_archives

# Where the numbers of each record stand, and how many bytes they have.
RECORDS = {
    b"PK\3\4": [(4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)],
    b"PK\1\2": [(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4)],
    b"PK\5\6": [(4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)],
    b"PK\6\6": [(4, 8), (24, 8), (32, 8), (40, 8), (48, 8)],
    b"PK\6\7": [(4, 4), (8, 8), (16, 4)],
    b"\1\0": [(2, 2), (4, 8), (12, 8), (20, 8)],  # the extra field of zip64
}  # fmt: skip
ODD = [0, 1, 2, 8, 9, 12, 14, 22, 30, 46, 0x800, 0xFFFF, 0xFFFFFFFF, 1 << 40, (1 << 64) - 1]


def check(data: bytes) -> bool:
    """Compare the members with what a plain reader finds; False if they are refused."""
    try:
        return check_archive(data, ".zip", plain_archives.zip_members)
    except plain_archives.UnclearError:
        return False


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another number in a record, a record twice or away, or other bytes anywhere."""
    places = [(at, magic) for magic in RECORDS for at in _places(data, magic)]
    choice = dice.randrange(6)
    if not places or choice == 0:
        return raw(data)
    at, magic = dice.choice(places)
    if choice == 1:
        end = min([other for other, _ in places if other > at], default=len(data))
        return data[:at] + dice.choice([b"", data[at:end] * 2]) + data[end:]
    offset, size = dice.choice(RECORDS[magic])
    number = dice.choice([*ODD, len(data), dice.randrange(len(data)), dice.choice(places)[0]])
    if dice.random() < 0.3:
        number = int.from_bytes(data[at + offset : at + offset + size], "little") + dice.choice(
            [-1, 1]
        )
    new = struct.pack("<Q", number % (1 << 64))[:size]
    return data[: at + offset] + new + data[at + offset + size :]


def _places(data: bytes, magic: bytes) -> Iterator[int]:
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def seeds() -> Iterator[bytes]:
    """Members that are stored and deflated, in folders, with comments, and of zip64."""
    dice = random.Random(1)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for zip64 in (False, True):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                archive.mkdir("m")
                for name in ("a.npy", "m/b.npy", "m/ü.npy", "m/.c.npy", "x.txt"):
                    with archive.open(name, "w", force_zip64=zip64) as member:
                        member.write(bytes(dice.choices(range(3), k=100)))
            yield file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"a comment"
        archive.writestr("a.npy", b"123")
    yield file.getvalue()
