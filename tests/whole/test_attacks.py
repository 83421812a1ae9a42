"""Files and folders that once took minutes or gigabytes: each is dealt with in 2 s and 300 MB."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.png_writer import write_png
from support.processes import RUN, run_bounded

from weightcalc.kernels import counters

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)
MB = 1_000_000


@pytest.fixture
def count(environment, tmp_path):
    """A function that counts a file in bounds, and gives the exit code, the message and the counts."""

    def count(name, *options, **bounds):
        output = tmp_path / "counts.json"
        code, stderr = run_bounded(
            "count", "-qj1", tmp_path / name, "-o", output, *options,
            environment=environment, **bounds,
        )  # fmt: skip
        return code, stderr, json.loads(output.read_text()) if output.exists() else None

    return count


def npy_header(dtype, shape, fortran=False):
    """The beginning of a .npy file."""
    text = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


def pixels_of(counts):
    """Class to pixels, without classes that do not occur."""
    return {entry["index"]: entry["pixels"] for entry in counts["classes"] if entry["pixels"]}


@pytest.mark.parametrize(
    ("dtype", "shape"), [("|u1", (16384, 8, 16)), ("<u2", (8192, 4, 16)), ("<i8", (8192, 4, 16))]
)
def test_stack_of_many_small_masks_in_fortran_order(tmp_path, count, dtype, shape):
    """Masks whose pixels take turns are told apart in bounded memory, each pixel of each of them."""
    values = np.zeros(shape, dtype, order="F")
    values[::2, 1, 3] = 5
    np.save(tmp_path / "a.npy", values)
    code, stderr, counts = count("a.npy", "--encoding", "index", seconds=6)
    assert code == 0, stderr
    assert counts["masks"] == shape[0]
    fives = shape[0] // 2
    assert pixels_of(counts) == {0: values.size - fives, 5: fives}


def test_large_stack_in_fortran_order(tmp_path, count):
    """Where a stack is larger than what is held, it is read once for each group of its masks."""
    shape = (512, 256, 300)  # of 16 bits: 128 tables of 64 KiB * 8 at a time
    with (tmp_path / "a.npy").open("wb") as file:
        file.write(npy_header("<u2", shape, fortran=True))
        start = file.tell()
        file.truncate(start + 2 * 512 * 256 * 300)
        for mask in (0, 127, 128, 511):  # at row 0 and column 1: pixels run along the masks
            file.seek(start + 2 * (mask + 512 * 256))
            file.write(struct.pack("<H", 9))
    code, stderr, counts = count("a.npy", seconds=30)
    assert code == 0, stderr
    assert (counts["masks"], pixels_of(counts)) == (512, {0: 512 * 256 * 300 - 4, 9: 4})


def test_fortran_order_that_cannot_be_told_apart(tmp_path, count):
    """A stack that had to be read hundreds of times is refused, and the hint says how to save it."""
    with (tmp_path / "a.npy").open("wb") as file:
        file.write(npy_header("<u2", (8192, 64, 64), fortran=True))
        file.truncate(file.tell() + 2 * 8192 * 64 * 64)
    code, stderr, _ = count("a.npy")
    assert code == 2
    assert "a.npy: 8192 masks in Fortran order" in stderr
    assert "numpy.ascontiguousarray" in stderr


@pytest.mark.parametrize(
    ("method", "said"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
@pytest.mark.parametrize("name", ["a.npz", "a.zip"])
def test_methods_that_inflate_without_bounds(tmp_path, count, method, said, name):
    """A member of some kB that its decoder would inflate at once is refused by its method."""
    with (
        zipfile.ZipFile(tmp_path / name, "w", method) as archive,
        archive.open("mask.npy", "w") as member,
    ):
        member.write(npy_header("|u1", (1024, 8192)))
        for _ in range(8):
            member.write(bytes(1 << 20))
    code, stderr, _ = count(name, megabytes=100)
    assert code == 2
    assert said in stderr


def endless_header(kind, size):
    """A function that writes a tar whose header of that kind goes on for so many bytes."""

    def write(path):
        info = tarfile.TarInfo("././@LongLink")
        info.type, info.size = kind, size
        with path.open("wb") as file:
            file.write(info.tobuf(tarfile.GNU_FORMAT))
            file.truncate(file.tell() + size)

    return write


def sparse_map(path):
    """A tar whose map of a sparse file goes on over 100 MB."""
    info = tarfile.TarInfo("a.png")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[482] = 1  # it goes on
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 32)
    more = (b"%011o\0" % 1) * 42  # 21 pairs of place and length
    with path.open("wb") as file:
        file.write(block)
        for _ in range(200):
            file.write((more + b"\1").ljust(512, b"\0") * 1000)


def pax_for_all(path):
    """A tar with 100,000 keys that hold for all members, of which there are 1000."""
    keys = b"".join(b"%d k%07d=v\n" % (len(b"13 k0000000=v\n"), n) for n in range(100_000))
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.XGLTYPE, len(keys)
    with path.open("wb") as file:
        file.write(info.tobuf() + keys + bytes(-len(keys) % 512))
        for number in range(1000):
            file.write(tarfile.TarInfo(f"{number}.png").tobuf())
        file.write(bytes(1024))


@pytest.mark.parametrize(
    "write",
    [
        endless_header(tarfile.GNUTYPE_LONGNAME, 2 << 30),
        endless_header(tarfile.XHDTYPE, 2 << 30),
        sparse_map,
        pax_for_all,
    ],
    ids=["name", "pax", "sparse", "pax for all"],
)
def test_headers_of_tar(tmp_path, count, write):
    """What stands before a member of a tar is limited: its name, its attributes, its map."""
    write(tmp_path / "a.tar")
    code, stderr, _ = count("a.tar")
    assert code == 2
    assert "a.tar: not a readable archive: it has headers of" in stderr


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_cut_strips_of_ccitt(tmp_path, count, compression):
    """Strips that libtiff would fill in are refused by the name of their compression."""
    path = tmp_path / "a.tif"
    Image.fromarray(np.eye(64) > 0).save(path, compression=compression)
    data = bytearray(path.read_bytes())
    data[8:40] = bytes(32)  # of its strip, which begins there
    path.write_bytes(data)
    code, stderr, _ = count("a.tif")
    assert code == 2
    assert "CCITT" in stderr


def test_first_axis_of_nifti(tmp_path, count):
    """A volume of a single row of 2**26 voxels is counted in pieces of it."""
    pytest.importorskip("nibabel")
    axes = struct.pack("<8q", 3, 1 << 26, 1, 1, 1, 1, 1, 1)
    head = struct.pack("<i8sHH", 540, b"n+2\0\r\n\x1a\n", 2, 8) + axes
    header = (head + bytes(168 - len(head)) + struct.pack("<q", 544)).ljust(544, b"\0")
    with (tmp_path / "a.nii").open("wb") as file:
        file.write(header)
        file.truncate(544 + (1 << 26))
        file.seek(-1, os.SEEK_END)
        file.write(b"\3")
    code, stderr, counts = count("a.nii", seconds=8, megabytes=200)
    assert code == 0, stderr
    assert pixels_of(counts) == {0: (1 << 26) - 1, 3: 1}


def test_a_million_masks_of_5_pixels(tmp_path, count):
    """A file of more masks than can be held together is refused by its header."""
    np.savez_compressed(tmp_path / "a.npz", np.zeros((1_000_000, 1, 5), np.uint8))
    code, stderr, _ = count("a.npz", "--encoding", "index")
    assert code == 2
    assert "it holds 1000000 masks, more than the limit of 262144" in stderr


def test_masks_of_many_values(tmp_path, count):
    """A stack whose masks have 65,536 values each is refused when they are too many together."""
    values = np.broadcast_to(np.arange(65536, dtype="<u2").reshape(256, 256), (40, 256, 256))
    np.savez_compressed(tmp_path / "a.npz", values)
    code, stderr, _ = count("a.npz", "-n", "65536", seconds=10)
    assert code == 2
    assert "more than 2097152 values together" in stderr


@pytest.mark.parametrize("num_members", [10_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_empty_members(tmp_path, environment, num_members):
    """The members of a compressed tar are listed in one pass, though tarfile goes a byte back."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(num_members):
            archive.addfile(tarfile.TarInfo(f"{number}.txt"))
    code, stderr = run_bounded(
        "count", tmp_path / "a.tar.gz", environment=environment, seconds=2 + num_members // 10_000
    )
    assert code == 2
    assert f"{num_members} files that are no masks" in stderr


