"""Obstacles to a promotion, one by one, and what the next command makes of one that was killed."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from hospital.times import instant
from registry.candidates.candidates import CHECK, Candidate, check_body
from registry.cards.card_document import build_card
from registry.digests import canonical_json
from registry.errors import PromotionError, RegistryError, ReleaseError
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database, writing
from registry.record.journal import Entry, entries
from registry.releases.journal_entry import subjects_of
from registry.releases.promotion import promote, releaser_fault
from registry.releases.release import Release
from registry.releases.vouching import RELEASE
from registry.rollback.rollback import approve_rollback, rollback
from registry.trust.keys import create_key
from registry.trust.trust_store import load_trust, save_trust
from tests.support.installation import Installation, after, report_body
from tests.support.releasing import (
    actions,
    current,
    edit,
    promote_version,
    put_policy,
    refuses_promotion,
    release_by_hand,
    review_by_hand,
    roll_back,
)


def _seal(installation: Installation, found: Candidate, **report: Any) -> None:
    """A check whose report says something else, sealed and signed by the check itself."""
    manifest = Manifest.model_validate(found.json("package/manifest.json"))
    body = report_body(found, "pass") | report
    found.seal(body, build_card(manifest, body, []), default_policy().content, installation.people["checker"])


def _gate(name: str, verdict: str) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "findings": []}


class TestGates:
    """Every required gate is open, whatever the report's own verdict says."""

    @pytest.mark.parametrize("verdict", ["block", "inconclusive", "", None, "Pass"])
    def test_a_required_gate_that_is_closed_closes_all(
        self, installation: Installation, verdict: str | None
    ) -> None:
        """A report that says pass over a gate that does not is not believed."""
        found = installation.check(installation.register())
        gates = [_gate("accuracy", "pass"), _gate("fairness", verdict)]  # type: ignore[arg-type]
        _seal(installation, found, gates=gates, required=["accuracy", "fairness"])
        installation.approve(found, "ada", "bob")
        refuses_promotion(installation, r"its check says pass \(fairness\)")

    @pytest.mark.parametrize("required", [["accuracy", "leakage"], [], None])
    def test_a_required_gate_that_is_not_there_is_closed(
        self, installation: Installation, required: list[str] | None
    ) -> None:
        """And a report that requires none at all opens nothing."""
        found = installation.check(installation.register())
        _seal(installation, found, gates=[_gate("accuracy", "pass")], required=required)
        installation.approve(found, "ada", "bob")
        refuses_promotion(installation, "its check says pass: only pass opens")

    def test_a_gate_that_does_not_apply_or_is_not_required_closes_nothing(
        self, installation: Installation
    ) -> None:
        """The report names them all the same."""
        found = installation.check(installation.register())
        gates = [
            _gate("accuracy", "pass"),
            _gate("coverage", "not applicable"),
            _gate("drift", "inconclusive"),
        ]
        _seal(installation, found, gates=gates, required=["accuracy", "coverage"])
        installation.approve(found, "ada", "bob")
        assert promote_version(installation).sequence == 1

    def test_only_gates_that_are_not_open_are_named(self, installation: Installation) -> None:
        """So that nobody looks for the fault in the others."""
        found = installation.check(installation.register())
        gates = [_gate("accuracy", "pass"), _gate("coverage", "not applicable"), _gate("drift", "block")]
        _seal(installation, found, gates=gates, required=["accuracy"], verdict="block")
        installation.approve(found, "ada", "bob")
        refuses_promotion(installation, r"its check says block \(drift\)")


