"""How probably the hospital total and the totals of unit groups exceed their staffed beds, and how often they did."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import Split
from registry.check.checked_rows import Prepared
from registry.check.exceedance_evidence import hour_of_week
from registry.components.exceedances import Exceedances, Kind
from registry.evidence.records import UNIT, Scored
from registry.evidence.total_exceedance_rows import TotalExceedanceRows
from registry.model.dataset import PreparedBeds
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.hospital_total import HospitalTotal, same_time_and_horizon, sums_of
from registry.statistics.probability_scores import climatology

__all__ = ["total_exceedance_rows"]


@dataclass(frozen=True)
class _Learned:
    """A total's distribution, and the curve that reads the probability off it."""

    kind: Kind
    total: HospitalTotal
    exceedances: Exceedances

    def probability(self, quantiles: Array, of: Array, staffed: Array, horizon_hours: Array) -> Array:
        """As `SummedUnits.probability`: computed as the service computes it."""
        sums = sums_of(quantiles, of, horizon_hours.size)
        own = self.total.forecast(sums, horizon_hours)
        return self.exceedances.probability(self.kind, own, staffed, horizon_hours)


@dataclass(frozen=True)
class _History:
    """All rows of the history: staffed beds (float64 [n]), and which of them are judged (bool [n])."""

    prepared: PreparedBeds
    staffed: Array
    judged: Array


def total_exceedance_rows(
    model: ForecastModel, prepared: Prepared, split: Split, test: Scored
) -> tuple[TotalExceedanceRows, ...]:
    """Of the test set, the hospital total first; none of waits, and of what the package has learned no total of.

    A group of one unit has that unit's distribution, and no row here.

    Args:
        prepared: the rows that are judged, and those before them.
        test: the scored rows of the test set.
    """
    names = [f.name for f in prepared.features]
    if not isinstance(prepared, PreparedBeds) or "staffed_then" not in names:
        return ()
    judged = split.members("test", prepared.prediction_time)
    if not judged.any():
        return ()
    staffed = np.asarray(prepared.X[:, names.index("staffed_then")], np.float64)
    history = _History(prepared, staffed, judged)
    baseline = model.baseline_quantiles(rows_of(model, prepared.part(judged)))
    return tuple(_totals(model, history, test, baseline))


def _totals(
    model: ForecastModel, history: _History, test: Scored, baseline: Array
) -> Iterator[TotalExceedanceRows]:
    if model.hospital_total is not None:
        learned = _Learned("hospital", model.hospital_total, model.exceedances)
        everybody = np.ones(test.size, bool)
        yield from _rows(None, learned, history, test, (everybody, baseline), 0)
    for name, group in sorted(model.group_totals.items()):
        learned = _Learned("groups", group.total, model.exceedances)
        mine = np.isin(test.audit[UNIT].astype(str), group.units)
        if mine.any():
            yield from _rows(name, learned, history, test, (mine, baseline), len(group.units))


def _rows(
    name: str | None,
    learned: _Learned,
    history: _History,
    test: Scored,
    answered: tuple[Array, Array],
    units: int,
) -> Iterator[TotalExceedanceRows]:
    """Of one total, where it was exceeded or not before the judged days.

    Args:
        answered: the judged rows that are in it (bool [n]), and what the baseline answers (float64 [n, levels]).
        units: that must all be there; 0: whichever have rows.
    """
    mine, baseline = answered
    prepared = history.prepared
    inside = np.ones(prepared.prediction_time.size, bool)
    if name is not None:
        wanted = set(test.audit[UNIT][mine].astype(str))
        inside = np.array([u.unit in wanted for u in prepared.events.units])[prepared.samples.query.unit]
    at, hours = prepared.prediction_time[inside], prepared.samples.query.horizon_hours[inside]
    of, first = same_time_and_horizon(at, hours)
    k, whole = first.size, np.bincount(of)
    outcome = np.bincount(of, weights=prepared.outcome[inside], minlength=k)
    staffed = np.bincount(of, weights=history.staffed[inside], minlength=k)
    known = np.isfinite(outcome) & np.isfinite(staffed) & (whole >= units)
    target, judged = prepared.target_time[inside][first], history.judged[inside][first]
    before = known & (target < int(at[history.judged[inside]].min()))
    if not before.any():
        return
    event = np.where(known, outcome > np.where(known, staffed, 0.0), False)
    nowhere = np.zeros(k, np.int64)
    cell = hour_of_week(target, prepared.events.zone)
    number = np.cumsum(judged) - 1  # of each total among those that are judged
    chosen = history.judged[inside]
    yield TotalExceedanceRows(
        unit_group=name,
        learned=learned,
        members=np.flatnonzero(mine),
        of=number[of[chosen]],
        baseline=baseline[mine],
        staffed=np.where(known, staffed, np.nan)[judged],
        outcome=np.where(known, outcome, np.nan)[judged],
        prediction_time=at[first][judged],
        horizon_hours=hours[first][judged],
        by_hour=climatology(cell, event, nowhere, before, judged),
        overall=climatology(nowhere, event, nowhere, before, judged),
    )
