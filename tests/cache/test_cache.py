"""The cache: what it saves, when it must not be believed, and who may share it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.changed_files import (
    LONG_AGO,
    grow,
    lead_elsewhere,
    replace_by_a_copy,
    rewrite,
    rewrite_and_restore_times,
)

from weightcalc import ReadOptions, count_file
from weightcalc.cache import cache
from weightcalc.cache import rows as cache_rows
from weightcalc.cache.cache import open_cache
from weightcalc.counting import run as runs
from weightcalc.counting.count import count_each


@pytest.fixture
def save(save_mask):
    """A function that saves rows of values as a mask that was modified long ago."""

    def save(rows, name, seconds=LONG_AGO, **options):
        path = save_mask(rows, name, **options)
        os.utime(path, (seconds, seconds))
        return path

    return save


@pytest.fixture
def masks(save, tmp_path, monkeypatch):
    """The folder `m` of five masks, the i-th with i pixels of class 1 of 8, as the working one."""
    for i in range(5):
        save([[1] * i + [0] * (8 - i)], f"m/{i}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "m"


@pytest.fixture
def count(weightcalc):
    """A function that counts with the cache c.db: the counts, and how many were cached."""

    def count(*arguments):
        words = [*arguments] if arguments else ["m"]
        result = weightcalc("count", *words, "--cache", "c.db", "-v")
        assert result.exit_code == 0, result.stderr
        hits = re.search(r"^\d+ masks, (\d+) of them from the cache$", result.stderr, re.MULTILINE)
        return result.json, int(hits[1])

    return count


def pixels(counts):
    """Pixels of each class."""
    return [entry["pixels"] for entry in counts["classes"]]


def rows(column="name"):
    """What c.db holds in a column, in order of names."""
    with closing(sqlite3.connect("c.db")) as db:
        return [row[0] for row in db.execute(f"SELECT {column} FROM masks ORDER BY name")]


def never(*_, **__):
    """What must not be called, as there is nothing to count."""
    raise AssertionError


def test_second_run(masks, count, monkeypatch):
    """An unchanged folder is counted without opening a mask, to the same bytes."""
    first, hits = count()
    assert (pixels(first), hits) == ([30, 10], 0)
    monkeypatch.setattr(runs, "count_each", never)
    assert count() == (first, 5)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--map", "1:0", "--map", "0:0"),
        ("-n", 7),
        ("--ignore-index", 0),
        ("--reduce-zero-label",),
    ],
)
def test_labels_are_no_matter(masks, count, weightcalc, arguments):
    """With other labels the counts are right, and no mask is read again."""
    count()
    found, hits = count("m", *arguments)
    assert hits == 5
    assert found == weightcalc("count", "m", *arguments).json


def test_methods_are_no_matter(masks, count, weightcalc, monkeypatch):
    """Weights by another formula need no mask."""
    count()
    monkeypatch.setattr(runs, "count_each", never)
    weights = weightcalc("weights", "m", "-m", "inverse-frequency", "--cache", "c.db")
    assert weights.json == [40 / 30, 40 / 10]


CHANGES = [rewrite, rewrite_and_restore_times, replace_by_a_copy, grow, lead_elsewhere]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_mask(masks, count, weightcalc, save, change):
    """A mask that changed in whatever way is read again, and no other; then it is known again."""
    save([[0] * 8], "m/0.png")
    count()
    change(masks / "0.png", save)
    found, hits = count()
    assert hits == 4
    assert found == weightcalc("count", "m").json
    assert pixels(found) == ([30, 10] if change is grow else [22, 18])
    assert count() == (found, 5)


@pytest.mark.parametrize("ahead", [0, -1.5, 3600])
def test_just_modified(masks, count, weightcalc, save, ahead):
    """Counts of a mask that is younger than 2 s, or of the future, are not kept."""
    save([[0] * 8], "m/0.png", time.time() + ahead)
    result = weightcalc("count", "m", "--cache", "c.db", "-v")
    assert "1 not kept in the cache: modified less than 2 s before" in result.stderr
    assert len(rows()) == 4
    # With the same size within the grain of a clock: only reading it again can tell.
    save([[1] * 8], "m/0.png", os.stat("m/0.png").st_mtime)
    found, hits = count()
    assert (pixels(found), hits) == ([22, 18], 4)


@pytest.mark.parametrize("seconds", [0, 1, -86_400, -(1 << 31)])
def test_clocks_that_were_wrong(masks, count, save, seconds):
    """Masks of 1970 and of years before are kept like others, and seen to change."""
    save([[0] * 8], "m/0.png", seconds)
    assert [count()[1], count()[1]] == [0, 5]
    save([[1] * 8], "m/0.png", seconds)
    found, hits = count()
    assert (pixels(found), hits) == ([22, 18], 4)


def test_changed_while_it_was_counted(masks):
    """Counts of a mask that changed between being listed and being counted are not kept."""

    def count_rest(names):
        for counted in count_each(names):
            os.utime("m/3.png", (LONG_AGO, LONG_AGO + len(names)))
            yield counted

    names = [f"m/{i}.png" for i in range(5)]
    with open_cache("c.db", ReadOptions()) as opened:
        assert [one.name for one in opened.count_each(names, count_rest)] == names
        assert opened.not_kept == {"changed while they were counted": 1}
    assert [os.path.basename(name) for name in rows()] == [b"0.png", b"1.png", b"2.png", b"4.png"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("--encoding", "index"), ("--encoding", "color")),
        (("--encoding", "one-hot"), ("--encoding", "multilabel")),
        (("--encoding", "one-hot"), ("--encoding", "one-hot", "--channel-axis", 0)),
        (("--allow-lossy",), ()),
    ],
)
def test_options_of_reading(save, tmp_path, monkeypatch, count, weightcalc, first, second):
    """Counts made with options that read masks otherwise are not used, but both are kept."""
    monkeypatch.chdir(tmp_path)
    if "one-hot" in first:
        save(np.eye(2)[[[0, 1], [1, 0]]], "m/a.npy", dtype=np.uint8)
    else:
        save([[0, 1]], "m/a.png")
    count("m", *first)
    found, hits = count("m", *second)
    assert hits == 0
    assert found == weightcalc("count", "m", *second).json
    assert count("m", *first)[1] == count("m", *second)[1] == 1


def test_limits(masks, count, weightcalc):
    """A smaller limit refuses what it would refuse; a larger one needs no mask again."""
    count("m", "--max-pixels", 8)
    for limit in ("--max-pixels", "--max-bytes"):
        result = weightcalc("count", "m", "--cache", "c.db", limit, 7)
        assert result.exit_code == 2
        assert "m/0.png: " in result.stderr
        assert limit in result.stderr
    assert count("m", "--max-pixels", 9, "--max-bytes", "1T")[1] == 5


@pytest.mark.parametrize("name", ["__version__", "READERS_VERSION"])
def test_another_version(masks, count, monkeypatch, name):
    """Counts of another version are not used, and make room for new ones."""
    count()
    monkeypatch.setattr(cache, name, "9")
    assert count()[1] == 0
    assert count()[1] == 5
    assert set(rows("reading")) == {2}


def test_errors_are_not_kept(masks, count, weightcalc, save):
    """A mask that cannot be read is tried again, and the others are kept meanwhile."""
    (masks / "0.png").write_bytes(b"junk")
    for _ in range(2):
        result = weightcalc("count", "m", "--cache", "c.db", "-v")
        assert result.exit_code == 2
        assert "m/0.png: no image" in result.stderr
    save([[0] * 8], "m/0.png")
    found, hits = count()
    assert (pixels(found), hits) == ([30, 10], 4)


def test_another_folder(masks, count, tmp_path, monkeypatch):
    """A mask is known by its absolute path, from wherever and however it is named."""
    count()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.copy("../c.db", "c.db")
    for name in ("../m", masks, "../here/../m/"):
        assert count(name)[1] == 5
    assert rows() == sorted(os.fsencode(masks / f"{i}.png") for i in range(5))


def test_dots_after_a_link(masks, count, save, tmp_path):
    """A path through a link and back is the file it leads to, not the one it looks like."""
    save([[1] * 8], "far/a.png")
    save([[0] * 8], "a.png")
    (tmp_path / "far/in").mkdir()
    os.symlink(tmp_path / "far/in", "link")
    count("a.png")
    assert pixels(count("link/../a.png")[0]) == [0, 8]


def test_names_of_any_bytes(masks, count):
    """Names that are not UTF-8, or hold what SQL or a glob would read, are names."""
    for name in (b"\xff\xfe", b"';--", b"%_*[", "\U0001f600".encode(), b"a\nb", b"x::y"):
        count()
        os.rename(os.fsencode(masks / "1.png"), os.fsencode(masks) + b"/" + name + b".png")
        assert count()[1] == 4
        assert count()[1] == 5
        os.rename(os.fsencode(masks) + b"/" + name + b".png", os.fsencode(masks / "1.png"))


def test_formats(save, masks, count, weightcalc):
    """Masks of all kinds of formats come out of the cache as they went in."""
    values = np.array([[-5, 2**40], [7, 7]])
    save(np.array([values, values]), "f/a.npy", dtype=np.int64)
    save(values, "f/b.npy", dtype=np.float64)
    save(np.full((2, 2), 2**64 - 1, np.uint64), "f/c.npy", dtype=np.uint64)
    for ending in ("gif", "bmp", "tif", "webp"):
        image = Image.fromarray(np.array([[0, 1], [1, 3]], np.uint8))
        image.convert("RGB" if ending == "webp" else "L").save(f"f/d.{ending}", lossless=True)
        os.utime(f"f/d.{ending}", (LONG_AGO, LONG_AGO))
    for name in sorted(os.listdir("f")):
        words = [f"f/{name}", "--encoding", "index", "-n", 8, "--ignore-index", -5]
        words += ["--ignore-index", 2**40, "--ignore-index", 2**64 - 1]
        first = count(*words)[0]
        assert count(*words) == (first, 1)


def test_archives(masks, count, weightcalc):
    """Members of an archive are known until it changes; members that are gone drop out."""
    with zipfile.ZipFile("m.zip", "w") as archive:
        for i in range(3):
            archive.write(f"m/{i}.png")
    os.utime("m.zip", (LONG_AGO, LONG_AGO))
    first = count("m.zip")[0]
    assert pixels(first) == [21, 3]
    assert count("m.zip") == (first, 3)
    assert count("zip://m/1.png::m.zip")[1] == 1
    with zipfile.ZipFile("m.zip", "w") as archive:
        archive.write("m/4.png", "m/1.png")
    os.utime("m.zip", (LONG_AGO, LONG_AGO))
    found, hits = count("m.zip")
    assert (pixels(found), hits) == ([4, 4], 0)
    assert [name.partition(b"\0")[2] for name in rows()] == [b"m/1.png"]


def test_vanished_masks(masks, count):
    """Masks that are gone drop out when the folder that held them is counted again."""
    (masks / "sub").mkdir()
    shutil.copy2(masks / "1.png", masks / "sub/1.png")
    count()
    shutil.rmtree(masks / "sub")
    (masks / "4.png").unlink()
    assert pixels(count()[0]) == [26, 6]
    assert rows() == [os.fsencode(masks / f"{i}.png") for i in range(4)]


def test_other_folders_stay(masks, count, save):
    """A run over one folder leaves the rows of others, even if these are not there at present."""
    for name in ("a", "m-b", "m0"):
        save([[0]], f"{name}/0.png")
        count(name)
        os.rename(name, f"{name}.away")
    count("m")
    count("m/0.png")
    assert len(rows()) == 8


def test_a_part_of_a_folder(masks, count):
    """A run over some masks of a folder leaves the rows of the others."""
    count()
    assert count("m", "--include", "[01].png")[1] == 2
    assert count("m/2.png")[1] == 1
    assert count()[1] == 5


@pytest.mark.parametrize("jobs", [1, 2])
def test_pieces_come_in_order(save, tmp_path, count, weightcalc, monkeypatch, jobs):
    """Cached and new masks come in order of names, whatever the size of windows and batches."""
    monkeypatch.chdir(tmp_path)
    for name, size in [("_WINDOW", 7), ("_STRETCH", 3), ("_BATCH", 2), ("_SMALL", 60)]:
        monkeypatch.setattr(cache, name, size)
    monkeypatch.setattr(cache, "_LARGEST_WINDOW", 500)
    random = np.random.default_rng(0)
    for i in range(40):
        save(random.integers(0, i + 1, (4, 4)), f"m/{i:02}.png")
    count("m", "--include", "*[0369].png")
    for _ in range(2):
        found = weightcalc("count", "m", "--cache", "c.db", "--per-mask", "a", f"-j{jobs}")
        assert found.stdout == weightcalc("count", "m", "--per-mask", "b").stdout
        assert Path("a").read_bytes() == Path("b").read_bytes()
    assert count()[1] == 40


def test_bar_counts_all(masks, count, weightcalc):
    """The progress bar shows all masks, also those that are cached."""
    count("m", "--include", "[012].png")
    assert "5/5" in weightcalc("count", "m", "--cache", "c.db", "--progress").stderr


def test_too_many_values(masks, count, save, monkeypatch):
    """A mask whose counts would make a large row is counted each time."""
    monkeypatch.setattr(cache_rows, "LARGEST_ROW", 600)
    save([list(range(256))], "m/5.png")
    assert [count("m", "-n", 256)[1] for _ in range(2)] == [0, 5]


@pytest.mark.parametrize(
    "arguments",
    [
        ("m", "--cache", "m/0.png"),
        ("m", "-o", "c.json", "--cache", "c.json"),
        ("m", "--per-mask", "c.db-wal", "-o", "o.json", "--cache", "./c.db"),
        ("m", "--per-mask", "c.db", "-o", "o.json", "--cache", "c.db"),
        ("m", "-c", "names.txt", "--cache", "names.txt"),
        ("--files-from", "list.txt", "--cache", "list.txt"),
    ],
)
def test_no_other_file_of_the_run(masks, weightcalc, arguments):
    """The cache cannot be a mask, a list, or what a result is written to."""
    Path("names.txt").write_text("a\nb\n")
    Path("list.txt").write_text("m/0.png\n")
    result = weightcalc("count", *arguments)
    assert result.exit_code == 2
    assert f"{arguments[-1]}: --cache names a file that this run reads or writes" in result.stderr
    assert not os.path.exists("c.db")
    assert pixels(weightcalc("count", "m").json) == [30, 10]


def test_options_are_all_compared(masks):
    """Each option of reading is in the cache's list of options, also one that is added later."""
    with open_cache("c.db", ReadOptions()):
        pass
    with closing(sqlite3.connect("c.db")) as db:
        ((text,),) = db.execute("SELECT options FROM readings")
    assert set(ReadOptions._fields) < set(json.loads(text))


def test_counts_are_those_of_the_readers(masks):
    """What the cache gives is what `count_file` gives."""
    names = [f"m/{i}.png" for i in range(5)]
    for _ in range(2):
        with open_cache("c.db", ReadOptions()) as opened:
            found = [one.masks for one in opened.count_each(names, count_each)]
        assert found == [count_file(name) for name in names]
