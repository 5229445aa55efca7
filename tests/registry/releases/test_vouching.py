"""Who must have signed, and for how long it counts: by the policy in force, at promotion and at serving."""

import shutil
from datetime import UTC, datetime

import pytest

from hospital.times import DAY, HOUR, instant
from registry.errors import PromotionError, ReleaseError
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import (
    current,
    promote_version,
    put_policy,
    refuses_promotion,
    release_by_hand,
    review_by_hand,
)

OLD = instant(datetime(2001, 1, 1, tzinfo=UTC))
SIGNED = instant(after(1))


@pytest.fixture
def first_release(installation: Installation) -> Release:
    """A release, approved and promoted as it must be."""
    installation.approved()
    return promote_version(installation)


def _refused(installation: Installation, match: str) -> None:
    with pytest.raises(ReleaseError, match=match):
        current_release(installation.settings, "wait-time")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (OLD, "older than the 90 days"),
        (instant(after(2)) - 91 * DAY, "older than the 90 days"),
        (instant(after(2)) + HOUR, "dated later than the release"),
        (2**62, "dated later than the release"),
        (-(2**62), "older than the 90 days"),
    ],
)
def test_an_approval_counts_for_a_time(installation: Installation, at: int, words: str) -> None:
    """One of 2001 and one of tomorrow do not: neither for a promotion nor in a release made by hand."""
    found = installation.approved("2")
    kept = promote_version(installation, "2")
    approvals = review_by_hand(installation, found, ada=at, bob=SIGNED)
    release_by_hand(installation, kept, found, approvals)
    _refused(installation, words)
    other = installation.check(installation.register("1"))
    review_by_hand(installation, other, ada=at, bob=SIGNED)
    with pytest.raises(PromotionError, match=r"1 of 2 approvals|refused"):
        promote_version(installation, "1")


def test_an_old_approval_is_named_at_promotion(installation: Installation) -> None:
    """With the days for which it counts."""
    found = installation.check(installation.register())
    review_by_hand(installation, found, ada=OLD, bob=SIGNED)
    refuses_promotion(installation, "the approval of ada is older than the 90 days")
    refuses_promotion(installation, "1 of 2 approvals")


@pytest.mark.parametrize("at", [None, "2026", 1.5, True])
def test_an_approval_without_a_date_carries_nothing(
    installation: Installation, first_release: Release, at: object
) -> None:
    """In a release made by hand."""
    found = installation.approved("2")
    approvals = review_by_hand(installation, found, ada=at, bob=SIGNED)  # type: ignore[arg-type]
    release_by_hand(
        installation, first_release, found, approvals, version="2", registration=found.registration
    )
    _refused(installation, "is refused")


def test_a_policy_that_asks_for_more_holds_for_what_is_served(
    installation: Installation, first_release: Release
) -> None:
    """Three approvals are in force; the release has two."""
    put_policy(installation, approvals="3")
    _refused(installation, "it needs an author, 3 approvals of the board")
    put_policy(installation, approvals="2")
    assert current(installation).sequence == first_release.sequence


def test_a_policy_may_require_functions(installation: Installation, first_release: Release) -> None:
    """One of those who approve has each of them."""
    put_policy(installation, required_roles='["clinician", "data-protection"]')
    _refused(installation, "requires an approval by clinician and data-protection")
    ada, bob = installation.people["ada"], installation.people["bob"]
    installation.change_trust(lambda t: t.with_person(ada, ("board", "clinician")))
    _refused(installation, "requires an approval by data-protection")
    installation.change_trust(lambda t: t.with_person(bob, ("board", "data-protection")))
    assert current(installation).sequence == first_release.sequence


def test_a_releaser_alone_makes_no_release_under_an_older_policy(
    installation: Installation, first_release: Release
) -> None:
    """Judged, approved and signed by everybody, but by a policy that is no longer in force."""
    put_policy(installation, least_gain="0.02")
    assert current(installation).sequence == 1  # what was released before may go on
    found = installation.approved("2")  # sealed with the policy that ships
    refuses_promotion_in(installation, "another policy than the one in force", "2")
    next_folder(first_release, 2)
    body = {
        "sequence": 2,
        "former_release": first_release.digest,
        "version": "2",
        "registration": found.registration,
    }
    second = Release("wait-time", "2", 2, first_release.folder.with_name("000002"), first_release.body, "")
    release_by_hand(installation, second, found, review_by_hand(installation, found), **body)
    installation.change_trust(lambda t: t.with_floor("wait-time", 2))
    _refused(installation, "judged by another policy than the one in force")


def refuses_promotion_in(installation: Installation, match: str, version: str) -> None:
    """Promotion says why; what is in use stays."""
    with pytest.raises(PromotionError, match=match):
        promote_version(installation, version)
    assert current(installation).version == "1"


def next_folder(release: Release, number: int) -> None:
    """The folder of the next release, made by hand of the package of version 2."""
    folder = release.folder.with_name(f"{number:06d}")
    home = release.folder.parent.parent.parent
    shutil.copytree(release.folder, folder)
    shutil.rmtree(folder / "package")
    shutil.copytree(home / "candidates" / "wait-time" / "2" / "package", folder / "package")


@pytest.mark.parametrize("who", ["author", "releaser", "checker", "ada"])
def test_a_key_that_is_taken_out_ends_what_it_alone_vouches_for(
    installation: Installation, first_release: Release, who: str
) -> None:
    """The author's, the releaser's, the check's, and one of two approvals."""
    installation.change_trust(lambda t: t.without(who))
    _refused(installation, f"{who} is not in the trust folder")


def test_a_third_approval_is_not_missed(installation: Installation) -> None:
    """Of three that were given, two are left when a key is taken out."""
    stranger = installation.people["stranger"]
    installation.change_trust(lambda t: t.with_person(stranger, ("board",)))
    found = installation.approved()
    installation.approve(found, "stranger")
    promote_version(installation)
    installation.change_trust(lambda t: t.without("ada"))
    assert len(load_trust(installation.settings.trust).keys) == 5
    assert current(installation).sequence == 1


def test_whether_who_left_vouches_is_the_policys_to_say(
    installation: Installation, first_release: Release
) -> None:
    """By the policy that ships they do."""
    put_policy(installation, retired_vouch="false")
    assert current(installation).sequence == 1
    installation.change_trust(lambda t: t.with_retired("ada"))
    _refused(installation, "ada's key is retired")
