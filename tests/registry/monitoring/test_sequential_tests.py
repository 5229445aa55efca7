"""The sequential tests of `vigie monitor`: their false-alarm rate, what makes each figure alarm, what may be asked."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.monitor.years import RELEASED, Shift, simulate_year
from registry.errors import PolicyError
from registry.monitoring.cusum import cusum, threshold
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.monitoring.daily_spread import long_run_spread
from registry.monitoring.sequential_tests import _furthest_month, watch
from registry.policy.board_policy import default_policy, load_policy
from registry.policy.monitor_rules import FAMILIES, Family
from registry.statistics.season_trend import FRANCE, expected_values

RULES = default_policy().monitor


def _ar(rng: np.random.Generator, days: int, series: int, memory: float) -> np.ndarray:
    out = np.empty((days, series))
    out[0] = rng.standard_normal(series)
    for day in range(1, days):
        out[day] = memory * out[day - 1] + np.sqrt(1 - memory**2) * rng.standard_normal(series)
    return out


@pytest.mark.parametrize("memory", [0.3, 0.5, 0.8])
def test_a_year_of_dependent_days_alarms_no_more_often_than_the_threshold_was_solved_for(
    memory: float,
) -> None:
    """3000 series of a truth that lies the margin inside, spread and mean from 450 days of reference."""
    rng, chance = np.random.default_rng(11), 0.05
    series = _ar(rng, 450 + 365, 3000, memory)
    spread = long_run_spread(series[:450])
    change = series[450:] - series[:450].mean(axis=0)
    h, margin = threshold(0.4, 450, chance)
    k = np.full((365, 3000), margin)
    alarmed = (cusum(change / spread, k, k).upper > h).any(axis=0)
    assert alarmed.mean() < chance * 1.3


def test_the_long_run_spread_of_dependent_days_is_that_of_their_sums() -> None:
    """Memory 0.6: sqrt(1.6 / 0.4) times the spread of a day; a plain standard deviation would be half of it."""
    found = long_run_spread(_ar(np.random.default_rng(2), 450, 400, 0.6))
    assert np.median(found) == pytest.approx(2.0, rel=0.12)


def test_a_short_reference_widens_the_margin_rather_than_promise_what_it_cannot() -> None:
    """With 30 days the mean is known too badly for a small margin at that chance of a false alarm."""
    _, kept = threshold(0.3, 5000, 1e-4)
    h, widened = threshold(0.3, 30, 1e-4)
    assert kept == 0.3
    assert widened > 0.6
    assert np.isfinite(h)


FLAWS: dict[Family, tuple[str, float]] = {
    "arrivals": ("arrivals", 0.4),
    "errors": ("waits", 0.4),
    "fairness": ("group", 0.4),
    "coverage": ("coverage", 0.4),
    "missing": ("missing", 0.4),
}


@pytest.mark.parametrize("family", list(FLAWS))
def test_a_shift_of_two_fifths_alarms_its_own_figure_within_a_fortnight(family: Family) -> None:
    """The figure that the shift is about is the one that says so, after it began and not before."""
    kind, size = FLAWS[family]
    year = simulate_year(np.random.default_rng(4), Shift(kind, size, 150))
    alarms = [a for f in year.models.values() for a in watch(f, year.released_day, RULES).alarms]
    own = [a for a in alarms if a.figure.family == family]
    assert own, [a.figure for a in alarms]
    first = min(own, key=lambda a: a.day)
    assert 0 <= first.day - (year.released_day + 150) <= 14
    assert abs(first.since - (year.released_day + 150)) <= 5
    assert first.statistic > first.threshold
    assert first.interval[0] < first.change < first.interval[1]
    assert abs(first.change) > first.margin


@pytest.mark.parametrize("family", ["inputs", "outcomes", "explanations", "expected_error", "error_ratio"])
def test_what_a_season_moves_alarms_beyond_every_earlier_month(family: Family) -> None:
    """These alarm far beyond what the reference ever saw, and not on what it did."""
    year = simulate_year(np.random.default_rng(6))
    name, figures = next((n, f) for n, f in year.models.items() if any(g.family == family for g in f.figures))
    column = [g.family for g in figures.figures].index(family)
    assert not any(a.figure.family == family for a in watch(figures, year.released_day, RULES).alarms), name
    moved = figures.values.copy()
    late = slice(RELEASED + 100, None)
    moved[late, column] = np.nanmax(moved[:RELEASED, column]) * 3
    alarms = watch(replace(figures, values=moved), year.released_day, RULES).alarms
    assert [a.figure for a in alarms if a.figure.family == family] == [figures.figures[column]]


def test_sound_years_do_not_alarm() -> None:
    """Eight hospitals with both models: epidemics and seasons are no alarm."""
    for seed in range(8):
        year = simulate_year(np.random.default_rng([77, seed]))
        assert [watch(f, year.released_day, RULES).alarms for f in year.models.values()] == [(), ()]


def _one(values: np.ndarray, family: Family = "errors") -> DailyFigures:
    return DailyFigures(19_700 + np.arange(values.size), (Figure(family, "all"),), values[:, None])


def test_one_odd_day_is_no_alarm() -> None:
    """A single day a hundred deviations away is reported, not believed."""
    values = 0.05 * _ar(np.random.default_rng(1), 300, 1, 0.3)[:, 0]
    values[250] = 5.0
    assert watch(_one(values), 19_700 + 200, RULES).alarms == ()


def test_a_reference_of_few_days_is_reported_but_not_tested() -> None:
    """Under the policy's least number of days no alarm, whatever comes; above it there is one."""
    values = 0.05 * _ar(np.random.default_rng(1), 300, 1, 0.3)[:, 0]
    values[200:] += 1.0
    few = RULES.minimum_reference_days - 1
    short = watch(_one(values[200 - few :]), 19_700 + few, RULES)
    assert np.isnan(short.spread).all()
    assert short.alarms == ()
    assert len(watch(_one(values), 19_700 + 200, RULES).alarms) == 1


