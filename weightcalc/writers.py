"""
Weights to bytes, and bytes to files that are whole or not there.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from .errors import OutputError, printable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
LAYOUTS = ("list", "dict", "named", "report")


def lay_out(
    weights: Sequence[float], names: Sequence[str | None], layout: str
) -> list[float] | dict[int, float] | dict[str, float]:
    """
    Arrange weights as "list", as "dict" of class ids, or as "named", a dict of class names.

    Raises
    ------
    OutputError
        If a class has no name that "named" could use, or two have the same.
    """
    values = [float(weight) for weight in weights]
    if layout == "list":
        return values
    if layout == "dict":
        return dict(enumerate(values))
    known = [name for name in names if name is not None]
    if len(set(known)) < len(values):
        what = "two classes share a name" if len(known) == len(values) else "a class has no name"
        raise OutputError(f"{what}, so weights cannot be named").with_hint("-c/--classes FILE")
    return dict(zip(known, values, strict=True))


def write_json(value: Any) -> bytes:
    """JSON that readers of YAML 1.1 take too: ``1.0e-05``, never ``1e-05``; no surrogate pairs."""
    return (_json(value) + "\n").encode("utf-8", "backslashreplace")


def write_pickle(value: Any) -> bytes:
    """A pickle of plain lists, dicts and floats, which loads without NumPy."""
    import pickle

    return pickle.dumps(value, protocol=4)


def write_npy(value: Any) -> bytes:
    """A float32 array of shape (num_classes,), as .npy."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.array(value, dtype=np.float32))
    return file.getvalue()


def write_csv(value: Any) -> bytes:
    """Two columns with a header: class id or name, and weight."""
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["class", "weight"])
    writer.writerows((name, float_text(weight)) for name, weight in rows)
    return text.getvalue().encode()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "json": write_json,
    "pickle": write_pickle,
    "npy": write_npy,
    "csv": write_csv,
}
SUFFIXES = {
    "": "json",
    ".json": "json",
    ".yaml": "json",  # all that write_json writes is YAML too
    ".yml": "json",
    ".pickle": "pickle",
    ".pkl": "pickle",
    ".npy": "npy",
    ".csv": "csv",
}
_LAYOUTS_OF = {"npy": ("list",), "csv": ("list", "named"), "pickle": ("list", "dict", "named")}


def check_layout(format_: str, layout: str) -> None:
    """
    Refuse a layout that a format cannot hold.

    Raises
    ------
    OutputError
    """
    allowed = _LAYOUTS_OF.get(format_, LAYOUTS)
    if layout not in allowed:
        raise OutputError(
            f"{format_} has no layout {layout}; it has {', '.join(allowed)}"
        ).with_hint(f"-f json --layout {layout}")


def round_digits(weight: float, digits: int) -> float:
    """A weight of so many significant digits, so that small ones do not become 0."""
    return float(f"{weight:.{digits}g}")


def float_text(value: float) -> str:
    """
    The shortest text that reads back as the same float, with a dot before any exponent.

    Raises
    ------
    OutputError
        If the float is not finite, for which JSON has no word.
    """
    if not math.isfinite(value):
        raise OutputError(f"a weight of {value} cannot be written")
    return re.sub(r"^(-?\d+)e", r"\1.0e", repr(float(value)))


def _json(value: Any) -> str:
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        members = (f"{_json(str(key))}: {_json(item)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def write_weights(
    weights: Sequence[float],
    path: str,
    *,
    names: Sequence[str | None] = (),
    format_: str | None = None,
    layout: str = "list",
) -> None:
    """
    Write weights to a file that a training framework loads.

    Parameters
    ----------
    weights : sequence of float, one for each class
    path : str
    names : sequence of str, optional
        Names of the classes, for layout "named".
    format_ : str, optional
        One of `WRITERS`. Default is what the ending of `path` says.
    layout : str
        "list", "dict" (by class id) or "named".

    Raises
    ------
    OutputError
        If format and layout do not fit, or the file cannot be written.
    """
    format_ = format_ or format_of(path)
    check_layout(format_, layout)
    write_file(path, WRITERS[format_](lay_out(weights, names, layout)))


def format_of(path: str) -> str:
    """
    The format that the ending of a file name asks for; JSON where there is no ending.

    Raises
    ------
    OutputError
        If the ending is unknown.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{printable(path)}: no format has the ending {suffix}").with_hint(
            f"-f {'|'.join(WRITERS)}"
        )
    return SUFFIXES[suffix]


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """
    A file that takes the place of `path` at the end, whole, or never.

    It is written beside the target, synchronised and renamed; after an exception
    the old file is as it was. A link is followed. What is no regular file, such as
    a FIFO or /dev/stdout, is written straight.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                yield file
            return
        target = os.path.realpath(path)
        _remove_stale(target)
        temporary, descriptor = _create_beside(target)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{printable(path)}: {error.strerror or error}") from error


def write_file(path: str, data: bytes) -> None:
    """
    Put `data` at `path` by `replacing`.

    Raises
    ------
    OutputError
        If it cannot be written; the old file is whole then.
    """
    with replacing(path) as file:
        file.write(data)


def _is_special(path: str) -> bool:
    if path.startswith(("/dev/", "/proc/")):
        return True
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _create_beside(target: str) -> tuple[str, int]:
    folder, base = os.path.split(target)
    temporary = os.path.join(folder, _temporary_prefix(base) + os.urandom(6).hex())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC, 0o666)
    _try_lock(descriptor)
    with suppress(OSError):
        os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
    return temporary, descriptor


def _temporary_prefix(base: str) -> str:
    return f".{base[:60]}.weightcalc-"


def _remove_stale(target: str) -> None:
    """Remove temporary files of runs that died: nobody holds their lock any more."""
    if fcntl is None:
        return
    folder, base = os.path.split(target)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_temporary_prefix(base)):
                _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | _CLOSE_ON_EXEC)
        try:
            if _try_lock(descriptor):
                os.unlink(path)
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    with suppress(OSError):  # not every system lets folders be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
