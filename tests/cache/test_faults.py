"""The cache in bad times: killed runs, several at once, full disks, and files that are none."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from support.processes import RUN, obey_modes

from weightcalc import CountsError, ReadOptions, ValueCounts, count_file
from weightcalc.cache.cache import open_cache
from weightcalc.cache.database import APPLICATION_ID, connect
from weightcalc.cache.rows import pack
from weightcalc.counting.count import count_each

NUM_MASKS = 60
NAMES = [f"m/{i:02}.png" for i in range(NUM_MASKS)]

# Every mask takes its time, and what is counted is written in small pieces.
SLOW = """
import os, resource, sys, time
from weightcalc.cache import cache
from weightcalc.cli import app
from weightcalc.counting import count

count.count_file, plain = lambda *words: time.sleep({seconds}) or plain(*words), count.count_file
cache._ROWS_UNWRITTEN = {rows}
{more}
sys.argv = ["weightcalc", *sys.argv[1:]]
app.run()
"""


@pytest.fixture
def masks(save_mask, tmp_path, monkeypatch):
    """The folder `m` of 60 masks, in the working one."""
    values = np.random.default_rng(0)
    for name in NAMES:
        os.utime(save_mask(values.integers(0, 9, (8, 8)), name), (10**9, 10**9))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start(environment, masks):
    """A function that starts a slow run with the cache c.db."""

    def start(*arguments, seconds=0.0, rows=3, more=""):
        code = SLOW.format(seconds=seconds, rows=rows, more=more)
        words = ["count", *(arguments or ["m"]), "--cache", "c.db", "-v"]
        return subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip

    return start


def finish(process):
    """The counts of a run that ends well, and how many masks were cached."""
    stdout, stderr = (text.decode() for text in process.communicate(timeout=60))
    assert process.returncode == 0, stderr
    return json.loads(stdout), int(re.search(r"masks, (\d+) of them", stderr)[1])


def num_rows():
    """How many masks c.db holds; none while it is being made."""
    with closing(sqlite3.connect("c.db")) as db:
        made = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return made and db.execute("SELECT count(*) FROM masks").fetchone()[0]


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_killed_runs(start, weightcalc, jobs):
    """After kill -9 at any moments the next run reads only what was not yet written."""
    expected = weightcalc("count", "m").json
    kept = 0
    for wait in [0, 0.01, 0.03, 0.1, None]:
        process = start("m", jobs, seconds=0.005)
        while not os.path.exists("c.db") or (wait is None and not num_rows()):
            time.sleep(0.001)
        time.sleep(random.uniform(0, wait or 0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        before, kept = kept, num_rows()
        assert kept >= before
    assert kept > 0
    assert finish(start("m", jobs)) == (expected, kept)
    assert finish(start("m", jobs)) == (expected, NUM_MASKS)


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 13])
def test_killed_while_it_writes(start, weightcalc, nth):
    """A run that is killed inside a transaction keeps all transactions before, and no part of it."""
    die = (
        "import signal, sqlite3\n"
        "class Dying(sqlite3.Connection):\n"
        "    done = 0\n"
        "    def executemany(self, *words):\n"
        "        super().executemany(*words)\n"
        f"        Dying.done += 1; Dying.done < {nth} or os.kill(os.getpid(), signal.SIGKILL)\n"
        "plain_connect = sqlite3.connect\n"
        "sqlite3.connect = lambda *words, **more: plain_connect(*words, factory=Dying, **more)"
    )
    process = start("m", "-j1", more=die)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert finish(start("m", "-j1")) == (weightcalc("count", "m").json, 3 * (nth - 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run(start, number):
    """A run that is stopped writes what it has counted before it ends."""
    process = start("m", "-j1", seconds=0.02, rows=10**6)
    while not (os.path.exists("c.db-wal") and os.path.getsize("c.db-wal")):
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert 0 < num_rows() < NUM_MASKS


def test_two_runs_at_once(start, weightcalc):
    """Runs that make, read and write one cache at once are right, and leave a whole one."""
    for attempt in range(2):
        found = [start(*some, "-j1", rows=1) for some in (["m"], ["m", *NAMES[:40]], NAMES[20:])]
        expected = [weightcalc("count", *some).json for some in (["m"], ["m"], NAMES[20:])]
        counts = [finish(process)[0] for process in found]
        for one, two in zip(counts, expected, strict=True):
            assert one["classes"] == two["classes"]
        assert num_rows() == NUM_MASKS
        if not attempt:
            os.unlink("c.db")
    assert finish(start("m"))[1] == NUM_MASKS


def test_full_disk(start, weightcalc):
    """Where the cache cannot be written any more, the run warns and counts to its end."""
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"
    process = start("m", "-j1", more=limit)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert json.loads(stdout) == weightcalc("count", "m").json
    assert b"warning: c.db: not all counts are kept: " in stderr
    assert 0 < num_rows() < NUM_MASKS


def foreign(db):
    db.execute("CREATE TABLE masks (x)")


def of_another_program(db):
    db.execute("PRAGMA application_id = 7")
    foreign(db)


def of_another_layout(db):
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 99")


def of_other_tables(db):
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    foreign(db)


def with_a_trigger(db):
    db.execute("PRAGMA user_version = 1")
    db.close()
    os.unlink("c.db")
    connect("c.db").close()
    with closing(sqlite3.connect("c.db")) as mine:
        mine.execute("CREATE TRIGGER t AFTER INSERT ON masks BEGIN DELETE FROM masks; END")
        mine.commit()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (foreign, "an SQLite file of another program"),
        (of_another_program, "an SQLite file of another program"),
        (of_another_layout, "a cache of layout 99, where this weightcalc has layout 1"),
        (of_other_tables, "its tables are not those of a cache"),
        (with_a_trigger, "its tables are not those of a cache"),
    ],
)
def test_other_databases(masks, weightcalc, make, message):
    """An SQLite file that is no cache of this layout is refused by name, and left as it is."""
    with closing(sqlite3.connect("c.db")) as db:
        make(db)
    check_refusal(weightcalc, message)


def check_refusal(weightcalc, message, name="c.db"):
    """See that a cache is refused, with a hint, and stays as it is to the last byte."""
    path = Path(name)
    before = path.read_bytes() if path.is_file() else None
    result = weightcalc("count", "m", "-j1", "--cache", name)
    assert result.exit_code == 2
    assert re.match(rf"error: {name}: .*({message})", result.stderr), result.stderr
    assert "hint: --cache " in result.stderr
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not result.stdout


@pytest.mark.parametrize("data", [b"\0", b"junk" * 99, b"SQLite format 3\0", bytes(4096)])
def test_no_database(masks, weightcalc, data):
    """A file that is no SQLite file is refused by name, and left as it is."""
    Path("c.db").write_bytes(data)
    check_refusal(weightcalc, "not a cache of weightcalc")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "FIFO"])
def test_no_file(masks, weightcalc, make):
    """What is no regular file is refused, and a FIFO not waited for."""
    make("c.db")
    check_refusal(weightcalc, "not a regular file")


@pytest.mark.parametrize("name", ["none/c.db", "/proc/c.db", "m/00.png/c.db"])
def test_where_no_file_can_be(masks, weightcalc, name):
    """A place where no file can be made is named."""
    result = weightcalc("count", "m", "--cache", name)
    assert result.exit_code == 2
    assert f"error: {name}: " in result.stderr


@pytest.mark.parametrize("target", ["c.db", "."])
def test_read_only(masks, weightcalc, environment, target):
    """A cache that cannot be written is refused before any mask is counted."""
    weightcalc("count", "m", "--cache", "c.db")
    before = Path("c.db").read_bytes()
    mode = os.stat(target).st_mode
    os.chmod(target, 0o555)
    done = subprocess.run(
        [*RUN, "count", "m", "--cache", "c.db"], env=environment, preexec_fn=obey_modes,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.chmod(target, mode)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(
        r"error: c\.db: the cache cannot be used: .*(readonly|unable to open)", done.stderr
    )
    assert Path("c.db").read_bytes() == before


def older_version(text):
    """The options of rows of an older version."""
    return json.dumps(json.loads(text) | {"version": "0.0.1"}, sort_keys=True)


def newer_readers(text):
    """The options of rows whose readers count otherwise."""
    return json.dumps(json.loads(text) | {"readers": 10**6}, sort_keys=True)


@pytest.mark.parametrize("change", [older_version, newer_readers])
def test_another_version(masks, weightcalc, change):
    """Rows of another version are not used, though they are whole: the masks are counted anew."""
    with_cache()
    with closing(sqlite3.connect("c.db")) as db:
        (text,) = db.execute("SELECT options FROM readings").fetchone()
        db.execute("UPDATE readings SET options = ?", (change(text),))
        for name, counts in db.execute("SELECT name, counts FROM masks").fetchall():
            row = signed(counts[4:], name, change(text))
            db.execute("UPDATE masks SET counts = ? WHERE name = ?", (row, name))
        db.commit()
    assert with_cache() == ([count_file(name) for name in NAMES], 0)
    assert with_cache()[1] == NUM_MASKS


def test_empty_file(masks, weightcalc):
    """An empty file, which a run that was killed at once leaves, becomes a cache."""
    Path("c.db").touch()
    assert weightcalc("count", "m", "--cache", "c.db").exit_code == 0
    assert num_rows() == NUM_MASKS


def test_in_use(masks, monkeypatch):
    """A cache that another program holds for too long is named."""
    monkeypatch.setattr("weightcalc.cache.database._SECONDS_TO_WAIT", 0.1)
    connect("c.db").close()
    with closing(sqlite3.connect("c.db")) as db:
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CountsError, match=r"c\.db: the cache cannot be used: .*locked"):
            with_cache()


def with_cache():
    """Masks of all files, by the cache where it has them, and how many it had."""
    with open_cache("c.db", ReadOptions()) as opened:
        masks = [one.masks for one in opened.count_each(NAMES, count_each)]
        return masks, opened.hits


def test_truncated(masks, weightcalc):
    """A cache cut off anywhere is refused; cut off at nothing it is an empty one."""
    with_cache()
    whole = Path("c.db").read_bytes()
    for size in [1, 50, 99, 100, 101, 4095, 4096, 5000, 8192, len(whole) - 4096, len(whole) - 1]:
        Path("c.db").write_bytes(whole[:size])
        check_refusal(weightcalc, "not a cache|damaged")


def row_of(mask):
    """The row of a mask, without its checksum."""
    return pack([mask], 0)[4:]


GOOD = row_of(ValueCounts({0: 3, 7: 5}, 8, "grey"))


@pytest.mark.parametrize(
    "body",
    [
        GOOD[:-1],
        GOOD + b"\0",
        GOOD.replace(b"grey", b"gre"),
        GOOD.replace(b'"grey"', b"123456"),
        GOOD.replace(b",255,", b",2.5,"),
        GOOD.replace(b",255,", b",nul,"),
        GOOD.replace(b",0,", b",-1"),
        GOOD.replace(b"[]", b'""'),
        GOOD.replace(b"[]", b"[["),
        GOOD[:2] + b"\7" + GOOD[3:],  # another type of values
        GOOD[:3] + b"\x09" + GOOD[4:],  # no type of pixels
        GOOD[:3] + b"\x04\2\0\0\0" + GOOD[8:-6] + b"\5\0\xff\6\0\7",  # -1 pixel and 6 are 5
        GOOD[:4] + struct.pack("<I", 2**32 - 1) + GOOD[8:],  # how many values
        GOOD[:-4] + b"\4" + GOOD[-3:],  # 4 and 5 are no 8 pixels
        GOOD[:-1] + b"\0",  # the value 0 twice
        GOOD[:-6] + b"\x09" + GOOD[-5:],  # 9 pixels
        b"\xff\xff" + GOOD[2:],
        b"[" * 5000,
    ],
)
def test_rows_that_contradict_themselves(masks, body):
    """A row of a right checksum is refused if its parts do not fit, and the cache named."""
    with_cache()
    with closing(sqlite3.connect("c.db")) as db:
        name, text = db.execute("SELECT name, options FROM masks, readings ORDER BY 1").fetchone()
        db.execute("UPDATE masks SET counts = ? WHERE name = ?", (signed(body, name, text), name))
        db.commit()
    with pytest.raises(CountsError, match=r"c\.db: the cache is damaged: the row of m/00\.png: "):
        with_cache()


def signed(body, name, text):
    """A row with the checksum that is asked for."""
    return crc32(body, crc32(name, crc32(text.encode()))).to_bytes(4, "little") + body


@pytest.mark.parametrize("value", [None, "text", 7, 1.5, b"", b"abc"])
def test_rows_of_other_types(masks, value):
    """A row that holds something else than bytes is refused, or never comes to be."""
    with_cache()
    with closing(sqlite3.connect("c.db")) as db:
        try:
            db.execute("UPDATE masks SET counts = ?", (value,))
        except sqlite3.IntegrityError:
            return
        db.commit()
    with pytest.raises(CountsError, match=r"the row of m/00\.png"):
        with_cache()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 9999, b"\xff"])
def test_options_that_cannot_be_read(masks, text):
    """A list of options that does not parse is damage."""
    with_cache()
    with closing(sqlite3.connect("c.db")) as db:
        db.execute("INSERT INTO readings (options) VALUES (?)", (text,))
        db.commit()
    with pytest.raises(CountsError, match=r"c\.db: the cache is damaged: its list of options"):
        with_cache()


def test_a_row_of_another_mask(masks):
    """A row that was copied from one mask to another is refused."""
    with_cache()
    with closing(sqlite3.connect("c.db")) as db:
        db.execute("UPDATE masks SET counts = (SELECT counts FROM masks ORDER BY name LIMIT 1)")
        db.commit()
    with pytest.raises(CountsError, match=r"the row of m/01\.png: its checksum does not fit"):
        with_cache()
