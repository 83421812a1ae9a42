"""
Reads the members of plain .zip and .tar files by their records, without zipfile and tarfile.

Formats: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT and
https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

BLOCK = 512
NOT_PLAIN = 0x41  # flag bits of zip: encrypted


class UnclearError(Exception):
    """An archive that holds something which this reader does not know."""


def zip_members(data: bytes) -> dict[str, bytes | None]:
    """
    Name and bytes of each member of a zip file that is no folder; None for one that is damaged.

    Raises
    ------
    UnclearError
        If another reader may find other members.
    ValueError, struct.error
        If its directory is damaged.
    """
    end = data.rfind(b"PK\5\6")
    if end < 0 or data.rfind(b"PK\6\7") >= 0 or data.count(b"PK\5\6") > 1:
        raise UnclearError("none or several directories")
    number, size, start, comment = struct.unpack_from("<HLLH", data, end + 10)
    if end + 22 + comment != len(data) or start + size != end:
        raise UnclearError("bytes before or behind it")
    members: dict[str, bytes | None] = {}
    at = start
    while at < end:
        entry = struct.unpack_from("<4s4xHH4xLLLHHH8xL", data, at)
        magic, flags, method, crc, packed, size, name, extra, note, place = entry
        if magic != b"PK\1\2":
            raise ValueError("no entry of a directory")
        text = data[at + 46 : at + 46 + name]
        at += 46 + name + extra + note
        if at > end:
            raise UnclearError("a name that runs out of the directory")
        number -= 1
        text = text.decode("utf-8" if flags & 0x800 else "cp437").partition("\0")[0]
        if text.endswith("/"):
            continue
        if flags & NOT_PLAIN or method not in (0, 8) or 0xFFFFFFFF in (packed, size, place):
            raise UnclearError(f"member {text!r}")
        try:
            members[text] = _zip_member(data, place, packed, size, method, crc)
        except (ValueError, struct.error, zlib.error):
            members[text] = None
    if number:
        raise UnclearError("another number of members")
    return members


def _zip_member(data: bytes, place: int, packed: int, size: int, method: int, crc: int) -> bytes:
    magic, name, extra = struct.unpack_from("<4s22xHH", data, place)
    if magic != b"PK\3\4":
        raise ValueError("no header of a member")
    start = place + 30 + name + extra
    body = data[start : start + packed]
    if len(body) < packed:
        raise ValueError("a member that is cut")
    found = zlib.decompressobj(-15).decompress(body, size + 1) if method == 8 else body
    if len(found) != size or zlib.crc32(found) != crc:
        raise ValueError("a member of another size or checksum")
    return found


def tar_members(data: bytes) -> dict[str, bytes]:
    """
    Name and bytes of each plain file in a tar of ustar, GNU or pax headers.

    Raises
    ------
    UnclearError, ValueError
        As of `zip_members`.
    """
    members: dict[str, bytes] = {}
    more: dict[str, str] = {}
    for header, body in _tar_blocks(data, more):
        name, prefix = (_text(header[at:end]) for at, end in ((0, 100), (345, 500)))
        kind = header[156:157]
        if kind in b"Lx" and "path" in more:
            raise UnclearError("two long names of one member")
        if kind == b"L" and body.find(b"\0") != len(body) - 1:
            raise UnclearError("a long name of another length")
        if kind == b"L":
            more["path"] = _text(body)
        elif kind == b"x":
            more |= _pax(body)
        elif kind in b"0\0":
            is_ustar = header[257:262] == b"ustar" and header[263:265] == b"00"
            name = more.get("path", f"{prefix}/{name}" if prefix and is_ustar else name)
            if prefix and not is_ustar:
                raise UnclearError("old GNU headers have other fields there")
            if not name.endswith("/"):
                members[name] = body
            more.clear()
        elif kind == b"5":
            more.clear()
    return members


def _tar_blocks(data: bytes, more: dict[str, str]) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while (header := data[at : at + BLOCK]).strip(b"\0"):
        if len(header) < BLOCK:
            raise ValueError("a header that is cut")
        plain = header[:148] + b" " * 8 + header[156:]
        signed = sum(byte - 256 * (byte > 127) for byte in plain)  # as old writers have it
        if _octal(header[148:156]) not in (sum(plain), signed):
            raise ValueError("a wrong checksum")
        if header[156:157] not in b"Lx5" + b"0\0":
            raise UnclearError("a type whose size may mean nothing")
        size = _octal(header[124:136])
        if header[156:157] not in b"Lx5":
            size = int(more.get("size", size))
        if header[156:157] == b"5":
            size = 0
        if size and header[156:157] in b"0\0" and _text(header[:100]).endswith("/"):
            raise UnclearError("a folder of old tars that has a size")
        body = data[at + BLOCK : at + BLOCK + size]
        if len(body) < size:
            raise ValueError("a member that is cut")
        yield header, body
        at += BLOCK + -(-size // BLOCK) * BLOCK
    if len(header) < BLOCK:
        raise ValueError("no end")


def _octal(field: bytes) -> int:
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits.isdigit() and digits:
        raise UnclearError(f"the number {field!r}")
    return int(digits or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _pax(body: bytes) -> dict[str, str]:
    found = {}
    while body.strip(b"\0"):
        length, blank, _ = body.partition(b" ")
        if not blank or not length.isdigit() or not 4 < int(length) <= len(body):
            raise UnclearError("a record of pax")
        record, body = body[: int(length)], body[int(length) :]
        key, equals, value = record[len(length) + 1 : -1].partition(b"=")
        if not equals or record[-1:] != b"\n" or key not in (b"path", b"size", b"mtime"):
            raise UnclearError(f"the field {key!r}")
        found[key.decode()] = value.decode("utf-8", "surrogateescape")
    if "size" in found and not found["size"].isdigit():
        raise UnclearError("a size")
    return found
