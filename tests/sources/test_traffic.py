"""What servers send is counted for one purpose at a time."""

import pytest

from weightcalc import SourceError
from weightcalc.files import limits
from weightcalc.sources.traffic import Traffic, new_purpose


def test_a_purpose_has_a_limit():
    """One byte beyond the limit is an error, and another purpose begins anew."""
    traffic = Traffic()
    traffic.begin("a run", 10)
    traffic.add(10)
    with pytest.raises(SourceError):
        traffic.add(1)
    traffic.begin("another run", 10)
    traffic.add(10)


def test_parts_of_a_run_add_up():
    """A run that is said to begin again goes on."""
    traffic, run = Traffic(), new_purpose()
    traffic.begin(run, 10)
    traffic.add(6)
    traffic.begin(run, 10)
    with pytest.raises(SourceError):
        traffic.add(6)


def test_a_listing_within_a_run(monkeypatch):
    """A listing has a limit of its own, and after it the run goes on with what was left."""
    monkeypatch.setattr(limits, "LARGEST_LISTING", 100)
    traffic = Traffic()
    traffic.begin("a run", 10)
    traffic.add(6)
    with traffic.of_listing():
        traffic.add(100)
        with pytest.raises(SourceError):
            traffic.add(1)
    traffic.add(4)
    with pytest.raises(SourceError):
        traffic.add(1)
