"""From a registered candidate to what is served: reviews, promotion, roll-back, what must not open."""

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from registry.digests import canonical_json, sha256_file, write_atomically
from registry.errors import (
    CandidateError,
    PackageError,
    PromotionError,
    ReleaseError,
    ReviewError,
    TrustError,
)
from registry.record.database import journal, opened_database, writing
from registry.record.journal import audit
from registry.trust import promotion as releasing
from registry.trust.candidates import candidate
from registry.trust.keys import demo_key
from registry.trust.promotion import Release, current_release, load_release, promote, release_stamp, rollback
from registry.trust.reviews import review, standing_reviews
from registry.trust.trust_store import load_trust, update_trust
from tests.support.installation import NOW, Installation, after


def _promote(
    installation: Installation, version: str = "1", who: str = "releaser", hours: float = 2
) -> Release:
    return promote(installation.settings, "wait-time", version, installation.people[who], now=after(hours))


def _rollback(installation: Installation, to: int | None = None) -> Release:
    key = installation.people["releaser"]
    return rollback(installation.settings, "wait-time", key, now=after(3), to_sequence=to, reason="too long")


def _actions(installation: Installation) -> list[tuple[str, str]]:
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        assert audit(connection).faults == ()
        query = select(journal.c.actor, journal.c.action).order_by(journal.c.seq)
        return [(row.actor, row.action) for row in connection.execute(query)]


def _current(installation: Installation) -> Release:
    release = current_release(installation.settings, "wait-time")
    assert release is not None
    return release


def _refused(installation: Installation, match: str, version: str = "1", who: str = "releaser") -> None:
    """Promotion says why, writes no entry, and nothing is released."""
    before = _actions(installation)
    with pytest.raises(PromotionError, match=match):
        _promote(installation, version, who)
    assert _actions(installation) == before
    assert release_stamp(installation.settings, "wait-time")[0] == 0


def _edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    body = json.loads(path.read_bytes())
    change(body)
    write_atomically(path, canonical_json(body))


class TestReviews:
    """What the board signs."""

    def test_a_review_is_kept_signed_and_written_down(self, installation: Installation) -> None:
        """With the digests of the four files it is about."""
        found = installation.approved()
        standing = standing_reviews(found, load_trust(installation.settings.trust))
        assert [(s.name, s.decision, s.comment) for s in standing] == [
            ("ada", "approve", "ada says approve"),
            ("bob", "approve", "bob says approve"),
        ]
        assert all(s.signed.body.items() >= found.digests().items() for s in standing)
        assert _actions(installation) == [("ada", "approve"), ("bob", "approve")]
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
        assert _actions(installation) == []

    def test_nobody_reviews_their_own_work(self, installation: Installation) -> None:
        """Even an author whom the trust folder also calls a member of the board."""
        author = installation.people["author"]
        update_trust(installation.settings.trust, lambda t: t.with_person(author, ("author", "board")))
        found = installation.check(installation.register())
        with pytest.raises(ReviewError, match="nobody reviews their own work"):
            installation.approve(found, "author")

    def test_a_retired_member_reviews_nothing(self, installation: Installation) -> None:
        """What they approved before counts no more for a promotion to come."""
        found = installation.approved()
        update_trust(installation.settings.trust, lambda t: t.with_retired("bob"))
        with pytest.raises(ReviewError, match="retired"):
            installation.approve(found, "bob", hours=2)
        _refused(installation, "1 of 2 approvals")

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
        _edit(found.package / "manifest.json", lambda body: body.update(seed=9))
        with pytest.raises(ReviewError, match="not the one that its author signed"):
            installation.approve(found, "ada")

    def test_a_review_says_why(self, installation: Installation) -> None:
        """For those who come after."""
        installation.check(installation.register())
        with pytest.raises(ReviewError, match="needs a comment"):
            review(
                installation.settings, "wait-time", "1", installation.people["ada"], "approve", " ", now=NOW
            )


