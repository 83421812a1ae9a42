"""
Weights to bytes, and bytes to files that are whole or not there.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..errors import OutputError
from ..files.atomic import write_file
from ..files.endings import format_by_ending
from ..text.escape import printable

Laid: TypeAlias = list[float] | dict[int, float] | dict[str, float]
LAYOUTS = ("list", "dict", "named", "report")


def lay_out(weights: Sequence[float], names: Sequence[str | None], layout: str) -> Laid:
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


def write_json(value: object) -> bytes:
    """JSON that readers of YAML 1.1 take too: ``1.0e-05``, never ``1e-05``; no surrogate pairs."""
    return (_json(value) + "\n").encode("utf-8", "backslashreplace")


def write_yaml(value: object) -> bytes:
    """YAML in one line, which is JSON but for class ids: these are numbers there, not texts."""
    return (_json(value, as_key=_json) + "\n").encode("utf-8", "backslashreplace")


def write_pickle(value: Laid) -> bytes:
    """A pickle of plain lists, dicts and floats, which loads without NumPy."""
    import pickle

    return pickle.dumps(value, protocol=4)


def write_npy(value: Laid) -> bytes:
    """A float32 array of shape (num_classes,), as .npy."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.array(value, dtype=np.float32))
    return file.getvalue()


def write_csv(value: Laid) -> bytes:
    """Two columns with a header: class id or name, and weight."""
    import csv

    rows = value.items() if isinstance(value, dict) else enumerate(value)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["class", "weight"])
    writer.writerows((name, float_text(weight)) for name, weight in rows)
    return text.getvalue().encode()


DOCUMENTS: dict[str, Callable[[object], bytes]] = {"json": write_json, "yaml": write_yaml}
WRITERS: dict[str, Callable[[Laid], bytes]] = {
    **DOCUMENTS,
    "pickle": write_pickle,
    "npy": write_npy,
    "csv": write_csv,
}
ENDINGS = {
    "json": (".json",),
    "yaml": (".yaml", ".yml"),
    "pickle": (".pickle", ".pkl"),
    "npy": (".npy",),
    "csv": (".csv",),
}
# What to do in place of formats that people look for.
_TENSOR = """a tensor needs PyTorch, which makes it of weights.json in two lines:
  weights = torch.tensor(json.load(open("weights.json")), dtype=torch.float32)
  torch.save(weights, "weights.pt")"""
REFUSED = {
    "pt": _TENSOR,
    "pth": _TENSOR,
    "toml": """TOML has no list without a key. Two lines of a shell give it one:
  weights=$(weightcalc weights masks/)
  echo "class_weights = $weights" > weights.toml""",
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


def check_key(format_: str, layout: str, key: str | None) -> None:
    """
    Refuse a key under which a result cannot stand.

    Raises
    ------
    OutputError
    """
    if key is None:
        return
    if not all(key.split(".")):
        raise OutputError(
            f"--key {printable(key)}: expected names with dots between them, such as loss.weight"
        )
    if format_ not in DOCUMENTS:
        raise OutputError(
            f"--key {printable(key)}: {format_} has no keys under which weights could stand"
        ).with_hint(f"-f {' or -f '.join(DOCUMENTS)}")
    if layout == "report":
        raise OutputError(
            f"--key {printable(key)}: a report is read as a whole, and has keys of its own"
        ).with_hint("--layout list, dict or named")


def _nested(value: object, key: str) -> object:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def _json(value: object, as_key: Callable[[object], str] = lambda key: _json(str(key))) -> str:
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        members = (f"{as_key(key)}: {_json(item, as_key)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_json(item, as_key) for item in value) + "]"
    import json  # here: a list of weights needs none of it

    return json.dumps(value, ensure_ascii=False)


def write_weights(
    weights: Sequence[float],
    path: str | os.PathLike[str],
    *,
    names: Sequence[str | None] = (),
    format_: str | None = None,
    layout: str = "list",
    key: str | None = None,
) -> None:
    """
    Write weights to a file that a training framework loads.

    Parameters
    ----------
    weights : sequence of float, one for each class
    path : str or os.PathLike
    names : sequence of str, optional
        Names of the classes, for layout "named".
    format_ : str, optional
        One of `WRITERS`. Default is what the ending of `path` says.
    layout : str
        "list", "dict" (by class id) or "named".
    key : str, optional
        Where the weights stand in JSON and YAML: "loss.weight" gives {"loss": {"weight": ...}}.

    Raises
    ------
    OutputError
        If format and layout do not fit, or the file cannot be written.
    """
    path = os.fspath(path)
    format_ = format_by_ending(path, format_, ENDINGS, REFUSED)
    check_layout(format_, layout)
    check_key(format_, layout, key)
    write_file(path, encode_weights(lay_out(weights, names, layout), format_, key))


def encode_weights(value: Laid, format_: str, key: str | None) -> bytes:
    """The bytes of weights in a format; under a key such as loss.weight if there is one."""
    return WRITERS[format_](value) if key is None else DOCUMENTS[format_](_nested(value, key))


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


def round_digits(weight: float, digits: int) -> float:
    """A weight of so many significant digits, so that small ones do not become 0."""
    return float(f"{weight:.{digits}g}")
