"""A level that is called by how probably patients will board: what the recommendation and its page say of it."""

import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hospital.times import moment
from serving.messages.judged_tension import JudgedTension
from serving.releases.releases_in_use import Releases
from tests.centre.recommendations.situations import LEVELS, Hospital
from tests.support.judged_beds import BEDS, JUDGED, release
from tests.support.serving_fakes import NOW, FakeReleases

BOARDS = LEVELS.replace(
    'indicator = "beds_needed_above_staffed", side = "above", threshold = 0',
    'indicator = "boarders", side = "above", threshold = 2',
)


@pytest.fixture
def hospital(request: pytest.FixtureRequest, tmp_path: Path) -> Hospital:
    """Two patients board, and more than two are probable; the parameter: what the check found of it."""
    made = Hospital(tmp_path)
    (tmp_path / "levels.toml").write_text(BOARDS, "utf-8")
    made.parts.releases = Releases(FakeReleases({"bed-demand": release(getattr(request, "param", JUDGED))}))
    made.parts.releases.refresh()
    forecaster: Any = made.parts.forecaster
    plain = forecaster.bed_demand
    forecaster.bed_demand = lambda *asked: [replace(f, distribution=BEDS) for f in plain(*asked)]
    asked = (moment(NOW) - timedelta(minutes=30)).isoformat()
    gone = {"left_at": asked, "disposition": "home"}
    rows = [
        {"visit_id": "b1", "arrived_at": asked, "bed_requested_at": asked},
        {"visit_id": "b2", "arrived_at": asked, "bed_requested_at": asked},
        {"visit_id": "h1", "arrived_at": asked, **gone},
    ]
    assert made.send("/v1/observations", {"visits": rows}).status_code == 200
    return made


def test_the_recommendation_says_what_calls_it_and_why(hospital: Hospital) -> None:
    """No bed forecast in its place: its own probability, with effects that add up; decided before the target."""
    answer = hospital.get("/v1/recommendations").json()["recommendations"]
    one = next(r for r in answer if r["level"] == "tense")
    assert (one["reached_now"], one["expected"], one["boarding"]["threshold"]) == (False, None, 2.0)
    boarding = one["boarding"]
    assert (boarding["horizon_hours"], boarding["calibrated"]) == (4.0, True)
    odds = boarding["base"] + sum(c["effect"] for c in boarding["contributions"])
    assert boarding["probability"] == pytest.approx(1 / (1 + math.exp(-odds)))
    assert one["decide_by"] <= boarding["target_at"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "risque que plus de 2 patients attendent un lit"), ("en", "risk that more than 2 patients wait")],
)
def test_the_pages_say_it(hospital: Hospital, language: str, said: str) -> None:
    """The list and the recommendation itself, with its table of effects."""
    one = hospital.get("/v1/recommendations").json()["recommendations"][0]
    for path in ("/decide", f"/decide/{one['recommendation_id']}"):
        page = re.sub(r"\s", " ", hospital.get(f"{path}?language={language}").text)
        assert said in page
        assert '<svg class="picture"' not in page, "beds are not what calls it"
    assert page.count('<tr><th scope="row">') >= 6
    assert re.findall(r"<td>[+−][\d.,]+ (?:lits?|beds?)</td>", page) == []  # log odds are no beds
    pilotage = hospital.get(f"/pilotage?language={language}").text
    assert re.search(r'class="triage boards"', pilotage)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pilotage_shows_a_proven_risk_with_its_effects_and_no_other(
    hospital: Hospital, language: str
) -> None:
    """At 4 hours its gain is established: the percentage, and what adds up to it; at 24 hours only that it is not."""
    near, far = hospital.get("/v1/tension").json()["boarding"]["horizons"]
    assert (near["calibrated"], far["calibrated"]) == (True, False)
    page = re.sub(r"\s", " ", hospital.get(f"/pilotage?language={language}").text)
    tile = page.split('class="triage boards"')[1].split("</div>")[0]
    assert re.findall(r"(\d+) ?%", tile) == [f"{100 * near['probability']:.0f}"]
    assert tile.count({"fr": "non montré<", "en": "not shown<"}[language]) == 1
    table = page.split('<details id="boards">')[1].split("</details>")[0]
    assert re.findall(r'<th scope="col">([^<]*)', table) == [{"fr": "dans 4 h", "en": "in 4 h"}[language]]
    cells = re.findall(r"<td>(?:<strong>)?([^<]*)", table)
    *odds, risk = [c.replace("−", "-").replace(",", ".").strip() for c in cells if c.strip()]
    base, *effects, total = map(float, odds)
    assert len(effects) == len(near["contributions"])
    assert base == pytest.approx(near["base"], abs=0.006)
    assert effects == pytest.approx([c["effect"] for c in near["contributions"]], abs=0.006)
    assert total == pytest.approx(math.log(near["probability"] / (1 - near["probability"])), abs=0.006)
    assert risk.rstrip("% ") == f"{100 * near['probability']:.0f}"


