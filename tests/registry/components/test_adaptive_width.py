"""Intervals that follow recent errors: the rule by hand, beside a plain loop, and by what it covers."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.components.adaptive_width import UNHELD, AdaptiveWidth
from registry.components.recent_errors import Intervals, RecentErrors

RULE = AdaptiveWidth(
    since=0, forecasts=40, first_step=0.5, last_step=0.1, slow_hours=168.0, limit=1.2, settled_hours=24
)


def errors(outcome: Array, *, half: float = 1.0) -> RecentErrors:
    """One forecast a day of 100 beds, give or take `half`; outcome: float64 [days, units], at one horizon."""
    shape = (*outcome.shape, 1)
    width = np.full(shape, half)
    return RecentErrors(
        np.arange(len(outcome)) * DAY, np.full(shape, 100.0), width, width, outcome[:, :, None]
    )


def factor(
    found: RecentErrors, at: int, rule: AdaptiveWidth = RULE, hours: float = 24.0, unit: int = 0
) -> float:
    """The factor of one unit at an instant."""
    place = np.array([0])
    return float(rule.factors(found, [hours], np.array([at]), place + unit, place)[0, 0])


def misses(found: RecentErrors, at: int, hours: float = 24.0) -> float:
    """The record of misses of the first unit at an instant."""
    place = np.array([0])
    return float(RULE.factors(found, [hours], np.array([at]), place, place)[0, 1])


def test_misses_of_the_shortest_horizon_count_for_the_longer_ones() -> None:
    """A day ahead five misses are settled that a week ahead are not; the factor of a week ahead stays its own."""
    outcome = np.full((5, 1, 2), 190.0)
    flat = np.full(outcome.shape, 100.0)
    found = RecentErrors(np.arange(5) * DAY, flat, flat * 0 + 1, flat * 0 + 1, outcome)
    both = RULE.factors(found, [24.0, 168.0], np.full(2, 7 * DAY), np.zeros(2, np.int64), np.array([0, 1]))
    assert both[:, 1] == pytest.approx([5 * math.log(2.5) / (1 + 24 / 168)] * 2, rel=1e-12)
    assert both[0, 0] > 1 == both[1, 0]
    later = RULE.factors(found, [168.0, 24.0], np.full(1, 7 * DAY), np.zeros(1, np.int64), np.array([0]))
    assert later[0].tolist() == [1.0, 0.0]  # the first of the horizons is the only one that counts for others


def test_misses_by_hand() -> None:
    """A miss speaks for one in two by ln 2.5, a hit against it by ln 1.6, over 1 + 24/168; from 0 to 6."""
    slow = 1 + 24 / 168
    far, near = np.full((60, 1), 190.0), np.full((60, 1), 100.0)
    assert misses(errors(far[:3]), 99 * DAY) == pytest.approx(3 * math.log(2.5) / slow, rel=1e-12)
    mixed = np.concatenate([far[:3], near[:1]])
    expected = (3 * math.log(2.5) - math.log(1.6)) / slow
    assert misses(errors(mixed), 99 * DAY) == pytest.approx(expected, rel=1e-12)
    assert misses(errors(near), 99 * DAY) == 0
    assert misses(errors(far), 99 * DAY) == 6
    assert misses(errors(far[:3]), 99 * DAY, hours=168.0) == pytest.approx(1.5 * math.log(2.5), rel=1e-12)


def test_four_misses_degrade_and_a_week_of_hits_ends_it() -> None:
    """After any number of misses an answer is to be relied on again when eight outcomes in a row lay inside."""
    far, near = np.full((40, 1), 190.0), np.full((40, 1), 100.0)
    assert misses(errors(far[:3]), 99 * DAY) < UNHELD < misses(errors(far[:4]), 99 * DAY)
    assert misses(errors(np.concatenate([far, near[:7]])), 99 * DAY) > UNHELD
    assert misses(errors(np.concatenate([far, near[:8]])), 99 * DAY) < UNHELD


def test_sound_intervals_are_seldom_called_unheld_and_lost_levels_nearly_always() -> None:
    """Of 400 units each: at most 3 % of the days where one in five lies outside, and 9 in 10 within eight days of a
    fall by three and a half spreads."""
    rng = np.random.default_rng(4)
    outcome = 100 + 8 * rng.normal(size=(200, 400))
    place, first = np.arange(400), np.zeros(400, np.int64)

    def unheld(values: Array, day: int) -> float:
        found = errors(values, half=8 * 1.2816)
        at = np.full(400, day * DAY)
        return float((RULE.factors(found, [24.0], at, place, first)[:, 1] > UNHELD).mean())

    assert np.mean([unheld(outcome, day) for day in range(50, 200, 3)]) <= 0.03
    fallen = outcome.copy()
    fallen[60:] -= 28
    assert max(unheld(fallen, day) for day in range(62, 69)) >= 0.9


def test_three_misses_by_hand() -> None:
    """Each outcome 9 beds off lies wholly outside: 0.8 of a step each, of steps 38 to 40, over 1 + 24/168."""
    found = errors(np.full((3, 1), 109.0))
    steps = [0.1 + 0.4 * (1 - j / 40) for j in (37, 38, 39)]
    assert factor(found, 10 * DAY) == pytest.approx(math.exp(0.8 * sum(steps) / (1 + 24 / 168)), rel=1e-12)


def test_a_hit_narrows_by_a_quarter_of_what_a_miss_widens() -> None:
    """One outcome at the p50, with a half of the whole bed on either side inside."""
    step = (0.1 + 0.4 / 40) / (1 + 24 / 168)
    assert factor(errors(np.full((1, 1), 100.0)), 10 * DAY) == pytest.approx(math.exp(-0.2 * step), rel=1e-12)
    # Half of a whole bed at the border counts as half a miss.
    assert factor(errors(np.full((1, 1), 101.0)), 10 * DAY) == pytest.approx(math.exp(0.3 * step), rel=1e-12)


def test_what_is_not_known_yet_does_not_count() -> None:
    """A forecast of day 0, 24 hours ahead, settles on day 2 and not before; an unknown outcome moves nothing."""
    found = errors(np.full((1, 1), 109.0))
    assert factor(found, 2 * DAY - 1) == 1
    assert factor(found, 2 * DAY) > 1
    assert factor(found, 2 * DAY, hours=25.0) == 1
    assert factor(errors(np.full((1, 1), np.nan)), 9 * DAY) == 1
    assert factor(errors(np.empty((0, 1))), 9 * DAY) == 1


def test_what_the_model_was_fitted_to_does_not_count() -> None:
    """Forecasts before `since` are of days that it knew."""
    found = errors(np.full((9, 1), 109.0))
    assert factor(found, 20 * DAY, replace(RULE, since=9 * DAY)) == 1
    assert factor(found, 20 * DAY, replace(RULE, since=8 * DAY)) == factor(
        errors(np.full((1, 1), 109.0)), 20 * DAY
    )


def test_only_the_last_forecasts_count_and_the_logarithm_has_a_limit() -> None:
    """Forty hits wipe out what came before; forty misses end at the limit."""
    before = np.full((60, 1), 109.0)
    after = np.full((40, 1), 100.0)
    assert factor(errors(np.concatenate([before, after])), 200 * DAY) == factor(errors(after), 200 * DAY)
    assert factor(errors(before), 200 * DAY) == pytest.approx(math.exp(1.2), rel=1e-12)


def test_later_news_changes_no_past_factor() -> None:
    """Asked about a past time, whatever came since: the very same bits."""
    rng = np.random.default_rng(1)
    outcome = np.round(100 + 3 * rng.normal(size=(90, 2)))
    for day in (5, 40, 61):
        short = errors(outcome[: day - 1])
        assert [factor(short, day * DAY, unit=u) for u in (0, 1)] == [
            factor(errors(outcome), day * DAY, unit=u) for u in (0, 1)
        ]


def test_it_is_a_plain_loop() -> None:
    """30 drawn histories of two units and two horizons, with gaps: as one line of arithmetic after the other."""
    rng = np.random.default_rng(2)
    for _ in range(30):
        days = int(rng.integers(1, 90))
        outcome = np.round(100 + rng.uniform(1, 4) * rng.normal(size=(days, 2, 2)))
        outcome[rng.random(outcome.shape) < 0.1] = np.nan
        centre, below, above = (
            rng.uniform(low, high, outcome.shape) for low, high in ((98, 102), (1, 3), (1, 3))
        )
        found = RecentErrors(np.arange(days) * DAY, centre, below, above, outcome)
        at = rng.integers(0, 100 * DAY, 8)
        unit, horizon = rng.integers(0, 2, 8), rng.integers(0, 2, 8)
        tracked = RULE.factors(found, [4.0, 72.0], at, unit, horizon)
        for t, u, h, (value, record) in zip(at, unit, horizon, tracked, strict=True):
            hours = (4.0, 72.0)[h]
            known = [d for d in range(days) if d * DAY + int(hours * HOUR) + DAY <= t]
            log = misses = 0.0
            for j, d in enumerate(known[-40:], start=40 - len(known[-40:])):
                y, size = outcome[d, u, h], (0.1 + 0.4 * (1 - j / 40)) / (1 + hours / 168)
                if not math.isnan(y):
                    low, high = (
                        centre[d, u, h] - math.exp(log) * below[d, u, h],
                        centre[d, u, h] + math.exp(log) * above[d, u, h],
                    )
                    inside = min(max(min(y + 0.5, high) - max(y - 0.5, low), 0.0), 1.0)
                    log = min(max(log + size * (1 - inside - 0.2), -1.2), 1.2)
                    ratio = (1 - inside) * math.log(0.5 / 0.2) + inside * math.log(0.5 / 0.8)
                    misses = min(max(misses + ratio / (1 + hours / 168), 0.0), 6.0)
            if h:
                place = np.array([0])
                shortest = RULE.factors(found, [4.0, 72.0], np.array([t]), np.array([u]), place)[0, 1]
                misses = max(misses, shortest)
            assert value == pytest.approx(math.exp(log), rel=1e-12)
            assert record == pytest.approx(misses, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 2.0, 0.6])
def test_four_in_five_hold_again_within_four_weeks(scale: float) -> None:
    """Of 300 units whose spread becomes another for good on day 60: 77 to 83 % inside before, 28 days later, and on."""
    rng = np.random.default_rng(3)
    spread = np.where(np.arange(200) < 60, 1.0, scale)[:, None] * 8
    outcome = 100 + spread * rng.normal(size=(200, 300))
    found = errors(outcome, half=8 * 1.2816)
    place = np.arange(300)
    for day, least, most in ((55, 0.77, 0.83), (88, 0.77, 0.83), (150, 0.77, 0.83)):
        at = np.full(300, day * DAY)
        factors = RULE.factors(found, [24.0], at, place, np.zeros(300, np.int64))[:, 0]
        fresh = 100 + spread[day] * rng.normal(size=(400, 300))
        assert least <= np.mean(np.abs(fresh - 100) <= factors * 8 * 1.2816) <= most


_DAYS = np.arange(220)


@pytest.mark.parametrize(
    ("spread", "closed", "day", "least", "most"),
    [
        (8 * np.clip(1 + (_DAYS - 60) / 100, 1, 2.5), (0, 0), 140, 0.74, 0.83),
        (8 * np.clip(1 - (_DAYS - 60) / 200, 0.4, 1), (0, 0), 140, 0.77, 0.88),
        (np.where(_DAYS < 90, 8.0, 16.0), (60, 90), 118, 0.75, 0.83),
        (np.where(_DAYS < 120, 8.0, 5.0), (60, 120), 148, 0.77, 0.85),
    ],
)
def test_units_that_change_by_and_by_or_close_and_reopen(
    spread: Array, closed: tuple[int, int], day: int, least: float, most: float
) -> None:
    """400 units that grow by 1 % a day, shrink by half a per cent, or are not there for months: near four in five."""
    rng, place = np.random.default_rng(3), np.arange(400)
    outcome = 100 + spread[:, None] * rng.normal(size=(220, 400))
    outcome[closed[0] : closed[1]] = np.nan
    found, at = errors(outcome, half=8 * 1.2816), np.full(400, day * DAY)
    factors = RULE.factors(found, [24.0], at, place, np.zeros(400, np.int64))[:, 0]
    fresh = spread[day] * rng.normal(size=(400, 400))
    assert least <= np.mean(np.abs(fresh) <= factors * 8 * 1.2816) <= most


def test_the_file_is_read_back_and_what_would_not_settle_is_refused() -> None:
    """As adaptive.json holds it; another Vigie's, or a number out of place, is an error."""
    body = RULE.to_json()
    assert AdaptiveWidth.from_json(body) == RULE
    wrong = [{**body, "more": 1}, {k: v for k, v in body.items() if k != "since"}]
    wrong += [
        {**body, name: value}
        for name, value in (
            ("forecasts", 41), ("forecasts", 0), ("forecasts", 4.5), ("first_step", 2.0), ("last_step", 0.0),
            ("last_step", 0.6), ("slow_hours", 0.0), ("limit", 4.0), ("limit", math.inf), ("settled_hours", 49),
            ("since", "0"),
        )
    ]  # fmt: skip
    for spoilt in wrong:
        with pytest.raises((TypeError, ValueError)):
            AdaptiveWidth.from_json(spoilt)


