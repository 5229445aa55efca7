"""What recent forecasts said and what came: the unit's own record, from which the width of its intervals is tracked."""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array

__all__ = ["Intervals", "RecentErrors"]


@dataclass(frozen=True)
class Intervals:
    """p10 to p90 of rows before they are stretched: float64 [n] each, beds.

    Attributes:
        centre: the p50.
        below, above: how far p10 and p90 lie from it, at least 0.
    """

    centre: Array
    below: Array
    above: Array


@dataclass(frozen=True)
class RecentErrors:
    """Forecasts of every unit at times about a day apart, with their outcomes.

    Attributes:
        times: int64 [times], prediction times, ascending.
        centre, below, above: float64 [times, units, horizons] as in `Intervals`; NaN where there was no forecast.
        outcome: float64 [times, units, horizons], beds, as known when it was settled; NaN unknown.
    """

    times: Array
    centre: Array
    below: Array
    above: Array
    outcome: Array

    @classmethod
    def of(
        cls,
        times: Array,
        shape: tuple[int, int],
        at: Array,
        unit: Array,
        horizon: Array,
        intervals: Intervals,
        outcome: Array,
    ) -> "RecentErrors":
        """From rows.

        Args:
            times: int64 [times], ascending; rows at other times are left out.
            shape: how many units and horizons there are.
            at, unit, horizon: int64 [n], prediction times and positions.
            outcome: float64 [n].
        """
        place = np.minimum(times.searchsorted(at), max(times.size - 1, 0))
        mine = times[place] == at if times.size else np.zeros(at.size, bool)
        where = (place[mine], unit[mine], horizon[mine])
        arrays = []
        for values in (intervals.centre, intervals.below, intervals.above, outcome):
            table = np.full((times.size, *shape), np.nan)
            table[where] = values[mine]
            arrays.append(table)
        return cls(times, *arrays)

    def at_times(self, times: Array, until: int, settled_until: Array) -> "RecentErrors":
        """The same at other times (int64 [k], ascending): what is new there is unknown.

        Args:
            until: instant; forecasts from it on are forgotten.
            settled_until: int64 [horizons], prediction times from which outcomes are forgotten.
        """
        _, here, there = np.intersect1d(self.times, times, assume_unique=True, return_indices=True)
        late, open_ended = times >= until, times[:, None, None] >= settled_until
        arrays = []
        for values, gone in (
            *((found, late[:, None, None]) for found in (self.centre, self.below, self.above)),
            (self.outcome, open_ended),
        ):
            table = np.full((times.size, *values.shape[1:]), np.nan)
            table[there] = values[here]
            arrays.append(np.where(gone, np.nan, table))
        return RecentErrors(times, *arrays)

    def filled(self, other: "RecentErrors") -> "RecentErrors":
        """What is unknown here taken from another of the same times, units and horizons."""
        pairs = ((getattr(self, n), getattr(other, n)) for n in ("centre", "below", "above", "outcome"))
        return RecentErrors(self.times, *(np.where(np.isnan(mine), theirs, mine) for mine, theirs in pairs))

    def at_horizon(self, horizon: int, first: int) -> "RecentErrors":
        """Those of one horizon from the `first` time on, without the last axis."""
        arrays = (self.centre, self.below, self.above, self.outcome)
        return RecentErrors(self.times[first:], *(a[first:, :, horizon] for a in arrays))

    def outside(self, place: Array, factor: Array) -> Array:
        """How much of each whole bed of the outcome lies outside the interval, 0 to 1: float64 [k, units], NaN unknown.

        Args:
            place: which time (int64 [k]).
            factor: what each interval is stretched by (float64 [k, units]).
        """
        centre, outcome = self.centre[place], self.outcome[place]
        low, high = centre - factor * self.below[place], centre + factor * self.above[place]
        inside = np.minimum(outcome + 0.5, high) - np.maximum(outcome - 0.5, low)
        return np.asarray(1 - np.clip(inside, 0.0, 1.0))
