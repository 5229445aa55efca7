"""From an approved candidate to a release, and back: what must not open."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from registry.candidates.candidates import candidate
from registry.digests import sha256_file
from registry.errors import (
    PromotionError,
    ReleaseError,
    TrustError,
)
from registry.record.database import opened_database
from registry.record.tables.record_tables import journal
from registry.releases.promotion import promote
from registry.releases.release_chain import release_stamp
from registry.releases.releases import current_release
from registry.rollback.rollback import rollback
from registry.trust.keys import demo_key
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.refused_commits import refused_commits
from tests.support.releasing import actions, current, promote_version, refuses_promotion, roll_back


class TestPromotion:
    """What opens, and everything that must not."""

    def test_a_release_holds_what_was_signed_and_verifies(self, installation: Installation) -> None:
        """The first of its model, with the number that is then the lowest acceptable one."""
        found = installation.approved()
        release = promote_version(installation)
        assert (release.model, release.version, release.sequence) == ("wait-time", "1", 1)
        assert release.body["former_release"] is None
        assert release.scope == {("ED", 0.0)}
        assert release.body.items() >= found.digests().items()
        assert release == current(installation)
        assert load_trust(installation.settings.trust).lowest_release == {"wait-time": 1}
        assert actions(installation)[-1] == ("releaser", "promote")
        assert sorted(p.name for p in release.folder.iterdir()) == [
            "card.json",
            "check.json",
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
        first = promote_version(installation)
        stamp = release_stamp(installation.settings, "wait-time")
        installation.approved("2")
        second = promote_version(installation, "2")
        assert (second.sequence, second.body["former_release"]) == (2, first.digest)
        assert release_stamp(installation.settings, "wait-time") != stamp
        assert current_release(installation.settings, "bed-demand") is None

    def test_all_obstacles_are_named_at_once(self, installation: Installation) -> None:
        """Nobody should have to come back four times."""
        found = installation.check(installation.register(), verdict="block")
        installation.approve(found, "ada", decision="refuse")
        installation.change_trust(lambda t: t.with_policy("sha256:other"))
        with pytest.raises(PromotionError) as error:
            promote_version(installation, who="ada")
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
        refuses_promotion(installation, f"its check says {verdict}")

    def test_one_approval_is_not_two(self, installation: Installation) -> None:
        """Given twice it is still one person's."""
        found = installation.check(installation.register())
        installation.approve(found, "ada")
        installation.approve(found, "ada", hours=1.5)
        refuses_promotion(installation, "1 of 2 approvals")

    def test_a_refusal_blocks_until_that_person_replaces_it(self, installation: Installation) -> None:
        """Two approvals of others do not outvote it."""
        carol = installation.people["stranger"]
        installation.change_trust(lambda t: t.with_person(carol, ("board",)))
        found = installation.approved()
        installation.approve(found, "stranger", decision="refuse")
        refuses_promotion(installation, "stranger refused it")
        installation.approve(found, "stranger", hours=1.5)
        assert len(promote_version(installation).body["approvals"]) == 3

    def test_a_refusal_is_not_undone_by_deleting_its_file(self, installation: Installation) -> None:
        """The journal knows it."""
        found = installation.approved()
        installation.approve(found, "ada", decision="refuse", hours=1.5)
        (found.folder / "reviews" / "0003-ada.json").unlink()
        refuses_promotion(installation, "ada refused it")

    @pytest.mark.parametrize("name", ["report.json", "card.json", "policy.toml"])
    def test_a_file_changed_after_the_reviews_needs_new_ones(
        self, installation: Installation, name: str
    ) -> None:
        """Even one more line end."""
        found = installation.approved()
        with open(found.folder / name, "ab") as file:
            file.write(b"\n")
        refuses_promotion(installation, "0 of 2 approvals")

    def test_a_report_of_another_package_does_not_carry_this_one(self, installation: Installation) -> None:
        """A passing report cannot be borrowed."""
        installation.check(installation.register("2"))
        found = installation.approved("1")
        other = candidate(installation.settings.candidates, "wait-time", "2")
        shutil.copy(other.folder / "report.json", found.folder / "report.json")
        refuses_promotion(installation, r"report\.json is not what the check made")

    def test_a_package_other_than_the_registered_one_is_not_released(
        self, installation: Installation
    ) -> None:
        """Nor one with a file too many."""
        found = installation.approved()
        (found.package / "code.py").write_text("print()")
        refuses_promotion(installation, r"code\.py")

    def test_a_registration_of_another_version_does_not_carry_this_one(
        self, installation: Installation
    ) -> None:
        """An author's signature cannot be moved."""
        installation.approved("1")
        other = installation.approved("2")
        first = candidate(installation.settings.candidates, "wait-time", "1")
        shutil.copy(first.folder / "registration.json", other.folder / "registration.json")
        refuses_promotion(installation, "not the one that its author signed", version="2")

    @pytest.mark.parametrize("who", ["author", "ada", "stranger"])
    def test_only_a_releaser_releases(self, installation: Installation, who: str) -> None:
        """Not who made it, not who approved it, nobody unknown."""
        installation.approved()
        refuses_promotion(installation, "the releaser may not sign", who=who)

    @pytest.mark.parametrize(("who", "why"), [("author", "is its author"), ("ada", "approved it")])
    def test_nobody_has_two_parts_in_a_release(self, installation: Installation, who: str, why: str) -> None:
        """Whatever roles the trust folder gives them: with two approvals there are four people."""
        role = "author" if who == "author" else "board"
        key = installation.people[who]
        installation.change_trust(lambda t: t.with_person(key, (role, "releaser")))
        installation.approved()
        refuses_promotion(installation, why, who=who)

    def test_demo_keys_release_nothing_outside_a_demo(self, installation: Installation) -> None:
        """Everybody can know them."""
        installation.approved()
        with pytest.raises(PromotionError, match="known to everybody"):
            promote(installation.settings, "wait-time", "1", demo_key("releaser"), now=after(2))

    def test_what_is_in_use_is_not_released_again(self, installation: Installation) -> None:
        """Unless somebody else approved it since."""
        found = installation.approved()
        promote_version(installation)
        with pytest.raises(PromotionError, match="in use already"):
            promote_version(installation)
        installation.approve(found, "bob", hours=2.5)
        assert promote_version(installation, hours=3).sequence == 2

    def test_of_two_promotions_at_once_one_gets_the_number(self, installation: Installation) -> None:
        """The other finds it in use."""
        installation.approved()
        outcomes: list[object] = []

        def run() -> None:
            try:
                outcomes.append(promote_version(installation).sequence)
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
        assert current(installation).sequence == 1

    def test_two_versions_promoted_at_once_get_two_numbers(self, installation: Installation) -> None:
        """And one chain."""
        for version in ("1", "2", "3"):
            installation.approved(version)
        threads = [threading.Thread(target=promote_version, args=(installation, v)) for v in ("1", "2", "3")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert current(installation).sequence == 3

    def test_a_promotion_that_fails_leaves_nothing(self, installation: Installation) -> None:
        """The folder that had its name already is taken back with the journal's entry."""
        installation.approved()

        def is_in_place() -> bool:
            return release_stamp(installation.settings, "wait-time")[0] == 1

        with refused_commits(is_in_place), pytest.raises(OSError, match="No space left"):
            promote_version(installation)
        assert os.listdir(installation.settings.releases / "wait-time") == []
        assert actions(installation)[-1] == ("bob", "approve")
        assert promote_version(installation).sequence == 1

    def test_a_release_that_was_killed_before_its_entry_is_written_down_later(
        self, installation: Installation
    ) -> None:
        """The next promotion finds it."""
        installation.approved("1")
        first = promote_version(installation)
        with opened_database(installation.settings.database) as engine, engine.begin() as connection:
            connection.execute(journal.delete().where(journal.c.action == "promote"))
        installation.approved("2")
        promote_version(installation, "2")
        assert [action for _, action in actions(installation)][-2:] == ["recover", "promote"]
        assert current(installation).body["former_release"] == first.digest

    def test_a_trust_folder_that_cannot_be_written_promotes_nothing(self, installation: Installation) -> None:
        """The number could not rise."""
        installation.approved()
        lock = installation.settings.trust / ".lock"
        lock.unlink()
        lock.mkdir()
        with pytest.raises(TrustError, match="cannot be written"):
            promote_version(installation)
        assert actions(installation)[-1] == ("bob", "approve")


class TestRollback:
    """Going back is going on: the next number, an earlier package."""

    @pytest.fixture
    def chain(self, installation: Installation) -> Installation:
        """Three releases of three versions."""
        for version in ("1", "2", "3"):
            installation.approved(version)
            promote_version(installation, version)
        return installation

    def test_it_is_a_new_release_of_the_earlier_package(self, chain: Installation) -> None:
        """With the approvals it had."""
        release = roll_back(chain)
        assert (release.version, release.sequence, release.body["rolled_back_to"]) == ("2", 4, 2)
        assert release.body["former_release"] == sha256_file(
            release.folder.with_name("000003") / "release.json"
        )
        assert release == current(chain)
        assert load_trust(chain.settings.trust).lowest_release == {"wait-time": 4}
        assert actions(chain)[-1] == ("releaser", "roll back")

    def test_twice_back_is_two_back(self, chain: Installation) -> None:
        """Not to the version that was just left, and then there is nothing more."""
        assert [roll_back(chain).version, roll_back(chain).version] == ["2", "1"]
        with pytest.raises(PromotionError, match="no earlier release"):
            roll_back(chain)

    def test_to_a_number(self, chain: Installation) -> None:
        """That was released and is not in use."""
        assert roll_back(chain, 1).version == "1"
        for number in (0, 4, 9):
            with pytest.raises(PromotionError, match="no earlier release"):
                roll_back(chain, number)
        with pytest.raises(PromotionError, match="in use already"):
            roll_back(chain, 1)

    def test_a_damaged_release_can_be_left(self, chain: Installation) -> None:
        """That is when one wants to go back."""
        (current(chain).folder / "package" / "median.ubj").unlink()
        assert roll_back(chain).version == "2"
        assert current(chain).version == "2"

    def test_a_damaged_release_is_not_gone_back_to(self, chain: Installation) -> None:
        """What is served is what was signed."""
        (chain.settings.releases / "wait-time" / "000002" / "card.json").unlink()
        with pytest.raises(ReleaseError, match=r"card\.json"):
            roll_back(chain)
        assert current(chain).version == "3"

    def test_only_a_releaser_rolls_back(self, chain: Installation) -> None:
        """Like any release."""
        with pytest.raises(PromotionError, match="may not sign"):
            rollback(chain.settings, "wait-time", chain.people["ada"], now=after(3))

    def test_without_a_release_there_is_nothing_to_leave(self, installation: Installation) -> None:
        """In words."""
        with pytest.raises(PromotionError, match="no release"):
            roll_back(installation)


@pytest.mark.postgres
def test_a_release_is_written_down_in_postgresql_too(quick_path: Path, postgres_database: str) -> None:
    """Approvals, promotions at once and a roll-back, in one chain."""
    installation = Installation.make(quick_path / "home", database_url=postgres_database)
    for version in ("1", "2", "3"):
        installation.approved(version)
    threads = [threading.Thread(target=promote_version, args=(installation, v)) for v in ("1", "2", "3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert roll_back(installation).sequence == 4
    assert [action for _, action in actions(installation)] == [
        *["approve"] * 6,
        *["promote"] * 3,
        "approve roll back",
        "roll back",
    ]
