"""Options that have nothing to do: an error, a warning, or a word for those who ask."""

import pytest

from weightcalc import list_masks


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def masks(save_mask):
    """A set that holds the values 0 to 2."""
    save_mask([[0, 1, 2, 2]], "m/a.png")
    return "m"


def test_zero_of_an_ignored_class(weightcalc, save_mask):
    """--zero on a class that the preset ignores is refused, and --ignore-index none helps."""
    save_mask([[0, 1, 11, 11]], "m/a.png")
    result = weightcalc("weights", "m", "-c", "camvid", "--zero", "11")
    assert result.exit_code == 2
    assert "--ignore-index none" in result.stderr
    helped = weightcalc("weights", "m", "-c", "camvid", "--ignore-index", "none", "--zero", "11")
    assert helped.exit_code == 0
    assert helped.json[11] == 0


@pytest.mark.parametrize("command", ["weights", "report"])
def test_zero_of_class_0_that_is_ignored(weightcalc, masks, command):
    """Class 0 is refused as others are, and by every command that weighs."""
    result = weightcalc(command, masks, "-n", "3", "--ignore-index", "0", "--zero", "0")
    assert (result.exit_code, "--zero 0" in result.stderr) == (2, True)


def test_zero_of_a_class_ignored_in_a_counts_file(weightcalc, masks):
    """The ignored classes of a counts file are known as well."""
    weightcalc("count", masks, "-n", "3", "--ignore-index", "2", "-o", "c.json")
    assert weightcalc("weights", "c.json", "--zero", "2").exit_code == 2
    assert weightcalc("weights", "c.json", "--zero", "1").exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "7:3"], True),
        (["--map", "2:3"], False),
        (["--map", "7-9:3"], False),
        (["--map", "map.csv"], False),
        (["--ignore-index", "255"], False),
    ],
)
def test_values_that_never_occur(weightcalc, masks, tmp_path, options, said):
    """A single value of --map that is in no mask is a warning; ranges, files, and 255 are not."""
    (tmp_path / "map.csv").write_text("7,3\n2,3\n")
    result = weightcalc("weights", masks, "-n", "4", *options)
    assert result.exit_code == 0
    assert ("--map 7:3" in result.stderr) == said
    assert "--ignore-index" not in result.stderr


def test_idle_ignore_index_is_a_detail(weightcalc, masks):
    """With -v a person is told of a value to ignore that is in no mask."""
    result = weightcalc("weights", masks, "-n", "3", "--ignore-index", "255", "-v")
    assert "--ignore-index 255" in result.stderr


def test_idle_map_in_a_shard(weightcalc, masks):
    """`count` may be of a part of the set, and says nothing of values that it has not."""
    assert "--map" not in weightcalc("count", masks, "-n", "4", "--map", "7:3").stderr


def test_hints_on_colours_can_be_pasted(weightcalc, save_mask):
    """A colour in a hint is quoted, as # begins a comment in a shell."""
    save_mask([[[0, 0, 0], [255, 0, 0]]], "m/a.png")
    result = weightcalc("weights", "m", "--encoding", "color", "--map", "#ff0000:0")
    assert "--ignore-index '#000000'" in result.stderr
    assert "--map '#000000:CLASS'" in result.stderr


def test_list_without_the_background(weightcalc, save_mask, tmp_path):
    """Values 0 to 3 and three names: the list may lack the background, which comes first."""
    save_mask([[0, 1, 2, 3]], "m/a.png")
    (tmp_path / "c.txt").write_text("scratch\ndent\nrust\n")
    hint = weightcalc("weights", "m", "-c", "c.txt").stderr.partition("hint:")[2]
    assert "background" in hint
    assert hint.index("background") < hint.index("--ignore-index")


def test_classes_that_begin_at_1(weightcalc, save_mask):
    """Values 1 to 3 and -n 3: --reduce-zero-label comes first, and counts them."""
    save_mask([[1, 2, 3, 3]], "m/a.png")
    hint = weightcalc("count", "m", "-n", "3").stderr.partition("hint:")[2]
    assert hint.split()[0] == "--reduce-zero-label"
    counted = weightcalc("count", "m", "-n", "3", "--reduce-zero-label").json
    assert [entry["pixels"] for entry in counted["classes"]] == [1, 1, 2]


@pytest.mark.parametrize(
    "folders", [("Category_ids", "Human_ids"), ("masks_machine", "masks_human")]
)
def test_known_sibling_folders(weightcalc, save_mask, folders):
    """Folders of the same scenes that are known not to be splits are refused."""
    for folder in folders:
        save_mask([[0, 1]], f"m/{folder}/a.png")
    result = weightcalc("weights", "m")
    assert (result.exit_code, "--include" in result.stderr) == (2, True)


def test_against_follows_links(weightcalc, save_mask, tmp_path):
    """-L is for --against as well: a leak behind a link is found."""
    save_mask([[0, 1, 2, 1]], "train/a.png")
    save_mask([[0, 1, 2, 1]], "disk/b.png")
    save_mask([[0, 0, 2, 1]], "val/c.png")
    (tmp_path / "val/more").symlink_to(tmp_path / "disk")
    words = ["check", "train", "-n", "3", "--against", "val", "--rule", "image-missing=off"]
    assert "split-leak" not in weightcalc(*words).stdout.decode()
    assert "split-leak" in weightcalc(*words, "-L").stdout.decode()
    assert len(list_masks("val")) == 1
    assert len(list_masks("val", follow=True)) == 2


def test_zero_of_a_class_in_an_ignored_range(weightcalc, masks):
    """A range that is ignored is known as single values are."""
    options = ["-n", "3", "--ignore-index", "0-1"]
    assert weightcalc("weights", masks, *options, "--zero", "1").exit_code == 2
    assert weightcalc("weights", masks, *options, "--zero", "2").exit_code == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--ignore-index", "0"],
        ["--map", "0:0"],
        ["--encoding", "one-hot"],
    ],
)
def test_reduce_zero_label_is_not_offered_where_it_is_refused(weightcalc, save_mask, options):
    """Classes that begin at 1 are guessed where nothing was said of 0, and not of channels."""
    if "one-hot" in options:
        save_mask([[[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]], "m/a.npy")
    else:
        save_mask([[0, 1, 2, 3]], "m/a.png")
    result = weightcalc("weights", "m", "-n", "3", *options)
    assert result.exit_code == 2
    assert "--reduce-zero-label" not in result.stderr


def test_one_class_too_few(weightcalc, save_mask):
    """A larger -n stays among the remedies where classes may begin at 1."""
    save_mask([[1, 2, 3]], "m/a.png")
    assert "-n 4" in weightcalc("weights", "m", "-n", "3").stderr
