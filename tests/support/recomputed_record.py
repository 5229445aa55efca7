"""A hospital's tables as a reader of the documents would count them: pandas and NumPy, nothing of the product.

Each table is the final one, without ``received_at``: each fact counts as known at its own time. So what was known at an
instant is what had happened by then, and a count at an instant compares times with it, row by row.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "CLOCK",
    "DAY",
    "HOLIDAYS",
    "HOUR",
    "NEVER",
    "Table",
    "Tables",
    "alike",
    "before",
    "hour_of",
    "kind_of_day",
    "local",
]

CLOCK = "Europe/Paris"
HOUR, DAY = 3_600_000_000, 86_400_000_000
NEVER = np.iinfo(np.int64).max // 2
HOLIDAYS = pd.to_datetime(
    ["2024-01-01", "2024-04-01", "2024-05-01", "2024-05-08", "2024-05-09", "2024-05-20", "2024-07-14"]
)
"""Of France in the first seven months of 2024, by its labour code (art. L3133-1)."""
_LEAST = 30
_OF_VISITS = ("arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at")
_OF_STAYS = ("entered_at", "expected_known_at", "left_at")


class Table:
    """One table: times as instants (int64 microseconds, `NEVER` where missing), all else as it is."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns

    @classmethod
    def read(cls, path: Path) -> "Table":
        """A table of a Parquet file."""
        frame, columns = pd.read_parquet(path), {}
        for name in frame.columns:
            column = frame[name]
            if isinstance(column.dtype, pd.DatetimeTZDtype):
                times = column.dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64)
                columns[name] = np.where(column.isna(), NEVER, times)
            else:
                columns[name] = column.to_numpy()
        return cls(columns)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    def where(self, chosen: Any) -> "Table":
        """The rows chosen."""
        return Table({name: values[chosen] for name, values in self._columns.items()})

    def inside(self, times: Any, start: Any, end: Any) -> Any:
        """How many rows are between their start and their end at each time: [n]."""
        some = start < end
        begun, over = np.sort(start[some]), np.sort(end[some])
        return (begun.searchsorted(times, "right") - over.searchsorted(times, "right")).astype(float)


@dataclass(frozen=True)
class Tables:
    """The tables, and the instant from which the record of both patients' tables is whole."""

    visits: Table
    stays: Table
    staffing: Table
    operations: Table
    units: tuple[str, ...]
    start: int

    @classmethod
    def read(cls, folder: Path) -> "Tables":
        """The tables that the simulator wrote into a folder."""
        visits, stays, staffing, operations = (
            Table.read(folder / f"{name}.parquet") for name in ("visits", "stays", "staffing", "operations")
        )
        units = tuple(pd.read_parquet(folder / "units.parquet")["unit"])
        start = max(_whole_from(visits, _OF_VISITS), _whole_from(stays, _OF_STAYS))
        return cls(visits, stays, staffing, operations, units, start)

    def on_duty(self, unit: str, role: str, times: Any, known: Any, longest: int) -> Any:
        """The newest count of a role at each time, as the plan was known: [n]; older than `longest` is unknown."""
        rows = self.staffing.where((self.staffing["unit"] == unit) & (self.staffing["role"] == role))
        out = np.full(times.size, np.nan)
        for i, (at, then) in enumerate(zip(times, known, strict=True)):
            there = np.flatnonzero((rows["at"] <= at) & (rows["known_at"] <= then))
            if there.size:
                last = there[np.lexsort((rows["known_at"][there], rows["at"][there]))[-1]]
                out[i] = rows["count"][last] if at - rows["at"][last] <= longest else np.nan
        return out


def _whole_from(table: Table, names: tuple[str, ...]) -> int:
    """The first event of the first day (UTC) with at least half as many as on a median day."""
    times = np.unique(np.stack([table[name] for name in names]), axis=1).ravel()
    times = np.sort(times[times < NEVER])
    days, counts = np.unique(times // DAY, return_counts=True)
    begun = days[np.argmax(counts >= np.median(counts) / 2)] * DAY
    return int(times[times >= begun].min())


def local(times: Any) -> pd.DatetimeIndex:
    """What the hospital's clock shows."""
    return pd.to_datetime(times, unit="us", utc=True).tz_convert(CLOCK).tz_localize(None)


def before(times: Any, days: int) -> Any:
    """The instants at which the clock showed the same some days before: [n]."""
    shown = (local(times) - pd.Timedelta(days=days)).tz_localize(
        CLOCK, nonexistent="shift_forward", ambiguous=np.ones(times.size, bool)
    )
    return np.asarray(shown.tz_convert(None).as_unit("us")).astype(np.int64)


def hour_of(times: Any) -> Any:
    """The clock's hour with its fraction: [n]."""
    shown = local(times)
    return np.asarray((shown - shown.normalize()) / pd.Timedelta(hours=1), float)


def kind_of_day(times: Any) -> Any:
    """0 on a weekday, 1 on a Saturday, 2 on a Sunday or a public holiday: [n]."""
    days = local(times).normalize()
    kind = np.maximum(np.asarray(days.day_of_week) - 4, 0)
    return np.where(days.isin(HOLIDAYS), 2, kind)


def alike(at: int, cases: Any) -> tuple[dict[str, Any], Any]:
    """With which of the cases (instants) a forecast is compared: as an answer names it, and bool [n].

    The narrowest of the four comparisons of docs/explanations.md that has 30 cases.
    """
    (hour,), (kind,), (month,) = (
        f(np.array([at])) for f in (lambda t: hour_of(t).astype(int), kind_of_day, lambda t: local(t).month)
    )
    hours, season = hour_of(cases).astype(int), np.asarray(local(cases).month) % 12 // 3
    around = np.isin(hours, [(hour - 1) % 24, hour, (hour + 1) % 24])
    same_day, same_season = kind_of_day(cases) == kind, season == month % 12 // 3
    days = ("weekday", "saturday", "sunday")[kind]
    for chosen, hours_around, day, of_year in (
        ((hours == hour) & same_day & same_season, 0, days, season),
        (around & same_day & same_season, 1, days, season),
        (around & same_day, 1, days, None),
        (around, 1, "all", None),
    ):
        if chosen.sum() >= _LEAST:
            named = "all" if of_year is None else ("winter", "spring", "summer", "autumn")[month % 12 // 3]
            said = {"cases": int(chosen.sum()), "hour": int(hour), "hours_around": hours_around}
            return {**said, "days": day, "season": named}, chosen
    raise AssertionError("nothing to compare with")
