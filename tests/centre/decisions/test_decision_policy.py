"""The policy of decisions: every fault at once, and who may decide by it."""

from datetime import date
from pathlib import Path

import pytest

from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file, read_decision_policy
from centre.decisions.entitlement import entitlement, person_of, training_register
from tests.centre.decisions.policy_texts import policy_text, registered_text
from tests.support.repository import ROOT

ROLE, DAY = "Cadre de garde", date(2026, 3, 1)


def test_every_fault_at_once_by_path() -> None:
    """Shape and contradictions together; no value is repeated in them."""
    text = policy_text(
        more="""
[[deciders]]
person = "Head nurse A"
identities = ["the admin"]
roles = []
units = ["U1"]
note = 1

[[webhooks]]
name = "bed-board"
url = "http://beds.hospital.example/hook"

[oversight]
enabled = true
"""
    ).replace('"14:00", "21:00"', '"21:00", "14:00"')
    with pytest.raises(DecisionPolicyError) as refused:
        read_decision_policy(text.encode())
    assert {(f.path, f.code) for f in refused.value.faults} == {
        ("deciders[3].roles", "shorter"),
        ("deciders[3].note", "unknown_key"),
        ("deciders[3].person", "repeated"),
        ("deciders[3].identities", "of_two_people"),
        ("shift_starts", "not_in_order"),
        ("webhooks[0].url", "not_an_address"),
        ("oversight.announced_on", "not_announced"),
    }


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("https://beds.example/hook", True),
        ("http://127.0.0.1:8080/hook", True),
        ("http://beds.example/hook", False),
        ("https://user:secret@beds.example/", False),
        ("https://:secret@beds.example/", False),
        ("https://@beds.example/", False),
        ("https:///hook", False),
        ("file:///etc/passwd", False),
        ("https://beds.example:99999/", False),
        ("https://beds.example/a b", False),
        ("https://beds.example/#x", False),
    ],
)
def test_addresses_of_webhooks(url: str, sound: bool) -> None:
    """Encrypted or on this machine, with nothing secret in them."""
    text = policy_text(more=f'[[webhooks]]\nname = "x"\nurl = "{url}"\n').encode()
    if sound:
        assert read_decision_policy(text).webhooks[0].url == url
        return
    with pytest.raises(DecisionPolicyError, match=r"webhooks\[0\].url: not_an_address"):
        read_decision_policy(text)


@pytest.mark.parametrize(
    ("identity", "roles", "role", "unit", "refusal"),
    [
        ("the operator", {"operator"}, ROLE, "U1", None),
        ("phone of A", {"operator"}, ROLE, "U1", None),
        ("the admin", {"admin"}, ROLE, "*", None),
        ("Head nurse C", {"operator"}, ROLE, "U2", None),
        ("the operator", {"operator", "application"}, ROLE, "U1", "not_a_person"),
        ("the operator", {"application"}, ROLE, "U1", "not_a_person"),
        ("the operator", {"board"}, ROLE, "U1", "not_a_person"),
        ("", {"operator"}, ROLE, "U1", "not_a_person"),
        ("Head nurse A", {"operator"}, ROLE, "U1", "not_entitled"),  # no token of hers
        ("page", {"operator"}, ROLE, "U1", "not_entitled"),
        ("the operator", {"operator"}, "Directeur de garde", "U1", "other_role"),
        ("the operator", {"operator"}, ROLE, "U2", "other_unit"),
        ("the operator", {"operator"}, ROLE, "*", "other_unit"),
    ],
)
def test_who_may_decide(identity: str, roles: set[str], role: str, unit: str, refusal: str | None) -> None:
    """A named person, by role and unit."""
    policy = read_decision_policy(policy_text().encode())
    assert entitlement(policy, identity, roles, role, unit, DAY).refusal == refusal


def test_the_right_lapses_with_the_training() -> None:
    """On its last day it holds, the day after it does not; one that was never held never does."""
    policy = read_decision_policy(policy_text(until="2026-03-01").encode())
    operator = {"operator"}
    assert entitlement(policy, "the operator", operator, ROLE, "U1", DAY).refusal is None
    late = entitlement(policy, "the operator", operator, ROLE, "U1", date(2026, 3, 2))
    assert (late.refusal, late.lapsed) == ("training_lapsed", ("crisis-lead",))


