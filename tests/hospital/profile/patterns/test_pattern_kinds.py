"""Rows by threes, lengths that are always one, copies, exchanged codes, days with a limit: each as one finding."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.duplicates import total_findings
from hospital.profile.facts import Finding
from hospital.profile.words import Words
from tests.support.pattern_findings import MIDDLE, Tables, found, local, near
from tests.support.plain_hospital import START, hospital_of, plain_tables

DAY, HOUR, MINUTE = pd.Timedelta(days=1), pd.Timedelta(hours=1), pd.Timedelta(minutes=1)
Damage = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


@pytest.fixture
def tables() -> Tables:
    """A sound hospital's, to be damaged."""
    return plain_tables(3)


def _by_threes(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Contacts of the second half, of which each third is typed with the two before it."""
    seen = visits["seen_at"].dropna().sort_values()
    late = seen[seen >= MIDDLE].index[:1500]
    typed = visits["seen_at"].copy()
    typed.loc[late] = list(seen.loc[np.repeat(late[::3].to_numpy(), 3)])
    return visits.assign(seen_at=typed)


def _triaged_after(minutes: int, rows: Callable[[pd.DataFrame], pd.Series]) -> Damage:
    def damage(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        later = visits["arrived_at"] + minutes * MINUTE
        return visits.assign(triaged_at=visits["triaged_at"].mask(rows(visits), later))

    return damage


def _everybody(visits: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=visits.index)


def _kids(visits: pd.DataFrame) -> pd.Series:
    return visits["department"] == "KIDS"


def _three_weeks(visits: pd.DataFrame) -> pd.Series:
    return (visits["arrived_at"] >= MIDDLE) & (visits["arrived_at"] < MIDDLE + 21 * DAY)


def _requested_at_leaving(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits.assign(bed_requested_at=visits["left_at"].where(visits["bed_requested_at"].notna()))


def _copied(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits.assign(
        spo2_percent=visits["spo2_percent"].mask(visits["arrived_at"] >= MIDDLE, visits["heart_rate"])
    )


def _pressures(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    upper, lower = rng.normal(130, 10, len(visits)).round(), rng.normal(75, 5, len(visits)).round()
    wrong = rng.random(len(visits)) < 0.03
    return visits.assign(
        systolic_mmhg=np.where(wrong, lower, upper), diastolic_mmhg=np.where(wrong, upper, lower)
    )


def _exchanged(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    other = visits["arrival_mode"].map({"walk_in": "ambulance", "ambulance": "walk_in"})
    return visits.assign(arrival_mode=visits["arrival_mode"].mask(visits["arrived_at"] >= MIDDLE, other))


def _one_level(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits.assign(triage=visits["triage"].mask(_kids(visits), "3B"))


def _fahrenheit(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    measured = visits["temperature_celsius"]
    return visits.assign(temperature_celsius=measured.mask(_kids(visits), (measured * 1.8 + 32).round(1)))


def _at_most_58(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits[visits.groupby(local(visits["arrived_at"]).dt.date).cumcount() < 58].reset_index(drop=True)


def _without_a_quarter(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits[visits["arrived_at"].dt.minute < 45].reset_index(drop=True)


def _guessed_ages(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    guessed = rng.random(len(visits)) < 0.4
    return visits.assign(age_years=visits["age_years"].mask(guessed, (visits["age_years"] / 5).round() * 5))


def _numbers_begin_anew(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return visits.assign(visit_id=[f"v{i % 6500}" for i in range(len(visits))])


@pytest.mark.parametrize(
    ("damage", "code", "column", "unit"),
    [
        (_by_threes, "grouped_times", "seen_at", ""),
        (_triaged_after(7, _everybody), "fixed_delay", "triaged_at", ""),
        (_triaged_after(7, _kids), "fixed_delay", "triaged_at", "KIDS"),
        (_triaged_after(7, _three_weeks), "fixed_delay", "triaged_at", ""),
        (_requested_at_leaving, "fixed_delay", "left_at", ""),
        (_copied, "column_copied", "spo2_percent", ""),
        (_pressures, "pressures_exchanged", "systolic_mmhg", ""),
        (_exchanged, "codes_exchanged", "arrival_mode", ""),
        (_one_level, "column_of_one_value", "triage", "KIDS"),
        (_fahrenheit, "other_measure", "temperature_celsius", "KIDS"),
        (_at_most_58, "days_capped", "arrived_at", ""),
        (_without_a_quarter, "silent_minutes", "arrived_at", ""),
        (_guessed_ages, "rounded_ages", "age_years", ""),
        (_numbers_begin_anew, "ids_reused", "visit_id", ""),
    ],
)
def test_visits_as_no_person_would_believe_them(
    tables: Tables, damage: Damage, code: str, column: str, unit: str
) -> None:
    """One finding alone, with its column and department, how many rows, and what to ask whom in both languages."""
    assert found(tables) == []
    (one,) = found({**tables, "visits": damage(tables["visits"], np.random.default_rng(5))})
    assert (one.table, one.code, one.column, one.unit) == ("visits", code, column, unit)
    assert one.rows >= 20
    _is_whole(one)


def _is_whole(finding: Finding) -> None:
    for words, verb in ((Words("fr"), "Demander"), (Words("en"), "Ask")):
        if finding.code != "other_measure":
            assert words.does(finding).startswith(verb)
        assert "{" not in words.says(finding) + words.does(finding)


def test_visits_of_whom_nothing_is_known_but_their_times(tables: Tables) -> None:
    """No attribute of people, no department, no level: nothing to look at, and nothing that is asked for."""
    bare = tables["visits"][["visit_id", "arrived_at", "seen_at", "left_at", "received_at"]]
    assert [f for f in found({"visits": bare}) if f.code != "contact_missing"] == []


def test_threes_by_chance_are_none() -> None:
    """As many rows an hour as a large department has, none typed with another."""
    visits = plain_tables(5)["visits"]
    packed = visits.assign(arrived_at=visits["arrived_at"].dt.floor("min"))
    assert [f for f in found({"visits": packed}) if f.code == "grouped_times"] == []


def test_a_triage_that_is_mostly_quick_is_not_always_the_same() -> None:
    """Times to the minute, of which one in eight is seven minutes after the arrival."""
    visits = plain_tables(5)["visits"]
    minutes = {c: visits[c].dt.floor("min") for c in ("arrived_at", "triaged_at")}
    assert [f for f in found({"visits": visits.assign(**minutes)}) if f.code == "fixed_delay"] == []


@pytest.mark.parametrize("open_ended", [False, True])
def test_a_stay_that_is_there_twice_with_another_end(tables: Tables, open_ended: bool) -> None:
    """Registered again within a minute, and closed hours apart or never."""
    stays, rng = tables["stays"], np.random.default_rng(2)
    again = stays.sample(60, random_state=2)
    end = again["left_at"] + pd.to_timedelta(rng.integers(60, 4000, len(again)), unit="min")
    again = again.assign(
        stay_id=again["stay_id"] + "x",
        entered_at=again["entered_at"] + pd.Timedelta(seconds=40),
        left_at=end if not open_ended else pd.Series(pd.NaT, index=again.index, dtype=end.dtype),
    )
    twice = found({**tables, "stays": pd.concat([stays, again], ignore_index=True)})
    (one,) = [f for f in twice if f.code == "near_duplicates_other_end"]
    assert (one.table, one.column) == ("stays", "entered_at")
    assert one.rows >= 50
    _is_whole(one)


def _operations(rng: np.random.Generator, size: int = 900) -> pd.DataFrame:
    """A theatre's, of some weeks: booked weeks before, and never as long as was planned."""
    day = START + pd.to_timedelta(np.sort(rng.integers(0, 110, size)), unit="D")
    planned = (day + pd.to_timedelta(rng.integers(96, 190, size) * 5, unit="min")).tz_convert("UTC")
    begun = planned + pd.to_timedelta(rng.integers(-300, 2400, size), unit="s")
    minutes = rng.integers(30, 180, size).astype(np.float64)
    took = pd.to_timedelta(np.floor(minutes * rng.lognormal(0, 0.3, size) * 60), unit="s")
    booked = planned - pd.to_timedelta(rng.integers(86_400, 4_000_000, size), unit="s")
    frame = pd.DataFrame(
        {
            "operation_id": [f"o{i}" for i in range(size)],
            "unit": rng.choice(["CHI", "MED"], size),
            "booked_at": booked,
            "planned_at": planned,
            "minutes": minutes,
            "started_at": begun,
            "ended_at": begun + took,
            "urgent": rng.choice(["no", "yes"], size, p=[0.9, 0.1]),
            "room": rng.choice(["T1", "T2", "T3"], size),
            "received_at": booked,
        }
    )
    times = ["booked_at", "planned_at", "started_at", "ended_at", "received_at"]
    return frame.astype(dict.fromkeys(times, "datetime64[us, UTC]"))


@pytest.mark.parametrize(
    ("booked_later", "code"), [(30, "near_duplicates"), (90_000, "near_duplicates_other_end")]
)
def test_an_operation_that_is_there_twice(booked_later: int, code: str) -> None:
    """Registered again half a minute later, or the next day."""
    operations = _operations(np.random.default_rng(4))
    assert [f for f in found({"operations": operations}) if "duplicates" in f.code] == []
    again = operations.sample(20, random_state=4)
    later = again["booked_at"] + pd.Timedelta(seconds=booked_later)
    again = again.assign(operation_id=again["operation_id"] + "x", booked_at=later, received_at=later)
    both = pd.concat([operations, again], ignore_index=True)
    (one,) = [f for f in found({"operations": both}) if "duplicates" in f.code]
    assert (one.table, one.code) == ("operations", code)
    assert one.rows >= 15


def test_operations_that_took_what_was_planned() -> None:
    """To the minute, of most of them; chance brings few."""
    operations = _operations(np.random.default_rng(4))
    took = operations["started_at"] + pd.to_timedelta(operations["minutes"], unit="min")
    copied = operations["ended_at"].mask(operations.index % 4 > 0, took).astype(took.dtype)
    assert [f.code for f in found({"operations": operations})] == []
    (one,) = found({"operations": operations.assign(ended_at=copied)})
    assert (one.code, one.column) == ("took_as_planned", "ended_at")
    _is_whole(one)


@pytest.mark.parametrize(
    ("first", "hours", "units"),
    [
        (MIDDLE, 1, ["KIDS"]),
        (MIDDLE + 14 * DAY, -2, ["ED"]),
        (pd.Timestamp("2024-03-31", tz=MIDDLE.tz), 1, ["ED", "KIDS"]),
    ],
)
def test_a_rota_whose_clock_is_moved(
    tables: Tables, first: pd.Timestamp, hours: int, units: list[str]
) -> None:
    """Of one unit from a day on, or of all in summer: the finding names the unit, the role and how far."""
    rota = tables["staffing"]
    moved = rota["unit"].isin(units) & (rota["at"] >= first)
    later = rota["at"].mask(moved, rota["at"] + hours * HOUR)
    clocks = found({**tables, "staffing": rota.assign(at=later)})
    assert [(f.code, f.unit, f.names) for f in clocks] == [
        ("rota_clock", unit, ("doctor",)) for unit in units
    ]
    assert {abs(f.after or 0) for f in clocks} == {abs(hours)}
    assert all(near(f.first, first, 7) or near(f.last, first, 7) for f in clocks)
    for one in clocks:
        _is_whole(one)


def test_a_rota_whose_clock_is_off_from_the_first_row_on(tables: Tables) -> None:
    """Where all other units' shifts of the role begin at one hour."""
    rota = tables["staffing"]
    wards = [rota[rota["unit"] == "ED"].assign(unit=name) for name in ("MED", "CHI")]
    all_units = pd.concat([rota, *wards], ignore_index=True)
    assert found({**tables, "staffing": all_units}) == []
    later = all_units["at"].mask(all_units["unit"] == "CHI", all_units["at"] + HOUR)
    (one,) = found({**tables, "staffing": all_units.assign(at=later)})
    assert (one.code, one.unit, one.after) == ("rota_clock", "CHI", 1.0)


def _census(rng: np.random.Generator, days: int, total: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    """A daily count of four wards that share their weekends, and of a fifth that is made of their sum."""
    week = np.where(np.arange(days) % 7 >= 5, 0.85, 1.0)
    wards = {
        name: np.round(level * week + np.cumsum(rng.normal(0, 0.35, days)) + rng.normal(0, 1.5, days)).clip(0)
        for name, level in {"A": 30, "B": 22, "C": 14, "D": 9}.items()
    }
    wards["T"] = np.round(total(np.sum(list(wards.values()), axis=0)))
    at = pd.Series(
        pd.date_range("2024-01-01", periods=days, freq="D", tz="UTC").astype("datetime64[us, UTC]")
    )
    parts = [pd.DataFrame({"unit": n, "at": at, "occupied": v, "received_at": at}) for n, v in wards.items()]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("seed", range(5))
def test_a_total_with_noise_is_a_total(seed: int) -> None:
    """Off by 4 % from day to day: counted apart, or rounded. A unit of that size and that week of its own is none."""
    rng = np.random.default_rng(seed)
    noisy = _census(rng, 150, lambda added: added * rng.normal(1, 0.04, added.size))
    (one,) = total_findings(latest_tables(hospital_of({"census": noisy}, "daily"))["census"])
    assert (one.code, one.unit, one.names) == ("unit_is_rough_total", "T", ("A", "B", "C", "D"))
    assert one.share is not None
    assert 0.9 <= one.share <= 1
    _is_whole(one)

    def of_its_own(added: np.ndarray) -> np.ndarray:
        week = np.where(np.arange(added.size) % 7 >= 5, 0.85, 1.0)
        own = 75 * week + np.cumsum(rng.normal(0, 0.5, added.size)) + rng.normal(0, 2.5, added.size)
        return own * added.mean() / own.mean()

    sound = _census(rng, 150, of_its_own)
    assert total_findings(latest_tables(hospital_of({"census": sound}, "daily"))["census"]) == []


def test_a_ward_that_is_always_exactly_full() -> None:
    """Patients that copy the staffed beds, though both vary; the others' do not."""
    rng = np.random.default_rng(1)
    census = _census(rng, 150, lambda added: added / 2)
    staffed = census["occupied"] + rng.integers(0, 5, len(census))
    staffed = staffed.mask(census["unit"] == "B", census["occupied"])
    (one,) = [f for f in found({"census": census.assign(staffed=staffed)}) if f.code == "column_copied"]
    assert (one.table, one.column, one.unit, one.names) == ("census", "occupied", "B", ("staffed",))
