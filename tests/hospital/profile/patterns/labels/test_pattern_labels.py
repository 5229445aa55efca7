"""Labels that move in other tables and ways, units that are there twice, and visits that are nearly there twice."""

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.patterns.findings import pattern_findings
from hospital.times import instant
from tests.support.pattern_findings import MIDDLE, TIMES, Tables, found, near
from tests.support.plain_hospital import START, hospital_of, now, plain_tables

MINUTE = pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def sound() -> Tables:
    return plain_tables(8)


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """A sound hospital's, to be damaged."""
    return {name: frame.copy() for name, frame in sound.items()}


def _plans(counts: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Two rows a day of each unit and role."""
    at = pd.Series(pd.date_range("2024-01-07 23:00", "2024-05-05", freq="12h", tz="UTC").as_unit("us"))
    rng, frames = np.random.default_rng(3), []
    for (unit, role), count in counts.items():
        planned = np.round(count + rng.integers(-1, 2, at.size))
        known = at - pd.Timedelta(days=9)
        columns = {"unit": unit, "at": at, "role": role, "count": planned, "known_at": known}
        frames.append(pd.DataFrame({**columns, "received_at": known}))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(
    ("column", "pair", "code", "names"),
    [
        ("unit", ("ED", "KIDS"), "labels_exchanged", ("KIDS",)),
        ("role", ("doctor", "nurse"), "roles_exchanged", ("doctor", "nurse")),
    ],
)
def test_labels_of_a_rota_that_are_exchanged(
    tables: Tables, column: str, pair: tuple[str, str], code: str, names: tuple[str, ...]
) -> None:
    """Two departments' doctors, or the doctors and nurses of one department; a plan that grows is none."""
    sound = _plans({("ED", "doctor"): 9.0, ("ED", "nurse"): 18.0, ("KIDS", "doctor"): 4.0})
    rota = sound.copy()
    late = (rota["at"] >= MIDDLE) & ((rota["unit"] == "ED") | (rota["role"] == "doctor"))
    late &= (rota["role"] == "doctor") if column == "unit" else (rota["unit"] == "ED")
    a, b = pair
    rota[column] = rota[column].mask(late, rota[column].map({a: b, b: a}))
    moved = [f for f in found({**tables, "staffing": rota}) if f.code.endswith("exchanged")]
    assert [(f.table, f.code, f.column, f.unit, f.names) for f in moved] == [
        ("staffing", code, column, "ED", names)
    ]
    assert near(moved[0].first, MIDDLE, 1)
    grown = sound.assign(count=sound["count"].mask(sound["at"] >= MIDDLE, sound["count"] * 1.5))
    assert [f for f in found({**tables, "staffing": grown}) if f.code.endswith("exchanged")] == []


def test_three_labels_that_change_in_a_round(tables: Tables) -> None:
    """Each is like the one before it was: no two are exchanged."""
    stays = tables["stays"]
    turned = stays["unit"].map({"MED": "CHI", "CHI": "GER", "GER": "MED"})
    tables["stays"] = stays.assign(unit=stays["unit"].mask(stays["entered_at"] >= MIDDLE, turned))
    (moved,) = [f for f in found(tables) if f.code.startswith("label")]
    assert moved.code == "labels_in_turn"
    assert {moved.unit, *moved.names} == {"MED", "CHI", "GER"}
    assert near(moved.first, MIDDLE, 4)


@pytest.mark.parametrize("late", [True, False])
def test_a_total_among_the_units_whose_times_are_rounded(tables: Tables, late: bool) -> None:
    """Two wards' stays once more, to five minutes; or only from the day on which the total was added."""
    stays = tables["stays"]
    copy = stays[stays["unit"].isin(["MED", "CHI"]) & ((stays["entered_at"] >= MIDDLE) | (not late))]
    copy = copy.assign(unit="X", stay_id="x" + copy["stay_id"])
    if not late:
        copy = copy.assign(**{c: copy[c].dt.floor("5min") for c in ("entered_at", "left_at")})
    tables["stays"] = pd.concat([stays, copy], ignore_index=True)
    (total,) = [f for f in found(tables) if f.code.startswith("unit_is")]
    assert (total.code, total.unit, total.names) == ("unit_is_subtotal", "X", ("CHI", "MED"))


def test_a_ward_under_two_names_and_a_department_that_is_all(tables: Tables) -> None:
    """Its stays are there twice; visits of both departments stand under a third one, too."""
    stays, visits = tables["stays"], tables["visits"]
    again = stays[stays["unit"] == "GER"].assign(unit="GERIATRICS", stay_id=lambda s: "x" + s["stay_id"])
    tables["stays"] = pd.concat([stays, again], ignore_index=True)
    copies = [(f.code, {f.unit, *f.names}) for f in found(tables) if f.code.startswith("unit_is")]
    assert copies == [("unit_is_copy", {"GER", "GERIATRICS"})]
    whole = visits.assign(department="ALL", visit_id="x" + visits["visit_id"])
    both = {**tables, "stays": stays, "visits": pd.concat([visits, whole], ignore_index=True)}
    totals = [(f.table, f.code, f.unit) for f in found(both) if f.code.startswith("unit_is")]
    assert totals == [("visits", "unit_is_total", "ALL")]


def test_a_visit_that_is_there_again_half_an_hour_later(tables: Tables) -> None:
    """With nothing that tells it from the first."""
    visits = tables["visits"]
    again = visits.sample(40, random_state=4)
    moved = {column: again[column] + 25 * MINUTE for column in TIMES}
    again = again.assign(visit_id=[f"x{i}" for i in range(40)], **moved)
    tables["visits"] = pd.concat([visits, again], ignore_index=True)
    (twice,) = found(tables)
    assert (twice.code, twice.after) == ("near_duplicates", 30.0)
    assert twice.rows == pytest.approx(40, abs=2)


def test_a_visit_that_is_there_twice_with_another_age(tables: Tables) -> None:
    """A slip of the pen: one entry differs, at nearly the same minute."""
    visits = tables["visits"]
    again = visits.sample(40, random_state=5)
    again = again.assign(
        visit_id=[f"x{i}" for i in range(40)],
        age_years=again["age_years"] + 1,
        arrived_at=again["arrived_at"] + MINUTE,
    )
    tables["visits"] = pd.concat([visits, again], ignore_index=True)
    (twice,) = found(tables)
    assert (twice.code, twice.rows) == ("near_duplicates_but_one", 40)


def test_a_daily_census_that_is_exchanged_for_three_months_and_back() -> None:
    """Ten patients lie between the two: the finding names both days."""
    rng, days = np.random.default_rng(3), 240
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=days, freq="24h").astype("datetime64[us, UTC]")
    )
    wave = 2 * np.sin(np.arange(days) / 15)
    med, chi = (np.round(level + wave + rng.integers(-1, 2, days)) for level in (30, 20))
    then = (np.arange(days) >= 90) & (np.arange(days) < 180)
    counts = {"MED": np.where(then, chi, med), "CHI": np.where(then, med, chi), "GER": np.round(12 - wave)}
    frames = [
        pd.DataFrame({"unit": u, "at": at, "occupied": c, "received_at": at}) for u, c in counts.items()
    ]
    hospital = hospital_of({"census": pd.concat(frames, ignore_index=True)}, "daily")
    moved = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    assert [(f.code, f.unit, f.names) for f in moved] == [("labels_exchanged", "CHI", ("MED",))]
    assert near(moved[0].first, START + pd.Timedelta(days=90), 1)
    assert near(moved[0].last, START + pd.Timedelta(days=179), 1)
