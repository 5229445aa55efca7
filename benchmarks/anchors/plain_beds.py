"""What an expert makes of a bed series in an hour: obvious lags in shares of the level, all units together, a LightGBM
for each horizon and quantile."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.anchors.bed_series import BedSeries, Places
from benchmarks.anchors.plain_boosters import BEDS, direct_quantiles
from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.times import DAY, HOUR

__all__ = ["features", "forecast_beds"]

_LEVEL_DAYS = 28
_FIRST_DAYS = {24: 165, 1: _LEVEL_DAYS}
"""Days that are not learned from: of DIVI, the one daily series, up to 1 September 2020, when reporting had settled."""
_LAGS = {24: (1, 2, 3, 6, 7, 13, 14, 20, 21), 1: (1, 2, 3, 6, 12, 23, 24, 25, 48, 72, 167, 168, 336)}
_HALF_LIFE_DAYS = 365
_EVERY_HOURS = 3
"""Of an hourly series, hours between two rows that are learned from: neighbours say the same."""


def forecast_beds(
    series: BedSeries, rows: Places, first_judged: int, progress: Callable[[str], None]
) -> Array:
    """Quantiles of the judged rows: float64 [n, levels].

    Args:
        rows: judged.
        first_judged: the instant before which outcomes are learned from.
    """
    from hospital.dataset.quantiles import LEVELS

    out = np.empty((rows.unit.size, len(LEVELS)))
    horizons = np.unique(rows.ahead)
    for ahead in horizons.tolist():
        mine = rows.ahead == ahead
        past = _learned_from(series, ahead, first_judged)
        judged = Places(rows.unit[mine], rows.origin[mine], rows.ahead[mine])
        scale = [level(series, of) for of in (past, judged)]
        change = (series.beds[past.unit, past.origin + ahead] - series.beds[past.unit, past.origin]) / scale[
            0
        ]
        known = np.isfinite(change)
        age = (first_judged - series.times[past.origin]) / DAY
        weight = 0.5 ** (age / _HALF_LIFE_DAYS) * scale[0]
        found = direct_quantiles(
            features(series, past)[known], change[known], weight[known], features(series, judged), BEDS
        )
        now = series.beds[judged.unit, judged.origin]
        out[mine] = np.maximum(now[:, None] + scale[1][:, None] * found, 0.0)
        progress(f"{ahead * series.step_hours} h")
    return out


def _learned_from(series: BedSeries, ahead: int, first_judged: int) -> Places:
    """Every unit at every step whose level is known and whose outcome lies before the judged rows."""
    day = series.steps_of_day
    first = _FIRST_DAYS[series.step_hours] * day
    last = int(np.searchsorted(series.times, first_judged, "right")) - 1 - ahead
    step = np.arange(first, last + 1, 1 if day == 1 else _EVERY_HOURS)
    unit, origin = (a.ravel() for a in np.meshgrid(np.arange(len(series.units)), step, indexing="ij"))
    return Places(unit, origin, np.full(unit.size, ahead))


def level(series: BedSeries, rows: Places) -> Array:
    """The unit's mean over four weeks, at least one bed: float64 [n]."""
    return np.asarray(_rolling(series, series.beds, "mean")[rows.unit, rows.origin])


def _rolling(series: BedSeries, values: Array, what: str) -> Array:
    """Mean (at least 1) or standard deviation over four weeks of each unit: float64 [units, steps]."""
    window = pd.DataFrame(values.T).rolling(_LEVEL_DAYS * series.steps_of_day, min_periods=2)
    found = window.mean().clip(lower=1.0) if what == "mean" else window.std()
    return found.to_numpy().T


def features(series: BedSeries, rows: Places) -> pd.DataFrame:
    """What the forecast is made from, all of it known at the origin: [n] rows.

    Lags and the level tell how far the unit is from its usual; the value at the same time of the week says what the
    week does; the calendar is the target's.
    """
    beds, day = series.beds, series.steps_of_day
    scale = level(series, rows)
    unit, origin, ahead = rows.unit, rows.origin, rows.ahead
    now = beds[unit, origin]

    def before(values: Array, steps: Array | int) -> Array:
        place = origin - steps
        return np.where(place >= 0, values[unit, np.maximum(place, 0)], np.nan)

    columns = {f"lag_{k}": (now - before(beds, k)) / scale for k in _LAGS[series.step_hours]}
    columns["above_level"] = (now - scale) / scale
    change = np.diff(beds, axis=1, prepend=np.nan)
    columns["spread"] = _rolling(series, change, "spread")[unit, origin] / scale
    week = 7 * day
    columns["same_weekday"] = (before(beds, -ahead % week) - now) / scale
    if day > 1:
        columns["same_hour"] = (before(beds, -ahead % day) - now) / scale
    clock = local_clock(series.times[origin] + ahead * series.step_hours * HOUR, series.zone)
    columns["weekday"] = weekday(clock // DAY).astype(np.float64)
    columns["hour"] = (clock % DAY / HOUR).astype(np.float64)
    columns["day_of_year"] = pd.to_datetime(clock, unit="us").day_of_year.to_numpy(np.float64)
    for name, values in series.covariates.items():
        columns[name] = values[unit, origin] / scale
        columns[f"{name}_change"] = (values[unit, origin] - before(values, week)) / scale
    frame = pd.DataFrame(columns)
    frame["unit"] = pd.Categorical.from_codes(unit.tolist(), categories=pd.Index(series.units))
    return frame
