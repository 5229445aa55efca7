"""The daily figures of a model on prepared rows: the same for the reference and for what came after the release.

Every visit, and every unit at its sampled times, is forecast by the released package as it would have been served,
whoever asked; what was really asked for is a part of them.
"""

from collections.abc import Sequence

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence.interval_shares import share_inside
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import feature_groups, rows_of
from registry.model.forecast_errors import log_wait
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import score
from registry.monitoring.daily_figures import DailyFigures
from registry.monitoring.daily_means import Collected, daily_mean

__all__ = ["expected_absolute_error", "gather", "mature_until"]

_NOT_MONITORED = frozenset({"calendar", "seasonal_profile", "planned"})
_P50 = LEVELS.index(0.5)


def expected_absolute_error(quantiles: Array) -> Array:
    """E|outcome - p50| of predictive distributions given by their quantiles at 5, 10, … 95 %: float64 [n].

    The mean over levels, each for the twentieth around it and the outermost for their tails, which makes it a little
    small; what is monitored is how the realised error stands to it, against how it stood before.
    """
    off = np.abs(quantiles - quantiles[:, [_P50]])
    weights = np.ones(len(LEVELS))
    weights[[0, -1]] = 1.5
    return np.asarray(off @ (weights / weights.sum()))


def gather(
    model: ForecastModel,
    prepared: PreparedBeds | PreparedWaits,
    days: tuple[int, int],
    unfitted: Sequence[tuple[int, int]],
    attributes: Sequence[str],
) -> DailyFigures:
    """The figures of local days `days` (first, last).

    Args:
        unfitted: spans of instants of which the model has learned nothing: only there do errors count.
        attributes: audit attributes whose groups are monitored.
    """
    first, last = days
    at = prepared.prediction_time
    local = local_day(at, prepared.events.zone)
    part = prepared.part((local >= first) & (local <= last))
    local = local_day(part.prediction_time, part.events.zone)
    found = Collected(np.arange(first, last + 1), local - first)
    _inputs(found, part)
    at = part.prediction_time
    fresh = np.zeros(at.size, bool)
    for start, end in unfitted:
        fresh |= (at >= start) & (at < end)
    _outcomes(found, part)
    if fresh.any() and model.manifest.kind == "model":
        fresh_days = Collected(found.days, found.day[fresh])
        scored = score(model, part, fresh)
        _errors(fresh_days, scored, attributes)
        _explanations(fresh_days, model, part.part(fresh))
        return _joined(found.done(), fresh_days.done())
    return found.done()


def _joined(one: DailyFigures, other: DailyFigures) -> DailyFigures:
    return DailyFigures(
        one.days,
        one.figures + other.figures,
        np.hstack([one.values, other.values]),
        np.hstack([one.rows, other.rows]),
    )


def _inputs(found: Collected, part: PreparedBeds | PreparedWaits) -> None:
    count = np.bincount(found.day, minlength=found.days.size)
    if isinstance(part, PreparedWaits):
        # A day without a single visit is a gap of the record, as is the day that the record begins or ends in.
        found.add("arrivals", "visits", np.where(count > 0, count, np.nan).astype(np.float64), count)
    for j, feature in enumerate(part.features):
        values = part.X[:, j].astype(np.float64)
        if feature.group in _NOT_MONITORED:
            continue
        if not feature.levels:  # codes of a category have no mean
            found.mean("inputs", feature.name, values)
        found.mean("missing", feature.name, np.isnan(values).astype(np.float64))


def _outcomes(found: Collected, part: PreparedBeds | PreparedWaits) -> None:
    if isinstance(part, PreparedWaits):
        found.mean("outcomes", "log_wait", log_wait(part.outcome), weight=part.weight)
    else:
        found.mean("outcomes", "demand", part.outcome)


