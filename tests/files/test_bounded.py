"""Small files: opened without waiting, read within a bound, and refused by name."""

import io
import json
import os

import pytest

from weightcalc import CountsError, LabelError, LabelMap, WeightError, read_counts
from weightcalc.check.config import ConfigError, read_config
from weightcalc.files.bounded import SmallFile, open_regular
from weightcalc.labels.class_list import read_class_list
from weightcalc.labels.from_options import label_map
from weightcalc.labels.options import LabelOptions
from weightcalc.weights.stated import read_weights


def read_map(path):
    """The map of a file, as `--map FILE` reads it."""
    return label_map(None, "index", LabelOptions(mapping=(path,))).labels


READERS = [
    ("counts.json", read_counts, CountsError),
    ("names.txt", read_class_list, LabelError),
    ("map.csv", read_map, LabelError),
    ("weights.json", read_weights, WeightError),
    ("pyproject.toml", read_config, ConfigError),
]


@pytest.mark.parametrize(("name", "read", "error"), READERS)
@pytest.mark.parametrize(
    ("make", "reason"), [(os.mkfifo, "not a regular file"), (os.mkdir, "Is a directory")]
)
def test_what_is_no_regular_file(tmp_path, name, read, error, make, reason):
    """A FIFO that nobody writes to is refused at once, as a folder is, with its name."""
    path = str(tmp_path / name)
    make(path)
    with pytest.raises(error) as caught:
        read(path)
    assert str(caught.value) == f"{path}: {reason}"


@pytest.mark.parametrize(("name", "read", "error"), READERS)
def test_link_to_nothing(tmp_path, name, read, error):
    """A link to a file that is not there is refused as what it is."""
    path = tmp_path / name
    path.symlink_to("nothing")
    with pytest.raises(error) as caught:
        read(str(path))
    assert str(caught.value) == f"{path}: No such file or directory"


def test_no_settings(tmp_path):
    """Where there is no pyproject.toml, there are no settings, and nothing is wrong."""
    assert read_config(str(tmp_path / "pyproject.toml")) == ({}, {})


@pytest.mark.parametrize(("path", "value"), [("m.json", '{"7": 0}'), ("m.csv", "value,class\n7,0")])
def test_map_of_a_file(tmp_path, path, value):
    """A map in a file holds value and class, as JSON or as CSV with or without a header."""
    (tmp_path / path).write_text(value)
    assert read_map(str(tmp_path / path)).mapping == LabelMap(mapping={7: 0}).mapping


SMALL = SmallFile("list", 1 << 20, LabelError, "not JSON", "a list")


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b" " * (1 << 20) + b"1", "the list: larger than 1 MiB, so no list", ""),
        (b"\xff", "the list: not JSON: 'utf-8' codec can't decode byte 0xff", "a list"),
        (b"[" * 100_000, "the list: not JSON: maximum recursion depth", "a list"),
    ],
)
def test_contents_are_refused_by_name(data, message, hint):
    """Too much, or what cannot be parsed, is refused with the name and the hint of its kind."""
    with pytest.raises(LabelError) as caught:
        SMALL.read_from(io.BytesIO(data), "the list", json.loads)
    assert str(caught.value).startswith(message)
    assert caught.value.hint == hint


def test_largest_file(tmp_path):
    """A file of exactly the largest size is read whole."""
    path = tmp_path / "list.json"
    path.write_bytes(b" " * ((1 << 20) - 2) + b"12")
    assert SMALL.read(str(path), json.loads) == 12


def test_error_of_our_own_passes(tmp_path):
    """A fault of the parser itself is no fault of the file, and keeps its type."""
    path = tmp_path / "list.json"
    path.write_text("[]")
    with pytest.raises(KeyError):
        SMALL.read(str(path), lambda _: {}["fault"])


def test_file_is_not_inherited(tmp_path):
    """An open file is not passed on to programs that are started meanwhile."""
    path = tmp_path / "list.json"
    path.write_text("[]")
    with open_regular(str(path)) as file:
        assert not os.get_inheritable(file.fileno())