COLLISIONS = """
import resource, struct, sys
from weightcalc.kernels.counters import ValueCounter
values = sorted(int(word) for word in sys.stdin.read().split())
counter = ValueCounter(8)
data = struct.pack(f"<{len(values)}Q", *values)
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
for _ in range(20):
    counter.add(data)
assert counter.counts() == dict.fromkeys(values, 20)
print("right")
"""


@pytest.mark.skipif(not counters.COMPILED, reason="the table is that of the compiled kernel")
def test_values_that_collide(environment):
    """Values that collide under the usual multiplier are counted exactly, as fast as others."""
    factor = 0x9E3779B97F4A7C15
    inverse = pow(factor, -1, 1 << 64)
    values = [((0x123456 << 40 | number) * inverse) % (1 << 64) for number in range(60_000)]
    done = subprocess.run(
        [sys.executable, "-c", COLLISIONS], input=" ".join(map(str, values)),
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "right\n"


def held_by(session):
    """Bytes that the processes of a session hold, what they share divided among them."""
    held = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rpartition(")")[2].split()[3]) == session:
                lines = (status.parent / "smaps_rollup").read_text().splitlines()
                held += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):  # it has just ended
            continue
    return held * 1024


@pytest.mark.parametrize("num_masks", [60, pytest.param(400, marks=pytest.mark.long)])
def test_results_that_wait(tmp_path, environment, num_masks):
    """Masks of 65,536 values each are counted by two processes in less than 300 MB together."""
    rng = np.random.default_rng(1)
    values = rng.permutation(65536).reshape(256, 256).tolist()
    mask = tmp_path / "mask.png"
    mask.write_bytes(write_png(values, depth=16))
    (tmp_path / "masks").mkdir()
    for number in range(num_masks):
        os.link(mask, tmp_path / f"masks/{number:03}.png")
    command = [*RUN, "count", "-qj2", "-n65536", "masks", "-o", "counts.json"]
    most = 0
    with subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True) as run:
        while run.poll() is None:
            most = max(most, held_by(run.pid))
            time.sleep(0.05)
    assert run.returncode == 0
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert {entry["pixels"] for entry in counts["classes"]} == {num_masks}
    assert 20 * MB < most < 300 * MB


