"""Vigie's intervals in each unit, and after its level has changed, beside LightGBM's: figures with their targets."""

from collections.abc import Sequence

import numpy as np

from benchmarks.anchors.comparison import LIGHTGBM, VIGIE, forecasts_of
from benchmarks.anchors.data_sets import DataSet
from benchmarks.anchors.figures import SHARE, ahead
from benchmarks.anchors.intervals.level_changes import CHANGED, days_since_change
from benchmarks.anchors.intervals.shares import Share, count_figures, named_by_data_set, shares
from benchmarks.results import Figure

__all__ = ["unit_figures", "unit_shares"]


def unit_shares(group: str, data: Sequence[DataSet], label: str) -> list[Share]:
    """By unit and horizon, and after a level has changed; nothing where Vigie's or LightGBM's forecasts are not there,
    or there are too few days for an interval.

    Args:
        label: name under which Vigie's forecasts were kept.
    """
    methods = forecasts_of(data, label, None)
    if VIGIE not in methods or LIGHTGBM not in methods:
        return []
    ours, theirs = methods[VIGIE], methods[LIGHTGBM]
    names = named_by_data_set(ours, [d.name for d in data], ours.unit)
    masks = {name: names == name for name in np.unique(names).tolist()}
    if ours.horizon_hours.max() > 0:
        masks[CHANGED] = np.isfinite(days_since_change(ours, names))
    return shares(group, ours, theirs, masks)


def unit_figures(found: Sequence[Share], conditions: str) -> list[Figure]:
    """In how many units coverage reaches the promise and in how many the score is worse; after a change as it is."""
    out = []
    for group, hours in dict.fromkeys((s.group, s.horizon_hours) for s in found):
        where = f"{group}, {ahead(hours)}"
        mine = [s for s in found if (s.group, s.horizon_hours) == (group, hours)]
        out += count_figures([s for s in mine if s.cell != CHANGED], where, "units", conditions)
        for share in mine:
            out += _after_change(share, where, conditions) if share.cell == CHANGED else []
    return out


def _after_change(share: Share, where: str, conditions: str) -> list[Figure]:
    """Coverage in the 28 days after a level change, and the gain in interval score there."""
    said = f"{conditions}; {share.rows:,} rows; 95 % interval"
    held, gain = share.inside, share.gain
    return [
        Figure(
            f"{where}{CHANGED}: {SHARE}",
            "%",
            "77 to 83",
            round(held.value, 2),
            share.reaches,
            f"{said} {held.low:.1f} to {held.high:.1f}",
        ),
        Figure(
            f"gain of Vigie, {where}{CHANGED}, LightGBM: interval score",
            "%",
            None,
            round(gain.value, 2),
            None,
            f"{said} {gain.low:.2f} to {gain.high:.2f}",
        ),
    ]