def test_days_without_a_value_change_nothing() -> None:
    """A gap of weeks neither alarms nor forgets: the alarm comes as many days with values after the shift."""
    values = 0.05 * _ar(np.random.default_rng(1), 300, 1, 0.3)[:, 0]
    values[220:] += 0.3
    whole = watch(_one(values), 19_700 + 200, RULES).alarms[0]
    gap = np.concatenate([values[:222], np.full(30, np.nan), values[222:]])
    later = watch(_one(gap), 19_700 + 200, RULES).alarms[0]
    assert later.day == whole.day + 30
    assert later.statistic == pytest.approx(whole.statistic)


def test_every_family_has_a_share_of_the_false_alarms_and_they_are_the_whole() -> None:
    """The shares sum to one, so that the policy's chance is that of the model."""
    from registry.monitoring.daily_figures import SHARES, shares_of

    assert set(SHARES) == set(FAMILIES)
    assert sum(SHARES.values()) == pytest.approx(1.0)
    figures = (Figure("errors", "all"), Figure("coverage", "a"), Figure("coverage", "b"))
    assert shares_of(figures).sum() == pytest.approx(1.0)
    assert shares_of(figures)[1] == shares_of(figures)[2]


def test_a_policy_that_loosens_the_monitor_is_refused_with_all_its_faults() -> None:
    """Each bound is named, at once."""
    text = default_policy().content.decode()
    looser = {
        "false_alarms_per_year = 0.02": "false_alarms_per_year = 0.2",
        "margin_errors = 0.07": "margin_errors = 0.5",
        "minimum_reference_days = 56": "minimum_reference_days = 7",
        "stops = []": 'stops = ["mood"]',
    }
    for was, becomes in looser.items():
        assert was in text
        text = text.replace(was, becomes)
    with pytest.raises(PolicyError) as refused:
        load_policy(text.encode())
    for name in ("false_alarms_per_year", "margin_errors", "minimum_reference_days", "stops"):
        assert f"monitor.{name}" in str(refused.value)


