"""Rows that stop part-way, stand there twice, bear another unit's label, or contradict themselves."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.facts import Finding, Weight
from hospital.profile.patterns.findings import pattern_findings, with_patterns
from hospital.profile.patterns.silences import silence
from hospital.times import instant
from tests.support.pattern_findings import MIDDLE, TIMES, Tables, found, near
from tests.support.plain_hospital import END, START, hospital_of, now, plain_tables

MINUTE = pd.Timedelta(minutes=1)
LAST = END - pd.Timedelta(days=1)


@pytest.fixture
def tables() -> Tables:
    """A sound hospital's, to be damaged."""
    return plain_tables(3)


@pytest.mark.parametrize(
    ("table", "column", "empty"),
    [
        ("visits", "bed_requested_at", pd.NaT),
        ("visits", "triaged_at", pd.NaT),
        ("visits", "spo2_percent", np.nan),
        ("visits", "reason", None),
        ("visits", "sex", None),
        ("staffing", "known_at", pd.NaT),
    ],
)
@pytest.mark.parametrize("until", [END + pd.Timedelta(days=40), MIDDLE + pd.Timedelta(days=21)])
def test_a_column_that_stops_or_is_interrupted(
    tables: Tables, table: str, column: str, empty: object, until: pd.Timestamp
) -> None:
    """Whatever it holds, also where it is seldom filled: with the first and the last day without it."""
    frame = tables[table]
    time = "at" if table == "staffing" else "arrived_at"
    frame.loc[(frame[time] >= MIDDLE) & (frame[time] < until), column] = empty
    (stopped,) = [f for f in found(tables) if f.code == "column_stops"]
    assert (stopped.table, stopped.column, stopped.unit) == (table, column, "")
    assert near(stopped.first, MIDDLE, 1)
    assert near(stopped.last, min(until, LAST), 2)
    assert stopped.days == pytest.approx((min(until, END) - MIDDLE).days, abs=2)


def test_a_column_that_stops_in_one_department(tables: Tables) -> None:
    """The other goes on: the finding names the department."""
    visits = tables["visits"]
    visits.loc[(visits["department"] == "KIDS") & (visits["arrived_at"] >= MIDDLE), "heart_rate"] = np.nan
    (stopped,) = found(tables)
    assert (stopped.code, stopped.column, stopped.unit) == ("column_stops", "heart_rate", "KIDS")


@pytest.mark.parametrize(
    ("column", "value", "gone", "names"),
    [
        ("triage", "5", lambda v: v["triage"] == "5", ("5",)),
        ("age_years", None, lambda v: v["age_years"] >= 75, ("75–84", "85–130")),
        ("department", "KIDS", lambda v: v["department"] == "KIDS", ()),
        ("sex", "F", lambda v: v["sex"] == "F", ()),
    ],
)
def test_people_of_one_kind_that_are_no_longer_sent(
    tables: Tables, column: str, value: str, gone: Callable[[pd.DataFrame], pd.Series], names: tuple[str, ...]
) -> None:
    """Where one value of two stops, the other is alone."""
    visits = tables["visits"]
    rows = gone(visits) & (visits["arrived_at"] >= MIDDLE)
    tables["visits"] = visits[~rows].reset_index(drop=True)
    (stopped,) = [f for f in found(tables) if f.column == column and not f.unit]
    assert stopped.code == ("value_stops" if names else "column_constant")
    assert stopped.names == names
    assert near(stopped.first, MIDDLE, 2)


@pytest.mark.parametrize(("column", "value"), [("temperature_celsius", 37.0), ("arrival_mode", "walk_in")])
def test_a_column_that_becomes_constant(tables: Tables, column: str, value: object) -> None:
    """A default value in place of the entry, from a day on; one that never varied is none."""
    visits = tables["visits"]
    visits.loc[visits["arrived_at"] >= MIDDLE, column] = value
    (constant,) = [f for f in found(tables) if f.column == column]
    assert constant.code == "column_constant"
    assert near(constant.first, MIDDLE, 1)
    tables["visits"][column] = value
    assert found(tables) == []


