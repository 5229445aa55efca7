"""Reviews of a candidate: whose stand, which are refused, and what lifts a refusal."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hospital.times import instant
from registry.candidates.candidates import Candidate
from registry.candidates.reviews import review
from registry.candidates.standing_reviews import (
    author_of,
    review_files,
    reviews,
    signed_by,
    standing_refusals,
    standing_reviews,
)
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import RegistryError, ReviewError, SignatureError
from registry.record.database import opened_database
from registry.record.journal import Entry, entries
from registry.trust.trust_store import load_trust
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
        with pytest.raises(RegistryError, match="cannot be opened"):
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


def test_reviews_by_hand_are_reviews(installation: Installation) -> None:
    """Else the refusals above would be of the forging and not of what was forged."""
    found = installation.check(installation.register())
    review_by_hand(installation, found)
    assert _standing(installation, found) == [("ada", "approve"), ("bob", "approve")]


def test_a_review_too_deep_to_be_read_lifts_no_refusal(installation: Installation) -> None:
    """Whoever can write journal and folder names it by its digest: it is nobody's word, and no crash."""
    found, content = installation.register(), b"[" * 200_000
    write_atomically(found.folder / "reviews" / "0001-ada.json", content)
    is_signed = signed_by(found.folder.parent, load_trust(installation.settings.trust))
    assert not is_signed("ada", "withdraw", {"review_digest": sha256_bytes(content)})