class TestPeople:
    """Whose word counts for a promotion."""

    def test_a_member_who_is_the_author_too_approves_nothing(self, installation: Installation) -> None:
        """Even signed by hand, past the command that refuses it."""
        author = installation.people["author"]
        installation.change_trust(lambda t: t.with_person(author, ("author", "board")))
        found = installation.check(installation.register())
        review_by_hand(installation, found)
        assert len(promote_version(installation).body["approvals"]) == 2
        second = installation.check(installation.register("2"))
        review_by_hand(installation, second, ada=1, author=1)
        with pytest.raises(PromotionError, match="0 of 2 approvals"):
            promote_version(installation, "2")

    def test_an_installation_that_nobody_founded_promotes_nothing(self, installation: Installation) -> None:
        """And reads so beside all the rest."""
        installation.approved()
        edit(installation.settings.trust / "trust.json", lambda body: body.pop("statements"))
        with pytest.raises(RegistryError, match="who is who is not fixed"):
            promote_version(installation)

    def test_the_functions_of_those_who_approve_are_asked(self, installation: Installation) -> None:
        """Not of those who refused, or are there and did not say."""
        put_policy(installation, required_roles='["clinician"]')
        carol = installation.people["stranger"]
        installation.change_trust(lambda t: t.with_person(carol, ("board", "clinician")))
        found = installation.register()
        policy = (installation.settings.trust / "policy.toml").read_bytes()
        report = report_body(found, "pass")
        report |= {"policy_digest": load_trust(installation.settings.trust).policy_digest}
        manifest = Manifest.model_validate(found.json("package/manifest.json"))
        found.seal(report, build_card(manifest, report, []), policy, installation.people["checker"])
        installation.approve(found, "ada", "bob")
        refuses_promotion(installation, "requires an approval by clinician")
        installation.approve(found, "stranger", hours=1.5)
        assert len(promote_version(installation).body["approvals"]) == 3

    def test_each_part_is_another_key(self, installation: Installation) -> None:
        """The releaser's; who has a part already is named with it."""
        found = installation.approved()
        trust = load_trust(installation.settings.trust)
        approvals = review_by_hand(installation, found)
        people = {"registration": found.registration, "approvals": approvals}
        assert releaser_fault(trust, installation.people["releaser"], people) is None
        for name in ("author", "ada", "bob"):
            other = trust.with_person(installation.people[name], ("releaser",))
            fault = releaser_fault(other, installation.people[name], people)
            assert fault is not None
            wanted = "author" if name == "author" else "approver"
            assert (fault.key, fault.values) == (f"trust_errors.promotion.{wanted}", {"name": name})
        retired = trust.with_retired("releaser")
        fault = releaser_fault(retired, installation.people["releaser"], people)
        assert fault is not None
        assert fault.key == "trust_errors.promotion.releaser"

    def test_what_is_in_use_is_known_by_the_last_release(self, installation: Installation) -> None:
        """The first one may be promoted again with approvals of since it was left."""
        for version in ("1", "2"):
            installation.approved(version)
            promote_version(installation, version)
        with pytest.raises(PromotionError, match="in use already, with these approvals, as release 2"):
            promote_version(installation, "2")
        with pytest.raises(PromotionError, match="before another version took its place"):
            promote_version(installation, "1")
        found = Candidate("wait-time", "1", installation.settings.candidates / "wait-time" / "1")
        installation.approve(found, "ada", "bob", hours=2.5)
        assert promote_version(installation, "1", hours=3).sequence == 3

    def test_a_policy_whose_text_is_gone_promotes_nothing(self, installation: Installation) -> None:
        """And counts approvals by the one that ships, to say what else is missing."""
        put_policy(installation, approvals="3")
        found = installation.check(installation.register())
        installation.approve(found, "ada")
        (installation.settings.trust / "policy.toml").unlink()
        with pytest.raises(PromotionError) as refused:
            promote_version(installation)
        for words in ("text of the policy", "another policy than the one in force", "1 of 2 approvals"):
            assert words in str(refused.value)


def _entries(installation: Installation) -> list[Entry]:
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        return list(entries(connection))


def _unused(installation: Installation) -> None:
    """As if the newest release had been killed before the lowest number rose."""
    path = installation.settings.trust / "trust.json"
    number = current(installation).sequence - 1
    edit(path, lambda body: body.update(lowest_release={"wait-time": number} if number else {}))


