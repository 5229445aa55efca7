"""The simulated hospital's departments, school holidays, theatres and transfers: there, with the effects they say."""

import dataclasses
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from hospital.simulator import Shift, load_parameters, simulate
from hospital.simulator.school import SCHOOL_ZONES, is_school_holiday, official_years
from hospital.simulator.simulated_time import Clock
from hospital.simulator.staffing import draw_rota
from hospital.simulator.theatre import draw_operations, programme
from tests.support.simulated_tables import wait_minutes

Tables = dict[str, pd.DataFrame]
PARAMETERS = load_parameters()
EMERGENCY, CHILDREN = PARAMETERS.department
DAYS = 60


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Two months of the full hospital."""
    return simulate(DAYS, seed=21)


# --- departments ---


def test_children_have_a_department_of_their_own(tables: Tables) -> None:
    """Everybody up to the age limit goes there and nobody else; both have their own rows of staff."""
    visits, staffing = tables["visits"], tables["staffing"]
    child = visits["age_years"] <= CHILDREN.until_years
    assert (visits.loc[child, "department"] == "ED-CHILD").all()
    assert (visits.loc[~child, "department"] == "ED").all()
    assert 0.2 < child.mean() < 0.32  # DREES 2019: 27 % are under 15
    for department in PARAMETERS.department:
        for role in ("doctor", "nurse"):
            rows = staffing[(staffing["unit"] == department.department) & (staffing["role"] == role)]
            planned = rows.groupby("at")["count"].first()
            assert planned.max() == max(getattr(department, f"{role}s_weekday"))
            assert len(planned) >= 4 * DAYS
    # DREES 2019: 32 % of children come between 17:00 and 21:00, 23 % of those from 15 to 74.
    evening = visits["arrived_at"].dt.tz_convert("Europe/Paris").dt.hour.between(17, 20)
    assert 0.28 < evening[child].mean() < 0.36
    assert 0.19 < evening[~child].mean() < 0.25


def test_each_department_has_its_own_queue(tables: Tables) -> None:
    """Fewer doctors for adults make adults wait; children wait as before."""
    fewer = dataclasses.replace(EMERGENCY, doctors_weekday=(1, 3, 4, 3), doctors_weekend=(1, 3, 4, 3))
    short = simulate(20, seed=21, parameters=dataclasses.replace(PARAMETERS, department=(fewer, CHILDREN)))
    until = short["visits"]["arrived_at"].max()
    usual = tables["visits"][tables["visits"]["arrived_at"] <= until]

    def ratio(department: str) -> float:
        both = (wait_minutes(v[v["department"] == department]).mean() for v in (short["visits"], usual))
        return float(np.divide(*both))

    assert ratio("ED") > 1.3
    assert 0.85 < ratio("ED-CHILD") < 1.15


def test_departments_share_the_arrivals_out_and_change_none_of_them(tables: Tables) -> None:
    """With one department, or children at other hours, as many come at the same minutes."""
    arrived = tables["visits"]["arrived_at"]
    even = dataclasses.replace(PARAMETERS.arrivals, child_hour_factors=(1.0,) * 24)
    for change in ({"department": (EMERGENCY,)}, {"arrivals": even}):
        other = simulate(3, seed=21, parameters=dataclasses.replace(PARAMETERS, **change))["visits"]
        # Who is there on the first day already may differ.
        begun = other["arrived_at"].iloc[-300]
        known = other["arrived_at"][other["arrived_at"] >= begun].reset_index(drop=True)
        same = arrived[(arrived >= begun) & (arrived <= known.max())].reset_index(drop=True)
        pd.testing.assert_series_equal(known, same)


def test_a_small_hospital_has_one_department_with_the_staff_of_both() -> None:
    """Below the children's department's least scale everybody goes to the first, which has all doctors and boxes."""
    small = simulate(5, seed=21, scale=CHILDREN.least_scale - 0.1)
    assert set(small["visits"]["department"]) == {"ED"}
    assert (small["visits"]["age_years"] <= CHILDREN.until_years).any()
    doctors = small["staffing"].query("unit == 'ED' and role == 'doctor'").groupby("at")["count"].first()
    together = max(a + b for a, b in zip(EMERGENCY.doctors_weekday, CHILDREN.doctors_weekday, strict=True))
    assert doctors.max() == round(together * (CHILDREN.least_scale - 0.1))
    larger = simulate(2, seed=21, scale=CHILDREN.least_scale)
    assert set(larger["visits"]["department"]) == {"ED", "ED-CHILD"}


def test_both_departments_repeat_in_a_longer_run_and_before_a_shift(tables: Tables) -> None:
    """Visits closed before the day of a shift are the same rows as in a run without, in the same order."""
    shifted = simulate(15, seed=21, shift=Shift.parse("1.5@12"))["visits"]
    change = pd.Timestamp(date(2024, 1, 13), tz="Europe/Paris")
    before = shifted[shifted["left_at"] < change].reset_index(drop=True)
    plain = tables["visits"]
    same = plain[plain["visit_id"].isin(before["visit_id"])].reset_index(drop=True)
    assert set(before["department"]) == {"ED", "ED-CHILD"}
    pd.testing.assert_frame_equal(before, same)
    assert plain["arrived_at"].is_monotonic_increasing


# --- school holidays ---


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [  # as printed by local papers and schools, not by the source of the table
        ("A", date(2025, 10, 18), date(2025, 11, 2)),
        ("A", date(2025, 12, 20), date(2026, 1, 4)),
        ("A", date(2026, 2, 7), date(2026, 2, 22)),
        ("B", date(2026, 2, 14), date(2026, 3, 1)),
        ("C", date(2026, 2, 21), date(2026, 3, 8)),
        ("B", date(2026, 4, 11), date(2026, 4, 26)),
        ("C", date(2024, 10, 19), date(2024, 11, 3)),
        ("A", date(2025, 4, 19), date(2025, 5, 4)),
        ("A", date(2025, 7, 5), date(2025, 8, 31)),
    ],
)
def test_school_holidays_are_the_official_ones(zone: str, first: date, last: date) -> None:
    """The first and the last day without class belong to them, the days around do not."""
    day = timedelta(days=1)
    assert [is_school_holiday(d, zone) for d in (first - day, first, last, last + day)] == [
        False,
        True,
        True,
        False,
    ]


def test_every_school_year_has_about_as_many_holidays_and_beyond_the_table_a_rule_goes_on() -> None:
    """120 to 124 days in official years; where the rule is carried on, as many, from Saturday to Sunday."""

    def days_of(year: int, zone: str) -> set[date]:
        start = date(year, 9, 11)
        return {d for n in range(365) if is_school_holiday(d := start + timedelta(days=n), zone)}

    official = official_years()
    assert official == tuple(range(2015, 2028))
    for zone in SCHOOL_ZONES:
        assert all(118 <= len(days_of(year, zone)) <= 124 for year in official)
        for year in (2010, 2014, 2028, 2033):
            days = days_of(year, zone)
            assert 118 <= len(days) <= 124
            short = sorted(d for d in days if d.month not in (7, 8))
            begins = [d for d in short if d - timedelta(days=1) not in days]
            assert [d.weekday() for d in begins] == [5] * 4

    def turns(year: int) -> list[str]:
        """The zones in the order in which their winter holidays of that year begin."""
        return sorted(SCHOOL_ZONES, key=lambda z: min(d for d in days_of(year - 1, z) if d.month in (2, 3)))

    # Zones take turns every three years, in the official calendars and beyond.
    assert [turns(year) for year in (2026, 2027, 2028)] == [list("ABC"), list("CAB"), list("BCA")]
    assert [turns(year) for year in (2029, 2030, 2031)] == [list("ABC"), list("CAB"), list("BCA")]


def test_school_holidays_thin_the_theatre_and_leave_absences_unreplaced() -> None:
    """A fifteenth of March on holiday has fewer operations than one in term; absent staff are replaced less."""
    p = dataclasses.replace(
        PARAMETERS, theatre=dataclasses.replace(PARAMETERS.theatre, week_sigma=0.0, day_sigma=0.0)
    )
    clock = Clock(date(2016, 1, 1), 4000, p.general.time_zone, p.general.school_zone)
    cases = np.zeros(len(clock.days))
    for operation in draw_operations(clock, p, 21, 1.0):
        cases[clock.day(operation.planned).index] += 1
    normal = [d for d in clock.days if d.working and d.date.month in (2, 3, 4, 10)]
    means = [np.mean([cases[d.index] for d in normal if d.school_holiday is on]) for on in (True, False)]
    assert means[0] / means[1] == pytest.approx(p.theatre.school_holiday_factor, abs=0.03)
    august = next(d for d in clock.days if (d.date.month, d.date.day) == (8, 8))
    assert programme(p.theatre, august) == 0.6  # the deeper cut holds, not both
    blocks, notices = draw_rota(clock, p, EMERGENCY, 21, 1.0)
    planned: dict[float, int] = {}
    for notice in notices:
        if notice.role == "doctor":
            planned.setdefault(notice.at, notice.count)
    missing = {True: [0, 0], False: [0, 0]}
    for block in blocks:
        tally = missing[clock.day(block.begin).school_holiday]
        tally[0] += planned[block.begin] - block.doctors
        tally[1] += planned[block.begin]
    on, off = (lost / rostered for lost, rostered in (missing[True], missing[False]))
    a = p.absence
    wanted = (1 - a.replaced_share * a.school_holiday_replaced_factor) / (1 - a.replaced_share)
    assert on / off == pytest.approx(wanted, abs=0.15)


# --- theatres and wards ---


def test_operations_are_cancelled_early_and_on_the_day(tables: Tables) -> None:
    """About a tenth, most of them in the days before; nobody knows before the booking or long after the plan."""
    operations = tables["operations"]
    past = operations[operations["planned_at"] < tables["visits"]["arrived_at"].max()]
    cancelled = past.dropna(subset="cancelled_at")
    assert 0.06 < len(cancelled) / len(past) < 0.14  # MJA 2005: 12 and 13 %; Canada 2021: 14 %
    ahead = (cancelled["planned_at"] - cancelled["cancelled_at"]).dt.total_seconds() / 3600
    assert (cancelled["cancelled_at"] > cancelled["booked_at"]).all()
    assert (ahead > 24).any()
    assert (ahead < 6).any()  # for want of a bed
    assert ahead.min() > -24


def test_patients_move_from_critical_care_to_a_ward(tables: Tables) -> None:
    """A transfer begins at the minute at which the stay in critical care ends, in a ward that takes such patients."""
    stays = tables["stays"].dropna(subset="visit_id")
    critical = stays[(stays["unit"] == "REA-A") & stays["left_at"].notna()]
    moved = critical.merge(stays[stays["source"] == "transfer"], on="visit_id", suffixes=("", "_next"))
    assert len(moved) > 20
    assert (moved["left_at"] == moved["entered_at_next"]).all()
    assert set(moved["unit_next"]) == set(PARAMETERS.destinations.step_down)
    assert 0.7 < len(moved) / len(critical) <= 1  # the others died


# --- parameters ---
