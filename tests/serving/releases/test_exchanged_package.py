"""The real loader, while somebody exchanges what it reads by renames: the signed bytes are served, or nothing."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from registry.digests import canonical_json
from registry.errors import RegistryError
from registry.package.manifest import write_package
from registry.releases.promotion import promote
from registry.releases.release import Release
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.release_source import StoredReleases, read_release
from tests.support.installation import Installation, after, manifest_body

SIGNED, OTHER = 42.0, 7.0
"""Minutes that every patient usually waits, in the package that was signed and in the one that is put in its place."""
LEAST, MOST = 12, 4_000
"""Loads of each outcome that are enough, and of both after which the test has failed to see them."""


def write_baselines(directory: Path, minutes: float) -> None:
    """A package that the real loader reads: baselines of the wait, the same for everybody."""
    baseline = {
        "usual_minutes": [[minutes] * 6] * 6,
        "best": "usual_hour",
        "residual_quantiles": [[0.0] * 19],
    }
    profile = {"minimum": [0.0], "maximum": [23.0], "missing": [0.0], "triage_levels": []}
    files = {"baseline.json": canonical_json(baseline), "profile.json": canonical_json(profile)}
    write_package(directory, {**manifest_body("wait-time", "1"), "kind": "baseline"}, files)


@pytest.fixture
def release(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release of such a package, signed by everybody."""

    def baselines(directory: Path, *_: object) -> None:
        write_baselines(directory, SIGNED)

    monkeypatch.setattr("tests.support.installation.write_package", baselines)
    installation.approved()
    return promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))


def exchange_folder(release: Release, other: Path) -> None:
    """Takes the package away, puts the other there, and back: two renames each way."""
    away = other.with_name("away")
    os.rename(release.package, away)
    os.rename(other, release.package)
    os.rename(release.package, other)
    os.rename(away, release.package)


def exchange_files(release: Release, other: Path) -> None:
    """Puts each file of the other package in the place of the signed one, and back: one rename each."""
    held = other.with_name("held")
    if not held.exists():
        shutil.copytree(release.package, held)
    for source in (other, held):
        for name in ("baseline.json", "manifest.json"):
            ready = release.folder.parent / f".{name}.ready"
            shutil.copyfile(source / name, ready)
            os.replace(ready, release.package / name)


def exchange_link(release: Release, other: Path) -> None:
    """A link to the other package in the place of the signed one, and back."""
    away, link = other.with_name("away"), other.with_name("link")
    link.symlink_to(other)
    os.rename(release.package, away)
    os.rename(link, release.package)
    os.rename(release.package, link)
    os.rename(away, release.package)
    link.unlink()


@contextmanager
def exchanged(exchange: Callable[[], None]) -> Iterator[list[BaseException]]:
    """While this runs, a thread exchanges without a pause; what stopped it."""
    over, failures = Event(), list[BaseException]()

    def repeat() -> None:
        try:
            while not over.is_set():
                exchange()
        except OSError as error:
            failures.append(error)

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield failures
    finally:
        over.set()
        thread.join(timeout=10)
    assert not thread.is_alive()


def usual_minutes(loaded: LoadedModel) -> set[float]:
    """What the model that was built says of everybody."""
    return {float(value) for value in loaded.engine.waits.usual.ravel()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("exchange", [exchange_folder, exchange_files, exchange_link])
def test_signed_bytes_are_served_or_nothing(
    installation: Installation,
    release: Release,
    tmp_path: Path,
    exchange: Callable[[Release, Path], None],
) -> None:
    """The other package is whole and verifies by itself; what was verified first is not what decides."""
    other = release.folder.parent.parent / "other"
    write_baselines(other, OTHER)
    source = StoredReleases(installation.settings)
    served = refused = 0
    with exchanged(lambda: exchange(release, other)) as failures:
        for _ in range(MOST):
            try:
                loaded = source.load("wait-time")
            except RegistryError:
                refused += 1
            else:
                assert loaded is not None
                assert loaded.digest == release.package_digest
                assert usual_minutes(loaded) == {SIGNED}
                served += 1
            if min(served, refused) >= LEAST:
                break
    assert failures == []
    assert min(served, refused) >= LEAST


@pytest.mark.parametrize("way", ["package", "link", "baseline", "manifest"])
def test_exchanged_at_the_very_moment_it_is_refused(
    installation: Installation, release: Release, way: str
) -> None:
    """After all was verified and before the model is built: no chance decides here."""
    other = release.folder.parent.parent / "other"
    write_baselines(other, OTHER)

    def late(verified: Release) -> LoadedModel:
        if way in ("package", "link"):
            os.rename(release.package, other.with_name("away"))
            if way == "package":
                os.rename(other, release.package)
            else:
                release.package.symlink_to(other)
        else:
            os.replace(other / f"{way}.json", release.package / f"{way}.json")
        return read_release(verified)

    with pytest.raises(RegistryError, match=r"changed while it was loaded|bytes were changed"):
        StoredReleases(installation.settings, late).load("wait-time")


def test_the_other_package_is_one_that_the_loader_would_read(
    installation: Installation, release: Release, tmp_path: Path
) -> None:
    """Else the exchange would prove nothing: it says other minutes, under its own digest."""
    from registry.model.forecast_model import ForecastModel

    write_baselines(tmp_path / "other", OTHER)
    model = ForecastModel(tmp_path / "other")
    assert model.digest != release.package_digest
    assert model.waits is not None
    assert {float(v) for v in model.waits.usual.ravel()} == {OTHER}
    assert json.loads((release.package / "baseline.json").read_bytes())["usual_minutes"][0][0] == SIGNED
