"""
Class lists: the files that name classes. Read as data only, never executed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import LabelError, printable
from .labels import MOST_CLASSES

_LARGEST_FILE = 16 << 20


def read_class_list(path: str) -> list[str | None]:
    """
    Names of the classes in order of their ids; None for ids that the list skips.

    Parameters
    ----------
    path : str
        A text file of one name a line; or JSON: a list, {"0": "sky"} or {"sky": 0}.

    Raises
    ------
    LabelError
        If it cannot be read, repeats a name or an id, or names no class.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise LabelError(f"larger than {_LARGEST_FILE >> 20} MiB, so no class list")
        text = data.decode("utf-8-sig")
        names = _from_json(text) if path.lower().endswith(".json") else _from_lines(text)
        _check(names)
    except OSError as error:
        raise LabelError(f"{printable(path)}: {error.strerror}") from error
    except LabelError as error:
        raise LabelError(f"{printable(path)}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{printable(path)}: no text of class names: {error}") from error
    return names


def _from_lines(text: str) -> list[str | None]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _from_json(text: str) -> list[str | None]:
    document = json.loads(text, object_pairs_hook=_without_repeats)
    if isinstance(document, list):
        if not all(isinstance(name, str) for name in document):
            raise LabelError("a JSON list of classes holds names only")
        return document
    if not isinstance(document, dict):
        raise LabelError("neither a JSON list of names nor an object of ids and names")
    if all(isinstance(value, str) for value in document.values()):
        return _by_id([(_id(key), name) for key, name in document.items()])
    return _by_id([(_id(value), name) for name, value in document.items()])


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise LabelError(f"it names {printable(key)!r} twice")
        members[key] = value
    return members


def _id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if type(value) is int:
        return value
    raise LabelError(f"{value!r} is no class id")


def _by_id(pairs: Sequence[tuple[int, str]]) -> list[str | None]:
    names: dict[int, str] = {}
    for index, name in pairs:
        if not 0 <= index < MOST_CLASSES:
            raise LabelError(
                f"class id {index} of {printable(name)!r} is not 0 to {MOST_CLASSES - 1}"
            )
        if names.setdefault(index, name) is not name:
            raise LabelError(
                f"{printable(names[index])!r} and {printable(name)!r} both have the id {index}"
            )
    return [names.get(index) for index in range(max(names, default=-1) + 1)]


def _check(names: list[str | None]) -> None:
    if not names:
        raise LabelError("it names no class")
    ids: dict[str, int] = {}
    for index, name in enumerate(names):
        if name is not None and ids.setdefault(name, index) != index:
            raise LabelError(f"classes {ids[name]} and {index} are both named {printable(name)!r}")
