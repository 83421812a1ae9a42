"""The map of the package, which every import keeps to, and what its tables promise."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import weightcalc as package
from weightcalc import METHODS, kernels, list_masks
from weightcalc.readers import READERS, suffix_of
from weightcalc.writers import SUFFIXES, WRITERS

PACKAGE = Path(package.__file__).parent
LAYERS = [
    {"_version", "colors", "documents", "errors", "inflate", "terminal", "text_width"},
    {"engines", "findings", "names", "numpy_kernels", "encodings", "png_chunks", "tiff_segments"},
    {
        "kernels",
        "archives",
        "identities",
        "name_lists",
        "labels",
        "classlist_formats",
        "formulas",
        "writers",
    },
    {"cache_file", "ndarrays", "weight_lists"},
    {"counts", "classlists", "inversions", "weights", "remote"},
    {
        "cache_rows",
        "sources",
        "png",
        "bmp",
        "channels",
        "nifti",
        "counts_file",
        "tally",
        "reports",
        "stated_weights",
        "drift",
        "weight_fits",
    },
    {"arrays", "cache", "explain", "images", "label_options", "options", "report_words"},
    {"tiff", "report_options", "report_table"},
    {"readers", "report_plot", "report_text"},
    {"counting", "report_files", "mask_pixels", "image_sizes"},
    {"runs", "splits", "set_rules"},
    {"weighing", "mask_rules"},
    {"check_rules"},
    {"check_config", "checking"},
    {"check_formats", "check_options"},
    {"reporting"},
    {"cli", "__init__"},
    {"__main__"},
]
LAYER_OF = {name: layer for layer, names in enumerate(LAYERS) for name in names}
MODULES = sorted(PACKAGE.glob("*.py"))


def imports_of(tree):
    """Modules of the package that a module needs to run, imports inside functions included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1, ast.unparse(node)
            yield from [node.module] if node.module else [alias.name for alias in node.names]
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "weightcalc" not in ast.unparse(node), ast.unparse(node)
        yield from imports_of(node)


def test_every_module_has_a_layer():
    """The layers name each module of the package once, and no other."""
    assert sorted(LAYER_OF) == sorted(path.stem for path in MODULES)
    assert sum(map(len, LAYERS)) == len(LAYER_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_point_down(path):
    """A module imports only from lower layers; the compiled kernels are the twin of `kernels`."""
    for name in imports_of(ast.parse(path.read_text())):
        if name == "_kernels":
            assert path.stem == "kernels"
        else:
            assert LAYER_OF[name] < LAYER_OF[path.stem], f"{path.stem} imports {name}"


NUMPY = set() if kernels.COMPILED else {"numpy"}
COUNT = {"click", "tqdm"} | NUMPY
HEAVY = {"numpy", "PIL", "tqdm", "click", "nibabel", "tifffile", "multiprocessing"}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import weightcalc", set()),
        ("import weightcalc; weightcalc.WeightcalcError", set()),
        ("import weightcalc.cli", {"click"}),
        ("from weightcalc.cli import exit_code_of as run; run(['weights', '--help'])", {"click"}),
        ("from weightcalc.cli import exit_code_of as run; run(['weights', '-j0'])", {"click"}),
        ("import weightcalc; weightcalc.ClassCounts()", set()),
        (
            "from weightcalc.cli import exit_code_of as run; run(['count', 'mask.png', '-j1'])",
            COUNT,
        ),
        ("import weightcalc; weightcalc.list_masks('.')", NUMPY),
    ],
)
def test_what_an_import_costs(environment, save_mask, tmp_path, code, allowed):
    """Help, errors in options and the bare package answer without importing what is heavy."""
    save_mask([[0]], "mask.png")
    code += f"\nimport sys; sys.exit(' '.join({HEAVY - allowed} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, cwd=tmp_path)
    assert process.communicate(timeout=60)[1].decode().splitlines()[-1] == ""


def test_heavy_modules_are_known_to_be_seen(environment):
    """The test above would see NumPy."""
    code = "import numpy, sys; sys.exit('numpy' in sys.modules)"
    assert subprocess.call([sys.executable, "-c", code], env=environment) == 1


@pytest.mark.parametrize("name", package.__all__)
def test_public_name(name):
    """Each public name can be imported, and functions and classes say what they do."""
    found = getattr(package, name)
    if callable(found):
        assert found.__name__ == name
        assert found.__doc__
        assert not found.__doc__.startswith(f"{name}(")  # what a NamedTuple says by itself


def test_no_other_public_name():
    """A name that is not public is an AttributeError, as in any module."""
    assert sorted(package.__all__) == sorted(set(package.__all__))
    with pytest.raises(AttributeError, match="no attribute 'Engine'"):
        package.Engine  # noqa: B018  # the access is the test


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_public_functions_are_documented(path):
    """Modules, and public functions, classes and methods, have a docstring."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or path.stem == "_version"
    for scope in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        for node in scope.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            private = isinstance(scope, ast.ClassDef) and scope.name.startswith("_")
            assert not public or private or ast.get_docstring(node), node.name


@pytest.mark.parametrize("method", METHODS)
def test_formula_is_documented(method):
    """Each method states its formula in the first line, and a source or that there is none."""
    doc = inspect.getdoc(METHODS[method])
    first = doc.splitlines()[0]
    assert re.search(r"w_c = .*\bp_c|w_c = .*\bn_c|w_c = .*\bf_c|weights 1\b", first)
    assert "References" in doc or method in {"power", "uniform"}
    for name in list(inspect.signature(METHODS[method]).parameters)[1:]:
        assert re.search(rf"\b{name}\b", doc)


def test_suffixes_of_readers(save_mask, tmp_path, monkeypatch):
    """Each ending of `READERS` is in lower case, and found in a folder in any case."""
    monkeypatch.chdir(tmp_path)
    for suffix, reader in READERS.items():
        assert re.fullmatch(r"(\.[a-z0-9]+)+", suffix)
        assert callable(reader)
        for name in (f"masks/a{suffix}", f"masks/B{suffix.upper()}"):
            assert suffix_of(name) == suffix
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"")
    assert len(list_masks("masks", include=["*"])) == 2 * len(READERS)


def test_suffixes_of_writers():
    """Every ending has a writer and every writer an ending."""
    assert set(SUFFIXES.values()) == set(WRITERS)
