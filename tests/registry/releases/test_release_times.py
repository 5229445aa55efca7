"""A release that is dated back, by hand: its instant is held against the chain and against the journal's entry."""

import json
from pathlib import Path

import pytest
from sqlalchemy import delete

from hospital.times import DAY, instant
from registry.candidates.candidates import Candidate, candidate
from registry.errors import PromotionError, ReleaseError
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import journal, payloads
from registry.releases.promotion import promote
from registry.releases.release import Release
from registry.releases.releases import current_release
from tests.support.installation import Installation, after
from tests.support.releasing import promote_version, release_by_hand, review_by_hand

_MONTHS = 24.0 * 400


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A home with a release, made in time."""
    made = Installation.make(tmp_path / "home")
    made.approved()
    promote_version(made)
    return made


def _second(installation: Installation) -> Release:
    """A second release, made in time as well; what becomes of it is up to the test."""
    installation.approved("2")
    return promote_version(installation, "2", hours=3)


def _found(installation: Installation) -> Candidate:
    return candidate(installation.settings.candidates, "wait-time", "2")


def _lower(installation: Installation) -> None:
    """The state of a second release that was killed before it was in use, and before its entry was committed."""
    path = installation.settings.trust / "trust.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"lowest_release": {"wait-time": 1}}))
    with opened_database(installation.settings.database) as engine, writing(engine) as connection:
        connection.execute(delete(payloads))
        last = connection.execute(journal.select().order_by(journal.c.seq.desc())).first()
        assert last is not None
        connection.execute(delete(journal).where(journal.c.seq == last.seq))


def _refused(installation: Installation) -> str:
    with pytest.raises(ReleaseError) as caught:
        current_release(installation.settings, "wait-time")
    assert "{" not in caught.value.words("fr")
    return str(caught.value)


def test_releases_that_were_made_in_time_verify(installation: Installation) -> None:
    """And go on verifying, however old their approvals become."""
    second = _second(installation)
    found = current_release(installation.settings, "wait-time")
    assert found is not None
    assert found.sequence == second.sequence == 2


def test_a_release_before_the_one_it_follows_is_refused(installation: Installation) -> None:
    """By more than two clocks may differ."""
    second = _second(installation)
    first_at = instant(after(2))
    approvals = review_by_hand(
        installation, _found(installation), ada=first_at - 2 * DAY, bob=first_at - 2 * DAY
    )
    release_by_hand(installation, second, _found(installation), approvals, released_at=first_at - DAY)
    assert "dated before release 1" in _refused(installation)


def test_a_release_without_an_entry_is_refused(installation: Installation) -> None:
    """Made by hand, with the lowest number raised by hand: nobody promoted it."""
    second = _second(installation)
    at = instant(after(3))
    approvals = review_by_hand(installation, _found(installation), ada=at - DAY, bob=at - DAY)
    release_by_hand(installation, second, _found(installation), approvals, released_at=at)
    assert "no entry of release 2" in _refused(installation)


def test_approvals_that_were_over_at_the_entry_do_not_count(installation: Installation) -> None:
    """A release made by hand long after, dated back to them, is not completed by the next command either."""
    second = _second(installation)
    at = instant(after(3))
    approvals = review_by_hand(installation, _found(installation), ada=at - DAY, bob=at - DAY)
    release_by_hand(installation, second, _found(installation), approvals, released_at=at)
    _lower(installation)
    installation.approved("3")
    with pytest.raises((ReleaseError, PromotionError), match="older than"):
        promote(installation.settings, "wait-time", "3", installation.people["releaser"], now=after(_MONTHS))
    assert current_release(installation.settings, "wait-time") is not None


def test_a_release_that_was_killed_before_its_entry_is_still_completed(installation: Installation) -> None:
    """In time: its entry is written by the next command, and its approvals count."""
    _second(installation)
    _lower(installation)
    promote_version(installation, "2", hours=4)
    found = current_release(installation.settings, "wait-time")
    assert found is not None
    assert found.sequence == 2


def test_without_a_database_what_is_signed_decides(installation: Installation) -> None:
    """A service whose database is gone for a moment does not lose its releases by it."""
    (installation.settings.home / "vigie.db").rename(installation.settings.home / "away.db")
    found = current_release(installation.settings, "wait-time")
    assert found is not None
    assert not (installation.settings.home / "vigie.db").exists()