class TestKilled:
    """A release that was killed before it was in use."""

    @pytest.fixture
    def second(self, installation: Installation) -> Release:
        """The second of two, killed before its number rose."""
        for version in ("1", "2"):
            installation.approved(version)
            promote_version(installation, version)
        found = current(installation)
        _unused(installation)
        return found

    def test_asked_for_again_it_is_completed_and_made_once(
        self, installation: Installation, second: Release
    ) -> None:
        """By whoever asked: the same release, no further entry."""
        before = _entries(installation)
        again = promote_version(installation, "2", hours=3)
        assert (again.sequence, again.digest) == (2, second.digest)
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 2}
        assert _entries(installation) == before

    def test_another_version_asked_for_is_made_after_it(
        self, installation: Installation, second: Release
    ) -> None:
        """The killed one is completed first, and stands before it in the chain."""
        installation.approved("3")
        third = promote_version(installation, "3", hours=3)
        assert (third.sequence, third.body["former_release"]) == (3, second.digest)
        assert [action for _, action in actions(installation)].count("promote") == 3

    def test_asked_for_by_another_releaser_it_is_in_use_already(
        self, installation: Installation, second: Release
    ) -> None:
        """It was not theirs."""
        other = create_key("Zoé Gris", installation.settings.home / "zoe.key")
        installation.change_trust(lambda t: t.with_person(other, ("releaser",)))
        with pytest.raises(PromotionError, match="in use already"):
            promote(installation.settings, "wait-time", "2", other, now=after(3))
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 2}

    def test_a_way_back_that_was_killed_is_not_gone_twice(
        self, installation: Installation, second: Release
    ) -> None:
        """Asked for again it is completed; a promotion that was killed is no way back."""
        promote_version(installation, "2", hours=3)
        back = roll_back(installation)
        _unused(installation)
        key = installation.people["releaser"]
        again = rollback(installation.settings, "wait-time", key, now=after(4), reason="too long")
        assert (again.sequence, again.digest) == (back.sequence, back.digest)
        installation.approved("4")
        promote_version(installation, "4", hours=5)
        _unused(installation)
        bob = installation.people["bob"]
        approve_rollback(installation.settings, "wait-time", bob, now=after(6), reason="too long")
        fifth = rollback(installation.settings, "wait-time", key, now=after(6), reason="too long")
        assert (fifth.sequence, fifth.version) == (5, back.version)

    def test_its_entry_is_written_once_and_says_that_it_was_killed(
        self, installation: Installation, second: Release
    ) -> None:
        """Where the journal has none; about exactly this release."""
        with opened_database(installation.settings.database) as engine, writing(engine) as connection:
            connection.exec_driver_sql("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
        promote_version(installation, "2", hours=3)
        with pytest.raises(PromotionError, match="in use already"):
            promote_version(installation, "2", hours=3)
        recovered = [entry for entry in _entries(installation) if entry.action == "recover"]
        assert second.link is not None
        assert [(e.actor, dict(e.subjects)) for e in recovered] == [("releaser", subjects_of(second.link))]
        assert "killed" in recovered[0].reason

    def test_the_first_of_all_is_completed_too(self, installation: Installation) -> None:
        """Where no number has risen yet."""
        installation.approved()
        first = promote_version(installation)
        _unused(installation)
        assert load_trust(installation.settings.trust).lowest_release == {}
        assert promote_version(installation, hours=3).digest == first.digest
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 1}

    def test_where_several_are_left_the_newest_is_in_use(
        self, installation: Installation, second: Release
    ) -> None:
        """The number was put back by hand: all are verified, and none is made anew."""
        edit(installation.settings.trust / "trust.json", lambda body: body.update(lowest_release={}))
        before = _entries(installation)
        assert promote_version(installation, "2", hours=3).digest == second.digest
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 2}
        assert _entries(installation) == before

    def test_one_that_does_not_verify_is_not_completed(
        self, installation: Installation, second: Release
    ) -> None:
        """Nor anything made over it."""
        (second.folder / "card.json").write_bytes(b"{}")
        installation.approved("3")
        with pytest.raises(RegistryError, match=r"card\.json is not what was signed"):
            promote_version(installation, "3", hours=3)
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 1}


def test_a_check_by_another_key_than_the_trusted_is_named_with_what_to_do(installation: Installation) -> None:
    """Beside every other reason."""
    found = installation.approved()
    body = check_body(found.registration["body"], found.digests(), found.json("report.json"))
    forged = installation.people["stranger"].sign(CHECK, body).to_json()
    (found.folder / "check.json").write_bytes(canonical_json(forged))
    with pytest.raises(PromotionError, match="run vigie check wait-time 1 again") as refused:
        promote_version(installation)
    assert "0 of 2 approvals" in str(refused.value)


