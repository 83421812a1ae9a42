"""The report layout: complete, described by a schema, and enough to make its weights again."""

import json
import math
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from weightcalc import METHODS, compute_class_weights, read_counts
from weightcalc.weights.formula import ABSENT, DENOMINATORS, NORMALIZE, parameters_of

ROOT = Path(__file__).parents[2]
FOLDER = resources.files("weightcalc").joinpath("schemas")
SCHEMAS = {
    name: json.loads(FOLDER.joinpath(f"{name}.json").read_text("utf-8"))
    for name in ("report", "counts")
}
REPORT, COUNTS = (Draft202012Validator(schema) for schema in SCHEMAS.values())

# Each row changes the balanced weights of the masks below.
OPTIONS = {
    "ignored values": ["--ignore-index", "255", "--ignore-index", "3"],
    "names": ["-c", "names.txt", "--ignore-index", "255"],
    "mapped": ["--map", "255:4", "--map", "4:4", "-n", "6"],
    "reduced": ["--reduce-zero-label", "-n", "5"],
    "zero": ["--ignore-index", "255", "--zero", "1", "--zero", "0"],
    "absent": ["-n", "6", "--ignore-index", "255", "--absent", "max"],
    "normalize": ["--ignore-index", "255", "--normalize", "mean"],
    "clip": ["--ignore-index", "255", "--clip", "0.7:1.3"],
    "clip from below": ["--ignore-index", "255", "--clip", "0.7:"],
    "clip from above": ["--ignore-index", "255", "--clip", ":1.3"],
    "denominator": ["--ignore-index", "255", "--denominator", "all"],
    "digits": ["--ignore-index", "255", "--digits", "3"],
    "all at once": [
        *("--ignore-index", "255", "-c", "names.txt", "--zero", "sky", "--absent", "one"),
        *("--clip", "0.1:30", "--normalize", "sum", "--denominator", "labelled", "--digits", "5"),
    ],
}
# Other values than the defaults, of every parameter there is.
PARAMETERS = {
    "inverse-frequency": {"unit": "masks"},
    "balanced": {"unit": "masks"},
    "enet": {"c": 1.1, "unit": "masks"},
    "effective-number": {"beta": 0.9, "unit": "masks"},
    "power": {"exponent": 0.3, "unit": "masks"},
    "smoothed-inverse": {"eps": 0.02, "unit": "masks"},
    "log-inverse": {"mu": 0.3, "floor": 0.1, "unit": "masks"},
    "inverse-log-count": {"offset": 1.5, "unit": "masks"},
    "pos-weight": {"unit": "masks"},
}


@pytest.fixture
def report(weightcalc, save_mask, tmp_path, monkeypatch):
    """A function that gives the report, as strict JSON, of two masks weighed with options."""
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("road\nsky\ncar\nbüs\nsign\nnobody\n", encoding="utf-8")
    # 200, 50, 31, 13 and 7 pixels of five classes, and 109 that are ignored
    save_mask([np.repeat([0, 1, 2, 3, 4, 255], [90, 50, 20, 13, 7, 90])], "masks/a.png")
    save_mask([np.repeat([0, 2, 255], [110, 11, 19])], "masks/b.png")

    def run(*options):
        if not {"--ignore-index", "--map", "--reduce-zero-label"} & set(options):
            options = ("--ignore-index", "255", *options)
        result = weightcalc("weights", "masks", *options, "-q", "--layout", "report")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout, parse_constant=pytest.fail)

    return run


def remake(report):
    """The weights that the report alone says."""
    Path("counts.json").write_text(json.dumps(report["counts"]))
    options = dict(report["options"])
    digits = options.pop("digits")
    low, high = options.pop("clip") or (None, None)
    limits = (-math.inf if low is None else low, math.inf if high is None else high)
    weights = compute_class_weights(
        read_counts("counts.json"),
        report["method"],
        clip=limits,
        **options,
        **report["parameters"],
    ).tolist()
    return weights if digits is None else [float(f"{w:.{digits}g}") for w in weights]


def given(parameters):
    """The parameters as options."""
    return [word for item in parameters.items() for word in ("-p", "=".join(map(str, item)))]