class TestPromotion:
    """What opens, and everything that must not."""

    def test_a_release_holds_what_was_signed_and_verifies(self, installation: Installation) -> None:
        """The first of its model, with the number that is then the lowest acceptable one."""
        found = installation.approved()
        release = _promote(installation)
        assert (release.model, release.version, release.sequence) == ("wait-time", "1", 1)
        assert release.body["former_release"] is None
        assert release.scope == {("ED", 0.0)}
        assert release.body.items() >= found.digests().items()
        assert release == _current(installation)
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 1}
        assert _actions(installation)[-1] == ("releaser", "promote")
        assert sorted(p.name for p in release.folder.iterdir()) == [
            "card.json",
            "package",
            "policy.toml",
            "release.json",
            "report.json",
        ]

    def test_there_is_no_release_where_there_never_was_one(self, installation: Installation) -> None:
        """That is no error."""
        assert current_release(installation.settings, "wait-time") is None

    def test_releases_of_a_model_are_a_chain(self, installation: Installation) -> None:
        """Each names the digest of the one before; the stamp tells that there is another."""
        installation.approved("1")
        first = _promote(installation)
        stamp = release_stamp(installation.settings, "wait-time")
        installation.approved("2")
        second = _promote(installation, "2")
        assert (second.sequence, second.body["former_release"]) == (2, first.digest)
        assert release_stamp(installation.settings, "wait-time") != stamp
        assert current_release(installation.settings, "bed-demand") is None

    def test_all_obstacles_are_told_at_once(self, installation: Installation) -> None:
        """Nobody should have to come back four times."""
        found = installation.check(installation.register(), verdict="block")
        installation.approve(found, "ada", decision="refuse")
        update_trust(installation.settings.trust, lambda t: t.with_policy("sha256:other"))
        with pytest.raises(PromotionError) as error:
            _promote(installation, who="ada")
        for reason in (
            r"its check says block \(accuracy\)",
            "another policy than the one in force",
            "ada refused it",
            "0 of 2 approvals",
            "releaser may not sign",
        ):
            assert reason.replace("\\", "") in str(error.value)

    @pytest.mark.parametrize("verdict", ["block", "inconclusive", "not applicable"])
    def test_only_pass_opens(self, installation: Installation, verdict: str) -> None:
        """However many approve."""
        found = installation.check(installation.register(), verdict=verdict)
        installation.approve(found, "ada", "bob")
        _refused(installation, f"its check says {verdict}")

    def test_one_approval_is_not_two(self, installation: Installation) -> None:
        """Given twice it is still one person's."""
        found = installation.check(installation.register())
        installation.approve(found, "ada")
        installation.approve(found, "ada", hours=1.5)
        _refused(installation, "1 of 2 approvals")

    def test_a_refusal_blocks_until_that_person_replaces_it(self, installation: Installation) -> None:
        """Two approvals of others do not outvote it."""
        carol = installation.people["stranger"]
        update_trust(installation.settings.trust, lambda t: t.with_person(carol, ("board",)))
        found = installation.approved()
        installation.approve(found, "stranger", decision="refuse")
        _refused(installation, "stranger refused it")
        installation.approve(found, "stranger", hours=1.5)
        assert len(_promote(installation).body["approvals"]) == 3

    def test_a_refusal_is_not_undone_by_deleting_its_file(self, installation: Installation) -> None:
        """The journal knows it."""
        found = installation.approved()
        installation.approve(found, "ada", decision="refuse", hours=1.5)
        (found.folder / "reviews" / "0003-ada.json").unlink()
        _refused(installation, "ada refused it")

    @pytest.mark.parametrize("name", ["report.json", "card.json", "policy.toml"])
    def test_a_file_changed_after_the_reviews_needs_new_ones(
        self, installation: Installation, name: str
    ) -> None:
        """Even one more line end."""
        found = installation.approved()
        with open(found.folder / name, "ab") as file:
            file.write(b"\n")
        _refused(installation, "0 of 2 approvals")

    def test_a_report_of_another_package_does_not_carry_this_one(self, installation: Installation) -> None:
        """A passing report cannot be borrowed."""
        installation.check(installation.register("2"))
        found = installation.check(installation.register("1"))
        other = candidate(installation.settings.candidates, "wait-time", "2")
        shutil.copy(other.folder / "report.json", found.folder / "report.json")
        installation.approve(found, "ada", "bob")
        _refused(installation, "report is about another package")

    def test_a_package_other_than_the_registered_one_is_not_released(
        self, installation: Installation
    ) -> None:
        """Nor one with a file too many."""
        found = installation.approved()
        (found.package / "code.py").write_text("print()")
        _refused(installation, r"code\.py")

    def test_a_registration_of_another_version_does_not_carry_this_one(
        self, installation: Installation
    ) -> None:
        """An author's signature cannot be moved."""
        installation.approved("1")
        other = installation.approved("2")
        first = candidate(installation.settings.candidates, "wait-time", "1")
        shutil.copy(first.folder / "registration.json", other.folder / "registration.json")
        _refused(installation, "not the one that its author signed", version="2")

    @pytest.mark.parametrize("who", ["author", "ada", "stranger"])
    def test_only_a_releaser_releases(self, installation: Installation, who: str) -> None:
        """Not who made it, not who approved it, nobody unknown."""
        installation.approved()
        _refused(installation, "the releaser may not sign", who=who)

    @pytest.mark.parametrize(("who", "why"), [("author", "is its author"), ("ada", "approved it")])
    def test_nobody_has_two_parts_in_a_release(self, installation: Installation, who: str, why: str) -> None:
        """Whatever roles the trust folder gives them: with two approvals there are four people."""
        role = "author" if who == "author" else "board"
        key = installation.people[who]
        update_trust(installation.settings.trust, lambda t: t.with_person(key, (role, "releaser")))
        installation.approved()
        _refused(installation, why, who=who)

    def test_demo_keys_release_nothing_outside_a_demo(self, installation: Installation) -> None:
        """Everybody can know them."""
        installation.approved()
        with pytest.raises(PromotionError, match="known to everybody"):
            promote(installation.settings, "wait-time", "1", demo_key("releaser"), now=after(2))

    def test_what_is_in_use_is_not_released_again(self, installation: Installation) -> None:
        """Unless somebody else approved it since."""
        found = installation.approved()
        _promote(installation)
        with pytest.raises(PromotionError, match="in use already"):
            _promote(installation)
        installation.approve(found, "bob", hours=2.5)
        assert _promote(installation, hours=3).sequence == 2

    def test_of_two_promotions_at_once_one_gets_the_number(self, installation: Installation) -> None:
        """The other finds it in use."""
        installation.approved()
        outcomes: list[object] = []

        def run() -> None:
            try:
                outcomes.append(_promote(installation).sequence)
            except PromotionError as error:
                outcomes.append(str(error))

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted("1" if o == 1 else "in use already" in str(o) and "told" for o in outcomes) == [
            "1",
            "told",
            "told",
        ]
        assert _current(installation).sequence == 1

    def test_two_versions_promoted_at_once_get_two_numbers(self, installation: Installation) -> None:
        """And one chain."""
        for version in ("1", "2", "3"):
            installation.approved(version)
        threads = [threading.Thread(target=_promote, args=(installation, v)) for v in ("1", "2", "3")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _current(installation).sequence == 3

    def test_a_promotion_that_fails_leaves_nothing(
        self, installation: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The folder that had its name already is taken back with the journal's entry."""
        installation.approved()

        @contextmanager
        def writing_without_commit(engine: Engine) -> Iterator[Connection]:
            with writing(engine) as connection:
                yield connection
                assert release_stamp(installation.settings, "wait-time")[0] == 1
                raise OSError("the disk is full")

        monkeypatch.setattr(releasing, "writing", writing_without_commit)
        with pytest.raises(OSError, match="disk is full"):
            _promote(installation)
        monkeypatch.undo()
        assert os.listdir(installation.settings.releases / "wait-time") == []
        assert _actions(installation)[-1] == ("bob", "approve")
        assert _promote(installation).sequence == 1

    def test_a_release_that_was_killed_before_its_entry_is_written_down_later(
        self, installation: Installation
    ) -> None:
        """The next promotion finds it."""
        installation.approved("1")
        first = _promote(installation)
        with opened_database(installation.settings.database) as engine, engine.begin() as connection:
            connection.execute(journal.delete().where(journal.c.action == "promote"))
        installation.approved("2")
        _promote(installation, "2")
        assert [action for _, action in _actions(installation)][-2:] == ["recover", "promote"]
        assert _current(installation).body["former_release"] == first.digest

    def test_a_trust_folder_that_cannot_be_written_promotes_nothing(self, installation: Installation) -> None:
        """The number could not rise."""
        installation.approved()
        lock = installation.settings.trust / ".lock"
        lock.unlink()
        lock.mkdir()
        with pytest.raises(TrustError, match="cannot be written"):
            _promote(installation)
        assert _actions(installation)[-1] == ("bob", "approve")


class TestServedReleases:
    """What is served is what was signed, or nothing."""

    @pytest.fixture
    def release(self, installation: Installation) -> Release:
        """The second release of a chain of two."""
        for version in ("1", "2"):
            installation.approved(version)
            _promote(installation, version)
        return _current(installation)

    def _refused(self, installation: Installation, match: str) -> None:
        with pytest.raises(ReleaseError, match=match):
            current_release(installation.settings, "wait-time")

    @pytest.mark.parametrize(
        "name", ["report.json", "card.json", "policy.toml", "package/median.ubj", "package/manifest.json"]
    )
    @pytest.mark.parametrize("way", ["edit", "delete"])
    def test_a_changed_file_is_named(
        self, installation: Installation, release: Release, name: str, way: str
    ) -> None:
        """With what to do."""
        path = release.folder / name
        if way == "delete":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + b" ")
        self._refused(installation, rf"(?i){re.escape(Path(name).name)}.* restore it from a copy")

    @pytest.mark.parametrize("name", ["notes.txt", "package/model.pkl", "package/spread.ubj"])
    def test_a_file_too_many_is_named(self, installation: Installation, release: Release, name: str) -> None:
        """Whatever is not signed is not served."""
        (release.folder / name).write_bytes(b"x")
        self._refused(installation, Path(name).name.replace(".", r"\."))

    def test_a_link_to_elsewhere_is_refused(self, installation: Installation, release: Release) -> None:
        """What it points at can change after it was looked at."""
        shutil.move(release.package, release.folder.parent.parent / "elsewhere")
        release.package.symlink_to(release.folder.parent.parent / "elsewhere")
        self._refused(installation, "package is a link")

    @pytest.mark.parametrize(
        "name", ["report.json", "policy.toml", "release.json", "package/median.ubj", "package/manifest.json"]
    )
    @pytest.mark.parametrize("way", ["pipe", "link"])
    def test_what_is_no_plain_file_is_refused_without_being_opened(
        self, installation: Installation, release: Release, name: str, way: str
    ) -> None:
        """Opening a pipe for reading waits for ever for somebody who writes: refresh and service would stand still."""
        path = release.folder / name
        path.rename(release.folder.parent.parent / "elsewhere")
        if way == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(release.folder.parent.parent / "elsewhere")
        refused: list[BaseException] = []

        def ask() -> None:
            try:
                current_release(installation.settings, "wait-time")
            except ReleaseError as error:
                refused.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout=10)
        assert not asking.is_alive()
        assert len(refused) == 1
        assert Path(name).name in str(refused[0])

    def test_a_release_folder_that_is_a_link_is_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """The same bytes elsewhere may be others the next moment."""
        shutil.move(release.folder, release.folder.parent.parent / "elsewhere")
        release.folder.symlink_to(release.folder.parent.parent / "elsewhere")
        self._refused(installation, "is a link elsewhere")

    def test_a_trust_file_that_is_a_pipe_is_refused_and_a_mounted_link_is_read(
        self, installation: Installation, release: Release
    ) -> None:
        """A folder mounted from configuration consists of links to plain files."""
        trust = installation.settings.trust / "trust.json"
        elsewhere = installation.settings.trust / "trust-of-today.json"
        trust.rename(elsewhere)
        trust.symlink_to(elsewhere)
        assert _current(installation).digest == release.digest
        trust.unlink()
        os.mkfifo(trust)
        with pytest.raises(TrustError, match="no trust file"):
            current_release(installation.settings, "wait-time")

    @pytest.mark.parametrize(
        "change",
        [
            {"version": "3"},
            {
                "scope": [
                    {"unit_group": "ED", "horizon_hours": 0.0},
                    {"unit_group": "X", "horizon_hours": 24.0},
                ]
            },
            {"sequence": 3},
            {"former_release": None},
            {"approvals": []},
        ],
    )
    def test_an_edited_release_is_refused(
        self, installation: Installation, release: Release, change: dict[str, object]
    ) -> None:
        """The releaser signed all of it."""
        _edit(release.folder / "release.json", lambda b: b["body"].update(change))  # type: ignore[attr-defined]
        self._refused(installation, r"release\.json was changed")

    def _forge(self, installation: Installation, release: Release, change: dict[str, object]) -> None:
        signed = installation.people["releaser"].sign("vigie-release-v1", release.body | change)
        write_atomically(release.folder / "release.json", canonical_json(signed.to_json()))

    def test_even_the_releaser_cannot_widen_the_scope(
        self, installation: Installation, release: Release
    ) -> None:
        """It is the one that the board's report names."""
        scope = [*release.body["scope"], {"unit_group": "X", "horizon_hours": 24.0}]
        self._forge(installation, release, {"scope": scope})
        self._refused(installation, "scope")

    def test_even_the_releaser_cannot_do_without_the_board(
        self, installation: Installation, release: Release
    ) -> None:
        """Neither fewer approvals, nor one twice, nor those of another version."""
        ada, bob = release.body["approvals"]
        first = load_release_body(installation, 1)
        for approvals in ([ada], [ada, ada], [ada, bob, ada], first["approvals"]):
            self._forge(installation, release, {"approvals": approvals})
            self._refused(installation, "approval")

    def test_the_same_person_is_not_two_by_signing_with_another_name(
        self, installation: Installation, release: Release
    ) -> None:
        """The name in a signature proves nothing."""
        ada = release.body["approvals"][0]
        twin = {**ada, "signature": {**ada["signature"], "name": "bob"}}
        self._forge(installation, release, {"approvals": [ada, twin]})
        self._refused(installation, "different people")

    def test_the_author_cannot_release_under_another_name(
        self, installation: Installation, release: Release
    ) -> None:
        """Even with the role of a releaser."""
        author = installation.people["author"]
        update_trust(installation.settings.trust, lambda t: t.with_person(author, ("author", "releaser")))
        signed = author.sign("vigie-release-v1", release.body).to_json()
        signed["signature"]["name"] = "releaser"
        write_atomically(release.folder / "release.json", canonical_json(signed))
        self._refused(installation, "different people")

    def test_an_older_release_is_not_served_in_place_of_a_newer(
        self, installation: Installation, release: Release
    ) -> None:
        """Deleting the newest does not bring back the one before."""
        shutil.rmtree(release.folder)
        self._refused(installation, "release 2 is gone")
        trust = load_trust(installation.settings.trust)
        with pytest.raises(ReleaseError, match="older than the lowest acceptable"):
            load_release(installation.settings, "wait-time", 1, trust)

    def test_all_releases_gone_is_not_never_any(self, installation: Installation, release: Release) -> None:
        """The trust folder remembers."""
        shutil.rmtree(release.folder.parent)
        self._refused(installation, "gone")

    def test_a_rewritten_past_is_refused(self, installation: Installation, release: Release) -> None:
        """Even one that the releaser signs."""
        first = load_release_at(release.folder.with_name("000001"), installation)
        self._forge(installation, first, {"released_at": 5})
        self._refused(installation, "does not follow release 1: the chain is broken")

    def test_a_lost_past_is_told(self, installation: Installation, release: Release) -> None:
        """With the number that is missing."""
        shutil.rmtree(release.folder.with_name("000001"))
        self._refused(installation, "release 1 is missing")

    def test_a_release_of_another_model_or_number_is_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """However well it is signed."""
        changes: list[dict[str, object]] = [{"model": "bed-demand"}, {"sequence": 3}, {"format": 2}]
        for change in changes:
            self._forge(installation, release, change)
            self._refused(installation, "belongs to another model or number")

    def test_other_bytes_of_the_same_release_are_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """The chain to come is over the bytes."""
        path = release.folder / "release.json"
        path.write_bytes(path.read_bytes() + b"\n")
        self._refused(installation, r"release\.json was changed")

    def test_a_folder_that_was_never_released_is_told(
        self, installation: Installation, release: Release
    ) -> None:
        """And what to do about it."""
        (release.folder.with_name("000007")).mkdir()
        self._refused(installation, "remove that folder")

    def test_a_key_taken_out_of_the_trust_folder_takes_its_releases_along(
        self, installation: Installation, release: Release
    ) -> None:
        """A stolen key's are; a retired key's are not."""
        update_trust(installation.settings.trust, lambda t: t.with_retired("ada").with_retired("releaser"))
        assert _current(installation).sequence == 2
        path = installation.settings.trust / "trust.json"
        _edit(path, lambda b: b["keys"].pop(1))  # type: ignore[attr-defined]
        self._refused(installation, "ada is not in the trust folder")

    def test_the_stamp_costs_little_and_changes_with_the_trust_folder(
        self, installation: Installation, release: Release
    ) -> None:
        """So that a running service notices."""
        stamp = release_stamp(installation.settings, "wait-time")
        assert stamp == release_stamp(installation.settings, "wait-time")
        update_trust(installation.settings.trust, lambda t: t.with_retired("ada"))
        assert release_stamp(installation.settings, "wait-time") != stamp


