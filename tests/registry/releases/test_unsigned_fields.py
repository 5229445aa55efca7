"""Fields of the trust file that nobody signs, edited by hand: the journal says what they were, and nothing is served by
them."""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from hospital.times import instant
from registry.candidates.reviews import review
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.trust_audit import trust_faults
from registry.checkpoints.vouching import vouch
from registry.digests import canonical_json, write_atomically
from registry.errors import RegistryError, ReleaseError, TrustError
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.releases.journal_entry import subjects_of
from registry.releases.promotion import promote
from registry.releases.release_chain import read_chain
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import create_key
from registry.trust.model_stops import is_stopped, resume_model, stop_model
from registry.trust.trust_changes import trust_key
from registry.trust.trust_store import load_trust
from serving.releases.release_source import StoredReleases
from tests.support.installation import Installation, after
from tests.support.releasing import (
    current,
    promote_version,
    put_policy,
    release_by_hand,
    review_by_hand,
    roll_back,
)

pytestmark = pytest.mark.usefixtures("english")
MODEL = "wait-time"


def edit_trust(settings: Settings, **fields: Any) -> None:
    """Fields of the trust file changed by hand."""
    path = settings.trust / "trust.json"
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), **fields}))


def enter_by_hand(installation: Installation) -> None:
    """The newest release's entry, written by somebody with the database and no command of Vigie's."""
    settings = installation.settings
    link = read_chain(settings, MODEL, load_trust(settings.trust))[-1]
    with opened_database(settings.database) as engine, writing(engine) as connection:
        append(
            connection,
            actor="releaser",
            action="promote",
            subjects=subjects_of(link),
            now=after(2),
            reason="",
        )


def faults_of_trust(settings: Settings) -> list[str]:
    """What `vigie journal verify` says of the trust file."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        found = vouch(connection, CheckpointFile(settings.checkpoints), accepted_keys(settings))
        return [fault.message for fault in trust_faults(connection, settings.trust, found.checkpoints)]


class TestLowestRelease:
    """The lowest acceptable number."""

    def test_lowered_it_brings_no_version_back(self, installation: Installation) -> None:
        """The newest release that the journal knows is served; going back is the board's to approve."""
        for version in ("1", "2"):
            installation.approved(version)
            promote_version(installation, version)
        edit_trust(installation.settings, lowest_release={MODEL: 1})
        assert current(installation).version == "2"
        edit_trust(installation.settings, lowest_release={})
        assert current(installation).version == "2"

    def test_lowered_beside_another_release_of_that_number(self, installation: Installation) -> None:
        """The releaser alone put one there that the journal does not know: the way back is the board's all the same."""
        installation.approved("1")
        promote_version(installation)
        found = installation.approved("2")
        second = promote_version(installation, "2")
        approvals = review_by_hand(installation, found)
        release_by_hand(installation, second, found, approvals, released_at=instant(after(2)))
        edit_trust(installation.settings, lowest_release={MODEL: 1})
        with pytest.raises(ReleaseError, match="no entry of release 2"):
            current_release(installation.settings, MODEL)

    def test_lowered_with_the_newest_release_taken_away(self, installation: Installation) -> None:
        """Nothing is served: the journal has a release that is not there."""
        for version in ("1", "2"):
            installation.approved(version)
            promote_version(installation, version)
        edit_trust(installation.settings, lowest_release={MODEL: 1})
        shutil.rmtree(installation.settings.releases / MODEL / "000002")
        with pytest.raises(ReleaseError, match="release 2"):
            current_release(installation.settings, MODEL)

    def test_a_roll_back_is_no_difference_to_verify(self, installation: Installation) -> None:
        """Its number is that of its entry."""
        for version in ("1", "2"):
            installation.approved(version)
            promote_version(installation, version)
        roll_back(installation)
        checkpoint(installation.settings, now=after(4))
        assert faults_of_trust(installation.settings) == []


