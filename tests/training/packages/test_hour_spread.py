"""What later days say of the width at each hour: a factor of each horizon and three hours, as one tree."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from explain import TreeEngine
from explain.verify import verify
from hospital.arrays import Array
from hospital.dataset.splits import split_history
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.times import DAY
from registry.model.dataset import prepare_beds
from registry.model.forecast_rows import Rows
from registry.package.manifest import SPREAD_BY_HOUR
from tests.support.few_trees import FEW_TREES
from training.conformal import LEAST_CELL, Errors
from training.packages.hour_spread import BAND_HOURS, hour_factors, spread_by_hour
from training.packages.package_build import fit_beds

HORIZONS = (4.0, 8.0, 24.0, 48.0)


@dataclass(frozen=True)
class _Named:
    """A feature, as far as columns are looked for."""

    name: str


@dataclass(frozen=True)
class _Days:
    """The calibration set, as far as it is looked at."""

    X: Array
    features: tuple[_Named, ...]
    events: Any


def _days(of_each: int = 300, cadence_hours: int = 1) -> tuple[Errors, _Days]:
    """So many rows of each horizon and three hours. Errors are as wide as the spread says, 40 beds each way, but twice
    as wide from noon to six in the evening, and half as wide before six in the morning, up to a day ahead."""
    rng = np.random.default_rng(4)
    horizon, hour = (a.ravel() for a in np.meshgrid(HORIZONS, np.arange(0, 24, BAND_HOURS)))
    horizon, hour = (
        np.repeat(horizon, of_each),
        np.repeat(hour, of_each) + rng.uniform(0, 2.99, horizon.size * of_each),
    )
    X = np.column_stack([rng.normal(size=horizon.size), hour, horizon]).astype(np.float32)
    factor = np.where((hour >= 12) & (hour < 18), 2.0, np.where(hour < 6, 0.5, 1.0))
    residual = rng.uniform(-20, 20, horizon.size) * np.where(horizon <= 24, factor, 1.0)
    zero, one = np.zeros(horizon.size, np.int64), np.ones(horizon.size)
    rows = Rows(X, zero, zero, one, 2 * one, one, one, zero, zero, one, one)
    features = tuple(map(_Named, ("surprise", "target_hour", "horizon_hours")))
    events = SimpleNamespace(cadence_hours=cadence_hours)
    return Errors(rows, 0 * one, 20 * one, residual, one), _Days(X, features, events)


def _spread(errors: Errors, days: _Days) -> bytes | None:
    return spread_by_hour(errors, cast(Any, days))


def test_a_factor_is_the_width_of_an_hour_beside_that_of_its_horizon() -> None:
    """Of hours twice and half as wide as the others: as NumPy's quantiles have them, and 1 beyond a day."""
    errors, days = _days()
    horizon, hour = days.X[:, 2], days.X[:, 1]
    factors, rows = hour_factors(errors, horizon, hour)
    assert (rows == 300).all()
    assert (factors[3] == 1).all()
    for place, hours in enumerate(HORIZONS[:3]):
        mine = horizon == hours
        usual = np.subtract(*np.quantile(errors.residual[mine], (0.9, 0.1)))
        for band in range(8):
            here = mine & (hour // 3 == band)
            wanted = np.subtract(*np.quantile(errors.residual[here], (0.9, 0.1))) / usual
            assert factors[place, band] == pytest.approx(wanted, rel=0.03)
        assert factors[place, 4] / factors[place, 0] == pytest.approx(4, rel=0.1)


def test_the_tree_says_the_factor_of_each_cell_on_its_edges_too() -> None:
    """Its logarithm, from the first minute of three hours to the last, at every horizon; other columns say nothing."""
    errors, days = _days()
    factors, _ = hour_factors(errors, days.X[:, 2], days.X[:, 1])
    content = _spread(errors, days)
    assert content is not None
    engine = TreeEngine.load(content)
    for place, hours in enumerate(HORIZONS):
        for band in range(8):
            at = np.array([3 * band, 3 * band + 1.5, np.nextafter(np.float32(3 * band + 3), np.float32(0))])
            asked = np.column_stack([np.array([-9.0, 0.0, 9.0]), at, np.full(3, hours)]).astype(np.float32)
            assert np.abs(np.exp(engine.predict_exactly(asked)) - factors[place, band]).max() < 1e-6


def test_it_is_explained_as_any_other_trees() -> None:
    """Held against XGBoost and shap; what it says goes to the hour and the horizon alone."""
    errors, days = _days()
    content = _spread(errors, days)
    assert content is not None
    held = verify(content, days.X[::37])
    assert (held.predictions_off, held.leaves) == (0, held.leaves_of_model)
    assert max(held.from_xgboost, held.from_shap) < 1e-5
    added = TreeEngine.load(content).contributions(days.X[:50]).values
    assert (added[:, 0] == 0).all()
    assert (np.abs(added[:, 1:]).max(axis=0) > 0.05).all()


def test_too_few_rows_and_whole_days_say_nothing() -> None:
    """Fewer rows than quantiles need leave the width as it was; so does a census of whole days; unknown outcomes are no
    rows."""
    assert _spread(*_days(LEAST_CELL - 1)) is None
    assert _spread(*_days(LEAST_CELL)) is not None
    assert _spread(*_days(cadence_hours=24)) is None
    errors, days = _days()
    unknown = np.where(days.X[:, 1] < 3, 0.0, errors.weight)
    factors, rows = hour_factors(replace(errors, weight=unknown), days.X[:, 2], days.X[:, 1])
    assert (rows[:, 0] == 0).all()
    assert (factors[:, 0] == 1).all()
    assert (factors[:3, 1] < 0.8).all()


def test_a_package_of_an_hourly_census_has_what_the_hour_says(tmp_path: Path) -> None:
    """Of sixteen wards that nobody enters or leaves before eight in the morning: widths are corrected by the hour four
    hours ahead, otherwise by night than by day, and not two days ahead."""
    rng, hours = np.random.default_rng(6), np.arange(230 * 24)
    moves = rng.normal(0, 1.2, (hours.size, 16)) * (hours % 24 >= 8)[:, None]
    beds = np.full(16, 30.0)
    rows = []
    for move in moves:
        beds = np.clip(beds + move + 0.02 * (30 - beds), 5, 60)
        rows.append(np.round(beds))
    at = np.repeat(pd.to_datetime(hours, unit="h", utc=True) + pd.Timedelta(days=19_700), 16)
    units = np.tile([f"W{number}" for number in range(16)], hours.size)
    census = pd.DataFrame(
        {"unit": units, "at": at, "occupied": np.concatenate(rows).astype(int), "staffed": 60}
    )
    census.to_parquet(tmp_path / "census.parquet", index=False)
    prepared = prepare_beds(events_of(read_hospital(tmp_path, None, b"key")), (), (4.0, 48.0), None)
    known = prepared.prediction_time
    split = split_history(int(known.min()), int(known.max()) - DAY, gap=DAY)
    made = fit_beds(prepared, split, seed=1, threads=1, progress=lambda: None, hyperparameters=FEW_TREES)
    by_hour = TreeEngine.load(made.files[SPREAD_BY_HOUR])
    names = [f.name for f in prepared.features]
    asked = np.full((16, len(names)), np.nan, np.float32)
    asked[:, names.index("horizon_hours")] = np.repeat([4.0, 48.0], 8)
    asked[:, names.index("target_hour")] = np.tile(np.arange(8) * BAND_HOURS, 2)
    soon, later = by_hour.predict_exactly(asked).reshape(2, 8)
    assert (later == 0).all()
    assert np.abs(soon[2] - soon[5]) > 0.2  # by 6 to 9 h, and by 15 to 18 h
