"""Fixtures of the command line's tests: a home for each."""

from pathlib import Path

import pytest


@pytest.fixture
def home(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, in which every verb works; not there yet."""
    found = quick_path / "home"
    monkeypatch.setenv("VIGIE_HOME", str(found))
    return found
