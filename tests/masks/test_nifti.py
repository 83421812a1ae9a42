"""NIfTI volumes and SemanticKITTI scans: one mask a file, labels whole, nothing scaled away."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from weightcalc import MaskError, MissingExtraError, ReadOptions, count_file, list_masks

VOLUME = np.arange(24).reshape(2, 3, 4) % 5  # 0 to 3 five times each, 4 four times
COUNTS = {0: 5, 1: 5, 2: 5, 3: 5, 4: 4}


@pytest.fixture
def save(tmp_path):
    """A function that saves a volume by nibabel and returns the name of the file."""
    nibabel = pytest.importorskip("nibabel")

    def save(values, name="case.nii.gz", version=1, scale=None):
        class_ = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
        image = class_(values, np.eye(4), dtype=values.dtype)
        nibabel.save(image, tmp_path / name)
        if scale:  # where the header has slope and intercept
            path = tmp_path / name
            data = bytearray(path.read_bytes())
            data[112:120] = struct.pack("<ff", *scale)
            path.write_bytes(data)
        return str(tmp_path / name)

    return save


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["case.nii", "case.nii.gz", "CASE.NII.GZ"])
@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2"]
)
def test_types(save, dtype, name, version):
    """Labels of any type count as they are; floats if they are whole. A volume is a mask."""
    (mask,) = count_file(save(VOLUME.astype(dtype), name.lower(), version))
    assert mask.values == COUNTS
    assert (mask.pixels, mask.kind) == (24, "volume")


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 4), (2, 3, 4, 1), (2, 3, 4, 1, 1)])
def test_shapes(save, shape):
    """Two or three axes are a volume, and further ones if they are 1 long."""
    assert count_file(save(VOLUME.reshape(shape).astype("u1")))[0].values == COUNTS


def test_several_volumes(save):
    """A fourth axis of times or channels is refused."""
    with pytest.raises(MaskError, match=r"shape \(2, 3, 2, 2\) is not one volume"):
        count_file(save(VOLUME.reshape(2, 3, 2, 2).astype("u1")))


def test_scaling(save):
    """Slope and intercept are applied, and what comes out must be whole."""
    name = save(VOLUME.astype("i2"), "case.nii", scale=(2.0, 1.0))
    assert count_file(name)[0].values == {2 * v + 1: n for v, n in COUNTS.items()}
    with pytest.raises(MaskError, match=r"\.5 is not a whole number"):
        count_file(save(VOLUME.astype("i2"), "case.nii", scale=(0.5, 0.0)))


def test_parts_of_labels(save):
    """A probability map is no mask."""
    with pytest.raises(MaskError, match="is not a whole number"):
        count_file(save(VOLUME.astype("f4") / 3))


def test_folder(save, weightcalc, tmp_path):
    """Both endings are found in folders, and cases of different types are one kind."""
    save(VOLUME.astype("u1"), "a.nii")
    save(VOLUME.astype("f8"), "b.nii.gz")
    (tmp_path / "c.gz").write_bytes(b"")
    assert [Path(name).name for name in list_masks(str(tmp_path))] == ["a.nii", "b.nii.gz"]
    done = weightcalc("count", tmp_path)
    assert done.json["masks"] == 2
    assert done.json["pixels"] == 48


def damage(path, change):
    """Change the inflated bytes of a gzipped file."""
    path = Path(path)
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))
    return str(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "Expected|not enough|decoded"),
        (lambda data: data[:200], "inside its header"),
        (lambda data: b"junk" + data, "no NIfTI file"),
        (lambda data: data[3::-1] + data[4:], "another byte order"),
        (lambda data: data[:344] + b"ni1\0" + data[348:], "in another file"),
        (lambda data: data[:70] + struct.pack("<hh", 128, 24) + data[74:], "no labels|decoded"),
        (lambda data: data[:70] + struct.pack("<h", 9999) + data[72:], "decoded"),
        (lambda data: data[:40] + struct.pack("<4h", 3, 2, 3, 0) + data[48:], "size is"),
        (lambda data: data[:108] + bytes(4) + data[112:], "at byte 0, inside its header"),
        (lambda data: data[:40] + struct.pack("<4h", 3, 30000, 30000, 30000) + data[48:], "limit"),
    ],
)
def test_damaged(save, change, message, capfd):
    """What is cut, or no volume of numbers, is refused in silence on standard error."""
    name = damage(save(VOLUME.astype("u1")), change)
    with pytest.raises(MaskError, match=message):
        count_file(name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("end", [-1, -8, 60])
def test_damaged_gzip(save, end):
    """A gzip stream that is cut, also in its checksum, is refused."""
    path = Path(save(VOLUME.astype("u1")))
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(MaskError, match="decoded"):
        count_file(str(path))
    path.write_bytes(gzip.compress(b"x")[:-8] + bytes(8))


def test_limits_and_encodings(save):
    """--max-bytes bounds what is inflated; a volume has no colours and no channels."""
    name = save(VOLUME.astype("u1"))
    for options in (ReadOptions(max_bytes=20), ReadOptions("color"), ReadOptions("one-hot")):
        with pytest.raises(MaskError):
            count_file(name, options)


def test_without_nibabel(save, monkeypatch, weightcalc):
    """A missing nibabel ends the run with the extra to install, whatever --on-error says."""
    name = save(VOLUME.astype("u1"))
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(MissingExtraError, match=r"weightcalc\[nifti\]"):
        count_file(name)
    done = weightcalc("count", name, "--on-error", "skip")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "reading .nii masks needs: pip install" in done.stderr


def test_memory(save, tmp_path, environment):
    """A volume of 512 x 512 x 600 floats, 629 MB, is counted in less than 150 MB."""
    name = save(np.zeros((512, 512, 600), "f4"))
    code = (
        f"import re; from weightcalc import count_file; print(count_file({name!r})[0].values);"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    counts, peak = done.stdout.decode().splitlines()
    assert counts == f"{{0: {512 * 512 * 600}}}"
    assert int(peak) * 1024 < 150_000_000


# Class in the lower half, instance in the upper: 3 cars (10), one of them moving (252), 1 road.
SCAN = np.array([10, 10 | 7 << 16, 10 | 0xFFFF << 16, 252 | 7 << 16, 40], "<u4")


def test_scan(tmp_path, weightcalc):
    """A SemanticKITTI scan counts by the lower 16 bits; a scan is a mask."""
    for name in "a", "b":
        (tmp_path / f"{name}.label").write_bytes(SCAN.tobytes())
    (mask,) = count_file(str(tmp_path / "a.label"))
    assert mask.values == {10: 3, 40: 1, 252: 1}
    assert (mask.pixels, mask.largest) == (5, 65535)
    done = weightcalc(
        "count", tmp_path, "-n", "3", "--map", "10:1", "--map", "252:1", "--map", "40:2"
    )
    assert [entry["pixels"] for entry in done.json["classes"]] == [0, 8, 2]


def test_large_scan(tmp_path):
    """A scan of many pieces is counted to its last point."""
    (tmp_path / "a.label").write_bytes(SCAN.tobytes() * 400_000)
    assert count_file(str(tmp_path / "a.label"))[0].values == {
        10: 1_200_000, 40: 400_000, 252: 400_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (SCAN.tobytes()[:-1], "auto", "19 bytes are no whole points"),
        (b"ab", "auto", "2 bytes are no whole points"),
        (b"", "auto", "empty"),
        (SCAN.tobytes(), "color", "no colours"),
        (SCAN.tobytes(), "one-hot", "no channels"),
    ],
)
def test_no_scan(tmp_path, data, encoding, message):
    """A file that holds no whole points is refused, and so are colours and channels."""
    (tmp_path / "a.label").write_bytes(data)
    with pytest.raises(MaskError, match=message):
        count_file(str(tmp_path / "a.label"), ReadOptions(encoding))
