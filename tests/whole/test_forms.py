"""One set in all forms that sets are kept in: the pixels, and the weights, are the same."""

from __future__ import annotations

import json
import zipfile

import h5py
import numpy as np
import pytest

CLASSES, SHAPE = 4, (30, 41)
FORMS = {
    "index .png": "-n 4",
    "index .npy": "-n 4",
    "fortran .npy": "-n 4",
    "stack .npy": "-n 4",
    "palette .png": "-c colours.json --encoding index",
    "colours .png": "-c colours.json",
    "one-hot .npy": "--encoding one-hot",
    "one-hot first .npy": "--encoding one-hot --channel-axis 0",
    "one-hot .tif": "--encoding one-hot",
    "layers .png": "-c names.txt --layers {scene}_{class}.png --rest zero",
    "layers .npy": "-c names.txt --layers {class}/{scene}.npy --rest zero",
    "index .h5": "-n 4 --array labels/y",
    "one-hot .h5": "--encoding one-hot",
    "index .zarr": "-n 4",
    "one-hot .zarr.zip": "--encoding one-hot",
}


def scenes():
    """Three masks of four classes, of which one lacks a class."""
    random = np.random.default_rng(5)
    masks = [random.choice(CLASSES, SHAPE, p=[0.6, 0.2, 0.15, 0.05]) for _ in range(3)]
    masks[1][masks[1] == 2] = 0
    return [mask.astype(np.uint8) for mask in masks]


def save(form, folder):
    """Save the masks in a form."""
    kind, _, ending = form.rpartition(" ")
    for number, mask in enumerate(scenes()):
        save_one(kind, ending, folder, number, mask)
    if kind == "stack":
        np.save(folder / "all.npy", np.stack(scenes()))


def save_one(kind, ending, folder, number, mask):
    """Save one mask, in one file or several."""
    from PIL import Image

    path = folder / f"{number}{ending}"
    colors = np.array([[0, 0, 0], [128, 64, 128], [0, 0, 142], [220, 20, 60]], np.uint8)
    one_hot = np.eye(CLASSES, dtype=np.uint8)[mask]
    values = one_hot if kind == "one-hot" else mask
    if kind == "layers":
        for index, word in enumerate(["one", "two", "three"], 1):
            inside = np.where(mask == index, 255, 0).astype(np.uint8)
            if ending == ".npy":
                (folder / word).mkdir(exist_ok=True)
                np.save(folder / word / path.name, np.asfortranarray(inside))
            else:
                Image.fromarray(inside).save(folder / f"{number}_{word}.png")
    elif kind == "one-hot first":
        np.save(path, one_hot.transpose(2, 0, 1))
    elif kind == "fortran":
        np.save(path, np.asfortranarray(mask))
    elif kind == "palette":
        image = Image.fromarray(mask)
        image.putpalette(colors.tobytes())
        image.save(path)
    elif ending == ".npy" and kind != "stack":
        np.save(path, values)
    elif ending == ".png":
        Image.fromarray(colors[mask] if kind == "colours" else mask).save(path)
    elif ending == ".tif":
        tifffile = pytest.importorskip("tifffile")
        tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig")
    elif ending == ".h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("labels/y", data=values, chunks=True, compression="gzip")
            if kind == "index":
                file["image"] = np.zeros(SHAPE)
    elif ending.startswith(".zarr"):
        save_zarr(path, values)


def save_zarr(path, values):
    """Save an array as a Zarr, in a folder or in an archive."""
    zarr = pytest.importorskip("zarr")
    folder = path.with_suffix("") if path.suffix == ".zip" else path
    root = zarr.open_group(folder, mode="w")
    root.create_array("y", data=values, chunks=(7, 9, *values.shape[2:]))
    if path.suffix == ".zip":
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(folder))
                file.unlink()
        for below in sorted(folder.rglob("*"), reverse=True):
            below.rmdir()
        folder.rmdir()


@pytest.mark.filterwarnings("ignore")  # of zarr, about what is not yet standard
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same(weightcalc, tmp_path, monkeypatch, form):
    """Pixels, masks and sizes of each class are those of a plain NumPy count, in any form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    save(form, tmp_path / "set")
    (tmp_path / "names.txt").write_text("zero\none\ntwo\nthree\n")
    colors = {"zero": "#000000", "one": "#804080", "two": "#00008e", "three": "#dc143c"}
    (tmp_path / "colours.json").write_text(json.dumps(colors))
    result = weightcalc("count", "set", *FORMS[form].split())
    assert result.exit_code == 0, result.stderr
    masks, size = scenes(), SHAPE[0] * SHAPE[1]
    for index, entry in enumerate(result.json["classes"]):
        holding = [np.count_nonzero(mask == index) for mask in masks]
        assert entry["pixels"] == sum(holding)
        assert entry["masks"] == sum(number > 0 for number in holding)
        assert entry["mask_pixels"] == size * entry["masks"]
    assert (len(result.json["classes"]), result.json["pixels"]) == (CLASSES, 3 * size)
