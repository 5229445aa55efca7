"""How well each input goes with its row's outcome, beside the same input one horizon earlier.

What legitimately predicts the future predicts it a little earlier too: crowding, flow, an epidemic's count go on. What
was written down afterwards predicts its own outcome alone, and one horizon earlier of what is known by now anyway.
Both are correlations of what the baselines leave unexplained (Frisch & Waugh 1933, doi 10.2307/1907330), within each
unit and horizon, or triage level. The horizon of a wait is the visit before.

Trees read more of an input than its value: they split on whether it is known. What only those who see the patient
write down is known where the wait was short. So whether it is known, with how many decimals it was written and when it
was received are held against the outcome like values.
"""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.entry_traces import Entries, entries_of, time_of_entry
from hospital.dataset.excess_correlation import LEAST_GROUP, Group, excess_correlation, residuals, row_before
from hospital.grouping import rows_of_groups
from hospital.times import DAY, HOUR
from registry.evidence.probe_records import Alignment
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_errors import log_wait

__all__ = ["alignments"]

_LEAST_CATEGORY = 20  # rows: the mean of fewer is mostly chance
_MINUTE = 60_000_000
_TESTED_OF_WAITS, _TESTED_OF_BEDS = frozenset({"patient", "staff"}), frozenset({"covariate"})
_COUNTED = frozenset({"department", "minutes_since_arrival", "waiting_per_doctor"})
"""Of these groups of features, those that are no entry of the tables' own."""


def alignments(
    baselines: BedBaselines | WaitBaselines, prepared: PreparedBeds | PreparedWaits
) -> tuple[Alignment, ...]:
    """The alignment of every input that is the tables' own, given what the baselines say, where outcomes are known.

    The others are counted from times of reception: what is taken away and shuffled answers for them.
    """
    counted = (prepared.weight > 0) & np.isfinite(prepared.outcome)
    part = prepared.part(counted)
    inputs = _inputs(part)
    if not inputs:
        return ()
    explained = _Explained.of(part, baselines)
    triage_known = explained.without_levels()
    lines = explained.lines()
    out = []
    for series in inputs:
        own_levels = series.feature == "triage"  # nobody without a level is in one
        one = _aligned(triage_known if own_levels else explained, series, lines)
        if one is not None:
            out.append(one)
    return tuple(out)


def _inputs(part: PreparedBeds | PreparedWaits) -> list[Entries]:
    """What of the part's inputs is held against outcomes."""
    beds = isinstance(part, PreparedBeds)
    groups = _TESTED_OF_BEDS if beds else _TESTED_OF_WAITS
    out = [
        entries
        for j, f in enumerate(part.features)
        if f.group in groups and f.name not in _COUNTED
        for entries in entries_of(f.name, part.X[:, j], categories=bool(f.levels))
    ]
    if isinstance(part, PreparedWaits):
        # The level itself is what waits are compared within.
        out = [e for e in out if e.feature != "triage" or e.aspect == "known"]
        out += time_of_entry(part.samples.received_at, part.prediction_time)
    return out


@dataclass(frozen=True)
class _Explained:
    """Rows, what their baselines say of them, and what these leave of the outcome.

    Attributes:
        part: the rows.
        controls: float64 [n, k], what the baselines say, and a constant.
        groups: rows of one unit and horizon, or triage level.
        residuals: float64 [n], what is left of the outcome in each group.
        horizon: int64 [n], microseconds.
    """

    part: PreparedBeds | PreparedWaits
    controls: Array
    groups: list[Group]
    outcome: Array
    residuals: Array
    horizon: Array

    @classmethod
    def of(cls, part: PreparedBeds | PreparedWaits, baselines: BedBaselines | WaitBaselines) -> "_Explained":
        if isinstance(part, PreparedBeds) and isinstance(baselines, BedBaselines):
            forecasts = part.baselines(baselines)
            outcome, group = part.outcome, _cells(part)
            horizon = (part.samples.query.horizon_hours * HOUR).astype(np.int64)
        elif isinstance(part, PreparedWaits) and isinstance(baselines, WaitBaselines):
            forecasts = {n: log_wait(v) for n, v in part.baselines(baselines).items()}
            outcome, group = log_wait(part.outcome), _levels(part)
            horizon = np.full(outcome.size, _MINUTE)
        else:
            raise TypeError("These baselines are not of this model's rows.")
        controls = np.column_stack([np.ones(outcome.size), *forecasts.values()])
        return cls._within(part, controls, outcome, group, horizon)

    @classmethod
    def _within(
        cls,
        part: PreparedBeds | PreparedWaits,
        controls: Array,
        outcome: Array,
        group: Array,
        horizon: Array,
    ) -> "_Explained":
        usable = np.asarray(np.isfinite(controls).all(axis=1))
        rows = [r[usable[r]] for r in rows_of_groups(group, int(group.max(initial=-1)) + 1)]
        groups = [Group.of(r, controls) for r in rows if r.size >= LEAST_GROUP]
        return cls(part, controls, groups, outcome, residuals(outcome, controls, groups), horizon)

    def without_levels(self) -> "_Explained":
        """The same rows in one group and without baselines, which know a usual wait of those without a level, too."""
        if isinstance(self.part, PreparedBeds):
            return self
        rows = self.outcome.size
        return self._within(
            self.part, np.ones((rows, 1)), self.outcome, np.zeros(rows, np.int64), self.horizon
        )

    def lines(self) -> list[Array]:
        """Rows that follow one another: of a unit and horizon, or of a department."""
        if isinstance(self.part, PreparedBeds):
            return [g.rows for g in self.groups]
        return _departments(self.part)


def _aligned(explained: _Explained, entries: Entries, lines: list[Array]) -> Alignment | None:
    at = explained.part.prediction_time
    values = _effects(entries.values, explained.residuals, at) if entries.categories else entries.values
    present_rows = [rows[np.isfinite(values[rows])] for rows in lines]
    before = row_before(at, explained.horizon, present_rows)
    older = values[np.where(before >= 0, before, np.arange(values.size))]
    x, earlier = (residuals(v, explained.controls, explained.groups) for v in (values, older))
    earlier[before < 0] = np.nan
    found = excess_correlation(explained.residuals, x, earlier, at)
    if found is None:
        return None
    return Alignment(entries.feature, found.own, found.shifted, found.rows, found.blocks, entries.aspect)


def _effects(category: Array, residuals: Array, at: Array) -> Array:
    """Each row's category as the mean residual of that category in the other weeks: float64 [n], NaN where it has none.

    Every second week is the other half, so that no row's own outcome is in its number.
    """
    out, half = np.full(category.size, np.nan), at // (7 * DAY) % 2
    known = np.isfinite(category) & np.isfinite(residuals)
    for one in np.unique(category[known]):
        rows = category == one
        for week in (0, 1):
            others = rows & known & (half != week)
            if others.sum() >= _LEAST_CATEGORY:
                out[rows & (half == week)] = residuals[others].mean()
    return out


def _cells(part: PreparedBeds) -> Array:
    q = part.samples.query
    horizons, of = np.unique(q.horizon_hours, return_inverse=True)
    return q.unit * horizons.size + of


def _levels(part: PreparedWaits) -> Array:
    texts = [str(t) for t in part.samples.query.columns["triage"]]
    return np.unique(texts, return_inverse=True)[1]


def _departments(part: PreparedWaits) -> list[Array]:
    texts = [str(t) for t in part.samples.query.columns["department"]]
    of = np.unique(texts, return_inverse=True)[1]
    return rows_of_groups(of, int(of.max(initial=-1)) + 1)
