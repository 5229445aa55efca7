"""Fixtures of the simulator's tests: hospitals that are simulated once for all of them."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from hospital.simulator import simulate, write
from tests.support.made_once import made_once
from tests.support.simulated_tables import DAYS, TEST_SEEDS, Tables


def _write_each(folder: Path) -> None:
    for seed in TEST_SEEDS:
        write(simulate(DAYS, seed=seed), folder / str(seed))


@pytest.fixture(scope="session")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Tables]:
    """Full-size runs of the test seeds, which no test changes; they read back as they were written."""
    folder = made_once(tmp_path_factory, "simulated-hospitals", _write_each)
    return {
        seed: {path.stem: pd.read_parquet(path) for path in sorted((folder / str(seed)).glob("*.parquet"))}
        for seed in TEST_SEEDS
    }


@pytest.fixture(scope="session")
def small() -> Tables:
    """A quarter of the hospital, 40 days across the spring change of the clocks; no test changes it."""
    return simulate(40, seed=701, scale=0.25, start=date(2024, 3, 1))