def _errors(found: Collected, scored: Scored, attributes: Sequence[str]) -> None:
    if scored.counts:
        _bed_errors(found, scored)
    else:
        _wait_errors(found, scored, attributes)
    expected = expected_absolute_error(scored.quantiles)
    days = found.days.size
    of_day, rows = daily_mean(found.day, days, expected)
    found.add("expected_error", "all", of_day, rows)
    known = np.isfinite(scored.outcome) & (scored.weight > 0)
    realised, rows = daily_mean(
        found.day, days, np.where(known, np.abs(scored.outcome - scored.p50), np.nan), scored.weight
    )
    awaited, _ = daily_mean(found.day, days, np.where(known, expected, np.nan), scored.weight)
    ratio = np.divide(realised, awaited, out=np.full(days, np.nan), where=awaited > 0)
    found.add("error_ratio", "all", ratio, rows)


def _wait_errors(found: Collected, scored: Scored, attributes: Sequence[str]) -> None:
    weight = scored.weight
    error = log_wait(scored.outcome) - log_wait(scored.p50)
    found.mean("errors", "all", error, weight=weight)
    found.mean("coverage", "all", share_inside(scored), weight=weight)
    for attribute in attributes:
        values = scored.audit.get(attribute)
        if values is None:
            continue
        for group in sorted({v for v in values if v is not None}):
            member = np.array([v == group for v in values], bool)
            other = np.array([v is not None and v != group for v in values], bool)
            mine, rows = daily_mean(found.day, found.days.size, np.where(member, error, np.nan), weight)
            theirs = _between(found, np.where(other, error, np.nan), weight, rows)
            found.add("fairness", f"{attribute}={group}", mine - theirs, rows)


def _between(found: Collected, values: Array, weight: Array, rows: Array) -> Array:
    """Means of the days that each day with rows stands for: those after the day with rows before it, and itself."""
    known = np.isfinite(values) & (weight > 0)
    days = found.days.size
    total = np.cumsum(np.bincount(found.day[known], weight[known], minlength=days))
    sums = np.cumsum(np.bincount(found.day[known], (weight * np.nan_to_num(values))[known], minlength=days))
    out = np.full(days, np.nan)
    ends = np.flatnonzero(rows > 0)
    before = np.concatenate([[-1], ends[:-1]])
    for start, end in zip(before, ends, strict=True):
        w = total[end] - (total[start] if start >= 0 else 0.0)
        if w > 0:
            out[end] = (sums[end] - (sums[start] if start >= 0 else 0.0)) / w
    return out


def _bed_errors(found: Collected, scored: Scored) -> None:
    known = np.isfinite(scored.outcome)
    inside = share_inside(scored)
    share = _shares_of_demand(scored)
    for horizon in np.unique(scored.horizon_hours):
        mine = known & (scored.horizon_hours == horizon)
        found.mean("errors", f"horizon={horizon:g}h", share, mask=mine)
        found.mean("coverage", f"horizon={horizon:g}h", inside, mask=mine)
    for group in sorted(set(scored.unit_group)):
        mine = known & np.array([g == group for g in scored.unit_group], bool)
        found.mean("fairness", f"unit_group={group}", share, mask=mine)


def _shares_of_demand(scored: Scored) -> Array:
    """Signed errors over the usual demand of the row's unit group and horizon: float64 [n].

    Over what is usual rather than the day's own, so that an empty unit divides by nothing small.
    """
    usual = np.ones(scored.size)
    for group in set(scored.unit_group):
        mine = np.array([g == group for g in scored.unit_group], bool)
        level = float(np.nanmean(scored.p50[mine]))
        usual[mine] = max(level, 1.0)
    return np.asarray((scored.outcome - scored.p50) / usual)


def _explanations(found: Collected, model: ForecastModel, part: PreparedBeds | PreparedWaits) -> None:
    """Each group of features' share of the contributions' absolute sum."""
    contributions = np.abs(model.explain(rows_of(model, part)).contributions)
    total = contributions.sum(axis=1)
    for group in feature_groups(model.features):
        mine = [j for j, f in enumerate(model.features) if f.group == group]
        sums = contributions[:, mine].sum(axis=1)
        share = np.divide(sums, total, out=np.full(total.size, np.nan), where=total > 0)
        found.mean("explanations", group, share)


def mature_until(last_received: int, horizons_hours: Sequence[float]) -> int:
    """Instant before which every outcome has had the time to arrive: the longest wait ends within a day."""
    longest = max(horizons_hours) * HOUR if horizons_hours else DAY
    return int(last_received - longest)
