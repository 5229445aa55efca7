"""What baselines leave unexplained of outcomes, and how well a series goes with it beside itself one row earlier."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.excess_correlation import (
    LEAST_GROUP,
    ExcessCorrelation,
    Group,
    excess_correlation,
    residuals,
    row_before,
)
from hospital.grouping import rows_of_groups
from hospital.times import DAY, HOUR, MINUTE
from registry.evidence.probe_records import Alignment, Aspect
from registry.evidence.records import UNIT
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_errors import log_wait

__all__ = ["Explained"]

_LEAST_CATEGORY = 20  # rows: the mean of fewer is mostly chance
_LEAST_OF_PART, _LEAST_BLOCKS_OF_PART = 300, 8
_EVENING, _MORNING, _LATELY = 20, 8, 0.75
_ERRORS = 2.0
"""Standard errors that a part's excess is lessened by, so that a small part is not the furthest by chance."""


@dataclass(frozen=True)
class Explained:
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

    @cached_property
    def parts(self) -> dict[str, Array]:
        """Rows (bool [n]) that are looked at by themselves, by name: of a unit or department, nights, the last days."""
        return _parts(self.part)

    @classmethod
    def of(cls, part: PreparedBeds | PreparedWaits, baselines: BedBaselines | WaitBaselines) -> "Explained":
        if isinstance(part, PreparedBeds) and isinstance(baselines, BedBaselines):
            forecasts = part.baselines(baselines)
            outcome, group = part.outcome, _cells(part)
            horizon = (part.samples.query.horizon_hours * HOUR).astype(np.int64)
        elif isinstance(part, PreparedWaits) and isinstance(baselines, WaitBaselines):
            forecasts = {n: log_wait(v) for n, v in part.baselines(baselines).items()}
            outcome, group = log_wait(part.outcome), _levels(part)
            horizon = np.full(outcome.size, MINUTE)
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
    ) -> "Explained":
        usable = np.asarray(np.isfinite(controls).all(axis=1))
        rows = [r[usable[r]] for r in rows_of_groups(group, int(group.max(initial=-1)) + 1)]
        groups = [Group.of(r, controls) for r in rows if r.size >= LEAST_GROUP]
        left = residuals(outcome, controls, groups)
        return cls(part, controls, groups, outcome, left, horizon)

    def without_levels(self) -> "Explained":
        """The same rows in one group and without baselines, which know a usual wait of those without a level, too."""
        if isinstance(self.part, PreparedBeds):
            return self
        rows = self.outcome.size
        return self._within(
            self.part, np.ones((rows, 1)), self.outcome, np.zeros(rows, np.int64), self.horizon
        )

    def lines(self) -> list[Array]:
        """Rows (int64 each) that follow one another: of a unit and horizon, or of a department."""
        if isinstance(self.part, PreparedBeds):
            return [g.rows for g in self.groups]
        return _departments(self.part)

    def spread(self) -> "Explained":
        """The same rows with how far each outcome lies from the expected in place of where it lies.

        The square root, so that single long waits do not make up the whole of it.
        """
        far = np.sqrt(np.abs(self.residuals))
        return replace(self, outcome=far, residuals=residuals(far, self.controls, self.groups))

    def of_outcome(self, outcome: Array) -> "Explained":
        """The same rows with another outcome (float64 [n])."""
        return replace(self, outcome=outcome, residuals=residuals(outcome, self.controls, self.groups))

    def alignment(
        self,
        feature: str,
        aspect: Aspect,
        values: Array,
        lines: list[Array],
        *,
        categories: bool = False,
        horizon: int | None = None,
    ) -> Alignment | None:
        """How well a series goes with its own row's outcome, and as it was one horizon earlier.

        Args:
            feature, aspect: its name, and what of it.
            values: float64 [n], NaN where there is none.
            lines: rows that follow one another.
            categories: the values are categories, in no order.
            horizon: microseconds in place of the rows' own.
        """
        found = self._found(values, lines, categories=categories, horizon=horizon)
        whole = excess_correlation(*found)
        return None if whole is None else _alignment(feature, aspect, whole)

    def alignments(
        self, feature: str, aspect: Aspect, values: Array, lines: list[Array], *, categories: bool = False
    ) -> list[Alignment]:
        """The same, and of the part of the rows in which it goes furthest; none where it cannot be computed.

        What one department, a night or the last weeks give away hardly shows among all rows.

        Args:
            values: float64 [n], NaN where there is none.
            lines: as `lines` gives them.
        """
        y, x, earlier, at = self._found(values, lines, categories=categories)
        whole = excess_correlation(y, x, earlier, at)
        if whole is None:
            return []
        parts = {n: excess_correlation(y[m], x[m], earlier[m], at[m]) for n, m in self.parts.items()}
        enough = {
            name: one
            for name, one in parts.items()
            if one is not None and one.rows >= _LEAST_OF_PART and one.blocks.size >= _LEAST_BLOCKS_OF_PART
        }
        out = [_alignment(feature, aspect, whole)]
        if enough:
            name, furthest = max(enough.items(), key=lambda item: item[1].at_least(_ERRORS))
            out.append(replace(_alignment(feature, aspect, furthest), part=name, parts=len(enough)))
        return out

    def _found(
        self, values: Array, lines: list[Array], *, categories: bool, horizon: int | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """Residuals of the outcome, of the series and of the series earlier, and instants: [n] each."""
        at = self.part.prediction_time
        values = _effects(values, self.residuals, at) if categories else values
        apart = self.horizon if horizon is None else np.full(at.size, horizon)
        before = row_before(at, apart, [rows[np.isfinite(values[rows])] for rows in lines])
        older = values[np.where(before >= 0, before, np.arange(values.size))]
        x, earlier = (residuals(v, self.controls, self.groups) for v in (values, older))
        earlier[before < 0] = np.nan
        return self.residuals, x, earlier, at


def _alignment(feature: str, aspect: Aspect, found: ExcessCorrelation) -> Alignment:
    return Alignment(feature, found.own, found.shifted, found.rows, found.blocks, aspect)


def _parts(part: PreparedBeds | PreparedWaits) -> dict[str, Array]:
    """Rows of each department or unit, of the nights, and of the last quarter of the days, by name."""
    hours = part.hours()
    days = part.prediction_time // DAY
    span = days[-1] - days[0] if days.size else 0
    out = {"lately": days >= days[:1] + _LATELY * span}
    if isinstance(part, PreparedWaits):
        out["night"] = (hours < _MORNING) | (hours >= _EVENING)
        names = np.array([str(t) for t in part.samples.query.columns["department"]], object)
        departments = {f"department={name}": names == name for name in sorted(set(names.tolist()))}
        out |= departments if len(departments) > 1 else {}
    else:
        unit = part.samples.query.unit
        out |= {f"{UNIT}={part.events.units[u].unit}": unit == u for u in np.unique(unit)}
    return {name: mask for name, mask in out.items() if mask.sum() >= _LEAST_OF_PART}


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
