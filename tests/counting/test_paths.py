"""Every function that takes a path takes an `os.PathLike`."""

import os

import pytest

import weightcalc as library


class Place(os.PathLike):
    """A path that is no text and has no other method."""

    def __init__(self, text):
        self._text = str(text)

    def __fspath__(self):
        """The path as text."""
        return self._text


@pytest.fixture
def mask(save_mask):
    """The path of a mask of 3 pixels."""
    return save_mask([[0, 0, 1]])


def test_list_masks(mask, tmp_path):
    """A folder gives the names of its masks, which are texts."""
    assert library.list_masks(Place(tmp_path)) == [mask]


def test_list_masks_of_nothing(tmp_path):
    """The refusal names the folder."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(library.SourceError, match=r"no masks in .*empty"):
        library.list_masks(Place(tmp_path / "empty"))


def test_count_masks(mask):
    """Masks are counted by their paths."""
    assert library.count_masks([Place(mask)]).pixels == [2, 1]


def test_count_file(mask):
    """One file is counted by its path."""
    assert library.count_file(Place(mask))[0].values == {0: 2, 1: 1}


def test_counts_file(mask, tmp_path):
    """Counts are written to a path and read from it."""
    counts, path = library.count_masks([mask]), Place(tmp_path / "counts.json")
    library.write_counts(counts, path)
    assert library.read_counts(path) == counts


def test_write_weights(tmp_path):
    """Weights are written to a path, whose ending is the format."""
    library.write_weights([1.0, 2.0], Place(tmp_path / "weights.csv"))
    assert "1.0" in (tmp_path / "weights.csv").read_text()