HELD = "person,skill,until,home_unit\n"


@pytest.mark.parametrize(
    ("held", "refusal"),
    [
        (None, "training_lapsed"),  # no file: nothing is known
        (HELD, "training_lapsed"),
        (HELD + "p-17,crisis-lead,2026-03-01,U1\n", None),  # its last day
        (HELD + "p-17,crisis-lead,,U1\n", None),
        (HELD + "p-17,crisis-lead,2026-02-28,U1\n", "training_lapsed"),
        (HELD + "p-17,crisis-lead,2026-02-28,U1\np-17,crisis-lead,2027-01-01,U1\n", None),  # done again
        (HELD + "p-17,ventilation,,U1\n", "training_lapsed"),
        (HELD + "p-18,crisis-lead,,U1\n", "training_lapsed"),
        (HELD + "Head nurse A,crisis-lead,,U1\n", "training_lapsed"),  # names stand in no register
        (HELD + "p-17,crisis-lead,tomorrow,U1\n", "training_lapsed"),  # a line with a fault does not count
        ("person,skill,home_unit\np-17,crisis-lead,U1\n", "training_lapsed"),
    ],
)
def test_trainings_of_the_skill_register(tmp_path: Path, held: str | None, refusal: str | None) -> None:
    """A decider with a pseudonym holds what the hospital's register says, and nothing else; others what is listed."""
    if held is not None:
        (tmp_path / "held.csv").write_text(held, "utf-8")
    policy = read_decision_policy(registered_text().encode())
    register = training_register(policy, tmp_path)
    assert entitlement(policy, "phone of A", {"operator"}, ROLE, "U1", DAY, register).refusal == refusal
    assert entitlement(policy, "the admin", {"admin"}, ROLE, "U1", DAY, register).refusal is None


def test_without_a_register_a_pseudonym_holds_nothing() -> None:
    """Whoever asks without it is refused, and not let through."""
    policy = read_decision_policy(registered_text().encode())
    assert entitlement(policy, "the operator", {"operator"}, ROLE, "U1", DAY).refusal == "training_lapsed"


def test_trainings_of_a_person_stand_in_one_place() -> None:
    """Listed and registered, the right would outlast the one that lapsed by the other; two people are no one entry."""
    more = '[[trainings_held]]\nperson = "Head nurse A"\ntraining = "crisis-lead"\n'
    second = registered_text().replace(
        'person = "Head nurse B"\nid', 'person = "Head nurse B"\npseudonym = "p-17"\nid'
    )
    with pytest.raises(DecisionPolicyError) as refused:
        read_decision_policy((second + more).encode())
    assert {(f.path, f.code) for f in refused.value.faults} == {
        ("trainings_held[2].person", "in_the_register"),
        ("trainings_held[0].person", "in_the_register"),
        ("deciders[1].pseudonym", "repeated"),
    }


def test_two_tokens_of_a_person_are_one_pair_of_eyes() -> None:
    """The policy says whose a token is."""
    policy = read_decision_policy(policy_text().encode())
    assert {person_of(policy, i) for i in ("the operator", "phone of A")} == {"Head nurse A"}
    assert person_of(policy, "the admin") == "Head nurse B"


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """No file, a file, another one, a faulty one."""
    file = tmp_path / "decisions.toml"
    assert policy_of_file(file) is None
    file.write_text(policy_text(most=2))
    first = policy_of_file(file)
    file.write_text(policy_text(most=12))
    second = policy_of_file(file)
    assert first is not None
    assert second is not None
    assert (first.most_a_shift, second.most_a_shift) == (2, 12)
    file.write_text("version = ")
    with pytest.raises(DecisionPolicyError, match="not_toml"):
        policy_of_file(file)


def test_the_example_of_the_document_is_a_policy() -> None:
    """As it stands in docs/decisions.md."""
    block = (ROOT / "docs" / "decisions.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]
    policy = read_decision_policy(block.encode())
    assert policy.deciders[0].identities == ("head nurse a", "phone of a")
    assert not policy.oversight.enabled
