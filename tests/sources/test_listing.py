"""Which files a run counts: folders, globs, lists and odd names, each mask once."""

from __future__ import annotations

import io
import json
import os
import re

import pytest
from support.png_writer import write_png

from weightcalc import SourceError, list_masks
from weightcalc.masks.formats import READERS
from weightcalc.sources.listing import list_files
from weightcalc.sources.name_list import read_list
from weightcalc.text.escape import printable


def names_of(*sources, **options):
    """The names that a listing gives."""
    return list_files(sources, READERS, **options).names


def test_folder_is_walked(tree):
    """A folder gives the masks in it and below it, sorted, and nothing else."""
    tree(
        "m/b.png", "m/a.PNG", "m/deep/er/c.npy", "m/d.png/e.tif", "m/notes.txt", "m/f.png~", "n.png"
    )
    assert names_of("m") == ["m/a.PNG", "m/b.png", "m/d.png/e.tif", "m/deep/er/c.npy"]
    assert names_of(".") == [*names_of("m"), "n.png"]
    assert list_masks("m/", "n.png") == [*names_of("m"), "n.png"]


def test_hidden_and_other_files_are_left_out(tree, weightcalc):
    """Hidden files and folders and files of other endings are left out, which -v says."""
    tree("m/a.png", "m/.b.png", "m/.git/c.png", "m/Thumbs.db", "m/notes.txt", "m/sub/x.json")
    done = weightcalc("count", "-v", "m")
    assert done.json["masks"] == 1
    assert "1 masks; left out: 2 hidden files and folders, 3 files" in done.stderr
    assert "left out" not in weightcalc("count", "m").stderr


def test_links(tree):
    """Links to files are followed, links to folders in a folder are not, so that loops end."""
    root = tree("m/a.png", "far/b.png", "far/c.png")
    os.symlink(root / "far/b.png", "m/link.png")
    os.symlink(root / "far", "m/folder")
    os.symlink(root / "m", "m/loop")
    os.symlink(root / "m", "m/loop.png")
    listing = list_files(["m"], READERS)
    assert listing.names == ["m/a.png", "m/link.png"]
    assert sorted(w.partition(":")[0] for w in listing.warnings) == [
        "m/folder",
        "m/loop",
        "m/loop.png",
    ]
    assert all("--follow" in warning for warning in listing.warnings)
    assert names_of("m/folder") == ["m/folder/b.png", "m/folder/c.png"]


def test_links_that_are_followed(tree):
    """With `follow`, each real folder is walked once, however many links lead to it."""
    root = tree("m/a.png", "far/b.png", "far/c.png")
    os.symlink(root / "far", "m/folder")
    os.symlink(root / "far", "m/folder2")
    os.symlink(root / "m", "m/loop")
    listing = list_files(["m"], READERS, follow=True)
    assert listing.names == ["m/a.png", "m/folder/b.png", "m/folder/c.png"]
    assert listing.warnings == []


def test_special_files_in_a_folder(tree, weightcalc):
    """A FIFO is left out with a warning that names it; a broken link is an error that does."""
    tree("m/a.png")
    os.mkfifo("m/fifo.png")
    done = weightcalc("count", "m")
    assert done.json["masks"] == 1
    assert "m/fifo.png: left out, no regular file" in done.stderr
    os.symlink("gone", "m/broken.png")
    done = weightcalc("count", "m")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "m/broken.png: No such file" in done.stderr


# Names as bytes, as a file system has them.
NAMES = [
    b"a b.png", b" .png", b"new\nline.png", b"tab\t.png", b"not utf8 \xff\xfe.png", b"\xc3\xa9.png",
    b"\x1b[31mred.png", b"\xe2\x80\xae.png", b"::error::x.png", b"##[error]x.png", b"#hash.png",
    b"-n.png", b"[ab].png", b"*.png", b"?.png", b"$HOME.png", b"'.png", b'".png', b"\\.png", b"~.png",
]  # fmt: skip


def test_odd_names_from_end_to_end(tree, weightcalc):
    """Masks of any name are found, counted, and named exactly in the lines for each mask."""
    root = tree()
    for value, name in enumerate(NAMES):
        tree(b"m/" + name, data=write_png([[value] * (value + 1)]))
    done = weightcalc("count", "m", "--per-mask", "lines.jsonl")
    lines = [json.loads(line) for line in (root / "lines.jsonl").read_bytes().splitlines()]
    assert done.json["masks"] == len(NAMES)
    assert {os.fsencode(line["mask"]): line["pixels"] for line in lines} == {
        b"m/" + name: {str(value): value + 1} for value, name in enumerate(NAMES)
    }
    assert [line["mask"] for line in lines] == sorted(line["mask"] for line in lines)


