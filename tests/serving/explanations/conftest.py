"""Fixtures of wards: a release of three, made once, and services on it."""

from pathlib import Path

import pytest

from serving.messages.forecast_protocol import LoadedModel
from tests.support.ward_census import WardService, ward_release


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A release of three wards, which no test changes."""
    return ward_release(tmp_path_factory.mktemp("release"))


@pytest.fixture
def service(release: LoadedModel, tmp_path: Path) -> WardService:
    """A service on it, of one test."""
    return WardService.of(release, tmp_path)


@pytest.fixture(scope="module")
def wards(release: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> WardService:
    """A service on it, whose rows no test changes."""
    return WardService.of(release, tmp_path_factory.mktemp("service"))
