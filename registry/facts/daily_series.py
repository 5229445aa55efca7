"""Daily series that the drift gate judges: made from prepared rows and from what forecasts and outcomes they have.

Volume, each input's mean and share missing, how inputs go together within a day, and the errors of forecasts on days
that the model was not fitted to. Residuals are of a season model fitted on the earlier days.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from registry.evidence.records import DailyInput, Scored
from registry.model.forecast_errors import held, log_wait
from registry.statistics.season_trend import epidemic_days, fit_season, fit_slope

__all__ = ["InputRows", "daily_input", "error_series", "input_series", "outcome_series"]

_NOT_DRIFT = frozenset({"calendar", "seasonal_profile", "planned", "patient"})
"""A seasonal profile is a mean of twelve weeks: what moves it is monitored as demand, and its own days hardly
differ."""
_PATIENT_MIX = frozenset({"triage", "age_years", "arrival_mode"})
_FEWEST_ROWS = 20
"""Rows of a day under which a correlation within it says nothing."""
_FEWEST_VALUES = 10
"""Different values of a day under which an input is one of the day, or of its hours, and no input of its rows."""
_SOME_ROWS = 64
_MOST_DAYS = 0.9
"""Share of days on which an input, or a pair of them, must say something to be monitored."""
_MOST_PAIRS = 60
"""Pairs of inputs that are monitored: those that go together most closely among the earlier days."""
_WITH_A_TREND = frozenset({"count", "outcome"})
_CLOSE = 0.1
"""Mean correlation within a day under which a pair of inputs is not said to go together."""


@dataclass(frozen=True)
class InputRows:
    """Rows with inputs.

    Attributes:
        prediction_time: int64 [n], instants.
        X: float [n, features].
        features: of its columns.
        counted: whether a day's number of rows is a volume (visits), and not a number of forecasts.
    """

    prediction_time: Array
    X: Array
    features: tuple[Feature, ...]
    counted: bool


def input_series(
    rows: InputRows, test_start: int, place: Place, epidemic_months: tuple[int, ...]
) -> tuple[DailyInput, ...]:
    """Volume, inputs, missing values, and inputs together, by local day.

    Args:
        test_start: instant at which the test set starts.
        epidemic_months: months (1 to 12) in which the policy's monitor expects epidemics.
    """
    days = _Days.of(rows.prediction_time, test_start, place, epidemic_months)
    out: list[DailyInput] = []
    if rows.counted:
        out.append(days.series("arrivals", "count", days.counts.astype(np.float64)))
    monitored = []
    for j, feature in enumerate(rows.features):
        compared = feature.group not in _NOT_DRIFT or feature.name in _PATIENT_MIX
        values = rows.X[:, j].astype(np.float64)
        missing = days.sums(np.isnan(values)) / days.counts
        if not compared or missing.min() == 1.0:
            continue
        out.append(days.series(feature.name, "mean", days.mean(values)))
        if missing.max() > 0:
            out.append(days.series(feature.name, "missing", missing))
        monitored.append((feature.name, values))
    return (*out, *_correlations(monitored, days))


def error_series(
    scored: Scored, test_start: int, place: Place, epidemic_months: tuple[int, ...]
) -> tuple[DailyInput, ...]:
    """Signed error and error by local day, on days that the model was not fitted to.

    Of waits the logarithm of wait + 10 minutes over the forecast's, held within one; of beds the share of the mean
    demand.
    """
    known = scored.known()
    if known.size == 0:
        return ()
    if scored.counts:
        signed = (known.outcome - known.p50) / max(float(known.outcome.mean()), 1.0)
    else:
        signed = held(log_wait(known.outcome) - log_wait(known.p50))
    days = _Days.of(known.prediction_time, test_start, place, epidemic_months)
    weight = known.weight
    return (
        days.series("forecast_error", "bias", days.mean(signed, weight)),
        days.series("forecast_error", "loss", days.mean(np.abs(signed), weight)),
    )


def outcome_series(
    prediction_time: Array,
    wait: Array,
    weight: Array,
    test_start: int,
    place: Place,
    epidemic_months: tuple[int, ...],
) -> DailyInput:
    """Mean log of wait + 10 minutes by local day, of all days: what forecasts follow is no error, and yet a change.

    Args:
        prediction_time: int64 [n], instants.
        wait: float64 [n], minutes, NaN where censored.
        weight: float64 [n], of training; 0 where censored.
        test_start: instant at which the test set starts.
        epidemic_months: months (1 to 12) in which epidemics come.
    """
    days = _Days.of(prediction_time, test_start, place, epidemic_months)
    return days.series("waits", "outcome", days.mean(log_wait(wait), weight))


def daily_input(
    name: str,
    what: str,
    days: Array,
    values: Array,
    test_start: int,
    place: Place,
    epidemic_months: tuple[int, ...],
) -> DailyInput:
    """A daily series held against the season of the days before `test_start`; days without a value are left out.

    Args:
        days: int64 [d], increasing local days since 1970-01-01.
        values: float64 [d], NaN where unknown.
        test_start: first local day of the test set.
        place: whose public holidays count.
        epidemic_months: months (1 to 12) in which epidemics come.
    """
    known = np.isfinite(values)
    days, values = days[known], values[known]
    past = days < test_start
    if not past.any():
        nothing, nan = np.empty(0), float("nan")
        return DailyInput(name, what, nan, nan, nothing, nothing, np.empty((0, 1)), year_known=False)
    fit = fit_season(days, values, past, epidemic_days(days, epidemic_months), place)
    residual, earlier = values - fit.expected, values[past]
    slope = (
        fit_slope(days, values, epidemic_days(days, epidemic_months), place) if what in _WITH_A_TREND else ()
    )
    return DailyInput(
        name,
        what,
        float(earlier.mean()),
        float(earlier.std()),
        residual[past],
        residual[~past],
        fit.fit_error[~past],
        fit.is_yearly,
        *slope,
    )


@dataclass(frozen=True)
class _Days:
    """Rows by local day.

    Attributes:
        unique: int64 [days].
        inverse: int64 [n].
        counts, first: int64 [days], rows, and the first of them in order.
        order: the rows by day (int64 [n]), None where they are in this order already.
    """

    unique: Array
    inverse: Array
    counts: Array
    first: Array
    order: Array | None
    test_start: int
    place: Place
    epidemic_months: tuple[int, ...]

    @classmethod
    def of(
        cls, prediction_time: Array, test_start: int, place: Place, epidemic_months: tuple[int, ...]
    ) -> "_Days":
        unique, inverse, counts = np.unique(
            local_day(prediction_time, place.zone), return_inverse=True, return_counts=True
        )
        first_judged = int(local_day(np.array([test_start]), place.zone)[0])
        sorted_already = bool((inverse[1:] >= inverse[:-1]).all())
        order = None if sorted_already else np.argsort(inverse, kind="stable")
        first = np.cumsum(counts) - counts
        return cls(unique, inverse, counts, first, order, first_judged, place, epidemic_months)

    def sums(self, values: Array) -> Array:
        """Sum of all values by day: float64 [days]."""
        ordered = values if self.order is None else values[self.order]
        return np.add.reduceat(ordered.astype(np.float64, copy=False), self.first)

    def mean(self, values: Array, weight: Array | None = None) -> Array:
        """Mean of known values by day, NaN on days without one: float64 [days]."""
        finite = np.isfinite(values)
        if weight is None and finite.all():
            return self.sums(values) / self.counts
        known = finite if weight is None else finite * weight
        weights = self.sums(known)
        total = self.sums(np.where(finite, values, 0.0) * known)
        return np.where(weights > 0, total / np.maximum(weights, 1e-12), np.nan)

    def distinct(self, values: Array) -> Array:
        """How many different known values (float [n]) each day has: int64 [days]."""
        order = np.lexsort((values, self.inverse))
        day, value = self.inverse[order], values[order]
        first = np.ones(value.size, bool)
        first[1:] = (day[1:] != day[:-1]) | (value[1:] != value[:-1])
        return np.bincount(day, weights=first & np.isfinite(value), minlength=self.unique.size)

    def varies(self, values: Array) -> bool:
        """Whether most days have at least `_FEWEST_VALUES` different known values (float [n])."""
        # A few rows, evenly through the day, mostly suffice; only where they do not are all of a day looked at.
        some = self.first[:, None] + self.counts[:, None] * np.arange(_SOME_ROWS) // _SOME_ROWS
        seen = np.sort(values[some if self.order is None else self.order[some]], axis=1)
        new = np.isfinite(seen)
        new[:, 1:] &= seen[:, 1:] != seen[:, :-1]
        if (new.sum(axis=1) >= _FEWEST_VALUES).mean() > _MOST_DAYS:
            return True
        return bool((self.distinct(values) >= _FEWEST_VALUES).mean() > _MOST_DAYS)

    def series(self, name: str, what: str, values: Array) -> DailyInput:
        """Residuals of a season model; the first and last day are cut somewhere and left out."""
        whole = (self.unique > self.unique[0]) & (self.unique < self.unique[-1])
        return daily_input(
            name, what, self.unique[whole], values[whole], self.test_start, self.place, self.epidemic_months
        )


def _correlations(inputs: list[tuple[str, Array]], days: _Days) -> list[DailyInput]:
    """Correlations within a day of pairs of inputs that go together.

    Within a day: what a busy winter does to both of them at once is no change of how they go together.
    """
    within = []
    for name, values in inputs:
        centred = values - days.mean(values)[days.inverse]
        spread = np.sqrt(days.mean(centred**2))
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = np.where(spread[days.inverse] > 1e-9, centred / spread[days.inverse], np.nan)
        if (spread > 1e-9).mean() > _MOST_DAYS and days.varies(values):
            within.append((name, scaled))
    found = []
    for (first, a), (second, b) in itertools.combinations(within, 2):
        daily = np.where(days.counts >= _FEWEST_ROWS, days.mean(a * b), np.nan)
        earlier = daily[days.unique < days.test_start]
        if np.isfinite(earlier).any() and np.isfinite(daily).mean() > _MOST_DAYS:
            found.append((abs(float(np.nanmean(earlier))), f"{first} ~ {second}", daily))
    found.sort(key=lambda f: -f[0])
    return [
        days.series(name, "correlation", daily)
        for close, name, daily in found[:_MOST_PAIRS]
        if close >= _CLOSE
    ]
