"""
Tar files, plain and gzipped: fields of headers change, whose checksums are made right again.
"""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zlib
from collections.abc import Callable, Iterator

from fuzzing.archives import check_archive
from support import plain_archives
from support.plain_archives import BLOCK

# Name, mode, size, time, type, link, magic, version, prefix, and the rest of GNU's.
FIELDS = [(0, 100), (100, 108), (124, 136), (136, 148), (156, 157), (157, 257), (257, 263),
          (263, 265), (345, 500), (386, 482), (482, 512)]  # fmt: skip
ODD = [b"0", b"00000000100\0", b"00000001000\0", b"77777777777\0", b"-0000000001\0", b"\x80" + bytes(10) + b"\1",
       b"\xff" * 12, b"\x80" + b"\xff" * 11, b"L", b"K", b"x", b"g", b"S", b"1", b"2", b"5", b"7", b"X",
       b"ustar\0", b"ustar ", b"a.npy", b"../a.npy", b"/a.npy", b"a.npy/", b"\xff.npy\0"]  # fmt: skip


def check(data: bytes) -> bool:
    """Compare the members with what a plain reader finds; False if they are refused."""
    packed = data[:2] == b"\x1f\x8b"
    try:
        return check_archive(data, ".tar.gz" if packed else ".tar", plain)
    except plain_archives.UnclearError:
        return False


def plain(data: bytes) -> dict[str, bytes]:
    """The members by a plain reader."""
    inflated = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return plain_archives.tar_members(inflated)


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another field of a header, a block twice or away, or other bytes anywhere."""
    packed = data[:2] == b"\x1f\x8b"
    if packed and dice.random() < 0.2:
        return raw(data)
    try:
        blocks = gzip.decompress(data) if packed else data
    except (OSError, EOFError, zlib.error):
        return raw(data)
    blocks = damage_blocks(blocks, dice, raw)
    packed ^= dice.random() < 0.1
    return gzip.compress(blocks, 1, mtime=0) if packed else blocks


def damage_blocks(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """The same without compression."""
    at = dice.randrange(max(1, len(data) // BLOCK)) * BLOCK
    block = data[at : at + BLOCK]
    match dice.randrange(7):
        case 0:
            block = raw(block)
        case 1:
            block = dice.choice([b"", block * 2])
        case 2:
            block = signed(raw(block)[:BLOCK].ljust(BLOCK, b"\0"))
        case _:
            start, end = dice.choice(FIELDS)
            new = dice.choice(ODD)[: end - start].ljust(end - start, b"\0")
            block = signed(block[:start] + new + block[end:])
    return data[:at] + block + data[at + BLOCK :]


def signed(block: bytes) -> bytes:
    """A header with its checksum."""
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


def seeds() -> Iterator[bytes]:
    """Members of all kinds of headers, with long names too."""
    dice = random.Random(1)
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=form, encoding="utf-8") as archive:
            folder = tarfile.TarInfo("m")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
            long = "l" * (99 if form == tarfile.USTAR_FORMAT else 130)
            for name in (
                "a.npy",
                "m/b.npy",
                "m/ü.npy",
                f"m/{long[:95]}.npy",
                f"{long}/{'n' * 90}.npy",
            ):
                body = bytes(dice.choices(range(3), k=600))
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
        yield file.getvalue()
        yield gzip.compress(file.getvalue(), mtime=0)
