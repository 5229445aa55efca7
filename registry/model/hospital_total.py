"""The hospital total: its mean is the sum of its units' means, its quantiles are calibrated on its own errors.

Quantiles do not add: that every unit has its bad day at once is rarer than one in ten, and less rare than if units knew
nothing of one another. Means do add. So the sum of the means is the forecast, mean and p50 alike, and what lies around
it is learned from the sums themselves, on days that no unit's model was fitted to; so is a unit group's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS, weighted_quantiles
from hospital.times import HOUR

__all__ = [
    "HOSPITAL",
    "GroupTotal",
    "HospitalTotal",
    "Sums",
    "group_totals",
    "group_totals_of",
    "means",
    "same_time_and_horizon",
    "sums_of",
    "sums_of_states",
]

HOSPITAL = "hospital"
"""What the total is called where units have names."""
MEDIAN = LEVELS.index(0.5)
_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)
_LEAST_SPREAD_BEDS = 0.5
_LEAST_ROWS = 150


def means(quantiles: Array) -> Array:
    """Mean of each predictive distribution (quantiles: float64 [n, levels]), beds: float64 [n].

    Nineteen quantiles at equal steps stand for twenty equal shares of the outcomes; the outermost fortieth on either
    side, of which calibration knows little, is left out.
    """
    return np.asarray(quantiles.mean(axis=1))


@dataclass(frozen=True)
class Sums:
    """The units of one prediction time and horizon together, one entry each (float64 [k], beds).

    Attributes:
        mean: sum of the units' means.
        spread: p10 to p90 of the sum if units knew nothing of one another; the unit in which the hospital's
            own errors are measured, so that fewer units open have a narrower total.
    """

    mean: Array
    spread: Array


def sums_of(quantiles: Array, of: Array, totals: int) -> Sums:
    """The sums of units.

    Args:
        quantiles: float64 [n, levels], each unit's.
        of: int64 [n], the total that each belongs to, below `totals`.
    """
    mean = np.bincount(of, weights=means(quantiles), minlength=totals)
    width = quantiles[:, _P90] - quantiles[:, _P10]
    spread = np.sqrt(np.bincount(of, weights=width**2, minlength=totals))
    return Sums(mean, np.maximum(spread, _LEAST_SPREAD_BEDS))


def sums_of_states(quantiles: Array) -> Sums:
    """The sums of one total's units in each of m states; quantiles: float64 [units, m, levels]."""
    width = quantiles[:, :, _P90] - quantiles[:, :, _P10]
    spread = np.sqrt((width**2).sum(axis=0))
    return Sums(quantiles.mean(axis=2).sum(axis=0), np.maximum(spread, _LEAST_SPREAD_BEDS))


@dataclass(frozen=True)
class HospitalTotal:
    """How far the total's demand lies from the sum of its units' means.

    Attributes:
        horizons: hours.
        quantiles: float64 [horizons, levels], of (outcome less sum of means) in units of the spread, alike on
            either side: the median is 0, so that the p50 is the mean.
    """

    horizons: tuple[float, ...]
    quantiles: Array

    @classmethod
    def learned(
        cls,
        sums: Sums,
        outcome: Array,
        prediction_time: Array,
        horizon_hours: Array,
        horizons: tuple[float, ...],
    ) -> "HospitalTotal | None":
        """From later days (split conformal, by horizon; one of few rows has everybody's); None without any outcome.

        Each error counts with its mirror image: a few independent weeks say how far a sum strays, not to which side.
        Errors of forecasts that overlap in time are one piece of news, so the correction for few counts periods.

        Args:
            outcome: float64 [k], the units' demands together, NaN unknown.
            prediction_time: int64 [k], instants.
            horizon_hours: float64 [k].
        """
        error = (outcome - sums.mean) / sums.spread
        known = np.isfinite(error)
        if not known.any():
            return None
        span = float(np.ptp(prediction_time[known])) / HOUR
        quantiles = np.empty((len(horizons), len(LEVELS)))
        for i, hours in enumerate(horizons):
            mine = known & (horizon_hours == hours)
            if mine.sum() < _LEAST_ROWS:
                mine = known
            both = np.concatenate([error[mine], -error[mine]])
            periods = min(int(mine.sum()), 1 + span / hours)
            quantiles[i] = weighted_quantiles(both, np.ones(both.size), independent=2 * periods)
        upper = np.maximum.accumulate(quantiles[:, MEDIAN + 1 :], axis=1)
        none = np.zeros((len(horizons), 1))
        return cls(horizons, np.concatenate([-upper[:, ::-1], none, upper], axis=1))

    def forecast(self, sums: Sums, horizon_hours: Array) -> Array:
        """Quantiles of the total: float64 [k, levels], beds; never crossing, never under 0."""
        horizon = np.abs(horizon_hours[:, None] - np.array(self.horizons)).argmin(axis=1)
        return np.maximum(sums.mean[:, None] + sums.spread[:, None] * self.quantiles[horizon], 0.0)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "horizons_hours": list(self.horizons),
            "levels": list(LEVELS),
            "quantiles": self.quantiles.tolist(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "HospitalTotal":
        """What `to_json` wrote.

        Raises:
            ValueError: there are not as many rising quantiles a horizon as levels, with 0 in their middle.
        """
        horizons, quantiles = tuple(body["horizons_hours"]), np.array(body["quantiles"], np.float64)
        if quantiles.shape != (len(horizons), len(LEVELS)) or not (np.diff(quantiles, axis=1) >= 0).all():
            raise ValueError
        if quantiles[:, MEDIAN].any():
            raise ValueError
        return cls(horizons, quantiles)


@dataclass(frozen=True)
class GroupTotal:
    """What is learned of a unit group's total.

    Attributes:
        units: all that are in it; the total is of them together and of no part of them.
    """

    units: tuple[str, ...]
    total: HospitalTotal

    def quantiles(self, units: Array, horizon_hours: float) -> Array:
        """Of the group's demand (float64 [levels]) at one time and horizon.

        Args:
            units: float64 [units, levels], each unit's.
        """
        sums = sums_of(units, np.zeros(len(units), np.int64), 1)
        return np.asarray(self.total.forecast(sums, np.array([horizon_hours]))[0])


def group_totals(body: Mapping[str, Any], horizons: tuple[float, ...]) -> dict[str, GroupTotal]:
    """What ``groups.json`` holds, by group.

    Raises:
        ValueError: a total is of other horizons, or of fewer than two units.
    """
    found = {}
    for name, entry in body.items():
        units, total = tuple(str(u) for u in entry["units"]), HospitalTotal.from_json(entry["total"])
        if len(set(units)) < 2 or total.horizons != horizons:
            raise ValueError
        found[name] = GroupTotal(units, total)
    return found


def group_totals_of(totals: Mapping[str, GroupTotal]) -> dict[str, Any]:
    """As ``groups.json``."""
    return {n: {"units": list(t.units), "total": t.total.to_json()} for n, t in totals.items()}


def same_time_and_horizon(prediction_time: Array, horizon_hours: Array) -> tuple[Array, Array]:
    """Which rows (int64 and float64 [n]) are of one time and horizon.

    Returns:
        The total that each row belongs to (int64 [n]), in the order of time and horizon; a row of each (int64 [k]).
    """
    _, time = np.unique(prediction_time, return_inverse=True)
    horizons, horizon = np.unique(horizon_hours, return_inverse=True)
    _, first, of = np.unique(time * horizons.size + horizon, return_index=True, return_inverse=True)
    return np.asarray(of, np.int64), np.asarray(first, np.int64)
