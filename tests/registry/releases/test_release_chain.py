"""The chain by hand: since when a package is left, what a way back rests on, and what changes with a release."""

import os
import sys
from dataclasses import replace
from typing import Any

import pytest

from hospital.times import instant
from registry.errors import ReleaseError
from registry.releases.release import CARRIED, Link, Release
from registry.releases.release_chain import (
    first_released_at,
    left_at,
    read_chain,
    release_folder,
    release_stamp,
    with_origin,
)
from registry.releases.releases import current_release, load_release
from registry.trust.keys import Signed
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import promote_version, roll_back


def _link(number: int, package: str, **body: Any) -> Link:
    whole = {"model": "wait-time", "version": package, "sequence": number, "package_digest": package}
    whole |= {"released_at": number * 100, "rolled_back_to": None}
    return Link(number, Signed(whole | body, "releaser", "", "", ""), "releaser", f"sha256:{number}")


def _chain(*packages: str) -> list[Link]:
    return [_link(n, package) for n, package in enumerate(packages, 1)]


@pytest.mark.parametrize(
    ("packages", "package", "at"),
    [
        ([], "a", None),
        (["a"], "a", None),
        (["b"], "a", None),  # never released
        (["a", "b"], "a", 200),
        (["a", "b", "c"], "a", 300),
        (["a", "b", "a"], "a", None),
        (["a", "b", "a", "c"], "a", 400),
        (["b", "a"], "a", None),
    ],
)
def test_approvals_end_where_another_package_came_into_use(
    packages: list[str], package: str, at: int | None
) -> None:
    """They were given for what was to be in use; what the board left must be approved anew."""
    assert left_at(package, _chain(*packages)) == at


def test_a_release_without_a_time_ends_all_approvals() -> None:
    """It does not verify; as unknown it would end none."""
    links = [*_chain("a"), _link(2, "b", released_at="soon")]
    assert left_at("a", links) == sys.maxsize


def test_a_link_knows_the_instant_before_it_and_since_when_its_package_was_left() -> None:
    """Of the first there is none."""
    links = _chain("a", "b")
    first = with_origin(_link(1, "a"), [])
    assert (first.former_at, first.left_at, first.origin) == (None, None, None)
    third = with_origin(_link(3, "a"), links)
    assert (third.former_at, third.left_at, third.origin) == (200, 200, None)
    odd = with_origin(_link(3, "a"), [links[0], _link(2, "b", released_at="soon")])
    assert odd.former_at is None


def test_a_way_back_rests_on_the_release_that_was_approved() -> None:
    """On the one that it names; and where that is a way back itself, on the one that it rests on."""
    links = _chain("a", "b")
    back = with_origin(_link(3, "a", rolled_back_to=1), links)
    assert back.origin == links[0]
    assert back.left_at is None
    again = with_origin(_link(5, "a", rolled_back_to=3), [*links, back, _link(4, "b")])
    assert again.origin == links[0]


@pytest.mark.parametrize("number", [0, -1, 3, 4, "1", 1.0, [1]])
def test_a_way_back_to_no_earlier_release_is_refused(number: object) -> None:
    """To itself, to one to come, to what is no number: minus one would be the last of a list."""
    with pytest.raises(ReleaseError, match="3"):
        with_origin(_link(3, "a", rolled_back_to=number), _chain("a", "a"))


@pytest.mark.parametrize("field", CARRIED)
def test_a_way_back_carries_all_of_what_it_goes_back_to(field: str) -> None:
    """One field otherwise, and it would be another release under the old approvals."""
    assert {"package_digest", "check_digest", "policy_digest", "scope", "registration", "approvals"} <= {
        *CARRIED
    }
    with pytest.raises(ReleaseError):
        with_origin(_link(2, "a", rolled_back_to=1, **{field: "other"}), _chain("a"))


def test_the_first_release_of_all_models_begins_the_service(installation: Installation) -> None:
    """The earliest, whichever model's; one whose chain is broken does not hide the other's."""
    settings = installation.settings

    def first() -> int | None:
        return first_released_at(settings, load_trust(settings.trust))

    assert first() is None
    for version, hours in (("1", 2.0), ("2", 3.0)):
        installation.approved(version)
        promote_version(installation, version, hours=hours)
    assert first() == instant(after(2))
    release_folder(settings, "wait-time", 1).rename(settings.home / "elsewhere")
    assert first() is None


