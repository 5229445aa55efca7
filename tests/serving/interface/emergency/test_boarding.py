"""How probably patients board, asked of a release directly: where it is known, where it is not, and its sum."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from hospital.times import instant
from registry.components.boarding_model import BoardingModel, expected_shortage
from serving.gateway.service_parts import Parts
from serving.interface.emergency.boarding import boarding_forecasts, boarding_threshold
from serving.messages.forecast_records import BedForecast
from serving.messages.judged_tension import JudgedTension
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import FakeReleases, loaded, make_parts

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
MODEL = BoardingModel(
    3.0,
    (4.0, 24.0),
    np.array([-2.0, -1.0]),
    np.array([[0.5, 0.25, 0.125, 0.0, 0.0]] * 2),
    np.array([0.5, 1.0, 8.0, 0.0, 0.0]),
    {"shortage": 0.5, "boarders": 1.0, "present": 8.0},
    40,
)
QUANTILES = tuple(float(beds) for beds in range(10, 29))


@dataclass
class Unit:
    """What is read of a unit's forecast."""

    horizon_hours: float
    staffed: float | None
    distribution: tuple[float, ...] | None
    target_at: datetime


def unit(hours: float, staffed: float | None = 15.0, known: bool = True) -> BedForecast:
    """A forecast of one unit."""
    one = Unit(hours, staffed, QUANTILES if known else None, NOW + timedelta(hours=hours))
    return cast(BedForecast, one)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """A service whose release of beds has the model, worth it four hours ahead."""
    engine: Any = SimpleNamespace(admissions=None, boarding=MODEL, group_totals={}, exceedances=None)
    judged = JudgedTension(False, None, None, frozenset({4.0}))
    made, _ = make_parts(tmp_path / "home")
    source = FakeReleases({"bed-demand": replace(loaded("bed-demand"), engine=engine, judged=judged)})
    made.releases = Releases(source)
    made.releases.refresh()
    return made


def test_log_odds_add_up_from_the_units_shortages(parts: Parts) -> None:
    """Of the units whose beds and distribution are known; the others add nothing."""
    units = [unit(4.0), unit(4.0, staffed=20.0), unit(4.0, staffed=None), unit(4.0, known=False), unit(24.0)]
    near, far = boarding_forecasts(parts, units, instant(NOW), boarders=2, present=12)
    short = expected_shortage(np.array([QUANTILES] * 2), np.array([15.0, 20.0])).sum()
    odds = -2.0 + 0.5 * math.log1p(short) + 0.25 * 2 + 0.125 * 12
    assert near.probability == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-12)
    assert near.base + sum(c.effect for c in near.contributions) == pytest.approx(odds, abs=1e-9)
    assert [(c.input, c.usual) for c in near.contributions][:2] == [("shortage", 0.5), ("boarders", 1.0)]
    assert (near.horizon_hours, near.counts, far.horizon_hours, far.counts) == (4.0, True, 24.0, False)
    assert (near.threshold, near.events, boarding_threshold(parts)) == (3.0, 40, 3.0)


@pytest.mark.parametrize(("boarders", "present"), [(None, 12), (2, None)])
def test_nothing_is_said_of_what_is_not_known(
    parts: Parts, boarders: int | None, present: int | None
) -> None:
    """Who boards or is present; no unit's beds."""
    assert boarding_forecasts(parts, [unit(4.0)], instant(NOW), boarders, present) == ()
    assert boarding_forecasts(parts, [unit(4.0, staffed=None)], instant(NOW), 2, 12) == ()


def test_a_release_that_has_not_learned_it_says_nothing(tmp_path: Path) -> None:
    """Nor names a threshold."""
    parts, _ = make_parts(tmp_path / "home")
    parts.releases.refresh()
    assert boarding_forecasts(parts, [unit(4.0)], instant(NOW), 2, 12) == ()
    assert boarding_threshold(parts) is None
