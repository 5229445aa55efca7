"""The interval of a share of decisions, as the centre is given it."""

import pytest

from serving.interface.recommendations.share_interval import wilson_interval


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 10), (0, 40), (7, 7), (123, 456)])
def test_the_interval_is_that_of_statsmodels(successes: int, trials: int) -> None:
    """Wilson's, at two levels."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for level in (0.95, 0.8):
        expected = proportion.proportion_confint(successes, trials, 1 - level, "wilson")
        assert wilson_interval(successes, trials, level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (2, 1), (-1, 3)])
def test_an_interval_of_nothing_is_refused(successes: int, trials: int) -> None:
    """A rate of no trial is not known, and never 0."""
    with pytest.raises(ValueError, match="At least one trial"):
        wilson_interval(successes, trials)