def test_rows_become_a_table_by_time_unit_and_horizon() -> None:
    """Rows at other times are left out; what no row says is unknown."""
    row = np.array([0, 1, 2, 3])
    found = RecentErrors.of(
        np.array([10, 20]),
        (2, 1),
        np.array([10, 20, 15, 20]),
        np.array([0, 1, 0, 0]),
        np.zeros(4, np.int64),
        Intervals(row + 1.0, row + 2.0, row + 3.0),
        row + 4.0,
    )
    assert np.array_equal(found.centre[:, :, 0], [[1, np.nan], [4, 2]], equal_nan=True)
    assert np.array_equal(found.outcome[:, :, 0], [[4, np.nan], [7, 5]], equal_nan=True)


def test_a_history_is_carried_on_without_what_may_have_changed() -> None:
    """Forecasts from an instant on, and outcomes that were not settled, are forgotten and filled from another."""
    found = errors(np.arange(4.0)[:, None])
    kept = found.at_times(np.array([2, 3, 4]) * DAY, 3 * DAY, np.array([2 * DAY]))
    assert np.array_equal(kept.centre[:, 0, 0], [100, np.nan, np.nan], equal_nan=True)
    assert np.isnan(kept.outcome).all()
    assert (
        found.at_times(found.times, 9 * DAY, np.array([9 * DAY])).outcome.tolist() == found.outcome.tolist()
    )
    other = errors(np.full((3, 1), 7.0))
    filled = kept.filled(replace(other, times=kept.times))
    assert filled.outcome[:, 0, 0].tolist() == [7, 7, 7]
    assert filled.centre[:, 0, 0].tolist() == [100, 100, 100]
