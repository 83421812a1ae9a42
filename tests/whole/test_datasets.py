"""
A mask set of each kind that ENCODINGS.md lists, counted by the README's command or refused.

A file is written by the ending of its name: rows of values (or of colours), with the mode or
dtype before them; text as it stands. Pixels are by class id, ignored pixels by value.
"""

import json
import re
import zipfile

import nibabel
import numpy as np
import pytest
from PIL import Image
from support.png_writer import RGB, write_png

CVAT = "# label:color_rgb:parts:actions\nbackground:0,0,0::\naeroplane:128,0,0::\n"
CAMVID = "64 128 64\tAnimal\n192 0 128\t\tArchway\n0 128 192\tBicyclist\n0 0 0\t\tVoid\n"
SEGNET = "/SegNet/CamVid/train/1.png /SegNet/CamVid/trainannot/1.png\n"
DEEPGLOBE = "name,r,g,b\nurban_land,0,255,255\nagriculture_land,255,255,0\nunknown,0,0,0\n"
ISAID = "name,r,g,b\nbackground,0,0,0\nship,0,0,63\nstorage_tank,0,63,63\n"
SHARED = "name,r,g,b\nroad,128,64,128\ncar,0,0,142\nlicense plate,0,0,142\n"
ADE_ATR = '001 # 0 # 1 # sky # sky # ""\n002 # 0 # 0 # person # person # "walkin"\n'
PANOPTIC = {"categories": [{"color": [220, 20, 60], "isthing": 1, "id": 1, "name": "person"}]}
PANOPTIC["annotations"] = [{"segments_info": [{"id": 3226956, "category_id": 1}]}]
NNUNET = {"labels": {"background": 0, "sm": 1, "ignore": 2}, "file_ending": ".nii.gz"}
VISTAS = {"labels": [{"color": [165, 42, 42], "readable": "Bird", "name": "animal--bird"}]}
VISTAS["labels"] += [{"color": [0, 0, 0], "readable": "Unlabeled", "name": "unlabeled"}]
KITTI = 'labels: \n  0 : "unlabeled"\n  1 : "outlier"\n  10: "car"\n  252: "moving-car"\n'
KITTI += "content:\n  0: 0.01\nlearning_map:\n  0 : 0\n  252: 1\nlearning_ignore:\n  0: True\n"
CSS = {"label_map": {"0": "Void", "1": "Animal"}, "background_label": "0"}
CSS["segmentation_colors"] = [[0, 0, 0], [64, 128, 64]]
ULTRALYTICS = "names:\n  0: road\n  1: sidewalk\nlabel_mapping:\n  -1: ignore_label\n"
ULTRALYTICS += "  7: 0\n  8: 1\n  3: ignore_label\n"
SUPERVISELY = {"classes": [{"title": "lemon", "shape": "bitmap", "color": "#720F8A"}], "tags": []}
BITMAP = {"objects": [{"classTitle": "lemon", "bitmap": {"data": "eJwBUA==", "origin": [0, 0]}}]}
MAT = b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200)
HDF5_MAT = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(200)
BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
LEMON_IDS = (12, 61, 49)  # 12 + 256 * 61 + 65536 * 49 = 3226956
BINARY = "--map 255:1 --map 0:0"
NO_INDEX = "a colour mask: pixel .* is no index"

