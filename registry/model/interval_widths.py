"""How wide each unit's intervals are at each prediction time: the package's rule on what was received by then.

The same for training's calibration, for a check, a comparison and the monitor (`adapted`, of rows that are there), for
bulk explanations and the service (`ErrorHistory`, which forecasts the past times itself).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines
from hospital.dataset.samples import bed_query, error_times
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures
from hospital.features.demand import SettledDemand
from hospital.record.events import Events
from hospital.times import HOUR
from registry.components.adaptive_width import AdaptiveWidth
from registry.components.recent_errors import Intervals, RecentErrors
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.model_rows import bed_rows

__all__ = ["ErrorHistory", "adapted", "history_of_rows"]

_SLOTS_AT_ONCE = 64
P = TypeVar("P", PreparedBeds, PreparedWaits, PreparedBeds | PreparedWaits)


@dataclass(frozen=True)
class ErrorHistory:
    """Past forecasts of the model and of its baseline, with what came."""

    model: RecentErrors
    baseline: RecentErrors

    @classmethod
    def of_events(
        cls,
        model: ForecastModel,
        events: Events,
        computer: BedFeatures,
        span: tuple[int, int],
        known: "tuple[ErrorHistory, int] | None" = None,
    ) -> "ErrorHistory | None":
        """Forecast anew, each time as it was known then; None: the package has no rule.

        Args:
            computer: of these events and the model's features.
            span: instants between which forecasts are looked back on; outcomes that settle after it are left open.
            known: a history of the same units, and the instant up to which nothing was received since it was made:
                what it says of the time before stands, and is not computed again.
        """
        rule, baselines = model.adaptive, model.beds_or_raise
        if rule is None:
            return None
        place = np.array([_place(baselines, u.unit) for u in events.units], np.int64)
        slots = error_times(events, max(span[0], rule.since), span[1])
        settles = (np.array(baselines.horizons) * HOUR).astype(np.int64) + rule.settled_hours * HOUR
        before = None
        new, due = np.ones(slots.size, bool), np.ones((slots.size, settles.size), bool)
        if known is not None:
            history, until = known
            both = (e.at_times(slots, until, until - settles) for e in (history.model, history.baseline))
            before = cls(*both)
            new = ~np.isin(slots, history.model.times) | (slots >= until)
            due = new[:, None] | (slots[:, None] >= until - settles)
        shape = (len(baselines.units), len(baselines.horizons))
        found = _forecast(model, events, computer, slots, new, place)
        due &= slots[:, None] + settles <= span[1]
        outcome = _outcomes(events, rule, slots, place, due, shape, baselines.horizons)
        made = cls(*(replace(errors, outcome=outcome) for errors in found))
        if before is None:
            return made
        return cls(before.model.filled(made.model), before.baseline.filled(made.baseline))

    def widths(
        self, rule: AdaptiveWidth, baselines: BedBaselines, at: Array, unit: Array, horizon_hours: Array
    ) -> Array:
        """What the model's and the baseline's distributions are stretched by, and the record of misses of each:
        float64 [n, 4] (`registry.model.forecast_rows.with_widths`).

        Args:
            at: prediction times (int64 [n]).
            unit: positions among the baselines' units (int64 [n]).
        """
        horizon = baselines.horizon_index(horizon_hours)
        both = (self.model, self.baseline)
        found = [rule.factors(e, baselines.horizons, at, unit, horizon) for e in both]
        return np.stack(found, axis=2).reshape(at.size, 4)


def adapted(model: ForecastModel, prepared: P) -> P:
    """The rows with what this model's intervals are stretched by at each; waits, and rows of a package without such a
    rule, as they are.

    Args:
        prepared: all rows of a history, in which each finds what was forecast before it.
    """
    rule = model.adaptive
    if rule is None or not isinstance(prepared, PreparedBeds):
        return prepared
    baselines = model.beds_or_raise
    late = prepared.part(prepared.prediction_time >= rule.since)
    slots = _slots(late, rule)
    looked_at = late.part(np.isin(late.prediction_time, slots))
    intervals = model.intervals(replace(looked_at, widths=None).rows(baselines))
    history = history_of_rows(looked_at, baselines, slots, rule, intervals)
    unit, horizon = prepared.units_of(baselines), prepared.samples.query.horizon_hours
    return replace(prepared, widths=history.widths(rule, baselines, prepared.prediction_time, unit, horizon))


def history_of_rows(
    looked_at: PreparedBeds,
    baselines: BedBaselines,
    slots: Array,
    rule: AdaptiveWidth,
    intervals: tuple[Intervals, Intervals],
) -> ErrorHistory:
    """The history of rows at the slots (int64 [m]), with their intervals by model and baseline."""
    unit, horizon = looked_at.units_of(baselines), looked_at.samples.query.horizon_hours
    outcome = _settled(looked_at.events, rule, looked_at.samples.query.unit, looked_at.target_time)
    shape = (len(baselines.units), len(baselines.horizons))
    where = (looked_at.prediction_time, unit, baselines.horizon_index(horizon))
    return ErrorHistory(*(RecentErrors.of(slots, shape, *where, found, outcome) for found in intervals))


def _forecast(
    model: ForecastModel, events: Events, computer: BedFeatures, slots: Array, new: Array, place: Array
) -> list[RecentErrors]:
    """Intervals of model and baseline at those of the slots that are new (bool [k]), without outcomes."""
    baselines = model.beds_or_raise
    shape = (len(baselines.units), len(baselines.horizons))
    empty = np.full((slots.size, *shape), np.nan)
    found = [RecentErrors(slots, empty, empty, empty, empty)] * 2
    units = np.flatnonzero(place >= 0)
    fresh = slots[new] if units.size else slots[:0]
    for start in range(
        0, fresh.size, _SLOTS_AT_ONCE
    ):  # a history of years never takes the memory of all its rows
        part = fresh[start : start + _SLOTS_AT_ONCE]
        query = bed_query(part, units, baselines.horizons)
        rows = past_rows(model, events, computer, query, place)
        where = (query.prediction_time, place[query.unit], baselines.horizon_index(query.horizon_hours))
        none = np.full(query.unit.size, np.nan)
        more = [RecentErrors.of(slots, shape, *where, i, none) for i in model.intervals(rows)]
        found = [one.filled(other) for one, other in zip(found, more, strict=True)]
    return found


def past_rows(
    model: ForecastModel, events: Events, computer: BedFeatures, query: BedQuery, place: Array
) -> Rows:
    """The model's rows of a query; `place`: of each of the events' units among the baselines' (int64 [units])."""
    beds = computer.state(query)
    X = computer.compute(query, beds)
    unit, cadence = place[query.unit], events.cadence_hours
    return bed_rows(model.beds_or_raise, X, query, unit, beds.now, beds.then_before, events.place, cadence)


