"""The cumulative sum's threshold, beside SciPy's own integration of the mean time to an alarm, and its path by hand."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize

from registry.monitoring.cusum import cusum, threshold

FOREVER = 1e12
"""A reference so long that its own mean is known."""


def mean_days(margin: float, h: float) -> float:
    """Mean time of a reflected Brownian motion with drift -margin to h, integrated: f'' / 2 - margin f' = -1."""
    inner = integrate.dblquad(lambda z, y: 2 * math.exp(2 * margin * (y - z)), 0, h, 0, lambda y: y)
    return float(inner[0])


@pytest.mark.parametrize(("margin", "h"), [(0.3, 7.0), (0.5, 8.0), (1.0, 6.5)])
def test_the_threshold_is_where_a_year_over_the_integrated_mean_time_is_the_chance(
    margin: float, h: float
) -> None:
    """365 days over SciPy's integral give a chance, and the chance gives the threshold back."""
    found, kept = threshold(margin, FOREVER, 365 / mean_days(margin, h))
    assert found == pytest.approx(h, rel=1e-6)
    assert kept == margin


@pytest.mark.parametrize("days", [200.0, 450.0, 900.0])
def test_the_error_of_the_references_mean_raises_the_threshold(days: float) -> None:
    """SciPy's root of (exp(2kh) - 2kh - 1) / 2k² = 365 / chance x exp(2h² / n), the smaller of both."""
    margin, chance = 0.4, 0.01

    def excess(h: float) -> float:
        mean = (math.exp(2 * margin * h) - 2 * margin * h - 1) / (2 * margin**2)
        return math.log(mean) - math.log(365 / chance) - 2 * h**2 / days

    expected = optimize.brentq(excess, 1.0, margin * days / 2)
    found, kept = threshold(margin, days, chance)
    assert found == pytest.approx(expected, rel=1e-9)
    assert kept == margin
    assert found > threshold(margin, FOREVER, chance)[0] + 0.1


def test_the_factor_of_the_mean_error_by_hand() -> None:
    """h = 8, k = 0.5, n = 320: the chance grows by exp(2 x 64 / 320) = exp(0.4)."""
    mean = (math.exp(8) - 8 - 1) / 0.5
    assert threshold(0.5, 320.0, 365 / mean * math.exp(0.4))[0] == pytest.approx(8.0, rel=1e-9)
    assert threshold(0.5, FOREVER, 365 / mean)[0] == pytest.approx(8.0, rel=1e-6)


def test_a_reference_too_short_widens_the_margin_by_fiftieths() -> None:
    """The margin returned is the first of 1.02 times the one before with which a threshold exists."""
    _, widened = threshold(0.3, 30.0, 1e-4)

    def possible(margin: float) -> bool:
        h = margin * 30 / 2
        mean = (math.exp(2 * margin * h) - 2 * margin * h - 1) / (2 * margin**2)
        return mean * math.exp(-2 * h**2 / 30) >= 365 / 1e-4

    steps = round(math.log(widened / 0.3) / math.log(1.02))
    assert widened == pytest.approx(0.3 * 1.02**steps, rel=1e-12)
    assert possible(widened)
    assert not possible(widened / 1.02)


def test_a_margin_of_almost_nothing_has_the_root_of_a_mean_time_under_a_day_s_scale() -> None:
    """exp(2kh) - 2kh - 1 is far below 1 there, and its logarithm below 0: SciPy's root all the same."""
    margin, chance = 1e-3, 0.5

    def excess(h: float) -> float:
        return math.expm1(2 * margin * h) - 2 * margin * h - 2 * margin**2 * 365 / chance

    expected = optimize.brentq(excess, 1.0, 1000.0, xtol=1e-9)
    assert math.expm1(2 * margin * expected) - 2 * margin * expected < 0.01
    assert threshold(margin, FOREVER, chance)[0] == pytest.approx(expected, rel=1e-6)


def test_the_threshold_is_exact_up_to_the_largest_mean_time_that_is_computed() -> None:
    """k = 3, a chance of 1e-300: exp(6h) = 365e300 x 18, whose logarithm is 699.57; what else is in it is too small."""
    exponent = math.log(365) + 300 * math.log(10) + math.log(18)
    assert 699 < exponent < 700
    assert threshold(3.0, FOREVER, 1e-300)[0] == pytest.approx(exponent / 6, rel=1e-6)


def test_a_threshold_is_at_least_three_of_the_largest_steps() -> None:
    """A margin so wide that 2 would do, and still no three days alarm."""
    assert threshold(3.0, FOREVER, 0.05)[0] == 6.0
    assert threshold(0.0, FOREVER, 0.05)[1] == 1e-3


def test_the_sums_of_a_path_by_hand() -> None:
    """Margin 1 above and 2 below; a day adds at most 2, a sum is never under 0, a missing day changes nothing."""
    steps = np.array([0.5, 2.5, 9.0, np.nan, 0.0, -1.0, -4.0, -9.0, -9.0])[:, None]
    path = cusum(steps, np.full(steps.shape, 1.0), np.full(steps.shape, 2.0))
    assert path.upper[:, 0].tolist() == [0, 1.5, 3.5, 3.5, 2.5, 0.5, 0, 0, 0]
    assert path.lower[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 2, 4, 6]
    assert path.larger[:, 0].tolist() == [0, 1.5, 3.5, 3.5, 2.5, 0.5, 2, 4, 6]
    assert path.since[:, 0].tolist() == [1, 1, 1, 1, 1, 1, 6, 6, 6]


def test_where_both_sides_are_equal_the_upper_one_tells_since_when() -> None:
    """One step up and, after a day at rest, one down, without margins: both sums are 1 for a day."""
    steps = np.array([[-1.0], [2.0], [-1.0]])
    path = cusum(steps, np.zeros((3, 1)), np.zeros((3, 1)))
    assert (path.upper[:, 0].tolist(), path.lower[:, 0].tolist()) == ([0, 2, 1], [1, 0, 1])
    assert path.since[:, 0].tolist() == [0, 1, 1]
