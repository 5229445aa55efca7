"""What is served is looked at again, and is what was verified."""

from types import SimpleNamespace

import pytest

from registry.errors import ReleaseError
from registry.trust.promotion import promote
from serving.releases.releases_in_use import VERIFY_SECONDS, Releases, StoredReleases
from tests.support.installation import Installation, after
from tests.support.serving_fakes import FakeReleases


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