# name: files, command, pixels by class id, pixels by ignored value
COUNTED = {
    "VOC": ({"SegmentationClass/1.png": ("P", [[0, 0, 1, 20, 255]])},
            "SegmentationClass/ -c voc", {0: 2, 1: 1, 20: 1}, {255: 1}),
    "VOC beside instances": ({"SegmentationClass/1.png": ("P", [[0, 5, 255]]),
                              "SegmentationObject/1.png": ("P", [[0, 1, 255]])},
                             ". --include SegmentationClass/* -c voc", {0: 1, 5: 1}, {255: 1}),
    "SBD converted": ({"1.png": ("L", [[0, 20, 255]])}, ". -c voc", {0: 1, 20: 1}, {255: 1}),
    "CVAT": ({"SegmentationClass/1.png": ("RGB", [[BLACK, (128, 0, 0), BLACK]]),
              "SegmentationObject/1.png": ("RGB", [[BLACK, (0, 128, 0), BLACK]]),
              "labelmap.txt": CVAT, "ImageSets/Segmentation/default.txt": "1\n"},
             "SegmentationClass/ -c labelmap.txt", {0: 2, 1: 1}, {}),
    "CVAT zip": ({"x.zip": {"SegmentationClass/1.png": ("P", [[0, 1, 0]]),
                            "SegmentationObject/1.png": ("P", [[0, 7, 0]]),
                            "ImageSets/Segmentation/default.txt": "1\n", "labelmap.txt": CVAT},
                  "labelmap.txt": CVAT},
                 "x.zip --include SegmentationClass/* -c labelmap.txt", {0: 2, 1: 1}, {}),
    "CamVid original": ({"Labels/0001TP_006690_L.png": ("RGB", [[(64, 128, 64), BLACK]]),
                         "label_colors.txt": CAMVID},
                        "Labels/ -c label_colors.txt --ignore-index Void", {0: 1}, {0: 1}),
    "CamVid SegNet": ({"trainannot/1.png": ("L", [[0, 10, 11, 11]])},
                      "trainannot/ -n 12", {0: 1, 10: 1, 11: 2}, {}),
    "CamVid SegNet preset": ({"trainannot/1.png": ("L", [[0, 10, 11, 11]])},
                             "trainannot/ -c camvid", {0: 1, 10: 1}, {11: 2}),
    "CamVid SegNet list": ({"SegNet/CamVid/trainannot/1.png": ("L", [[0, 10, 11, 11]]),
                            "train.txt": SEGNET.replace(" /", " ")},
                           "--files-from train.txt -n 12", {0: 1, 10: 1, 11: 2}, {}),
    "Cityscapes ids": ({"gtFine/train/a/1_labelIds.png": ("L", [[0, 3, 7, 7, 33]]),
                        "gtFine/train/a/1_labelTrainIds.png": ("L", [[255, 255, 0, 0, 18]])},
                       "gtFine/train/ --include *_labelIds.png -c cityscapes-ids",
                       {7: 2, 33: 1}, {0: 1, 3: 1}),
    "Cityscapes train ids": ({"gtFine/train/a/1_labelIds.png": ("L", [[0, 3, 7, 7, 33]]),
                              "gtFine/train/a/1_labelTrainIds.png": ("L", [[255, 0, 0, 18]])},
                             "gtFine/train/ --include *_labelTrainIds.png -c cityscapes",
                             {0: 2, 18: 1}, {255: 1}),
    "KITTI semantic": ({"semantic/1.png": ("L", [[7, 7, 26, 4]])},
                       "semantic/ -c cityscapes-ids", {7: 2, 26: 1}, {4: 1}),
    "ADE20K 150": ({"annotations/training/1.png": ("L", [[0, 1, 150, 150]])},
                   "annotations/training/ -c ade20k --reduce-zero-label",
                   {0: 1, 149: 2}, {0: 1}),
    "COCO-Stuff 164k": ({"stuffthingmaps/train2017/1.png": ("L", [[0, 181, 181, 255]])},
                        "stuffthingmaps/train2017/ -c coco-stuff", {0: 1, 181: 2}, {255: 1}),
    "COCO-Stuff 10k": ({"1.png": ("L", [[0, 1, 171, 171]])},
                       ". -n 171 --reduce-zero-label", {0: 1, 170: 2}, {0: 1}),
    "Mapillary Vistas": ({"labels/1.png": ("P", [[0, 64, 65, 65]])},
                         "labels/ -n 66 --ignore-index 65", {0: 1, 64: 1}, {65: 2}),
    "Mapillary Vistas list": ({"labels/1.png": ("Vistas", [[0, 0, 1]]),
                               "config_v1.2.json": json.dumps(VISTAS)},
                              "labels/ -c config_v1.2.json --ignore-index unlabeled",
                              {0: 2}, {1: 1}),
    "SUN RGB-D": ({"1.png": ("L", [[0, 1, 37, 37]])},
                  ". -n 37 --reduce-zero-label", {0: 1, 36: 2}, {0: 1}),
    "SemanticKITTI": ({"sequences/00/labels/0.label": ("<u4", [10, 10 + (5 << 16), 252, 1, 0]),
                       "semantic-kitti.yaml": KITTI},
                      "sequences/ -c semantic-kitti.yaml --ignore-index 0 --ignore-index outlier",
                      {10: 2, 252: 1}, {0: 1, 1: 1}),
    "LoveDA": ({"masks_png/1.png": ("L", [[0, 1, 7, 7]])},
               "masks_png/ -n 7 --reduce-zero-label", {0: 1, 6: 2}, {0: 1}),
    "iSAID": ({"1_instance_color_RGB.png": ("RGB", [[BLACK, (0, 0, 63), (0, 63, 63), BLACK]]),
               "colors.csv": ISAID}, ". -c colors.csv", {0: 2, 1: 1, 2: 1}, {}),
    "ISPRS Potsdam": ({"Labels/1.tif": ("RGB", [[WHITE, WHITE, RED, (0, 0, 255)]])},
                      "Labels/ --encoding color", {0: 1, 1: 1, 2: 2}, {}),
    "ISPRS without boundary": ({"Labels/1.tif": ("RGB", [[WHITE, WHITE, RED, BLACK]])},
                               "Labels/ --encoding color --ignore-index #000000",
                               {0: 1, 1: 2}, {0: 1}),
    "DeepGlobe": ({"train/1_mask.png": ("RGB", [[(0, 255, 255), BLACK, (255, 255, 0)]]),
                   "train/1_sat.jpg": ("RGB", [[RED, RED, RED]]), "class_dict.csv": DEEPGLOBE},
                  "train/ --include *_mask.png -c class_dict.csv", {0: 1, 1: 1, 2: 1}, {}),
    "LandCover.ai": ({"masks/1.tif": ("L", [[0, 4, 4, 1]])},
                     "masks/ -n 5", {0: 1, 1: 1, 4: 2}, {}),
    "nnU-Net": ({"labelsTr/1.nii.gz": ("f4", [[[0, 1], [1, 2]]]),
                 "dataset.json": json.dumps(NNUNET)},
                "labelsTr/ -c dataset.json", {0: 1, 1: 2}, {2: 1}),
    "BraTS": ({"BraTS/1/1_seg.nii.gz": ("u1", [[[0, 1], [2, 4], [4, 4]]]),
               "BraTS/1/1_t1.nii.gz": ("f4", [[[0.5, 1.5], [2, 4], [4, 4]]])},
              "BraTS/ --include *seg.nii.gz -n 5", {0: 1, 1: 1, 2: 1, 4: 3}, {}),
    "labelme npy": ({"SegmentationClass/1.npy": ("i4", [[0, 0, 1, -1]]),
                     "labels.txt": "__ignore__\n_background_\naeroplane\n"},
                    "SegmentationClass/ -c labels.txt", {0: 2, 1: 1}, {-1: 1}),
    "labelme png": ({"SegmentationClassPNG/1.png": ("P", [[0, 0, 1, 255]]),
                     "class_names.txt": "_background_\naeroplane\n"},
                    "SegmentationClassPNG/ -c class_names.txt --ignore-index 255",
                    {0: 2, 1: 1}, {255: 1}),
    "PaddleSeg": ({"Annotations/1.png": ("P", [[0, 1, 2, 255]]),
                   "labels.txt": "background\nhuman\ncar\n",
                   "train.txt": "JPEGImages/1.jpg Annotations/1.png\n"},
                  "--files-from train.txt -c labels.txt --ignore-index 255",
                  {0: 1, 1: 1, 2: 1}, {255: 1}),
    "PaddleLabel": ({"Annotations/1.png": ("P", [[0, 0, 0]]),
                     "labels.txt": "optic_disk - 128 0 0\n"},
                    "Annotations/ -c labels.txt", {0: 3}, {}),
    "Datumaro CSS": ({"1.png": ("RGB", [[(64, 128, 64), BLACK, BLACK]]),
                      "dataset_meta.json": json.dumps(CSS)},
                     ". -c dataset_meta.json --ignore-index Void", {1: 1}, {0: 2}),
    "Ultralytics": ({"masks/1.png": ("L", [[7, 7, 8, 3]]), "data.yaml": ULTRALYTICS},
                    "masks/ -c data.yaml", {0: 2, 1: 1}, {3: 1}),
    "HF": ({"1.png": ("L", [[0, 1, 1, 255]]), "id2label.json": '{"0": "person", "1": "bicycle"}'},
           ". -c id2label.json --ignore-index 255", {0: 1, 1: 2}, {255: 1}),
    "MaSTr1325": ({"1.png": ("L", [[0, 1, 2, 4]])},
                  ". -n 3 --ignore-index 4", {0: 1, 1: 1, 2: 1}, {4: 1}),
    "ISIC": ({"masks/1.png": ("L", [[0, 0, 255]])}, f"masks/ {BINARY}", {0: 2, 1: 1}, {}),
    "LEVIR-CD": ({"label/1.png": ("L", [[0, 255, 255]])}, f"label/ {BINARY}", {0: 1, 1: 2}, {}),
}  # fmt: skip

