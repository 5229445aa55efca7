"""A forecast's JSON is written once, and is that of the whole forecast, named one way or another."""

from datetime import UTC, datetime

import pytest
from pydantic_core import to_json

from serving.messages.forecast_parts import Explanation
from serving.messages.forecast_records import WaitForecast, fields_of, identified

EXPLANATION: Explanation = {
    "of": "p50",
    "unit": "min",
    "reference": "typical",
    "compared_with": None,
    "base": 48.074301109381594,
    "contributions": (),
    "other": -1e-07,
    "groups": (),
    "adjustments": ({"name": "floor", "contribution": 0.0},),
    "reasons": ("Au départ\u00a0: 48\u00a0min", 'un "nom" }{'),
}
FORECAST = WaitForecast(
    prediction_time=datetime(2025, 7, 16, 8, 3, tzinfo=UTC),
    wait_minutes={"p10": 31.0, "p50": 48.0, "p90": 230.01818352537518},
    explanation=EXPLANATION,
    trust={"status": "trusted", "warnings": ()},
)


@pytest.mark.parametrize(
    "ids",
    [
        {"prediction_id": "6b0dcd5635e312f7060f1a55"},
        {"prediction_id": "1", "visit_id": "bench-0"},
        {"prediction_id": "1", "visit_id": 'é "}, {"\\'},
    ],
)
def test_fields_written_once_are_those_of_the_whole(ids: dict[str, str]) -> None:
    """To the byte, whatever stands in an id: the digest in the journal is over these bytes."""
    assert identified(ids, fields_of(FORECAST)) == to_json({**ids, **FORECAST.body()})
