"""For how long an approval counts, and whose: to the microsecond, by signatures made by hand."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hospital.times import DAY, MINUTE, instant
from registry.policy.board_policy import default_policy
from registry.record.journal import Entry
from registry.releases.journal_entry import ReleaseRecord, subjects_of
from registry.releases.release import Link
from registry.releases.release_times import policy_faults, time_faults
from registry.releases.vouching import (
    AHEAD,
    REVIEW,
    ROLLBACK,
    approval_fault,
    rollback_approvals,
    rules_of,
)
from registry.trust.keys import Key, Signed, create_key
from registry.trust.trusted_people import Trust
from tests.support.installation import after
from tests.support.releasing import board_policy

NOW = instant(after(0))
BOARD = default_policy().board
TERM = 90 * DAY
FIVE = 5 * MINUTE
WAY = {"model": "wait-time", "from_release": 3, "to_release": 1, "package_digest": "sha256:p"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """Keys by name."""
    folder: Path = tmp_path_factory.mktemp("keys")
    return {name: create_key(name, folder / name) for name in ("ada", "bob", "carol", "releaser")}


@pytest.fixture
def trust(people: dict[str, Key]) -> Trust:
    """Three members of the board and a releaser."""
    found = Trust(False, (), "sha256:0", {})
    for name, key in people.items():
        found = found.with_person(key, ("releaser",) if name == "releaser" else ("board",))
    return found


@pytest.mark.parametrize(
    ("at", "left_at", "key"),
    [
        (NOW, None, None),
        (NOW + FIVE, None, None),  # two machines' clocks may differ so much
        (NOW + FIVE + 1, None, "dated_later"),
        (NOW - TERM, None, None),
        (NOW - TERM - 1, None, "old"),
        (NOW - DAY, NOW - DAY, None),
        (NOW - DAY, NOW - DAY + 1, "before_left"),
        (NOW - DAY, NOW - 2 * DAY, None),
        (None, None, "no_date"),
        (True, None, "no_date"),
        (False, None, "no_date"),
        (float(NOW), None, "no_date"),
        (str(NOW), None, "no_date"),
    ],
)
def test_an_approval_counts_in_its_term(at: object, left_at: int | None, key: str | None) -> None:
    """From five minutes ahead to ninety days back, and not where another version took the place since."""
    assert AHEAD == FIVE
    fault = approval_fault("ada", at, NOW, BOARD, left_at)
    assert (None if fault is None else fault.key) == (key and f"trust_errors.vouching.{key}")


@pytest.mark.parametrize(("own", "in_force", "needed"), [("2", "2", 2), ("3", "2", 3), ("2", "3", 3)])
def test_the_stricter_number_of_approvals_is_asked_for(own: str, in_force: str, needed: int) -> None:
    """Of the policy that judged it and the one in force; all else is as in force."""
    policy = board_policy(approvals=in_force, approval_days="30")
    rules = rules_of(board_policy(approvals=own), policy)
    assert (rules.approvals, rules.board) == (needed, policy.board)
    assert rules.board.approval_days == 30


def _way(key: Key, at: object = NOW, purpose: str = ROLLBACK, **body: Any) -> Signed:
    return key.sign(purpose, {**WAY, "at": at, **body})


def _counted(
    trust: Trust, *given: Signed, acting: bool = True, others: tuple[str, ...] = ()
) -> tuple[list[str], list[str]]:
    """Who counts with which instant, and the keys of why others do not."""
    counted, faults = rollback_approvals(WAY, given, trust, BOARD, others, NOW, acting=acting)
    names = [f"{signed.name} {signed.body['at'] - NOW}" for signed in counted]
    return names, [str(getattr(fault, "key", "clause")).removeprefix("trust_errors.") for fault in faults]


def test_the_latest_approval_of_each_person_counts_for_a_way_back(
    trust: Trust, people: dict[str, Key]
) -> None:
    """Once, in the order of their names; whichever file came first."""
    ada, bob = people["ada"], people["bob"]
    given = [_way(bob), _way(ada, NOW - 5), _way(ada, NOW - 3), _way(ada, NOW - 9)]
    assert _counted(trust, *given) == (["ada -3", "bob 0"], [])
    same = _way(ada, NOW - 3, comment="again")
    counted, _ = rollback_approvals(WAY, [*given, same], trust, BOARD, (), NOW, acting=True)
    assert counted[0] == same


@pytest.mark.parametrize("field", WAY)
def test_an_approval_is_of_one_way_back(trust: Trust, people: dict[str, Key], field: str) -> None:
    """From this release to that one, of this package: of another, or of none that is named, it is another's."""
    other = _way(people["ada"], **{field: "other"})
    assert _counted(trust, other) == ([], ["vouching.other_way"])
    less = people["ada"].sign(ROLLBACK, {k: v for k, v in WAY.items() if k != field} | {"at": NOW})
    assert _counted(trust, less) == ([], ["vouching.other_way"])
    assert _counted(trust, other, _way(people["bob"])) == (["bob 0"], ["vouching.other_way"])


