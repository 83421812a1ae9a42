"""
What the targets of archives share: members that are listed and read as by the command line.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Mapping

from weightcalc.errors import DecodeError, MaskError, SourceError
from weightcalc.sources.archives import list_members, open_member

ENDING = ".npy"  # of members that are masks by their name
MOST_BYTES = 1 << 20
_FOLDER = tempfile.mkdtemp(
    prefix="fuzz-archives-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None
)


def check_archive(
    data: bytes, ending: str, plain: Callable[[bytes], Mapping[str, bytes | None]]
) -> bool:
    """
    Compare the masks of an archive with its members as a plain reader finds them.

    Parameters
    ----------
    data : bytes
    ending : str
        Of the name of the archive.
    plain : callable
        Gives name and bytes of each member, or None; called only if something was read.
    """
    path = os.path.join(_FOLDER, "m" + ending)
    with open(path, "wb") as file:
        file.write(data)
    try:
        names = list_members(path, (ENDING,)).names
    except SourceError:
        return False
    read = {name: body for name in names if (body := _bytes_of(name)) is not None}
    if not read:
        return False
    right = plain(data)
    for name, body in read.items():
        member = name.partition("://")[2].rpartition("::")[0]
        assert right.get(member) == body, (member, body[:99], [*right])
    masks = [name for name in right if _is_mask(name)]
    assert len(names) == len(masks), (names, masks)
    return True


def _is_mask(name: str) -> bool:
    hidden = any(
        p == "__MACOSX" or (p[:1] == "." and p not in (".", "..")) for p in name.split("/")
    )
    return name.lower().endswith(ENDING) and not hidden


def _bytes_of(name: str) -> bytes | None:
    try:
        with open_member(name) as file:
            body = io.BufferedReader(file).read(MOST_BYTES)  # type: ignore[type-var]
            return body if 0 < len(body) < MOST_BYTES else None  # an empty mask is refused
    except (MaskError, DecodeError):
        return None
