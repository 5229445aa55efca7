"""How often Vigie's intervals held in a part of the rows, and their score beside LightGBM's, with chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.anchors.comparison import Gain
from benchmarks.anchors.figures import INSIDE
from benchmarks.anchors.forecast_files import Forecasts
from benchmarks.anchors.scores import difference, inside, interval_score, mean
from benchmarks.results import Figure
from hospital.arrays import Array
from registry.statistics.disparities import step_down
from registry.statistics.intervals import Estimate

__all__ = ["Share", "count_figures", "held", "named_by_data_set", "shares"]

_ALPHA = 0.05


@dataclass(frozen=True)
class Share:
    """Vigie's intervals in one part of the rows at one horizon.

    Attributes:
        cell: name of the part.
        inside: share of outcomes from p10 to p90 in per cent, with its 95 % interval.
        gain: in interval score over LightGBM in per cent, with its 95 % interval.
        worse: significantly worse than LightGBM, at 5 % over all parts and horizons that were asked together (Holm).
    """

    group: str
    horizon_hours: float
    cell: str
    rows: int
    inside: Gain
    gain: Gain
    worse: bool

    @property
    def reaches(self) -> bool:
        """Whether the interval of coverage reaches into what is promised."""
        return self.inside.high >= INSIDE[0] and self.inside.low <= INSIDE[1]


def shares(group: str, ours: Forecasts, theirs: Forecasts, cells: Mapping[str, Array]) -> list[Share]:
    """By horizon and cell (bool [n] by name); cells with too few days for an interval are left out.

    Args:
        ours, theirs: Vigie's and LightGBM's forecasts of the same rows.
    """
    found, p_values = [], []
    for horizon in np.unique(ours.horizon_hours).tolist():
        for name, mask in cells.items():
            here = mask & (ours.horizon_hours == horizon)
            one = _intervals(ours.part(here), theirs.part(here)) if here.any() else None
            if one is not None:
                found.append(Share(group, horizon, name, int(here.sum()), one[0], one[1], worse=False))
                p_values.append(one[2])
    worse = step_down(p_values, [1.0] * len(p_values), _ALPHA)
    return [replace(share, worse=is_worse) for share, is_worse in zip(found, worse, strict=True)]


def held(rows: Forecasts) -> Gain | None:
    """Per cent of outcomes from p10 to p90 with their 95 % interval; None: too few days."""
    found = difference(inside(rows), np.zeros(rows.size), rows)
    return None if found is None else _with_interval(found)


def named_by_data_set(rows: Forecasts, data_sets: Sequence[str], names: Array) -> Array:
    """Each row's name (str [n]) after that of its data set: str [n].

    Of several origins a unit is one unit of each: what held one year says nothing of the next.
    """
    part = [int(row.split("|", 1)[0]) for row in rows.row_id.tolist()]
    return np.array([f"{data_sets[p]}, {name}" for p, name in zip(part, names.tolist(), strict=True)])


def count_figures(cells: Sequence[Share], where: str, cut: str, conditions: str) -> list[Figure]:
    """In how many cells coverage reaches the promise, and in how many the score is worse.

    Args:
        cut: what the cells are, in the plural.
    """
    off = [s.cell for s in cells if not s.reaches]
    worse = [s.cell for s in cells if s.worse]
    many = len(cells)
    return [
        _count(f"{where}{cut}: coverage reaches into 77 to 83 %", many, off, conditions, good=True),
        _count(f"{where}{cut}: interval score significantly worse", many, worse, conditions),
    ]


def _intervals(ours: Forecasts, theirs: Forecasts) -> tuple[Gain, Gain, float] | None:
    """(share inside, gain in interval score, p-value of "not worse"); None: too few days."""
    beside = interval_score(theirs)
    covered = held(ours)
    score = difference(interval_score(ours), beside, ours)
    if covered is None or score is None:
        return None
    better = Estimate(-score.value, score.sd, score.blocks).over(mean(beside, theirs) / 100)
    return covered, _with_interval(better), score.p_above(0.0)


def _with_interval(found: Estimate) -> Gain:
    return Gain(found.value, *found.interval(_ALPHA / 2))


def _count(name: str, cells: int, at_fault: Sequence[str], conditions: str, *, good: bool = False) -> Figure:
    """How many cells are as they should be, or are not; those that are not by name."""
    aim, many = (cells, cells - len(at_fault)) if good else (0, len(at_fault))
    named = f"; not: {', '.join(at_fault)}" if at_fault else ""
    return Figure(name, f"of {cells}", str(aim), many, not at_fault, f"{conditions}{named}")
