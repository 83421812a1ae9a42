"""
What to do about files that cannot be read: the most likely remedy first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import (
    AccessError,
    ColorError,
    DecodeError,
    LossyError,
    MaskError,
    MissingError,
    PhotographError,
)
from ..sources.apart import how_to_leave_out

_BLACK_AND_WHITE = (
    "--allow-lossy --map 128-255:1 --map '*:0', if they are masks of black and white; "
    "other masks must be saved anew, as PNG"
)
_MOST_HINTS = 3
_NOT_THERE = (MissingError, AccessError)  # of masks that a set without them would lack


class Unreadable:
    """
    The files of a run that cannot be read.

    Parameters
    ----------
    errors : sequence of MaskError
    files : sequence of str
        Names of all files of the run, if they are known.
    any_mask : bool
        Whether some file could be read, so that there is a result without the others.
    masks_fit : bool
        Whether what could be read looks like masks: several classes, and no unknown value. If
        not, these files may be the images, or black scenes, and those of colours the masks.
    """

    def __init__(
        self, errors: Sequence[MaskError], files: Sequence[str], *, any_mask: bool, masks_fit: bool
    ) -> None:
        self.errors = errors
        self._any_mask = any_mask
        kinds = (LossyError, ColorError if masks_fit else PhotographError)
        self._images = [error for error in errors if any(_is_a(error, kind) for kind in kinds)]
        self.how_to_leave_images_out = self._leave_images_out(files) if self._images else ""

    def _leave_images_out(self, files: Sequence[str]) -> str:
        unread = {error.mask for error in self.errors}
        masks = [name for name in files if name not in unread]
        return how_to_leave_out([error.mask for error in self._images], masks) if masks else ""

    def hint(self) -> str:
        """What to do, the most likely remedy first."""
        first = self.how_to_leave_images_out
        named = {error for error in self._images if not _is_a(error, ColorError)}
        photographs = {error for error in self._images if _is_a(error, PhotographError)}
        others = set(self.errors) - (named | photographs if first else set())
        if not self._any_mask and all(_is_a(error, LossyError) for error in self.errors):
            first, others = _BLACK_AND_WHITE, set()
        hints = dict.fromkeys(error.hint for error in self.errors if error in others)
        chosen = [hint for hint in (first, *hints) if hint][:_MOST_HINTS]
        if self._any_mask and any(not _is_a(error, *_NOT_THERE) for error in others):
            chosen.append("--on-error skip leaves unreadable files out")
        return "; ".join(chosen)


def _is_a(error: MaskError, *kinds: type[DecodeError]) -> bool:
    return error.kind is not None and issubclass(error.kind, kinds)
