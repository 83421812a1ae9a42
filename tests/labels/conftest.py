"""What tests of labels share."""

import pytest

from weightcalc.labels.class_list import read_class_list


@pytest.fixture
def read(tmp_path):
    """A function that saves a class list and reads it."""

    def run(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_class_list(str(path))

    return run
