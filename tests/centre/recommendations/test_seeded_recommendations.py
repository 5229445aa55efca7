"""Seeded wrong recommendations: by every rule, distinct for ever, and in no figure of what is real."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from centre.webhooks.delivery import deliver
from hospital.times import moment
from registry.cards.tension.tension_proof import TensionProof
from registry.record.journal import entries
from serving.interface.recommendations.share_interval import wilson_interval
from serving.messages.judged_tension import JudgedTension
from serving.releases.releases_in_use import Releases
from tests.centre.recommendations.situations import LEVELS, Hospital, Picks
from tests.support.serving_fakes import CASES, FakeReleases, loaded

ON = "[oversight]\nenabled = true\nannounced_on = 2025-11-01\nseed = 1\n"
HOOK = '[[webhooks]]\nname = "bed-board"\nurl = "http://127.0.0.1:9/hook"\n'
Make = Callable[..., Hospital]


@pytest.fixture
def make(quick_path: Path) -> Make:
    """A hospital in which chance always picks, and U1 alone is known to be calm."""

    def made(oversight: str = ON, **policy: Any) -> Hospital:
        hospital = Hospital(quick_path, more=HOOK + oversight, **policy)
        hospital.parts.chance = Picks
        calm(hospital)
        return hospital

    return made


def calm(hospital: Hospital) -> None:
    """U1 has beds to spare now."""
    at = (moment(hospital.parts.clock.now()) - timedelta(minutes=5)).isoformat()
    row = {"unit": "U1", "at": at, "occupied": 10, "waiting": 0, "staffed": 28}
    assert hospital.send("/v1/observations", {"census": [row]}).status_code == 200


def seeded(hospital: Hospital, who: str = "operator") -> list[dict[str, Any]]:
    """Those that somebody sees for U1, where none is right."""
    return [r for r in hospital.listed("?state=all", who) if r["unit"] == "U1"]


def test_it_is_off_by_default_and_before_it_was_announced(make: Make) -> None:
    """On the day it is announced none is seeded."""
    assert seeded(make("")) == []


@pytest.mark.parametrize(
    "oversight",
    [
        ON.replace("enabled = true", "enabled = false"),
        ON.replace("2025-11-01", "2025-11-03"),
        ON.replace("2025-11-01", "2026-11-03"),
        ON + 'never_at_levels = ["tense"]\n',
    ],
)
def test_where_it_may_not_be_none_is_seeded(make: Make, oversight: str) -> None:
    """Off, announced today or later, or at a level that the hospital leaves out."""
    assert seeded(make(oversight)) == []


def test_never_at_the_gravest_level(make: Make) -> None:
    """A policy of one level has none that could be seeded."""
    hospital = make()
    (hospital.home / "levels.toml").write_text(LEVELS.split('[[levels]]\nname = "crowded"')[0], "utf-8")
    assert seeded(hospital) == []


def test_never_where_a_level_may_be_right(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known now or ahead may be right: nothing is seeded there."""
    monkeypatch.setitem(CASES, "U1", (24.0, None))
    assert seeded(make()) == []


def without_skill(hospital: Hospital, *horizons: float) -> None:
    """A release whose check found skill at these horizons alone."""
    judged = JudgedTension(exceedance=TensionProof(frozenset(horizons)))
    beds = replace(loaded("bed-demand"), judged=judged)
    hospital.parts.releases = Releases(FakeReleases({"bed-demand": beds, "wait-time": None}))


@pytest.mark.parametrize(
    ("horizons", "least", "number"),
    [
        ((72.0,), 0.3, 1),
        ((), 0.3, 0),  # at one horizon at least it must be known not to be expected
        ((72.0,), 0.16, 0),  # without skill it looks expected in four hours: it may be
    ],
)
def test_at_horizons_without_skill_nothing_is_known_to_be_wrong(
    make: Make, monkeypatch: pytest.MonkeyPatch, horizons: tuple[float, ...], least: float, number: int
) -> None:
    """They neither make one nor hinder one, as long as the probability there lies below the policy's."""
    monkeypatch.setitem(CASES, "U1", (26.0, 28.0))
    hospital = make()
    risks = [e["probability"] for e in hospital.get("/v1/tension").json()["units"] if e["unit"] == "U1"]
    assert min(risks) < 0.16 < max(risks) < 0.3
    (hospital.home / "levels.toml").write_text(LEVELS.replace("0.3", str(least)), "utf-8")
    judged = JudgedTension(exceedance=TensionProof(frozenset(horizons)))
    beds = replace(loaded("bed-demand"), judged=judged)
    hospital.parts.releases = Releases(FakeReleases({"bed-demand": beds, "wait-time": None}))
    assert len(seeded(hospital)) == number


