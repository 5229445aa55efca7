"""Vigie's intervals in each unit, and after its level has changed, beside LightGBM's: figures with their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.anchors.comparison import LIGHTGBM, VIGIE, Gain, forecasts_of
from benchmarks.anchors.data_sets import DataSet
from benchmarks.anchors.figures import INSIDE, SHARE, ahead
from benchmarks.anchors.forecast_files import Forecasts
from benchmarks.anchors.scores import difference, inside, interval_score, level_changes, mean
from benchmarks.results import Figure
from registry.statistics.disparities import step_down
from registry.statistics.intervals import Estimate

__all__ = ["CHANGED", "UnitShare", "unit_figures", "unit_shares"]

CHANGED = "28 days after a level change"
_ALPHA = 0.05


@dataclass(frozen=True)
class UnitShare:
    """Vigie's intervals in one unit at one horizon, or of all units in the 28 days after a unit's level has changed.

    Attributes:
        unit: with its data set, or `CHANGED`.
        inside: share of outcomes from p10 to p90 in per cent, with its 95 % interval.
        gain: in interval score over LightGBM in per cent, with its 95 % interval.
        worse: significantly worse than LightGBM, at 5 % over all units and horizons of the group (Holm).
    """

    group: str
    horizon_hours: float
    unit: str
    rows: int
    inside: Gain
    gain: Gain
    worse: bool

    @property
    def reaches(self) -> bool:
        """Whether the interval of coverage reaches into what is promised."""
        return self.inside.high >= INSIDE[0] and self.inside.low <= INSIDE[1]


def unit_shares(group: str, data: Sequence[DataSet], label: str) -> list[UnitShare]:
    """By unit and horizon, and after a level has changed; nothing where Vigie's or LightGBM's forecasts are not there,
    or there are too few days for an interval.

    Args:
        label: name under which Vigie's forecasts were kept.
    """
    methods = forecasts_of(data, label, None)
    if VIGIE not in methods or LIGHTGBM not in methods:
        return []
    ours, theirs = methods[VIGIE], methods[LIGHTGBM]
    # Of several origins a unit is one unit of each: what held one year says nothing of the next.
    part = [int(row.split("|", 1)[0]) for row in ours.row_id.tolist()]
    names = np.array([f"{data[p].name}, {unit}" for p, unit in zip(part, ours.unit.tolist(), strict=True)])
    masks = {name: names == name for name in np.unique(names).tolist()}
    if ours.horizon_hours.max() > 0:
        masks[CHANGED] = level_changes(ours, names)
    found, p_values = [], []
    for horizon in np.unique(ours.horizon_hours).tolist():
        for name, mask in masks.items():
            here = mask & (ours.horizon_hours == horizon)
            one = _intervals(ours.part(here), theirs.part(here)) if here.any() else None
            if one is not None:
                found.append(UnitShare(group, horizon, name, int(here.sum()), one[0], one[1], worse=False))
                p_values.append(one[2])
    worse = step_down(p_values, [1.0] * len(p_values), _ALPHA)
    return [replace(share, worse=is_worse) for share, is_worse in zip(found, worse, strict=True)]


def _intervals(ours: Forecasts, theirs: Forecasts) -> tuple[Gain, Gain, float] | None:
    """(share inside, gain in interval score, p-value of "not worse"); None: too few days."""
    beside = interval_score(theirs)
    held = difference(inside(ours), np.zeros(ours.size), ours)
    score = difference(interval_score(ours), beside, ours)
    if held is None or score is None:
        return None
    better = Estimate(-score.value, score.sd, score.blocks).over(mean(beside, theirs) / 100)
    low, high = _ALPHA / 2, _ALPHA / 2
    return (
        Gain(held.value, held.low(low), held.high(high)),
        Gain(better.value, better.low(low), better.high(high)),
        score.p_above(0.0),
    )


def unit_figures(shares: Sequence[UnitShare], conditions: str) -> list[Figure]:
    """In how many units coverage reaches the promise and in how many the score is worse; after a change as it is."""
    out = []
    for group, hours in dict.fromkeys((s.group, s.horizon_hours) for s in shares):
        where = f"{group}, {ahead(hours)}"
        mine = [s for s in shares if (s.group, s.horizon_hours) == (group, hours)]
        units = [s for s in mine if s.unit != CHANGED]
        off = [s.unit for s in units if not s.reaches]
        worse = [s.unit for s in units if s.worse]
        out += [
            _count(f"{where}units: coverage reaches into 77 to 83 %", len(units), off, conditions, good=True),
            _count(f"{where}units: interval score significantly worse", len(units), worse, conditions),
        ]
        for share in mine:
            out += _after_change(share, where, conditions) if share.unit == CHANGED else []
    return out


def _count(name: str, units: int, at_fault: Sequence[str], conditions: str, *, good: bool = False) -> Figure:
    """How many units are as they should be, or are not; those that are not by name."""
    aim, many = (units, units - len(at_fault)) if good else (0, len(at_fault))
    named = f"; not: {', '.join(at_fault)}" if at_fault else ""
    return Figure(name, f"of {units}", str(aim), many, not at_fault, f"{conditions}{named}")


def _after_change(share: UnitShare, where: str, conditions: str) -> list[Figure]:
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