def test_a_policy_from_before_there_was_a_monitor_has_the_section_that_ships() -> None:
    """Its digest was signed: it must go on being readable."""
    text = default_policy().content.decode()
    earlier = load_policy(text[: text.index("[monitor]")].encode())
    assert earlier.monitor == default_policy().monitor


QUIET = RULES.model_copy(update={"epidemic_months": ()})


def _noise(scale: float, days: int = 500) -> np.ndarray:
    return scale * _ar(np.random.default_rng(3), days, 1, 0.3)[:, 0]


def test_the_furthest_month_is_the_furthest_mean_of_28_known_days() -> None:
    """28 days of -2 among zeros, a gap within; of fewer days their own mean counts, of none nothing does."""
    month = np.repeat([0.0, -2.0, 0.0], [10, 28, 40])
    assert _furthest_month(month) == 2.0
    assert _furthest_month(np.insert(month, 20, np.nan)) == 2.0
    assert _furthest_month(np.repeat([-2.0, 0.0], [28, 28])) == 2.0
    assert _furthest_month(np.repeat([0.0, 2.0], [28, 28])) == 2.0
    assert _furthest_month(np.repeat([0.0, 2.0], [21, 7])) == 0.5
    assert _furthest_month(np.full(27, -3.0)) == 3.0
    assert _furthest_month(np.full(9, np.nan)) == 0.0


def test_an_alarm_is_what_the_sums_show_on_the_first_day_that_passes_a_threshold() -> None:
    """Its day, its beginning, its mean and interval, its threshold: each from the figures beside it."""
    values = _noise(0.05)
    values[470:] += 0.35
    tested = watch(_one(values), 19_700 + 450, QUIET)
    (alarm,) = tested.alarms
    assert tested.days.tolist() == list(range(20_150, 20_200))
    over = tested.threshold_share[:, :, 0] > 1
    first = int(np.flatnonzero(over.any(axis=1))[0])
    speed = int(np.flatnonzero(over[first])[0])
    assert (alarm.day, alarm.speed) == (20_150 + first, ["slow", "fast"][speed])
    days = slice(alarm.since - 20_150, first + 1)
    seen = tested.change[days, 0]
    assert alarm.change == pytest.approx(float(seen.mean()))
    half = 1.96 * float(tested.spread[0]) / np.sqrt(seen.size)
    assert alarm.interval == pytest.approx((alarm.change - half, alarm.change + half))
    assert alarm.reference_days == 450
    assert alarm.yearly_chance == pytest.approx(QUIET.false_alarms_per_year)
    margin = alarm.margin / float(tested.spread[0])
    expected, _ = threshold(margin, 450, alarm.yearly_chance / 4)
    assert alarm.threshold == pytest.approx(expected)
    assert alarm.statistic / alarm.threshold == pytest.approx(float(tested.threshold_share[first, speed, 0]))
    # Two sums of each figure: within the policy's margin, and within twice that.
    assert tested.margin[:, 0] == pytest.approx([QUIET.margin_errors, 2 * QUIET.margin_errors])


def test_the_slow_sum_sees_what_the_fast_one_lets_pass() -> None:
    """Half as far again as the margin for long: beyond the margin, and within twice the margin."""
    values = _noise(0.05)
    values[455:] += 1.6 * QUIET.margin_errors
    (alarm,) = watch(_one(values), 19_700 + 450, QUIET).alarms
    assert alarm.speed == "slow"
    large = _noise(0.05)
    large[455:] += 8 * QUIET.margin_errors
    assert watch(_one(large), 19_700 + 450, QUIET).alarms[0].day < alarm.day


@pytest.mark.parametrize(
    ("factor", "alarms"), [(1.4, True), (-1.3, False), (-2.2, True)], ids=["more", "fewer", "far fewer"]
)
def test_fewer_patients_may_stray_half_as_far_again(factor: float, *, alarms: bool) -> None:
    """They overwhelm nobody: what is an alarm upward is none downward."""
    values = 4.0 + _noise(0.01)
    values[460:] += factor * QUIET.margin_arrivals
    found = watch(_one(np.exp(values), "arrivals"), 19_700 + 450, QUIET).alarms
    assert bool(found) == alarms


