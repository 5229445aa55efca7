"""What those in the emergency department add to the demand that is forecast."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from centre.tension.answers import Exceedance
from centre.tension.on_its_way import OnItsWay, with_those_present
from hospital.admissions.rates import RatesError
from hospital.times import HOUR
from serving.interface.emergency.admissions import expected_admissions
from serving.interface.live_record import record_at
from tests.support.present_patients import START, ago, now, past
from tests.support.serving_fakes import NOW
from tests.support.tension_answers import tension


def test_they_are_expected_beyond_as_many_usual_ones(tmp_path: Path) -> None:
    """Ten of the sicker kind: more than ten usual patients would bring; the sum of what adds up to it is it."""
    _, answer = tension(tmp_path / "home", {"visits": past() + now("2", 10)})
    way = answer["on_its_way"]
    assert way["missing"] == []
    assert way["present"] == 10
    assert way["usual"] == pytest.approx(2.5, abs=0.1)
    assert 4.0 < way["expected"] < 5.5
    assert sum(way["contributions"].values()) == pytest.approx(way["expected"], abs=1e-12)
    assert way["p10"] < way["expected"] < way["p90"]
    assert way["units"] == {"U1": pytest.approx(way["expected"])}
    by_horizon = {e["horizon_hours"]: e for e in answer["units"] if e["unit"] == "U1"}
    moved = by_horizon[4.0]["with_those_present"]
    assert moved["probability"] > by_horizon[4.0]["probability"]
    assert by_horizon[72.0]["with_those_present"] is None
    total = next(e for e in answer["hospital"] if e["horizon_hours"] == 24.0)
    assert total["with_those_present"]["expected"] == way["expected"]


def test_usual_patients_change_nothing(tmp_path: Path) -> None:
    """As many of each kind as usual: the forecast knows how many are present, and counts them once."""
    _, answer = tension(tmp_path / "home", {"visits": past() + now("2", 5) + now("5", 5)})
    way = answer["on_its_way"]
    assert way["expected"] == pytest.approx(way["usual"], abs=0.2)
    for exceedance in answer["units"]:
        if exceedance["with_those_present"] and exceedance["probability"] is not None:
            moved = exceedance["with_those_present"]["probability"]
            assert moved == pytest.approx(exceedance["probability"], abs=0.03)


def test_whom_a_bed_was_requested_for_is_counted_by_the_forecast_alone(tmp_path: Path) -> None:
    """They need a bed now, and are not on their way."""
    boarding = now("2", 10, bed_requested_at=ago(0.5))
    _, answer = tension(tmp_path / "home", {"visits": past() + boarding})
    assert (answer["on_its_way"]["present"], answer["on_its_way"]["expected"]) == (0, 0.0)


def test_what_is_not_known_is_named(tmp_path: Path) -> None:
    """Nothing is taken as 0."""
    _, answer = tension(tmp_path / "home")
    way = answer["on_its_way"]
    assert "visits.left_at" in way["missing"]
    assert all(value is None for name, value in way.items() if name != "missing")
    assert all(e["with_those_present"] is None for e in answer["units"])


def test_nobody_waits_while_the_rates_of_a_new_hour_are_counted(tmp_path: Path) -> None:
    """Those of the hour before answer meanwhile: a large hospital's are counted for seconds."""
    parts, before = tension(tmp_path / "home", {"visits": past() + now("2", 10)})
    hour = NOW // HOUR + 1
    begun, go = threading.Event(), threading.Event()

    def slow() -> RatesError:
        begun.set()
        assert go.wait(30)
        return RatesError("visits.left_at")

    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(parts.admission_rates.get, hour, slow, keep=lambda kept: kept == hour - 1)
        assert begun.wait(10)
        found = expected_admissions(parts, record_at(parts, NOW + HOUR), [])
        go.set()
        assert isinstance(counting.result(10), RatesError)
    assert found.counted == before["on_its_way"]["counted"]
    with pytest.raises(RatesError):
        expected_admissions(parts, record_at(parts, NOW + HOUR), [])


def exceedance(probability: float | None = 0.2, **more: Any) -> Exceedance:
    """One of a unit with 28 beds."""
    values: dict[str, Any] = {
        "unit": "U1",
        "horizon_hours": 24.0,
        "target_at": START,
        "staffed": 28.0,
        "p10": 20.0,
        "p50": 24.0,
        "p90": 31.0,
        "probability": probability,
        "calibrated": True,
        "trust": "trusted",
        "prediction_id": "x",
    }
    return Exceedance(**{**values, **more})


def moved(one: Exceedance, beds: float) -> float | None:
    """Its probability where so many more are expected than usual."""
    way = OnItsWay(missing=(), expected=beds, usual=0.0, units={"U1": beds}, usual_units={"U1": 0.0})
    found = with_those_present([one], way)[0].with_those_present
    assert found is not None
    return found.probability


def test_a_probability_is_moved_along_its_own_distribution() -> None:
    """As it was without any, rising with each, never outside 0 to 1; at the median it is a half."""
    assert moved(exceedance(), 0.0) == pytest.approx(0.2)
    assert moved(exceedance(), 4.5) == pytest.approx(0.5)
    assert moved(exceedance(), 8.5) == pytest.approx(0.9)
    values = [moved(exceedance(), b / 4) for b in range(-120, 121)]
    assert all(v is not None and 0.0 <= v <= 1.0 for v in values)
    assert values == sorted(values, key=lambda v: v or 0.0)
    assert moved(exceedance(None, staffed=None), 3.0) is None
    for certain in (0.0, 1.0):
        assert moved(exceedance(certain), 0.0) == certain


def test_groups_are_in_the_answer(tmp_path: Path) -> None:
    """Each at each horizon."""
    _, answer = tension(tmp_path / "home")
    assert {g["group"] for g in answer["groups"]} == {"medicine", "surgery", "critical"}
    medicine = [g for g in answer["groups"] if g["group"] == "medicine"]
    assert {g["horizon_hours"] for g in medicine} == {4.0, 8.0, 24.0, 72.0}
    assert all(g["probability"] is None and g["not_computable"] for g in medicine)
