"""Daily figures: means of enough rows, the scale on which a margin means the same, and what each may spend."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from registry.monitoring.daily_figures import (
    SHARES,
    DailyFigures,
    Figure,
    _skewness,
    by_spread,
    margin_of,
    scaled,
    shares_of,
)
from registry.monitoring.daily_means import LEAST_ROWS, Collected, daily_mean
from registry.policy.board_policy import default_policy
from registry.policy.monitor_rules import Family


def test_a_day_with_few_rows_waits_for_the_days_after_it() -> None:
    """12 rows of 1, then 8 of 6, then 25 of 2, then 3 of 9: (12 + 48) / 20 = 3 on the second day, 2 on the third."""
    day = np.repeat([0, 1, 2, 3], [12, 8, 25, 3])
    values = np.repeat([1.0, 6.0, 2.0, 9.0], [12, 8, 25, 3])
    means, rows = daily_mean(day, 5, values)
    np.testing.assert_array_equal(means, [np.nan, 3.0, 2.0, np.nan, np.nan])
    assert rows.tolist() == [0, 20, 25, 0, 0]
    assert LEAST_ROWS == 20


def test_rows_without_a_value_or_a_weight_count_for_nothing() -> None:
    """19 rows and one unknown are too few; weights 1 and 3 make (10 x 1 + 3 x 10 x 5) / 40 = 4."""
    assert np.isnan(daily_mean(np.zeros(20, int), 1, np.array([1.0] * 19 + [np.nan]))[0]).all()
    values, weight = np.repeat([1.0, 5.0, 100.0], 10), np.repeat([1.0, 3.0, 0.0], 10)
    means, rows = daily_mean(np.zeros(30, int), 1, values, weight)
    assert (means.tolist(), rows.tolist()) == ([4.0], [20])
    assert np.isnan(daily_mean(np.zeros(30, int), 1, values, np.zeros(30))[0]).all()


def test_figures_are_put_together_as_columns() -> None:
    """One that no day has is left out; a mask leaves rows out; without any there are days, and no column."""
    days, day = np.arange(100, 102), np.repeat([0, 1], 40)
    found = Collected(days, day)
    assert found.done().values.shape == found.done().rows.shape == (2, 0)
    values = np.tile([1.0, 3.0], 40)
    found.mean("errors", "all", values)
    found.mean("errors", "odd", values, mask=values > 2)
    found.mean("errors", "none", values, mask=values > 5)
    done = found.done()
    assert done.figures == (Figure("errors", "all"), Figure("errors", "odd"))
    assert done.values.tolist() == [[2.0, 3.0], [2.0, 3.0]]
    assert done.rows.tolist() == [[40, 20], [40, 20]]
    assert done.days.tolist() == [100, 101]


def test_values_that_are_not_of_their_days_and_figures_are_refused() -> None:
    """A column more or a day less is another table."""
    for shape in ((3, 1), (2, 2)):
        with pytest.raises(ValueError, match="a row for each day"):
            DailyFigures(np.arange(2), (Figure("errors", "all"),), np.zeros(shape))


@pytest.mark.parametrize("seed", range(3))
def test_skewness_is_scipy_s(seed: int) -> None:
    """Of lognormal values; of equal ones, of which SciPy knows none, it is 0."""
    values = np.random.default_rng(seed).lognormal(size=60)
    assert _skewness(values) == pytest.approx(float(stats.skew(values)))
    assert _skewness(np.full(5, 2.0)) == 0.0


def one(family: Family, values: Array) -> tuple[Array, bool]:
    """(the scaled values, whether they are logarithms) of one figure whose days all are before the release."""
    figures = DailyFigures(np.arange(values.size), (Figure(family, "a"),), values[:, None])
    out, logarithmic = scaled(figures, np.ones(values.size, bool))
    return out[:, 0], bool(logarithmic[0])


def test_counts_and_ratios_are_logarithms_and_a_count_of_none_is_unknown() -> None:
    """Whatever their skewness; errors and shares stay as they are."""
    values = np.array([1.0, math.e, 0.0, np.nan])
    for family in ("arrivals", "error_ratio"):
        out, logarithmic = one(family, values)
        assert logarithmic
        np.testing.assert_allclose(out, [0.0, 1.0, np.nan, np.nan])
    for family in ("missing", "errors", "coverage", "fairness", "explanations"):
        out, logarithmic = one(family, values)
        assert not logarithmic
        np.testing.assert_array_equal(out, values)


@pytest.mark.parametrize("family", ["inputs", "outcomes", "expected_error"])
def test_what_has_no_scale_of_its_own_is_a_logarithm_where_that_is_less_skewed(family: Family) -> None:
    """SciPy says of lognormal values that it is, of normal ones that it is not; never with a value at 0 or below."""
    rng = np.random.default_rng(2)
    lognormal, normal = rng.lognormal(size=90), rng.normal(50, 5, 90)
    assert abs(stats.skew(np.log(lognormal))) < abs(stats.skew(lognormal))
    assert one(family, lognormal)[1]
    left = 60 - lognormal.clip(max=30)  # leans the other way: logarithms lean further
    assert abs(stats.skew(np.log(left))) > abs(stats.skew(left))
    assert not one(family, left)[1]
    assert not one(family, np.append(lognormal, 0.0))[1]
    assert not one(family, np.append(lognormal, 1e-9))[1]
    assert one(family, np.append(lognormal, np.nan))[1]
    assert not one(family, np.array([3.0]))[1]
    assert not one(family, np.full(4, np.nan))[1]
    assert by_spread(family)
    assert not one(family, np.append(normal, -1.0))[1]


def test_only_the_days_before_the_release_say_which_scale_it_is() -> None:
    """What comes after it is read on the scale of the reference, however it is distributed."""
    rng = np.random.default_rng(2)
    before, after = rng.lognormal(size=90), np.array([0.0, 1.0])
    figures = DailyFigures(np.arange(92), (Figure("inputs", "a"),), np.append(before, after)[:, None])
    out, logarithmic = scaled(figures, np.arange(92) < 90)
    assert logarithmic.tolist() == [True]
    np.testing.assert_allclose(out[-2:, 0], [np.nan, 0.0])


def test_a_family_s_share_is_divided_among_its_figures_and_that_of_absent_ones_goes_to_all() -> None:
    """Errors and two of coverage: 0.32 and 0.07 of 0.39, the latter in two."""
    found = shares_of((Figure("errors", "all"), Figure("coverage", "a"), Figure("coverage", "b")))
    assert found == pytest.approx([0.32 / 0.39, 0.035 / 0.39, 0.035 / 0.39])
    assert SHARES["fairness"] == 0.14


def test_each_family_has_the_policy_s_own_margin() -> None:
    """Those without one of their own that of the inputs, in deviations of a day."""
    names = ("arrivals", "missing", "errors", "coverage", "fairness", "explanations", "error_ratio")
    values: dict[str, Any] = {f"margin_{name}": 0.01 * n for n, name in enumerate(names, 1)}
    rules = default_policy().monitor.model_copy(update={**values, "margin_inputs": 1.5})
    for n, name in enumerate(names, 1):
        assert margin_of(name, rules) == 0.01 * n  # type: ignore[arg-type]
    for other in ("inputs", "outcomes", "expected_error"):
        assert margin_of(other, rules) == 1.5  # type: ignore[arg-type]