class TestRollback:
    """Going back is going on: the next number, an earlier package."""

    @pytest.fixture
    def chain(self, installation: Installation) -> Installation:
        """Three releases of three versions."""
        for version in ("1", "2", "3"):
            installation.approved(version)
            _promote(installation, version)
        return installation

    def test_it_is_a_new_release_of_the_earlier_package(self, chain: Installation) -> None:
        """With the approvals it had."""
        release = _rollback(chain)
        assert (release.version, release.sequence, release.body["rolled_back_to"]) == ("2", 4, 2)
        assert release.body["former_release"] == sha256_file(
            release.folder.with_name("000003") / "release.json"
        )
        assert release == _current(chain)
        assert load_trust(chain.settings.trust).lowest_release == {"wait-time": 4}
        assert _actions(chain)[-1] == ("releaser", "roll back")

    def test_twice_back_is_two_back(self, chain: Installation) -> None:
        """Not to the version that was just left, and then there is nothing more."""
        assert [_rollback(chain).version, _rollback(chain).version] == ["2", "1"]
        with pytest.raises(PromotionError, match="no earlier release"):
            _rollback(chain)

    def test_to_a_number(self, chain: Installation) -> None:
        """That was released and is not in use."""
        assert _rollback(chain, 1).version == "1"
        for number in (0, 4, 9):
            with pytest.raises(PromotionError, match="no earlier release"):
                _rollback(chain, number)
        with pytest.raises(PromotionError, match="in use already"):
            _rollback(chain, 1)

    def test_a_damaged_release_can_be_left(self, chain: Installation) -> None:
        """That is when one wants to go back."""
        (_current(chain).folder / "package" / "median.ubj").unlink()
        assert _rollback(chain).version == "2"
        assert _current(chain).version == "2"

    def test_a_damaged_release_is_not_gone_back_to(self, chain: Installation) -> None:
        """What is served is what was signed."""
        (chain.settings.releases / "wait-time" / "000002" / "card.json").unlink()
        with pytest.raises(ReleaseError, match=r"card\.json"):
            _rollback(chain)
        assert _current(chain).version == "3"

    def test_only_a_releaser_rolls_back(self, chain: Installation) -> None:
        """Like any release."""
        with pytest.raises(PromotionError, match="may not sign"):
            rollback(chain.settings, "wait-time", chain.people["ada"], now=after(3))

    def test_without_a_release_there_is_nothing_to_leave(self, installation: Installation) -> None:
        """In words."""
        with pytest.raises(PromotionError, match="no release"):
            _rollback(installation)