def _place(baselines: BedBaselines, unit: str) -> int:
    """Position of a unit among those of the baselines; -1: it is none of them."""
    return baselines.units.index(unit) if unit in baselines.units else -1


def _slots(part: PreparedBeds, rule: AdaptiveWidth) -> Array:
    at = part.prediction_time
    return error_times(part.events, rule.since, int(at.max())) if at.size else np.empty(0, np.int64)


def _outcomes(
    events: Events,
    rule: AdaptiveWidth,
    slots: Array,
    place: Array,
    due: Array,
    shape: tuple[int, int],
    horizons: Sequence[float],
) -> Array:
    """Settled outcomes of forecasts made at the slots (int64 [k]): float64 [k, units, horizons], NaN where not due."""
    out = np.full((slots.size, *shape), np.nan)
    slot, horizon = np.nonzero(due)
    units = np.flatnonzero(place >= 0)
    if not slot.size or not units.size:
        return out
    target = slots[slot] + (np.array(horizons)[horizon] * HOUR).astype(np.int64)
    demand = SettledDemand(events, rule.settled_hours * HOUR)
    for u in units.tolist():
        out[slot, place[u], horizon] = demand.at(u, target)
    return out


def _settled(events: Events, rule: AdaptiveWidth, unit: Array, target: Array) -> Array:
    """Outcomes as they were known when they were settled: float64 [n], beds; `unit`: position in `events.units`."""
    demand, outcome = SettledDemand(events, rule.settled_hours * HOUR), np.full(target.size, np.nan)
    for u in np.unique(unit).tolist():
        mine = unit == u
        outcome[mine] = demand.at(u, target[mine])
    return outcome
