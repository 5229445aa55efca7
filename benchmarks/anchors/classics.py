"""The classics of time series by statsforecast, unit by unit: AutoARIMA, AutoTheta, MSTL (seasons by LOESS, ETS trend).

Each is fitted once, on what lies before the judged rows, and goes on from every judged forecast's own past by its fixed
parameters (``forward``). Waits are no even series: they have no classics.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks.anchors.bed_series import BedSeries, Places
from benchmarks.anchors.plain_boosters import uncrossed
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS

__all__ = ["CLASSICS", "forecast_classic", "made_by", "quantiles_of"]

CLASSICS = ("autoarima", "autotheta", "mstl")
_PAST_DAYS = {24: 730, 1: 28}
"""Days that are fitted to, and before each forecast those that it goes on from, by hours of a step."""
_CENTRAL = tuple(range(10, 100, 10))
"""Per cent inside the intervals whose ends are the quantiles beside the median."""


def forecast_classic(
    name: str, series: BedSeries, rows: Places, first_judged: int, progress: Callable[[str], None]
) -> Array:
    """Quantiles of the judged rows: float64 [n, levels].

    Args:
        name: one of `CLASSICS`.
        first_judged: the instant before which outcomes are fitted to.
    """
    begin = int(np.searchsorted(series.times, first_judged, "right"))
    past = _PAST_DAYS[series.step_hours] * series.steps_of_day
    out = np.empty((rows.unit.size, len(LEVELS)))
    for unit, unit_name in enumerate(series.units):
        values = _filled(series.beds[unit])
        model = _model(name, series.steps_of_day)
        model.fit(values[max(begin - past, 0) : begin])
        mine = np.flatnonzero(rows.unit == unit)
        most = int(rows.ahead[mine].max()) if mine.size else 0
        for origin in np.unique(rows.origin[mine]).tolist():
            these = mine[rows.origin[mine] == origin]
            known = values[max(origin + 1 - past, 0) : origin + 1]
            ahead = quantiles_of(model.forward(known, h=most, level=list(_CENTRAL)))
            out[these] = ahead[rows.ahead[these] - 1]
        progress(unit_name)
    return np.maximum(out, 0.0)


def quantiles_of(found: Mapping[str, Array]) -> Array:
    """Mean and ends of central intervals as quantiles: float64 [steps ahead, levels].

    AutoTheta draws its intervals, so that two of them may cross: they are moved outwards.
    """
    below = [found[f"lo-{inside}"] for inside in reversed(_CENTRAL)]
    above = [found[f"hi-{inside}"] for inside in _CENTRAL]
    return uncrossed(np.column_stack([*below, found["mean"], *above]))


def _filled(values: Array) -> Array:
    """Unknown steps as the last known one (the first known one at the beginning): float64 [steps]."""
    known = np.flatnonzero(np.isfinite(values))
    place = np.searchsorted(known, np.arange(values.size), "right") - 1
    return np.asarray(values[known[np.maximum(place, 0)]])


def _model(name: str, steps_of_day: int) -> Any:
    from statsforecast.models import MSTL, AutoARIMA, AutoTheta

    if name == "mstl":
        return MSTL(season_length=[7] if steps_of_day == 1 else [24, 168])
    season = 7 if steps_of_day == 1 else 24
    if name == "autotheta":
        return AutoTheta(season_length=season)
    # Of hours orders are chosen by an approximate likelihood: the exact one is slow with a season of 24.
    return AutoARIMA(season_length=season, approximation=steps_of_day > 1)


def made_by() -> str:
    """Which library made the forecasts."""
    return f"statsforecast {version('statsforecast')}"
