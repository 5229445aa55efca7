"""A sound hospital of more than a year, made once for the files of a process, and a copy for each test."""

from datetime import date

import pytest

from hospital.simulator import simulate
from tests.support.profiled_hospital import Tables


@pytest.fixture(scope="session")
def sound_tables() -> Tables:
    """More than a year of a small simulated hospital, over both clock changes and a leap day."""
    return simulate(430, seed=11, start=date(2024, 1, 8), scale=0.25)


@pytest.fixture
def tables(sound_tables: Tables) -> Tables:
    """The same, to be damaged by a test."""
    return {name: frame.copy() for name, frame in sound_tables.items()}
