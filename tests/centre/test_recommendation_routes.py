"""Recommendations over HTTP: what each says, who may decide, what comes of it, and what the journal holds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.record.database import writing
from registry.record.journal import entries
from registry.record.tokens import create_token
from serving.interface.recommendations.audit import edited
from tests.centre.decisions.policy_texts import policy_text, registered_text
from tests.centre.recommendations.situations import Hospital, protocol_text
from tests.support.serving_fakes import CASES


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """U3 is expected to need more beds than have staff within 4 hours, U1 in 72 hours at most."""
    return Hospital(quick_path)


def only(hospital: Hospital) -> str:
    """The id of the one recommendation."""
    (one,) = hospital.listed()
    return str(one["recommendation_id"])


def actions(hospital: Hospital) -> list[tuple[str, str]]:
    """(actor, action) of every entry about recommendations."""
    with hospital.parts.engine.connect() as connection:
        found = list(entries(connection))
    return [(e.actor, e.action) for e in found if "recommend" in e.action]


def test_a_recommendation_says_what_how_sure_why_which_step_until_when_and_by_whom(
    hospital: Hospital,
) -> None:
    """Its contributions add up to what is expected."""
    (one,) = hospital.listed()
    assert (one["unit"], one["level"], one["reached_now"], one["state"]) == ("U3", "tense", False, "proposed")
    expected = one["expected"]
    assert expected["horizon_hours"] == 4.0
    assert 0.3 <= expected["probability"] <= 1
    why = expected["explanation"]
    parts = [c["contribution"] for c in why["contributions"] + why["adjustments"]]
    assert why["base"] + sum(parts) + why["other"] == pytest.approx(expected["beds"]["p50"], abs=1e-9)
    assert (one["protocol"], one["protocol_version"], one["step_number"], one["steps"]) == (
        "reserve-beds",
        1,
        1,
        2,
    )
    assert one["role"] == one["step"]["role"] == "Cadre de garde"
    minutes = (
        datetime.fromisoformat(one["decide_by"]) - datetime.fromisoformat(one["proposed_at"])
    ).total_seconds() / 60
    assert minutes == 60
    assert one["acting_changes"] is None
    assert one["was_test"] is False
    assert hospital.get(f"/v1/predictions/{expected['prediction_id']}").status_code == 200


def test_steps_follow_each_other_and_the_second_needs_four_eyes(hospital: Hospital) -> None:
    """A step that was accepted calls the next; who answered cannot sign, by no token of theirs."""
    first = hospital.decide(only(hospital))
    assert first.status_code == 201, first.text
    assert first.json()["state"] == "accepted"
    decision = first.json()["decision"]
    assert (decision["decided_by"], decision["signed_by"]) == ("Head nurse A", None)
    assert hospital.listed() == []
    hospital.later(16)
    (second,) = hospital.listed()
    assert (second["step_number"], second["two_people"]) == (2, True)
    answered = hospital.decide(second["recommendation_id"], "override", reason_code="known_better")
    assert (answered.json()["state"], answered.json()["waits_for"]) == ("awaiting_signature", "Head nurse A")
    assert answered.json()["decision"] is None
    with writing(hospital.parts.engine) as connection:
        hospital.tokens["phone"] = create_token(connection, "phone of A", ["operator"], now=datetime.now(UTC))
    for who in ("operator", "phone"):
        refused = hospital.decide(second["recommendation_id"], "sign", who)
        assert (refused.status_code, refused.json()["code"]) == (409, "same_person")
    signed = hospital.decide(second["recommendation_id"], "sign", "admin").json()
    assert (signed["state"], signed["decision"]["signed_by"]) == ("overridden", "Head nurse B")
    assert signed["decision"]["instead"] == "Two beds of the day clinic"
    assert signed["decision"]["reason_code"] == "known_better"
    assert actions(hospital) == [
        ("vigie", "recommend"),
        ("the operator", "recommendation answered"),
        ("vigie", "recommend"),
        ("the operator", "recommendation answered"),
        ("the admin", "recommendation signed"),
    ]


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("application", 403, "role_missing"),
        ("board", 403, "role_missing"),
        ("machine", 403, "not_a_person"),
        ("stranger", 403, "not_entitled"),
        ("other unit", 403, "other_unit"),
    ],
)
def test_who_may_not_decide_changes_nothing(hospital: Hospital, who: str, status: int, code: str) -> None:
    """An application, whatever else its token is; a person of another unit; who is not named."""
    found = only(hospital)
    more = {
        "machine": ("bed board", ["application", "operator"]),
        "stranger": ("a stranger", ["operator"]),
        "other unit": ("Head nurse C", ["operator"]),
    }
    if who in more:
        with writing(hospital.parts.engine) as connection:
            name, roles = more[who]
            hospital.tokens[who] = create_token(connection, name, roles, now=datetime.now(UTC))
    refused = hospital.decide(found, who=who)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert hospital.listed()[0]["state"] == "proposed"
    assert actions(hospital) == [("vigie", "recommend")]


def test_a_lapsed_training_cannot_decide(quick_path: Path) -> None:
    """Nor sign what another answered."""
    hospital = Hospital(quick_path, until="2025-11-02", four_eyes='"tense"')
    found = only(hospital)
    assert hospital.decide(found).json()["code"] == "training_lapsed"
    assert hospital.decide(found, who="admin").json()["state"] == "awaiting_signature"
    assert hospital.decide(found, "sign").json()["code"] == "training_lapsed"
    assert hospital.listed()[0]["state"] == "awaiting_signature"


def test_a_training_in_the_skill_register_lapses(quick_path: Path) -> None:
    """The register is read at each decision: what lapsed or was taken out of it decides no more."""
    hospital = Hospital(quick_path)
    (quick_path / "decisions.toml").write_text(registered_text(), "utf-8")
    found, skills = only(hospital), hospital.parts.settings.skills
    skills.mkdir(parents=True)
    held = "person,skill,until,home_unit\np-17,crisis-lead,{},U1\n"
    (skills / "held.csv").write_text(held.format("2025-11-02"), "utf-8")
    assert hospital.decide(found).json()["code"] == "training_lapsed"
    assert "est échue" in hospital.get(f"/decide/{found}").text
    (skills / "held.csv").write_text(held.format("2035-11-02"), "utf-8")
    assert "est échue" not in hospital.get(f"/decide/{found}").text
    assert hospital.decide(found).json()["state"] == "accepted"


def test_what_nobody_decides_expires_and_is_nobody_s_decision(hospital: Hospital) -> None:
    """An answer that nobody signed in time is none; what is over cannot be decided."""
    found = only(hospital)
    hospital.later(61)
    again = hospital.listed("?state=all")
    old = next(r for r in again if r["recommendation_id"] == found)
    assert (old["state"], old["expired_because"], old["decision"]) == ("expired", "time_passed", None)
    late = hospital.decide(found)
    assert (late.status_code, late.json()["code"]) == (409, "nobody_decided")
    assert ("vigie", "recommendation expired") in actions(hospital)


def test_what_clears_itself_expires_and_repeats_merge(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call again is counted and shown once."""
    only(hospital)
    hospital.later(16)
    (one,) = hospital.listed()
    assert one["repeats"] == 1
    monkeypatch.setitem(CASES, "U3", (10.0, 30.0))
    hospital.later(16)
    assert hospital.listed() == []
    (over,) = hospital.listed("?state=closed")
    assert (over["state"], over["expired_because"]) == ("expired", "cleared")


