"""How much worse a group fares: gaps by stretches of days, and how long a small group has to be watched."""

import math

import numpy as np
import pytest
from scipy import stats

from hospital.times import DAY
from registry.statistics.disparities import (
    Disparity,
    _draws,
    by_block,
    gap,
    mean_by_block,
    periods_to_pass,
    shown,
)
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Verdict

LEVELS = Levels(passing=0.05, blocking=0.05)


def rows(days: int, a_day: int = 4) -> np.ndarray:
    """Times of that many rows on each of so many days."""
    return np.repeat(np.arange(days, dtype=np.int64) * DAY, a_day)


def test_sums_are_of_stretches_from_the_first_row() -> None:
    """Days 10 and 11 are the first stretch, 12 the second; a row of weight 0 adds nothing."""
    times = np.array([10, 11, 12, 12], np.int64) * DAY
    sums, weights = by_block(np.array([1.0, 2.0, 3.0, 9.0]), np.array([1.0, 2.0, 1.0, 0.0]), times, 2)
    assert sums.tolist() == [5.0, 3.0]
    assert weights.tolist() == [3.0, 1.0]


def test_a_gap_is_the_group_s_mean_less_the_others() -> None:
    """Weights count: 3 on a value of 5 and 1 on 1 make 4, the others' mean is 2."""
    times = rows(8)
    mine = np.tile([True, True, False, False], 8)
    values = np.tile([5.0, 1.0, 2.0, 2.0], 8)
    weights = np.tile([3.0, 1.0, 1.0, 1.0], 8)
    found = gap(values, weights, mine, times, days=1, resamples=200)
    assert found is not None
    assert found.value == pytest.approx(2.0)
    assert found.sd == pytest.approx(0.0, abs=1e-12)  # every day is alike
    assert found.blocks == 8


def test_the_error_of_a_gap_is_that_of_means_of_days() -> None:
    """Days of one value each: the resamples' spread is that of the difference of two means, known beforehand."""
    rng = np.random.default_rng(4)
    days = 60
    of_day = rng.normal(0, 1, (days, 2))
    times = rows(days, 2)
    mine = np.tile([True, False], days)
    found = gap(of_day.ravel(), np.ones(2 * days), mine, times, days=1, resamples=4000)
    assert found is not None
    difference = of_day[:, 0] - of_day[:, 1]
    assert found.sd == pytest.approx(difference.std() / math.sqrt(days), rel=0.04)
    outside = stats.bootstrap((difference,), np.mean, n_resamples=4000, method="basic", random_state=1)
    assert found.sd == pytest.approx(outside.standard_error, rel=0.05)


@pytest.mark.parametrize(("days", "known"), [(3, False), (4, True)])
def test_fewer_than_four_stretches_have_no_error(days: int, known: bool) -> None:
    """Of three days nobody knows how days differ."""
    times = rows(days)
    mine = np.tile([True, False, True, False], days)
    assert (
        gap(np.ones(times.size), np.ones(times.size), mine, times, days=1, resamples=20) is not None
    ) is known
    sums, total = by_block(np.ones(times.size), np.ones(times.size), times, 1)
    assert (mean_by_block(sums, total, resamples=20) is not None) is known


@pytest.mark.parametrize("lonely", [True, False])
def test_a_group_that_a_resample_can_leave_empty_has_no_gap(lonely: bool) -> None:
    """All rows of the group, or all others, lie on one of twelve days."""
    times = rows(12)
    one_day = times == 0
    mine = one_day if lonely else ~one_day
    assert gap(np.ones(times.size), np.ones(times.size), mine, times, days=1, resamples=300) is None


def test_a_mean_counts_the_stretches_that_weigh() -> None:
    """Six stretches, of which one has no weight: five are behind the estimate, and 7.5 / 5 is its value."""
    found = mean_by_block(
        np.array([1.0, 2.0, 0.0, 1.5, 1.0, 2.0]), np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]), resamples=500
    )
    assert found is not None
    assert found.value == pytest.approx(1.5)
    assert found.blocks == 5


def test_a_stretch_counts_however_little_it_weighs() -> None:
    """Rows of a tenth: eight days are eight."""
    times = rows(8)
    mine = np.tile([True, True, False, False], 8)
    found = gap(np.ones(times.size), np.full(times.size, 0.1), mine, times, days=1, resamples=20)
    assert found is not None
    assert found.blocks == 8


def test_the_periods_that_a_sound_group_needs_by_hand() -> None:
    """Means 1, 3 (variance 2, one freedom) and 0, 0, 3 (squares 6, two): 8 / 3, by (t + z)² over the margin's."""
    parts = [
        (np.array([1.0, 6.0, 5.0]), np.array([1.0, 2.0, 0.0])),  # the last has no weight
        (np.array([0.0, 0.0, 3.0]), np.array([1.0, 1.0, 1.0])),
    ]
    wanted = stats.t.ppf(0.95, 9) + stats.norm.ppf(0.8)
    found = periods_to_pass(parts, 10, alpha=0.05, power=0.8, margin=0.5)
    assert found == math.ceil(8 / 3 * (wanted / 0.5) ** 2)


