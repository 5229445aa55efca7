"""What a day's figure usually is: week days, public holidays, a yearly wave and the months of epidemics.

The drift gate and the monitor both hold days against this fit of a reference. A short reference knows less: under two
months only the level, under thirteen months neither a yearly wave nor epidemics, with fewer than four public holidays
no holidays. Nothing is adapted afterwards: a figure that learned from the days it judges would learn the shift too.
For the same reason there is no trend: carried on over the days that are judged it alarms falsely three times as often
(`docs/adr/0013-one-season-model.md`).
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import is_holiday
from registry.statistics.long_run_variance import day_sd

__all__ = ["FRANCE", "SeasonFit", "epidemic_days", "expected_values", "fit_season", "fit_slope"]

FRANCE = Place(ZoneInfo("Europe/Paris"))
_YEAR = 365.25
_WEEK_FROM_DAYS = 56
_YEARLY_FROM_DAYS = 395
_HOLIDAYS_SEEN = 4
_RIDGE = 1e-6


@dataclass(frozen=True)
class SeasonFit:
    """A least-squares fit of a reference, and what it expects of every day.

    Attributes:
        expected: float64 [d] or [d, k], like the values that were fitted.
        fit_error: float64 [d, terms]. The squared length of its mean over some days is x̄ᵀ(XᵀX)⁻¹x̄: what the fit's own
            error adds to the variance of their mean residual, in units of the residuals' long-run variance of a day.
        is_yearly: whether the reference was long enough for a yearly wave and epidemics.
    """

    expected: Array
    fit_error: Array
    is_yearly: bool


def fit_season(days: Array, values: Array, reference: Array, epidemic: Array, place: Place) -> SeasonFit:
    """Fits the reference by least squares.

    Terms that move slowly, as all of these but the week do, have estimates whose variance under dependent days is the
    long-run variance times (XᵀX)⁻¹ (Siddiqui 1958, doi 10.1214/aoms/1177706456), which is what `fit_error` gives.

    Args:
        days: int64 [d], increasing local days since 1970-01-01.
        values: float64 [d] or [d, k], finite on the days of the reference.
        reference: bool [d], the days that are fitted; at least one.
        epidemic: bool [d], days of the months in which epidemics come.
        place: whose public holidays count.

    Raises:
        ValueError: the reference has no day.
    """
    if not reference.any():
        raise ValueError("A season is fitted to at least one day of reference.")
    seen = days[reference]
    span = int(seen.max() - seen.min()) + 1
    X = _design(days, seen, span, epidemic, place)
    square = X[reference].T @ X[reference] + _RIDGE * np.eye(X.shape[1])
    expected = X @ np.linalg.solve(square, X[reference].T @ values[reference])
    fit_error = np.linalg.solve(np.linalg.cholesky(square), X.T).T
    return SeasonFit(expected, fit_error, span >= _YEARLY_FROM_DAYS)


def fit_slope(days: Array, values: Array, epidemic: Array, place: Place) -> tuple[float, float]:
    """How much a series changes a week over all its days, fitted together with its season, and the deviation of that.

    No expected value is made of it: it says whether a trend is there, and is not carried on.

    Args:
        days: int64 [d], increasing local days since 1970-01-01.
        values: float64 [d], finite.
        epidemic: bool [d], days of the months in which epidemics come.
        place: whose public holidays count.

    Returns:
        (slope a week, standard deviation) in the series' unit; (NaN, infinite) with under two months.
    """
    if days.size < _WEEK_FROM_DAYS:
        return float("nan"), float("inf")
    span = int(days.max() - days.min()) + 1
    weeks = (days - days.mean()) / 7
    X = np.column_stack([_design(days, days, span, epidemic, place), weeks])
    inverse = np.linalg.inv(X.T @ X + _RIDGE * np.eye(X.shape[1]))
    coefficients = inverse @ X.T @ values
    residuals = values - X @ coefficients
    return float(coefficients[-1]), day_sd(residuals) * float(np.sqrt(inverse[-1, -1]))


def expected_values(
    days: Array, values: Array, reference_end: int, epidemic: Array, place: Place = FRANCE
) -> Array:
    """What each series' known days before `reference_end` let expect: float64 [d, k], NaN without such a day.

    Args:
        days: int64 [d], increasing local days since 1970-01-01.
        values: float64 [d, k], NaN where unknown.
        epidemic: bool [d], days of the months in which epidemics come.
        place: whose public holidays count.
    """
    out = np.full(values.shape, np.nan)
    past = days < reference_end
    known = np.isfinite(values) & past[:, None]
    complete = known[past].all(axis=0)  # series that are known on all days are fitted at once
    groups = [np.flatnonzero(complete)] if complete.any() else []
    for columns in [*groups, *(np.array([i]) for i in np.flatnonzero(~complete))]:
        reference = known[:, int(columns[0])]
        if reference.any():
            out[:, columns] = fit_season(days, values[:, columns], reference, epidemic, place).expected
    return out


def epidemic_days(days: Array, months: tuple[int, ...]) -> Array:
    """Which local days since 1970-01-01 (int64 [d]) lie in the months in which epidemics come: bool [d]."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.isin(month, months)


def _design(days: Array, seen: Array, span: int, epidemic: Array, place: Place) -> Array:
    if span < _WEEK_FROM_DAYS:
        return np.ones((days.size, 1))
    columns = _week(days, seen)
    if is_holiday(seen, place).sum() >= _HOLIDAYS_SEEN:
        columns.append(is_holiday(days, place).astype(np.float64))
    if span >= _YEARLY_FROM_DAYS:
        angle = 2 * np.pi * days / _YEAR
        columns += [np.cos(angle), np.sin(angle), epidemic.astype(np.float64)]
    return np.column_stack(columns)


def _week(days: Array, seen: Array) -> list[Array]:
    """A column for each week day of the reference; one that it never shows is expected to be their mean."""
    shown = np.unique(seen % 7)
    unknown = ~np.isin(days % 7, shown) / shown.size
    return [(days % 7 == d) + unknown for d in shown]
