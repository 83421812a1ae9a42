"""
How much a file may ask for: every reader keeps to these numbers, whatever a header says.

`weightcalc help trust` lists them. Limits on time are among them: what each mask or member
costs is more than what its bytes cost.
"""

from __future__ import annotations

from ..errors import LimitError

MAX_PIXELS = 1 << 34  # of a mask
MAX_BYTES = 1 << 36  # that a mask may inflate to
MOST_HELD = 1 << 30  # bytes, decoded, of what cannot be counted in pieces
LONGEST_ROW = 64 << 20  # bytes
LONGEST_TAG = 8 << 20  # bytes of what a directory of TIFF says, such as where a million tiles are
COUNTER_BYTES = 64 << 20  # for the counters of masks whose pixels take turns in a file
MOST_PASSES = 16  # over the same bytes, where there are more such masks
MOST_MASKS = 1 << 18  # of a file, whose counts are held together
MOST_NUMBERS = 1 << 21  # values of all masks of a file, at about 100 bytes
MOST_MEMBERS = 1 << 20  # of an archive, whose names are held
LONGEST_DIRECTORY = 128 << 20  # bytes of that of a zip


def check_bytes(what: str, size: int, limit: int) -> None:
    """
    Refuse what becomes more bytes than ``--max-bytes`` allows.

    Parameters
    ----------
    what : str
        What becomes so many bytes, such as "its array".
    size, limit : int

    Raises
    ------
    LimitError
    """
    if size > limit:
        raise LimitError(f"{what} has {size} bytes, more than the limit of {limit}").with_hint(
            "--max-bytes, if the file is what it should be"
        )


def check_held(what: str, size: int, remedy: str) -> None:
    """
    Refuse what cannot be counted in pieces, and takes more memory than a mask may.

    Parameters
    ----------
    what : str
        What must be held whole.
    size : int
        Bytes.
    remedy : str
        How to store it so that it can be counted.

    Raises
    ------
    LimitError
    """
    if size > MOST_HELD:
        raise LimitError(
            f"{what} of {size} bytes must be held whole, which is more than the limit of {MOST_HELD}"
        ).with_hint(remedy)


def check_row(size: int) -> None:
    """
    Refuse an image whose rows are too long to be held.

    Raises
    ------
    LimitError
    """
    if size > LONGEST_ROW:
        raise LimitError(f"a row of {size} bytes is longer than the limit of {LONGEST_ROW}")


def check_masks(number: int, values: int = 0) -> None:
    """
    Refuse a file whose masks are too many to be held together.

    Parameters
    ----------
    number : int
        Masks of the file.
    values : int
        Different values of each of them, added up.

    Raises
    ------
    LimitError
    """
    if number > MOST_MASKS:
        error = LimitError(f"it holds {number} masks, more than the limit of {MOST_MASKS}")
    elif values > MOST_NUMBERS:
        error = LimitError(f"its masks have more than {MOST_NUMBERS} values together")
    else:
        return
    raise error.with_hint("save it as several files")