def check_that_it_is_enough(report):
    """Compare a report with the schema, and its weights with those that follow from the rest."""
    REPORT.validate(report)
    assert len(report["weights"]) == len(report["names"]) == len(report["counts"]["classes"])
    assert remake(report) == report["weights"]


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_a_method_are_made_again(report, method):
    """Of every method, by default and with all options, the report alone gives the same floats."""
    check_that_it_is_enough(report("-m", method))
    every = [*given(PARAMETERS.get(method, {})), *OPTIONS["all at once"]]
    check_that_it_is_enough(report("-m", method, *every))


@pytest.mark.parametrize("method", ["median-frequency", "balanced"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_weights_by_an_option_are_made_again(report, method, options):
    """With every option that changes weights, the report alone gives the same floats."""
    found = report("-m", method, *options)
    check_that_it_is_enough(found)
    if method == "balanced":
        assert found["weights"] != report("-m", method)["weights"]


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_is_told(report, method):
    """A report has each parameter of its method, given or by default; the unit where it differs."""
    stated = report("-m", method)["parameters"]
    unit = {"unit": "pixels"} if method != "effective-number" else {}
    assert {**stated, **unit}.items() >= parameters_of(method).items() >= stated.items()
    others = PARAMETERS.get(method, {})
    assert others.keys() == parameters_of(method).keys()
    for name, value in others.items():
        chosen = others if name == "unit" else {name: value}  # ln 1 needs an offset
        told = report("-m", method, *given(chosen))["parameters"]
        assert told == stated | chosen


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ([], "zero", []),
        ([], "absent", "zero"),
        ([], "normalize", "none"),
        ([], "clip", None),
        ([], "denominator", "published"),
        ([], "digits", None),
        (OPTIONS["zero"], "zero", [0, 1]),
        (OPTIONS["clip"], "clip", [0.7, 1.3]),
        (OPTIONS["clip from below"], "clip", [0.7, None]),
        (OPTIONS["clip from above"], "clip", [0, 1.3]),
        (OPTIONS["digits"], "digits", 3),
        (OPTIONS["all at once"], "zero", [1]),
    ],
)
def test_every_option_is_told(report, options, name, value):
    """A report has each option that weights depend on, given or by default."""
    assert report(*options)["options"][name] == value


def test_counts_of_a_report(report):
    """A report holds what was counted, by class with names, and what was left out and why."""
    found = report("-c", "names.txt", "--ignore-index", "255")["counts"]
    numbers = [(entry["name"], entry["pixels"], entry["masks"]) for entry in found["classes"]]
    assert numbers == [
        *(("road", 200, 2), ("sky", 50, 1), ("car", 31, 2)),
        *(("büs", 13, 1), ("sign", 7, 1), ("nobody", 0, 0)),
    ]
    assert (found["masks"], found["pixels"], found["ignored_pixels"]) == (2, 410, 109)
    assert found["ignored"] == [{"value": 255, "pixels": 109, "masks": 2}]
    assert found["source"] == {"names": ["masks"], "options": {"ignore_index": [255]}}


