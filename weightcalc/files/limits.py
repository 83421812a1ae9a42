"""
How much a file may ask for: every reader keeps to these numbers, whatever a header says.

`weightcalc help trust` lists them. Limits on time are among them: what each mask or member
costs is more than what its bytes cost.
"""

from __future__ import annotations

from ..errors import LimitError

MAX_PIXELS = 1 << 34  # of a mask
MAX_BYTES = 1 << 36  # that a mask may inflate to

# What is held while a mask is counted, in bytes where nothing else is said.
MOST_HELD = 1 << 30  # what cannot be counted in pieces, decoded
LONGEST_ROW = 64 << 20
COUNTER_BYTES = 64 << 20  # for the counters of masks whose pixels take turns in a file
MOST_PASSES = 16  # over the same pixels, where there are more such masks
LONGEST_TAG = 8 << 20  # what a directory of TIFF says, such as where a million tiles are
LONGEST_DOCUMENT = 16 << 20  # the metadata of a Zarr
MOST_CHUNKS = 1 << 24  # of an array
MOST_CHANNELS = 1 << 12  # of a mask
MOST_ARRAYS = 10_000  # of a file, groups included

# What is held of a file until all of it is found to be right.
MOST_MASKS = 1 << 18
MOST_NUMBERS = 1 << 21  # values of all its masks, each of which takes about 100 bytes

# What is held of archives and lists.
MOST_MEMBERS = 1 << 20  # of an archive
LARGEST_LISTING = 1 << 34  # of a web server: the bytes of all its pages
MOST_SENT = 1 << 44  # bytes that servers may send to a process for the masks of a run
LARGEST_COPY = 1 << 36  # of an archive behind a URL, in a temporary file
LONGEST_DIRECTORY = 128 << 20  # of a zip
LONGEST_HEADER = 1 << 20  # of a member of tar with its names, and of all that holds for all members
LONGEST_LINE = 1 << 16  # of a list of names; systems allow paths of 4,096 bytes


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
            f"{what} must be held whole, in {size} bytes: more than the limit of {MOST_HELD}"
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
