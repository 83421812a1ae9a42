"""Arrays, .npy and .npz: every plain one counts, no header is trusted, nothing is unpickled."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import Counter

import numpy as np
import pytest

from weightcalc import MaskError, ReadOptions, count_file
from weightcalc.kernels.special import NAN

MASK = np.array([[0, 1, 1], [2, 2, 2]], np.uint8)
PIXELS = MASK.tobytes()
VALUES = {0: 1, 1: 2, 2: 3}


def array(values, **options):
    """The bytes of a .npy file by NumPy."""
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


def npy(header, payload=PIXELS, version=(1, 0), length=None):
    """A .npy file whose header is any text."""
    size = struct.pack("<H" if version[0] < 2 else "<I", len(header) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + header.encode() + payload


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"])
@pytest.mark.parametrize("order", "<>")
def test_npy_of_integers(read, dtype, order):
    """Every integer type in both byte orders counts its smallest and largest values."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    (mask,) = read(array(np.array([[low, 1, 1], [high] * 3], order + dtype)), "a.npy")
    assert mask.values == {low: 1, 1: 2, high: 3}
    assert (mask.pixels, mask.largest, mask.notes) == (6, high, ())


def test_npy_of_booleans(read, refuse):
    """Booleans are 0 and 1; a byte that is neither is refused, not taken for one of them."""
    data = array(MASK > 1)
    assert read(data, "a.npy")[0].values == {0: 3, 1: 3}
    assert "byte 2" in str(refuse(data[:-1] + b"\2", "a.npy"))


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8"])
def test_npy_of_floats(read, refuse, dtype):
    """Floats count where all are whole or NaN, which is noted; fractions and infinity are refused."""
    (mask,) = read(array(np.array([[0, -0.0, 1], [2, 2, -3]], dtype)), "a.npy")
    assert mask.values == {0: 2, 1: 1, 2: 2, -3: 1}
    assert "whole" in mask.notes[0]
    (with_nan,) = read(array(np.array([[0, 1], [np.nan, np.nan]], dtype)), "a.npy")
    assert with_nan.values == {0: 1, 1: 1, NAN: 2}
    for odd, shown in (0.5, "0.5"), (float("inf"), "inf"):
        assert shown in str(refuse(array(np.array([[0, 1], [odd, 1]], dtype)), "a.npy"))


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", ["u1", ">u2", "<i8", "<f4"])
def test_npy_in_either_order(read, order, dtype):
    """Rows first or columns first, an array has the same masks, and a stack one for each entry."""
    stack = np.array([[[9, 1, 1, 1, 1]] * 2, [[2, 2, 2, 2, 9]] * 2, [[3] * 5, [4] * 5]], dtype)
    masks = read(array(np.array(stack, order=order)), "stack.npy")
    assert [mask.values for mask in masks] == [{9: 2, 1: 8}, {2: 8, 9: 2}, {3: 5, 4: 5}]
    (mask,) = read(array(np.array(stack[0], order=order)), "one.npy")
    assert mask.values == {9: 2, 1: 8}


@pytest.mark.parametrize("order", "CF")
def test_npy_larger_than_a_piece(read, order):
    """Arrays and stacks of several pieces of 1 MiB count as a plain sum does."""
    stack = np.zeros((3, 700, 1001), np.uint8)
    stack[0, -1, -1], stack[1, 5], stack[2, :, 7] = 2, 3, 4
    masks = read(array(np.array(stack, order=order)), "a.npy")
    size = 700 * 1001
    assert [mask.values for mask in masks] == [
        {0: size - 1, 2: 1}, {0: size - 1001, 3: 1001}, {0: size - 700, 4: 700}
    ]  # fmt: skip


@pytest.mark.parametrize("stack", [np.full((3, 2, 4), 7), np.eye(5, dtype=int)[None].repeat(2, 0)])
def test_stack_or_channels(read, refuse, stack):
    """Three axes that may be channels are refused with the encodings; index says they are masks."""
    hint = refuse(array(stack), "a.npy").hint
    assert all(word in hint for word in ("--encoding index", "--encoding one-hot", "multilabel"))
    assert len(read(array(stack), "a.npy", encoding="index")) == len(stack)


