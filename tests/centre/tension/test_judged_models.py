"""Models of admissions and of boarding in GET /v1/tension: they answer where the check found them better."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hospital.admissions.inputs import INPUTS
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.judged_tension import JudgedTension
from serving.releases.releases_in_use import Releases
from tests.support.judged_beds import BEDS, JUDGED, release
from tests.support.present_patients import ago, now, past
from tests.support.serving_fakes import FakeReleases, InProcess, loaded, make_parts

VISITS = past() + now("2", 4, arrival_mode="ambulance") + now("5", 6)


def answered(home: Path, served: LoadedModel, visits: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What is answered after the visits."""
    parts, tokens = make_parts(home)
    parts.releases = Releases(FakeReleases({"bed-demand": served}))
    parts.releases.refresh()
    forecaster: Any = parts.forecaster
    plain = forecaster.bed_demand
    forecaster.bed_demand = lambda *asked: [replace(f, distribution=BEDS) for f in plain(*asked)]
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    rows = {"visits": VISITS if visits is None else visits}
    assert client.request("POST", "/v1/observations", json=rows, headers=headers).status_code == 200
    response = client.get("/v1/tension", headers=headers)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def probability(odds: float) -> float:
    """Of log odds."""
    return 1 / (1 + math.exp(-odds))


def test_the_model_says_who_is_admitted_and_its_sum_is_exact(tmp_path: Path) -> None:
    """By hand: four of triage 2 by ambulance, six of triage 5, all of fifty years."""
    way = answered(tmp_path / "home", release())["on_its_way"]
    by_hand = 4 * probability(-1 + 1.5 + 0.25 + 0.5) + 6 * probability(-1 - 1 + 0.25)
    assert (way["source"], way["present"], way["missing"]) == ("model", 10, [])
    assert way["expected"] == pytest.approx(by_hand)
    assert sum(way["contributions"].values()) == pytest.approx(way["expected"], abs=1e-9)
    assert set(way["contributions"]) == {"everybody", *INPUTS}
    assert way["contributions"]["everybody"] == pytest.approx(10 * probability(-1))
    assert way["contributions"]["arrival_mode"] > 0
    assert way["contributions"]["reason"] == pytest.approx(0, abs=1e-12)
    assert way["usual"] == 2.5
    assert way["units"] == {"U1": pytest.approx(0.75 * by_hand), "U2": pytest.approx(0.25 * by_hand)}
    assert (way["counted"], way["expected_before"], way["happened_before"]) == (5000, 310.5, 300)


@pytest.mark.parametrize("why", ["not better", "stopped", "no model"])
def test_rates_answer_where_the_model_may_not(tmp_path: Path, why: str) -> None:
    """It was not shown to be better; a person stopped the release; the package is one of before."""
    served = release(replace(JUDGED, admission=False)) if why == "not better" else release()
    if why == "stopped":
        served = replace(served, halted=True)
    if why == "no model":
        engine: Any = SimpleNamespace(admissions=None, boarding=None, group_totals={}, exceedances=None)
        served = replace(served, engine=engine)
    parts, tokens = make_parts(tmp_path / "home")
    source = FakeReleases({"bed-demand": served})
    source.stops = {"bed-demand"} if why == "stopped" else set()
    parts.releases = Releases(source)
    parts.releases.refresh()
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    assert (
        client.request("POST", "/v1/observations", json={"visits": VISITS}, headers=headers).status_code
        == 200
    )
    way = client.get("/v1/tension", headers=headers).json()["on_its_way"]
    assert way["source"] == "rates"
    assert set(way["contributions"]) == {"everybody", "triage", "age", "hour"}


def test_boarding_is_answered_with_reasons_that_add_up(tmp_path: Path) -> None:
    """Log odds are base and effects; what was not shown to be worth it is said to be uncalibrated."""
    boards = now("2", 3, bed_requested_at=ago(0.5), reason="pain")
    answer = answered(tmp_path / "home", release(), VISITS + boards)["boarding"]
    assert (answer["threshold"], answer["missing"]) == (2.0, [])
    assert [(h["horizon_hours"], h["calibrated"]) for h in answer["horizons"]] == [(4.0, True), (24.0, False)]
    for one in answer["horizons"]:
        total = one["base"] + sum(c["effect"] for c in one["contributions"])
        assert one["probability"] == pytest.approx(probability(total), abs=1e-12)
        given = {c["input"]: (c["value"], c["usual"]) for c in one["contributions"]}
        assert given["shortage"][0] > 0
        assert given["boarders"] == (3.0, 2.0)
        assert given["present"] == (13.0, 20.0)
        assert given["hour"][1] is None


def test_what_boarding_lacks_is_named(tmp_path: Path) -> None:
    """Nobody notes bed requests; or the release has not learned it."""
    without = [
        {k: v for k, v in row.items() if k not in ("bed_requested_at", "destination_unit")} for row in VISITS
    ]
    answer = answered(tmp_path / "home", release(), without)["boarding"]
    assert (answer["horizons"], answer["missing"]) == ([], ["visits.bed_requested_at"])
    answer = answered(tmp_path / "other", loaded("bed-demand"))["boarding"]
    assert (answer["threshold"], answer["missing"]) == (None, ["no_model_of_boarding"])


def test_a_report_says_what_may_answer() -> None:
    """One of a Vigie that judged neither lets neither answer."""
    admission = {"in_scope": True, "announced": 0.25, "n": 400, "admitted": 90}
    rows = [{"horizon_hours": 4.0, "in_scope": True}, {"horizon_hours": 8.0, "in_scope": False}]
    found = JudgedTension.of({"admission": admission, "boarding": rows})
    assert found == JudgedTension(True, 100.0, 90, frozenset({4.0}))
    assert JudgedTension.of({}) == JudgedTension()
    assert JudgedTension.of({"admission": None, "boarding": rows}).boarding == frozenset({4.0})
