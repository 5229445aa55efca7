"""What the board signs, and what a registration is."""

import shutil
from pathlib import Path

import pytest

from registry.candidates.candidates import Candidate, candidate, register
from registry.candidates.reviews import review
from registry.candidates.standing_reviews import standing_reviews
from registry.cards.card_document import build_card
from registry.errors import (
    CandidateError,
    PackageError,
    PromotionError,
    ReviewError,
)
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.record.tables.record_tables import journal
from registry.trust.trust_store import load_trust
from tests.support.installation import DIGEST, NOW, Installation, report_body
from tests.support.releasing import actions, edit, promote_version, refuses_promotion, roll_back


class TestReviews:
    """What the board signs."""

    def test_a_review_is_kept_signed_and_written_down(self, installation: Installation) -> None:
        """With the digests of the five files it is about."""
        found = installation.approved()
        standing = standing_reviews(found, load_trust(installation.settings.trust))
        assert [(s.name, s.decision, s.comment) for s in standing] == [
            ("ada", "approve", "ada says approve"),
            ("bob", "approve", "bob says approve"),
        ]
        assert all(s.signed.body.items() >= found.digests().items() for s in standing)
        assert actions(installation) == [("ada", "approve"), ("bob", "approve")]
        assert sorted(p.name for p in (found.folder / "reviews").iterdir()) == [
            "0001-ada.json",
            "0002-bob.json",
        ]

    def test_a_later_review_replaces_an_earlier_one_and_both_are_kept(
        self, installation: Installation
    ) -> None:
        """One person has one valid review."""
        found = installation.approved()
        installation.approve(found, "ada", decision="refuse", hours=1.5)
        standing = standing_reviews(found, load_trust(installation.settings.trust))
        assert [(s.name, s.decision) for s in standing] == [("ada", "refuse"), ("bob", "approve")]
        assert len(list((found.folder / "reviews").iterdir())) == 3

    def test_an_old_review_under_a_new_number_stays_old(self, installation: Installation) -> None:
        """The signed time counts, not the file's name: else a refusal could be outvoted by its own past."""
        found = installation.approved()
        installation.approve(found, "ada", decision="refuse", hours=1.5)
        shutil.copy(found.folder / "reviews" / "0001-ada.json", found.folder / "reviews" / "0009-ada.json")
        standing = standing_reviews(found, load_trust(installation.settings.trust))
        assert [s.decision for s in standing] == ["refuse", "approve"]

    def test_a_review_of_what_the_candidate_was_does_not_count(self, installation: Installation) -> None:
        """Checked again with another result, it must be reviewed again."""
        found = installation.approved()
        installation.check(found, verdict="block")
        assert standing_reviews(found, load_trust(installation.settings.trust)) == []

    @pytest.mark.parametrize("who", ["author", "releaser", "stranger"])
    def test_only_the_board_reviews(self, installation: Installation, who: str) -> None:
        """Not the author, not the releaser, nobody unknown."""
        found = installation.check(installation.register())
        with pytest.raises(ReviewError, match="cannot be given"):
            installation.approve(found, who)
        assert actions(installation) == []

    def test_nobody_reviews_their_own_work(self, installation: Installation) -> None:
        """Even an author whom the trust folder also calls a member of the board."""
        author = installation.people["author"]
        installation.change_trust(lambda t: t.with_person(author, ("author", "board")))
        found = installation.check(installation.register())
        with pytest.raises(ReviewError, match="nobody reviews their own work"):
            installation.approve(found, "author")

    def test_a_retired_member_reviews_nothing(self, installation: Installation) -> None:
        """What they approved before counts no more for a promotion to come."""
        found = installation.approved()
        installation.change_trust(lambda t: t.with_retired("bob"))
        with pytest.raises(ReviewError, match="retired"):
            installation.approve(found, "bob", hours=2)
        refuses_promotion(installation, "1 of 2 approvals")

    def test_an_unsigned_candidate_is_not_reviewed(self, installation: Installation) -> None:
        """Trained without a key it is for looking at."""
        found = installation.check(installation.register(author=None))
        with pytest.raises(ReviewError, match="Train it again with --key"):
            installation.approve(found, "ada")

    def test_a_candidate_that_was_not_checked_is_not_reviewed(self, installation: Installation) -> None:
        """There would be nothing to sign."""
        with pytest.raises(CandidateError, match="run vigie check wait-time 1"):
            installation.approve(installation.register(), "ada")

    def test_a_package_that_was_changed_is_not_reviewed(self, installation: Installation) -> None:
        """Neither a file of it nor the manifest."""
        found = installation.check(installation.register())
        (found.package / "median.ubj").write_bytes(b"other trees")
        with pytest.raises(PackageError, match=r"median\.ubj"):
            installation.approve(found, "ada")
        edit(found.package / "manifest.json", lambda body: body.update(seed=9))
        with pytest.raises(ReviewError, match="not the one that its author signed"):
            installation.approve(found, "ada")

    def test_a_review_says_why(self, installation: Installation) -> None:
        """For those who come after."""
        installation.check(installation.register())
        with pytest.raises(ReviewError, match="needs a comment"):
            review(
                installation.settings, "wait-time", "1", installation.people["ada"], "approve", " ", now=NOW
            )


