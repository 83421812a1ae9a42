"""
Readers: from an open file to the value counts of its masks.

A reader is ``read(file, options) -> Iterator[ValueCounts]``, one for each mask of
the file, which is at its beginning and can be sought. What is wrong with the file is a
`DecodeError`, to which whoever knows the name adds it; a reader calls foreign decoders
under `third_party`. Any other exception is a bug. A new format is a function and a line
in `READERS`.

Readers are imported when a file needs them: where all masks are plain PNG, they would be most
of the time of a short run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import DamagedError, DecodeError, PointerError, UnsupportedError
from ..sources.dvc import PULL
from ..sources.foreign import HEAD, HELP, foreign_file
from ..sources.names import path_in, split_ending
from .options import ReadOptions
from .png_header import SIGNATURE
from .value_counts import ValueCounts

if TYPE_CHECKING:
    from .pictures import Picture

Reader = Callable[[BinaryIO, ReadOptions], Iterator[ValueCounts]]

_PNG_AS_TEXT = rb"(\xef\xbb\xbf)?(\xef\xbf\xbd|\xc2\x89|\xe2\x80\xb0|\?|\t)PNG[\r\n]"
_FIRST_BYTES = (
    (SIGNATURE, "PNG"),
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"RIFF", "WEBP"),
    (b"\xff\xd8\xff", "JPEG"),
)
_HTML = "an HTML page, such as a server sends for an error or a login"
_PAGES = (
    (b"<!doctype", _HTML),
    (b"<html", _HTML),
    (b"<head", _HTML),
    (b"<!--", _HTML),
    (b"<?xml", "an XML file"),
)
_NO_IMAGES = (  # in lower case
    (b"\x89hdf", "an HDF5 file, whose name should end in .h5"),
    (b"matlab", "a MATLAB file"),
    (b"pk\3\4", "a ZIP archive"),
    (b"%pdf", "a PDF"),
)
_NETPBM = {b"P1": "PBM", b"P2": "PGM", b"P3": "PPM", b"P4": "PBM", b"P5": "PGM", b"P6": "PPM"}
WITH_NAMES = (".npz", ".h5", ".hdf5", ".mat", ".zarr", ".zarr.zip")  # whose arrays have names
ARRAYS = (*WITH_NAMES, ".npy", ".nii", ".nii.gz", ".label")  # which are no pictures
_HDF5 = b"\x89HDF\r\n\x1a\n"  # which may stand behind a block of another program
_MOST_DOUBLED = 12  # sizes of such a block, 512 bytes to 1 MiB
_POINTERS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the mask itself", "git lfs pull"),
    (b"/annex/objects/", "a git-annex pointer, not the mask itself", "git annex get"),
    (b"outs:", "a DVC pointer, not the mask itself", PULL),
)


def read_masks(name: str, file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the masks of an open file by the reader for the ending of its name.

    Raises
    ------
    DecodeError
        If the file is no mask.
    """
    head = _head(file)
    for start, what, remedy in _POINTERS:
        if head.startswith(start):
            raise PointerError(what).with_hint(remedy)
    if what := _named(head, _PAGES):
        raise UnsupportedError(f"it is {what}, and no mask").with_hint(
            "download the mask again, logged in if the server asks for it"
        )
    if not head:
        raise DamagedError("the file is empty")
    suffix = suffix_of(name)
    if options.array is not None and suffix not in WITH_NAMES:
        raise UnsupportedError("it holds no arrays with names").with_hint(
            "leave --array out, or choose other files with --include"
        )
    return READERS.get(suffix, _image_reader(""))(file, options)


def suffix_of(name: str) -> str:
    """The ending that chooses the reader, in lower case: ".png", also of a file named so."""
    base = os.path.basename(path_in(name)).lower()
    return base if base in READERS else split_ending(base)[1] or base


