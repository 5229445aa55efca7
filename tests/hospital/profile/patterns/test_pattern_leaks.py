"""What the tables give away of an outcome by what is missing, exact, late or out of order."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.patterns.leaks import bed_leak_findings
from tests.support.pattern_findings import TIMES, Tables, found, local
from tests.support.plain_hospital import START, hospital_of, plain_tables


@pytest.fixture
def tables() -> Tables:
    """A sound hospital's, to be damaged."""
    return plain_tables(2)


def soon(visits: pd.DataFrame, rest: float) -> pd.Series:
    """Whether a visit was seen within the hour; of the others, that share too."""
    wait = (visits["seen_at"] - visits["arrived_at"]) / pd.Timedelta(minutes=1)
    return (wait <= 60) | (np.random.default_rng(7).random(len(visits)) < rest)


def _known(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda visits: visits.assign(**{column: visits[column].where(soon(visits, 0.1))})


def _missing(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda visits: visits.assign(**{column: visits[column].mask(soon(visits, 0.1))})


def _exact(visits: pd.DataFrame) -> pd.DataFrame:
    values = visits["temperature_celsius"]
    return visits.assign(temperature_celsius=values.where(soon(visits, 0.0), values.round()))


def _sent_when_left(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(received_at=visits[TIMES].max(axis=1))


def _sent_at_night_as_seen(visits: pd.DataFrame) -> pd.DataFrame:
    day = local(visits["arrived_at"]).dt.tz_localize(None).dt.normalize()
    place = (
        (visits["seen_at"].fillna(visits["arrived_at"]) - visits["arrived_at"])
        .groupby(day)
        .rank(method="first")
    )
    night = (day + pd.Timedelta(days=1, hours=5)).dt.tz_localize("UTC")
    return visits.assign(
        received_at=(night + pd.to_timedelta(place, unit="ms")).astype("datetime64[us, UTC]")
    )


@pytest.mark.parametrize(
    ("flaw", "code", "column"),
    [
        (_known("spo2_percent"), "leak_known", "spo2_percent"),
        (_missing("heart_rate"), "leak_known", "heart_rate"),
        (_known("age_years"), "leak_known", "age_years"),
        (_known("triage"), "leak_known", "triage"),
        (_known("department"), "leak_known", "department"),
        (_missing("department"), "leak_known", "department"),
        (_known("reason"), "leak_known", "reason"),
        (_known("sex"), "leak_known", "sex"),
        (_known("triaged_at"), "leak_known", "triaged_at"),
        (_exact, "leak_digits", "temperature_celsius"),
        (_sent_when_left, "leak_entry", ""),
        (_sent_at_night_as_seen, "leak_order", ""),
    ],
)
def test_what_is_written_by_whoever_sees_the_patient_is_found(
    tables: Tables, flaw: Callable[[pd.DataFrame], pd.DataFrame], code: str, column: str
) -> None:
    """SpO2 kept where the contact came within the hour, and its like: one finding, with its days and its share."""
    visits = tables["visits"]
    tables["visits"] = flaw(visits)
    leaks = [f for f in found(tables) if f.code.startswith("leak")]
    assert (code, column) in {(f.code, f.column) for f in leaks}
    assert {f.column for f in leaks} == {column}
    (leak,) = [f for f in leaks if f.code == code]
    assert abs(leak.after or 0) > 0.2
    assert 0 < (leak.share or 0) <= 1
    assert leak.days == pytest.approx(119, abs=3)


def test_what_is_missing_by_chance_by_level_or_by_night_is_no_leak(tables: Tables) -> None:
    """Four in ten lost; hardly any of the urgent ones measured; less at night, when waits are longer, too."""
    visits, rng = tables["visits"], np.random.default_rng(3)
    n = len(visits)
    urgent = (visits["triage"] == "2").to_numpy()
    night = local(visits["arrived_at"]).dt.hour.isin([22, 23, 0, 1, 2, 3, 4, 5]).to_numpy()
    wait = visits["seen_at"] - visits["arrived_at"]
    wait = wait.mask(urgent, wait / 4).mask(night, wait * 1.5)
    visits["seen_at"] = (visits["arrived_at"] + wait).astype("datetime64[us, UTC]")
    visits["spo2_percent"] = visits["spo2_percent"].mask(rng.random(n) < 0.4)
    visits["heart_rate"] = visits["heart_rate"].mask(urgent & (rng.random(n) < 0.8))
    visits["temperature_celsius"] = visits["temperature_celsius"].mask(night & (rng.random(n) < 0.5))
    assert [f for f in found(tables) if f.code.startswith("leak")] == []


def test_a_department_that_is_lacking_by_chance_by_age_or_for_weeks_is_no_leak(tables: Tables) -> None:
    """A third of the visits name none, whatever their wait; children do; or nobody did in the first weeks."""
    visits = tables["visits"]
    chance = np.random.default_rng(3).random(len(visits)) < 2 / 3
    late = visits["arrived_at"] > visits["arrived_at"].min() + pd.Timedelta(days=40)
    for named in (chance, visits["age_years"] < 18, late):
        tables["visits"] = visits.assign(department=visits["department"].where(named))
        assert [f for f in found(tables) if f.code.startswith("leak")] == []


@pytest.mark.parametrize("leaks", [True, False])
def test_a_count_that_is_written_before_the_ward_fills_gives_the_beds_away(leaks: bool) -> None:
    """Known on the days before a rise, or on as many days by chance."""
    rng, days = np.random.default_rng(5), 300
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=days, freq="24h").astype("datetime64[us, UTC]")
    )
    frames = []
    for unit in ("MED", "CHI"):
        occupied = 20 + np.round(4 * rng.standard_normal(days))
        rise = np.append(np.diff(occupied) > 0, False)
        known = rise if leaks else rng.permutation(rise)
        columns = {"unit": unit, "at": at, "occupied": occupied, "waiting": np.where(known, 3.0, np.nan)}
        frames.append(pd.DataFrame(columns).assign(received_at=at))
    census = latest_tables(hospital_of({"census": pd.concat(frames, ignore_index=True)}, "daily"))["census"]
    codes = [(f.table, f.code, f.column) for f in bed_leak_findings(census, ())]
    assert codes == ([("census", "leak_known", "waiting")] if leaks else [])
