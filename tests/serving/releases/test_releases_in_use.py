"""What is served is looked at again, and is what was verified."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

from registry.errors import ReleaseError
from registry.package.manifest import read_package
from registry.trust.promotion import Release, promote
from serving.errors import Problem
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.releases_in_use import CHECK_SECONDS, VERIFY_SECONDS, Releases, StoredReleases
from tests.support.installation import Installation, after
from tests.support.releasing import put_policy
from tests.support.serving_fakes import FakeReleases, loaded


def test_files_of_what_is_served_are_verified_again_on_a_timer() -> None:
    """Neither a new number nor the trust file says that they changed; what was verified goes on, and it is said."""
    source, ticks = FakeReleases(), [0.0]
    releases = Releases(source, clock=lambda: ticks[0])
    releases.refresh()
    source.damaged["wait-time"] = "report.json is not what was signed"
    ticks[0] = VERIFY_SECONDS - 1
    releases.refresh()
    assert releases.states["wait-time"].fault is None
    ticks[0] = VERIFY_SECONDS + 1
    releases.refresh()
    state = releases.states["wait-time"]
    assert state.fault == "report.json is not what was signed"
    assert state.loaded is not None
    assert releases.states["bed-demand"].fault is None


def test_a_damaged_file_of_a_real_release_is_found_by_verifying_again(installation: Installation) -> None:
    """The number and the trust file are as they were; one byte of the report is another."""
    installation.approved("1")
    release = promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    source = StoredReleases(installation.settings)
    stamp = source.stamp("wait-time")
    source.verify("wait-time")
    report = release.folder / "report.json"
    report.write_bytes(report.read_bytes() + b" ")
    assert source.stamp("wait-time") == stamp
    with pytest.raises(ReleaseError, match=r"report\.json is not what was signed"):
        source.verify("wait-time")


def test_a_package_that_is_exchanged_while_it_is_loaded_is_refused(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verified, then another in its place: the digest of the bytes that the model was built from decides."""
    installation.approved("1")
    promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    other = SimpleNamespace(digest="sha256:" + "0" * 64)
    monkeypatch.setattr("registry.model.forecast_model.ForecastModel", lambda directory: other)
    with pytest.raises(ReleaseError, match="changed while it was loaded"):
        StoredReleases(installation.settings).load("wait-time")


@pytest.fixture
def served(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> tuple[Installation, Releases, list[float]]:
    """A release that is served, without its trees; the clock's ticks."""

    def without_trees(release: Release) -> LoadedModel:
        return replace(loaded(release.model), digest=release.package_digest, sequence=release.sequence)

    monkeypatch.setattr("serving.releases.releases_in_use._loaded", without_trees)
    installation.approved("1")
    promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    ticks = [0.0]
    releases = Releases(StoredReleases(installation.settings), clock=lambda: ticks[0])
    releases.refresh()
    assert releases.current("wait-time").sequence == 1
    return installation, releases, ticks


@pytest.mark.parametrize("who", ["author", "ada", "releaser", "checker"])
def test_a_key_taken_out_ends_what_is_in_memory(
    served: tuple[Installation, Releases, list[float]], who: str
) -> None:
    """Within the next look: what it alone vouches for is served no more, and nothing says that all is well."""
    installation, releases, ticks = served
    installation.change_trust(lambda t: t.without(who))
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None
    with pytest.raises(Problem, match="does not verify"):
        releases.current("wait-time")


def test_a_trust_file_of_the_same_time_is_another(
    served: tuple[Installation, Releases, list[float]],
) -> None:
    """Set back by whoever put it there."""
    installation, releases, ticks = served
    trust = installation.settings.trust / "trust.json"
    before = trust.stat()
    installation.change_trust(lambda t: t.without("ada"))
    os.utime(trust, ns=(before.st_atime_ns, before.st_mtime_ns))
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None


def test_a_damaged_file_leaves_what_is_in_memory(served: tuple[Installation, Releases, list[float]]) -> None:
    """It was verified when it was loaded, and everybody still vouches for it; it is said."""
    installation, releases, ticks = served
    folder = installation.settings.releases / "wait-time" / "000001"
    (folder / "card.json").write_bytes(b"{}")
    ticks[0] += VERIFY_SECONDS
    releases.refresh()
    state = releases.states["wait-time"]
    assert state.loaded is not None
    assert state.fault is not None


def test_a_policy_in_force_ends_what_it_does_not_carry(
    served: tuple[Installation, Releases, list[float]],
) -> None:
    """Three approvals where the release has two."""
    installation, releases, ticks = served
    put_policy(installation, approvals="3")
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None


def test_a_package_exchanged_between_verifying_and_reading_is_refused(installation: Installation) -> None:
    """By one rename at the very moment: what was verified is not what the model would be built from."""
    installation.approved("1")
    release = promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    installation.register("2")
    other = installation.settings.candidates / "wait-time" / "2" / "package"
    os.rename(release.package, release.folder.parent.parent / "elsewhere")
    os.rename(other, release.package)
    with pytest.raises(ReleaseError, match="changed while it was loaded"):
        release.require_same(read_package(release.package).digest)
