"""The map of the package, which every import keeps to, and what its tables promise."""

import ast
import inspect
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import weightcalc as package
from weightcalc import METHODS, list_masks
from weightcalc.kernels import counters as kernels
from weightcalc.masks.formats import READERS, suffix_of
from weightcalc.weights.weights_file import ENDINGS, WRITERS

PACKAGE = Path(package.__file__).parent
# The packages, each of which imports only from those before it.
PACKAGES = [
    "_version", "text", "errors", "files", "kernels", "sources", "masks", "labels", "counts",
    "weights", "cache", "counting", "explain", "check", "report", "manual", "cli", "__init__", "__main__",
]  # fmt: skip
LOOSE = {
    "__init__.py",
    "__main__.py",
    "_version.py",
    "errors.py",
    "py.typed",
    "README.md",
}
MOST_FLOORS = 9
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_id(path):
    """The dotted name of a module in the package, such as ``masks.png``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(path):
    """
    Dotted names of the modules of the package that a module imports.

    Imports inside functions and under TYPE_CHECKING count too.
    """
    folder = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("weightcalc") for alias in node.names)
        if not isinstance(node, ast.ImportFrom):
            continue
        assert node.level or not node.module.startswith("weightcalc"), ast.unparse(node)
        if node.level:
            base = [*folder[: len(folder) - node.level + 1], *(node.module or "").split(".")]
            base = [part for part in base if part]
            for alias in node.names:
                whole = [*base, alias.name]
                is_module = (PACKAGE.joinpath(*whole)).with_suffix(".py").exists()
                yield ".".join(whole if is_module or not base else base)


def package_of(module):
    """The package of a module; a loose module is its own."""
    return module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_imports_point_down(path):
    """A module imports only from its own package and from those that stand before it in the map."""
    here = PACKAGES.index(package_of(module_id(path)))
    for module in imports_of(path):
        assert PACKAGES.index(package_of(module)) <= here, f"{module_id(path)} imports {module}"


def test_no_circle_inside_a_package():
    """No module of the package imports one that imports it, however long the way round."""
    graph = {
        module_id(path): set(imports_of(path)) & set(map(module_id, MODULES)) for path in MODULES
    }
    try:
        TopologicalSorter({name: others - {name} for name, others in graph.items()}).prepare()
        circle = []
    except CycleError as error:
        circle = error.args[1]
    assert circle == []


def test_the_map_names_all():
    """`weightcalc/README.md` names each package and each module."""
    text = (PACKAGE / "README.md").read_text()
    for path in MODULES:
        if path.name != "__init__.py" and path.parent != PACKAGE:
            row = next(r for r in text.splitlines() if r.startswith(f"| `{path.parent.name}/` |"))
            assert re.search(rf"\b{path.stem}\b", row), path


def test_few_floors():
    """A package stands one floor above the highest that it imports; there are few floors."""
    needs = {name: set() for name in PACKAGES}
    for path in MODULES:
        here = package_of(module_id(path))
        needs[here] |= {package_of(module) for module in imports_of(path)} - {here}
    floors = {}
    for name in PACKAGES:
        is_room = (PACKAGE / name).is_dir()
        floors[name] = is_room + max((floors[other] for other in needs[name]), default=0)
    assert max(floors.values()) <= MOST_FLOORS


def test_nothing_lies_loose():
    """The top of the package holds the map, the errors, what Python asks for, and folders."""
    found = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert found <= LOOSE


NUMPY = set() if kernels.COMPILED else {"numpy"}
COUNT = {"click", "tqdm"} | NUMPY
HELP = {"click", "weightcalc.cli.completion"}  # of topics
# What few runs need is loaded by those.
HEAVY = {"numpy", "PIL", "tqdm", "click", "nibabel", "tifffile", "multiprocessing",
         "weightcalc.labels.class_list", "weightcalc.sources.layers", "weightcalc.sources.traffic",
         "weightcalc.cli.completion", "weightcalc.counts.unreadable"}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import weightcalc", set()),
        ("import weightcalc; weightcalc.WeightcalcError", set()),
        ("import weightcalc.cli.app", {"click"}),
        (
            "from weightcalc.cli.app import exit_code_of as run; run(['weights', '--help'])",
            {"click"},
        ),
        ("from weightcalc.cli.app import exit_code_of as run; run(['weights', '-j0'])", {"click"}),
        ("from weightcalc.cli.app import exit_code_of as run; run(['help'])", HELP),
        ("from weightcalc.cli.app import exit_code_of as run; run(['help', 'cache'])", HELP),
        ("import weightcalc; weightcalc.ClassCounts()", set()),
        (
            "from weightcalc.cli.app import exit_code_of as run; run(['count', 'mask.png', '-j1'])",
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


@pytest.mark.parametrize("path", MODULES, ids=module_id)
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
    assert set(ENDINGS) == set(WRITERS)
    assert all(ENDINGS.values())
