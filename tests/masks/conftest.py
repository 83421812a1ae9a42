"""What tests of masks share."""

import pytest


@pytest.fixture
def counted(weightcalc):
    """A function that counts masks: pixels of each name (or id), and pixels by ignored value."""

    def run(*arguments):
        result = weightcalc("count", *arguments)
        assert result.exit_code == 0, result.stderr
        pixels = {
            entry["name"] or entry["index"]: entry["pixels"] for entry in result.json["classes"]
        }
        ignored = {entry["value"]: entry["pixels"] for entry in result.json["ignored"]}
        return pixels, ignored

    return run


@pytest.fixture
def refused(weightcalc):
    """A function that counts masks, which must be refused, and returns what is said."""

    def run(*arguments):
        result = weightcalc("count", *arguments)
        assert (result.exit_code, result.stdout) == (2, b"")
        return result.stderr

    return run
