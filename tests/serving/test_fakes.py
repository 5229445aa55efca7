"""The fakes held against the real parts: what a fake gives, a trained model behind a release gives too, and no more."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hospital.contracts.tables import TABLES
from hospital.features.feature import TRIAGE_RANK
from hospital.times import moment
from serving.messages.forecast_protocol import LoadedModel
from tests.support.serving_fakes import InProcess, loaded, make_parts
from tests.support.small_demo import Service, SmallDemo


@pytest.fixture(scope="module")
def real(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of real parts."""
    found = small_demo.copied(tmp_path_factory.mktemp("fakes") / "home").service()
    yield found
    found.close()


def _promised(model: LoadedModel) -> None:
    """What `LoadedModel` says of itself."""
    levels = list(TRIAGE_RANK)
    if model.name == "wait-time":
        assert model.triage_levels
        assert list(model.triage_levels) == sorted(model.triage_levels, key=levels.index)
        assert model.departments
        assert not model.horizons_hours
        assert {group for group, _ in model.scope} <= {*model.departments, "emergency"}
        columns = TABLES["visits"].by_name
        for department, usual in model.usual_patients.items():
            assert department in model.departments
            assert set(usual) <= set(columns) - {"triage", "department", "visit_id"}
    else:
        assert (model.triage_levels, model.departments, model.usual_patients) == ((), (), {})
        assert model.horizons_hours == tuple(sorted(model.horizons_hours))
        groups = {u.group for u in model.units}
        assert groups
        assert {group for group, _ in model.scope} <= groups
        assert {hours for _, hours in model.scope} <= set(model.horizons_hours)


@pytest.mark.parametrize("name", ["wait-time", "bed-demand"])
def test_a_fake_release_promises_what_a_real_one_keeps(real: Service, name: str) -> None:
    """Of both the same holds: levels, departments, horizons, scope, and which fields are said at all."""
    fake, released = loaded(name), real.parts.releases.current(name)
    for model in (fake, released):
        _promised(model)
    for field in fields(LoadedModel):
        if field.name in ("engine", "alarms", "usual_patients"):
            continue
        mine, theirs = getattr(fake, field.name), getattr(released, field.name)
        assert type(mine) is type(theirs), field.name
        assert bool(mine) == bool(theirs), (
            f"{field.name}: the fake tells it, the real one does not, or the reverse"
        )


def _shape(value: Any) -> Any:
    """The fields and types of a JSON value; of lists the first element's."""
    if isinstance(value, dict):
        return {name: _shape(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )


def test_a_fake_forecast_has_the_fields_of_a_real_one(real: Service, tmp_path: Path) -> None:
    """Both answers, asked the same: the same names and types all the way down."""
    parts, tokens = make_parts(tmp_path / "home")
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['application']}"}
    at = moment(parts.clock.now()).isoformat()
    now = moment(real.parts.clock.now()).isoformat()
    unit = real.parts.releases.current("bed-demand").units[0].unit
    explain = {"top": 2}
    for path, body, fake_body in (
        (
            "/v1/wait-time",
            {
                "visits": [{"visit_id": "v", "arrived_at": now, "department": "ED", "triage": "4"}],
                "explain": explain,
            },
            {
                "visits": [{"visit_id": "v", "arrived_at": at, "department": "ED", "triage": "4"}],
                "explain": explain,
            },
        ),
        (
            "/v1/bed-demand",
            {"units": [unit], "horizons_hours": [4], "hospital": True, "explain": explain},
            {"units": ["U1"], "horizons_hours": [4], "hospital": True, "explain": explain},
        ),
    ):
        answer = client.request("POST", path, json=fake_body, headers=headers).json()
        genuine, invented = _shape(real.ask(path, body)), _shape(answer)
        for shape in (genuine, invented):
            for name in ("predictions", "forecasts", "hospital"):
                for forecast in shape.get(name, []):
                    forecast["trust"]["warnings"] = []  # there may be some, or none
                    for key in ("staffed", "tension_probability", "tension_calibrated"):
                        forecast.pop(key, None)  # said, or unknown
                    del forecast["explanation"]["compared_with"]  # cases, or none where there are too few
                    for contribution in forecast["explanation"]["contributions"]:
                        contribution["value"] = contribution["reference_value"] = "number or level"
        assert invented == genuine
