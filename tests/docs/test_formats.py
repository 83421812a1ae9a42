"""The lines of `weightcalc help formats` that turn other formats into masks, run on small files."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image
from support.png_writer import RGB, write_png

from weightcalc import count_file
from weightcalc.manual import page

# A square from (1, 1) to (2, 2), borders included, in 4 x 4 pixels.
SQUARE = [[1, 1], [2, 1], [2, 2], [1, 2]]
COUNTS = {0: 12, 2: 4}


def run(title, folder, monkeypatch):
    """Run the lines below a title of the manual in a folder."""
    text = page("formats")
    code = re.search(rf"\*\*{title}.*?```python\n(.*?)```", text, re.DOTALL)[1]
    monkeypatch.chdir(folder)
    exec(compile(code, title, "exec"), {})  # noqa: S102


def test_labelme(tmp_path, monkeypatch):
    """Polygons of LabelMe are filled with the numbers of their classes."""
    shapes = [{"label": "car", "points": SQUARE, "shape_type": "polygon"}]
    page_ = {"imageWidth": 4, "imageHeight": 4, "imagePath": "a.jpg", "shapes": shapes}
    (tmp_path / "a.json").write_text(json.dumps(page_))
    run("LabelMe", tmp_path, monkeypatch)
    assert count_file("a.png")[0].values == COUNTS


def test_yolo(tmp_path, monkeypatch):
    """Polygons of YOLO, in parts of the size, are filled with their class and one more."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "images").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "images" / "a.jpg")
    parts = " ".join(str(number / 4) for point in SQUARE for number in point)
    (tmp_path / "labels" / "a.txt").write_text(f"1 {parts}\n")
    run("YOLO", tmp_path, monkeypatch)
    assert count_file("labels/a.png")[0].values == COUNTS
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.25 0.25\n")
    with pytest.raises(SystemExit, match="a box"):
        run("YOLO", tmp_path, monkeypatch)


def test_coco_panoptic(tmp_path, monkeypatch):
    """Segments of COCO panoptic get the numbers of their categories; 0 is void."""
    red_green_blue = [[12, 61, 49], [13, 61, 49], [0, 0, 0]]  # 12 + 256 x 61 + 65536 x 49
    Image.fromarray(np.array([red_green_blue], np.uint8)).save(tmp_path / "a.png")
    segments = [{"id": 3226892, "category_id": 7}, {"id": 3226893, "category_id": 2}]
    one = {"file_name": "a.png", "segments_info": segments}
    page_ = {"categories": [{"id": 2}, {"id": 7}], "annotations": [one]}
    (tmp_path / "panoptic.json").write_text(json.dumps(page_))
    run("COCO panoptic", tmp_path, monkeypatch)
    assert count_file("a_classes.png")[0].values == {0: 1, 1: 1, 2: 1}


def test_ade20k(tmp_path, monkeypatch):
    """Classes of ADE20K are of red and green: 256 x (20 / 10) + 3 is 515."""
    Image.fromarray(np.array([[[20, 3, 90], [20, 3, 0]]], np.uint8)).save(tmp_path / "a_seg.png")
    run("ADE20K", tmp_path, monkeypatch)
    assert count_file("a_seg_classes.npy")[0].values == {515: 2}


def test_one_channel(tmp_path, monkeypatch):
    """The red channel of a mask of 16 bits becomes a grey mask of 16 bits."""
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    (tmp_path / "mask.png").write_bytes(write_png([[(300, 7, 1), (2, 9, 1)]], RGB, 16))
    run("A channel", tmp_path, monkeypatch)
    assert count_file("ids.png")[0].values == {300: 1, 2: 1}


def test_matlab(tmp_path, monkeypatch):
    """An array of MATLAB 5 becomes one of NumPy."""
    io = pytest.importorskip("scipy.io", reason="SciPy is not installed")
    io.savemat(tmp_path / "mask.mat", {"label": np.array([[0, 0, 2]], np.uint8)})
    run("MATLAB older", tmp_path, monkeypatch)
    assert count_file("mask.npy")[0].values == {0: 2, 2: 1}
