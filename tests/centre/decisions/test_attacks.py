"""What people might try around the flow of decisions: nothing of it decides, and nothing gives a seeded one away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hospital.times import moment
from registry.record.database import writing
from registry.record.tokens import create_token
from tests.centre.decisions.policy_texts import policy_text
from tests.centre.recommendations.situations import Hospital, Picks, protocol_text

ON = "[oversight]\nenabled = true\nannounced_on = 2025-11-01\nseed = 1\n"
INVISIBLE = ("\u200b", "\u2060\u2060", "\u00a0 \u3000", "\u3164", "…", "-", "\ufeff")


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """U3 is expected to need more beds than have staff."""
    return Hospital(quick_path)


def only(hospital: Hospital, who: str = "operator") -> str:
    """The id of the one recommendation of U3."""
    (one,) = [r for r in hospital.listed(who=who) if r["unit"] == "U3"]
    return str(one["recommendation_id"])


def acts(hospital: Hospital, kind: str) -> int:
    """How often an act is stored."""
    query = text("SELECT count(*) FROM recommendation_acts WHERE act = :kind")
    with hospital.parts.engine.connect() as connection:
        return int(connection.execute(query, {"kind": kind}).scalar_one())


def token(hospital: Hospital, name: str, identity: str, roles: tuple[str, ...] = ("operator",)) -> None:
    """A token of somebody."""
    with writing(hospital.parts.engine) as connection:
        hospital.tokens[name] = create_token(connection, identity, list(roles), now=datetime.now(UTC))


@pytest.mark.parametrize("blank", INVISIBLE)
def test_a_reason_that_nobody_can_read_is_none(hospital: Hospital, blank: str) -> None:
    """Nor is what was done instead, over HTTP or by the form."""
    found = only(hospital)
    assert hospital.decide(found, "reject", reason=blank).status_code == 422
    assert hospital.decide(found, "override", instead=blank).status_code == 422
    form = {"decision": "reject", "reason_code": "known_better", "reason": blank, "request_key": "a" * 32}
    assert hospital.form(f"/decide/{found}", **form).status_code == 422
    assert acts(hospital, "answered") == 0


def test_of_two_who_decide_at_once_one_decides(hospital: Hospital) -> None:
    """The other reads that somebody did; one answer is stored."""
    found = only(hospital)
    with ThreadPoolExecutor(6) as pool:
        sent = [
            pool.submit(hospital.decide, found, kind, who)
            for kind in ("accept", "reject", "override")
            for who in ("operator", "admin")
        ]
        answers = [one.result(60) for one in sent]
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"decided_already"}
    assert acts(hospital, "answered") == 1


@pytest.mark.parametrize("change", ["replaced", "withdrawn"])
def test_a_step_of_a_protocol_that_is_not_in_use_any_more_is_not_accepted(
    hospital: Hospital, change: str
) -> None:
    """What was shown was another; it may be rejected, or something else be done."""
    found = only(hospital)
    if change == "replaced":
        hospital.put_in_use(protocol_text(2))
    else:
        hospital.withdraw()
    refused = hospital.decide(found)
    assert (refused.status_code, refused.json()["code"]) == (409, "protocol_replaced")
    form = {"decision": "accept", "reason_code": "known_better", "reason": "seen", "request_key": "a" * 32}
    page = hospital.form(f"/decide/{found}", **form, language="fr")
    assert page.status_code == 409
    assert "a été remplacé ou retiré" in page.text
    assert acts(hospital, "answered") == 0
    assert hospital.decide(found, "reject").status_code == 201


def test_a_protocol_that_is_replaced_between_answer_and_signature_is_not_signed(quick_path: Path) -> None:
    """The second person may decline."""
    hospital = Hospital(quick_path, four_eyes='"tense"')
    found = only(hospital)
    assert hospital.decide(found).json()["state"] == "awaiting_signature"
    hospital.put_in_use(protocol_text(2))
    assert hospital.decide(found, "sign", "admin").json()["code"] == "protocol_replaced"
    assert hospital.decide(found, "decline", "admin").json()["state"] == "proposed"


def test_who_is_renamed_between_answer_and_signature_is_one_pair_of_eyes(quick_path: Path) -> None:
    """By either of the person's tokens: the policy's name is no second person."""
    hospital = Hospital(quick_path, four_eyes='"tense"')
    found = only(hospital)
    token(hospital, "phone", "phone of A")
    assert hospital.decide(found).json()["state"] == "awaiting_signature"
    renamed = policy_text(four_eyes='"tense"').replace('"Head nurse A"', '"Nurse manager A"')
    (hospital.home / "decisions.toml").write_text(renamed, "utf-8")
    for who in ("operator", "phone"):
        refused = hospital.decide(found, "sign", who)
        assert (refused.status_code, refused.json()["code"]) == (409, "same_person")
    assert hospital.decide(found, "sign", "admin").json()["state"] == "accepted"


def test_the_same_words_with_the_same_key_on_another_one_are_not_said_to_be_written(quick_path: Path) -> None:
    """A key stands for what is asked with the address that it is asked of: nobody believes that both are decided."""
    hospital = Hospital(quick_path)
    hospital.put_in_use(protocol_text(name="call-back"))
    one, other = (str(r["recommendation_id"]) for r in hospital.listed() if r["unit"] == "U3")
    assert hospital.decide(one, key="a-key-of-mine").status_code == 201
    again = hospital.decide(other, key="a-key-of-mine")
    assert (again.status_code, again.json()["code"]) == (422, "key_of_another_request")
    assert acts(hospital, "answered") == 1


def test_an_answer_that_comes_late_decides_nothing(hospital: Hospital) -> None:
    """Not a minute after its time, and not by whoever signs."""
    found = only(hospital)
    hospital.later(60.02)
    for kind in ("accept", "reject", "override", "sign", "decline"):
        refused = hospital.decide(found, kind)
        assert (refused.status_code, refused.json()["code"]) in ((409, "nobody_decided"), (409, "too_late"))
    assert acts(hospital, "answered") == 0


@pytest.fixture
def tested(quick_path: Path) -> Hospital:
    """A hospital in which a recommendation for U1 is seeded for Head nurse A, beside the real one for U3."""
    hospital = Hospital(quick_path, more=ON)
    hospital.parts.chance = Picks
    at = (moment(hospital.parts.clock.now()) - timedelta(minutes=5)).isoformat()
    row = {"unit": "U1", "at": at, "occupied": 10, "waiting": 0, "staffed": 28}
    assert hospital.send("/v1/observations", {"census": [row]}).status_code == 200
    return hospital


def both(hospital: Hospital, who: str = "operator") -> dict[str, dict[str, Any]]:
    """What somebody is shown, by unit."""
    return {r["unit"]: r for r in hospital.listed(who=who)}


def test_an_outcome_does_not_tell_a_seeded_one_from_a_real_one(tested: Hospital) -> None:
    """Both are answered alike while they wait."""
    answers = [
        tested.send(
            f"/v1/recommendations/{one['recommendation_id']}/outcomes", {"right": True, "reason": "x"}
        )
        for one in both(tested).values()
    ]
    assert len(answers) == 2
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(409, "not_decided")}


def test_a_seeded_one_is_repeated_as_a_real_one_is(tested: Hospital) -> None:
    """Look by look."""
    assert {r["repeats"] for r in both(tested).values()} == {0}
    for looks in (1, 2):
        tested.later(16)
        shown = both(tested)
        assert set(shown) == {"U1", "U3"}
        assert {r["repeats"] for r in shown.values()} == {looks}


def test_a_seeded_one_is_on_each_device_of_the_person_and_on_nobody_else_s(tested: Hospital) -> None:
    """One that is missing on the phone would give itself away; it is decided there, too."""
    token(tested, "phone", "phone of A")
    assert set(both(tested)) == set(both(tested, "phone")) == {"U1", "U3"}
    assert set(both(tested, "admin")) == {"U3"}
    wrong = both(tested)["U1"]["recommendation_id"]
    path = f"/v1/recommendations/{wrong}"
    assert [tested.get(path, who).status_code for who in ("operator", "phone", "admin", "board")] == [
        200,
        200,
        404,
        404,
    ]
    assert tested.decide(wrong, who="admin").status_code == 404
    revealed = tested.decide(wrong, "reject", "phone").json()
    assert (revealed["state"], revealed["was_test"]) == ("rejected", True)
    assert tested.get("/v1/decisions", "board").json()["on_recommendations"] == []


def test_the_fields_of_a_seeded_one_are_those_of_a_real_one(tested: Hospital) -> None:
    """By name and kind, on a page and over HTTP; ids are of one kind."""
    seeded, real = both(tested)["U1"], both(tested)["U3"]
    assert {n: type(v) for n, v in seeded.items()} == {n: type(v) for n, v in real.items()}
    assert len(seeded["recommendation_id"]) == len(real["recommendation_id"])
    assert (seeded["was_test"], real["was_test"]) == (False, False)
    page = tested.get(f"/decide/{seeded['recommendation_id']}?language=en").text
    assert 'id="test"' not in page
