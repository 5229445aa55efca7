"""Why a wait is more or less uncertain than another: from the width of the other forecast to its own."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from hospital.times import moment
from tests.support.small_demo import Service, SmallDemo


@pytest.fixture(scope="module")
def service(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small hospital with a real model of waits."""
    found = small_demo.copied(tmp_path_factory.mktemp("waits") / "home").service()
    yield found
    found.close()


def asked(service: Service, **explain: Any) -> list[dict[str, Any]]:
    """The waits of three patients who come now."""
    at = moment(service.parts.clock.now()).isoformat()
    times = {"arrived_at": at, "triaged_at": at, "department": "ED"}
    visits = [{"visit_id": f"v{i}", "triage": t, **times} for i, t in enumerate(("2", "3B", "5"))]
    found: list[dict[str, Any]] = service.ask("/v1/wait-time", {"visits": visits, "explain": explain})[
        "predictions"
    ]
    assert len(found) == 3
    return found


def width(prediction: dict[str, Any]) -> float:
    """Minutes from p10 to p90."""
    return float(prediction["wait_minutes"]["p90"] - prediction["wait_minutes"]["p10"])


def test_the_widths_of_two_waits_differ_by_what_is_said(service: Service) -> None:
    """Against another time, a week ago and a prediction that was given: to a millionth of a minute."""
    then = (moment(service.parts.clock.now()) - timedelta(hours=10)).isoformat()
    given = asked(service)[0]
    for reference in ({"at": then}, "last_week", {"prediction_id": given["prediction_id"]}):
        for prediction in asked(service, of="interval", reference=reference, language="fr"):
            told = prediction["explanation"]
            parts = [c["contribution"] for c in told["contributions"] + told["adjustments"]]
            assert abs(told["base"] + sum(parts) + told["other"] - width(prediction)) <= 1e-6
            assert (told["of"], told["unit"], told["reference"]) == ("interval", "min", reference)
            assert told["reasons"][1].startswith(
                "Au départ, la largeur de l'intervalle (p10 à p90) de la prévision"
            )
        if isinstance(reference, dict) and "prediction_id" in reference:
            assert told["base"] == pytest.approx(width(given), abs=1e-9)


def test_as_many_visits_as_contrasts_cost_are_taken(service: Service) -> None:
    """A week ago is another forecast for each visit, where its width is asked for."""
    at = moment(service.parts.clock.now()).isoformat()
    visit = {"triage": "2", "arrived_at": at, "triaged_at": at, "department": "ED"}
    visits = [{"visit_id": f"v{i}", **visit} for i in range(33)]
    body = {"visits": visits, "explain": {"of": "interval", "reference": "last_week"}}
    refused = service.ask("/v1/wait-time", body, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("visits", "too_many")]
    taken = service.ask("/v1/wait-time", {**body, "visits": visits[:32]})["predictions"]
    assert [p["explanation"]["of"] for p in taken] == ["interval"] * 32
