"""A candidate's folder: what is read from it, in which order, and who said what of it last."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hospital.times import instant
from registry.candidates.candidates import (
    JUDGED_FILES,
    SIGNED_FILES,
    Candidate,
    candidate,
    candidates,
    check_body,
    register,
)
from registry.candidates.reviews import review
from registry.candidates.sealed_check import CHECKER, Sealed, check_faults, checker_key, read_sealed
from registry.candidates.standing_reviews import (
    author_of,
    review_files,
    reviews,
    standing_refusals,
    standing_reviews,
)
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import CandidateError, ReviewError, SignatureError, TrustError
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.record.journal import Entry, entries
from registry.settings import Settings
from registry.trust.keys import create_key, demo_key
from registry.trust.trust_changes import trust_key
from registry.trust.trust_store import create_trust, load_trust, save_trust
from tests.support.installation import DIGEST, Installation, after
from tests.support.releasing import review_by_hand


def _entries(installation: Installation) -> list[Entry]:
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        return list(entries(connection))


def _standing(installation: Installation, found: Candidate) -> list[tuple[str, str]]:
    trust = load_trust(installation.settings.trust)
    return [(s.name, s.decision) for s in standing_reviews(found, trust)]


def _refusals(installation: Installation, found: Candidate) -> list[str]:
    trust = load_trust(installation.settings.trust)
    package = found.package_digest
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        return standing_refusals(connection, found, package, trust)


def _put(found: Candidate, name: str, signed: Any) -> None:
    write_atomically(found.folder / "reviews" / name, canonical_json(signed))


class TestFolder:
    """What lies in the folder of a version."""

    def test_versions_are_listed_by_number(self, installation: Installation) -> None:
        """The tenth after the ninth; a folder without a registration, or of another name, is none."""
        assert candidates(installation.settings.candidates, "wait-time") == []
        for version in ("10", "9", "1"):
            installation.register(version)
        folder = installation.settings.candidates / "wait-time"
        (folder / "3").mkdir()
        (folder / "x").mkdir()
        (folder / "x" / "registration.json").write_bytes(b"{}")
        found = candidates(installation.settings.candidates, "wait-time")
        assert [c.version for c in found] == ["1", "9", "10"]
        assert candidate(installation.settings.candidates, "wait-time", "9") == found[1]
        with pytest.raises(CandidateError, match="there are 1, 9, 10"):
            candidate(installation.settings.candidates, "wait-time", "3")
        with pytest.raises(CandidateError, match="train one with"):
            candidate(installation.settings.candidates, "bed-demand", "1")
        with pytest.raises(CandidateError, match="no model wait"):
            candidate(installation.settings.candidates, "wait", "1")

    def test_a_registration_that_was_killed_leaves_room_for_the_next(
        self, installation: Installation
    ) -> None:
        """What it left is no registration, and does not mix with the new package."""
        found = installation.register("1")
        package = found.folder.parent / "copy"
        found.package.rename(package)
        (found.folder / "registration.json").unlink()
        (found.folder / "package").mkdir()
        (found.folder / "package" / "left.ubj").write_bytes(b"half")
        author = installation.people["author"]
        again = register(installation.settings.candidates, "wait-time", "1", package, {"at": 5}, author)
        assert sorted(p.name for p in again.package.iterdir()) == sorted(p.name for p in package.iterdir())
        body = {"model": "wait-time", "version": "1", "package_digest": again.package_digest, "at": 5}
        assert again.registration["body"] == body
        assert author_of(again, load_trust(installation.settings.trust)) == "author"

    @pytest.mark.parametrize(
        ("content", "words"), [(b"{", "no JSON"), (b"[" * 200_000, "no JSON"), (b"[1]", "no JSON object")]
    )
    def test_a_file_that_was_changed_is_said(
        self, installation: Installation, content: bytes, words: str
    ) -> None:
        """With what it is, and what to do where it is not there."""
        found = installation.check(installation.register())
        (found.folder / "report.json").write_bytes(content)
        with pytest.raises(CandidateError, match=words):
            found.json("report.json")
        for name, action in (("report.json", "run vigie check"), ("registration.json", "train again")):
            (found.folder / name).unlink()
            with pytest.raises(CandidateError, match=action):
                found.json(name)

    def test_digests_are_of_what_lies_there(self, installation: Installation) -> None:
        """Five of them, by the bytes; of a version that is not wholly checked there are none."""
        found = installation.register()
        with pytest.raises(CandidateError, match="is not checked"):
            found.digests()
        installation.check(found)
        assert candidate(installation.settings.candidates, "wait-time", "1").checked
        expected = {
            key: sha256_bytes((found.folder / name).read_bytes()) for key, name in SIGNED_FILES.items()
        }
        assert found.digests() == {**expected, "package_digest": found.package_digest}
        (found.folder / "card.json").unlink()
        assert not found.checked
        with pytest.raises(CandidateError, match="is not checked"):
            found.require_checked()
        (found.folder / "card.json").mkdir()
        with pytest.raises(CandidateError, match=r"card\.json of wait-time version 1 cannot be read"):
            found.digests()

    def test_a_check_names_what_it_judged(self) -> None:
        """Package and data of the registration, its own files, verdict and scope; what is missing is unknown."""
        registration = {"model": "m", "version": "1", "package_digest": "p", "data_digest": "d", "at": 5}
        digests = {**dict.fromkeys(JUDGED_FILES, "x"), "check_digest": "y"}
        assert check_body(registration, digests, {"verdict": "pass"}) == {
            "format": 1,
            "model": "m",
            "version": "1",
            "package_digest": "p",
            "data_digest": "d",
            "seal_digest": None,
            **dict.fromkeys(JUDGED_FILES, "x"),
            "verdict": "pass",
            "scope": None,
        }


class TestReviews:
    """Who said what last."""

    def test_a_review_is_entered_with_the_digest_of_its_file(self, installation: Installation) -> None:
        """And of all it is about; its comment without the spaces around it."""
        found = installation.check(installation.register())
        ada = installation.people["ada"]
        signed = review(
            installation.settings, "wait-time", "1", ada, "approve", "  good nights ", now=after(1)
        )
        content = (found.folder / "reviews" / "0001-ada.json").read_bytes()
        (entry,) = _entries(installation)
        assert dict(entry.subjects) == {
            "model": "wait-time",
            "version": "1",
            **found.digests(),
            "review_digest": sha256_bytes(content),
        }
        assert (entry.actor, entry.action, entry.reason) == ("ada", "approve", "good nights")
        assert (signed.body["comment"], signed.body["at"]) == ("good nights", instant(after(1)))
        assert reviews(found) == [signed]

    @pytest.mark.parametrize("decision", ["", "agree", "APPROVE"])
    def test_a_review_decides_one_of_three_things(self, installation: Installation, decision: str) -> None:
        """A word that nobody counts would be a no that is lost."""
        installation.check(installation.register())
        ada = installation.people["ada"]
        with pytest.raises(ReviewError, match="approves, refuses or withdraws"):
            review(installation.settings, "wait-time", "1", ada, decision, "x", now=after(1))  # type: ignore[arg-type]

    def test_numbers_of_reviews_go_on_from_the_highest(self, installation: Installation) -> None:
        """Whatever else lies there: no file is written over."""
        found = installation.check(installation.register())
        for name in ("0007-x.json", "abcd-y.json", ".0009-z.json", "0012-a.txt"):
            _put(found, name, {})
        installation.approve(found, "ada")
        assert [p.name for p in review_files(found)] == ["0007-x.json", "0008-ada.json", "abcd-y.json"]
        assert review_files(installation.register("2")) == []
        with pytest.raises(SignatureError):
            reviews(found)

    def test_the_latest_of_each_counts_and_of_two_at_once_the_later_file(
        self, installation: Installation
    ) -> None:
        """In the order of names."""
        found = installation.check(installation.register())
        at = instant(after(1))
        body = {"model": found.model, "version": found.version, **found.digests(), "comment": "x", "at": at}
        sign = installation.people["ada"].sign
        for number, (decision, when) in enumerate(
            [("approve", at), ("refuse", at + 5), ("approve", at + 5), ("refuse", at + 4)], 1
        ):
            signed = sign("vigie-review-v1", body | {"decision": decision, "at": when})
            _put(found, f"{number:04d}-ada.json", signed.to_json())
        _put(
            found,
            "0009-bob.json",
            installation.people["bob"].sign("vigie-review-v1", body | {"decision": "refuse"}).to_json(),
        )
        assert _standing(installation, found) == [("ada", "approve"), ("bob", "refuse")]
        assert _refusals(installation, found) == ["bob"]

    @pytest.mark.parametrize(
        "change",
        [
            {"package_digest": DIGEST},
            {"card_digest": DIGEST},
            {"policy_digest": DIGEST},
            {"report_digest": DIGEST},
            {"check_digest": DIGEST},
            {"model": "bed-demand"},
            {"version": "2"},
            {"at": "today"},
            {"at": None},
            {"decision": "agree"},
            {"decision": None},
        ],
        ids=str,
    )
    def test_a_review_of_anything_else_stands_for_nothing(
        self, installation: Installation, change: dict[str, Any]
    ) -> None:
        """Of another package, card, policy, report, check, model or version; without a time, or undecided."""
        found = installation.check(installation.register())
        body: dict[str, Any] = {"model": found.model, "version": found.version, **found.digests()}
        body |= {"decision": "approve", "comment": "x", "at": instant(after(1))} | change
        _put(found, "0001-ada.json", installation.people["ada"].sign("vigie-review-v1", body).to_json())
        assert _standing(installation, found) == []

    @pytest.mark.parametrize(
        ("change", "stands"),
        [
            ({}, True),
            ({"version": "7"}, True),  # the same package under another number
            ({"package_digest": DIGEST}, True),  # the same version, whatever became of its files
            ({"version": "7", "package_digest": DIGEST}, False),
            ({"model": "bed-demand"}, False),
            ({"at": "today"}, False),
            ({"decision": "approve"}, False),
            ({"decision": "withdraw"}, False),
        ],
    )
    def test_a_refusal_in_a_file_alone_stands(
        self, installation: Installation, change: dict[str, Any], *, stands: bool
    ) -> None:
        """Of the version or of its package; the journal need not know it."""
        found = installation.check(installation.register())
        body: dict[str, Any] = {"model": found.model, "version": found.version, **found.digests()}
        body |= {"decision": "refuse", "comment": "x", "at": instant(after(1))} | change
        _put(found, "0001-bob.json", installation.people["bob"].sign("vigie-review-v1", body).to_json())
        assert _refusals(installation, found) == (["bob"] if stands else [])

    def test_a_refusal_in_the_journal_alone_stands_until_it_is_taken_back(
        self, installation: Installation
    ) -> None:
        """By its author: the last word of each."""
        found = installation.check(installation.register())
        for name, decision, hours in (
            ("ada", "refuse", 1.0),
            ("bob", "refuse", 1.0),
            ("bob", "approve", 1.1),
        ):
            installation.approve(found, name, decision=decision, hours=hours)
        refusals = [path for path in review_files(found) if b'"decision":"refuse"' in path.read_bytes()]
        for path in refusals:
            path.unlink()
        assert _refusals(installation, found) == ["ada"]
        assert _refusals(installation, installation.register("2")) == []
        for path in review_files(found):  # with what he took it back by
            path.unlink()
        assert _refusals(installation, found) == ["ada", "bob"]

    def test_a_review_before_ones_own_later_one_is_not_given(self, installation: Installation) -> None:
        """A clock that went back would let an old yes stand over a newer one; a no waits for no clock."""
        found = installation.check(installation.register())
        installation.approve(found, "ada", hours=2)
        with pytest.raises(ReviewError, match="dated later than this one"):
            installation.approve(found, "ada", hours=1)
        installation.approve(found, "ada", hours=2)
        installation.approve(found, "ada", decision="refuse", hours=1)
        assert _refusals(installation, found) == ["ada"]
        installation.approve(found, "bob", hours=1)
        assert len(review_files(found)) == 4

    def test_a_broken_file_among_reviews_hides_no_other(self, installation: Installation) -> None:
        """Neither an approval nor a refusal after it."""
        found = installation.check(installation.register())
        (found.folder / "reviews").mkdir()
        (found.folder / "reviews" / "0000-a.json").write_bytes(b"[" * 200_000)
        (found.folder / "reviews" / "0001-b.json").write_bytes(b"{")
        (found.folder / "reviews" / "0002-c.json").mkdir()
        installation.approve(found, "ada")
        installation.approve(found, "bob", decision="refuse")
        assert _standing(installation, found) == [("ada", "approve"), ("bob", "refuse")]
        assert _refusals(installation, found) == ["bob"]

    def test_a_withdrawal_needs_no_sound_check(self, installation: Installation) -> None:
        """A refusal is taken back though the files have changed since; an approval is not given then."""
        found = installation.check(installation.register())
        installation.approve(found, "ada", decision="refuse")
        write_atomically(found.folder / "report.json", (found.folder / "report.json").read_bytes() + b" ")
        with pytest.raises(ReviewError, match="is not what the check made"):
            installation.approve(found, "ada", hours=1.5)
        installation.approve(found, "ada", decision="withdraw", hours=1.5)
        assert _refusals(installation, found) == []

    def test_a_review_whose_entry_fails_is_taken_back(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        """No file without an entry."""
        found = installation.check(installation.register())
        settings = installation.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}"})
        with pytest.raises(Exception, match=r"."):
            review(settings, "wait-time", "1", installation.people["ada"], "approve", "x", now=after(1))
        assert review_files(found) == []

    def test_a_review_that_is_never_committed_is_taken_back(self, installation: Installation) -> None:
        """The disk is full at the last moment: neither the file nor the entry is there."""
        found = installation.check(installation.register())

        def fail(_: object) -> None:
            if review_files(found):  # else the tables are made
                raise OSError("the disk is full")

        event.listen(Engine, "commit", fail)
        try:
            with pytest.raises(OSError, match="disk is full"):
                installation.approve(found, "ada")
        finally:
            event.remove(Engine, "commit", fail)
        assert (review_files(found), _entries(installation)) == ([], [])

    @pytest.mark.parametrize("field", ["model", "version", "package_digest"])
    def test_a_registration_of_anything_else_has_no_author(
        self, installation: Installation, field: str
    ) -> None:
        """However well somebody signed it; nor has one whose package is gone."""
        found, author = installation.register(), installation.people["author"]
        trust = load_trust(installation.settings.trust)
        assert author_of(found, trust) == "author"
        body = {**found.registration["body"], field: "other"}
        signed = author.sign("vigie-registration-v1", body).to_json()
        write_atomically(found.folder / "registration.json", canonical_json(signed))
        with pytest.raises(ReviewError, match="not the one that its author signed"):
            author_of(found, trust)


class TestSealed:
    """What a check sealed."""

    @pytest.mark.parametrize("name", ["report.json", "card.json"])
    @pytest.mark.parametrize("content", [b"[]", b"3", b"{", b"[" * 200_000])
    def test_a_report_or_card_that_is_no_object_is_no_check(
        self, installation: Installation, name: str, content: bytes
    ) -> None:
        """Said as a fault of the check: whatever is asked of it is not asked of a list."""
        found = installation.check(installation.register())
        sealed = read_sealed(found)
        other = Sealed(sealed.model, sealed.version, sealed.package, {**sealed.files, name: content})
        (fault,) = check_faults(other, found.registration["body"], load_trust(installation.settings.trust))
        assert fault.key == "trust_errors.check.untrusted"
        with pytest.raises(CandidateError, match="no JSON object"):
            _ = other.report if name == "report.json" else other.card

    def test_a_sound_check_has_no_fault_and_each_file_is_named(self, installation: Installation) -> None:
        """As text, as bytes, and in another way to write the same."""
        found = installation.check(installation.register())
        sealed, trust = read_sealed(found), load_trust(installation.settings.trust)
        registration = found.registration["body"]
        assert check_faults(sealed, registration, trust) == []
        assert sealed.digests == found.digests()
        for name in JUDGED_FILES.values():
            other = Sealed(
                sealed.model,
                sealed.version,
                sealed.package,
                {**sealed.files, name: sealed.files[name] + b"\n"},
            )
            keys = {
                (f.key.rpartition(".")[2], f.values.get("name"))
                for f in check_faults(other, registration, trust)
            }
            assert ("other_file", name) in keys
        pretty = json.dumps(json.loads(sealed.files["check.json"]), indent=1).encode()
        for content in (pretty, b"{", b"3", b"[" * 200_000):
            other = Sealed(
                sealed.model, sealed.version, sealed.package, {**sealed.files, "check.json": content}
            )
            (fault,) = check_faults(other, registration, trust)
            assert fault.key == "trust_errors.check.untrusted"

    def test_a_check_that_cannot_be_read_is_said(self, installation: Installation) -> None:
        """With the file."""
        found = installation.check(installation.register())
        (found.folder / "card.json").unlink()
        (found.folder / "card.json").mkdir()
        with pytest.raises(CandidateError, match=r"card\.json of wait-time version 1 cannot be read"):
            read_sealed(found)


class TestCheckerKey:
    """The key of an installation's check."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        """Of a home that has a trust folder, not founded yet, in which nobody is trusted."""
        found = Settings(home=tmp_path / "home")
        create_trust(found.trust, policy_digest=default_policy().digest)
        return found

    def _checkers(self, settings: Settings) -> list[tuple[str, str]]:
        return [(k.name, k.public_key) for k in load_trust(settings.trust).keys if "checker" in k.roles]

    def test_the_first_is_trusted_at_once(self, settings: Settings) -> None:
        """Before the founding, where nobody else's is; a second time it is the same, and nothing is done."""
        key = checker_key(settings, after(0))
        assert self._checkers(settings) == [(CHECKER, key.public_key)]
        before = (settings.trust / "trust.json").read_bytes()
        assert checker_key(settings, after(1)).public_key == key.public_key
        assert (settings.trust / "trust.json").read_bytes() == before

    def test_where_a_check_is_trusted_no_other_is_added(self, settings: Settings, tmp_path: Path) -> None:
        """Whoever can write the home trusts no check of their own."""
        other = create_key("the check", tmp_path / "other.key")
        trust_key(settings, other.name, other.public_key, ("checker",), now=after(0))
        checker_key(settings, after(0))
        assert self._checkers(settings) == [("the check", other.public_key)]

    def test_after_the_founding_a_quorum_trusts_it(self, installation: Installation) -> None:
        """Even where the board took the former one out."""
        installation.change_trust(lambda t: t.without("checker"))
        checker_key(installation.settings, after(0))
        assert self._checkers(installation.settings) == []

    def test_without_a_trust_folder_none_is_made(self, tmp_path: Path) -> None:
        """To try Vigie out; the key is there for later."""
        settings = Settings(home=tmp_path / "home")
        key = checker_key(settings, after(0))
        assert settings.checker_key.exists()
        assert not settings.trust.exists()
        assert key.name == CHECKER

    def test_a_demos_check_is_the_demos(self, tmp_path: Path) -> None:
        """Known to everybody; no file is made."""
        settings = Settings(home=tmp_path / "home")
        save = create_trust(settings.trust, policy_digest=default_policy().digest, demo=True)
        save_trust(settings.trust, save)
        assert checker_key(settings, after(0)).public_key == demo_key("checker").public_key
        assert not settings.checker_key.exists()

    def test_a_folder_that_cannot_be_changed_leaves_the_key_for_the_board(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """Another key bears the name: the review says what is missing."""
        other = create_key(CHECKER, tmp_path / "other.key")
        trust_key(settings, CHECKER, other.public_key, ("author",), now=after(0))
        assert checker_key(settings, after(0)).public_key != other.public_key
        assert self._checkers(settings) == []
        (settings.trust / "trust.json").write_bytes(b"{")
        with pytest.raises(TrustError):
            checker_key(settings, after(0))


def test_reviews_by_hand_are_reviews(installation: Installation) -> None:
    """Else the refusals above would be of the forging and not of what was forged."""
    found = installation.check(installation.register())
    review_by_hand(installation, found)
    assert _standing(installation, found) == [("ada", "approve"), ("bob", "approve")]