def test_who_has_another_part_in_a_release_does_not_approve_its_way_back(
    trust: Trust, people: dict[str, Key]
) -> None:
    """Author and releaser; nor who is not of the board, signed something else, or too early."""
    assert _counted(trust, _way(people["ada"]), others=("ada", "x")) == ([], ["vouching.own_part"])
    for wrong in (_way(people["releaser"]), _way(people["ada"], purpose=REVIEW)):
        names, faults = _counted(trust, wrong)
        assert (names, len(faults)) == ([], 1)
    forged = replace(_way(people["ada"]), body={**WAY, "at": NOW, "comment": "other"})
    assert _counted(trust, forged)[0] == []
    assert _counted(trust, _way(people["ada"], NOW - TERM - 1)) == ([], ["vouching.old"])
    assert _counted(trust, _way(people["ada"], None)) == ([], ["vouching.no_date"])


def test_whoever_left_since_may_have_approved_and_approves_no_more(
    trust: Trust, people: dict[str, Key]
) -> None:
    """A release that was made stays; one that is made now needs people who are there."""
    left = trust.with_retired("ada")
    assert _counted(left, _way(people["ada"]), acting=False) == (["ada 0"], [])
    assert _counted(left, _way(people["ada"]), acting=True)[0] == []


def _release(people: dict[str, Key], number: int = 2, **body: Any) -> Link:
    """A release of now with one approval and a registration of a day before, signed by hand."""
    registration = people["carol"].sign("r", {"at": NOW - DAY}).to_json()
    approvals = [people["ada"].sign(REVIEW, {"at": NOW - TERM}).to_json()]
    whole = {"model": "wait-time", "version": "2", "sequence": number, "package_digest": "p"}
    whole |= dict.fromkeys(("card_digest", "policy_digest", "report_digest", "check_digest"), "d")
    whole |= {"released_at": NOW, "registration": registration, "approvals": approvals} | body
    return Link(number, Signed(whole, "releaser", "", "", ""), "releaser", f"sha256:{number}")


def _entered(*links: tuple[Link, int]) -> ReleaseRecord:
    entries = [
        Entry(n, at, "releaser", "promote", subjects_of(link), "", "", "", "")
        for n, (link, at) in enumerate(links, 1)
    ]
    return ReleaseRecord(tuple(entries))


def _signed(name: str, decision: str, subjects: Mapping[str, str]) -> bool:
    """Whatever an entry names is there and signed."""
    return True


def _faults(link: Link, record: ReleaseRecord | None, entered: int | None = None) -> list[str]:
    found = time_faults(record, link, BOARD, entered, _signed)
    return [fault.key.removeprefix("trust_errors.vouching.") for fault in found]


@pytest.mark.parametrize(
    ("former", "keys"),
    [(None, []), (NOW, []), (NOW + FIVE, []), (NOW + FIVE + 1, ["before_former"]), (NOW - DAY, [])],
)
def test_a_release_is_not_before_the_one_that_it_follows(
    people: dict[str, Key], former: int | None, keys: list[str]
) -> None:
    """By more than two clocks may differ."""
    link = replace(_release(people), former_at=former)
    found = time_faults(_entered((link, NOW)), link, BOARD, None, _signed)
    assert [fault.key.rpartition(".")[2] for fault in found] == keys
    assert all(fault.values["former"] == "1" for fault in found)