def test_the_periods_are_whole_and_do_not_depend_on_the_disadvantage() -> None:
    """A group a hundred minutes worse needs as many as one that is not; one stretch alone tells nothing."""
    sums, total = np.array([1.0, 2.0, 4.0]), np.ones(3)
    here = periods_to_pass([(sums, total)], 3, alpha=0.05, power=0.8, margin=0.5)
    worse = periods_to_pass([(sums + 100, total)], 3, alpha=0.05, power=0.8, margin=0.5)
    assert here == worse > 0
    assert periods_to_pass([(sums[:1], total[:1])], 1, alpha=0.05, power=0.8, margin=0.5) == 0
    assert periods_to_pass([(sums, total)], 1, alpha=0.05, power=0.8, margin=0.5) == math.ceil(
        7 / 3 * ((stats.t.ppf(0.95, 1) + stats.norm.ppf(0.8)) / 0.5) ** 2
    )


def test_the_error_is_that_of_days_written_down_as_often_as_they_are_drawn() -> None:
    """25 resamples of six days, each made of its rows: the deviation of their figures, over one less than there are."""
    rng, days, resamples = np.random.default_rng(5), 6, 25
    values, weights = rng.normal(3, 2, (days, 2)), rng.uniform(0.5, 2, (days, 2))
    mine = np.tile([True, False], days)
    found = gap(values.ravel(), weights.ravel(), mine, rows(days, 2), days=1, resamples=resamples)
    drawn = np.random.default_rng(days).multinomial(days, np.full(days, 1 / days), size=resamples)
    means = np.array(
        [
            [
                np.average(np.repeat(values[:, k], times), weights=np.repeat(weights[:, k], times))
                for k in (0, 1)
            ]
            for times in drawn
        ]
    )
    assert found is not None
    assert found.sd == pytest.approx(stats.tstd(means[:, 0] - means[:, 1]), rel=1e-12)
    sums = (values * weights)[:, 0]
    alone = mean_by_block(sums, weights[:, 0], resamples=resamples)
    assert alone is not None
    assert alone.sd == pytest.approx(stats.tstd(means[:, 0]), rel=1e-12)


def test_rows_of_a_hundredth_have_an_error_like_any_others() -> None:
    """What a row weighs is a matter of units: a hundredth everywhere changes no gap and no mean."""
    times = rows(8)
    mine = np.tile([True, True, False, False], 8)
    values = np.random.default_rng(6).normal(size=times.size)
    whole, small = (
        gap(values, np.full(times.size, weight), mine, times, days=1, resamples=50) for weight in (1.0, 0.01)
    )
    assert whole is not None
    assert small is not None
    assert (small.value, small.sd, small.blocks) == pytest.approx((whole.value, whole.sd, whole.blocks))
    sums, total = by_block(values, np.full(times.size, 0.01), times, 1)
    mean = mean_by_block(sums, total, resamples=50)
    assert mean is not None
    assert mean.value == pytest.approx(values.mean())


def test_a_mean_that_a_resample_can_leave_without_weight_has_no_error() -> None:
    """Four stretches of twenty-eight weigh: one resample in a hundred has none of them, and no mean."""
    total = np.repeat([1.0, 0.0], [4, 24])
    drawn = np.random.default_rng(28).multinomial(28, np.full(28, 1 / 28), size=400)
    assert (drawn[:, :4].sum(axis=1) == 0).any()
    assert mean_by_block(total * 2, total, resamples=400) is None


def test_a_part_in_which_nothing_weighs_changes_nothing_of_the_periods() -> None:
    """A validation set without such a group: neither its spread nor its freedom counts. Of two means, 1 and 3: 2."""
    part, nothing = (np.array([1.0, 3.0]), np.ones(2)), (np.zeros(3), np.zeros(3))
    wanted = stats.t.ppf(0.95, 1) + stats.norm.ppf(0.8)
    for parts in ([part], [part, nothing]):
        found = periods_to_pass(parts, 2, alpha=0.05, power=0.8, margin=0.5)
        assert found == math.ceil(2 * (wanted / 0.5) ** 2)


@pytest.mark.parametrize(("value", "said"), [(0.15 + 1.9, False), (0.15 + 2.2, True), (0.15 - 2.2, False)])
def test_what_its_own_interval_shows_keeps_the_gate_shut_and_never_blocks(value: float, said: bool) -> None:
    """Two-sided at 95 %: 2.045 standard errors beyond the margin at thirty blocks, by SciPy's t; better is no harm."""
    assert 1.9 < stats.t.ppf(0.975, 29) < 2.2
    disparity = Disparity("share_above_p50", "sex=F*14-16", Estimate(value, 1.0, 30), 0.15, 900)
    found = shown(disparity, LEVELS)
    assert (found is not None) == said
    if found is not None:
        low, high = disparity.found.interval(LEVELS.passing)
        assert (found.interval, found.verdict, found.required) == ((low, high), Verdict.INCONCLUSIVE, True)
        assert (found.value, found.threshold, found.n, found.note) == (value, 0.15, 900, "harm_shown")


def test_an_interval_without_an_end_is_not_written() -> None:
    """Of one block there is none; where nothing varies, the gap itself decides."""
    assert shown(Disparity("m", "g", Estimate(9.0, math.inf, 1), 0.15, 900), LEVELS) is None
    exact = shown(Disparity("m", "g", Estimate(9.0, 0.0, 30), 0.15, 900), LEVELS)
    assert exact is not None
    assert exact.interval == (9.0, 9.0)


def test_draws_that_all_groups_share_are_written_to_by_none() -> None:
    """They are the same array for the same counts: whoever changed it would change what is drawn for the others."""
    drawn = _draws(5, 7)
    assert _draws(5, 7) is drawn
    assert drawn.sum(axis=1).tolist() == [5.0] * 7
    with pytest.raises(ValueError, match="read-only"):
        drawn[0, 0] = 0.0
