"""A release that is killed, or fails, at any moment leaves what the next command mends; nothing half done is served."""

import shutil

import pytest

from registry.record.database import opened_database
from registry.record.journal import entries
from registry.record.journal_audit import audit
from registry.releases.recovery import subjects_of
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation
from tests.support.killed_moments import FAILED, KILLED, at_moment
from tests.support.releasing import approve_way_back, promote_version, roll_back


def _in_order(installation: Installation) -> int:
    """The number of the release in use: it verifies, and it is the newest that the journal has, once."""
    release = current_release(installation.settings, "wait-time")
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        assert audit(connection).faults == ()
        if release is None:
            return 0
        assert release.link is not None
        subjects = subjects_of(release.link)
        made = [e for e in entries(connection) if "release_digest" in e.subjects]
    known = [e.action for e in made if e.subjects == subjects]
    assert len(known) == 1, known
    assert max(int(e.subjects["sequence"]) for e in made) == release.sequence
    assert _lowest(installation) in (release.sequence, release.sequence - 1)
    return release.sequence


def _lowest(installation: Installation) -> int:
    """The lowest acceptable number as the trust file has it: it rises last."""
    return load_trust(installation.settings.trust).lowest_release.get("wait-time", 0)


@pytest.mark.parametrize("way", ["kill", "fail"])
@pytest.mark.parametrize("action", ["promote", "roll back"])
def test_at_every_moment(installation: Installation, action: str, way: str) -> None:
    """Never is anything served that the journal does not know; the same command again does it, once."""
    home = installation.settings.home
    for version in ("1", "2"):
        installation.approved(version)
    before = 0
    if action == "roll back":
        before = [promote_version(installation, v).sequence for v in ("1", "2")][-1]
        approve_way_back(installation)
    moments, past = 0, 0
    for number in range(1, 1000):
        copy = home.with_name("copy")
        shutil.copytree(home, copy)
        other = Installation(Settings(home=copy), installation.people)
        work = (
            (lambda i=other: promote_version(i))
            if action == "promote"
            else (lambda i=other: roll_back(i, members=()))
        )
        code = at_moment(number, way, copy, work)
        past = past + 1 if code == 0 else 0  # a moment whose failure is forgiven ends well, too
        if past > 3:
            break
        assert code in (0, KILLED, FAILED)
        assert _in_order(other) in (before, before + 1)
        if _lowest(other) == before:
            assert work().sequence == before + 1  # type: ignore[no-untyped-call]
        assert _in_order(other) == _lowest(other) == before + 1
        assert not list((copy / "trust").glob(".trust.json.*"))
        shutil.rmtree(copy)
        moments += 1
    shutil.rmtree(home.with_name("copy"), ignore_errors=True)
    assert moments > 30
