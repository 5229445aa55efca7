"""Vigie's intervals at each part of the day, beside LightGBM's: figures with their targets."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.anchors.comparison import LIGHTGBM, VIGIE, forecasts_of
from benchmarks.anchors.data_sets import DataSet
from benchmarks.anchors.figures import SHARE, ahead
from benchmarks.anchors.forecast_files import Forecasts, path_of, read
from benchmarks.anchors.intervals.shares import Share, count_figures, named_by_data_set, shares
from benchmarks.anchors.vigie import SERVED
from benchmarks.results import Figure
from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.times import HOUR

__all__ = ["band_figures", "band_shares", "hour_bands"]

_HOURS = 6


def hour_bands(rows: Forecasts, zone: ZoneInfo) -> Array:
    """The part of the day, six hours from midnight by the hospital's clock, of what is forecast: str [n].

    Of beds it is that of the outcome's time, of a wait that of its forecast.
    """
    at = rows.time + (rows.horizon_hours * HOUR).astype(np.int64)
    first = (local_hour(at, zone) // _HOURS * _HOURS).astype(np.int64)
    return np.array([f"{hour} to {hour + _HOURS} h" for hour in first.tolist()])


def band_shares(group: str, data: Sequence[DataSet], label: str) -> list[Share]:
    """By part of the day and horizon, each data set's own; nothing where Vigie's or LightGBM's forecasts are not there,
    or the data have no hours.

    Args:
        label: name under which Vigie's forecasts were kept.
    """
    methods = forecasts_of(data, label, None)
    zones = [d.zone for d in data if d.zone is not None]
    if VIGIE not in methods or LIGHTGBM not in methods or len(zones) < len(data):
        return []
    ours, theirs = methods[VIGIE], methods[LIGHTGBM]
    # Joined data sets follow one another by days that are not their own: the clock is asked of the days as they were.
    band = {
        f"{part}|{row}": name
        for part, (one, zone) in enumerate(zip(data, zones, strict=True))
        for rows in (read(path_of(one.name, f"{SERVED}-{label}")),)
        for row, name in zip(rows.row_id.tolist(), hour_bands(rows, zone).tolist(), strict=True)
    }
    names = named_by_data_set(
        ours, [d.name for d in data], np.array([band[row] for row in ours.row_id.tolist()])
    )
    return shares(group, ours, theirs, {name: names == name for name in np.unique(names).tolist()})


def band_figures(found: Sequence[Share], conditions: str) -> list[Figure]:
    """By horizon: at how many parts of the day coverage reaches the promise, and at how many the score is worse."""
    out = []
    for group, hours in dict.fromkeys((s.group, s.horizon_hours) for s in found):
        mine = [s for s in found if (s.group, s.horizon_hours) == (group, hours)]
        out += count_figures(mine, f"{group}, {ahead(hours)}", "parts of the day", conditions)
        out += [_coverage(s, f"{group}, {ahead(hours)}", conditions) for s in mine]
    return out


def _coverage(share: Share, where: str, conditions: str) -> Figure:
    held, gain = share.inside, share.gain
    said = f"{conditions}; {share.rows:,} rows; 95 % interval {held.low:.1f} to {held.high:.1f}"
    said += f"; gain in interval score over LightGBM {gain.value:.1f} % ({gain.low:.1f} to {gain.high:.1f})"
    return Figure(f"{where}{share.cell}: {SHARE}", "%", None, round(held.value, 2), None, said)