@pytest.fixture
def nested_folders(tmp_path):
    """1500 folders in each other, and a mask in the last one."""
    here = os.getcwd()
    os.chdir(tmp_path)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    Path("a.png").write_bytes(write_png([[0, 1, 1]]))
    yield tmp_path / "d"
    os.remove("a.png")  # as pytest gives up at such depths
    for _ in range(1500):
        os.chdir("..")
        os.rmdir("d")
    os.chdir(here)


def test_nested_folders(nested_folders, count):
    """Folders that are nested beyond the depth of Python's own stack are walked."""
    code, stderr, counts = count(nested_folders)
    assert code == 0, stderr
    assert pixels_of(counts) == {0: 1, 1: 2}


@pytest.mark.parametrize(
    ("piece", "option"),
    [(b"a", []), (b"a", ["--null"]), (b"ab", []), (b"\xff", []), (b"\xff", ["--null"]),
     (b"\0", []), (b"\n", ["--null"])],
)  # fmt: skip
def test_lines_that_do_not_end(tmp_path, environment, option, piece):
    """A list of 256 MB without an end of line is refused by its first line."""
    with (tmp_path / "list.txt").open("wb") as file:
        for _ in range(256):
            file.write((piece * (1 << 20))[: 1 << 20])
    code, stderr = run_bounded(
        "count", "--files-from", tmp_path / "list.txt", *option,
        environment=environment, megabytes=100,
    )  # fmt: skip
    assert code == 2
    assert "line 1 of the list is longer than 65536 bytes" in stderr


OWN_FAULT = """
from weightcalc.masks import bmp

def fail(*_):
    raise AttributeError("planted")

bmp._read_header = fail
"""
MISSING_MODULE = """
from PIL import GifImagePlugin

def load(image):
    import wonder

GifImagePlugin.GifImageFile.load = load
"""


@pytest.mark.parametrize("command", ["count", "check"])
def test_a_fault_of_our_own(tmp_path, environment, command):
    """A fault in a reader of ours is a traceback; the mask is not called damaged, nor to be skipped."""
    Image.new("L", (4, 4)).save(tmp_path / "a.bmp")
    code, stderr = run_bounded(
        command, "-qj1", tmp_path, "-n2", environment=environment, planted=OWN_FAULT
    )
    assert code == 2
    assert "Traceback" in stderr
    assert "AttributeError: planted" in stderr
    assert "damaged" not in stderr
    assert "--on-error" not in stderr


def test_a_module_that_a_decoder_lacks(tmp_path, environment):
    """A decoder in which an import fails is named with the module; the mask is not called damaged."""
    Image.new("P", (4, 4)).save(tmp_path / "a.gif")
    code, stderr = run_bounded(
        "count", "-qj1", tmp_path, "-n2", environment=environment, planted=MISSING_MODULE
    )
    assert code == 2
    assert "a.gif: Pillow needs the module wonder, which cannot be imported" in stderr
    assert "Traceback" not in stderr
    assert "damaged" not in stderr
    assert "--on-error" not in stderr
