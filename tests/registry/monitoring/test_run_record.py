"""What a monitoring run writes down: each figure's mean of four weeks, its alarms once, its own release's run alone."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import Engine

from registry.monitoring.alarms import last_run, standing
from registry.monitoring.daily_figures import Figure
from registry.monitoring.run_record import write_run
from registry.monitoring.sequential_tests import Alarm, Tested
from registry.policy.board_policy import default_policy
from registry.record.database import open_database
from tests.support.installation import Installation, after

FIGURES = (Figure("arrivals", "visits"), Figure("errors", "all"), Figure("coverage", "all"))
ALARM = Alarm(
    figure=FIGURES[0],
    speed="slow",
    day=19_000,
    since=18_990,
    change=0.3,
    interval=(0.2, 0.4),
    margin=0.1,
    statistic=9.0,
    threshold=8.0,
    yearly_chance=0.002,
    reference_days=100,
)


def seen(*alarms: Alarm) -> Tested:
    """Forty days: 100 until the twelfth, then 1 (28 days); a gap of two days; and a figure without a value."""
    change = np.full((40, 3), np.nan)
    change[:12, 0], change[12:, 0] = 100.0, 1.0
    change[:, 1] = np.arange(40.0)
    change[[5, 38], 1] = np.nan
    share = np.full((40, 2, 3), 0.9)
    share[-1, :, 0], share[-1, :, 1], share[-1, :, 2] = (0.2, 0.3), (0.6, 0.5), np.nan
    margin = np.array([[0.1, 0.2, np.nan], [0.2, 0.4, np.nan]])
    spread = np.array([1.0, 1.0, np.nan])
    return Tested(FIGURES, np.arange(18_961, 19_001), change, spread, margin, share, alarms)


def release(number: int, model: str = "wait-time") -> Any:
    """What a record takes of a release."""
    return cast(Any, SimpleNamespace(model=model, sequence=number, package_digest=f"sha256:{number}"))


@pytest.fixture
def engine(installation: Installation) -> Iterator[Engine]:
    """An empty database."""
    engine = open_database(installation.settings.database)
    yield engine
    engine.dispose()


def test_each_figure_has_the_mean_of_its_last_four_weeks(engine: Engine) -> None:
    """28 days of 1: the 100 before count no more. 12 to 39 without 38: 676 / 27. Without a value all is unknown."""
    assert write_run(engine, release(1), default_policy(), seen(), 19_000, after(1)) == ()
    with engine.connect() as connection:
        run = last_run(connection, "wait-time", 1)
    assert run is not None
    assert run.until_day == 19_000
    arrivals, errors, coverage = run.figures
    assert arrivals == {
        "family": "arrivals", "name": "visits", "change": 1.0, "margin": 0.1, "threshold_share": 0.3, "days": 40,
    }  # fmt: skip
    assert errors["change"] == pytest.approx(676 / 27)
    assert (errors["threshold_share"], errors["margin"], errors["days"]) == (0.6, 0.2, 38)
    assert coverage == {
        "family": "coverage", "name": "all", "change": None, "margin": None, "threshold_share": None, "days": 0,
    }  # fmt: skip


def test_a_single_known_day_is_a_mean(engine: Engine) -> None:
    """Of the last four weeks the last day alone is known, and is 7."""
    change = np.full((40, 3), np.nan)
    change[-1, 0] = 7.0
    write_run(engine, release(1), default_policy(), replace(seen(), change=change), 19_000, after(1))
    with engine.connect() as connection:
        run = last_run(connection, "wait-time", 1)
    assert run is not None
    assert [(figure["change"], figure["days"]) for figure in run.figures] == [(7.0, 1), (None, 0), (None, 0)]


def test_an_alarm_is_new_once_and_stops_where_the_policy_says_so(engine: Engine) -> None:
    """Its evidence is its numbers; a second run that finds it again returns nothing new."""
    policy = default_policy()
    assert write_run(engine, release(1), policy, seen(ALARM), 19_000, after(1)) == (ALARM,)
    assert write_run(engine, release(1), policy, seen(ALARM), 19_000, after(2)) == ()
    other = replace(ALARM, figure=FIGURES[1])
    stops = policy.monitor.model_copy(update={"stops": ("errors",)})
    stopping = cast(Any, SimpleNamespace(monitor=stops))
    assert write_run(engine, release(1), stopping, seen(ALARM, other), 19_000, after(3)) == (other,)
    with engine.connect() as connection:
        found = {a.family: a for a in standing(connection, "wait-time", 1)}
    assert {family: a.stops for family, a in found.items()} == {"arrivals": False, "errors": True}
    assert found["arrivals"].evidence["interval"] == [0.2, 0.4]
    assert found["arrivals"].evidence["statistic"] == 9.0
    assert "figure" not in found["arrivals"].evidence


def test_a_run_takes_the_place_of_its_own_release_s_last_one(engine: Engine) -> None:
    """That of another release, or of the other model, stays."""
    policy = default_policy()
    runs = ((1, "wait-time", 100), (2, "wait-time", 200), (1, "bed-demand", 300), (2, "wait-time", 201))
    for hours, (number, model, day) in enumerate(runs):
        write_run(engine, release(number, model), policy, seen(), day, after(hours))
    with engine.connect() as connection:
        found = [
            last_run(connection, m, n) for m, n in (("wait-time", 1), ("wait-time", 2), ("bed-demand", 1))
        ]
    assert [run.until_day for run in found if run is not None] == [100, 201, 300]