@pytest.mark.parametrize("hospital", [JudgedTension(True, 310.5, 300, frozenset())], indirect=True)
def test_nothing_that_is_not_proven_has_a_table(hospital: Hospital) -> None:
    """Where no horizon's gain is established, no percentage and no effects stand on the page."""
    page = hospital.get("/pilotage?language=fr").text
    assert "%" not in page.split('class="triage boards"')[1].split("</div>")[0]
    assert '<details id="boards">' not in page


def test_a_rejection_is_held_against_who_boarded(hospital: Hospital) -> None:
    """A day after the target: two still waited, as many as the threshold, so that rejecting proved right."""
    one = next(r for r in hospital.listed() if r["level"] == "tense")
    assert hospital.decide(one["recommendation_id"], "reject").status_code == 201
    hospital.later(60 * 24 * 2)
    hospital.listed()
    found = hospital.get("/v1/decisions").json()["on_recommendations"]
    measured = next(d for d in found if d["recommendation_id"] == one["recommendation_id"])["measured"]
    assert (measured["boarders"], measured["threshold"], measured["needed"]) == (2, 2.0, None)
    assert (measured["exceeded"], measured["right"]) == (False, True)
    _is_counted_as_boarding(hospital)
    history = re.sub(r"\s", " ", hospital.get("/history?language=fr").text)
    assert history.count("Patients qui attendent un lit aux urgences</th>") == 1
    assert "mesuré : 2 en attente d’un lit, pour un seuil de 2" in history


def _is_counted_as_boarding(hospital: Hospital) -> None:
    """A row of its own beside the card; alarm fatigue is the hospital's, and not that of the units it is applied in."""
    found = hospital.get("/v1/models/bed-demand/overrides", "board").json()
    assert [(r["group"], r["unit"], r["overruled"], r["right"]) for r in found["reasons"]] == [
        ("*", "*boarding", 1, 1)
    ]
    assert found["groups"] == []
    fatigue = hospital.get("/v1/recommendations/figures", "board").json()["fatigue"]
    assert {(f["unit"], f["level"]) for f in fatigue} == {("*", "tense")}


def test_where_it_is_reached_already_boarding_stands_beside_it_and_no_bed_forecast(
    hospital: Hospital,
) -> None:
    """A third patient waits: the level is there, and the nearest proven probability says whether it lasts."""
    asked = (moment(NOW) - timedelta(minutes=10)).isoformat()
    third = {"visit_id": "b3", "arrived_at": asked, "bed_requested_at": asked}
    assert hospital.send("/v1/observations", {"visits": [third]}).status_code == 200
    one = next(r for r in hospital.listed() if r["level"] == "tense")
    assert (one["reached_now"], one["expected"]) == (True, None)
    assert [e["indicator"] for e in one["evidence"]] == ["boarders"]
    assert (one["boarding"]["horizon_hours"], one["boarding"]["calibrated"]) == (4.0, True)
    page = re.sub(r"\s", " ", hospital.get(f"/decide/{one['recommendation_id']}?language=fr").text)
    assert "Le niveau est atteint maintenant." in page
    assert "besoin médian" not in page


@pytest.mark.parametrize("hospital", [JudgedTension(True, 310.5, 300, frozenset())], indirect=True)
def test_what_is_not_proven_stands_beside_no_recommendation(hospital: Hospital) -> None:
    """It is reached, and nothing of boarding ahead is known well enough to be shown."""
    asked = (moment(NOW) - timedelta(minutes=10)).isoformat()
    third = {"visit_id": "b3", "arrived_at": asked, "bed_requested_at": asked}
    assert hospital.send("/v1/observations", {"visits": [third]}).status_code == 200
    one = next(r for r in hospital.listed() if r["level"] == "tense")
    assert (one["reached_now"], one["expected"], one["boarding"]) == (True, None, None)
    assert hospital.get(f"/decide/{one['recommendation_id']}").status_code == 200
