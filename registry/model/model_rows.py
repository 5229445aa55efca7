"""From samples or a live request to the rows that a model forecasts: the same for training, check and serving."""

from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.dataset.baselines import BED_BASELINES, BedBaselines, WaitBaselines, triage_position, week_slot
from hospital.features.beds import BedQuery
from hospital.features.feature import Feature
from hospital.features.wait import WaitQuery
from registry.model.forecast_model import WAIT_BAND_HOURS, WAIT_GROUP_SHAPE, Rows

__all__ = ["bed_baselines", "bed_rows", "wait_baselines", "wait_rows"]

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
    """Every baseline's forecast in beds; `unit`: position among the baselines' units."""
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
    zone: ZoneInfo,
    cadence: int,
) -> Rows:
    """Rows of a bed-demand model."""
    horizon = baselines.horizon_index(query.horizon_hours)
    values = bed_baselines(baselines, query, unit, now, last_week, zone, cadence)
    baseline = baselines.chosen({name: values[name] for name in BED_BASELINES}, horizon)
    cell = unit * len(baselines.horizons) + horizon
    floor = np.zeros(now.size)
    offset = baselines.start(unit, horizon, week_slot(query.prediction_time, zone, cadence), now)
    return Rows(X, cell, horizon, offset, baselines.scale[unit, horizon], floor, baseline, cell, horizon)


def wait_baselines(
    baselines: WaitBaselines, X: Array, query: WaitQuery, names: list[str], zone: ZoneInfo
) -> dict[str, Array]:
    """Every baseline's forecast in minutes."""
    triage = triage_position(query.columns["triage"])
    hour = local_hour(query.prediction_time, zone)
    last, recent = _column(X, names, "last_wait_triage"), _column(X, names, "recent_wait_triage")
    return baselines.values(triage, hour, last, recent)


def wait_rows(
    baselines: WaitBaselines, X: Array, query: WaitQuery, features: tuple[Feature, ...], zone: ZoneInfo
) -> Rows:
    """Rows of a wait-time model; nobody waits less than they have already waited."""
    names = [f.name for f in features]
    values = wait_baselines(baselines, X, query, names, zone)
    triage = triage_position(query.columns["triage"])
    department = _column(X, names, "department")
    cell = np.where(np.isnan(department), 0, department).astype(np.int64)
    floor = (query.prediction_time - query.arrived_at) / 60e6
    scale = np.maximum(values["usual_hour"], _LEAST_USUAL_MINUTES)
    # How sure a forecast is depends on all three: at night fewer see patients, and children are seen by others.
    band = local_hour(query.prediction_time, zone).astype(np.int64) // WAIT_BAND_HOURS
    group = np.ravel_multi_index((band, triage), WAIT_GROUP_SHAPE) + cell * int(np.prod(WAIT_GROUP_SHAPE))
    return Rows(X, cell, group, np.zeros(scale.size), scale, floor, values[baselines.best], triage, triage)


def _column(X: Array, names: list[str], name: str) -> Array:
    return X[:, names.index(name)].astype(np.float64) if name in names else np.full(len(X), np.nan)
