"""The baselines that every forecast must beat, and that serve where a model may not speak.

Bed demand: the last value; the same hour last week; the last value plus the usual change until then.
Wait time: the last patient's wait; the median of the last ten of similar urgency; the usual wait at this hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import hour_of, local_clock, weekday
from hospital.dataset.quantiles import LEVELS, weighted_quantiles
from hospital.features.feature import TRIAGE_RANK
from hospital.grouping import rows_of_groups
from hospital.times import DAY

__all__ = ["BED_BASELINES", "WAIT_BASELINES", "BedBaselines", "WaitBaselines", "triage_position", "week_slot"]

BED_BASELINES = ("last_value", "same_hour_last_week", "usual_change")
WAIT_BASELINES = ("last_wait", "recent_median", "usual_hour")

_TRIAGE = (*TRIAGE_RANK, "")
_BANDS = 8  # of three hours


def week_slot(times: Array, zone: ZoneInfo, cadence_hours: int) -> Array:
    """Place in the local week: hour 0–167, or day 0–6 for a daily census (int64 [n])."""
    clock = local_clock(times, zone)
    day = weekday(clock // DAY)
    return day if cadence_hours >= 24 else day * 24 + hour_of(clock).astype(np.int64)


def triage_position(triage: Array) -> Array:
    """Position (int64 [n]) of each triage level (object [n]) in the baselines' tables; the last one for none."""
    at = {t: i for i, t in enumerate(_TRIAGE)}
    return np.fromiter((at.get(t, len(_TRIAGE) - 1) for t in triage), np.int64, len(triage))