def closed_objects(schema, path=""):
    """Each schema of an object with named properties, and where it stands."""
    if isinstance(schema, dict):
        if "required" in schema:
            yield path, schema
        for key, value in schema.items():
            yield from closed_objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from closed_objects(value, f"{path}/{number}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_strict(name):
    """A schema is one itself, and leaves no property open or optional but the marks that say so."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    for path, schema in closed_objects(SCHEMAS[name]):
        optional = schema["properties"].keys() - set(schema["required"])
        assert optional <= {"ignored", "palette", "unit", "unordered"}, path
        assert schema["additionalProperties"] is False, path


def test_report_schema_holds_the_counts_schema():
    """The schema of a report needs no other file: that of counts is in it, unchanged."""
    assert SCHEMAS["report"]["$defs"]["counts"] == SCHEMAS["counts"]


def test_schema_knows_every_choice():
    """The schema lists the methods and choices that there are, and no other."""
    methods = [case["properties"]["method"] for case in SCHEMAS["report"]["oneOf"]]
    listed = [name for m in methods for name in m.get("enum", [m.get("const")])]
    assert sorted(listed) == sorted(METHODS)
    options = SCHEMAS["report"]["$defs"]["options"]["properties"]
    for name, choices in (
        ("absent", ABSENT),
        ("normalize", NORMALIZE),
        ("denominator", DENOMINATORS),
    ):
        assert sorted(options[name]["enum"]) == sorted(choices)


def at(document, *path):
    """What stands at a path in a document."""
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["weights", 0], math.inf),
        (["weights", 0], "1"),
        (["weights"], []),
        (["names", 0], 1),
        (["method"], "balanced"),  # which has no parameter c
        (["method"], "unknown"),
        (["parameters"], {}),
        (["parameters", "c"], 1.0),  # of which the logarithm is 0
        (["parameters", "d"], 1.0),
        (["options", "zero"], [-1]),
        (["options", "clip"], [0.1]),
        (["options", "clip"], [0.1, -math.inf]),
        (["options", "digits"], 0),
        (["options", "more"], 1),
        (["counts", "classes", 0, "pixels"], -1),
        (["counts", "classes", 0, "pixels"], 1.5),
        (["counts", "classes", 0, "ignored"], False),
        (["counts", "ignored", 0, "value"], "255"),
        (["counts", "source", "options", "ignore"], [255]),
        (["counts", "format"], "weightcalc-counts/2"),
        (["more"], 1),
    ],
)
def test_schema_refuses(report, path, value):
    """What no run writes is not of the schema."""
    found = report("-m", "enet", "--clip", "1:9")
    REPORT.validate(found)
    at(found, *path[:-1])[path[-1]] = value
    assert not REPORT.is_valid(found)


@pytest.mark.parametrize("name", ["weights", "names", "method", "parameters", "options", "counts"])
def test_schema_requires(report, name):
    """A report without one of its parts is not of the schema."""
    found = report()
    del found[name]
    assert not REPORT.is_valid(found)


@pytest.mark.parametrize(
    "options",
    [
        ["--ignore-index", "255"],
        ["-n", "6", "--ignore-index", "255", "--ignore-index", "1"],
        OPTIONS["mapped"],
        OPTIONS["reduced"],
        ["--ignore-index", "200-255", "--ignore-index", "nodata", "--map", "0-1:0", "-n", "6"],
        ["--ignore-index", "255", "--map", "*:0"],
    ],
)
def test_counts_file_is_of_its_schema(report, weightcalc, options):
    """What `count` writes, with every kind of option, is of the schema of counts."""
    assert COUNTS.is_valid(weightcalc("count", "masks", *options).json)


def test_counts_of_regions_are_of_their_schema(report, weightcalc):
    """Counts of classes that share values are of the schema, also where they are added up."""
    report()  # whose masks are counted here
    labels = {"0": [0, 1], "1": [1, 2, 3, 4], "ignore": 255}
    Path("dataset.json").write_text(json.dumps({"labels": labels}))
    assert weightcalc("count", "masks/a.png", "-c", "dataset.json", "-o", "a.json").exit_code == 0
    options = ["-c", "dataset.json", "--map", "4:0", "-o", "b.json"]
    assert weightcalc("count", "masks/b.png", *options).exit_code == 0
    for sources in (["a.json"], ["b.json"], ["a.json", "b.json"]):
        COUNTS.validate(weightcalc("count", *sources).json)


def test_counts_of_one_hot_masks_are_of_their_schema(weightcalc, save_mask):
    """Pixels without a label, whose value is null, are of the schema of counts."""
    mask = save_mask([[[1, 0], [0, 0]]], "one_hot.npy")
    counts = weightcalc("count", mask, "--encoding", "one-hot").json
    assert counts["ignored"] == [{"value": None, "pixels": 1, "masks": 1}]
    assert COUNTS.is_valid(counts)


def test_golden_counts_file_is_of_its_schema():
    """The counts file that every version has to read is of the schema."""
    golden = json.loads((ROOT / "tests" / "data" / "counts-1.json").read_text())
    COUNTS.validate(golden)
    del golden["masks"]
    assert not COUNTS.is_valid(golden)


def test_folders_of_data_are_packed():
    """Every file of data in the package matches a pattern of pyproject.toml, so that wheels hold it."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    home = ROOT / "weightcalc"
    packed = {
        path
        for package, patterns in setup["package-data"].items()
        for pattern in patterns
        for path in home.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    data = {path for ending in ("json", "css", "js") for path in home.rglob(f"*.{ending}")}
    assert home / "schemas" / "report.json" in data
    assert data <= packed