@pytest.mark.parametrize("form", ["arguments", "list", "nul"])
def test_odd_names_one_by_one(tree, weightcalc, form):
    """Masks of any name count when each is named: typed, in a list, or in a list with NULs."""
    tree(*(b"./" + name for name in NAMES))
    names = [b"./" + name for name in NAMES]
    if form == "arguments":
        done = weightcalc("count", "--", *map(os.fsdecode, names))
    elif form == "nul":
        done = weightcalc("count", "-0", "--files-from", "-", stdin=b"\0".join(names))
    else:
        names = [name for name in names if b"\n" not in name]
        done = weightcalc("count", "--files-from", "-", stdin=b"\n".join(names))
    assert done.json["masks"] == len(names)


def test_odd_names_in_messages(tree, weightcalc):
    """Names in errors cannot control a terminal, begin a line, or command a CI runner."""
    names = [b"m/" + name for name in NAMES]
    tree(*names, data=b"junk")
    done = weightcalc("count", "m")
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert all(line.isprintable() for line in lines)
    assert sum("no image" in line for line in lines) == len(names)
    assert not re.search(r"^\s*::", done.stderr, re.MULTILINE)
    assert "##[" not in done.stderr


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.png", "a b.png"),
        ("straße/日本.png", "straße/日本.png"),
        ("a\nb\r\t\0", r"a\x0ab\x0d\x09\x00"),
        ("\x1b[2J\x7f\x9b", r"\x1b[2J\x7f\x9b"),
        ("\u202e\u2066\u200b\u200d\ufeff", r"\u202e\u2066\u200b\u200d\ufeff"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\U000e0041", r"\U000e0041"),
        ("\udcff\udc80", r"\xff\x80"),
        ("\ud800", r"\ud800"),
        ("::error::x", r":\x3aerror::x"),
        ("##[error]x", r"#\x23[error]x"),
        ("#:[", "#:["),
    ],
)
def test_printable(name, shown):
    """What could control a terminal or a log is escaped; other letters stay as they are."""
    assert printable(name) == shown
    assert printable(name).isprintable()


def test_globs(tree):
    """A pattern stands for the masks it matches, in folders it matches too, at any depth."""
    tree("a1.png", "a2.png", "b1.png", "a3.txt", "sub/a4.png", "sub/deep/a5.png")
    assert names_of("a*.png") == ["a1.png", "a2.png"]
    assert names_of("a?.*", "[bc]1.png") == ["a1.png", "a2.png", "b1.png"]
    assert names_of("s*") == ["sub/a4.png", "sub/deep/a5.png"]
    assert names_of("**/a[45].png") == ["sub/a4.png", "sub/deep/a5.png"]
    with pytest.raises(SourceError, match=r"z\*\.png: no file matches"):
        names_of("z*.png")


def test_names_that_look_like_globs(tree):
    """A file whose name is a pattern is itself, and names that were found are no patterns."""
    tree("[ab].png", "a.png", "b.png", "[cd]/a.png", "c/a.png")
    assert names_of("[ab].png") == ["[ab].png"]
    assert names_of("[cd]") == ["[cd]/a.png"]
    assert names_of(listed=["[ab].png"]) == ["[ab].png"]
    assert names_of(listed=["?.png"]) == ["?.png"]


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        (["a.png"], [], ["train/a.png", "val/a.png"]),
        (["val/*.png"], [], ["val/a.png", "val/b_color.png"]),
        (["m/val/a.png"], [], ["val/a.png"]),
        (["al/a.png"], [], []),
        (["train/*", "b_*"], [], ["train/a.png", "val/b_color.png"]),
        ([], ["*_color.png"], ["train/a.png", "val/a.png"]),
        ([], ["train/*", "b_*"], ["val/a.png"]),
        (["a.png"], ["val/*"], ["train/a.png"]),
        (["A.png"], [], []),
        (["*.[pq]ng"], ["?.png"], ["val/b_color.png"]),
    ],
)
def test_include_and_exclude(tree, include, exclude, kept):
    """Globs without a slash match file names, with one the ends of paths; exclude wins."""
    root = tree("m/train/a.png", "m/val/a.png", "m/val/b_color.png")
    assert names_of("m", include=include, exclude=exclude) == [f"m/{name}" for name in kept]
    assert names_of(str(root / "m"), include=include, exclude=exclude) == [
        str(root / "m" / name) for name in kept
    ]


