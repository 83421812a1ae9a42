"""
What to do about files that cannot be read: the most likely remedy first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ColorError, DecodeError, LossyError, MaskError, MissingError
from ..sources.apart import how_to_leave_out

_BLACK_AND_WHITE = (
    "--allow-lossy --map 128-255:1 --map '*:0', if they are masks of black and white; "
    "other masks must be saved anew, as PNG"
)
_MOST_HINTS = 3


def remedy_for_images(errors: Sequence[MaskError], files: Sequence[str]) -> str:
    """
    What leaves out the images that stand beside masks.

    Parameters
    ----------
    errors : sequence of MaskError
    files : sequence of str
        All files of the run; those without an error are masks.

    Returns
    -------
    str
        "" if no file looks like an image, or no pattern tells images from masks.
    """
    images = [error.mask for error in errors if _is_image(error)]
    masks = _without(files, errors)
    return how_to_leave_out(images, masks) if images and masks else ""


def remedies(errors: Sequence[MaskError], files: Sequence[str], *, any_mask: bool) -> str:
    """
    What to do about all of the files, as a hint.

    Parameters
    ----------
    errors, files
        As in `remedy_for_images`.
    any_mask : bool
        Whether some file could be read, so that there is a result without the others.
    """
    first = remedy_for_images(errors, files)
    if not any_mask and all(_is_a(error, LossyError) for error in errors):
        first = _BLACK_AND_WHITE
    others = [error for error in errors if not first or not _is_image(error)]
    hints = list(dict.fromkeys([first, *(error.hint for error in others)]))
    chosen = list(filter(None, hints))[:_MOST_HINTS]
    if any_mask and any(not _is_a(error, MissingError) for error in others):
        chosen.append("--on-error skip leaves unreadable files out")
    return "; ".join(chosen)


def _is_image(error: MaskError) -> bool:
    """Whether a file is rather an image beside masks than a mask that is broken."""
    return _is_a(error, LossyError) or _is_a(error, ColorError)


def _is_a(error: MaskError, kind: type[DecodeError]) -> bool:
    return error.kind is not None and issubclass(error.kind, kind)


def _without(files: Sequence[str], errors: Sequence[MaskError]) -> list[str]:
    unread = {error.mask for error in errors}
    return [name for name in files if name not in unread]