def test_an_epidemics_code_that_ends_by_and_by_is_none() -> None:
    """Rarer from week to week, and then gone for months."""
    rng, day = np.random.default_rng(1), np.repeat(np.arange(240), 60)
    chance = np.where(day < 120, 0.05 * 0.5 ** (np.maximum(day - 60, 0) / 10), 0.0)
    present = np.flatnonzero(rng.random(day.size) < chance)
    assert present.size > 100
    assert silence(present, day) is None
    sudden = np.flatnonzero(rng.random(day.size) < np.where(day < 120, 0.05, 0.0))
    gap = silence(sudden, day)
    assert gap is not None
    assert abs(int(day[gap.start]) - 120) <= 1


@pytest.mark.parametrize("back", [None, MIDDLE + pd.Timedelta(days=14)])
def test_a_rota_that_stops_or_is_interrupted(tables: Tables, back: pd.Timestamp | None) -> None:
    """The unit and the role, and the days without a plan; what lies ahead of the record is not waited for."""
    rota = tables["staffing"]
    gone = (rota["unit"] == "KIDS") & (rota["at"] >= MIDDLE)
    if back is not None:
        gone &= rota["at"] < back
    tables["staffing"] = rota[~gone].reset_index(drop=True)
    (stopped,) = found(tables)
    assert (stopped.code, stopped.unit, stopped.names) == (
        "rota_gap" if back else "rota_stops",
        "KIDS",
        ("doctor",),
    )
    assert near(stopped.first, MIDDLE, 1)
    assert near(stopped.last, back or LAST, 2)


@pytest.mark.parametrize(("frozen", "code"), [(True, "column_constant"), (False, "rota_repeated")])
def test_a_rota_that_is_frozen_or_copied_from_week_to_week(tables: Tables, frozen: bool, code: str) -> None:
    """Numbers that change from week to week, and for eight weeks are one number, or those of the week before."""
    rota = tables["staffing"]
    rota["count"] = np.random.default_rng(1).integers(2, 6, len(rota)).astype(np.float64)
    kids, local = rota["unit"] == "KIDS", rota["at"].dt.tz_convert(MIDDLE.tz)
    copied = kids & (local >= MIDDLE) & (local < END)
    place = local.dt.dayofweek * 24 + local.dt.hour // 12
    week = kids & (local >= MIDDLE - pd.Timedelta(days=7)) & (local < MIDDLE)
    assert found(tables) == []
    numbers = dict(zip(place[week], rota["count"][week], strict=True))
    rota.loc[copied, "count"] = 4.0 if frozen else place[copied].map(numbers)
    (stopped,) = found(tables)
    assert (stopped.code, stopped.column, stopped.unit, stopped.names) == (code, "count", "KIDS", ("doctor",))
    assert near(stopped.first, MIDDLE, 2)


