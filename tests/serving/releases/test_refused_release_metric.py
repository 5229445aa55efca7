"""A release that is refused shows in the metrics, also where the one before goes on and the probe stays green."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.errors import ReleaseError
from serving.gateway.service_parts import Parts
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import FakeReleases, InProcess, loaded, make_parts


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Parts over SQLite."""
    parts, _ = make_parts(tmp_path / "home")
    yield parts
    parts.workers.close()
    parts.readiness.close()
    parts.engine.dispose()


def shown(parts: Parts) -> dict[str, str]:
    """What the metrics say of each model."""
    page = InProcess(parts).get("/metrics", peer="127.0.0.1").text
    lines = [line for line in page.splitlines() if line.startswith("vigie_release_refused{")]
    return {line.split('"')[1]: line.split()[-1] for line in lines}


def test_it_is_shown_while_the_one_before_goes_on(parts: Parts) -> None:
    """Somebody changed a signed file: the one who is on duty heard nothing until the service was started again."""
    source, times = FakeReleases(), iter(range(0, 10_000, 100))
    parts.releases = Releases(source, clock=lambda: float(next(times)))
    parts.releases.refresh()
    assert shown(parts) == {"bed-demand": "0.0", "wait-time": "0.0"}
    source.found["wait-time"] = ReleaseError("a file was changed")
    parts.releases.refresh()
    assert shown(parts) == {"bed-demand": "0.0", "wait-time": "1.0"}
    assert InProcess(parts).get("/readyz").status_code == 200
    source.found["wait-time"] = loaded("wait-time", 2)
    parts.releases.refresh()
    assert shown(parts) == {"bed-demand": "0.0", "wait-time": "0.0"}