class TestRefusals:
    """A refusal stands until its author takes it back."""

    @pytest.fixture
    def refused(self, installation: Installation) -> Candidate:
        """Refused by carol of the board, and approved by two others."""
        carol = installation.people["stranger"]
        installation.change_trust(lambda t: t.with_person(carol, ("board",)))
        found = installation.approved()
        installation.approve(found, "stranger", decision="refuse")
        refuses_promotion(installation, "stranger refused it")
        return found

    def _file(self, found: Candidate) -> Path:
        return found.folder / "reviews" / "0003-stranger.json"

    @pytest.mark.parametrize("deleted", [False, True])
    @pytest.mark.parametrize(
        "way", ["retired", "taken out", "another role", "another byte", "checked again", "nothing"]
    )
    def test_nobody_else_lifts_it(
        self, installation: Installation, refused: Candidate, way: str, *, deleted: bool
    ) -> None:
        """Neither the keeper of the trust folder, nor whoever can write the candidate's folder."""
        key = installation.people["stranger"]
        if way == "retired":
            installation.change_trust(lambda t: t.with_retired("stranger"))
        elif way == "taken out":
            installation.change_trust(lambda t: t.without("stranger"))
        elif way == "another role":
            installation.change_trust(lambda t: t.with_person(key, ("author",)))
        elif way == "another byte":
            manifest = Manifest.model_validate(refused.json("package/manifest.json"))
            report = report_body(refused, "pass") | {"history_days": 481.0}
            card = build_card(manifest, report, [])
            refused.seal(report, card, default_policy().content, installation.people["checker"])
            installation.approve(refused, "ada", "bob", hours=1.5)
        elif way == "checked again":
            installation.check(refused)
        if deleted:
            self._file(refused).unlink()
        refuses_promotion(installation, "stranger refused it")

    def test_the_same_package_under_another_number_is_refused(
        self, installation: Installation, refused: Candidate
    ) -> None:
        """Registered and checked anew."""
        body = {"data_digest": DIGEST, "seal_digest": DIGEST, "evidence_digest": DIGEST, "at": 0}
        author = installation.people["author"]
        folder = installation.settings.candidates
        again = register(folder, "wait-time", "2", refused.package, body, author)
        installation.check(again)
        installation.approve(again, "ada", "bob")
        refuses_promotion(installation, "stranger refused it", version="2")

    def test_a_lost_journal_leaves_the_signed_file(
        self, installation: Installation, refused: Candidate
    ) -> None:
        """A refusal that either knows stands."""
        with opened_database(installation.settings.database) as engine, engine.begin() as connection:
            connection.execute(journal.delete())
        refuses_promotion(installation, "stranger refused it")

    @pytest.mark.parametrize("decision", ["approve", "withdraw"])
    def test_its_author_takes_it_back(
        self, installation: Installation, refused: Candidate, decision: str
    ) -> None:
        """By approving, or by a withdrawal that approves nothing."""
        installation.approve(refused, "stranger", decision=decision, hours=1.5)
        assert len(promote_version(installation).body["approvals"]) == (3 if decision == "approve" else 2)

    def test_only_who_refused_withdraws(self, installation: Installation, refused: Candidate) -> None:
        """Somebody else's withdrawal is none."""
        with pytest.raises(ReviewError, match="has not refused"):
            installation.approve(refused, "ada", decision="withdraw")

    def test_a_version_that_was_refused_since_is_not_gone_back_to(self, installation: Installation) -> None:
        """However it was approved before."""
        found = installation.approved("1")
        promote_version(installation, "1")
        installation.approved("2")
        promote_version(installation, "2")
        installation.approve(found, "ada", decision="refuse", hours=2.5)
        with pytest.raises(PromotionError, match="ada refused it"):
            roll_back(installation)


def test_a_registration_is_never_replaced(installation: Installation) -> None:
    """A second store that counts from 1 again does not overwrite what the board has seen."""
    found = installation.approved()
    with pytest.raises(CandidateError, match="already"):
        installation.register("1")
    assert found.checked


@pytest.mark.parametrize("version", ["", "x", "²", "../wait-time/1", "-1", "2"])
def test_a_version_that_is_not_there_is_named(installation: Installation, version: str) -> None:
    """With those that are."""
    installation.register("1")
    with pytest.raises(CandidateError, match="there are 1"):
        candidate(installation.settings.candidates, "wait-time", version)
