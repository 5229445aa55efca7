"""Why one forecast differs from another: the reasons add up to the difference of the two numbers served."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from hospital.times import DAY, HOUR, moment
from registry.record.database import writing
from registry.record.tables.record_tables import payloads
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import FakeReleases
from tests.support.ward_census import END, WardService


def difference(explanation: dict[str, Any]) -> float:
    """What the reasons add up to, without what they start from."""
    added = [c["contribution"] for c in explanation["contributions"] + explanation["adjustments"]]
    return float(sum(added) + explanation["other"])


def _at(days_ago: int) -> str:
    return moment(END - days_ago * DAY).isoformat()


@pytest.mark.parametrize("days_ago", [1, 3, 7])
@pytest.mark.parametrize("hours", [24.0, 72.0])
def test_the_difference_of_two_times_adds_up(service: WardService, days_ago: int, hours: float) -> None:
    """Each unit's forecast now less the one that the same release gives for then, to a millionth of a bed."""
    then = service.beds("ABC", hours, at=_at(days_ago))["forecasts"]
    now = service.beds("ABC", hours, explain={"reference": {"at": _at(days_ago)}, "top": 4})["forecasts"]
    for before, after in zip(then, now, strict=True):
        told = after["explanation"]
        assert abs(told["base"] - before["beds"]["p50"]) <= 1e-6
        assert abs(difference(told) - (after["beds"]["p50"] - before["beds"]["p50"])) <= 1e-6
        assert told["reference"] == {"at": moment(END - days_ago * DAY).isoformat()}
        assert len(told["contributions"]) == 4
        features = sum(c["contribution"] for c in told["contributions"]) + told["other"]
        assert sum(g["contribution"] for g in told["groups"]) == pytest.approx(features, abs=1e-9)
    assert max(abs(difference(f["explanation"])) for f in now) > 0.05  # something has changed


def test_a_forecast_that_was_given_is_compared_with_as_it_was_given(service: WardService) -> None:
    """With another horizon, and with what the caller said of the unit then: both are part of that number."""
    row = {"unit": "B", "at": moment(END - HOUR).isoformat(), "occupied": 39, "staffed": 30}
    (before,) = service.beds("B", 72.0, observations=[row])["forecasts"]
    reference = {"prediction_id": before["prediction_id"]}
    (after,) = service.beds("B", 24.0, explain={"reference": reference, "language": "fr"})["forecasts"]
    told = after["explanation"]
    assert told["base"] == before["beds"]["p50"]
    assert abs(difference(told) - (after["beds"]["p50"] - before["beds"]["p50"])) <= 1e-6
    assert told["reference"] == reference
    assert told["reasons"][0].startswith("Au départ, la prévision faite à ")
    assert "ne sont pas du même moment" in told["reasons"][-1]


def test_where_nothing_has_changed_it_is_said(service: WardService) -> None:
    """The very same forecast again: every contribution is 0."""
    (before,) = service.beds("A")["forecasts"]
    explain = {"reference": {"prediction_id": before["prediction_id"]}, "language": "fr"}
    told = service.beds("A", explain=explain)["forecasts"][0]["explanation"]
    assert difference(told) == 0.0
    assert told["reasons"][1:] == ["Rien n'a changé"]


def test_one_is_answered_by_the_baseline_and_it_is_said(service: WardService, release: LoadedModel) -> None:
    """The units outside the scope at one horizon: the sum holds across the change of who answers."""
    scope = frozenset(cell for cell in release.scope if cell[1] == 24.0)
    _release(service, replace(release, scope=scope))
    (before,) = service.beds("A", 72.0)["forecasts"]
    assert before["trust"]["status"] == "baseline"
    explain = {"reference": {"prediction_id": before["prediction_id"]}, "language": "en"}
    (after,) = service.beds("A", explain=explain)["forecasts"]
    told = after["explanation"]
    assert abs(told["base"] + difference(told) - after["beds"]["p50"]) <= 1e-6
    assert "The baseline answered then, the model does now" in told["reasons"]


def test_another_unit_release_or_application_is_refused(service: WardService, release: LoadedModel) -> None:
    """In words; who asks for another's prediction hears that there is none."""
    (before,) = service.beds("A")["forecasts"]
    explain = {"reference": {"prediction_id": before["prediction_id"]}}
    body = {"units": ["A", "B"], "horizons_hours": [24], "explain": explain}
    refused = service.ask("/v1/bed-demand", body, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("units[1]", "another_unit")]
    alone = {**body, "units": ["A"]}
    given = service.ask("/v1/bed-demand", alone, role="operator")["forecasts"][0]["prediction_id"]
    others = {**alone, "explain": {"reference": {"prediction_id": given}}}
    assert service.ask("/v1/bed-demand", others, 404)["code"] == "unknown_prediction"
    _release(service, replace(release, version="2", digest="sha256:2"))
    assert service.ask("/v1/bed-demand", alone, 409)["code"] == "another_release"


def test_what_cannot_be_computed_again_is_refused(service: WardService) -> None:
    """A number that does not come out again, and a question that was erased: nothing is made up in their place."""
    (before,) = service.beds("A")["forecasts"]
    explain = {"reference": {"prediction_id": before["prediction_id"]}}
    body = {"units": ["A"], "horizons_hours": [24], "explain": explain}
    with writing(service.parts.engine) as connection:
        connection.execute(delete(payloads))
    assert service.ask("/v1/bed-demand", body, 409)["code"] == "question_erased"
    long_ago = {**body, "explain": {"reference": {"at": _at(290)}}}
    refused = service.ask("/v1/bed-demand", long_ago, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [
        ("explain.reference.at", "no_history_then")
    ]


@pytest.mark.parametrize(
    ("reference", "path", "code"),
    [
        ("yesterday", "explain.reference", "not_a_reference"),
        ({}, "explain.reference", "not_a_reference"),
        ({"prediction_id": "x"}, "explain.reference", "not_a_reference"),
        ({"prediction_id": "0" * 24, "at": "2024-10-01T00:00Z"}, "explain.reference", "not_a_reference"),
        ({"at": 3}, "explain.reference", "not_a_reference"),
        (7, "explain.reference", "not_a_reference"),
        ({"at": "2024-10-01T00:00"}, "explain.reference.at", "naive_time"),
        ({"at": "someday"}, "explain.reference.at", "not_a_time"),
        ({"at": "2034-10-01T00:00Z"}, "explain.reference.at", "after_now"),
    ],
)
def test_a_reference_that_is_none_is_one_fault(
    service: WardService, reference: Any, path: str, code: str
) -> None:
    """Beside every other fault of the body."""
    body = {"units": ["A", "A"], "horizons_hours": [24], "explain": {"reference": reference}}
    refused = service.ask("/v1/bed-demand", body, 422)
    found = [(e["path"], e["code"]) for e in refused["errors"]]
    assert found.count((path, code)) == 1
    assert len({p for p, _ in found}) <= 2


def _release(service: WardService, changed: LoadedModel) -> None:
    service.parts.releases = Releases(FakeReleases({"bed-demand": changed, "wait-time": None}))
    vars(service.parts).pop("forecasts", None)