class TestStop:
    """A stop that stands."""

    @pytest.fixture
    def stopped(self, installation: Installation) -> Installation:
        """Released, and stopped."""
        installation.approved()
        promote_version(installation)
        stop_model(installation.settings, MODEL, installation.people["ada"], reason="odd", now=after(3))
        return installation

    def test_taken_out_of_the_file_it_stands(self, stopped: Installation) -> None:
        """For the service, which has it from the journal."""
        source = StoredReleases(stopped.settings)
        assert source.halted(MODEL)
        edit_trust(stopped.settings, stopped={})
        assert source.halted(MODEL)
        assert StoredReleases(stopped.settings).halted(MODEL)

    def test_taken_out_of_the_file_it_ends_by_a_quorum(self, stopped: Installation) -> None:
        """Not by one member, and once."""
        settings, people = stopped.settings, stopped.people
        edit_trust(settings, stopped={})
        with pytest.raises(TrustError):
            resume_model(settings, MODEL, [people["ada"]], reason="well", now=after(4))
        assert is_stopped(settings, load_trust(settings.trust), MODEL)
        resume_model(settings, MODEL, [people["bob"]], reason="well", now=after(4))
        assert not is_stopped(settings, load_trust(settings.trust), MODEL)
        with pytest.raises(TrustError):
            resume_model(settings, MODEL, [people["ada"], people["bob"]], reason="well", now=after(4))

    def test_a_resumption_that_cannot_be_entered_is_none(self, stopped: Installation, tmp_path: Any) -> None:
        """The file is as it was."""
        settings, people = stopped.settings, stopped.people
        before = (settings.trust / "trust.json").read_bytes()
        elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}"})
        with pytest.raises(RegistryError, match="cannot be opened"):
            resume_model(elsewhere, MODEL, [people["ada"], people["bob"]], reason="well", now=after(4))
        assert (settings.trust / "trust.json").read_bytes() == before


class TestPolicy:
    """The last release of before the policy in force."""

    def test_raised_it_lets_no_earlier_policy_in(self, installation: Installation) -> None:
        """A version that was judged and approved under a policy since replaced, released by the releaser alone."""
        installation.approved("1")
        release = promote_version(installation)
        found = installation.check(installation.register("2"))
        approvals = review_by_hand(installation, found)
        put_policy(installation, approvals="2", history_days="500")
        assert current(installation).version == "1"
        second = release.folder.with_name("000002")
        shutil.copytree(release.folder, second)
        shutil.rmtree(second / "package")
        shutil.copytree(found.package, second / "package")
        release_by_hand(
            installation,
            replace(release, folder=second),
            found,
            approvals,
            version="2",
            sequence=2,
            former_release=release.digest,
            package_digest=found.package_digest,
            registration=found.registration,
            released_at=instant(after(2)),
        )
        edit_trust(installation.settings, lowest_release={MODEL: 2}, released_before={MODEL: 2})
        enter_by_hand(installation)
        with pytest.raises(ReleaseError, match="policy"):
            current_release(installation.settings, MODEL)


class TestRefusal:
    """A refusal that stands, and a release that was made past it."""

    @pytest.fixture
    def refused(self, installation: Installation) -> Installation:
        """Version 1 in use; version 2 approved by two members and refused by a third; released by hand."""
        people = dict(installation.people)
        cid = create_key("Cid Cern", installation.settings.home / "keys" / "cid.json")
        trust_key(
            installation.settings,
            "Cid Cern",
            cid.public_key,
            ("board",),
            now=after(0),
            signers=(people["ada"], people["bob"]),
        )
        installation.approved("1")
        release = promote_version(installation)
        found = installation.approved("2")
        review(installation.settings, MODEL, "2", cid, "refuse", "no", now=after(1.5))
        second = release.folder.with_name("000002")
        shutil.copytree(release.folder, second)
        shutil.rmtree(second / "package")
        shutil.copytree(found.package, second / "package")
        release_by_hand(
            installation,
            replace(release, folder=second),
            found,
            review_by_hand(installation, found),
            version="2",
            sequence=2,
            former_release=release.digest,
            package_digest=found.package_digest,
            registration=found.registration,
            released_at=instant(after(2)),
        )
        return installation

    def test_no_command_completes_it(self, refused: Installation) -> None:
        """Neither a promotion of it nor one of another version."""
        installation = refused
        installation.approved("3")
        for version in ("2", "3"):
            with pytest.raises(ReleaseError, match="Cid Cern"):
                promote(installation.settings, MODEL, version, installation.people["releaser"], now=after(3))
        assert current(installation).version == "1"

    def test_the_service_refuses_it(self, refused: Installation) -> None:
        """Number and entry written by hand."""
        edit_trust(refused.settings, lowest_release={MODEL: 2})
        enter_by_hand(refused)
        with pytest.raises(ReleaseError, match="Cid Cern"):
            current_release(refused.settings, MODEL)

    def test_nor_with_the_refusals_file_gone(self, refused: Installation) -> None:
        """The journal has it."""
        shutil.rmtree(refused.settings.candidates / MODEL / "2" / "reviews")
        edit_trust(refused.settings, lowest_release={MODEL: 2})
        enter_by_hand(refused)
        with pytest.raises(ReleaseError, match="Cid Cern"):
            current_release(refused.settings, MODEL)
