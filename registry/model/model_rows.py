"""From samples or a live request to the rows that a model forecasts: the same for training, check and serving."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.dataset.baselines import BED_BASELINES, BedBaselines, WaitBaselines, triage_position, week_slot
from hospital.features.bed_query import BedQuery
from hospital.features.feature import Feature
from hospital.features.wait import WaitQuery
from hospital.holidays.place import Place
from registry.components.situations import situations
from registry.model.forecast_model import WAIT_BAND_HOURS, WAIT_GROUP_SHAPE, Rows

__all__ = ["bed_baselines", "bed_rows", "wait_baselines", "wait_rows", "wait_rows_of"]

_LEAST_USUAL_MINUTES = 5.0


def bed_baselines(
    baselines: BedBaselines,
    query: BedQuery,
    unit: Array,
    now: Array,
    last_week: Array,
    zone: ZoneInfo,
    cadence: int,
) -> dict[str, Array]:
    """Every baseline's forecast: beds, float64 [n]; `unit`: int64 [n], position among the baselines' units; `now` and
    `last_week`: beds, float64 [n], NaN unknown."""
    horizon = baselines.horizon_index(query.horizon_hours)
    slot = week_slot(query.prediction_time, zone, cadence)
    return baselines.values(unit, horizon, slot, now, last_week)


def bed_rows(
    baselines: BedBaselines,
    X: Array,
    query: BedQuery,
    unit: Array,
    now: Array,
    last_week: Array,
    place: Place,
    cadence: int,
) -> Rows:
    """Rows of a bed-demand model: X is float32 [n, features], NaN missing; all else as of `bed_baselines`."""
    horizon = baselines.horizon_index(query.horizon_hours)
    values = bed_baselines(baselines, query, unit, now, last_week, place.zone, cadence)
    baseline = baselines.chosen({name: values[name] for name in BED_BASELINES}, horizon)
    cell = unit * len(baselines.horizons) + horizon
    floor = np.zeros(now.size)
    offset = baselines.start(unit, horizon, week_slot(query.prediction_time, place.zone, cadence), now)
    scale, one = baselines.scale[unit, horizon], np.ones(now.size)
    situation = situations(query.prediction_time, place)
    return Rows(X, cell, horizon, offset, scale, floor, baseline, cell, horizon, one, one, situation)


def wait_baselines(
    baselines: WaitBaselines, X: Array, query: WaitQuery, names: list[str], zone: ZoneInfo
) -> dict[str, Array]:
    """Every baseline's forecast: minutes, float64 [n]; X: float32 [n, features], NaN missing."""
    return _wait_baselines(
        baselines, X, names, query.columns["triage"], local_hour(query.prediction_time, zone)
    )


def wait_rows(
    baselines: WaitBaselines, X: Array, query: WaitQuery, features: tuple[Feature, ...], place: Place
) -> Rows:
    """Rows of a wait-time model (X: float32 [n, features], NaN missing); nobody waits less than they have waited."""
    waited = (query.prediction_time - query.arrived_at) / 60e6
    hour = local_hour(query.prediction_time, place.zone)
    rows = wait_rows_of(baselines, X, features, query.columns["triage"], hour, waited)
    return replace(
        rows, situation=situations(query.prediction_time, place), unlearned=_unlearned(X, query, features)
    )


def _unlearned(X: Array, query: WaitQuery, features: tuple[Feature, ...]) -> Array:
    """Categories that were given, and that the model has no code for: bool [n, features]."""
    out = np.zeros(X.shape, bool)
    for column, feature in enumerate(features):
        if feature.levels:
            given = np.array([value is not None for value in query.columns[feature.name]], bool)
            out[:, column] = given & np.isnan(X[:, column])
    return out


def wait_rows_of(
    baselines: WaitBaselines,
    X: Array,
    features: tuple[Feature, ...],
    triage: Array,
    hour: Array,
    waited_minutes: Array,
) -> Rows:
    """Rows of a wait-time model, from what they need besides their features; their situations are not known.

    Args:
        triage: the levels (object [n]), None for none.
        hour: of the local clock at the prediction time, with its fraction (float64 [n]).
        waited_minutes: from arrival to the prediction time (float64 [n]).
    """
    names = [f.name for f in features]
    values = _wait_baselines(baselines, X, names, triage, hour)
    level = triage_position(triage)
    department = _column(X, names, "department")
    cell = np.where(np.isnan(department), 0, department).astype(np.int64)
    scale = np.maximum(values["usual_hour"], _LEAST_USUAL_MINUTES)
    # How sure a forecast is depends on all three: at night fewer see patients, and children are seen by others.
    band = hour.astype(np.int64) // WAIT_BAND_HOURS
    group = np.ravel_multi_index((band, level), WAIT_GROUP_SHAPE) + cell * int(np.prod(WAIT_GROUP_SHAPE))
    offset, baseline, one = np.zeros(scale.size), values[baselines.best], np.ones(scale.size)
    return Rows(X, cell, group, offset, scale, waited_minutes, baseline, level, level, one, one)


def _wait_baselines(
    baselines: WaitBaselines, X: Array, names: list[str], triage: Array, hour: Array
) -> dict[str, Array]:
    last, recent = _column(X, names, "last_wait_triage"), _column(X, names, "recent_wait_triage")
    return baselines.values(triage_position(triage), hour, last, recent)


def _column(X: Array, names: list[str], name: str) -> Array:
    return X[:, names.index(name)].astype(np.float64) if name in names else np.full(len(X), np.nan)
