"""Dates whose day and month a spreadsheet exchanged, in a file that shows no trace of it but the days themselves.

A program of the other date order exchanges day and month where both are 12 or less, and leaves the other dates as
they are. Saved as CSV, all look alike. Exchanged back, the days are in order again, or without holes, or the counts
smooth: nothing of the kind happens to dates that are right.
"""

import numpy as np
import pandas as pd

from hospital.arrays import Array

__all__ = ["exchanged_days", "swapped_beside", "swapped_rows"]

_LEAST_DAYS = 10
"""Different days on either side, those that may be exchanged and those that cannot be."""
_FAR_DAYS = 20
"""Two rows of a file in order lie closer than this."""
_LEAST_SIGNS = 8
_LEFT = 0.1
"""Exchanged back, at most a tenth of the signs is left."""
_MOST_OTHERS = 3.0
"""As often as on the other days of a month two times of a row may lie far apart by themselves."""
_SURE = 6.0
"""Standard deviations by which more days must be smoother exchanged back than as they are."""


def swapped_rows(day: Array, counts: pd.DataFrame | None = None) -> int:
    """How many rows have day and month exchanged, by all signs; 0 where nothing says so.

    Args:
        day: int64 [n], local days since 1970-01-01, in the order of the file.
        counts: of each unit (columns) on each day (index), where the table counts.
    """
    back = exchanged_days(day)
    may_be = back != day
    days, certain = np.unique(day[may_be]), np.unique(day[_of_month(day) > 12])
    if min(days.size, certain.size) < _LEAST_DAYS:
        return 0
    shown = (
        _fewer(_day_shifts(day), _day_shifts(back))
        or _fewer(_holes(day), _holes(back))
        or (counts is not None and _is_smoother(counts))
    )
    return int(may_be.sum()) if shown else _part_of_a_file(day)


def swapped_beside(day: Array, own: Array) -> int:
    """How many rows have day and month exchanged in a second column of times; 0 where nothing says so.

    Both times of a row lie near each other where nothing was exchanged, and where what was is exchanged back.

    Args:
        day: int64 [n], local days of the second column.
        own: int64 [n], of the column that was not changed.
    """
    back = exchanged_days(day)
    may_be = back != day
    days, certain = np.unique(day[may_be]), np.unique(day[_of_month(day) > 12])
    if min(days.size, certain.size) < _LEAST_DAYS:
        return 0
    far = np.abs(day - own) > _FAR_DAYS
    far_back = np.abs(back - own) > _FAR_DAYS
    # What is far apart by itself (an operation that is planned in spring for autumn) is so on every day of a month.
    usual = far[~may_be].mean()
    signs, left = int((far & may_be).sum()), int((far_back & may_be).sum())
    shown = signs >= _LEAST_SIGNS and left <= signs / 2 and left <= 2 * usual * may_be.sum() + _LEFT * signs
    return int(may_be.sum()) if shown and signs > _MOST_OTHERS * usual * may_be.sum() else 0


def _part_of_a_file(day: Array) -> int:
    """The rows that are exchanged in one run of a file's rows, as of some months that were put in front of others."""
    far = np.flatnonzero(np.abs(np.diff(day)) > _FAR_DAYS)
    run = day[far[0] + 1 : far[-1] + 1] if far.size >= _LEAST_SIGNS else day[:0]
    back = exchanged_days(run)
    exchanged, certain = np.unique(run[back != run]), np.unique(run[_of_month(run) > 12])
    if min(exchanged.size, certain.size) < _LEAST_DAYS or not _fewer(_day_shifts(run), _day_shifts(back)):
        return 0
    return int((back != run).sum())


def exchanged_days(day: Array) -> Array:
    """Days (int64 [n], since 1970-01-01) with day and month exchanged where both are 12 or less; others as they are."""
    dates = day.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month, of_month = months.astype(np.int64) % 12, (dates - months).astype(np.int64)
    january = dates.astype("datetime64[Y]").astype("datetime64[M]")
    other = (january + np.minimum(of_month, 11)).astype("datetime64[D]") + month
    return np.where(of_month < 12, other.astype(np.int64), day)


def _of_month(day: Array) -> Array:
    dates = day.astype("datetime64[D]")
    return (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1


def _fewer(signs: int, left: int) -> bool:
    return signs >= _LEAST_SIGNS and left <= _LEFT * signs


def _day_shifts(day: Array) -> int:
    """Rows of the file that lie far from the row before."""
    return int((np.abs(np.diff(day)) > _FAR_DAYS).sum())


def _holes(day: Array) -> int:
    """Days without a row between the first and the last."""
    days = np.unique(day)
    return int(days[-1] - days[0] + 1 - days.size)


def _is_smoother(counts: pd.DataFrame) -> bool:
    """Whether the days that may be exchanged follow each other more smoothly when exchanged back, in most of them."""
    spread = counts.std().replace(0.0, np.nan)
    scaled = (counts / spread).dropna(axis="columns", how="all")
    day = scaled.index.to_numpy(np.int64)
    back = pd.Series(exchanged_days(day), index=day)
    both = day[np.isin(day + 1, day) & (_of_month(day) < 12)]
    both = both[(back[both] != both).to_numpy() | (back[both + 1] != both + 1).to_numpy()]
    both = both[np.isin(back[both], day) & np.isin(back[both + 1], day)]
    if both.size < 3 * _LEAST_DAYS:
        return False
    table = scaled.to_numpy(np.float64)
    place = pd.Series(np.arange(day.size), index=day)

    def steps(first: Array, second: Array) -> Array:
        change = np.abs(table[place[second].to_numpy()] - table[place[first].to_numpy()])
        known = ~np.isnan(change)
        return np.where(known, change, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)

    as_is, swapped = steps(both, both + 1), steps(back[both].to_numpy(), back[both + 1].to_numpy())
    differ = as_is != swapped
    smoother = int((swapped < as_is).sum())
    n = int(differ.sum())
    return n >= 3 * _LEAST_DAYS and smoother - n / 2 > _SURE * np.sqrt(n) / 2