@pytest.mark.parametrize(
    ("shape", "masks"),
    [
        ((4, 6, 1), 1), ((1, 4, 6), 1), ((3, 1, 4, 6), 3), ((3, 4, 6, 1), 3), ((1, 5, 4, 6), 5),
        ((1, 1, 4, 6), 1), ((9,), 1), ((3, 1, 6), 3), ((1, 4, 6, 1), 1),
    ],
)  # fmt: skip
def test_axes_of_length_1_are_no_axes(read, shape, masks):
    """Axes of length 1 beside (H, W) and (N, H, W) are dropped; (N, 1, W) is N masks."""
    found = read(array(np.full(shape, 7, np.uint8)), "a.npy")
    pixels = int(np.prod(shape)) // masks
    assert [mask.values for mask in found] == [{7: pixels}] * masks


ONES = np.eye(3, dtype=np.uint8)[[0, 1, 1, 2, 2, 2]]  # 1, 2 and 3 pixels of the channels


@pytest.mark.parametrize(
    ("stored", "axis"),
    [
        (ONES, None), (ONES.T, 0), (ONES.reshape(2, 3, 3), None), (ONES.T.reshape(3, 2, 3), 0),
        (ONES.T.reshape(3, 1, 2, 3), 0), (ONES.reshape(1, 6, 3), None), (ONES.reshape(6, 1, 3), 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("high", [1, 255])
def test_channel_axes(read, stored, axis, high):
    """Channels last or first, of points, pixels or a volume; 255 is a one where that is said."""
    options = {"encoding": "one-hot", "channel_axis": axis}
    if high > 1:
        options["foreground"] = (high, high)
    data = array(np.ascontiguousarray(stored) * np.uint8(high))
    (mask,) = read(data, "a.npy", **options)
    assert (mask.values, mask.pixels, mask.num_channels) == ({0: 1, 1: 2, 2: 3}, 6, 3)


def test_hint_leads_to_the_answer(weightcalc, tmp_path):
    """The options that are offered for channels first count them as they are."""
    ones = np.ascontiguousarray(ONES.T.reshape(3, 1, 6).repeat(8, 1))
    np.save(tmp_path / "a.npy", ones)
    refused = weightcalc("count", tmp_path / "a.npy")
    assert (refused.exit_code, refused.stdout) == (2, b"")
    assert "--encoding one-hot --channel-axis 0" in refused.stderr
    words = ["--encoding", "one-hot", "--channel-axis", "0"]
    counts = weightcalc("count", tmp_path / "a.npy", *words).json
    assert [entry["pixels"] for entry in counts["classes"]] == [8, 16, 24]


def test_stack_whose_first_masks_are_binary(read):
    """A stack is no one-hot array if any mask holds more than 0 and 1, be it the last."""
    stack = np.eye(5, dtype=np.uint8)[None].repeat(3, 0)
    stack[2, 0, 0] = 2
    values = [mask.values for mask in read(array(stack), "a.npy")]
    assert values == [{0: 20, 1: 5}, {0: 20, 1: 5}, {0: 20, 1: 4, 2: 1}]


DICT = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }"
ATTACKS = {
    "no array": b"",
    "magic only": b"\x93NUMPY",
    "wrong magic": b"\x93NUMPZ" + npy(DICT)[6:],
    "pickle": pickle.dumps([7] * 6),
    "version 0": npy(DICT, version=(0, 0)),
    "version 4": npy(DICT, version=(4, 0)),
    "header of 4 GiB": npy(DICT, version=(2, 0), length=0xFFFFFFFF),
    "header of 65535 bytes": npy(DICT, length=65535),
    "header of 20 kB": npy(DICT + " " * 20_000),
    "header cut": npy(DICT)[:40],
    "header empty": npy("", length=0),
    "list": npy("[1, 2, 3]"),
    "two dicts": npy(DICT + DICT),
    "code after it": npy(DICT + ".__class__"),
    "code in the shape": npy(DICT.replace("(2, 3)", "(open('ran', 'w').write('x'), 3)")),
    "code in the type": npy(DICT.replace("'|u1'", 'exec(\'open("ran","w")\')')),
    "code as the order": npy(DICT.replace("False", "open('ran', 'w')")),
    "brackets": npy("(" * 9000),
    "signs": npy("{'shape': " + "-" * 9000 + "1}"),
    "key missing": npy("{'descr': '|u1', 'fortran_order': False, }"),
    "key too many": npy(DICT.replace("}", "'x': True, }")),
    "order in words": npy(DICT.replace("False", "'no'")),
    "negative axis": npy(DICT.replace("(2, 3)", "(-2, -3)")),
    "axis of a float": npy(DICT.replace("2,", "2.0,")),
    "axis of a bool": npy(DICT.replace("2,", "True,")),
    "axis with a zero in front": npy(DICT.replace("2,", "02,")),
    "control character": npy(DICT + "\x1e"),
    "axes as a list": npy(DICT.replace("(2, 3)", "[2, 3]")),
    "a number in brackets": npy(DICT.replace("(2, 3)", "(6)")),
    "no axes": npy(DICT.replace("(2, 3)", "()")),
    "four axes": npy(DICT.replace("(2, 3)", "(2, 2, 2, 3)")),
    "axis of zero": npy(DICT.replace("2,", "0,")),
    "size that wraps to 0": npy(DICT.replace("(2, 3)", "(4294967296, 4294967296)")),
    "size that wraps to 6": npy(DICT.replace("(2, 3)", "(4294967297, 25769803782)")),
    "size of 10**400": npy(DICT.replace("(2, 3)", f"(1{'0' * 400}, 3)")),
    "larger than the file": npy(DICT.replace("2,", "70000,")),
    "one byte short": npy(DICT)[:-1],
    "objects": npy(DICT.replace("|u1", "|O"), pickle.dumps([7] * 6)),
    "text": npy(DICT.replace("|u1", "<U1"), bytes(24)),
    "bytes": npy(DICT.replace("|u1", "|S1")),
    "void": npy(DICT.replace("|u1", "|V1")),
    "dates": npy(DICT.replace("|u1", "<M8[D]"), bytes(48)),
    "complex": npy(DICT.replace("|u1", "<c8"), bytes(48)),
    "3-byte integers": npy(DICT.replace("|u1", "<u3"), bytes(18)),
    "structures": npy(DICT.replace("'|u1'", "[('a', '|u1')]")),
    "long doubles": npy(DICT.replace("|u1", "<f16"), bytes(96)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_npy_header_is_not_trusted(refuse, tmp_path, monkeypatch, name):
    """A header that lies, asks for much, or holds code is an error; nothing of it is run."""
    monkeypatch.chdir(tmp_path)
    refuse(ATTACKS[name], "a.npy")
    assert os.listdir(tmp_path) == ["a.npy"]


@pytest.mark.parametrize(
    "data",
    [
        npy(DICT, version=(1, 0)),
        npy(DICT, version=(2, 0)),
        npy(DICT, version=(3, 0)),
        npy('{"shape":(2,3),"fortran_order":False,"descr":"|u1"}'),
        npy(DICT.replace("2, 3", "2L, 3L") + " \n"),
    ],
)
def test_npy_headers_of_all_writers(read, data):
    """Any version, order of keys, quotes and padding of a header is read; so are names in capitals."""
    assert read(data, "a.npy")[0].values == read(data, "B.NPY")[0].values == VALUES


def test_bytes_after_an_array_are_noted(read):
    """Bytes after the array leave it as it is, and are noted."""
    (mask,) = read(array(MASK) + b"tail", "a.npy")
    assert mask.values == VALUES
    assert "follow" in mask.notes[0]


class Evil:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize("wrap", [np.array, lambda evil: np.array([[evil]] * 2)])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_nothing_is_unpickled(refuse, tmp_path, monkeypatch, wrap, suffix):
    """An array of objects is refused unseen: what unpickling would do does not happen."""
    monkeypatch.chdir(tmp_path)
    data = array(wrap(Evil()), allow_pickle=True)
    refuse(data if suffix == ".npy" else zipped({"a.npy": data}), f"a{suffix}")
    assert os.listdir(tmp_path) == [f"a{suffix}"]
    np.load(io.BytesIO(data), allow_pickle=True)
    assert sorted(os.listdir(tmp_path)) == [f"a{suffix}", "unpickled"]


def zipped(members, method=zipfile.ZIP_STORED):
    """The bytes of an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(30, 40), (2300, 2400)])
def test_npz_of_one_array(read, save, shape):
    """A .npz of one array counts like the array, stored or deflated, below and above 4 MiB."""
    noise = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    buffer = io.BytesIO()
    save(buffer, noise)
    (mask,) = read(buffer.getvalue(), "a.npz")
    assert (len(buffer.getvalue()) > 4 << 20) == (shape[0] > 1000)
    assert mask.values == Counter(noise.ravel().tolist())


def test_npz_of_a_stack(read):
    """A stack within a .npz has a mask for each entry."""
    stack = np.stack([np.full((2, 5), 7), np.full((2, 5), 8)])
    masks = read(zipped({"arr_0.npy": array(stack)}), "a.npz")
    assert [mask.values for mask in masks] == [{7: 10}, {8: 10}]


def encrypted(data):
    """An archive that says its one member is encrypted, in both of its headers."""
    central = data.index(b"PK\1\2")
    changed = bytearray(data)
    changed[6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


def damaged(data):
    """An archive with a pixel changed, so that the CRC of its member is wrong."""
    at = data.index(PIXELS)
    return data[:at] + b"\1" + data[at + 1 :]


ARCHIVES = {
    "two arrays": (zipped({"a.npy": array(MASK), "b.npy": array(MASK)}), "2 arrays"),
    "no array": (zipped({}), "no arrays"),
    "wrong CRC": (damaged(zipped({"a.npy": array(MASK)})), "CRC"),
    "encrypted": (encrypted(zipped({"a.npy": array(MASK)})), "encrypted"),
    "no .npy in it": (zipped({"a.txt": b"notes, and more of them"}), "npy"),
    "array cut": (zipped({"a.npy": array(MASK)[:-1]}), "too early"),
    "archive cut": (zipped({"a.npy": array(MASK)})[:-30], ""),
    "no archive": (b"notes", ""),
    "one-hot": (zipped({"a.npy": array(np.ones((4, 5, 5)))}), "channels"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_npz_that_is_refused(refuse, name):
    """An archive that is damaged, closed, or of more than one array is an error that names it."""
    data, reason = ARCHIVES[name]
    assert reason in str(refuse(data, "a.npz"))


def test_npz_that_inflates_beyond_the_limit(refuse):
    """A small archive of a large array is refused by its size, before it is inflated."""
    bomb = zipped({"a.npy": array(np.zeros((3000, 3000), np.uint8))}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    error = refuse(bomb, "a.npz", max_bytes=1 << 20)
    assert "1048576" in str(error)
    assert "--max-bytes" in error.hint


def test_limit_of_pixels(refuse):
    """--max-pixels holds for arrays too, and its refusal names it."""
    assert "--max-pixels" in refuse(array(MASK), "a.npy", max_pixels=5).hint


@pytest.mark.long
def test_a_stack_of_too_many_masks(tmp_path):
    """The counts of a file are held together, so that their number has a limit."""
    np.save(tmp_path / "a.npy", np.zeros((1 << 18, 1, 5), np.uint8))
    assert len(count_file(str(tmp_path / "a.npy"), ReadOptions("index"))) == 1 << 18
    np.save(tmp_path / "a.npy", np.zeros(((1 << 18) + 1, 1, 5), np.uint8))
    with pytest.raises(MaskError, match="more than the limit of 262144"):
        count_file(str(tmp_path / "a.npy"), ReadOptions("index"))
