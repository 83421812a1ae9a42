"""Files that are whole or not there, wherever they are and whatever they are called."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from weightcalc.errors import OutputError
from weightcalc.files.atomic import replacing, write_file


def test_below_dev_is_what_stat_says():
    """A regular file below /dev is replaced like any other: after a failure the old one is whole."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm to write to")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "w.json"
        path.write_text("old")

        def fail():
            with replacing(str(path)) as file:
                file.write(b"new")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert path.read_text() == "old"
        before = path.stat().st_ino
        write_file(str(path), b"new")
        assert (path.read_text(), os.listdir(folder)) == ("new", ["w.json"])
        assert path.stat().st_ino != before


def test_devices_are_written_in_place():
    """A device stays one."""
    before = os.stat("/dev/null")
    write_file("/dev/null", b"new")
    after = os.stat("/dev/null")
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)


def test_a_folder_is_no_file(tmp_path):
    """A folder is refused by its name."""
    with pytest.raises(OutputError, match="Is a directory"):
        write_file(str(tmp_path), b"new")


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="there is no /dev/stdout")
@pytest.mark.parametrize("named", [True, False])
def test_standard_output_by_its_name(environment, tmp_path, named):
    """/dev/stdout is the file that it leads to, with a name or without; nothing else appears."""
    code = "from weightcalc.files.atomic import write_file; write_file('/dev/stdout', b'new')"
    with open(tmp_path / "out", "w+b") as file:
        if not named:
            os.unlink(tmp_path / "out")
        subprocess.run([sys.executable, "-c", code], env=environment, stdout=file, check=True)
        file.seek(0)
        assert (tmp_path / "out").read_bytes() == b"new" if named else file.read() == b"new"
    assert os.listdir(tmp_path) == ["out"] * named


@pytest.mark.parametrize("letter", ["a", "é", "漢", "\N{GRINNING FACE}", "\udcff"])
def test_longest_names(tmp_path, letter):
    """A name that is as long as a name may be has room for a temporary one, in any letters."""
    name = letter * (250 // len(os.fsencode(letter)))
    write_file(str(tmp_path / name), b"new")
    assert os.listdir(tmp_path) == [name]


def test_stale_temporary_files(tmp_path):
    """What a dead run left over is removed; a FIFO in its place is not waited for, and stays, as
    does a file that is only named like it."""
    stale, fifo, other = (f".w.json.weightcalc-{end}" for end in ("0" * 12, "1" * 12, "notes"))
    (tmp_path / stale).write_text("half")
    (tmp_path / other).write_text("mine")
    os.mkfifo(tmp_path / fifo)
    write_file(str(tmp_path / "w.json"), b"new")
    assert sorted(os.listdir(tmp_path)) == [fifo, other, "w.json"]