def test_a_request_that_is_sent_twice_decides_once(hospital: Hospital) -> None:
    """With its key it is answered again; the key of another decision is refused."""
    found = only(hospital)
    first = hospital.decide(found, key="a-key-of-mine")
    second = hospital.decide(found, key="a-key-of-mine")
    assert (second.status_code, second.headers["idempotency-replayed"]) == (201, "true")
    assert second.json() == first.json()
    other = hospital.decide(found, "reject", key="a-key-of-mine")
    assert (other.status_code, other.json()["code"]) == (422, "key_of_another_request")
    assert sum(a == "recommendation answered" for _, a in actions(hospital)) == 1


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"decision", "reason_code", "reason"}),
        ({"decision": "override", "reason_code": "known_better", "reason": " "}, {"reason", "instead"}),
        ({"decision": "accept", "reason_code": "x", "reason": "a", "instead": "b"}, {"instead"}),
        ({"decision": "accept", "reason_code": "no_such", "reason": "a"}, {"reason_code"}),
        ({"decision": "expire", "reason_code": "x", "reason": "a"}, {"decision"}),
        ({"decision": "accept", "reason_code": "x", "reason": "a", "who": "b"}, {"who"}),
        ([], {""}),
    ],
)
def test_every_fault_of_a_decision_at_once(hospital: Hospital, body: object, paths: set[str]) -> None:
    """Nothing is decided by it."""
    found = only(hospital)
    refused = hospital.send(f"/v1/recommendations/{found}/decisions", body)
    assert refused.status_code == 422, refused.text
    assert {f["path"] for f in refused.json()["errors"]} >= paths - {"who"}
    assert hospital.listed()[0]["state"] == "proposed"


def test_without_a_sound_policy_nothing_is_recommended_and_nobody_decides(hospital: Hospital) -> None:
    """What stands stays until its time is over; faults are said by path."""
    found = only(hospital)
    file = hospital.home / "decisions.toml"
    file.write_text("version = 0")
    answer = hospital.get("/v1/recommendations").json()
    assert answer["policy_version"] is None
    assert {"path": "version", "code": "below"} in answer["faults"]
    assert [r["recommendation_id"] for r in answer["recommendations"]] == [found]
    assert hospital.decide(found).json()["code"] == "no_decision_policy"
    file.unlink()
    assert hospital.decide(found).json()["code"] == "no_decision_policy"
    file.write_text(policy_text())
    assert hospital.decide(found).status_code == 201


def test_the_most_of_a_shift_is_kept_and_what_is_held_back_is_said(quick_path: Path) -> None:
    """Two protocols and room for one."""
    hospital = Hospital(quick_path, most=1)
    hospital.put_in_use(protocol_text(units='["*"]', name="call-back"))
    answer = hospital.get("/v1/recommendations").json()
    assert (len(answer["recommendations"]), answer["held_back"]) == (1, 1)


def test_edited_rows_show_against_the_journal(hospital: Hospital) -> None:
    """A decision that is written anew, taken away or added without an entry."""
    hospital.decide(only(hospital), "reject")
    with hospital.parts.engine.connect() as connection:
        assert edited(connection) == []
    changes = (
        "UPDATE recommendation_acts SET content = replace(content, 'rejected', 'accepted')",
        "UPDATE recommendation_acts SET journal_seq = 9999 WHERE act = 'answered'",
        "DELETE FROM recommendation_acts WHERE act = 'answered'",
    )
    for change in changes:
        with hospital.parts.engine.connect() as connection:
            connection.execute(text(change))
            assert len(edited(connection)) >= 1
            connection.rollback()
