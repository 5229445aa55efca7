"""Each row of a table as all is known now, and its times as instants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.contracts.tables import TABLES, Table
from hospital.holidays.place import OF_THE_ZONE, Locality, Place
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.facts import FLOOR
from hospital.record.events import record_start
from hospital.times import DAY, MISSING_TIME

__all__ = ["Latest", "day_text", "instants", "latest_tables", "span"]

_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Latest:
    """One table, each key once, as last received, in the order of its time.

    Attributes:
        frame: as `HospitalTables` gives it.
        versions: rows before the last version of each key was chosen.
        times: int64 [n] instants of the table's own time, `MISSING_TIME` where it has none.
        day: int64 [n], local days since 1970-01-01 of `times`.
        locality: whose holidays count.
    """

    contract: Table
    frame: pd.DataFrame
    versions: int
    times: Array
    day: Array
    zone: ZoneInfo
    locality: Locality = OF_THE_ZONE

    @property
    def place(self) -> Place:
        """The zone, and whose holidays count."""
        return Place(self.zone, self.locality)

    @property
    def size(self) -> int:
        return len(self.frame)

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Instants from where the record is whole to its tenth row from the end; None with fewer than 20 rows."""
        return span(self.times)

    def part(self, rows: Array) -> "Latest":
        """The rows of which `rows` (bool [n]) is true."""
        frame = self.frame.loc[rows].reset_index(drop=True)
        times, day = self.times[rows], self.day[rows]
        return Latest(self.contract, frame, len(frame), times, day, self.zone, self.locality)

    def departments(self, rows: Array) -> list[tuple[str, Array]]:
        """All of some rows (int64 [n]) of visits as "", then each department's where there are several: bool [n]."""
        names = self.frame["department"].to_numpy(object)[rows]
        several = sorted({n for n in names.tolist() if isinstance(n, str)})
        alone = [(str(n), names == n) for n in several if len(several) > 1]
        return [("", np.ones(rows.size, bool)), *alone]


def latest_tables(hospital: HospitalTables) -> Mapping[str, Latest]:
    """Each table that the hospital has, as all is known now."""
    return {name: _latest(TABLES[name], frame, hospital.place) for name, frame in hospital.tables.items()}


def _latest(contract: Table, frame: pd.DataFrame, place: Place) -> Latest:
    last = frame.sort_values("received_at", kind="stable").drop_duplicates([*contract.key], keep="last")
    times = np.full(len(last), MISSING_TIME)
    if contract.time is not None:
        times = instants(last[contract.time])
    order = np.argsort(times, kind="stable")
    times = times[order]
    day = local_day(times, place.zone) if contract.time is not None else np.zeros(times.size, np.int64)
    rows = last.iloc[order].reset_index(drop=True)
    return Latest(contract, rows, len(frame), times, day, place.zone, place.locality)


def instants(column: pd.Series) -> Array:
    """A typed column of times as instants: int64 [n], `MISSING_TIME` where missing."""
    written = column.dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
    return np.where(column.isna().to_numpy(), MISSING_TIME, written)


def span(times: Array) -> tuple[int, int] | None:
    """From where a record is whole to its end, of sorted instants (int64 [n]); None with fewer than 20.

    It begins on the first day with half the usual rows (a table of stays holds some that began weeks before it),
    and no earlier than its tenth row; it ends with the tenth from the end: no single row shows.
    """
    known = times[times != MISSING_TIME]
    if known.size < 2 * FLOOR:
        return None
    first, last = int(known[FLOOR - 1]), int(known[-FLOOR])
    return min(max(first, record_start(known)), last), last


def day_text(at: int, zone: ZoneInfo) -> str:
    """The local day of an instant, as ISO 8601."""
    day = int(local_day(np.array([at], np.int64), zone)[0])
    return (_EPOCH_DAY + timedelta(microseconds=day * DAY)).date().isoformat()
