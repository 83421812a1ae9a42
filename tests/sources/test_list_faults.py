"""Lists of --files-from that are no lists, or very long ones."""

from __future__ import annotations

import os
import random
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import RUN

from weightcalc.errors import SourceError
from weightcalc.sources.name_list import _is_plain_and_tidy, names_in_list, read_list
from weightcalc.sources.names import tidy
from weightcalc.sources.options import SourceOptions


def test_a_fifo_is_no_list(tmp_path, weightcalc):
    """A FIFO that nobody writes to is refused at once, and standard input named."""
    os.mkfifo(tmp_path / "list")
    done = weightcalc("count", "--files-from", tmp_path / "list")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'list'}: not a regular file\n")
    assert "--files-from -" in done.stderr


def test_a_folder_is_no_list(tmp_path, weightcalc):
    """A folder in the place of a list is called one, with what names its masks."""
    os.mkdir(tmp_path / "list")
    done = weightcalc("count", "--files-from", tmp_path / "list")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'list'}: Is a directory\n")
    assert f"without --files-from: {tmp_path / 'list'}" in done.stderr


@pytest.mark.parametrize("nul", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_garbage(tmp_path, nul, seed):
    """Bytes that are no text are refused, or give names that do not exist: no other exception."""
    data = random.Random(seed).randbytes(100_000)
    (tmp_path / "list").write_bytes(data)
    options = SourceOptions(files_from=str(tmp_path / "list"), null=nul)
    try:
        names = list(names_in_list(options))
    except SourceError:
        return
    assert len(names) <= data.count(b"\0" if nul else b"\n") + 1


def test_a_png_in_the_place_of_a_list(save_mask, weightcalc):
    """A mask that is given as a list is refused by a message on one line."""
    done = weightcalc("count", "--files-from", save_mask([[0, 1]]))
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.isprintable() or done.stderr.replace("\n", "").isprintable()


def write_list(path, number):
    """A list of that many names of masks that are not there; the number ends in three zeros."""
    with open(path, "wb") as file:
        file.writelines(
            b"".join(b"m/%08d.png\n" % n for n in range(start, start + 1000))
            for start in range(0, number, 1000)
        )


@pytest.mark.parametrize(
    ("end", "coding", "null"),
    [
        ("\n", "utf-8", False),
        ("\r\n", "utf-8", False),
        ("\n", "utf-16", False),
        ("\0", "utf-8", True),
    ],
)
def test_lists_of_many_blocks(tmp_path, end, coding, null):
    """No name is lost or cut where a list is read in blocks, whatever ends its lines."""
    names = [f"m/{'x' * (n % 7)}{n}.png" for n in range(100_000)]
    (tmp_path / "list").write_bytes(end.join(names).encode(coding))
    found = names_in_list(SourceOptions(files_from=str(tmp_path / "list"), null=null))
    assert [*found] == names


def test_names_of_a_list_are_tidied():
    """Names are spelled in one way, as far as that leads to the same file."""
    lines = ["a.png", "./b.png", "m//c.png", "m/./d.png", "../e.png", "m/../f.png", "m/g.png/"]
    tidied = ["a.png", "b.png", "m/c.png", "m/d.png", "../e.png", "m/../f.png", "m/g.png"]
    found = read_list("\0".join(lines).encode().splitlines(), nul=True)
    assert [*found] == tidied
    assert [*read_list([line.encode() for line in lines[:-1]])] == tidied[:-1]


@pytest.mark.long
def test_ten_million_lines(environment, tmp_path):
    """A list of ten million names is read to its end; of a long one, what is missing is named."""
    write_list(tmp_path / "list", 10_000_000)
    with open(tmp_path / "list", "rb") as file:
        assert sum(1 for _ in read_list(file)) == 10_000_000
    write_list(tmp_path / "list", 100_000)
    done = subprocess.run(
        [*RUN, "count", "--files-from", "list", "-j1"], env=environment, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: m/00000000.png: No such file or directory\n")


@given(st.text(st.sampled_from("ab./#,\\ \xa0\t:"), max_size=8))
def test_the_quick_look_at_a_line(text):
    """What passes as plain and tidy at a glance is so by the careful look, and by that of the system."""
    if _is_plain_and_tidy(text):
        assert os.path.splitext(text)[1]
        assert text == tidy(text)
        assert not text.startswith("#")
        assert not re.search(r"[\s,\\]", text)


@pytest.mark.parametrize("text", ["a.png", "m/a.b.png", "/m/a.png", "é/ü.png", "a/#1.png"])
def test_most_lines_take_the_quick_way(text):
    """Usual names are seen to be so."""
    assert _is_plain_and_tidy(text)