@pytest.mark.parametrize(
    ("at", "keys"),
    [(NOW + FIVE, []), (NOW + FIVE + 1, ["before_registration"]), (None, []), (True, []), ("x", [])],
)
def test_a_release_is_not_before_the_registration_that_it_holds(
    people: dict[str, Key], at: object, keys: list[str]
) -> None:
    """A registration of before Vigie kept instants has none."""
    link = _release(people, registration=people["carol"].sign("r", {"at": at}).to_json())
    assert _faults(link, _entered((link, NOW))) == keys


@pytest.mark.parametrize(
    ("entered", "keys"),
    [
        (NOW, []),
        (NOW - FIVE, []),
        (NOW - FIVE - 1, ["after_entry"]),
        (NOW + 1, ["old_at_entry"]),  # the approval was ninety days old to the microsecond
    ],
)
def test_a_release_is_held_against_the_entry_of_it(
    people: dict[str, Key], entered: int, keys: list[str]
) -> None:
    """Neither dated after it, nor resting on what was over by then: the entry's clock, not the signer's, says when."""
    link = _release(people)
    assert _faults(link, _entered((link, entered))) == keys
    assert _faults(link, None, entered) == keys  # the entry is about to be written
    assert _faults(link, _entered((link, NOW + DAY)), entered) == keys


def test_without_an_entry_a_release_was_not_made_and_without_a_journal_nobody_can_say(
    people: dict[str, Key],
) -> None:
    """An entry of another release is none of this one."""
    link = _release(people)
    assert _faults(link, ReleaseRecord(())) == ["no_entry"]
    assert _faults(link, _entered((_release(people, 3), NOW))) == ["no_entry"]
    assert _faults(link, None) == []


def test_a_way_back_is_held_against_both_entries(people: dict[str, Key]) -> None:
    """Its own approvals against its own, and those of where it goes back to against that one's."""
    origin = _release(people, 1)
    recent = [people["bob"].sign(ROLLBACK, {"at": NOW + DAY}).to_json()]
    back = replace(
        _release(people, 3, released_at=NOW + DAY, rollback_approvals=recent), origin=origin, former_at=NOW
    )
    assert _faults(back, _entered((origin, NOW), (back, NOW + 2 * DAY))) == []
    assert _faults(back, _entered((back, NOW + DAY))) == ["no_entry"]
    assert _faults(back, _entered((origin, NOW + 1), (back, NOW + DAY))) == ["old_at_entry"]
    assert _faults(back, _entered((origin, NOW), (back, NOW + DAY + TERM + 1))) == ["old_at_entry"]
    assert _faults(back, _entered((origin, NOW)), NOW + DAY) == []


@pytest.mark.parametrize("decision", ["refuse", "approve"])
def test_a_release_past_a_refusal_was_not_released(people: dict[str, Key], decision: str) -> None:
    """The journal had it before the entry."""
    link = _release(people)
    said = Entry(1, NOW - 9, "cid", decision, {"model": "wait-time", "version": "2"}, "", "", "", "")
    entry = Entry(2, NOW, "releaser", "promote", subjects_of(link), "", "", "", "")
    record = ReleaseRecord((said, entry))
    assert _faults(link, record) == (["refused"] if decision == "refuse" else [])


def test_what_another_policy_judged_is_of_before_the_one_in_force(people: dict[str, Key]) -> None:
    """By the order of the entries; of the same policy, and where no journal can be read, nothing is asked."""
    link = _release(people)
    policy = Entry(2, NOW, "a", "put policy in force", {"policy_digest": "new"}, "", "", "", "")
    before = _entered((link, NOW)).entries[0]
    assert policy_faults(ReleaseRecord((before, policy)), link, "old", "new") == []
    late = ReleaseRecord((replace(policy, seq=1), replace(before, seq=2)))
    (fault,) = policy_faults(late, link, "old", "new")
    assert fault.key == "trust_errors.releases.other_policy"
    assert policy_faults(late, link, "new", "new") == []
    assert policy_faults(None, link, "old", "new") == []