# name: files, command, what is said (a pattern), the hint (a pattern)
REFUSED = {
    "VOC instances": ({"SegmentationObject/1.png": ("P", [[0, 1, 25, 255]])},
                      "SegmentationObject/ -c voc",
                      "value 25 .* is neither a class nor ignored", "--ignore-index 25"),
    "SBD mat": ({"cls/1.mat": MAT}, "cls/ -c voc", "1.mat: it is a MATLAB file", ""),
    "CVAT undeclared": ({"1.png": ("RGB", [[BLACK, RED]]), "labelmap.txt": CVAT},
                        "1.png -c labelmap.txt", "value #ff0000 .* neither .* nearest colour",
                        "--ignore-index '#ff0000'"),
    "CamVid SegNet list": ({"CamVid/trainannot/1.png": ("L", [[0, 11]]), "train.txt": SEGNET},
                           "--files-from train.txt -n 12", "SegNet/CamVid/trainannot/1.png", ""),
    "Cityscapes folder": ({"a/1_labelIds.png": ("L", [[7]]),
                           "a/1_labelTrainIds.png": ("L", [[0]])},
                          ". -c cityscapes", "two kinds of masks of the same scenes", "--include"),
    "Cityscapes instances": ({"1_instanceIds.png": ("I;16", [[7, 26001]])},
                             ". -c cityscapes-ids", "value 26001 .*the classes are 0 to 33",
                             "--ignore-index 26001"),
    "Cityscapes colours": ({"1_color.png": ("RGBA", [[(0, 0, 142, 255)]]), "list.csv": SHARED},
                           ". -c list.csv", "'car' and 'license plate' both have the colour",
                           "a list without colours"),
    "Cityscapes void colour": ({"1_color.png": ("RGBA", [[(0, 0, 142, 255), (81, 0, 81, 255)]])},
                               ". -c cityscapes", "value #510051 .* is neither",
                               "--ignore-index '#510051'"),
    "KITTI instances": ({"instance/1.png": ("I;16", [[26 * 256 + 1, 7 * 256]])},
                        "instance/ -c cityscapes-ids", "value 6657 .*the classes are 0 to 33", ""),
    "ADE20K full": ({"ADE_1_seg.png": ("RGB", [[(10, 144, 1), (10, 144, 2)]]),
                     "ADE_1_atr.txt": ADE_ATR}, ".", NO_INDEX, "--encoding"),
    "ADE20K full list": ({"ADE_1_seg.png": ("RGB", [[(10, 144, 1)]]), "ADE_1_atr.txt": ADE_ATR},
                         ". -c ade20k", NO_INDEX, "--encoding"),
    "COCO panoptic": ({"1.png": ("RGB", [[BLACK, LEMON_IDS]])}, ". -n 201", NO_INDEX, ""),
    "COCO panoptic list": ({"1.png": ("RGB", [[BLACK, LEMON_IDS]]),
                            "panoptic.json": json.dumps(PANOPTIC)},
                           "1.png -c panoptic.json", "value #0c3d31 .* nearest colour", ""),
    "COCO-Stuff mat": ({"1.mat": MAT}, "1.mat -n 172", "1.mat: it is a MATLAB file", ""),
    "Mapillary instances": ({"instances/1.png": ("I;16", [[65 * 256 + 3]])},
                            "instances/ -n 66", "value 16643 .*the classes are 0 to 65", ""),
    "SUN RGB-D mat": ({"1.mat": HDF5_MAT}, ". -n 37", "1.mat: it is a MATLAB file", ""),
    "SYNTHIA": ({"LABELS/1.png": ("RGB;16", [[(3, 1, 0), (3, 0, 0)]])},
                "LABELS/ -n 23", NO_INDEX, "weightcalc help formats"),
    "SYNTHIA colours": ({"LABELS/1.png": ("RGB;16", [[(3, 1, 0), (3, 0, 0)]])},
                        "LABELS/ --encoding color", "16-bit colour .* has no 8-bit form",
                        "(channel|sample|red|8 bits|convert)"),
    "iSAID unknown": ({"1.png": ("RGB", [[BLACK, WHITE]]), "colors.csv": ISAID},
                      "1.png -c colors.csv", "value #ffffff .* neither .* class storage_tank",
                      "--ignore-index '#ffffff'"),
    "ISPRS indices": ({"1.tif": ("RGB", [[WHITE, RED]])}, ". -n 6", NO_INDEX, "--encoding color"),
    "nnU-Net floats": ({"1.nii.gz": ("f4", [[[0, 0.5]]])}, ". -n 2", "0.5 is not a whole", ""),
    "Supervisely": ({"ds/ann/1.png.json": json.dumps(BITMAP), "meta.json": json.dumps(SUPERVISELY)},
                    "ds/ann/ -c meta.json", "no masks in ds/ann/", "masks end in .png"),
    "Supervisely file": ({"1.png.json": json.dumps(BITMAP)}, "1.png.json", "not a counts file", ""),
    "MaSTr1325": ({"1.png": ("L", [[0, 4]])}, ". -n 3", "value 4 .*", "--ignore-index 4"),
    "ISIC": ({"1.png": ("L", [[0, 255]])}, ".", "value 255 .* neither", "--map 255:1"),
}  # fmt: skip


