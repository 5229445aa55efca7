"""A level that is called by how probably patients will board: what the recommendation and its page say of it."""

import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hospital.times import moment
from serving.releases.releases_in_use import Releases
from tests.centre.recommendations.situations import LEVELS, Hospital
from tests.support.judged_beds import BEDS, release
from tests.support.serving_fakes import NOW, FakeReleases

BOARDS = LEVELS.replace(
    'indicator = "beds_needed_above_staffed", side = "above", threshold = 0',
    'indicator = "boarders", side = "above", threshold = 2',
)


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    """Two patients board, and more than two are probable."""
    made = Hospital(tmp_path, monkeypatch)
    (tmp_path / "levels.toml").write_text(BOARDS, "utf-8")
    made.parts.releases = Releases(FakeReleases({"bed-demand": release()}))
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
    assert page.count('<tr><th scope="row">') >= 6
    assert re.findall(r"<td>[+−][\d.,]+ (?:lits?|beds?)</td>", page) == []  # log odds are no beds
    pilotage = hospital.get(f"/pilotage?language={language}").text
    assert re.search(r'class="triage boards"', pilotage)