def test_the_stamp_is_of_the_number_and_of_the_file(installation: Installation) -> None:
    """Set back to its old time and size, another file is another still."""
    settings = installation.settings
    assert release_stamp(settings, "wait-time")[0] == 0
    for version in ("1", "2"):
        installation.approved(version)
        promote_version(installation, version)
    stamp = release_stamp(settings, "wait-time")
    path = settings.trust / "trust.json"
    found = path.stat()
    assert stamp == (2, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
    content = path.read_bytes()
    path.rename(settings.trust / "aside")
    assert release_stamp(settings, "wait-time") == (2, 0, 0, 0, 0)
    path.write_bytes(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    other = release_stamp(settings, "wait-time")
    assert other != stamp
    assert (other[0], other[1], other[4]) == (2, stamp[1], stamp[4])


def test_where_the_only_release_is_gone_no_other_takes_its_number(installation: Installation) -> None:
    """The trust file remembers it: a second release 1 would be another history of the same model."""
    settings = installation.settings
    for version in ("1", "2"):
        installation.approved(version)
    promote_version(installation, "1")
    release_folder(settings, "wait-time", 1).rename(settings.home / "elsewhere")
    for ask in (lambda: current_release(settings, "wait-time"), lambda: promote_version(installation, "2")):
        with pytest.raises(ReleaseError, match="release 1 is gone"):
            ask()
    assert not release_folder(settings, "wait-time", 1).exists()


def test_before_the_first_release_a_database_that_is_away_is_no_release_that_is_gone(
    installation: Installation,
) -> None:
    """What the journal would say is unknown; the trust file has no number yet."""
    (installation.settings.home / "vigie.db").rename(installation.settings.home / "away.db")
    assert current_release(installation.settings, "wait-time") is None


def test_a_model_that_vigie_does_not_have_has_no_releases(installation: Installation) -> None:
    """Its name would be part of a path."""
    for ask in (release_stamp, current_release):
        with pytest.raises(ReleaseError, match=r"\.\./x"):
            ask(installation.settings, "../x")


def test_a_chain_knows_its_own_past(installation: Installation) -> None:
    """Read from the disk: each link with its releaser, its digest, the instant before it, and what it rests on."""
    for version in ("1", "2"):
        installation.approved(version)
        promote_version(installation, version)
    back = roll_back(installation)
    trust = load_trust(installation.settings.trust)
    links = read_chain(installation.settings, "wait-time", trust)
    assert [(link.number, link.releaser) for link in links] == [(n, "releaser") for n in (1, 2, 3)]
    assert [link.former_at for link in links] == [None, instant(after(2)), instant(after(2))]
    assert links[2].digest == back.digest
    assert links[2].origin is not None
    assert (links[2].origin.number, links[2].origin.digest) == (1, links[0].digest)
    lower = replace(trust, lowest_release={})
    assert load_release(installation.settings, "wait-time", 1, lower).version == "1"
    for number in (0, 4, -1):
        with pytest.raises(ReleaseError):
            load_release(installation.settings, "wait-time", number, lower)
    with pytest.raises(ReleaseError, match="older than the lowest"):
        load_release(installation.settings, "wait-time", 2, trust)


def test_a_release_says_what_was_signed(installation: Installation) -> None:
    """Its scope as groups and hours, its instant, its policy; and its package alone is taken for it."""
    found = installation.approved()
    release = promote_version(installation)
    digests = found.digests()
    assert release.released_at == instant(after(2))
    assert (release.package_digest, release.policy_digest) == (
        digests["package_digest"],
        digests["policy_digest"],
    )
    assert release.scope == frozenset({("ED", 0.0)})
    assert release.package == release.folder / "package"
    assert release.json("report.json") == found.json("report.json")
    release.require_same(release.package_digest)
    with pytest.raises(ReleaseError, match="release 1"):
        release.require_same("sha256:other")
    assert "files" not in repr(release)
    assert "link=" not in repr(release)
    assert Release("wait-time", "1", 1, release.folder, release.body, "").files == {}