def test_a_plan_that_is_a_cycle_is_no_copy(tables: Tables) -> None:
    """The same every week but for some: as most rotas are."""
    rota = tables["staffing"]
    local = rota["at"].dt.tz_convert(MIDDLE.tz)
    cycle = (3 + (local.dt.dayofweek * 2 + local.dt.hour // 12) % 3).astype(np.float64)
    tables["staffing"] = rota.assign(count=cycle.where(local >= MIDDLE, cycle + local.dt.day // 29))
    assert found(tables) == []


@pytest.mark.parametrize("daily", [True, False])
def test_a_count_that_is_frozen_in_one_unit(daily: bool) -> None:
    """Three weeks of one number, though it moved before; what stays away is in no other unit."""
    rng, step = np.random.default_rng(3), "24h" if daily else "1h"
    size = 120 if daily else 120 * 24
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=size, freq=step).astype("datetime64[us, UTC]")
    )
    frames = []
    for unit in ("MED", "CHI", "GER"):
        walk = 20 + np.cumsum(rng.choice([-1, 0, 1], size, p=[0.25, 0.5, 0.25])) % 15
        frames.append(
            pd.DataFrame({"unit": unit, "at": at, "occupied": walk.astype(np.float64), "received_at": at})
        )
    still = (at >= MIDDLE) & (at < MIDDLE + pd.Timedelta(days=42))
    frames[1].loc[still, "occupied"] = 23.0
    census = {"census": pd.concat(frames, ignore_index=True)}
    hospital = hospital_of(census, "daily" if daily else "hourly")
    findings = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    (frozen,) = [f for f in findings if f.code == "column_constant"]
    assert (frozen.column, frozen.unit) == ("occupied", "CHI")
    assert near(frozen.first, MIDDLE, 2)


def test_a_table_that_stops_before_the_others(tables: Tables) -> None:
    """Visits of eight weeks beside stays of sixteen."""
    visits = tables["visits"]
    tables["visits"] = visits[visits["arrived_at"] < MIDDLE].reset_index(drop=True)
    (stopped,) = found(tables)
    assert (stopped.table, stopped.code) == ("visits", "table_stops")
    assert near(stopped.first, MIDDLE, 1)


def _a_minute_later(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{c: rows[c] + MINUTE for c in TIMES})


def _registered_again(rows: pd.DataFrame) -> pd.DataFrame:
    later = [*TIMES[1:], "triage", "heart_rate", "spo2_percent", "temperature_celsius", "disposition"]
    return rows.assign(**dict.fromkeys(later)).astype({c: rows[c].dtype for c in later})


@pytest.mark.parametrize("copy", [_a_minute_later, _registered_again])
@pytest.mark.parametrize("count", [5, 40])
def test_a_visit_that_is_there_twice(
    tables: Tables, copy: Callable[[pd.DataFrame], pd.DataFrame], count: int
) -> None:
    """A minute apart, or at the same minute with nothing but what the desk writes."""
    visits = tables["visits"]
    again = copy(visits.sample(count, random_state=4)).assign(visit_id=[f"x{i}" for i in range(count)])
    tables["visits"] = pd.concat([visits, again], ignore_index=True)
    (twice,) = found(tables)
    assert (twice.table, twice.code, twice.rows) == ("visits", "near_duplicates", count)
    assert twice.share == pytest.approx(count / len(tables["visits"]), abs=0.001)
    assert bool(twice.first) == (count >= 20)


def test_few_columns_make_many_people_alike_and_none_twice(tables: Tables) -> None:
    """Of two sexes, two departments, two modes and five levels alone, chance brings many alike."""
    visits = tables["visits"]
    for column in ("reason", "age_years", "heart_rate", "spo2_percent", "temperature_celsius"):
        visits[column] = None if column == "reason" else np.nan
    assert [f for f in found(tables) if f.code == "near_duplicates"] == []


def test_a_stay_that_is_there_twice(tables: Tables) -> None:
    """Entered and left a minute later, without its visit."""
    stays = tables["stays"]
    again = stays[stays["left_at"].notna()].sample(8, random_state=4)
    again = again.assign(
        stay_id=[f"x{i}" for i in range(8)],
        entered_at=again["entered_at"] + MINUTE,
        left_at=again["left_at"] + MINUTE,
    )
    tables["stays"] = pd.concat([stays, again], ignore_index=True)
    (twice,) = found(tables)
    assert (twice.table, twice.code, twice.rows) == ("stays", "near_duplicates", 8)


def test_a_ward_whose_stays_are_those_of_the_others(tables: Tables) -> None:
    """The total of the hospital, or of two of its wards, among the wards."""
    stays = tables["stays"]
    for parts, code in ((["MED", "CHI", "GER"], "unit_is_total"), (["MED", "CHI"], "unit_is_subtotal")):
        copy = stays[stays["unit"].isin(parts)]
        copy = copy.assign(unit="X", stay_id="x" + copy["stay_id"])
        tables["stays"] = pd.concat([stays, copy], ignore_index=True)
        (total,) = [f for f in found(tables) if f.column == "unit" and f.code.startswith("unit_is")]
        assert (total.code, total.unit, total.share) == (code, "X", 1.0)
        assert total.names == (() if code == "unit_is_total" else ("CHI", "MED"))


@pytest.mark.parametrize(
    ("table", "column", "time", "pair"),
    [("stays", "unit", "entered_at", ("MED", "GER")), ("visits", "department", "arrived_at", ("ED", "KIDS"))],
)
def test_labels_of_two_units_that_are_exchanged_half_way(
    tables: Tables, table: str, column: str, time: str, pair: tuple[str, str]
) -> None:
    """Each is from a day on like the other was before; where one closes, its label was taken."""
    frame = tables[table]
    late, (a, b) = frame[time] >= MIDDLE, pair
    labels = frame[column].to_numpy(object)
    frame[column] = np.where(late & (labels == a), b, np.where(late & (labels == b), a, labels))
    (moved,) = [f for f in found(tables) if f.code.startswith("label")]
    assert (moved.table, moved.code, {moved.unit, *moved.names}) == (table, "labels_exchanged", set(pair))
    assert near(moved.first, MIDDLE, 4)
    assert near(moved.last, LAST, 3)


def test_a_ward_that_closes_while_another_takes_its_name(tables: Tables) -> None:
    """GER is no more, and what is called GER from then on is MED."""
    stays = tables["stays"]
    late = stays["entered_at"] >= MIDDLE
    stays = stays[~(late & (stays["unit"] == "GER"))]
    tables["stays"] = stays.assign(
        unit=np.where((stays["entered_at"] >= MIDDLE) & (stays["unit"] == "MED"), "GER", stays["unit"])
    ).reset_index(drop=True)
    (taken,) = [f for f in found(tables) if f.code.startswith("label")]
    assert (taken.code, taken.unit, taken.names) == ("label_taken", "GER", ("MED",))
    assert near(taken.first, MIDDLE, 4)


def test_labels_of_a_census_that_are_exchanged_are_one_finding() -> None:
    """In place of a level shift in each of the two."""
    rng, days = np.random.default_rng(2), 120
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=days, freq="24h").astype("datetime64[us, UTC]")
    )
    levels = {"A": np.repeat([30.0, 12.0], 60), "B": np.repeat([12.0, 30.0], 60), "C": np.full(days, 20.0)}
    frames = [
        pd.DataFrame(
            {"unit": unit, "at": at, "occupied": level + rng.integers(-2, 3, days), "received_at": at}
        )
        for unit, level in levels.items()
    ]
    hospital = hospital_of({"census": pd.concat(frames, ignore_index=True)}, "daily")
    patterns = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    (moved,) = patterns
    assert (moved.code, moved.unit, moved.names) == ("labels_exchanged", "A", ("B",))
    assert near(moved.first, START + pd.Timedelta(days=60), 1)
    shifts = [Finding("census", "level_shifts", Weight.LOOK, "occupied", unit) for unit in "ABC"]
    assert [f.unit for f in with_patterns(shifts, patterns)] == ["C", "A"]


@pytest.mark.parametrize(("share", "weight"), [(0.5, Weight.LOOK), (0.005, Weight.NOTE)])
def test_who_left_unseen_has_no_first_contact(tables: Tables, share: float, weight: Weight) -> None:
    """Many are to be looked at, a few among hundreds are a note."""
    visits = tables["visits"]
    unseen = np.flatnonzero((visits["disposition"] == "left_unseen").to_numpy())
    rows = unseen[: max(int(share * unseen.size), 1)]
    visits.loc[rows, "seen_at"] = visits.loc[rows, "arrived_at"] + 5 * MINUTE
    hospital = hospital_of(tables)
    findings = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    (seen,) = [f for f in findings if f.code == "seen_though_left_unseen"]
    assert (seen.column, seen.rows, seen.weight) == ("seen_at", rows.size, weight)
    assert seen.share == pytest.approx(rows.size / unseen.size)