def _write(path, content):
    """Write a file of the kind that the ending of its name and its mode say."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        _write_zip(path, content)
    elif isinstance(content, str | bytes):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    else:
        _write_mask(path, *content)


def _write_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            _write(path.parent / "unpacked" / name, content)
            archive.write(path.parent / "unpacked" / name, name)


def _write_mask(path, mode, rows):
    if path.suffix == ".npy":
        np.save(path, np.array(rows, mode))
    elif path.suffix == ".label":
        path.write_bytes(np.array(rows, mode).tobytes())
    elif path.name.endswith(".nii.gz"):
        nibabel.save(nibabel.Nifti1Image(np.array(rows, mode), np.eye(4)), path)
    elif mode == "RGB;16":
        path.write_bytes(write_png(rows, RGB, 16))
    elif mode in ("P", "Vistas"):
        values = np.array(rows, np.uint8)
        image = Image.frombytes("P", values.shape[::-1], values.tobytes())
        image.putpalette(_voc_palette() if mode == "P" else [165, 42, 42, 0, 0, 0])
        image.save(path)
    else:
        Image.fromarray(np.array(rows, np.uint16 if mode == "I;16" else np.uint8)).save(path)


def _voc_palette():
    """The colours of PASCAL VOC: the bits of an index, dealt out to red, green and blue."""
    palette = []
    for index in range(256):
        for sample in range(3):
            bits = [(index >> 3 * place + sample & 1) << 7 - place for place in range(3)]
            palette.append(sum(bits))
    return palette


@pytest.fixture
def count(weightcalc, tmp_path, monkeypatch):
    """A function that writes files and counts them by a command."""
    monkeypatch.chdir(tmp_path)

    def run(files, command):
        for name, content in files.items():
            _write(tmp_path / name, content)
        return weightcalc("count", *command.split())

    return run


@pytest.mark.parametrize("name", COUNTED)
def test_counted(count, name):
    """A mask set of the kind is counted as its encoding means it."""
    files, command, pixels, ignored = COUNTED[name]
    result = count(files, command)
    assert result.exit_code == 0, result.stderr
    found = {entry["index"]: entry["pixels"] for entry in result.json["classes"]}
    assert {index: number for index, number in found.items() if number} == pixels
    found = {entry["value"]: entry["pixels"] for entry in result.json["ignored"]}
    assert {value: number for value, number in found.items() if number} == ignored


@pytest.mark.parametrize("name", REFUSED)
def test_refused(count, name):
    """What is no mask set of classes is refused, with a sentence that says what to do."""
    files, command, said, hint = REFUSED[name]
    result = count(files, command)
    assert (result.exit_code, result.stdout) == (2, b""), result.stderr
    assert re.search(said, result.stderr, re.DOTALL), result.stderr
    hints = [line for line in result.stderr.splitlines() if line.startswith("hint: ")]
    own = "\n".join(
        line.replace("--on-error skip leaves unreadable files out", "") for line in hints
    )
    assert re.search(hint, own), result.stderr