@pytest.mark.postgres
def test_a_release_is_written_down_in_postgresql_too(quick_path: Path, postgres_database: str) -> None:
    """Approvals, promotions at once and a roll-back, in one chain."""
    installation = Installation.make(quick_path / "home", database_url=postgres_database)
    for version in ("1", "2", "3"):
        installation.approved(version)
    threads = [threading.Thread(target=_promote, args=(installation, v)) for v in ("1", "2", "3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _rollback(installation).sequence == 4
    assert [action for _, action in _actions(installation)] == [
        *["approve"] * 6,
        *["promote"] * 3,
        "roll back",
    ]


def test_a_registration_is_never_replaced(installation: Installation) -> None:
    """A second store that counts from 1 again does not overwrite what the board has seen."""
    found = installation.approved()
    with pytest.raises(CandidateError, match="already"):
        installation.register("1")
    assert found.checked


@pytest.mark.parametrize("version", ["", "x", "²", "../wait-time/1", "-1", "2"])
def test_a_version_that_is_not_there_is_told(installation: Installation, version: str) -> None:
    """With those that are."""
    installation.register("1")
    with pytest.raises(CandidateError, match="there are 1"):
        candidate(installation.settings.candidates, "wait-time", version)


def load_release_at(folder: Path, installation: Installation) -> Release:
    """A release as its files say, unverified."""
    body = json.loads((folder / "release.json").read_bytes())["body"]
    return Release("wait-time", body["version"], body["sequence"], folder, body, "")


def load_release_body(installation: Installation, number: int) -> dict[str, object]:
    """What the releaser signed for a number."""
    body: dict[str, object] = load_release_at(
        installation.settings.releases / "wait-time" / f"{number:06d}", installation
    ).body
    return body