def test_in_the_months_of_epidemics_arrivals_may_rise_further() -> None:
    """By the policy's margin for them, which is added; the same rise in other months alarms."""
    values = 4.0 + _noise(0.01)
    values[460:] += RULES.margin_arrivals + 0.7 * RULES.margin_epidemic
    figures = _one(np.exp(values), "arrivals")
    always = RULES.model_copy(update={"epidemic_months": tuple(range(1, 13))})
    assert watch(figures, 19_700 + 450, QUIET).alarms
    assert watch(figures, 19_700 + 450, always).alarms == ()
    errors = _one(values - 4.0)  # no other family is given that much
    assert watch(errors, 19_700 + 450, always).alarms


def test_epidemics_of_the_reference_do_not_widen_what_arrivals_may_do() -> None:
    """They have a margin of their own: of arrivals the quiet days alone say how much a day varies."""
    months = (19_700 + np.arange(500)).astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    rules = RULES.model_copy(update={"epidemic_months": (12, 1, 2)})
    values = 4.0 + _noise(0.02) + np.where(np.isin(months, (12, 1, 2)), 15 * _noise(0.02), 0.0)
    arrivals, ratio = (
        watch(_one(np.exp(values), family), 19_700 + 450, rules).spread[0]
        for family in ("arrivals", "error_ratio")
    )
    assert arrivals < 0.06
    assert ratio > 3 * arrivals


def test_a_figure_that_hardly_varied_is_held_to_a_least_spread() -> None:
    """A hundredth; of what has no scale of its own a twentieth of its level, or of one where it is a logarithm."""
    flat = np.full(500, 40.0)
    inputs = watch(_one(flat, "inputs"), 19_700 + 450, QUIET)
    assert inputs.spread.tolist() == [2.0]
    assert inputs.margin[0, 0] == pytest.approx(2.0 * QUIET.margin_inputs)
    assert watch(_one(np.full(500, 0.8), "coverage"), 19_700 + 450, QUIET).spread.tolist() == [0.01]
    assert watch(_one(flat, "arrivals"), 19_700 + 450, QUIET).spread.tolist() == [0.01]
    nothing = watch(_one(np.zeros(500), "outcomes"), 19_700 + 450, QUIET)
    assert nothing.spread.tolist() == [1e-9]
    assert nothing.alarms == ()


def test_what_a_season_moves_may_stray_three_times_as_far_as_the_furthest_month_before() -> None:
    """A month of the reference lay apart: no margin of the policy says how far the next season goes."""
    values = _noise(0.01)
    values[200:228] += 0.6
    figures, released = _one(values, "explanations"), 19_700 + 450
    usual = expected_values(figures.days, figures.values, released, np.zeros(values.size, bool), FRANCE)
    furthest = _furthest_month((figures.values - usual)[:450, 0])
    assert 0.4 < furthest < 0.6
    margin = watch(figures, released, QUIET).margin[:, 0]
    assert margin == pytest.approx([3 * furthest, 6 * furthest])
    assert margin[0] > 3 * QUIET.margin_explanations


def test_an_acknowledged_figure_begins_anew_after_the_day_that_no_longer_counts() -> None:
    """Its days up to then change nothing; another figure is not touched by it."""
    values = _noise(0.05)
    values[455:475] += 0.5
    released = 19_700 + 450
    assert watch(_one(values), released, QUIET).alarms
    tested = watch(_one(values), released, QUIET, restarts={("errors", "all"): released + 24})
    assert tested.alarms == ()
    assert np.isnan(tested.change[:25, 0]).all()
    assert np.isfinite(tested.change[25:, 0]).all()
    other = watch(_one(values), released, QUIET, restarts={("errors", "other"): released + 24})
    assert np.isfinite(other.change).all()
    assert len(other.alarms) == 1
