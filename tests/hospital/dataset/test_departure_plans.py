"""Departures that come exactly when expected are distinguished from those that people foresaw."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.dataset.departure_plans import PlanExactness, plan_exactness
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, MINUTE

NOW = 20_000 * DAY
N = 600


@pytest.mark.parametrize(
    ("spread_minutes", "to_minutes"),
    [(30, 1), (30, 15), (30, 30), (75, 1), (75, 30), (75, 60), (240, 1), (240, 60)],
)
def test_what_people_foresaw_is_as_often_beside_as_exact(spread_minutes: int, to_minutes: int) -> None:
    """However well they foresee it, and however finely both times are written; the gate's margin is 0.15."""
    rng = np.random.default_rng(1)
    error = np.round(spread_minutes * rng.standard_normal(N) / to_minutes) * to_minutes
    found = _exactness(error)
    assert found.exact - found.near < 0.15
    assert found.blocks.mean() == pytest.approx(found.exact - found.near, abs=1e-9)


@pytest.mark.parametrize("share", [0.35, 1.0])
def test_what_was_written_afterwards_is_exact(share: float) -> None:
    """All of them, or a third; a few minutes more or less make no difference."""
    rng = np.random.default_rng(2)
    written = rng.random(N) < share
    error = np.where(written, rng.uniform(-3, 3, N), 75 * rng.standard_normal(N))
    found = _exactness(np.round(error))
    assert found.exact - found.near > 0.2
    assert (found.rows, found.blocks.size) == (N, 20)


def test_plans_of_the_last_hour_do_not_count() -> None:
    """Who is expected within the hour may leave on time: there are no others, and nothing is said."""
    assert plan_exactness(_events(np.zeros(N), said_hours=0.5), 0, NOW * 2) is None


def test_the_plan_of_an_hour_before_counts() -> None:
    """One that is corrected as the patient leaves was another when it could have been asked."""
    rng = np.random.default_rng(3)
    found = plan_exactness(_events(np.round(75 * rng.standard_normal(N)), corrected=True), 0, NOW * 2)
    assert found is not None
    assert found.exact < 0.2


def test_only_departures_of_the_days_count() -> None:
    """Those between the two instants, of at least sixty."""
    events = _events(np.zeros(N))
    assert plan_exactness(events, NOW, NOW + 9 * DAY) is None
    half = plan_exactness(events, NOW, NOW + 50 * DAY)
    assert half is not None
    assert half.rows == N // 2


def _exactness(error: Array) -> PlanExactness:
    found = plan_exactness(_events(error), 0, NOW * 2)
    assert found is not None
    return found


def _events(error_minutes: Array, said_hours: float = 5.0, *, corrected: bool = False) -> Events:
    """Six departures a day, each this much later than was expected of it some hours before."""
    rows = []
    for i, error in enumerate(error_minutes):
        left = NOW + i // 6 * DAY + (10 + i % 6) * HOUR
        stay = {
            "stay_id": f"s{i}",
            "unit": "A",
            "entered_at": left - 3 * DAY,
            "source": "emergency",
            "expected_left_at": left - int(error) * MINUTE,
            "expected_known_at": left - int(said_hours * HOUR),
            "received_at": left - int(said_hours * HOUR),
        }
        rows.append(stay)
        plan = {"expected_left_at": left} if corrected else {}
        rows.append(stay | {"left_at": left, "received_at": left} | plan)
    units = columns_from_rows("units", [{"unit": "A", "label": "A", "received_at": 0}])
    return Events.of({"stays": columns_from_rows("stays", rows), "units": units}, zone=ZoneInfo("UTC"))
