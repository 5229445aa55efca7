"""What GET /v1/tension answers after rows that a test sends."""

from pathlib import Path
from typing import Any

from hospital.times import moment
from registry.errors import ReleaseError
from serving.errors import Problem
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import NOW, FakeReleases, InProcess, make_parts

__all__ = ["START", "no_total", "tension"]

START = moment(NOW)


def tension(
    home: Path, rows: dict[str, Any] | None = None, *, broken: str = ""
) -> tuple[Any, dict[str, Any]]:
    """The parts and the answer after these rows; `broken`: what is wrong with the forecasts."""
    parts, tokens = make_parts(home)
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    if rows:
        assert client.request("POST", "/v1/observations", json=rows, headers=headers).status_code == 200
    if broken == "release":
        parts.releases = Releases(FakeReleases({"bed-demand": ReleaseError("x")}))
        parts.releases.refresh()
    if broken == "total":
        forecaster: Any = parts.forecaster
        forecaster.hospital = no_total
    response = client.get("/v1/tension", headers=headers)
    assert response.status_code == 200, response.text
    return parts, response.json()


def no_total(*_: Any) -> None:
    raise Problem(422, "no_hospital_forecast", "There is none.")
