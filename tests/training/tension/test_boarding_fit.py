"""The model of boarding: learned at one threshold from who boards and what units lack, by horizon, exactly."""

import json
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, instant, parse_time
from registry.components.boarding_model import INPUTS, BoardingModel, expected_shortage, input_values
from registry.model.dataset import PreparedBeds
from training.tension.boarding_fit import learn_boarding

ZONE = ZoneInfo("Europe/Paris")
START = instant(parse_time("2024-03-04T08:00:00Z"))
DAYS = 120
QUANTILES = np.linspace(5, 95, 19) / 100


class Rows(SimpleNamespace):
    """What the fit reads of prepared rows."""

    def part(self, mask: Array) -> "Rows":
        query = SimpleNamespace(horizon_hours=self.samples.query.horizon_hours[mask])
        return Rows(
            events=self.events,
            samples=SimpleNamespace(query=query),
            prediction_time=self.prediction_time[mask],
        )


def hospital(seed: int = 4) -> tuple[PreparedBeds, Array, Array]:
    """Two units at 4 and 168 hours, twice a day: where they lack beds, six board four hours later, else at most one.

    Returns:
        Rows, quantiles, staffed beds.
    """
    rng = np.random.default_rng(seed)
    visits: list[dict[str, Any]] = []
    at, hours, lack = [], [], []
    for n in range(DAYS * 2):
        t = START + n * DAY // 2
        short = rng.random() < 0.4
        boards = rng.random() < (0.85 if short else 0.1)
        for k in range(6 if boards else 1):
            arrived = t + 3 * HOUR
            visits.append(
                {
                    "visit_id": f"{n}-{k}",
                    "arrived_at": arrived,
                    "bed_requested_at": arrived,
                    "left_at": t + 5 * HOUR,
                    "received_at": arrived,
                }
            )
        for h in (4.0, 168.0):
            for _ in range(2):
                at.append(t)
                hours.append(h)
                lack.append(2.0 if short else 0.0)
    events = Events.of({"visits": columns_from_rows("visits", visits)}, zone=ZONE, history_from=0)
    rows = Rows(
        events=events,
        samples=SimpleNamespace(query=SimpleNamespace(horizon_hours=np.array(hours))),
        prediction_time=np.array(at, np.int64),
    )
    staffed = np.full(len(at), 20.0)
    return cast(PreparedBeds, rows), 20.0 + np.array(lack)[:, None] + QUANTILES - 0.5, staffed


def learned(**more: Any) -> BoardingModel:
    """The model of these rows."""
    rows, quantiles, staffed = hospital()
    made = {"threshold": 4.0, **more}
    return BoardingModel.from_json(
        json.loads(learn_boarding(rows, quantiles, staffed, **made)["boarding.json"])
    )


def test_an_expected_shortage_is_the_mean_beyond_the_staffed_beds() -> None:
    """By hand; unknown where beds are."""
    found = expected_shortage(np.array([[8.0, 10.0, 13.0], [8.0, 9.0, 10.0]]), np.array([9.0, np.nan]))
    assert found[0] == pytest.approx((0 + 1 + 4) / 3)
    assert np.isnan(found[1])


def test_it_is_more_probable_where_units_lack_beds_and_adds_up() -> None:
    """About as often as it happened; log odds are base and contributions; a week ahead is left out."""
    model = learned()
    assert (model.threshold, model.horizons) == (4.0, (4.0,))
    shortage, none = np.array([4.0, 0.04]), np.zeros(2)
    values = input_values(shortage, none, none, np.array([13.0, 13.0]))
    hours = np.array([4.0, 4.0])
    p = model.probability(values, hours)
    assert p[0] == pytest.approx(0.85, abs=0.12)
    assert p[1] == pytest.approx(0.1, abs=0.08)
    total = model.base(hours) + model.contributions(values, hours).sum(axis=1)
    assert np.log(p / (1 - p)) == pytest.approx(total, abs=1e-9)
    assert model.contributions(values, hours).shape == (2, len(INPUTS))
    assert model.usual_inputs["present"] == 0.0
    assert 0 < model.usual_inputs["shortage"] < 4


def test_without_enough_events_nothing_is_learned() -> None:
    """It is never exceeded."""
    rows, quantiles, staffed = hospital()
    assert learn_boarding(rows, quantiles, staffed, 40.0) == {}


def test_units_whose_beds_are_not_known_are_left_out() -> None:
    """Of a time at which none is known there is no row: unknown is not zero."""
    rows, quantiles, staffed = hospital()
    staffed = np.where(rows.prediction_time < START + 60 * DAY, np.nan, staffed)
    found = learn_boarding(rows, quantiles, staffed, 4.0)
    assert json.loads(found["boarding.json"])["events"] < learned().events


@pytest.mark.parametrize(
    "change",
    [{"threshold": float("inf")}, {"slope": [[0.0] * 4]}, {"intercept": []}, {"usual_inputs": {}}],
)
def test_a_file_that_is_none_is_refused(change: dict[str, Any]) -> None:
    """Before it answers anybody."""
    with pytest.raises((ValueError, KeyError)):
        BoardingModel.from_json({**learned().to_json(), **change})
