"""After a level change: coverage by when forecasts were made, and what anybody could reach, as figures.

Of the outcomes in these days many were forecast before the change's first day, and whoever does not foresee it has no
width for it. So they are told apart by when their forecasts were made.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.anchors.comparison import LIGHTGBM, VIGIE, forecasts_of
from benchmarks.anchors.data_sets import DataSet
from benchmarks.anchors.figures import SHARE, ahead
from benchmarks.anchors.forecast_files import Forecasts
from benchmarks.anchors.intervals.level_changes import CHANGED, IDEAL, WEEK, days_since_change, ideal_shares
from benchmarks.anchors.intervals.shares import held, named_by_data_set
from benchmarks.anchors.scores import inside, mean
from benchmarks.results import Figure
from hospital.arrays import Array

__all__ = ["change_figures"]

_PARTS = {
    "made before its first day": (-np.inf, 0),
    "made in its first week": (0, WEEK),
    "made after its first week": (WEEK, np.inf),
}
"""Days from a change's first day to a forecast's."""
_PROMISED = 80.0
_SEED = 1


def change_figures(group: str, data: Sequence[DataSet], label: str, conditions: str) -> list[Figure]:
    """Of Vigie and of LightGBM over several origins of daily counts; nothing of the year that was kept back.

    Args:
        label: name under which Vigie's forecasts were kept.
    """
    if len(data) < 2 or any(d.final or d.group != "divi" for d in data):
        return []
    methods = forecasts_of(data, label, None)
    if VIGIE not in methods or LIGHTGBM not in methods:
        return []
    ours, theirs = methods[VIGIE], methods[LIGHTGBM]
    since = days_since_change(ours, named_by_data_set(ours, [d.name for d in data], ours.unit))
    made = since - ours.horizon_hours / 24
    horizons = np.unique(ours.horizon_hours).tolist()
    ideal = ideal_shares(horizons, seed=_SEED)
    out = []
    for hours in horizons:
        here = np.isfinite(since) & (ours.horizon_hours == hours)
        where = f"{group}, {ahead(hours)}{CHANGED}"
        for name, (low, high) in _PARTS.items():
            part = here & (made >= low) & (made < high)
            for method, rows in ((VIGIE, ours), (LIGHTGBM, theirs)):
                out += _coverage(f"{where}, {name}, {method}", rows.part(part), conditions)
        out += _bound(ours, here, here & (made < 0), where, conditions)
        name = f"an ideal forecaster, {ahead(hours)}{CHANGED}: {SHARE}"
        out.append(Figure(name, "%", None, round(ideal[hours], 1), None, f"{IDEAL}; seed {_SEED}"))
    return out


def _coverage(name: str, rows: Forecasts, conditions: str) -> list[Figure]:
    if not rows.size:
        return []
    found = held(rows)
    ends = "too few days for an interval"
    if found is not None:
        ends = f"95 % interval {found.low:.1f} to {found.high:.1f}"
    said = f"{conditions}; {rows.size:,} rows; {ends}"
    return [Figure(f"{name}: {SHARE}", "%", None, round(mean(inside(rows), rows), 1), None, said)]


def _bound(rows: Forecasts, here: Array, before: Array, where: str, conditions: str) -> list[Figure]:
    """What would hold if all that was not made before the change held as promised; `here`, `before`: bool [n]."""
    if not before.any():
        return []
    unseen, share = rows.part(before), before.sum() / here.sum()
    most = share * mean(inside(unseen), unseen) + (1 - share) * _PROMISED
    said = f"{conditions}; {100 * share:.0f} % of {int(here.sum()):,} rows were made before"
    name = f"{where}: {SHARE} if what was made since its first day held {_PROMISED:g} %"
    return [Figure(name, "%", None, round(float(most), 1), None, said)]
