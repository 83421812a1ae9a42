"""What is wrong with a mask is told by its type; a bug is a traceback, and never a damaged mask."""

import errno
import io
import json
import multiprocessing
import pickle
import struct

import numpy as np
import pytest
from PIL import GifImagePlugin, Image
from support.png_writer import write_png

from weightcalc import MaskError, count_file
from weightcalc.check.mask_rules import rule_of_error
from weightcalc.check.rules import RULES
from weightcalc.errors import (
    AccessError,
    ColorError,
    DamagedError,
    DecodeError,
    LimitError,
    LossyError,
    MissingError,
    PointerError,
    ShapeError,
    UnsupportedError,
    ValuesError,
)
from weightcalc.masks import bmp, png_values
from weightcalc.masks import pillow as images
from weightcalc.sources.guard import third_party
from weightcalc.text.escape import printable

ROWS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


def saved(format_, mode="L"):
    """The rows as Pillow saves them."""
    buffer = io.BytesIO()
    Image.fromarray(ROWS).convert(mode).save(buffer, format_)
    return buffer.getvalue()


def array(values):
    """An array as .npy."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "options", "kind"),
    [
        (write_png(ROWS.tolist())[:-20], "a.png", {}, DamagedError),
        (b"", "a.png", {}, DamagedError),
        (saved("BMP")[:-1], "a.bmp", {}, DamagedError),
        (array(ROWS)[:-1], "a.npy", {}, DamagedError),
        (b"<!DOCTYPE html>", "a.png", {}, UnsupportedError),
        (b"<!DOCTYPE html>", "a.npy", {}, UnsupportedError),
        (b"version https://git-lfs.github.com/spec/v1\n", "a.png", {}, PointerError),
        (b"/annex/objects/MD5E-s1--0.png", "a.png", {}, PointerError),
        (saved("JPEG"), "a.jpg", {}, LossyError),
        (write_png([[(1, 2, 3)]], color=2), "a.png", {}, ColorError),
        (b"\0\0\0\0", "a.label", {"encoding": "color"}, ColorError),
        (array(np.array(3)), "a.npy", {"encoding": "color"}, ColorError),
        (array(ROWS / 2), "a.npy", {}, ValuesError),
        (array(np.ones((2, 2, 2, 2, 2), "u1")), "a.npy", {"encoding": "one-hot"}, ShapeError),
        (array(np.ones((1, 1, 2), "u1")), "a.npy", {"encoding": "one-hot"}, ValuesError),
        (array(np.arange(70_000, dtype="<u4")[None]), "a.npy", {}, ValuesError),
        (array(np.array(3)), "a.npy", {}, ShapeError),
        (array(ROWS), "a.npy", {"max_pixels": 5}, LimitError),
        (write_png(ROWS.tolist()), "a.png", {"max_bytes": 7}, LimitError),
    ],
)
def test_kind(refuse, data, name, options, kind):
    """The error of a mask says by its type what is wrong, also after the way between processes."""
    error = refuse(data, name, **options)
    assert issubclass(error.kind, kind)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.kind, copy.hint, str(copy)) == (error.kind, error.hint, str(error))


def test_missing_file(tmp_path):
    """A file that is not there is told from one that nobody may look into."""
    with pytest.raises(MaskError) as caught:
        count_file(str(tmp_path / "none.png"))
    assert caught.value.kind is MissingError
    assert "--root" in caught.value.hint


def test_link_that_leads_nowhere(tmp_path):
    """A broken link is a missing file too, which no option of lists can find."""
    (tmp_path / "a.png").symlink_to("gone")
    with pytest.raises(MaskError) as caught:
        count_file(str(tmp_path / "a.png"))
    assert (caught.value.kind, caught.value.hint) == (MissingError, "")


def test_no_kind(tmp_path):
    """Nobody could look into what is no file, so its error has no type of fault."""
    with pytest.raises(MaskError) as caught:
        count_file(str(tmp_path))
    assert caught.value.kind is None


@pytest.mark.parametrize("kind", DecodeError.__subclasses__())
def test_hint_keeps_the_type(kind):
    """An error with a hint is still of the type that a handler waits for."""
    error = kind("odd").with_hint("do this")
    assert (type(error), error.hint) == (kind, "do this")


RULES_OF_KINDS = {
    MissingError: "unreadable",
    AccessError: "unreadable",
    DamagedError: "unreadable",
    UnsupportedError: "unreadable",
    PointerError: "lfs-pointer",
    LossyError: "lossy",
    ColorError: "wrong-kind",
    ValuesError: "unusable",
    ShapeError: "unusable",
    LimitError: "unusable",
}


def test_rule_of_each_kind():
    """`check` chooses its rule by the type of the fault, whatever the words say."""
    assert set(RULES_OF_KINDS) == set(DecodeError.__subclasses__())
    for kind, rule in RULES_OF_KINDS.items():
        assert rule_of_error(MaskError("a.png", "a Git LFS pointer: JPEG is lossy", kind)) == rule
    assert rule_of_error(MaskError("a.png", "no such file")) == "unreadable"
    assert set(RULES_OF_KINDS.values()) <= set(RULES)


def raising(error):
    """A function that takes anything and raises an error."""

    def fail(*_, **__):
        raise error

    return fail


FORKED = multiprocessing.get_start_method() == "fork"  # else a worker does not see the planted bug


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.skipif(not FORKED, reason="workers are not forked"))])  # fmt: skip
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("png", (png_values, "ValueCounts")),
        ("bmp", (bmp, "_read_header")),
        ("gif", (images, "_values")),
    ],
)
def test_a_bug_in_a_reader(save_mask, weightcalc, monkeypatch, tmp_path, jobs, name, place):
    """A fault of our own code is a traceback and exit code 2, also where files may be skipped."""
    for stem in "abc":
        save_mask(ROWS, f"{stem}.{name}")
    monkeypatch.setattr(*place, raising(AttributeError("planted")))
    for command in (["weights", "-m", "balanced", "--on-error", "skip"], ["check"]):
        done = weightcalc(*command, tmp_path, "-n", 3, "-j", jobs)
        assert (done.exit_code, done.stdout) == (2, b"")
        assert "Traceback" in done.stderr
        assert "AttributeError: planted" in done.stderr
        assert "cannot be" not in done.stderr


def decoder_raises(monkeypatch, error):
    """Let Pillow's decoder of GIF raise an error."""
    monkeypatch.setattr(GifImagePlugin.GifImageFile, "load", raising(error), raising=False)


