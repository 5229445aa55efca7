"""Two versions' probabilities that staffed beds are exceeded, and their totals, on the same rows.

The hospital total and the totals of unit groups are each version's own distributions, never sums or products of units'.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from registry.compare.differences import BRIER, METRICS, Difference, Rows, losses_of, one_difference
from registry.components.exceedances import Kind
from registry.evidence.records import UNIT, Scored
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.hospital_total import HospitalTotal, same_time_and_horizon
from registry.model.scoring import score
from registry.statistics.scope import horizon_name

__all__ = ["Announced", "tension_differences"]


@dataclass(frozen=True)
class Announced:
    """What a version says of rows, in the order of time.

    Attributes:
        scored: also of rows whose outcome is not known.
        staffed: float64 [n], beds at the target as they were published at the prediction; NaN unknown, and of waits.
    """

    model: ForecastModel
    scored: Scored
    staffed: Array

    @classmethod
    def of(cls, model: ForecastModel, prepared: PreparedBeds | PreparedWaits, mask: Array) -> "Announced":
        """The rows of which `mask` (bool [n]) is true."""
        scored, names = score(model, prepared, mask), [f.name for f in prepared.features]
        staffed = np.full(scored.size, np.nan)
        if isinstance(prepared, PreparedBeds) and "staffed_then" in names:
            staffed = np.asarray(prepared.X[mask, names.index("staffed_then")], np.float64)
        return cls(model, scored, staffed)

    def part(self, which: Array) -> "Announced":
        """The rows of which `which` (bool [n]) is true, or those at these positions (int64 [m])."""
        return replace(self, scored=self.scored.part(which), staffed=self.staffed[which])


@dataclass(frozen=True)
class _Pair:
    """Both versions' answers for the same rows, units' or totals'.

    Attributes:
        staffed: float64 [n].
        exceeding: of either version, float64 [n], the probability of more demand than that; NaN unknown.
    """

    first: Scored
    second: Scored
    staffed: Array
    exceeding: tuple[Array, Array]


_Group = tuple[str, str, Array]
"""`Difference.by`, its group, and the rows of it: bool [n]."""


def tension_differences(first: Announced, second: Announced) -> Iterator[Difference]:
    """The Brier score of units' rows, the hospital total by horizon, each unit group's total; of waits none."""
    if UNIT not in first.scored.audit:
        return
    first, second = _same_rows(first, second)
    kinds = _kind(first), _kind(second)
    units = _paired(first, second, first.scored, second.scored, first.staffed, kinds)
    everybody = np.ones(first.scored.size, bool)
    of = first.scored.unit_group.astype(str)
    groups = [("unit_group", name, of == name) for name in np.unique(of).tolist()]
    yield from _brier(units, [("all", "all", everybody), *_by_horizon("horizon", first.scored), *groups])
    wholes = first.model.hospital_total, second.model.hospital_total
    if (found := _summed(first, second, wholes, "hospital")) is not None:
        yield from _of_total(found, _by_horizon("hospital", found.first))
    for name in sorted(set(first.model.group_totals) & set(second.model.group_totals)):
        learned = first.model.group_totals[name], second.model.group_totals[name]
        if set(learned[0].units) == set(learned[1].units):
            parts = _whole(first, second, learned[0].units)
            found = _summed(*parts, (learned[0].total, learned[1].total), "groups")
            if found is not None:
                yield from _of_total(found, [("group_total", name, np.ones(found.first.size, bool))])


def _kind(one: Announced) -> Kind:
    return "model" if one.model.manifest.kind == "model" else "baseline"


def _same_rows(first: Announced, second: Announced) -> tuple[Announced, Announced]:
    mine, theirs = (one.scored.row_id.astype(str) for one in (first, second))
    _, at, there = np.intersect1d(mine, theirs, return_indices=True)
    order = np.argsort(at, kind="stable")
    return first.part(at[order]), second.part(there[order])


def _whole(first: Announced, second: Announced, units: tuple[str, ...]) -> tuple[Announced, Announced]:
    """The rows of a group's units, of times at which all of them have one: its total is of them together."""
    mine = np.isin(first.scored.audit[UNIT].astype(str), units)
    first, second = first.part(mine), second.part(mine)
    of, _ = same_time_and_horizon(first.scored.prediction_time, first.scored.horizon_hours)
    whole = np.bincount(of, minlength=1)[of] == len(units)
    return first.part(whole), second.part(whole)


def _summed(
    first: Announced,
    second: Announced,
    learned: tuple[HospitalTotal | None, HospitalTotal | None],
    kind: Kind,
) -> _Pair | None:
    """The totals of these rows; None where either version has learned none, or there are no rows."""
    mine, theirs = (
        score_hospital_total(t, one.scored) for t, one in zip(learned, (first, second), strict=True)
    )
    if mine is None or theirs is None or not mine.size:
        return None
    of, _ = same_time_and_horizon(first.scored.prediction_time, first.scored.horizon_hours)
    staffed = np.bincount(of, weights=first.staffed, minlength=mine.size)
    return _paired(first, second, mine, theirs, staffed, (kind, kind))


def _paired(
    first: Announced,
    second: Announced,
    mine: Scored,
    theirs: Scored,
    staffed: Array,
    kinds: tuple[Kind, Kind],
) -> _Pair:
    """The rows of which both outcome and forecasts are known."""
    known = mine.is_known & theirs.is_known
    mine, theirs, beds = mine.part(known), theirs.part(known), staffed[known]
    models, rows = (first.model, second.model), (mine, theirs)
    exceeding = [
        model.exceedances.probability(kind, row.quantiles, beds, row.horizon_hours)
        for model, kind, row in zip(models, kinds, rows, strict=True)
    ]
    return _Pair(mine, theirs, beds, (exceeding[0], exceeding[1]))


def _by_horizon(by: str, rows: Scored) -> list[_Group]:
    horizons = np.unique(rows.horizon_hours).tolist()
    return [(by, horizon_name(h), rows.horizon_hours == h) for h in horizons]


def _of_total(pair: _Pair, groups: Sequence[_Group]) -> Iterator[Difference]:
    for metric in METRICS:
        losses = losses_of(pair.first, metric), losses_of(pair.second, metric)
        yield from _lines(metric, pair, losses, groups)
    yield from _brier(pair, groups)


def _brier(pair: _Pair, groups: Sequence[_Group]) -> Iterator[Difference]:
    """Squared errors of probabilities, where both versions have one."""
    event = pair.first.outcome > pair.staffed
    losses = (pair.exceeding[0] - event) ** 2, (pair.exceeding[1] - event) ** 2
    known = np.isfinite(losses[0]) & np.isfinite(losses[1])
    yield from _lines(BRIER, pair, losses, [(by, group, mask & known) for by, group, mask in groups])


def _lines(
    metric: str, pair: _Pair, losses: tuple[Array, Array], groups: Sequence[_Group]
) -> Iterator[Difference]:
    rows = pair.first
    for by, group, mask in groups:
        line = Rows(by, group, rows.weight[mask], rows.prediction_time[mask], rows.horizon_hours[mask])
        if (found := one_difference(metric, line, losses[0][mask], losses[1][mask])) is not None:
            yield found
