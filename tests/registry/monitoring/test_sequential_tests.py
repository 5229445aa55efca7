"""The sequential tests of `vigie monitor`: their false-alarm rate, what makes each figure alarm, what may be asked."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.monitor.years import RELEASED, Shift, simulate_year
from registry.errors import PolicyError
from registry.monitoring.cusum import cusum, threshold
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.monitoring.daily_spread import long_run_spread
from registry.monitoring.sequential_tests import watch
from registry.policy.board_policy import default_policy, load_policy
from registry.policy.monitor_rules import FAMILIES, Family

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
    """A single day a hundred deviations away is told, not believed."""
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