def test_a_floor_that_rises_by_hand_is_a_release_that_is_gone(installation: Installation) -> None:
    """Never is an older one served in its place."""
    installation.approved()
    promote_version(installation)
    trust = load_trust(installation.settings.trust)
    save_trust(installation.settings.trust, replace(trust, lowest_release={"wait-time": 2}))
    with pytest.raises(RegistryError, match="release 2 is gone"):
        current(installation)
    with pytest.raises(RegistryError, match="release 2 is gone"):
        promote_version(installation)


ODD: dict[str, dict[str, Any]] = {
    "no registration": {"registration": None},
    "a registration of text": {"registration": "author"},
    "approvals as a number": {"approvals": 5},
    "an approval of text": {"approvals": ["ada"]},
    "no scope": {"scope": None},
    "a time of text": {"released_at": "soon"},
    "a time in digits": {"released_at": str(instant(after(2)))},
    "a time in parts": {"released_at": float(instant(after(2)))},
    "no time": {"released_at": None},
    "a time without end": {"released_at": 10**400},
    "a list of versions": {"version": ["1"]},
    "a number for a digest": {"package_digest": 5},
}


@pytest.mark.parametrize("odd", ODD)
def test_a_releaser_who_signs_what_no_command_makes_makes_no_release(
    installation: Installation, odd: str
) -> None:
    """Each is refused in words: a traceback in the service's thread would leave it as it was, and green."""
    found = installation.approved()
    release = promote_version(installation)
    whole = {"approvals": review_by_hand(installation, found)} | ODD[odd]
    release_by_hand(installation, release, found, **whole)
    with pytest.raises(ReleaseError, match="release 1 is refused"):
        current(installation)


@pytest.mark.parametrize(
    "field", ["registration", "approvals", "released_at", "scope", "version", "policy_digest"]
)
def test_a_release_that_leaves_something_out_is_none(installation: Installation, field: str) -> None:
    """However well it is signed."""
    installation.approved()
    release = promote_version(installation)
    body = {name: value for name, value in release.body.items() if name != field}
    signed = installation.people["releaser"].sign(RELEASE, body)
    (release.folder / "release.json").write_bytes(canonical_json(signed.to_json()))
    with pytest.raises(ReleaseError, match="release 1 is refused"):
        current(installation)


def test_an_approval_of_the_way_back_that_leaves_a_part_out_is_said_to_be_of_another(
    installation: Installation,
) -> None:
    """In a release made by hand, with the name of whoever signed it."""
    for version in ("1", "2"):
        installation.approved(version)
        promote_version(installation, version)
    back = roll_back(installation)
    (given,) = back.body["rollback_approvals"]
    less = {name: value for name, value in given["body"].items() if name != "from_release"}
    signed = installation.people["ada"].sign("vigie-rollback-v1", less).to_json()
    whole = installation.people["releaser"].sign(RELEASE, {**back.body, "rollback_approvals": [signed]})
    (back.folder / "release.json").write_bytes(canonical_json(whole.to_json()))
    with pytest.raises(ReleaseError, match="the approval of ada is of another way back"):
        current(installation)


def test_a_release_that_appears_at_that_very_moment_is_not_written_over(installation: Installation) -> None:
    """Put there by a hand that holds nothing: it stays, what was to be released leaves neither files nor an entry."""
    installation.approved()
    place = installation.settings.releases / "wait-time" / "000001"
    begun: list[Connection] = []

    def appear(connection: Connection) -> None:
        if connection.get_execution_options().get("vigie_write"):
            begun.append(connection)
        if len(begun) == 2 and not place.exists():  # after the chain was read
            place.mkdir(parents=True)
            (place / "release.json").write_bytes(b"{}")

    before = actions(installation)
    event.listen(Engine, "begin", appear)
    try:
        with pytest.raises(PromotionError, match="appeared at this very moment"):
            promote_version(installation)
    finally:
        event.remove(Engine, "begin", appear)
    assert [path.name for path in place.parent.iterdir()] == ["000001"]
    assert (place / "release.json").read_bytes() == b"{}"
    assert actions(installation) == before
    assert load_trust(installation.settings.trust).lowest_release == {}