LISTS = {
    "plain": (b"a.png\nsub/b.png\n", {}, ["a.png", "sub/b.png"]),
    "no newline at the end": (b"a.png\nb.png", {}, ["a.png", "b.png"]),
    "CRLF": (b"a.png\r\nb.png\r\n", {}, ["a.png", "b.png"]),
    "BOM": (b"\xef\xbb\xbfa.png\nb.png\n", {}, ["a.png", "b.png"]),
    "BOM before a comment": (b"\xef\xbb\xbf# masks\nb.png\n", {}, ["b.png"]),
    "blank lines and comments": (b"\n# train\na.png\n   \n#b.png\n\n  c.png  \n\n", {}, ["a.png", "c.png"]),
    "nothing": (b"", {}, []),
    "bytes": (b"\xff.png\n", {}, ["\udcff.png"]),
    "spelled in other ways": (b"./a.png\nb//c.png\n../d.png\n", {}, ["a.png", "b/c.png", "../d.png"]),
    "no globs": (b"*.png\n", {}, ["*.png"]),
    "NUL": (b"a b.png\0c\n.png\0#d.png\0 .png\0", {"nul": True}, ["a b.png", "c\n.png", "#d.png", " .png"]),
    "NUL, none at the end": (b"a\0b", {"nul": True, "suffix": ".png"}, ["a.png", "b.png"]),
    "VOC": (b"/JPEGImages/1.jpg /SegmentationClass/1.png\n", {"root": "VOC"}, ["VOC/SegmentationClass/1.png"]),
    "CamVid": (b"/SegNet/train/1.png /SegNet/trainannot/1.png\n", {"root": "data"},
               ["data/SegNet/trainannot/1.png"]),
    "Paddle": (b"images/a.jpg labels/a.png\n", {}, ["labels/a.png"]),
    "Paddle under a root": (b"images/a.jpg\tlabels/a.png\n", {"root": "x/y"}, ["x/y/labels/a.png"]),
    "absolute without a root": (b"/data/a.png\n", {}, ["/data/a.png"]),
    "stems": (b"2007_000032\n2007_000039\n", {"root": "Seg", "suffix": ".png"},
              ["Seg/2007_000032.png", "Seg/2007_000039.png"]),
    "stems with dots": (b"a.b\n", {"suffix": "_L.png"}, ["a.b_L.png"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_list_of_names(name):
    """A list gives the same names whatever its line ends, columns and comments."""
    data, options, names = LISTS[name]
    assert list(read_list(io.BytesIO(data), **options)) == names


@pytest.mark.parametrize(
    "line", [b"a.jpg b.png c.png", b"2007_1 2007_2", b"my image.jpg my mask.png"]
)
def test_list_that_is_unclear(tree, weightcalc, line):
    """A line of three columns or of two words that are no files is refused, with its number."""
    tree("a.jpg", "b.png", "c.png")
    done = weightcalc("count", "--files-from", "-", stdin=b"b.png\n" + line + b"\n")
    assert done.exit_code == 2
    assert f"line 2 of the list, '{line.decode()}'" in done.stderr
    assert "--null" in done.stderr


def test_list_from_end_to_end(tree, weightcalc):
    """A list counts by --files-from, from a file and from standard input, beside other sources."""
    root = tree("m/a.png", "m/b.png", "m/c c.png", "extra.png")
    (root / "list.txt").write_bytes(b"\xef\xbb\xbf# val\r\na\r\n\r\nb\r\n")
    stems = ["--files-from", "list.txt", "--root", "m", "--suffix", ".png"]
    assert weightcalc("count", *stems).json["masks"] == 2
    assert weightcalc("count", "extra.png", *stems).json["masks"] == 3
    done = weightcalc("count", "--files-from", "-", "--root", "m", stdin=b"a.png\nc c.png\n")
    assert done.json["masks"] == 2


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["--files-from", "gone.txt"], b"", "gone.txt: No such file"),
        (["--files-from", "."], b"", ": Is a directory"),
        (["--files-from", "-"], b"gone.png\n", "gone.png: No such file"),
        (["--files-from", "-"], b"m\n", "m: Is a directory"),
        (["--files-from", "-"], b"\n# nothing\n", "no masks in -"),
        (["m", "--root", "m"], b"", "--files-from"),
        (["m", "-0"], b"", "--files-from"),
    ],
)
def test_list_that_is_wrong(tree, weightcalc, arguments, stdin, message):
    """A list that is missing, empty, or names what is no mask is an error that says which."""
    tree("m/a.png")
    done = weightcalc("count", *arguments, stdin=stdin)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert message in done.stderr


@pytest.mark.parametrize(
    "sources", [["x.png", "./x.png"], ["m", "m/x.png"], ["m", "m/"], ["m//x.png", "m/x*"], ["m/./x.png", "m"]]
)  # fmt: skip
def test_named_twice_is_counted_once(tree, weightcalc, sources):
    """A mask that is named twice, however spelled, counts once, and a warning names it."""
    tree("x.png", "m/x.png")
    done = weightcalc("count", *sources)
    assert done.json["masks"] == 1
    assert re.search(r"warning: (m/)?x\.png: named twice, counted once", done.stderr)
    assert "twice" not in weightcalc("count", "m").stderr


def test_unknown_ending_is_sniffed(tree, weightcalc):
    """A file that is named itself counts by its first bytes, though a folder would leave it out."""
    tree("m/mask.thing", "m/mask")
    assert weightcalc("count", "m/mask.thing", "m/mask").json["masks"] == 2
    assert weightcalc("count", "m").exit_code == 2


def test_no_masks(tree, weightcalc):
    """Where there are no masks, the error names the sources and says what was left out, and why."""
    tree("m/.a.png", "m/notes.txt", "n/b.doc")
    done = weightcalc("weights", "m", "n")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "no masks in m, n (left out: 1 hidden, 2 files that are no masks" in done.stderr
    assert all(ending in done.stderr for ending in READERS)
    with pytest.raises(SourceError, match="no masks in m"):
        list_masks("m")
