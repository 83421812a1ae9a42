"""
What a name stands for: a file, a member of an archive, or a URL.
"""

import os
import re
from typing import BinaryIO, NamedTuple, Self

from ..errors import MaskError, MissingError, PointerError
from ..files.bounded import open_regular
from . import dvc

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")  # of archives
COUNTS_ENDING = ".json"
_LONG = (".nii.gz", ".zarr.zip")  # endings of two parts
_LAST_OF_LONG = (".gz", ".zip")
_LARGEST_DIGEST = (1 << 64) - 1
# Compiled when the first name holds "://": most runs need neither, and start sooner.
_MEMBER = r"(?s)(?:zip|tar)://(.*)::(.*)"
_URL = r"(?:\w+::)*([A-Za-z][A-Za-z0-9+.-]*)://"


def split_ending(base: str) -> tuple[str, str]:
    """``a.png`` to ``a`` and ``.png``, and ``a.nii.gz`` to ``a`` and ``.nii.gz``; case is kept."""
    stem, ending = split_suffix(base)
    if ending.lower() in _LAST_OF_LONG and base.lower().endswith(_LONG):
        first, inner = split_suffix(stem)
        return first, inner + ending
    return stem, ending


def split_suffix(base: str) -> tuple[str, str]:
    """``a.b.png`` to ``a.b`` and ``.png``: `os.path.splitext` for names without folders, and quick."""
    stem, dot, ending = base.rpartition(".")
    return (stem, dot + ending) if stem.strip(".") else (base, "")


def split_last_word(stem: str) -> tuple[str, str, str] | None:
    """``x_labelIds`` to ``x``, ``_`` and ``labelIds``; None without such a word, or with two signs."""
    at = max(stem.rfind("_"), stem.rfind("."), stem.rfind("-"))
    word = stem[at + 1 :]
    if at < 1 or stem[at - 1] in "_.-" or not (word.isascii() and word.isalnum()):
        return None
    return stem[:at], stem[at], word


class Members(NamedTuple):
    """
    What an archive or a remote folder holds.

    Attributes
    ----------
    names : list of str
        Masks, in the order in which they stand.
    hidden, other : int
        Entries left out: hidden ones, and those that are no masks by their ending.
    forward : bool
        Whether reading them in another order would begin again for each: a compressed tar.
    folder : str
        The remote folder that was looked through.
    """

    names: list[str]
    hidden: int
    other: int
    forward: bool = False
    folder: str = ""


class ListedUrl(str):
    """
    The URL of a mask with what its listing said, which goes with it to whoever counts it.

    Attributes
    ----------
    size : int
        Bytes.
    tag : str
        ETag or version, which another content would not have.
    """

    __slots__ = ("size", "tag")
    size: int
    tag: str

    def __new__(cls, url: str, size: int, tag: str) -> Self:
        """Make it of the URL and what was said of it."""
        made = super().__new__(cls, url)
        made.size, made.tag = size, tag
        return made

    def __getnewargs__(self) -> tuple[str, int, str]:  # type: ignore[override]
        return str(self), self.size, self.tag


def split_name(name: str) -> tuple[str, str] | None:
    """Member and archive of ``zip://MEMBER::ARCHIVE``; None for other names."""
    match = re.fullmatch(_MEMBER, name) if "://" in name else None
    return (match[1], match[2]) if match else None


def name_from(folder: str, name: str) -> str:
    """A name that is relative to a folder, as it is from anywhere; others stay."""
    if not folder or is_url(name):
        return name
    if (member := split_name(name)) is None:
        return os.path.join(folder, name)
    if is_url(member[1]):
        return name
    return f"{name[:3]}://{member[0]}::{os.path.join(folder, member[1])}"


def file_of(name: str) -> str:
    """The file that holds a mask: of a member its archive, else the name itself."""
    member = split_name(name)
    return member[1] if member else name


def is_archive(path: str) -> bool:
    """Whether a file is an archive by its ending; a zipped Zarr is a mask."""
    return path.lower().endswith(ENDINGS) and not path.lower().endswith(".zarr.zip")


def is_counts_file(source: str) -> bool:
    """Whether a source stands for counts, by its ending, and not for masks."""
    return (path_of(source) if is_url(source) else source).lower().endswith(COUNTS_ENDING)


def is_zarr(path: str) -> bool:
    """Whether a folder is a Zarr, by its name or by the document in it."""
    documents = ("zarr.json", ".zarray", ".zgroup")
    return path.lower().rstrip(os.sep).endswith(".zarr") or any(
        os.path.isfile(os.path.join(path, name)) for name in documents
    )


class FolderState(NamedTuple):
    """All that changes when a file in a folder does: bytes, latest times, and a sum of digests."""

    size: int
    mtime_ns: int
    ctime_ns: int
    digest: int


def state_of_folder(path: str) -> FolderState:
    """
    The state of all files below a folder, such as a Zarr.

    Raises
    ------
    OSError
        If it cannot be looked through.
    """
    from hashlib import blake2b  # here, as a Zarr is the only mask that is a folder

    digest = size = mtime = ctime = 0
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as entries:  # in no order: millions may be in one folder
            for entry in entries:
                status = entry.stat()
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                state = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
                text = repr((os.path.relpath(entry.path, path), state)).encode("utf-8", "replace")
                digest += int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
                size += status.st_size
                mtime, ctime = max(mtime, status.st_mtime_ns), max(ctime, status.st_ctime_ns)
    return FolderState(size, mtime, ctime, digest & _LARGEST_DIGEST)


def open_file(name: str) -> BinaryIO:
    """
    Open a regular file; never waits for a FIFO, and never starts a device.

    Raises
    ------
    MaskError
        If there is no regular file of that name, or it cannot be opened.
    """
    try:
        return open_regular(name)
    except FileNotFoundError as error:
        if dvc.is_kept(name):
            raise MaskError(name, dvc.about_missing(name), PointerError).with_hint(
                dvc.PULL
            ) from error
        missing = MaskError(name, str(error.strerror), MissingError)
        if not os.path.islink(name):  # a link that leads nowhere was found, and not named
            missing.hint = (
                "--root with the folder of the names, if they stand in a list of --files-from"
            )
        raise missing from error
    except OSError as error:
        raise MaskError(name, error.strerror or str(error)) from error


def is_url(name: str) -> bool:
    """Whether a name is a URL, of whatever scheme; members of archives are not."""
    if "://" not in name:  # as most
        return False
    match = re.match(_URL, name)
    return match is not None and match[1] not in ("zip", "tar")


def path_of(url: str) -> str:
    """The path of a URL: of a web server without its query, of a store with its bucket."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return rest  # in which a question mark is one
    from urllib.parse import urlsplit  # slow to import, and rarely needed

    return urlsplit(url).path


def tidy(path: str) -> str:
    """Spell a path in one way, so that a mask named twice is seen to be; ".." is left alone."""
    if _is_tidy(path):
        return path
    if "://" in path and (is_url(path) or split_name(path) is not None):
        return path
    if ".." in path and ".." in path.split(os.sep):
        return path
    return os.path.normpath(path)


def _is_tidy(path: str) -> bool:
    """Whether a look at a path shows that it has nothing to tidy: most have not."""
    odd = "//" in path or "/." in path or path[:1] == "." or path[-1:] in ("", "/")
    return not odd and os.sep == "/"


def path_in(name: str) -> str:
    """The path by which a mask is chosen: of a member in its archive, of a URL on its server."""
    if "://" not in name:
        return name
    if (member := split_name(name)) is not None:
        return member[0]
    return path_of(name) if is_url(name) else name
