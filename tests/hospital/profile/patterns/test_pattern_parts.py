"""What stops, or is silent, for a part of the rows: a unit, a level, some hours, weekends; and plans of nobody."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.support.pattern_findings import MIDDLE, Tables, found, local, near
from tests.support.plain_hospital import ZONE, plain_tables

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def sound() -> Tables:
    return plain_tables(6)


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """A sound hospital's, to be damaged."""
    return {name: frame.copy() for name, frame in sound.items()}


@pytest.mark.parametrize(("column", "empty"), [("source", None), ("left_at", pd.NaT)])
def test_a_column_of_stays_that_stops_in_one_unit(tables: Tables, column: str, empty: object) -> None:
    """The others go on; that the last stays of a slow unit are all open is as it should be."""
    stays = tables["stays"]
    stays.loc[(stays["unit"] == "MED") & (stays["entered_at"] >= MIDDLE), column] = empty
    stopped = [f for f in found(tables) if f.code == "column_stops"]
    assert [(f.table, f.column, f.unit) for f in stopped] == [("stays", column, "MED")]
    assert near(stopped[0].first, MIDDLE)


def test_when_a_plan_was_made_is_no_longer_known_of_one_role(tables: Tables) -> None:
    """Of the nurses of a department, whose doctors' plans still say so."""
    rota = tables["staffing"]
    nurses = rota[rota["unit"] == "ED"].assign(role="nurse")
    nurses["known_at"] = nurses["known_at"].mask(nurses["at"] >= MIDDLE)
    tables["staffing"] = pd.concat([rota, nurses], ignore_index=True)
    stopped = [f for f in found(tables) if f.code == "column_stops"]
    assert [(f.column, f.unit, f.names) for f in stopped] == [("known_at", "ED", ("nurse",))]


@pytest.mark.parametrize(
    ("chosen", "code", "names", "clock"),
    [
        (lambda v: v["triage"] == "5", "column_stops_for", ("triage=5",), ""),
        (lambda v: v["arrival_mode"] == "ambulance", "column_stops_for", ("arrival_mode=ambulance",), ""),
        (lambda v: ~local(v["arrived_at"]).dt.hour.between(6, 20), "column_hours", (), "21:00-06:00"),
        (lambda v: local(v["arrived_at"]).dt.day_of_week >= 5, "column_hours", ("5", "6"), ""),
    ],
)
def test_a_column_that_stops_for_some_visits_alone(
    tables: Tables,
    chosen: Callable[[pd.DataFrame], pd.Series],
    code: str,
    names: tuple[str, ...],
    clock: str,
) -> None:
    """Of a level, of a way of coming, at night or at weekends, from a day on: the finding says of whom."""
    visits = tables["visits"]
    visits.loc[chosen(visits) & (visits["arrived_at"] >= MIDDLE), "heart_rate"] = np.nan
    (stopped,) = found(tables)
    assert (stopped.code, stopped.column, stopped.names, stopped.clock) == (code, "heart_rate", names, clock)
    assert near(stopped.first, MIDDLE, 7)


def test_a_column_that_one_department_never_fills_at_night(tables: Tables) -> None:
    """From the first row on; the other department does."""
    visits = tables["visits"]
    night = ~local(visits["arrived_at"]).dt.hour.between(7, 20)
    visits.loc[night & (visits["department"] == "ED"), "heart_rate"] = np.nan
    (silent,) = found(tables)
    assert (silent.code, silent.column, silent.unit) == ("column_hours", "heart_rate", "ED")
    assert silent.clock == "21:00-07:00"


def test_nights_that_lack_at_weekends_alone(tables: Tables) -> None:
    """No night of a Saturday or Sunday for weeks: the other nights are there."""
    visits = tables["visits"]
    times = local(visits["arrived_at"])
    gone = (times.dt.day_of_week >= 5) & (times.dt.hour < 6) & (visits["arrived_at"] >= MIDDLE)
    tables["visits"] = visits[~gone].reset_index(drop=True)
    silent = [f for f in found(tables) if f.code == "silent_hours"]
    assert [(f.unit, f.names, f.clock) for f in silent][:1] == [("", ("5", "6"), "00:00-06:00")]
    assert near(silent[0].first, MIDDLE, 6)


@pytest.mark.parametrize(("table", "column"), [("visits", "left_at"), ("stays", "left_at")])
def test_weekends_on_which_nobody_leaves(tables: Tables, table: str, column: str) -> None:
    """Their departures stand on the Monday that follows, at all hours of it."""
    frame = tables[table]
    times = local(frame[column])
    late = times + pd.to_timedelta(np.where(times.dt.day_of_week >= 5, 7 - times.dt.day_of_week, 0), unit="D")
    frame[column] = late.dt.tz_convert("UTC").astype(frame[column].dtype)
    silent = [f for f in found(tables) if f.code == "silent_weekdays"]
    assert [(f.table, f.column, f.names) for f in silent] == [(table, column, ("5", "6"))]


@pytest.mark.parametrize("until", [MIDDLE + 30 * DAY, MIDDLE + 400 * DAY])
def test_a_plan_that_says_nobody(tables: Tables, until: pd.Timestamp) -> None:
    """A constant number, as of places, that is 0 from a day on, or for a month."""
    rota = tables["staffing"]
    zero = (rota["unit"] == "KIDS") & (rota["at"] >= MIDDLE) & (rota["at"] < until)
    rota["count"] = rota["count"].mask(zero, 0.0)
    (nobody,) = found(tables)
    assert (nobody.code, nobody.column, nobody.unit, nobody.names) == (
        "rota_nobody",
        "count",
        "KIDS",
        ("doctor",),
    )
    assert near(nobody.first, MIDDLE, 1)


def _local_shifts(hours: list[int]) -> pd.DataFrame:
    """A rota of two departments whose shifts begin at these local hours."""
    days = pd.date_range("2024-01-08", "2024-05-05", freq="D")
    at = pd.Series([day + pd.Timedelta(hours=hour) for day in days for hour in hours])
    at = at.dt.tz_localize(ZONE).dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    known = at - 30 * DAY
    columns = {"at": at, "role": "doctor", "count": 3.0, "known_at": known, "received_at": known}
    return pd.concat([pd.DataFrame({"unit": unit, **columns}) for unit in ("ED", "KIDS")], ignore_index=True)


def test_a_rota_that_loses_its_nights(tables: Tables) -> None:
    """No week lacks, and the day's shifts are as before; where others take their place none is lost."""
    rota = _local_shifts([7, 15, 22])
    hour = local(rota["at"]).dt.hour
    late = (rota["at"] >= MIDDLE) & (rota["unit"] == "ED")
    (lost,) = found({**tables, "staffing": rota[~(late & (hour == 22))].reset_index(drop=True)})
    assert (lost.code, lost.unit, lost.names, lost.clock) == ("rota_shifts", "ED", ("doctor",), "22:00")
    assert near(lost.first, MIDDLE, 1)
    later = rota["at"].mask(late & (hour == 22), rota["at"] - pd.Timedelta(hours=2))
    assert found({**tables, "staffing": rota.assign(at=later)}) == []