def _image_reader(usual: str) -> Reader:
    """A reader of images by their first bytes, which notes if they are not those of `usual`."""

    def read(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
        found = image_format(file)
        note = f"a {found} file, though its name says {usual}"
        for mask in _read_format(file, found, options):
            yield mask if found == usual or not usual else mask._replace(notes=(*mask.notes, note))

    return read


def image_format(file: BinaryIO) -> str:
    """
    The format of an image by its first bytes, such as "PNG".

    Raises
    ------
    DecodeError
        If it is no image.
    """
    head = _head(file)
    found = next((name for start, name in _FIRST_BYTES if head.startswith(start)), "")
    if not found:
        raise _no_image(head)
    return found


def _no_image(head: bytes) -> DecodeError:
    """What a file is that no reader of images knows, by its first bytes."""
    if head.startswith(b"\x89PNG"):
        return DamagedError(
            "a PNG whose line ends were converted (CR LF to LF or back), as text mode of FTP and "
            "autocrlf of git do"
        ).with_hint("copy it again in binary mode; *.png -text in .gitattributes")
    if re.match(_PNG_AS_TEXT, head):
        return DamagedError(
            "a PNG that a program read as text and wrote in another encoding, such as UTF-8"
        ).with_hint("copy it again in binary mode")
    if head[:2] in _NETPBM and head[2:3].isspace():
        return UnsupportedError(
            f"it is a {_NETPBM[head[:2]]} file, which is no format of masks"
        ).with_hint(
            "save its values as PNG or .npy, and compare them: many programs that convert it "
            "scale or invert them"
        )
    if what := foreign_file(head):
        return UnsupportedError(f"it is {what}, which is not read; {HELP}")
    if what := _named(head, _NO_IMAGES):
        return UnsupportedError(f"it is {what}, and no mask")
    return UnsupportedError(f"no image: it begins with {head[:12]!r}")


def _named(head: bytes, names: Iterable[tuple[bytes, str]]) -> str:
    """What a file is by its first bytes, whatever blanks come before them; "" if unknown."""
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return next((what for start, what in names if text.startswith(start)), "")


def _read_format(file: BinaryIO, format_: str, options: ReadOptions) -> Iterator[ValueCounts]:
    if format_ == "PNG":
        from .png import count_png

        return iter([count_png(file, options)])
    if format_ == "TIFF":
        from .tiff import read_tiff

        return read_tiff(file, options)
    from .pillow import read_image

    return read_image(file, format_, options)


def picture_of(file: BinaryIO, name: str, options: ReadOptions) -> Picture:
    """
    The pixels of a file that has been counted, in their places.

    The file is one that can be sought quickly.

    Raises
    ------
    DecodeError
        If it is damaged, or its format says nothing of places.
    """
    suffix = suffix_of(name)
    if suffix == ".npy":
        from .npy import picture_of_npy

        return picture_of_npy(file, options)
    if suffix in (".nii", ".nii.gz"):
        from .nifti import picture_of_nifti

        return picture_of_nifti(file, options)
    if suffix in (*WITH_NAMES, ".label"):
        raise UnsupportedError(f"{suffix} files cannot be united with others").with_hint(
            "save it as .npy"
        )
    return _picture_of_image(file, options)


def _picture_of_image(file: BinaryIO, options: ReadOptions) -> Picture:
    format_ = image_format(file)
    if format_ == "PNG":
        from .png_pixels import picture_of_png

        return picture_of_png(file, options)
    if format_ == "TIFF":
        from .tiff import picture_of_tiff

        return picture_of_tiff(file, options)
    from .pillow import picture_of_image

    return picture_of_image(file, format_, options)


def _read_npy(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    from .npy import read_npy

    return read_npy(file, options)


def _read_npz(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    from .npy import read_npz

    return read_npz(file, options)


def _read_hdf5(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    if not _is_hdf5(file):
        raise _no_image(_head(file))
    from .hdf5 import read_hdf5

    return read_hdf5(file, options)


def _is_hdf5(file: BinaryIO) -> bool:
    """Whether the signature of HDF5 stands at its beginning, or behind a user block of any size."""
    for place in (0, *(512 << n for n in range(_MOST_DOUBLED))):
        file.seek(place)
        start = file.read(len(_HDF5))
        if start == _HDF5 or not start:
            file.seek(0)
            return start == _HDF5
    file.seek(0)
    return False


def _head(file: BinaryIO) -> bytes:
    head = file.read(HEAD)
    file.seek(0)
    return head


def _read_zarr(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    from .zarr_arrays import read_zarr

    return read_zarr(file, options)


def read_folder(path: str, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count the masks of a folder that is a Zarr.

    Raises
    ------
    DecodeError
        If it is none.
    """
    from .zarr_arrays import read_zarr_folder

    return read_zarr_folder(path, options)


def _read_label(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    from .semantickitti import read_label

    return read_label(file, options)


def _read_nifti(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    from .nifti import read_nifti

    return read_nifti(file, options)


READERS: dict[str, Reader] = {
    ".png": _image_reader("PNG"),
    ".bmp": _image_reader("BMP"),
    ".gif": _image_reader("GIF"),
    ".tif": _image_reader("TIFF"),
    ".tiff": _image_reader("TIFF"),
    ".webp": _image_reader("WEBP"),
    ".jpg": _image_reader("JPEG"),
    ".jpeg": _image_reader("JPEG"),
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    ".mat": _read_hdf5,
    ".nii": _read_nifti,
    ".nii.gz": _read_nifti,
    ".label": _read_label,
    ".zarr": _read_zarr,
    ".zarr.zip": _read_zarr,
}
