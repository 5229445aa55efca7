"""Intervals by blocks of time: they keep what they promise where days depend on one another."""

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.statistics.intervals import (
    Estimate,
    block_mean,
    decorrelation_days,
    largest_window_mean,
    long_run_sd,
    share_bounds,
)


def series(rng: np.random.Generator, days: int, memory: float) -> Array:
    """A standardised AR(1) series."""
    out, last = np.empty(days), float(rng.normal())
    for i in range(days):
        out[i] = last
        last = memory * last + float(rng.normal(0, np.sqrt(1 - memory**2)))
    return out


def rows(daily: Array, a_day: int = 10) -> tuple[Array, Array]:
    """(values, times) of `a_day` rows on each day."""
    times = np.repeat(np.arange(daily.size), a_day) * DAY + np.tile(np.arange(a_day), daily.size) * HOUR
    return np.repeat(daily, a_day), times


@pytest.mark.parametrize(("memory", "most"), [(0.0, 0.07), (0.5, 0.10)])
def test_the_lower_bound_misses_about_as_often_as_it_says(memory: float, most: float) -> None:
    """Of 400 series without a mean, few have a 5 % lower bound above 0; counting rows, a third would."""
    rng = np.random.default_rng(1)
    above = 0
    for _ in range(400):
        values, times = rows(series(rng, 90, memory))
        above += block_mean(values, np.ones(values.size), times, horizon_hours=0.0).low(0.05) > 0
    assert above / 400 <= most


def test_weights_and_every_day_count() -> None:
    """The value is the weighted mean of all rows, those of the last days included."""
    values, times = rows(np.arange(31.0))
    weights = np.where(values > 28, 5.0, 1.0)
    found = block_mean(values, weights, times, horizon_hours=48.0)
    assert found.value == pytest.approx(float(np.average(values, weights=weights)))
    assert found.low(0.05) < found.value < found.high(0.05)


def test_blocks_are_at_least_twice_the_horizon() -> None:
    """A three-day forecast made today and one made tomorrow share two days: blocks of six days."""
    values, times = rows(np.random.default_rng(2).normal(size=90))
    one = np.ones(values.size)
    assert block_mean(values, one, times, horizon_hours=72.0).blocks == 15
    assert block_mean(values, one, times, horizon_hours=168.0).blocks == 6
    assert block_mean(values, one, times, horizon_hours=4.0).blocks == 30


def test_too_little_time_gives_no_bound() -> None:
    """One day, or no row at all, promises nothing."""
    values, times = rows(np.ones(1))
    found = block_mean(values, np.ones(values.size), times, horizon_hours=0.0)
    assert found.interval(0.05) == (-np.inf, np.inf)
    nothing = np.empty(0)
    empty = block_mean(nothing, nothing, np.empty(0, np.int64), horizon_hours=0.0)
    assert np.isnan(empty.value)
    assert empty.interval(0.05) == (-np.inf, np.inf)
    assert empty.blocks == 0


def test_more_memory_gives_longer_blocks() -> None:
    """Days that depend on one another for longer are put into longer blocks."""
    rng = np.random.default_rng(3)
    short = np.mean([decorrelation_days(series(rng, 90, 0.1), 1) for _ in range(20)])
    long = np.mean([decorrelation_days(series(rng, 90, 0.8), 1) for _ in range(20)])
    assert short < 3 < long


def test_the_mean_of_a_window_varies_more_with_memory() -> None:
    """A window's mean of dependent days is never held to the standard deviation of independent ones."""
    rng = np.random.default_rng(4)
    independent, dependent = series(rng, 360, 0.0), series(rng, 360, 0.7)
    assert long_run_sd(dependent, 28) > 1.5 * long_run_sd(independent, 28)
    assert largest_window_mean(dependent, 28) <= np.abs(dependent).max()
    assert largest_window_mean(dependent[:10], 28) == np.inf


def test_a_share_of_few_blocks_is_no_surer_than_as_many_outcomes() -> None:
    """Exact binomial bounds of blocks that do not vary (0 of 6: 1 - 0.05^(1/6)); t's where they vary more."""
    assert share_bounds(Estimate(0.0, 0.0, 6), 0.05) == pytest.approx((0.0, 1 - 0.05 ** (1 / 6)))
    assert share_bounds(Estimate(1.0, 0.0, 6), 0.05) == pytest.approx((0.05 ** (1 / 6), 1.0))
    # 2 of 10 by tables of Clopper and Pearson: 2.5 to 55.6 %
    assert share_bounds(Estimate(0.2, 0.0, 10), 0.025) == pytest.approx((0.0252, 0.5561), abs=1e-4)
    assert share_bounds(Estimate(0.5, 0.2, 10), 0.025) == pytest.approx(
        (0.5 - 2.262 * 0.2, 0.5 + 2.262 * 0.2), abs=1e-3
    )
    assert share_bounds(Estimate(0.5, 0.5, 10), 0.025) == (0.0, 1.0)
    assert (
        share_bounds(Estimate(0.5, np.inf, 1), 0.05)
        == share_bounds(Estimate(np.nan, np.inf, 0), 0.05)
        == (0.0, 1.0)
    )
