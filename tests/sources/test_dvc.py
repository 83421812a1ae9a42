"""Masks that DVC keeps elsewhere: a.png.dvc in the place of a.png, masks.dvc in that of a folder."""

import os
import re
import shutil
from pathlib import Path

import pytest

from weightcalc import SourceError, list_masks
from weightcalc.masks.formats import READERS
from weightcalc.sources.listing import list_files

FILE = "outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 71\n  path: {}\n"
FOLDER = "outs:\n- md5: f437247ec66d73ba66b0ade0246fcb49.dir\n  nfiles: 3\n  path: {}\n"


@pytest.fixture
def data(tmp_path, monkeypatch, save_mask):
    """A folder m with one mask that DVC has fetched; the working directory is above it."""
    monkeypatch.chdir(tmp_path)
    save_mask([[0, 1]], "m/a.png")
    point("m/a.png")
    return tmp_path


def point(path, text=FILE):
    """Write the .dvc file of a file or a folder."""
    Path(f"{path}.dvc").write_text(text.format(os.path.basename(path)))


def names_of(*sources, **options):
    """The names that a listing gives."""
    return list_files(sources, READERS, **options).names


@pytest.mark.parametrize("source", ["m", "m/*", "m/*.png", "**/*.png"])
def test_fetched(data, source, weightcalc):
    """A .dvc file beside its mask changes nothing, and nothing is said of it."""
    assert names_of(source) == ["m/a.png"]
    done = weightcalc("count", source)
    assert (done.exit_code, done.json["masks"], done.stderr) == (0, 1, "")


def test_named_with_its_mask(data, weightcalc):
    """Nor does it where a shell has put it among the sources."""
    assert weightcalc("count", "m/a.png", "m/a.png.dvc").json["masks"] == 1


@pytest.mark.parametrize("source", ["m", "m/*", "m/*.png", "m/b.png.dvc", "**/*.png"])
def test_mask_that_is_not_fetched(data, source, weightcalc):
    """A mask of which only the .dvc file is there is missing: refused by its name, not left out."""
    point("m/b.png")
    assert "m/b.png" in names_of(source)
    done = weightcalc("count", source)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "m/b.png: DVC has not fetched it: only b.png.dvc is here" in done.stderr
    assert "hint: dvc pull" in done.stderr


def test_mask_that_is_named(data, weightcalc):
    """So is one that the command line or a list names."""
    point("m/b.png")
    Path("list.txt").write_text("m/a.png\nm/b.png\n")
    for sources in (["m/b.png"], ["--files-from", "list.txt"]):
        done = weightcalc("count", *sources)
        assert done.exit_code == 2
        assert "m/b.png: DVC has not fetched it" in done.stderr
        assert "hint: dvc pull" in done.stderr


def test_patterns(data):
    """Patterns for names see the name of the mask."""
    point("m/b.png")
    assert names_of("m", include=["*.png"]) == ["m/a.png", "m/b.png"]
    assert names_of("m", exclude=["b.png"]) == ["m/a.png"]


def test_skip(data, weightcalc):
    """--on-error skip leaves such masks out, with a warning."""
    point("m/b.png")
    done = weightcalc("count", "m", "--on-error", "skip")
    assert (done.exit_code, done.json["masks"]) == (0, 1)
    assert "m/b.png: DVC has not fetched it" in done.stderr


@pytest.mark.parametrize("kept", ["masks", "masks.zip", "model.pt"])
@pytest.mark.parametrize("source", ["d", "d/*", "d/{}.dvc"])
def test_only_pointers(data, weightcalc, kept, source):
    """Where no mask is, but a .dvc file, the way to the masks is `dvc pull`."""
    Path("d").mkdir()
    point(f"d/{kept}", FOLDER)
    source = source.format(kept)
    done = weightcalc("count", source)
    assert (done.exit_code, done.stdout) == (2, b"")
    assert f"no masks in {source}" in done.stderr
    assert "hint: dvc pull" in done.stderr
    with pytest.raises(SourceError) as caught:
        list_masks(source)
    assert caught.value.hint.startswith("dvc pull")


@pytest.mark.parametrize("source", ["masks", "masks/"])
def test_folder_that_is_named(data, weightcalc, source):
    """A source that is not there is not looked for among other names if a .dvc file is there."""
    point("masks", FOLDER)
    for arguments in (["count", source], ["check", "m", "--images", source]):
        done = weightcalc(*arguments)
        assert done.exit_code == 2
        assert f"{source}: DVC has not fetched it: only masks.dvc is here" in done.stderr
        assert "hint: dvc pull" in done.stderr


CLOUD = (
    "outs:\n- path: {}\n  files:\n  - relpath: b.png\n    md5: a304afb96060aad90176268345e10355\n"
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("val", FOLDER, True),
        ("v1.0", CLOUD, True),
        ("val", FOLDER.replace("\n", "\r\n"), True),
        ("model.pt", FILE, False),
    ],
)
def test_folder_among_masks(data, weightcalc, name, text, said):
    """A folder that is not fetched is left out, which a warning says; other files are not."""
    point(f"m/{name}", text)
    done = weightcalc("count", "m")
    assert done.json["masks"] == 1
    assert bool(re.search(f"warning: m/{name}: left out", done.stderr)) is said
    Path("m", name).mkdir()
    shutil.copy("m/a.png", f"m/{name}")
    done = weightcalc("count", "m")
    assert (done.json["masks"], done.stderr) == (2, "")


def test_check(data, weightcalc):
    """`check` has a rule for masks, images and other splits that were not fetched."""
    point("m/b.png")
    Path("images").mkdir()
    point("images/a.jpg")
    point("images/b.jpg")
    done = weightcalc("check", "m", "--images", "images", "-n", 2, "-f", "json")
    found = {(f["rule"], f["mask"]): f["message"] for f in done.json["findings"]}
    assert found == {
        ("lfs-pointer", "m/b.png"): "DVC has not fetched it: only b.png.dvc is here",
        ("image-size", "m/a.png"): "images/a.jpg: DVC has not fetched it: only a.jpg.dvc is here",
    }


def test_other_split(data, weightcalc):
    """A split to compare with that holds no mask is refused: no leak would be found in it."""
    Path("val").mkdir()
    point("val/masks", FOLDER)
    done = weightcalc("check", "m", "--against", "val")
    assert (done.exit_code, done.stdout) == (2, b"")
    assert "no masks in val" in done.stderr
    assert "hint: dvc pull" in done.stderr


def test_data_that_is_there(tmp_path, monkeypatch, weightcalc):
    """A .dvc file beside its data is no reason why there are no masks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "m/t.csv").write_text("x")
    point("m/t.csv")
    assert "dvc pull" not in weightcalc("weights", "m").stderr