def test_one_person_alone_sees_it_and_it_looks_like_any_other(make: Make) -> None:
    """Nobody else's list, page or address has it; its forecast is the real one, which says that it is wrong."""
    hospital = make()
    (one,) = seeded(hospital)
    assert (one["state"], one["was_test"], one["decision"]) == ("proposed", False, None)
    (real,) = [r for r in hospital.listed() if r["unit"] == "U3"]
    assert real.keys() == one.keys()
    assert one["expected"]["probability"] < 0.3
    for who in ("admin", "board", "auditor", "application"):
        assert seeded(hospital, who) == []
        assert hospital.get(f"/v1/recommendations/{one['recommendation_id']}", who).status_code == 404
    for who in ("admin", "board"):
        assert hospital.get(f"/decide/{one['recommendation_id']}", who).status_code == 404
        assert one["recommendation_id"] not in hospital.get("/decide", who).text
    assert one["recommendation_id"] not in hospital.get("/pilotage").text
    assert hospital.decide(one["recommendation_id"], who="admin").status_code == 404


@pytest.mark.parametrize("decision", ["accept", "override", "reject"])
def test_it_is_revealed_the_moment_it_is_answered_and_goes_nowhere(make: Make, decision: str) -> None:
    """On the same page; no second signature is asked for, no webhook sent, no override counted, no step follows."""
    hospital = make(four_eyes='"tense"')
    (one,) = seeded(hospital)
    path = f"/decide/{one['recommendation_id']}"
    assert "test" not in hospital.get(f"{path}?language=en").text.lower().replace("latest", "")
    fields = {"decision": decision, "reason": "x", "reason_code": "known_better", "language": "en"}
    if decision == "override":
        fields["instead"] = "y"
    sent = hospital.form(path, **fields)
    assert sent.status_code == 303
    after = hospital.get(sent.headers["location"]).text
    assert 'id="test"' in after
    assert "This was a test" in after
    (over,) = seeded(hospital)
    assert (over["was_test"], over["state"] in ("accepted", "overridden", "rejected")) == (True, True)
    assert deliver(hospital.parts) == 0
    with hospital.parts.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM webhook_outbox")).scalar() == 0
        kinds = [(e.action, e.subjects.get("seeded")) for e in entries(connection) if "recommend" in e.action]
    assert ("seed recommendation", None) in kinds
    assert ("recommendation answered", "yes") in kinds
    shown = hospital.get("/v1/recommendations/figures").json()
    assert (shown["overruled"]["groups"], shown["overruled"]["reasons"]) == ([], [])
    assert {f["unit"] for f in shown["fatigue"]} == {"U3"}
    (rate,) = shown["wrong_accepted"]
    accepted = int(decision == "accept")
    assert (rate["unit"], rate["answered"], rate["accepted"]) == ("U1", 1, accepted)
    assert (rate["low"], rate["high"]) == pytest.approx(wilson_interval(accepted, 1))
    body = {"right": True, "reason": "x"}
    outcome = f"/v1/recommendations/{one['recommendation_id']}/outcomes"
    assert hospital.send(outcome, body).status_code == 404
    hospital.later(16)
    assert [r["recommendation_id"] for r in seeded(hospital)] == [one["recommendation_id"]]


def test_it_is_revealed_when_it_expires(make: Make) -> None:
    """Nobody answered: it is over, and said to have been a test; it counts as neither accepted nor refused."""
    hospital = make()
    (one,) = seeded(hospital)
    assert hospital.get("/v1/recommendations/figures").json()["wrong_accepted"] == []
    hospital.later(61)
    calm(hospital)
    old = next(r for r in seeded(hospital) if r["recommendation_id"] == one["recommendation_id"])
    assert (old["state"], old["expired_because"], old["was_test"]) == ("expired", "time_passed", True)
    assert "This was a test" in hospital.get(f"/decide/{one['recommendation_id']}?language=en").text
    (rate,) = hospital.get("/v1/recommendations/figures").json()["wrong_accepted"]
    assert (rate["answered"], rate["nobody"], rate["rate"]) == (0, 1, None)


def test_a_real_alarm_in_the_unit_withdraws_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same look that the real one is proposed."""
    hospital = make()
    (one,) = seeded(hospital)
    monkeypatch.setitem(CASES, "U1", (31.0, 28.0))
    hospital.later(16)
    found = {r["recommendation_id"]: r for r in seeded(hospital)}
    old = found.pop(one["recommendation_id"])
    assert (old["state"], old["expired_because"], old["was_test"]) == ("expired", "withdrawn", True)
    assert [r["state"] for r in found.values()] == ["proposed"]
    assert hospital.get("/v1/recommendations/figures").json()["wrong_accepted"][0]["nobody"] == 0


def test_at_most_so_many_a_week_for_a_person_and_none_beyond_the_shift_s_number(make: Make) -> None:
    """However often chance picks."""
    hospital = make()
    (one,) = seeded(hospital)
    hospital.decide(one["recommendation_id"], "reject")
    for _ in range(4):
        hospital.later(120)
        calm(hospital)
        assert len(seeded(hospital)) == 1
    full = json.loads(hospital.get("/v1/recommendations").text)
    assert full["held_back"] == 0


def test_a_full_shift_has_no_place_for_one(make: Make) -> None:
    """The policy's number counts what people see."""
    assert seeded(make(most=1)) == []