@pytest.mark.parametrize("error", [AttributeError("odd"), OSError("odd"), KeyError("odd")])
def test_what_a_decoder_raises(refuse, monkeypatch, error):
    """Whatever a decoder that is not ours raises says that the file is damaged."""
    decoder_raises(monkeypatch, error)
    refusal = refuse(saved("GIF"), "a.gif")
    assert refusal.kind is DamagedError
    assert "cannot be decoded: " in refusal.reason
    assert "odd" in refusal.reason


def test_a_module_that_a_decoder_lacks(refuse, monkeypatch):
    """A decoder that cannot import a module is named with it; the file is not called damaged."""
    decoder_raises(monkeypatch, ImportError("No module named 'wonder'", name="wonder.codecs"))
    refusal = refuse(saved("GIF"), "a.gif")
    assert refusal.kind is UnsupportedError
    assert refusal.reason == "Pillow needs the module wonder, which cannot be imported"
    assert refusal.hint


def test_memory_of_a_decoder(refuse, monkeypatch):
    """A mask for which there is not enough memory is not called damaged."""
    decoder_raises(monkeypatch, MemoryError())
    refusal = refuse(saved("GIF"), "a.gif")
    assert (refusal.kind, "not enough memory" in refusal.reason) == (LimitError, True)


def test_a_disk_that_fails_under_a_decoder(refuse, monkeypatch):
    """An error of the system keeps its words, and says nothing of the file."""
    decoder_raises(monkeypatch, OSError(errno.EIO, "Input/output error"))
    refusal = refuse(saved("GIF"), "a.gif")
    assert (refusal.kind, refusal.reason) == (None, "Input/output error")


def test_a_bug_that_a_decoder_calls():
    """Where a decoder calls our code back, a fault there is still ours."""
    with pytest.raises(AttributeError, match="isascii"), third_party("map"):
        list(map(printable, [None]))
    with pytest.raises(DamagedError, match="cannot be decoded: "), third_party("json"):
        json.loads("{")


@pytest.mark.parametrize(
    ("tag", "kind", "entry"),
    [
        (256, 2, b"ab\0\0"),  # the width, as text
        (256, 11, struct.pack("<f", np.nan)),
        (256, 11, struct.pack("<f", 2.5)),
        (273, 2, b"ab\0\0"),  # the place of the strip, as text
        (277, 3, struct.pack("<HH", 0, 0)),  # no sample in a pixel
        (339, 3, struct.pack("<HH", 3, 0)),  # floats of 8 bits
    ],
)
def test_tags_of_odd_types(refuse, tag, kind, entry):
    """A tag of TIFF may be of any type; what it cannot mean is a fault of the file."""
    pytest.importorskip("tifffile", reason="extra tiff is not installed")
    count = 3 if kind == 2 else 1
    values = {
        256: (4, 1, 3), 257: (4, 1, 2), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 2), 279: (4, 1, 6), 339: (3, 1, 1),
    }  # fmt: skip
    entries = b""
    for code, (type_, number, value) in values.items():
        if code == tag:
            entries += struct.pack("<HHI", code, kind, count) + entry
        else:
            entries += struct.pack("<HHII", code, type_, number, value)
    start = b"II*\0" + struct.pack("<I", 14) + ROWS.tobytes()
    error = refuse(start + struct.pack("<H", len(values)) + entries + bytes(4), "a.tif")
    assert error.kind in (DamagedError, ValuesError, UnsupportedError)


def test_shape_without_axes(refuse):
    """A single number is no mask in any encoding."""
    for encoding in ("auto", "index", "color", "one-hot", "multilabel"):
        assert refuse(array(np.array(3)), "a.npy", encoding=encoding).kind in (
            ShapeError,
            ColorError,
        )
