"""Rates of admission of those present: counted by hand, added up exactly, and held against later weeks."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hospital.admissions.rates import Patient, RatesError, learn_admission_rates
from hospital.times import DAY, HOUR, instant, parse_time

ZONE = ZoneInfo("Europe/Paris")
START = instant(parse_time("2024-03-04T08:00:00Z"))
"""A multiple of four hours, 9 o'clock in Paris: the third band of the day."""
AT = START + 60 * DAY


def visit(
    day: int, triage: str | None, age: int | None, *, admitted: bool, hours: float = 1.0
) -> dict[str, Any]:
    """A visit around one snapshot, of 8:00 UTC."""
    arrived = START + day * DAY - HOUR // 2
    left = arrived + int(hours * HOUR)
    row: dict[str, Any] = {"visit_id": "x", "arrived_at": arrived, "left_at": left}
    row |= {"bed_requested_at": left, "destination_unit": "MED"} if admitted else {"disposition": "home"}
    row |= {} if triage is None else {"triage": triage, "triaged_at": arrived}
    return row | ({} if age is None else {"age_years": age})


def visits() -> list[dict[str, Any]]:
    """Each day 6 of triage 2 and age 80, of whom 3 are admitted, and 4 of triage 5 and age 20, of whom none is."""
    return [
        v
        for day in range(40)
        for v in (
            *(visit(day, "2", 80, admitted=n < 3) for n in range(6)),
            *(visit(day, "5", 20, admitted=False) for _ in range(4)),
        )
    ]


def leaning(admitted: float, patients: float, coarser: float) -> float:
    """A rate that counts twenty patients of the coarser one."""
    return (admitted + 20 * coarser) / (patients + 20)


def test_rates_are_counts_that_lean_on_the_coarser_ones() -> None:
    """By hand: 120 of 400 admitted, 120 of 240 of triage 2."""
    rates = learn_admission_rates(visits(), AT, ZONE)
    assert (rates.patients, rates.base) == (400, 0.3)
    triage = leaning(120, 240, 0.3)
    age = leaning(120, 240, triage)
    hour = leaning(120, 240, age)
    base, by_triage, by_age, by_hour = rates.contributions(Patient("2", "75"), START)
    assert (base, by_triage) == (0.3, pytest.approx(triage - 0.3))
    assert (by_age, by_hour) == (pytest.approx(age - triage), pytest.approx(hour - age))
    assert rates.probability(Patient("2", "75"), START) == pytest.approx(hour)
    assert rates.usual(START) == pytest.approx(0.3)


def test_contributions_add_up_for_anybody() -> None:
    """Also for somebody of whom nothing is known, who was never seen, or who comes at another hour."""
    rates = learn_admission_rates(visits(), AT, ZONE)
    for patient in (
        Patient("2", "75"),
        Patient("unknown", "unknown"),
        Patient("3A", "16"),
        Patient("2", "0"),
    ):
        for hour in range(0, 24, 3):
            at = START + hour * HOUR
            assert sum(rates.contributions(patient, at)) == rates.probability(patient, at)
            assert 0.0 <= rates.probability(patient, at) <= 1.0
    assert rates.probability(Patient("unknown", "unknown"), START) == pytest.approx(0.3)


def test_only_who_is_present_without_a_request_at_a_snapshot_counts() -> None:
    """A visit between two snapshots is in none, one over three of them in each."""
    between = [{**visit(d, "1", 50, admitted=True), "arrived_at": START + d * DAY + HOUR} for d in range(40)]
    between = [
        {**v, "left_at": v["arrived_at"] + HOUR, "bed_requested_at": v["arrived_at"] + HOUR} for v in between
    ]
    assert learn_admission_rates(visits() + between, AT, ZONE).patients == 400
    long = [visit(d, "1", 50, admitted=True, hours=9.0) for d in range(40)]
    assert learn_admission_rates(visits() + long, AT, ZONE).patients == 400 + 3 * 40


def test_triage_counts_from_when_it_was_known() -> None:
    """At a snapshot before triage the level is not known, as it is not of somebody who waits for it now."""
    late = [{**v, "triaged_at": v["left_at"]} for v in visits()]
    rates = learn_admission_rates(late, AT, ZONE)
    assert {path[0] for path in rates.counts} == {"unknown"}
    assert Patient.of({"triage": "1", "triaged_at": 10, "age_years": 65}, 5) == Patient("unknown", "65")
    assert Patient.of({"triage": "1", "triaged_at": 10, "age_years": 64}, 10) == Patient("1", "16")
    assert Patient.of({}, 10) == Patient("unknown", "unknown")


def test_rates_are_held_against_the_last_quarter() -> None:
    """Where the last weeks are as those before, what was expected happened; where admissions doubled, it did not."""
    rates = learn_admission_rates(visits(), AT, ZONE)
    assert rates.happened == 30
    assert rates.expected == pytest.approx(30, rel=0.1)
    doubled = [
        visit((v["arrived_at"] - START) // DAY + 1, "2", 80, admitted=True)
        if v["arrived_at"] > START + 30 * DAY and v["triage"] == "2"
        else v
        for v in visits()
    ]
    later = learn_admission_rates(doubled, AT, ZONE)
    assert later.happened > 1.7 * later.expected


def test_destinations_are_shared_out() -> None:
    """By age where it is known; all of them together are one."""
    some = visits()
    for n, row in enumerate(v for v in some if "destination_unit" in v):
        row["destination_unit"] = "MED" if n % 4 else "SURG"
    rates = learn_admission_rates(some, AT, ZONE)
    assert rates.shares(Patient("2", "75")) == pytest.approx({"MED": 0.75, "SURG": 0.25})
    assert sum(rates.shares(Patient("2", "unknown")).values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([], {"visits.left_at", "visits.disposition or bed_requested_at"}),
        (visits()[:100], {"enough ended visits"}),
        (
            [
                {k: v for k, v in row.items() if k not in ("disposition", "bed_requested_at")}
                for row in visits()
            ],
            {"visits.disposition or bed_requested_at"},
        ),
        ([{k: v for k, v in row.items() if k != "left_at"} for row in visits()], {"visits.left_at"}),
    ],
)
def test_what_lacks_is_named(rows: list[dict[str, Any]], missing: set[str]) -> None:
    """No rate is made up."""
    with pytest.raises(RatesError) as error:
        learn_admission_rates(rows, AT, ZONE)
    assert set(error.value.missing) == missing


def test_the_last_day_is_left_out() -> None:
    """Of it only those are known whose outcome is quick."""
    with pytest.raises(RatesError, match="enough"):
        learn_admission_rates(visits(), START, ZONE)
