"""Fixtures of releases: a chain of two, promoted once and copied for each test."""

from pathlib import Path

import pytest

from registry.releases.release import Release
from tests.support.installation import Installation
from tests.support.releasing import current, promote_version


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with a chain of two releases, which no test changes."""
    made = Installation.make(tmp_path_factory.mktemp("two-releases") / "home")
    for version in ("1", "2"):
        made.approved(version)
        promote_version(made, version)
    return made


@pytest.fixture
def installation(request: pytest.FixtureRequest, quick_path: Path) -> Installation:
    """A home with a trust folder of four people; it has two releases where a test asks for `release`, too."""
    if "release" in request.fixturenames:
        copied: Installation = request.getfixturevalue("two_releases").copied(quick_path / "home")
        return copied
    return Installation.make(quick_path / "home")


@pytest.fixture
def release(installation: Installation) -> Release:
    """The second release of a chain of two."""
    return current(installation)
