"""How well each feature goes with its row's outcome, beside the same feature one horizon earlier.

What legitimately predicts the future predicts it a little earlier too: crowding, flow, an epidemic's count go on. What
was written down afterwards predicts its own outcome alone, and one horizon earlier of what is known by now anyway.
Both are correlations of what the baselines leave unexplained (Frisch & Waugh 1933, doi 10.2307/1907330), within each
unit and horizon, or triage level. The horizon of a wait is the visit before.
"""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.grouping import rows_of_groups
from hospital.times import DAY, HOUR
from registry.evidence.probe_records import Alignment
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_errors import log_wait

__all__ = ["alignments"]

_LEAST_GROUP = 60  # fewer rows of a unit and horizon do not show what its baselines leave unexplained
_BLOCKS = 20
_NOTHING = 1e-9
_MINUTE = 60_000_000
_TESTED_OF_WAITS, _TESTED_OF_BEDS = frozenset({"patient", "staff"}), frozenset({"covariate"})
_COUNTED = frozenset({"department", "minutes_since_arrival", "triage", "waiting_per_doctor"})
"""Of these groups of features, those that are no number of the tables' own."""


def alignments(
    baselines: BedBaselines | WaitBaselines, prepared: PreparedBeds | PreparedWaits
) -> tuple[Alignment, ...]:
    """The alignment of every feature that is the tables' own, given what the baselines say, where outcomes are known.

    The others are counted from times of reception: what is taken away and shuffled answers for them.
    """
    groups_present = _TESTED_OF_BEDS if isinstance(prepared, PreparedBeds) else _TESTED_OF_WAITS
    predictive = [
        j for j, f in enumerate(prepared.features) if f.group in groups_present and f.name not in _COUNTED
    ]
    if not predictive:
        return ()
    counted = (prepared.weight > 0) & np.isfinite(prepared.outcome)
    part = prepared.part(counted)
    if isinstance(part, PreparedBeds) and isinstance(baselines, BedBaselines):
        said = part.baselines(baselines)
        outcome, group = part.outcome, _cells(part)
        horizon = (part.samples.query.horizon_hours * HOUR).astype(np.int64)
    elif isinstance(part, PreparedWaits) and isinstance(baselines, WaitBaselines):
        said = {n: log_wait(v) for n, v in part.baselines(baselines).items()}
        outcome, group = log_wait(part.outcome), _levels(part)
        horizon = np.full(outcome.size, _MINUTE)
    else:
        raise TypeError("These baselines are not of this model's rows.")
    controls = np.column_stack([np.ones(outcome.size), *said.values()])
    usable = np.isfinite(controls).all(axis=1)
    groups = [rows[usable[rows]] for rows in rows_of_groups(group, int(group.max(initial=-1)) + 1)]
    bases = [_Group.of(rows, controls) for rows in groups if rows.size >= _LEAST_GROUP]
    y = _residuals(outcome, controls, bases)
    lines = [b.rows for b in bases] if isinstance(part, PreparedBeds) else _departments(part)
    every, found = np.arange(outcome.size), []
    for j in predictive:
        values = part.X[:, j].astype(np.float64)
        present_rows = [rows[np.isfinite(values[rows])] for rows in lines]
        before = _one_horizon_before(part.prediction_time, horizon, present_rows)
        older = values[np.where(before >= 0, before, every)]
        x, earlier = (_residuals(v, controls, bases) for v in (values, older))
        earlier[before < 0] = np.nan
        one = _alignment(part.features[j].name, y, x, earlier, part.prediction_time)
        if one is not None:
            found.append(one)
    return tuple(found)


def _alignment(name: str, y: Array, x: Array, earlier: Array, at: Array) -> Alignment | None:
    """Of residuals of the outcome, of the feature, and of the feature one horizon earlier (float64 [n] each)."""
    every = np.isfinite(x) & np.isfinite(y) & np.isfinite(earlier)
    if every.sum() < _LEAST_GROUP or min(v[every].std() for v in (x, y, earlier)) < _NOTHING:
        return None
    x, y, earlier = (_standardised(v[every]) for v in (x, y, earlier))
    own, shifted = float((x * y).mean()), float((earlier * y).mean())
    excess_correlation = (np.sign(own) * x - np.sign(shifted) * earlier) * y
    days = at[every] // DAY
    starts = np.searchsorted(days, _block_days(days))
    counts = np.diff(np.append(starts, days.size))
    return Alignment(
        name, own, shifted, int(every.sum()), np.add.reduceat(excess_correlation, starts) / counts
    )


def _block_days(days: Array) -> Array:
    """The first day of each of at most 20 blocks with as many days each."""
    different = np.unique(days)
    return different[np.unique(np.arange(_BLOCKS) * different.size // _BLOCKS)]


def _standardised(values: Array) -> Array:
    return (values - values.mean()) / values.std()


@dataclass(frozen=True)
class _Group:
    """Rows of one unit and horizon, or triage level, with an orthonormal basis of what the baselines say of them."""

    rows: Array
    basis: Array

    @classmethod
    def of(cls, rows: Array, controls: Array) -> "_Group":
        left, size, _ = np.linalg.svd(controls[rows], full_matrices=False)
        return cls(rows, left[:, size > _NOTHING * size[0]])


def _residuals(values: Array, controls: Array, groups: list[_Group]) -> Array:
    """What the baselines leave of values (float64 [n]) in each group, in units of the group's deviation; NaN
    elsewhere."""
    out = np.full(values.size, np.nan)
    for group in groups:
        known = np.isfinite(values[group.rows])
        mine = group.rows[known]
        if mine.size < _LEAST_GROUP:
            continue
        # Mostly all are known, and the basis is the same for every feature.
        basis = group.basis if known.all() else _Group.of(mine, controls).basis
        left = values[mine] - basis @ (basis.T @ values[mine])
        spread = left.std()
        out[mine] = left / spread if spread > _NOTHING else np.nan
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


def _one_horizon_before(at: Array, horizon: Array, lines: list[Array]) -> Array:
    """The last row of the same line at least one horizon before each row of one: int64 [n], -1 where there is none."""
    out = np.full(at.size, -1, np.int64)
    for rows in lines:
        found = np.searchsorted(at[rows], at[rows] - horizon[rows], "right") - 1
        out[rows] = np.where(found >= 0, rows[np.maximum(found, 0)], -1)
    return out
