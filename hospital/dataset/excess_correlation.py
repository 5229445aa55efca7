"""How well a number goes with the outcome of its own row beyond one of an earlier row, given what is known by then.

Both are partial correlations (Frisch & Waugh 1933, doi 10.2307/1907330) within groups of rows. The gate
holds a model's inputs against its outcomes by it, the profile a table's columns before any training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY

__all__ = [
    "LEAST_GROUP",
    "ExcessCorrelation",
    "Group",
    "block_means",
    "excess_correlation",
    "residuals",
    "row_before",
]

LEAST_GROUP = 60
"""Fewer rows of a group do not show what its controls leave unexplained."""
_BLOCKS = 20
_NOTHING = 1e-9


@dataclass(frozen=True)
class ExcessCorrelation:
    """Of one series with the outcome.

    Attributes:
        own, shifted: partial correlations, of the row's own value and of the earlier one.
        rows: of them.
        blocks: float64 [blocks], |own| - |shifted| of each block of days, from the products of standardised residuals.
    """

    own: float
    shifted: float
    rows: int
    blocks: Array

    def at_least(self, errors: float) -> float:
        """By how much it is beyond the earlier row's, less so many standard errors."""
        error = float(self.blocks.std(ddof=1)) / np.sqrt(self.blocks.size) if self.blocks.size > 1 else np.inf
        return abs(self.own) - abs(self.shifted) - errors * float(error)


@dataclass(frozen=True)
class Group:
    """Rows that are compared with each other, with an orthonormal basis of what is controlled for.

    Attributes:
        rows: int64 [m].
        basis: float64 [m, k].
    """

    rows: Array
    basis: Array

    @classmethod
    def of(cls, rows: Array, controls: Array) -> "Group":
        """The group of some rows (int64 [m]) of all controls (float64 [n, k])."""
        left, size, _ = np.linalg.svd(controls[rows], full_matrices=False)
        return cls(rows, left[:, size > _NOTHING * size[0]])


def residuals(values: Array, controls: Array, groups: Sequence[Group]) -> Array:
    """What the controls leave of values in each group, in units of the group's deviation; NaN elsewhere.

    Args:
        values: float64 [n], NaN where unknown.
        controls: float64 [n, k].
    """
    out = np.full(values.size, np.nan)
    for group in groups:
        known = np.isfinite(values[group.rows])
        mine = group.rows[known]
        if mine.size < LEAST_GROUP:
            continue
        # Mostly all are known, and the basis is the same for every series.
        basis = group.basis if known.all() else Group.of(mine, controls).basis
        left = values[mine] - basis @ (basis.T @ values[mine])
        spread = left.std()
        out[mine] = left / spread if spread > _NOTHING else np.nan
    return out


def excess_correlation(y: Array, x: Array, earlier: Array | None, at: Array) -> ExcessCorrelation | None:
    """Of residuals of the outcome, of a series, and of the series earlier; None where one of them is constant.

    Args:
        y, x, earlier: float64 [n], NaN where unknown; None: nothing earlier is held against it.
        at: int64 [n] instants, ascending.
    """
    series = (x, y) if earlier is None else (x, y, earlier)
    every = np.logical_and.reduce([np.isfinite(v) for v in series])
    if every.sum() < LEAST_GROUP or min(v[every].std() for v in series) < _NOTHING:
        return None
    x, y = (_standardised(v[every]) for v in (x, y))
    before = np.zeros(y.size) if earlier is None else _standardised(earlier[every])
    own, shifted = float((x * y).mean()), float((before * y).mean())
    excess = (np.sign(own) * x - np.sign(shifted) * before) * y
    return ExcessCorrelation(own, shifted, int(every.sum()), block_means(excess, at[every]))


def block_means(values: Array, at: Array) -> Array:
    """Mean of values (float64 [n], n > 0) in each of at most 20 blocks with as many days each: float64 [blocks].

    Args:
        at: int64 [n] instants, ascending.
    """
    days = at // DAY
    starts = np.searchsorted(days, _block_days(days))
    return np.asarray(np.add.reduceat(values, starts) / np.diff(np.append(starts, days.size)))


def _block_days(days: Array) -> Array:
    """The first day of each of at most 20 blocks with as many days each."""
    different = days[np.flatnonzero(np.append(True, days[1:] != days[:-1]))]  # they ascend
    return different[np.unique(np.arange(_BLOCKS) * different.size // _BLOCKS)]


def _standardised(values: Array) -> Array:
    return (values - values.mean()) / values.std()


def row_before(at: Array, horizon: Array, lines: Sequence[Array]) -> Array:
    """The last row of the same line at least one horizon before each row of one: int64 [n], -1 where there is none.

    Args:
        at: int64 [n] instants.
        horizon: int64 [n], microseconds.
        lines: rows (int64, ascending in time) that follow one another.
    """
    out = np.full(at.size, -1, np.int64)
    for rows in lines:
        found = np.searchsorted(at[rows], at[rows] - horizon[rows], "right") - 1
        out[rows] = np.where(found >= 0, rows[np.maximum(found, 0)], -1)
    return out
