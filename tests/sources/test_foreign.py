"""Formats of labels that are not read are called by name, with the page that turns them into masks."""

from __future__ import annotations

import json

import pytest

FILES = {
    "a.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200), "a MATLAB file older than 7.3"),
    "a.nrrd": (b"NRRD0005\ntype: uint8\n", "an NRRD file"),
    "a.mha": (b"ObjectType = Image\nNDims = 3\n", "a MetaImage file"),
    "a.mhd": (b"NDims = 3\n", "a MetaImage file"),
    "a.dcm": (bytes(128) + b"DICM" + bytes(99), "a DICOM file"),
    "a.parquet": (b"PAR1" + bytes(50), "a Parquet file"),
    "a.txt": (b"0 0.5 0.5 0.1 0.2\n1 0.1 0.1 0.2 0.1 0.3 0.4\n", "a text file of YOLO"),
    "coco.json": (
        json.dumps({"images": [], "annotations": [], "categories": []}).encode(),
        "a JSON file of COCO",
    ),
    "labelme.json": (
        json.dumps({"shapes": [], "imagePath": "a"}).encode(),
        "a JSON file of LabelMe",
    ),
    "renamed.png": (b"NRRD0005\ntype: uint8\n", "an NRRD file"),
}


@pytest.mark.parametrize("name", FILES)
def test_named_file(weightcalc, tmp_path, name):
    """A file is told by what it holds, and the page with the lines for it is named."""
    data, what = FILES[name]
    (tmp_path / name).write_bytes(data)
    result = weightcalc("weights", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, b"")
    assert f"{name}: it is {what}" in result.stderr
    assert "weightcalc help formats" in result.stderr


@pytest.mark.parametrize("name", ["a.nrrd", "a.MHA", "a.dcm", "a.parquet", "a.txt"])
def test_folder(weightcalc, tmp_path, name):
    """A folder that holds only such files names the page too."""
    (tmp_path / name).write_bytes(b"x")
    result = weightcalc("weights", tmp_path)
    assert result.exit_code == 2
    assert "weightcalc help formats" in result.stderr


@pytest.mark.parametrize("text", [b"1 2 3 4 5 6\n", b"hello world\n", b"0.5 0.5 0.5 0.5 0.5\n"])
def test_other_text(weightcalc, tmp_path, text):
    """Text that is no annotation is not taken for one."""
    (tmp_path / "a.txt").write_bytes(text)
    assert "YOLO" not in weightcalc("weights", tmp_path / "a.txt").stderr