@dataclass(frozen=True)
class BedBaselines:
    """Parameters of the bed-demand baselines.

    Attributes:
        units: ids, horizons: hours; the axes below.
        usual_change: [units, horizons, slots] beds, median change from a slot of the week until then.
        best: [horizons] the best baseline of each horizon, by mean absolute error.
        scale: [units, horizons] beds, that baseline's mean absolute error; the unit of the model's output.
        residuals: [units, horizons, levels] beds, quantiles of outcome less that baseline.
        start_share: [horizons] share of the usual change that a model starts from, beside the demand now.
        days: [units] since the first patient that training knew of.
    """

    units: tuple[str, ...]
    horizons: tuple[float, ...]
    usual_change: Array
    best: tuple[str, ...]
    scale: Array
    residuals: Array
    start_share: Array
    days: Array

    def horizon_index(self, horizon_hours: Array) -> Array:
        """Position of each horizon (int64 [n]); the nearest one for one that is not among them."""
        return np.abs(horizon_hours[:, None] - np.array(self.horizons)).argmin(axis=1)

    def start(self, unit: Array, horizon: Array, slot: Array, now: Array) -> Array:
        """What a model's forecast starts from: the demand now and its share of the usual change, beds (float64 [n])."""
        return now + self.start_share[horizon] * self.usual_change[unit, horizon, slot]

    def values(
        self, unit: Array, horizon: Array, slot: Array, now: Array, last_week: Array
    ) -> dict[str, Array]:
        """Each baseline's forecast, beds (float64 [n]), NaN where the present is unknown.

        Args:
            unit, horizon: positions (int64 [n]).
            slot: `week_slot` of the prediction time.
            now: demand now.
            last_week: demand whole weeks before the target.
        """
        change = self.usual_change[unit, horizon, slot]
        return {
            "last_value": now,
            "same_hour_last_week": np.where(np.isnan(last_week), now, last_week),
            "usual_change": np.maximum(now + change, 0.0),
        }

    def chosen(self, values: Mapping[str, Array], horizon: Array) -> Array:
        """The best baseline's forecast of each row's horizon (float64 [n])."""
        which = np.array([BED_BASELINES.index(name) for name in self.best])[horizon]
        return np.stack([values[name] for name in BED_BASELINES])[which, np.arange(horizon.size)]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "units": list(self.units),
            "horizons_hours": list(self.horizons),
            "usual_change": self.usual_change.tolist(),
            "start_share": self.start_share.tolist(),
            "history_days": self.days.tolist(),
            "best": list(self.best),
            "scale": self.scale.tolist(),
            "levels": list(LEVELS),
            "residual_quantiles": self.residuals.tolist(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "BedBaselines":
        """The baselines that `to_json` wrote."""
        return cls(
            tuple(body["units"]),
            tuple(body["horizons_hours"]),
            np.array(body["usual_change"], np.float64),
            tuple(body["best"]),
            np.array(body["scale"], np.float64),
            np.array(body["residual_quantiles"], np.float64),
            np.array(body["start_share"], np.float64),
            np.array(body["history_days"], np.float64),
        )


def usual_changes(
    unit: Array, horizon: Array, slot: Array, change: Array, shape: tuple[int, int, int]
) -> Array:
    """Median change by unit, horizon and slot of the week, the neighbouring hours lent: float64, shape as given.

    Args:
        unit, horizon, slot: int64 [n], positions.
        change: float64 [n], beds; NaN unknown.
    """
    units, horizons, slots = shape
    out = np.zeros(shape)
    near = (-1, 0, 1) if slots == 168 else (0,)
    cell = np.where(np.isnan(change), -1, unit * horizons + horizon)
    for of, mine in enumerate(rows_of_groups(cell, units * horizons)):
        lent = np.concatenate([(slot[mine] - step) % slots for step in near])
        out[divmod(of, horizons)] = _medians(lent, np.tile(change[mine], len(near)), slots)
    return out


def _medians(group: Array, values: Array, groups: int) -> Array:
    """Median of each group's values (float64 [groups]); 0 where there are none."""
    if not values.size:
        return np.zeros(groups)
    ordered = values[np.lexsort((values, group))]
    counts = np.bincount(group, minlength=groups)
    last = np.cumsum(counts) - 1
    low, high = last - counts // 2, last - np.maximum(counts - 1, 0) // 2
    return np.where(counts > 0, (ordered[low] + ordered[high]) / 2, 0.0)


@dataclass(frozen=True)
class WaitBaselines:
    """Parameters of the wait-time baselines.

    Attributes:
        usual: [triage, three-hour bands] minutes, median wait by `triage_position` and local hour.
        best: the best baseline by mean absolute error.
        residuals: [triage, levels] minutes, quantiles of outcome less that baseline.
    """

    usual: Array
    best: str
    residuals: Array

    def values(self, triage: Array, hour: Array, last_wait: Array, recent_median: Array) -> dict[str, Array]:
        """Each baseline's forecast, minutes (float64 [n]).

        Args:
            triage: positions (int64 [n]).
            hour: local hour (float64 [n]); the others minutes, NaN unknown: the usual wait stands in, as a
                head nurse would answer when nobody has been seen yet.
        """
        usual = self.usual[triage, (hour / (24 / _BANDS)).astype(np.int64)]
        return {
            "last_wait": np.where(np.isnan(last_wait), usual, last_wait),
            "recent_median": np.where(np.isnan(recent_median), usual, recent_median),
            "usual_hour": usual,
        }

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "triage": list(_TRIAGE),
            "usual_minutes": self.usual.tolist(),
            "best": self.best,
            "levels": list(LEVELS),
            "residual_quantiles": self.residuals.tolist(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "WaitBaselines":
        """The baselines that `to_json` wrote."""
        return cls(
            np.array(body["usual_minutes"], np.float64),
            str(body["best"]),
            np.array(body["residual_quantiles"], np.float64),
        )


def usual_waits(triage: Array, hour: Array, minutes: Array, weights: Array) -> Array:
    """Median wait in minutes, float64 [triage, bands]; where a cell has few visits, the level's, else everybody's.

    Args:
        triage: int64 [n], positions.
        hour, minutes, weights: float64 [n].
    """
    out = np.full((len(_TRIAGE), _BANDS), weighted_quantiles(minutes, weights, (0.5,))[0])
    band = (hour / (24 / _BANDS)).astype(np.int64)
    for t in range(len(_TRIAGE)):
        level = triage == t
        if level.sum() >= 30:
            out[t] = weighted_quantiles(minutes[level], weights[level], (0.5,))[0]
        for b in range(_BANDS):
            cell = level & (band == b)
            if cell.sum() >= 30:
                out[t, b] = weighted_quantiles(minutes[cell], weights[cell], (0.5,))[0]
    return out


def residual_quantiles(
    residual: Array, weights: Array, cell: Array, cells: int, least: int, scale: Array | None = None
) -> Array:
    """Quantiles [cells, levels] of residuals (float64 [n]) by cell (int64 [n]); a thin cell takes everybody's.

    Args:
        least: rows of a cell that are enough.
        scale: float64 [cells], how far a cell's outcomes usually lie from the baseline: everybody's residuals
            are then lent in units of it, so that a small ward is not given a large one's.
    """
    of = np.ones(cells) if scale is None else scale
    shared = weighted_quantiles(residual / of[cell], weights)
    out = of[:, None] * shared[None, :]
    for c, mine in enumerate(rows_of_groups(cell, cells)):
        if mine.size >= least:
            out[c] = weighted_quantiles(residual[mine], weights[mine])
    return out


def best_of(values: Mapping[str, Array], outcome: Array, weights: Array, names: Sequence[str]) -> str:
    """The baseline of the least weighted mean absolute error; the first in order where they tie (float64 [n] all)."""
    loss = {}
    for name in names:
        known = (weights > 0) & ~np.isnan(values[name]) & ~np.isnan(outcome)
        error = np.abs(values[name][known] - outcome[known])
        loss[name] = float(np.average(error, weights=weights[known])) if known.any() else np.inf
    return min(names, key=lambda name: loss[name])
